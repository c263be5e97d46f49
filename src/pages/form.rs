//! Forms as they arrive: a list of fields, each at most once, each with text that a database can hold.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use chrono::{Datelike as _, NaiveDate};
use http::header::CONTENT_TYPE;

use crate::error::Problem;

/// More fields than any of our forms has.
const MOST_FIELDS: usize = 64;

/// The fields of a posted form. Unknown ones are ignored; a name that comes twice makes the whole form bad, because
/// two readers might disagree about which one counts.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            // Invalid UTF-8 became U+FFFD; PostgreSQL allows no NUL in text.
            let is_text = |text: &str| !text.contains(['\0', '\u{fffd}']);
            let doubled = fields.iter().any(|(known, _)| *known == name);
            if doubled || !is_text(&name) || !is_text(&value) || fields.len() == MOST_FIELDS {
                return Err(Problem::BadForm);
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// Fields that were kept, as if they were posted now.
    pub(super) fn kept(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Its fields, each with its text.
    pub(super) fn into_inner(self) -> Vec<(String, String)> {
        self.0
    }

    /// The field's text; a form without it is not one of ours.
    pub(crate) fn take(&mut self, name: &str) -> Result<String, Problem> {
        self.optional(name).ok_or(Problem::BadForm)
    }

    /// The field's text, if it is there.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_form = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(Problem::NotAForm);
        }
        // The layers limit the body: one that cannot be read is too large, or broke off on the way.
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::TooLarge)?;
        Self::parse(&body)
    }
}

/// One mistake in a form: the id of the field, and what to write instead.
#[derive(Debug, Clone)]
pub(super) struct Mistake {
    /// Id of the field.
    pub(super) field: Cow<'static, str>,
    /// What to do, for people.
    pub(super) text: String,
}

impl Mistake {
    /// A mistake in `field`.
    pub(super) fn new(field: impl Into<Cow<'static, str>>, text: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self {
            field: field.into(),
            text: text.to_string(),
        }
    }
}

/// What a template asks about the mistake in its form.
pub(super) trait Wrong {
    /// Whether it is at the field with this id.
    fn is_at(&self, field: &str) -> bool;
}

impl Wrong for Option<Mistake> {
    fn is_at(&self, field: &str) -> bool {
        self.as_ref().is_some_and(|mistake| mistake.field == field)
    }
}

/// A day as the browser's date field sends it.
pub(super) fn day(field: &'static str, text: &str) -> Result<Option<NaiveDate>, Mistake> {
    if text.is_empty() {
        return Ok(None);
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| (1970..=9998).contains(&day.year()))
        .map(Some)
        .ok_or_else(|| Mistake::new(field, "Write a day as year, month and day, such as 2026-11-21."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_field_comes_once() {
        let mut fields = Fields::parse(b"email=a%40b.example&password=x+y&role=admin").unwrap();
        assert_eq!(fields.take("email").unwrap(), "a@b.example");
        assert_eq!(fields.take("password").unwrap(), "x y");
        assert!(matches!(fields.take("email"), Err(Problem::BadForm)));
        for bad in [&b"a=1&a=2"[..], b"a=1&%61=2", b"a=%00", b"a=%ff", b"\xff=1"] {
            assert!(matches!(Fields::parse(bad), Err(Problem::BadForm)), "{bad:?}");
        }
        let many = (0..10_000)
            .map(|n| format!("f{n}=1&"))
            .collect::<Vec<_>>()
            .concat();
        assert!(Fields::parse(many.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(fields) = Fields::parse(&body) {
                prop_assert!(fields.0.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')));
            }
        }
    }
}
