//! Fitness (CTL), fatigue (ATL), form and ramp by the impulse-response model that intervals.icu uses.
//!
//! `x' = x + (load - x)(1 - e^(-1/τ))`, one step per calendar day, τ = 42 days for CTL and 7 for ATL: the exponentially
//! weighted averages of Coggan's performance manager, after Banister et al. 1975; checked against 112 days recorded from
//! intervals.icu to 1e-5. A day without a load counts as 0.

/// τ of CTL in days, unless the athlete changed it upstream.
pub const CTL_DAYS: f64 = 42.0;
/// τ of ATL in days, unless the athlete changed it upstream.
pub const ATL_DAYS: f64 = 7.0;

/// A day's load as it enters CTL and ATL: an account can count a sport for one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loads {
    /// What CTL counts.
    pub ctl: f64,
    /// What ATL counts.
    pub atl: f64,
}

impl Loads {
    /// The day's whole load.
    pub fn whole(self) -> f64 {
        self.ctl.max(self.atl)
    }
}

/// An athlete's fitness at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fitness {
    /// Chronic training load, load per day.
    pub ctl: f64,
    /// Acute training load, load per day.
    pub atl: f64,
}

impl Fitness {
    /// The end of the next day, with this load (missing = none).
    #[must_use]
    pub fn after(self, load: Option<f64>) -> Self {
        let load = load.unwrap_or(0.0);
        self.after_loads(Loads { ctl: load, atl: load })
    }

    /// The end of the next day, with loads that may differ.
    #[must_use]
    pub fn after_loads(self, loads: Loads) -> Self {
        Self {
            ctl: step(self.ctl, loads.ctl, CTL_DAYS),
            atl: step(self.atl, loads.atl, ATL_DAYS),
        }
    }

    /// What is left of it `days` days later, without a load.
    #[must_use]
    pub fn decayed(self, days: f64) -> Self {
        Self {
            ctl: self.ctl * (-days / CTL_DAYS).exp(),
            atl: self.atl * (-days / ATL_DAYS).exp(),
        }
    }

    /// Form (TSB) as intervals.icu shows it: CTL - ATL of the same day.
    pub fn form(self) -> f64 {
        self.ctl - self.atl
    }

    /// Form as a percentage of CTL, as intervals.icu can also show it. None without fitness.
    pub fn form_percent(self) -> Option<f64> {
        (self.ctl >= 1.0).then(|| self.form() / self.ctl * 100.0)
    }
}

/// One day of an exponentially weighted average with time constant `tau` days.
pub fn step(value: f64, load: f64, tau: f64) -> f64 {
    value + (load - value) * (1.0 - (-1.0 / tau).exp())
}

/// The end of each day, starting from `start` (the evening before the first load).
pub fn course(start: Fitness, loads: impl IntoIterator<Item = Option<f64>>) -> Vec<Fitness> {
    loads
        .into_iter()
        .scan(start, |state, load| {
            *state = state.after(load);
            Some(*state)
        })
        .collect()
}

/// Ramp: CTL gained in seven days, `ctl(d) - ctl(d-7)`.
pub fn ramp(ctl: f64, ctl_a_week_before: f64) -> f64 {
    ctl - ctl_a_week_before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The model is linear: a load counts on later days what its course with it differs from that without.
        #[test]
        fn what_two_days_differ_by_decays_whatever_comes_after(
            ctl in 0.0..120.0_f64, atl in 0.0..150.0_f64, load in 0.0..400.0_f64,
            later in prop::collection::vec(prop::option::of(0.0..200.0_f64), 0..30),
        ) {
            let start = Fitness { ctl, atl };
            let days = f64::from(u32::try_from(later.len()).unwrap());
            let end = |today: Option<f64>| {
                let loads = std::iter::once(today).chain(later.iter().copied());
                *course(start, loads).last().unwrap()
            };
            let (with, without) = (end(Some(load)), end(None));
            let left = Fitness::default().after(Some(load)).decayed(days);
            prop_assert!((with.ctl - without.ctl - left.ctl).abs() < 1e-9);
            prop_assert!((with.atl - without.atl - left.atl).abs() < 1e-9);
        }
    }

    #[test]
    fn the_first_day_of_a_hundred_gives_the_textbook_figures() {
        let day = Fitness::default().after(Some(100.0));
        assert!((day.ctl - 2.352_836).abs() < 1e-5, "{day:?}");
        assert!((day.atl - 13.312_2).abs() < 1e-4, "{day:?}");
        assert!((day.form() - (day.ctl - day.atl)).abs() < 1e-12);
    }

    #[test]
    fn form_in_percent_needs_fitness() {
        let percent = Fitness { ctl: 50.0, atl: 60.0 }.form_percent().unwrap();
        assert!((percent + 20.0).abs() < 1e-9);
        assert_eq!(Fitness { ctl: 0.4, atl: 2.0 }.form_percent(), None);
    }

    proptest! {
        #[test]
        fn averages_stay_between_their_value_and_the_load(x in 0.0..200.0_f64, load in 0.0..500.0_f64, tau in 1.0..90.0_f64) {
            let next = step(x, load, tau);
            prop_assert!(next >= x.min(load) - 1e-9 && next <= x.max(load) + 1e-9);
        }

        #[test]
        fn both_settle_at_a_steady_load(load in 0.0..300.0_f64) {
            let end = *course(Fitness::default(), std::iter::repeat_n(Some(load), 1_000)).last().unwrap();
            prop_assert!((end.ctl - load).abs() < 1e-6 && (end.atl - load).abs() < 1e-6);
            prop_assert!(end.form().abs() < 1e-6);
        }

        #[test]
        fn a_missing_load_is_a_rest_day(ctl in 0.0..150.0_f64, atl in 0.0..200.0_f64) {
            let start = Fitness { ctl, atl };
            prop_assert_eq!(start.after(None), start.after(Some(0.0)));
            prop_assert!(start.after(None).ctl <= ctl && start.after(None).atl <= atl);
        }

        #[test]
        fn a_course_can_be_cut_anywhere(loads in prop::collection::vec(prop::option::of(0.0..300.0_f64), 1..60), at in 0_usize..60) {
            let start = Fitness { ctl: 40.0, atl: 55.0 };
            let whole = course(start, loads.clone());
            let (first, second) = loads.split_at(at.min(loads.len()));
            let mut parts = course(start, first.iter().copied());
            parts.extend(course(parts.last().copied().unwrap_or(start), second.iter().copied()));
            prop_assert_eq!(whole, parts);
        }
    }
}
