//! Query and form parameters as upstream's framework reads them: dates with or without time, lists by comma or
//! repetition.
//!
//! What a parameter means is not known here.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

use super::refusal::Refusal;

/// Name and value pairs in the order they came.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The first value, if it is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of `name`.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A list, by comma or by repetition; none if the parameter is absent.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let items: Vec<String> = self
            .all(name)
            .flat_map(|value| value.split(','))
            .map(|item| item.trim().to_owned())
            .collect();
        (!items.is_empty()).then_some(items)
    }

    /// Replaces every value of `name` with `value`.
    pub(super) fn replace(&mut self, name: &str, value: String) {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value));
    }

    /// A count.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|_| Refusal::mismatch(name, "java.lang.Integer", value))
        };
        self.get(name).map(parse).transpose()
    }

    /// Whether it says `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The local start of a range: a date means its beginning.
    pub(super) fn from(&self, name: &str) -> Result<Option<NaiveDateTime>, Refusal> {
        self.moment(name, (0, 0, 0))
    }

    /// The local end of a range: a date means its end.
    pub(super) fn until(&self, name: &str) -> Result<Option<NaiveDateTime>, Refusal> {
        self.moment(name, (23, 59, 59))
    }

    /// The first day of a range.
    pub(super) fn first_day(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        Ok(self.from(name)?.map(|at| at.date()))
    }

    /// The last day of a range.
    pub(super) fn last_day(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        Ok(self.until(name)?.map(|at| at.date()))
    }

    fn moment(&self, name: &str, (h, m, s): (u32, u32, u32)) -> Result<Option<NaiveDateTime>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if let Ok(day) = date(value) {
            return Ok(day.and_hms_opt(h, m, s));
        }
        let parsed = value.parse::<NaiveDateTime>();
        let sane = parsed.ok().filter(|at| (1..=9999).contains(&at.year()));
        sane.map(Some)
            .ok_or_else(|| Refusal::mismatch(name, "java.lang.String", value))
    }
}

/// `2026-11-21` and nothing else.
pub(super) fn date(value: &str) -> Result<NaiveDate, Refusal> {
    let parsed = if value.len() == 10 {
        value.parse().ok()
    } else {
        None
    };
    parsed.ok_or_else(|| Refusal::mismatch("date", "java.time.LocalDate", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_by_comma_or_repetition() {
        let pairs = [("fields", "id,name"), ("fields", "type"), ("empty", "")];
        let params = Params(pairs.map(|(name, value)| (name.into(), value.into())).into());
        assert_eq!(params.list("fields").unwrap(), ["id", "name", "type"]);
        assert!(params.list("empty").is_none() && params.get("empty").is_none());
    }

    #[test]
    fn a_date_ends_with_its_last_second() {
        let params = Params(vec![
            ("newest".into(), "2026-11-21".into()),
            ("oldest".into(), "2026-11-20T07:30:00".into()),
        ]);
        assert_eq!(
            params.until("newest").unwrap().unwrap().to_string(),
            "2026-11-21 23:59:59"
        );
        assert_eq!(
            params.from("oldest").unwrap().unwrap().to_string(),
            "2026-11-20 07:30:00"
        );
        assert!(
            Params(vec![("oldest".into(), "gestern".into())])
                .from("oldest")
                .is_err()
        );
    }
}
