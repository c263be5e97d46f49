//! What the provider says of a person: the claims that were asked for, and the address.

use std::collections::{BTreeMap, BTreeSet};

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Claims;

/// What is kept of a person's claims, in bytes.
const LONGEST: usize = 8 * 1024;
/// The longest address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const LONGEST_EMAIL: usize = 254;

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEmail {
    /// The provider sent none.
    Missing,
    /// The provider sent one, but does not say that it is verified.
    Unverified,
}

/// The claims of a token or of userinfo that are not standard ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Others(pub(super) BTreeMap<String, Value>);

impl AdditionalClaims for Others {}

/// All that was said in one place, by name.
#[derive(Default)]
pub(super) struct Statement(Map<String, Value>);

impl Statement {
    /// Of claims whose issuer, audience and subject have been checked.
    pub(super) fn of(claims: &impl Serialize) -> Self {
        match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => Self(claims),
            _ => Self::default(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A claim that is one text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn email(&self) -> Result<String, NoEmail> {
        let email = self.text("email").unwrap_or_default().trim();
        let is_address = email.contains('@') && email.len() <= LONGEST_EMAIL;
        match self.0.get("email_verified") {
            _ if !is_address => Err(NoEmail::Missing),
            // Read as a boolean by the library, even where the provider writes it as a string.
            Some(Value::Bool(true)) => Ok(email.to_owned()),
            _ => Err(NoEmail::Unverified),
        }
    }
}

/// The verified address in the ID token, otherwise in userinfo.
pub(super) fn email(id_token: Option<&Statement>, userinfo: Option<&Statement>) -> Result<String, NoEmail> {
    let mut why_not = NoEmail::Missing;
    for statement in [id_token, userinfo].into_iter().flatten() {
        match statement.email() {
            Ok(email) => return Ok(email),
            Err(NoEmail::Unverified) => why_not = NoEmail::Unverified,
            Err(NoEmail::Missing) => {}
        }
    }
    Err(why_not)
}

/// The values of each claim in `names`: what userinfo says, otherwise the ID token.
pub(super) fn values(
    id_token: Option<&Statement>,
    userinfo: Option<&Statement>,
    names: &BTreeSet<String>,
) -> Claims {
    let mut left = LONGEST;
    let mut kept = Claims::new();
    for name in names {
        let said = [userinfo, id_token]
            .into_iter()
            .flatten()
            .find(|statement| statement.has(name));
        let mut values = said
            .map(|statement| texts(&statement.0[name]))
            .unwrap_or_default();
        let sent = values.len();
        values.retain(|value| {
            let fits = value.len() <= left;
            left -= if fits { value.len() } else { 0 };
            fits
        });
        if values.len() < sent {
            tracing::warn!(
                kept = values.len(),
                sent,
                "the identity provider sends more of a claim than is kept"
            );
        }
        kept.insert(name.clone(), values);
    }
    kept
}

/// Whether one of these claims is in the ID token alone.
pub(super) fn is_only_in(
    id_token: &Statement,
    userinfo: Option<&Statement>,
    names: &BTreeSet<String>,
) -> bool {
    let is_there = |name: &String| userinfo.is_some_and(|statement| statement.has(name));
    names.iter().any(|name| id_token.has(name) && !is_there(name))
}

/// Whether a claim that was asked for is not in userinfo.
pub(super) fn leaves_out(userinfo: &Statement, names: &BTreeSet<String>) -> bool {
    names.iter().any(|name| !userinfo.has(name))
}

/// A claim is a string, a number, a boolean, or a list of them. Anything else has no value that could be compared.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_name_has_the_values_that_userinfo_says_or_else_the_id_token() {
        let id_token = Statement::of(&json!({"groups": ["a"], "level": 3, "Groups": "x", "gone": null}));
        let userinfo =
            Statement::of(&json!({"groups": ["b", 1, true, null, {"c": 1}, ["d"]], "level": null}));
        let asked = names(&["groups", "level", "gone", "none"]);
        let kept = values(Some(&id_token), Some(&userinfo), &asked);
        let expected = json!({"groups": ["b", "1", "true"], "level": ["3"], "gone": [], "none": []});
        assert_eq!(json!(kept), expected);
        assert!(is_only_in(&id_token, Some(&userinfo), &asked));
        assert!(!is_only_in(
            &id_token,
            Some(&userinfo),
            &names(&["groups", "gone"])
        ));
        assert!(leaves_out(&userinfo, &asked) && !leaves_out(&userinfo, &names(&["groups"])));
    }

    #[test]
    fn what_is_kept_of_a_person_is_bounded() {
        let long: Vec<String> = (0..1_000).map(|number| format!("{number:0>20}")).collect();
        let said = Statement::of(&json!({"groups": long, "other": ["x".repeat(LONGEST + 1), "y"]}));
        let kept = values(Some(&said), None, &names(&["groups", "other"]));
        assert_eq!(kept["groups"][..], long[..LONGEST / 20]);
        assert_eq!(kept["other"], ["y"]);
    }
}
