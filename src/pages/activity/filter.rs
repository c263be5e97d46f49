//! The filter of the activity log: the fields of its form, and what they mean for the query.
//!
//! No SQL, and nothing about how rows look.

use chrono_tz::Tz;

use crate::{
    ids::LogId,
    pages::{
        Fields,
        form::{Mistake, day},
        when::{end_of, start_of},
    },
    queries::activity_log::Filter,
    words::{Access, Outcome},
};

/// Whether a call changed something, for people.
pub(super) const ACCESSES: [(Access, &str); 2] = [(Access::Read, "Read"), (Access::Write, "Changed")];

/// How a call ended, for people.
pub(super) const OUTCOMES: [(Outcome, &str); 10] = [
    (Outcome::Ok, "Answered"),
    (Outcome::Input, "Not understood, or could not be done"),
    (Outcome::Refused, "Not allowed"),
    (Outcome::Reconnect, "Reconnect needed"),
    (Outcome::Busy, "Asked to wait"),
    (Outcome::Upstream, "intervals.icu failed"),
    (Outcome::Cancelled, "Cancelled"),
    (Outcome::TooLong, "Took too long"),
    (Outcome::Withheld, "Withheld"),
    (Outcome::Ours, OURS),
];
/// The words for every other outcome.
const OURS: &str = "Our fault";
/// Instead of an outcome: all but [`Outcome::Ok`].
const FAILED: &str = "failed";

/// An outcome for people.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    let known = OUTCOMES.iter().find(|(known, _)| *known == outcome);
    known.map_or(OURS, |(_, text)| text)
}

/// The same of one call: what cannot be done of a change is seldom a matter of words.
pub(super) fn outcome_of(access: Access, ended: Outcome) -> &'static str {
    match (access, ended) {
        (Access::Read, Outcome::Input) => "Question not understood",
        (Access::Write, Outcome::Input) => "Could not be done",
        _ => outcome(ended),
    }
}

/// Instead of a caller: the athlete. No caller has this name, because it is not an address.
pub(super) const ME: &str = "me";

/// The form as it was sent: what was not chosen is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FilterForm {
    /// A tool's name.
    pub(super) tool: String,
    /// A word of [`ACCESSES`].
    pub(super) access: String,
    /// A word of [`OUTCOMES`], or [`FAILED`].
    pub(super) outcome: String,
    /// A client.
    pub(super) client: String,
    /// [`ME`], or a caller's name.
    pub(super) who: String,
    /// The first day.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
}

impl FilterForm {
    /// Takes the form's fields.
    pub(super) fn of(fields: &mut Fields) -> Self {
        let mut take = |name| fields.optional(name).unwrap_or_default().trim().to_owned();
        Self {
            tool: take("tool"),
            access: take("access"),
            outcome: take("outcome"),
            client: take("client"),
            who: take("who"),
            from: take("from"),
            to: take("to"),
        }
    }

    /// Whether anything was chosen.
    pub(super) fn any(&self) -> bool {
        *self != Self::default()
    }

    /// The path of `page` with what was chosen as its query, from `before` on.
    pub(super) fn path(&self, page: &str, before: Option<LogId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("tool", &self.tool),
            ("access", &self.access),
            ("outcome", &self.outcome),
            ("client", &self.client),
            ("who", &self.who),
            ("from", &self.from),
            ("to", &self.to),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(id) = before {
            query.append_pair("before", &id.to_string());
        }
        let query = query.finish();
        if query.is_empty() {
            page.to_owned()
        } else {
            format!("{page}?{query}")
        }
    }

    /// What the form means for the query, its days in `zone`, or its mistakes. An unknown word matches no row.
    pub(super) fn filter(&self, zone: Tz) -> Result<Filter, Vec<Mistake>> {
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let (from, to) = match (from, to) {
            (Ok(Some(from)), Ok(Some(to))) if from > to => {
                return Err(vec![Mistake::new(
                    "to",
                    "The last day lies before the first one.",
                )]);
            }
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => return Err([from.err(), to.err()].into_iter().flatten().collect()),
        };
        let chosen = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let failed = self.outcome == FAILED;
        let outcomes = match self.outcome.as_str() {
            "" => None,
            FAILED => Some(vec![Outcome::Ok]),
            word => Some(match Outcome::of(word) {
                Some(Outcome::Ours) => vec![Outcome::Ours, Outcome::Panic, Outcome::Unfinished],
                known => known.into_iter().collect(),
            }),
        };
        Ok(Filter {
            tool: chosen(&self.tool),
            accesses: chosen(&self.access).map(|word| Access::of(&word).into_iter().collect()),
            client: chosen(&self.client),
            own: (self.who == ME).then_some(true),
            caller: chosen(&self.who).filter(|who| who != ME),
            outcomes,
            other_outcomes: failed,
            from: from.map(|day| start_of(day, zone)),
            until: to.map(|day| end_of(day, zone)),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn form(query: &str) -> FilterForm {
        FilterForm::of(&mut Fields::parse(query.as_bytes()).unwrap())
    }

    fn span(query: &str, zone: Tz) -> (Option<String>, Option<String>) {
        let filter = form(query).filter(zone).unwrap();
        let text = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M").to_string();
        (filter.from.map(text), filter.until.map(text))
    }

    #[test]
    fn days_begin_and_end_where_the_athlete_is() {
        let some = |from: &str, until: &str| (Some(from.to_owned()), Some(until.to_owned()));
        assert_eq!(
            span("from=2026-11-21&to=2026-11-21", chrono_tz::Australia::Melbourne),
            some("2026-11-20T13:00", "2026-11-21T13:00")
        );
        assert_eq!(
            span("from=2026-10-25&to=2026-10-25", chrono_tz::Europe::Berlin),
            some("2026-10-24T22:00", "2026-10-25T23:00"),
            "a day of 25 hours"
        );
        assert_eq!(
            span("from=2026-09-06&to=2026-09-06", chrono_tz::America::Santiago),
            some("2026-09-06T04:00", "2026-09-07T03:00"),
            "clocks jump from midnight to one"
        );
        assert_eq!(
            span("from=2011-12-30&to=2011-12-30", chrono_tz::Pacific::Apia),
            some("2011-12-30T10:00", "2011-12-30T10:00"),
            "a day that was left out"
        );
        assert_eq!(span("from=&to=", Tz::UTC), (None, None));
    }

    #[test]
    fn a_field_that_is_not_a_day_gets_the_mistake() {
        for (query, fields) in [
            ("from=yesterday", vec!["from"]),
            ("from=2026-02-30&to=21.11.2026", vec!["from", "to"]),
            ("from=2026-11-21&to=2026-11-20", vec!["to"]),
            ("to=99999-01-01", vec!["to"]),
            ("from=-0001-01-01", vec!["from"]),
        ] {
            let mistakes = form(query).filter(Tz::UTC).unwrap_err();
            assert_eq!(
                mistakes.iter().map(|mistake| &*mistake.field).collect::<Vec<_>>(),
                fields,
                "{query}"
            );
        }
    }

    #[test]
    fn a_path_keeps_what_was_chosen() {
        let chosen = form("client=Claude+%26+co&tool=&outcome=failed&from=2026-11-01");
        assert_eq!(
            chosen.path("/activity.csv", None),
            "/activity.csv?outcome=failed&client=Claude+%26+co&from=2026-11-01"
        );
        assert_eq!(form("").path("/activity", None), "/activity");
        assert!(chosen.any() && !form("x=1&before=2").any());
    }

    #[test]
    fn outcomes_have_words_and_are_found_by_them() {
        assert_eq!(
            (
                outcome(Outcome::Ok),
                outcome(Outcome::Busy),
                outcome(Outcome::Panic)
            ),
            ("Answered", "Asked to wait", OURS)
        );
        let of = |query: &str| {
            let filter = form(query).filter(Tz::UTC).unwrap();
            (filter.outcomes.unwrap_or_default(), filter.other_outcomes)
        };
        assert_eq!(of("outcome=failed"), (vec![Outcome::Ok], true));
        assert_eq!(of("outcome=busy"), (vec![Outcome::Busy], false));
        assert!(of("outcome=ours").0.contains(&Outcome::Panic));
        assert_eq!(of(""), (Vec::new(), false));
        let unknown = form("outcome=tarot&access=tarot").filter(Tz::UTC).unwrap();
        assert_eq!(
            (unknown.outcomes, unknown.accesses),
            (Some(Vec::new()), Some(Vec::new()))
        );
    }
}
