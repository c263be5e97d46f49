//! What a coach can ask for by email: each wish is a row of words, paths and emails. What its button does is in
//! [`super::mailed`].

use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::Response,
};
use http::request::Parts;

use super::mailed::End;
use crate::{
    error::Problem,
    mail::{CoachRegenerate, CoachResend, CoachRoster, Mail},
    pages::{
        mail_link::{MailPage, REGENERATE_PAGE, RESEND_PAGE, ROSTER_PAGE},
        sent::What,
    },
    policy::Policy,
    words::Way,
};

/// What a coach can ask for by email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The same URL again.
    Resend,
    /// A new URL, and the end of the old one.
    Regenerate,
    /// The roster page.
    Roster,
}

/// Everything about a wish.
#[derive(Debug, Clone, Copy)]
pub(in crate::pages) struct Row {
    /// Its word in paths.
    pub(in crate::pages) word: &'static str,
    /// Id of its form's field.
    pub(in crate::pages) field: &'static str,
    /// What its form is called.
    pub(in crate::pages) title: &'static str,
    /// What it does, in a sentence.
    pub(in crate::pages) what: &'static str,
    /// The text of its buttons.
    pub(in crate::pages) button: &'static str,
    /// The one-time link, and the page behind it.
    pub(in crate::pages) page: MailPage,
    /// What the email is for.
    pub(in crate::pages) request: What,
    /// The email with that link.
    pub(in crate::pages) mail: fn(String) -> Mail,
    /// How it ends, if that has a page of its own.
    pub(super) end: Option<End>,
}

impl Row {
    /// Where its form posts to.
    pub(in crate::pages) fn action(&self) -> String {
        format!("/for-coaches/{}", self.word)
    }
}

impl Wish {
    /// All of them, in the order of the page For coaches.
    pub(in crate::pages) const ALL: [Self; 3] = [Self::Resend, Self::Regenerate, Self::Roster];

    /// Those that the policy leaves, in the same order: without connector URLs there is none to send, and without links by email
    /// nothing can be asked for.
    pub(in crate::pages) fn with(policy: &Policy) -> Vec<Self> {
        let by_email = policy.allows(Way::Email).allowed;
        let left = |wish: &Self| by_email && (policy.has_links() || *wish == Self::Roster);
        Self::ALL.into_iter().filter(left).collect()
    }

    /// Everything about it.
    pub(super) const fn row(self) -> Row {
        match self {
            Self::Resend => Row {
                word: "resend",
                field: "resend-email",
                title: "Resend my URL",
                what: "You lost the email with your connector URL. You get the same URL again.",
                button: "Resend my URL",
                page: RESEND_PAGE,
                request: What::Resend,
                mail: |link| Mail::CoachResend(CoachResend { link }),
                end: Some(End::Resent),
            },
            Self::Regenerate => Row {
                word: "regenerate",
                field: "regenerate-email",
                title: "Regenerate my URL",
                what: "Someone may have seen your connector URL. The old one stops working immediately, and a new one comes by email.",
                button: "Regenerate my URL",
                page: REGENERATE_PAGE,
                request: What::Regenerate,
                mail: |link| Mail::CoachRegenerate(CoachRegenerate { link }),
                end: Some(End::Regenerated),
            },
            Self::Roster => Row {
                word: "roster",
                field: "roster-email",
                title: "My roster",
                what: "See what you were granted and which clients signed in as you. End clients, leave athletes, refuse invites, or erase your address.",
                button: "Open my roster",
                page: ROSTER_PAGE,
                request: What::Roster,
                mail: |link| Mail::CoachRoster(CoachRoster { link }),
                end: None,
            },
        }
    }
}

/// The wish in a path under `/for-coaches/`; 404 for any other word. It is read from the raw path, because a token that is not
/// UTF-8 makes all parameters unreadable.
impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let word = parts.uri.path().split('/').nth(2);
        let named = Self::ALL.into_iter().find(|wish| Some(wish.row().word) == word);
        named.ok_or(Problem::NotFound)
    }
}

/// Lets a request through if its path has a wish in it; any other word is 404 for every method.
pub(crate) async fn named(_: Wish, request: Request, next: Next) -> Response {
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mail::{Kind, Reader};

    #[test]
    fn each_wish_has_a_field_and_a_mail_of_its_own() {
        let rows = Wish::ALL.map(Wish::row);
        let fields: BTreeSet<_> = rows.map(|row| row.field).into();
        let kinds = rows.map(|row| (row.mail)(String::new()).kind());
        let mails: BTreeSet<_> = kinds.map(Kind::name).into();
        assert_eq!((fields.len(), mails.len()), (3, 3));
        for kind in kinds {
            assert_eq!(kind.rule().to, Reader::Coach, "{kind:?} must be erased too");
        }
    }
}
