//! Whether the service works: itself, its database, its keys, its mail, sign-ins of clients, and intervals.icu as real calls
//! saw it; and what an edge before it must let through.
//!
//! A check costs next to nothing and asks nobody outside. Nothing here names a person, a host or a number of users, nor a client:
//! anyone can register one under any name.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use http::HeaderMap;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    Frame,
    frame::page,
    home::is_signed,
    site::{About, STATUS},
    when::{When, ago},
};
use crate::{
    app::App,
    error::Problem,
    intervals::{LATELY, Lately},
    queries::{self, jobs::Overdue, sign_ins::Unused},
    secrets::Openable,
};

/// How long a check counts for all who ask.
const FRESH: Duration = Duration::from_secs(5);
/// A database that needs longer counts as away.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Email that has waited no longer than this is on its way.
const MAIL_IS_LATE: chrono::Duration = chrono::Duration::minutes(5);
/// Sign-ins that are looked at.
const SIGN_INS_COUNT: chrono::Duration = chrono::Duration::hours(1);
/// A client makes its first call within this time.
const COMES_BACK: chrono::Duration = chrono::Duration::minutes(2);
/// A sign-in that is never used can be a person who closed the client. From this many on it is trouble.
const STRANDED: i64 = 3;

/// The last check, shared by all who ask within seconds.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Option<Taken>>>);

/// A check and when it was made.
type Taken = (Instant, Arc<Check>);

/// What one check found.
struct Check {
    parts: [Part; 6],
    at: When,
}

/// One part of the service.
struct Part {
    name: &'static str,
    state: Condition,
    text: String,
}

/// The state of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Good,
    Poor,
    Bad,
    Unknown,
}

impl Condition {
    /// The class of its badge.
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Poor => "warn",
            Self::Bad => "bad",
            Self::Unknown => "",
        }
    }

    /// For people.
    fn word(self) -> &'static str {
        match self {
            Self::Good => "Working",
            Self::Poor => "Troubled",
            Self::Bad => "Not working",
            Self::Unknown => "Not known",
        }
    }
}

impl Check {
    async fn take(app: &App) -> Self {
        let now = app.clock.now();
        let overdue = timeout(PATIENCE, queries::jobs::overdue_mails(&app.pool, now)).await;
        let overdue = overdue.ok().and_then(|asked| {
            asked
                .inspect_err(|error| tracing::warn!(%error, "the database did not answer the status page"))
                .ok()
        });
        let unused = match overdue {
            Some(_) => unused(app, now).await,
            None => None,
        };
        let (database, text) = if overdue.is_some() {
            (Condition::Good, "Answers.")
        } else {
            (
                Condition::Bad,
                "Does not answer. Until it does, signing in and calls do not work. Nothing is lost.",
            )
        };
        let part = |name, state, text: &str| Part {
            name,
            state,
            text: text.to_owned(),
        };
        let version = format!("Answers. Version {}.", env!("CARGO_PKG_VERSION"));
        Self {
            parts: [
                part("IcuSync", Condition::Good, &version),
                part("Database", database, text),
                keys(app.seals.state()),
                mail(overdue, now),
                sign_ins(unused.as_deref()),
                upstream(app.intervals.lately()),
            ],
            at: When::of(now, None),
        }
    }

    fn all_good(&self) -> bool {
        self.parts
            .iter()
            .all(|part| matches!(part.state, Condition::Good | Condition::Unknown))
    }
}

/// How many sign-ins of each client in the last hour got tokens and did not use them within two minutes.
async fn unused(app: &App, now: chrono::DateTime<chrono::Utc>) -> Option<Vec<Unused>> {
    let asked = queries::sign_ins::unused(&app.pool, now - SIGN_INS_COUNT, now - COMES_BACK);
    let asked = timeout(PATIENCE, asked).await.ok()?;
    asked
        .inspect_err(|error| tracing::warn!(%error, "the status page could not count sign-ins"))
        .ok()
}

fn keys(openable: Openable) -> Part {
    let (state, text) = match openable {
        Openable::Unknown => (Condition::Unknown, "Not checked yet."),
        Openable::All => (Condition::Good, "Open every sealed value."),
        Openable::Some => (
            Condition::Poor,
            "Some sealed values are lost. If calls say that the connection to intervals.icu cannot be opened, reconnect on the \
             dashboard; if your connector URL is not shown, regenerate it.",
        ),
        Openable::KeyFails => (
            Condition::Bad,
            "This server lacks a sealing key. Nothing is lost: the operator has to add the key.",
        ),
    };
    Part {
        name: "Sealing keys",
        state,
        text: text.to_owned(),
    }
}

fn mail(overdue: Option<Overdue>, now: chrono::DateTime<chrono::Utc>) -> Part {
    let (state, text) = match overdue {
        None => (
            Condition::Unknown,
            "The queue is in the database, which does not answer.".to_owned(),
        ),
        Some(Overdue {
            since: Some(since), ..
        }) if now - since > MAIL_IS_LATE => {
            let since = ago(now, since);
            (
                Condition::Poor,
                format!("Late: the oldest email in the queue was written {since}. None is lost."),
            )
        }
        Some(_) => (Condition::Good, "Sent without delay.".to_owned()),
    };
    Part {
        name: "Email",
        state,
        text,
    }
}

/// `unused` is what [`unused`] found: the first call of those clients did not arrive, most often because an edge refuses it.
fn sign_ins(unused: Option<&[Unused]>) -> Part {
    let (state, text) = match unused.map(|clients| clients.iter().map(|client| client.count).sum::<i64>()) {
        None => (
            Condition::Unknown,
            "The tokens are in the database, which does not answer.".to_owned(),
        ),
        Some(0) => (
            Condition::Good,
            "Every client that signed in within the last hour used its token within two minutes.".to_owned(),
        ),
        Some(count) => (
            if count < STRANDED {
                Condition::Good
            } else {
                Condition::Poor
            },
            format!(
                "{count} {} of the last hour got a token that was not used within two minutes. If there are many, something between \
                 the clients and this server blocks their calls: see below.",
                if count == 1 { "sign-in" } else { "sign-ins" }
            ),
        ),
    };
    Part {
        name: "Sign-ins",
        state,
        text,
    }
}

fn upstream(Lately { answered, failed }: Lately) -> Part {
    let minutes = LATELY.num_minutes();
    let all = answered.saturating_add(failed);
    let (state, text) = if all == 0 {
        (
            Condition::Unknown,
            format!("No question needed it in the last {minutes} minutes."),
        )
    } else if failed == 0 {
        (
            Condition::Good,
            format!("Answered every request of the last {minutes} minutes."),
        )
    } else {
        // A share, not a count: how much is asked is nobody's business.
        let share = (u64::from(failed) * 100).div_ceil(u64::from(all));
        let state = if share < 5 {
            Condition::Good
        } else if share < 50 {
            Condition::Poor
        } else {
            Condition::Bad
        };
        (
            state,
            format!("Failed to answer {share} % of the requests of the last {minutes} minutes."),
        )
    };
    Part {
        name: "intervals.icu",
        state,
        text,
    }
}

impl Board {
    /// A check that is at most some seconds old. Callers who come during one wait for it.
    async fn check(&self, app: &App) -> Arc<Check> {
        let mut last = self.0.lock().await;
        if let Some((at, look)) = &*last
            && at.elapsed() < FRESH
        {
            return look.clone();
        }
        let look = Arc::new(Check::take(app).await);
        *last = Some((Instant::now(), look.clone()));
        look
    }
}

#[derive(Template)]
#[template(path = "pages/status.html")]
struct Page {
    frame: Frame,
    about: &'static About,
    look: Arc<Check>,
}

/// `GET /status`: always a page, even without the database; then everyone counts as a stranger.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(board): Extension<Board>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (signed, look) = tokio::join!(is_signed(&app, &headers), board.check(&app));
    page(&Page {
        frame: Frame::of(signed),
        about: &STATUS,
        look,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_is_judged_by_the_share_that_failed() {
        for (answered, failed, state, says) in [
            (0, 0, Condition::Unknown, "No question"),
            (9, 0, Condition::Good, "every request"),
            (99, 1, Condition::Good, "1 %"),
            (19, 1, Condition::Poor, "5 %"),
            (1, 1, Condition::Bad, "50 %"),
            (0, 3, Condition::Bad, "100 %"),
            (u32::MAX, u32::MAX, Condition::Bad, "%"),
        ] {
            let part = upstream(Lately { answered, failed });
            assert_eq!(part.state, state, "{answered} {failed}");
            assert!(part.text.contains(says), "{}", part.text);
        }
    }

    #[test]
    fn sign_ins_that_strand_are_trouble_from_the_third_on() {
        let unused = |counts: &[i64]| {
            let client = |count: &i64| Unused {
                client_name: "<b>Client</b>".to_owned(),
                count: *count,
            };
            let clients: Vec<_> = counts.iter().map(client).collect();
            sign_ins(Some(&clients))
        };
        for (counts, state, says) in [
            (&[][..], Condition::Good, "Every client"),
            (&[1], Condition::Good, "1 sign-in "),
            (&[1, 1], Condition::Good, "2 sign-ins "),
            (&[2, 1], Condition::Poor, "3 sign-ins "),
        ] {
            let part = unused(counts);
            assert_eq!(part.state, state, "{counts:?}");
            assert!(
                part.text.contains(says) && !part.text.contains("Client"),
                "{}",
                part.text
            );
        }
        assert_eq!(sign_ins(None).state, Condition::Unknown);
    }

    #[test]
    fn keys_are_good_only_while_they_open_everything() {
        for (openable, state) in [
            (Openable::Unknown, Condition::Unknown),
            (Openable::All, Condition::Good),
            (Openable::Some, Condition::Poor),
            (Openable::KeyFails, Condition::Bad),
        ] {
            assert_eq!(keys(openable).state, state);
        }
    }

    #[test]
    fn mail_is_late_after_five_minutes() {
        let now = chrono::DateTime::from_timestamp(1_795_214_400, 0).unwrap();
        let overdue = |minutes: i64| {
            Some(Overdue {
                mails: 2,
                since: Some(now - chrono::Duration::minutes(minutes)),
            })
        };
        assert_eq!(mail(None, now).state, Condition::Unknown);
        assert_eq!(
            mail(
                Some(Overdue {
                    mails: 0,
                    since: None
                }),
                now
            )
            .state,
            Condition::Good
        );
        assert_eq!(mail(overdue(5), now).state, Condition::Good);
        let late = mail(overdue(42), now);
        assert_eq!(late.state, Condition::Poor);
        assert!(late.text.contains("42 minutes ago"), "{}", late.text);
    }
}
