//! The page that someone wanted before signing in. A page, never a URL: nothing from outside becomes a redirect.

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
    /// Regenerating the connector URL.
    Regenerate,
    /// Disconnecting intervals.icu.
    Disconnect,
    /// The account.
    Account,
    /// Changing the password.
    Password,
    /// Changing the address.
    Address,
    /// Deleting the account.
    Delete,
}

impl NextPage {
    const ALL: [Self; 11] = [
        Self::Dashboard,
        Self::Connect,
        Self::Coaches,
        Self::Invite,
        Self::Activity,
        Self::Regenerate,
        Self::Disconnect,
        Self::Account,
        Self::Password,
        Self::Address,
        Self::Delete,
    ];

    /// Its word in the query and the form.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Connect => "connect",
            Self::Coaches => "coaches",
            Self::Invite => "invite",
            Self::Activity => "activity",
            Self::Regenerate => "regenerate",
            Self::Disconnect => "disconnect",
            Self::Account => "account",
            Self::Password => "password",
            Self::Address => "address",
            Self::Delete => "delete",
        }
    }

    /// The page's path.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Dashboard => "/dashboard",
            Self::Connect => "/connect",
            Self::Coaches => "/coaches",
            Self::Invite => "/coaches/invite",
            Self::Activity => "/activity",
            Self::Regenerate => "/link/regenerate",
            Self::Disconnect => "/disconnect",
            Self::Account => "/account",
            Self::Password => "/account/password",
            Self::Address => "/account/address",
            Self::Delete => "/account/delete",
        }
    }

    /// The page that a word names; any other text is the dashboard.
    pub(crate) fn of_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|page| page.word() == word)
            .unwrap_or_default()
    }

    /// The page to return to after the sign-in stopped a request for `path`; for one grant, the list of all.
    pub(crate) fn of_path(path: &str) -> Self {
        let known = Self::ALL.into_iter().find(|page| page.path() == path);
        known.unwrap_or(if path.starts_with("/coaches/") {
            Self::Coaches
        } else {
            Self::default()
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
        ] {
            assert_eq!(NextPage::of_word(text), NextPage::Dashboard, "{text}");
        }
        assert_eq!(NextPage::of_path("/coaches/x/revoke"), NextPage::Coaches);
        assert_eq!(NextPage::of_path("/coachesx"), NextPage::Dashboard);
        for page in NextPage::ALL {
            assert_eq!(NextPage::of_word(page.word()), page);
            assert_eq!(NextPage::of_path(page.path()), page);
        }
    }
}
