//! Whether the process is alive, and whether it can do its work.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Extension, extract::State};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use http::StatusCode;
use tokio::{task::AbortHandle, time::Instant};

use crate::{app::App, jobs, queries, secrets::Openable};

/// A database that needs longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer of the database counts for all who ask.
const FRESH: Duration = Duration::from_secs(1);

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers too, and this instance works on the queue and has the keys to what is sealed.
///
/// Values accepted as lost, or damaged, make no instance unready: no other could do better. The answer says so all the
/// same.
pub(crate) async fn ready(
    State(app): State<App>,
    Extension(pulse): Extension<Pulse>,
) -> (StatusCode, &'static str) {
    let pool = app.pool.clone();
    if !pulse
        .feel(async move { queries::installation::ping(&pool).await.is_ok() })
        .await
    {
        return (StatusCode::SERVICE_UNAVAILABLE, "no database\n");
    }
    if !jobs::is_working(&app) {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "nobody works on the queue; the log says why\n",
        );
    }
    match app.seals.state() {
        Openable::Unknown | Openable::All => (StatusCode::OK, "ready\n"),
        Openable::Some => (
            StatusCode::OK,
            "ready, but some sealed values are lost: no key opens them; the log says which\n",
        ),
        Openable::KeyFails => (
            StatusCode::SERVICE_UNAVAILABLE,
            "sealed values do not open with the keys of this instance; the log says which\n",
        ),
    }
}

impl Question {
    fn put(ask: impl Future<Output = bool> + Send + 'static) -> Self {
        let asking = tokio::spawn(tokio::time::timeout(PATIENCE, ask));
        Self {
            put: Instant::now(),
            running: asking.abort_handle(),
            answer: asking.map(|ended| matches!(ended, Ok(Ok(true)))).boxed().shared(),
        }
    }
}

/// Whether the database answers, asked at most once a second, however many want to know.
#[derive(Clone, Default)]
pub(crate) struct Pulse(Arc<Mutex<Option<Question>>>);

struct Question {
    put: Instant,
    running: AbortHandle,
    answer: Shared<BoxFuture<'static, bool>>,
}

impl Pulse {
    /// The answer to the question that is running or was put within the last second; otherwise puts `ask`. The question
    /// runs in its own task: a caller who hangs up does not end it, so that the next one need not put another.
    async fn feel(&self, ask: impl Future<Output = bool> + Send + 'static) -> bool {
        let answer = {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let good =
                |question: &&Question| question.put.elapsed() < FRESH || !question.running.is_finished();
            match last.as_ref().filter(good) {
                Some(question) => question.answer.clone(),
                None => last.insert(Question::put(ask)).answer.clone(),
            }
        };
        answer.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[derive(Clone, Default)]
    struct Database {
        asked: Arc<AtomicUsize>,
        hangs: bool,
    }

    impl Database {
        fn ask(&self) -> impl Future<Output = bool> + Send + 'static {
            let Self { asked, hangs } = self.clone();
            async move {
                asked.fetch_add(1, Ordering::SeqCst);
                if hangs {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                true
            }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_callers_are_one_question_a_second() {
        let (pulse, database) = (Pulse::default(), Database::default());
        for second in 1..=3 {
            let answers = join_all((0..1_000).map(|_| pulse.feel(database.ask()))).await;
            assert!(answers.into_iter().all(|ready| ready));
            tokio::time::advance(Duration::from_millis(900)).await;
            assert!(pulse.feel(database.ask()).await);
            assert_eq!(database.asked(), second);
            tokio::time::advance(Duration::from_millis(100)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_hangs_is_asked_once_and_answered_in_time() {
        let (pulse, database) = (
            Pulse::default(),
            Database {
                hangs: true,
                ..Database::default()
            },
        );
        let began = Instant::now();
        // Callers who hang up put no further question, and later callers wait for the one that is running.
        for _ in 0..10 {
            let _ = tokio::time::timeout(Duration::from_millis(150), pulse.feel(database.ask())).await;
        }
        assert!(!pulse.feel(database.ask()).await);
        assert!(
            began.elapsed() <= PATIENCE + Duration::from_millis(10),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(database.asked(), 1);
        let well = Database::default();
        assert!(pulse.feel(well.ask()).await, "asked again, and it answers");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_waited_for_is_not_kept_for_later() {
        let (pulse, hangs, well) = (
            Pulse::default(),
            Database {
                hangs: true,
                ..Database::default()
            },
            Database::default(),
        );
        let _ = tokio::time::timeout(Duration::from_millis(1), pulse.feel(hangs.ask())).await;
        tokio::time::sleep(PATIENCE * 2).await;
        assert!(pulse.feel(well.ask()).await);
        assert_eq!((hangs.asked(), well.asked()), (1, 1));
    }
}
