//! The page that someone wanted before signing in. A page, never a URL: nothing from outside becomes a redirect.

use std::borrow::Cow;

use crate::ids::{ConnectorId, GrantId, PasskeyId, RequestId};

/// Before the id of a client's sign-in, in a word.
const REQUEST: &str = "request-";
/// Before the id of a grant.
const GRANT: &str = "grant-";
/// Before the id of a connected app.
const APP: &str = "app-";
/// Before the id of a passkey.
const PASSKEY: &str = "passkey-";

/// A page to come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NextPage {
    /// The dashboard.
    #[default]
    Dashboard,
    /// Connecting intervals.icu.
    Connect,
    /// What coaches may do.
    Coaches,
    /// Inviting a coach.
    Invite,
    /// The activity log.
    Activity,
    /// Connected apps.
    Apps,
    /// What the connector offers.
    Connector,
    /// Regenerating the connector URL.
    Regenerate,
    /// Disconnecting intervals.icu.
    Disconnect,
    /// The account.
    Account,
    /// The ways to sign in.
    Ways,
    /// Changing the password.
    Password,
    /// Changing the address.
    Address,
    /// The page of an opened link that gives the account an address.
    ConfirmAddress,
    /// Deleting the account.
    Delete,
    /// Two-step sign-in.
    Factors,
    /// Codes of an app.
    FactorCodes,
    /// The recovery codes.
    RecoveryCodes,
    /// Adding a passkey.
    NewPasskey,
    /// One passkey.
    Passkey(PasskeyId),
    /// What one coach may do.
    Grant(GrantId),
    /// What one connected app may do.
    App(ConnectorId),
    /// A client's sign-in.
    Request(RequestId),
}

impl NextPage {
    const ALL: [Self; 19] = [
        Self::Dashboard,
        Self::Connect,
        Self::Coaches,
        Self::Invite,
        Self::Activity,
        Self::Apps,
        Self::Connector,
        Self::Regenerate,
        Self::Disconnect,
        Self::Account,
        Self::Ways,
        Self::Password,
        Self::Address,
        Self::ConfirmAddress,
        Self::Delete,
        Self::Factors,
        Self::FactorCodes,
        Self::RecoveryCodes,
        Self::NewPasskey,
    ];

    /// Its word in the query and the form.
    pub(crate) fn word(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Request(id) => return format!("{REQUEST}{id}").into(),
            Self::Grant(id) => return format!("{GRANT}{id}").into(),
            Self::App(id) => return format!("{APP}{id}").into(),
            Self::Passkey(id) => return format!("{PASSKEY}{id}").into(),
            Self::Dashboard => "dashboard",
            Self::Connect => "connect",
            Self::Coaches => "coaches",
            Self::Invite => "invite",
            Self::Activity => "activity",
            Self::Apps => "apps",
            Self::Connector => "connector",
            Self::Regenerate => "regenerate",
            Self::Disconnect => "disconnect",
            Self::Account => "account",
            Self::Ways => "ways",
            Self::Password => "password",
            Self::Address => "address",
            Self::ConfirmAddress => "confirm-address",
            Self::Delete => "delete",
            Self::Factors => "factors",
            Self::FactorCodes => "factor-codes",
            Self::RecoveryCodes => "recovery-codes",
            Self::NewPasskey => "new-passkey",
        })
    }

    /// The page's path.
    pub(crate) fn path(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Request(id) => return format!("/authorize/{id}").into(),
            Self::Grant(id) => return format!("/coaches/{id}").into(),
            Self::App(id) => return format!("/apps/{id}").into(),
            Self::Passkey(id) => return format!("/account/passkeys/{id}").into(),
            Self::Dashboard => "/dashboard",
            Self::Connect => "/connect",
            Self::Coaches => "/coaches",
            Self::Invite => "/coaches/invite",
            Self::Activity => "/activity",
            Self::Apps => "/apps",
            Self::Connector => "/connector",
            Self::Regenerate => "/link/regenerate",
            Self::Disconnect => "/disconnect",
            Self::Account => "/account",
            Self::Ways => "/account/ways",
            Self::Password => "/account/password",
            Self::Address => "/account/address",
            Self::ConfirmAddress => "/address",
            Self::Delete => "/account/delete",
            Self::Factors => "/account/factors",
            Self::FactorCodes => "/account/factors/codes",
            Self::RecoveryCodes => "/account/factors/recovery-codes",
            Self::NewPasskey => "/account/passkeys/new",
        })
    }

    /// The client's sign-in that waits, if it is one.
    pub(crate) fn request(self) -> Option<RequestId> {
        match self {
            Self::Request(id) => Some(id),
            _ => None,
        }
    }

    /// The page behind a query's or a form's `next`; without one the dashboard.
    pub(crate) fn of_fields(fields: &mut super::Fields) -> Self {
        fields
            .optional("next")
            .map_or(Self::Dashboard, |word| Self::of_word(&word))
    }

    /// The page in a query; the dashboard if it cannot be read.
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        let fields = super::Fields::parse(query.unwrap_or_default().as_bytes());
        fields.map_or(Self::Dashboard, |mut fields| Self::of_fields(&mut fields))
    }

    /// What a link to another page of signing in or up has to carry: `?next=…`, or nothing for the dashboard.
    pub(crate) fn query(self) -> String {
        match self {
            Self::Dashboard => String::new(),
            other => format!("?next={}", other.word()),
        }
    }

    /// The page that a word names; any other text is the dashboard.
    pub(crate) fn of_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|page| page.word() == word);
        let id = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
        known
            .or_else(|| id(REQUEST).map(|id| Self::Request(RequestId(id))))
            .or_else(|| id(GRANT).map(|id| Self::Grant(GrantId(id))))
            .or_else(|| id(APP).map(|id| Self::App(ConnectorId(id))))
            .or_else(|| id(PASSKEY).map(|id| Self::Passkey(PasskeyId(id))))
            .unwrap_or_default()
    }

    /// The page to return to after the sign-in stopped a request for `path`.
    pub(crate) fn of_path(path: &str) -> Self {
        let known = Self::ALL.into_iter().find(|page| page.path() == path);
        let id = |prefix: &str| path.strip_prefix(prefix)?.parse().ok();
        known
            .or_else(|| id("/coaches/").map(|id| Self::Grant(GrantId(id))))
            .or_else(|| id("/apps/").map(|id| Self::App(ConnectorId(id))))
            .or_else(|| id("/account/passkeys/").map(|id| Self::Passkey(PasskeyId(id))))
            .unwrap_or_else(|| match path {
                _ if path.starts_with("/coaches/") => Self::Coaches,
                _ if path.starts_with("/apps/") => Self::Apps,
                _ if path.starts_with("/account/passkeys/") => Self::Factors,
                _ => Self::default(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_a_redirect() {
        for text in [
            "//evil",
            "/\\evil",
            "https:evil",
            "%2f%2fevil",
            "javascript:alert(1)",
            "/activity",
            "",
            "ACTIVITY",
            "request-",
            "request-/evil",
            "request-//evil",
            "grant-",
            "grant-//evil",
            "app-/evil",
            "passkey-/evil",
        ] {
            assert_eq!(NextPage::of_word(text), NextPage::Dashboard, "{text}");
        }
        assert_eq!(NextPage::of_path("/coaches/x/revoke"), NextPage::Coaches);
        assert_eq!(NextPage::of_path("/apps/x"), NextPage::Apps);
        assert_eq!(NextPage::of_path("/coachesx"), NextPage::Dashboard);
        for page in NextPage::ALL {
            assert_eq!(NextPage::of_word(&page.word()), page);
            assert_eq!(NextPage::of_path(&page.path()), page);
        }
        let id = uuid::Uuid::from_u128(7);
        for page in [
            NextPage::Request(RequestId(id)),
            NextPage::Grant(GrantId(id)),
            NextPage::App(ConnectorId(id)),
            NextPage::Passkey(PasskeyId(id)),
        ] {
            assert_eq!(NextPage::of_word(&page.word()), page);
        }
        for page in [
            NextPage::Grant(GrantId(id)),
            NextPage::App(ConnectorId(id)),
            NextPage::Passkey(PasskeyId(id)),
        ] {
            assert_eq!(NextPage::of_path(&page.path()), page);
        }
        assert_eq!(
            NextPage::of_path(&format!("/coaches/{id}/revoke")),
            NextPage::Coaches
        );
    }
}
