//! After a form that an email answers: which address it was, when it can be sent again, and what to do if nothing comes.
//!
//! The address comes from a sealed cookie of this browser, never from the URL and never from the database: the page is the
//! same whether the address has an account or not. What really limits the emails is counted in [`crate::guard::tries`] and
//! [`crate::mail::outbox`]; the wait here is for people.

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::sealed;
use crate::{app::App, guard::cookie::SENT, ids::AccountId};

/// How long the address is remembered.
const KEPT_FOR: Duration = Duration::hours(1);
/// The wait between two emails.
const WAIT: Duration = Duration::minutes(1);
/// The time over which the emails to an address are limited.
const HOUR: Duration = Duration::hours(1);

/// What was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    /// The link that confirms an address.
    Confirm,
    /// The link to a new password.
    Reset,
    /// The link that changes an account's address.
    Address,
    /// A coach's link to resend the URL.
    Resend,
    /// A coach's link to regenerate it.
    Regenerate,
    /// A coach's link to the roster.
    Roster,
}

/// The last email that was requested in this browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// What for.
    pub(super) what: What,
    /// The address, as typed.
    pub(super) email: String,
    /// The account that requested it, if that takes a session.
    whose: Option<AccountId>,
    /// When, oldest first.
    times: Vec<DateTime<Utc>>,
}

impl Sent {
    /// The last email that was requested in this browser, if it was one of these kinds and for this account (none: without
    /// a session).
    pub(super) fn read(
        app: &App,
        headers: &HeaderMap,
        kinds: &[What],
        whose: Option<AccountId>,
    ) -> Option<Self> {
        let sent: Self = sealed::open(app, headers, SENT)?;
        let last = *sent.times.last()?;
        let is_fresh = (Duration::zero()..KEPT_FOR).contains(&(app.clock.now() - last));
        (is_fresh && kinds.contains(&sent.what) && sent.whose == whose).then_some(sent)
    }

    /// `Set-Cookie` that notes an email requested now. Earlier ones of the same kind to the same address are still counted.
    pub(super) fn note(
        app: &App,
        headers: &HeaderMap,
        what: What,
        email: &str,
        whose: Option<AccountId>,
    ) -> HeaderValue {
        let now = app.clock.now();
        let before = Self::read(app, headers, &[what], whose).filter(|sent| sent.email == email);
        let mut times = before.map(|sent| sent.times).unwrap_or_default();
        times.retain(|at| now - *at < HOUR);
        let most = usize::try_from(app.config.mails_per_hour).unwrap_or(usize::MAX);
        let old = times.len().saturating_sub(most.min(20));
        times.drain(..old);
        times.push(now);
        let sent = Self {
            what,
            email: email.to_owned(),
            whose,
            times,
        };
        let plain = serde_json::to_vec(&sent).unwrap_or_default();
        sealed::set(app, SENT, &plain, KEPT_FOR)
    }

    /// How long until it makes sense to send it again; none if it does now.
    pub(super) fn wait(&self, app: &App) -> Option<Duration> {
        let now = app.clock.now();
        let last = self.times.last().map(|last| *last + WAIT);
        let most = usize::try_from(app.config.mails_per_hour).unwrap_or(usize::MAX);
        let within = self.times.len().checked_sub(most.min(20));
        let oldest = within.and_then(|at| self.times.get(at)).map(|at| *at + HOUR);
        let until = last.max(oldest)?;
        (until > now).then(|| until - now)
    }
}

/// What a page shows about sending again.
pub(super) struct SendAgain {
    /// Where it went.
    pub(super) email: String,
    /// The wait, in words that follow "in"; none if it can be sent again now.
    pub(super) wait: Option<String>,
    /// The address that the emails come from.
    pub(super) sender: String,
    /// Where the button posts to.
    pub(super) action: &'static str,
    /// The word of the page to go on to.
    pub(super) next: String,
    /// The form, for another address.
    pub(super) other: String,
}

impl SendAgain {
    /// About this email; `action` sends it again, `other` is the page with the form.
    pub(super) fn of(app: &App, sent: &Sent, action: &'static str, next: String, other: String) -> Self {
        Self {
            email: sent.email.clone(),
            wait: sent.wait(app).map(in_words),
            sender: sender(app),
            action,
            next,
            other,
        }
    }
}

/// The address that IcuSync's emails come from.
pub(super) fn sender(app: &App) -> String {
    let mailbox = app.config.mail_from.parse::<lettre::message::Mailbox>();
    mailbox.map_or_else(|_| app.config.mail_from.clone(), |from| from.email.to_string())
}

fn in_words(wait: Duration) -> String {
    let seconds = wait.num_seconds().max(1);
    match seconds {
        1 => "1 second".to_owned(),
        2..=59 => format!("{seconds} seconds"),
        60 => "1 minute".to_owned(),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_seconds_and_then_in_minutes() {
        for (seconds, words) in [
            (0, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (3_600, "60 minutes"),
        ] {
            assert_eq!(in_words(Duration::seconds(seconds)), words);
        }
    }
}
