//! Best-effort curves over periods: power, heart rate and pace.
//!
//! Only the requests and the check of whose the answer is; the tools choose the points to show.

use std::fmt;

use chrono::NaiveDate;

use super::Athlete;
use crate::intervals::{
    Area, Error,
    cache::Fresh,
    lenient,
    model::{self, curves::CurvesBody},
};

/// The period that a curve covers, as upstream counts it from the athlete's today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// This many days up to today.
    Days(u32),
    /// This many years up to today.
    Years(u32),
    /// Everything.
    All,
    /// A season of the athlete: 0 is the current one, 1 the one before.
    Season(u32),
    /// Local days, inclusive.
    Dates {
        /// First day.
        oldest: NaiveDate,
        /// Last day.
        newest: NaiveDate,
    },
}

/// Which efforts count for a power curve: all, or those after an amount of work that the athlete set for the sport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fatigue {
    /// All.
    #[default]
    Fresh,
    /// After the athlete's first amount of kJ.
    First,
    /// After the athlete's second amount of kJ.
    Second,
}

/// One curve to request. Its `Display` is upstream's name for it, which upstream sends back as the curve's id: `42d`, `1y`,
/// `all`, `s0`, `r.2026-01-01.2026-03-31`, each perhaps with `-kj0` or `-kj1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurveSpec {
    /// The period.
    pub window: Window,
    /// Which efforts; only power has a choice.
    pub fatigue: Fatigue,
}

impl From<Window> for CurveSpec {
    fn from(window: Window) -> Self {
        Self {
            window,
            fatigue: Fatigue::Fresh,
        }
    }
}

impl fmt::Display for CurveSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window {
            Window::Days(count) => write!(f, "{count}d")?,
            Window::Years(count) => write!(f, "{count}y")?,
            Window::All => f.write_str("all")?,
            Window::Season(back) => write!(f, "s{back}")?,
            Window::Dates { oldest, newest } => write!(f, "r.{oldest}.{newest}")?,
        }
        f.write_str(match self.fatigue {
            Fatigue::Fresh => "",
            Fatigue::First => "-kj0",
            Fatigue::Second => "-kj1",
        })
    }
}

impl Athlete {
    /// `GET /athlete/{id}/power-curves`: best average power (W) by duration (s) in activities of the sport's group, one
    /// curve per spec. `sport` is one of upstream's types, such as `Ride`.
    pub async fn power_curves(&self, sport: &str, specs: &[CurveSpec]) -> Result<model::Curves, Error> {
        self.curves("power_curves", "/power-curves", sport, specs, false)
            .await
    }

    /// `GET /athlete/{id}/hr-curves`: best average HR (bpm) by duration (s).
    pub async fn hr_curves(&self, sport: &str, specs: &[CurveSpec]) -> Result<model::Curves, Error> {
        self.curves("hr_curves", "/hr-curves", sport, specs, false).await
    }

    /// `GET /athlete/{id}/pace-curves`: shortest time (s) by distance (m); with `gap`, grade-adjusted.
    pub async fn pace_curves(
        &self,
        sport: &str,
        specs: &[CurveSpec],
        gap: bool,
    ) -> Result<model::Curves, Error> {
        self.curves("pace_curves", "/pace-curves", sport, specs, gap)
            .await
    }

    async fn curves(
        &self,
        endpoint: &'static str,
        path: &str,
        sport: &str,
        specs: &[CurveSpec],
        gap: bool,
    ) -> Result<model::Curves, Error> {
        if specs.is_empty() {
            return Ok(model::Curves::default());
        }
        let names: Vec<String> = specs.iter().map(ToString::to_string).collect();
        let mut url = self.url(path);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("type", sport);
            pairs.append_pair("curves", &names.join(","));
            if gap {
                pairs.append_pair("gap", "true");
            }
        }
        let read = |body: &[u8]| {
            let body: CurvesBody = lenient::object(body)?;
            self.all_mine(body.owners())?;
            let value = model::Curves::from(body);
            let weight = value.weight();
            Ok(Fresh { value, weight })
        };
        self.ask(endpoint, Area::Activity, url, read).await
    }
}
