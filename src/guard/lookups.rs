//! Who tokens are: one question to the database for all requests that wait for it at the same time.
//!
//! A question is asked after its request has come, so what it finds is what stood then: nothing is kept from one question to the
//! next. While one is on its way, the requests that come meanwhile wait for the next one together. A question that takes long
//! does not hold them up: another is then asked beside it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Postgres, pool::PoolConnection};
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};

use crate::{
    app::App,
    queries::{
        PATIENCE,
        callers::{self, Found},
        in_time,
    },
    secrets::TokenHash,
};

/// The most tokens in one question.
const AT_ONCE: usize = 32;
/// The most questions at the same time.
const SIDE_BY_SIDE: usize = 4;
/// After this wait, another question is asked beside the one on its way.
const LONG: Duration = Duration::from_millis(20);
/// How long an asker keeps its connection after the last question.
const LINGER: Duration = Duration::from_millis(100);

/// Nobody could be asked. The cause is in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Away;

type Answer = Result<Option<Arc<Found>>, Away>;

/// Requests that wait to know whose their token is.
#[derive(Default)]
pub(super) struct Lookups(Arc<Desk>);

#[derive(Default)]
struct Desk {
    queue: Mutex<Queue>,
    came: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(TokenHash, oneshot::Sender<Answer>)>,
    askers: usize,
    /// Askers that have nothing to ask now.
    idle: usize,
}

impl Lookups {
    /// Whose this token is; none if it is not in use.
    pub(super) async fn of(&self, app: &App, hash: TokenHash) -> Answer {
        let (tell, told) = oneshot::channel();
        self.0.lock().waiting.push_back((hash, tell));
        self.0.call(app, 1);
        let told = async {
            tokio::pin!(told);
            if let Ok(told) = timeout(LONG, &mut told).await {
                return told;
            }
            self.0.call(app, SIDE_BY_SIDE);
            told.await
        };
        if let Ok(Ok(answer)) = timeout(PATIENCE, told).await {
            return answer;
        }
        tracing::error!("a connector was not looked up in time");
        Err(Away)
    }
}

/// Whose this token is, with a question of its own: for a roster that would hold up the others.
pub(super) async fn alone(app: &App, hash: TokenHash) -> Answer {
    let found = in_time(callers::of_tokens(&app.pool, &[hash], app.clock.now())).await;
    match found {
        Ok(found) => Ok(found.into_iter().next().map(Arc::new)),
        Err(error) => Err(away(&error)),
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an asker look into the queue: one that is idle, else a new one if there are fewer than `most`.
    fn call(self: &Arc<Self>, app: &App, most: usize) {
        {
            let mut queue = self.lock();
            if queue.idle > 0 || queue.askers >= most {
                drop(queue);
                self.came.notify_one();
                return;
            }
            queue.askers += 1;
        }
        let asker = Asker(self.clone());
        let app = app.clone();
        tokio::spawn(async move { asker.work(&app).await });
    }
}

/// A task that asks for those who wait, over one connection. If it panics, its place is free again.
struct Asker(Arc<Desk>);

impl Drop for Asker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().askers -= 1;
        }
    }
}

impl Asker {
    async fn work(self, app: &App) {
        let mut connection = None;
        loop {
            let (hashes, those): (Vec<TokenHash>, Vec<_>) = {
                let mut queue = self.0.lock();
                let count = queue.waiting.len().min(AT_ONCE);
                queue.waiting.drain(..count).unzip()
            };
            if hashes.is_empty() {
                if self.more_comes().await {
                    continue;
                }
                return;
            }
            let found = ask(app, &mut connection, &hashes).await;
            if hashes.len() > 1 && found.as_ref().is_err_and(is_of_a_row) {
                // One of them is at fault: the others get their answers.
                for (hash, tell) in hashes.into_iter().zip(those) {
                    let found = ask(app, &mut connection, &[hash]).await;
                    let found = found.map_err(|error| away(&error));
                    let _ = tell.send(found.map(|found| found.into_iter().next()));
                }
                continue;
            }
            let found = found.map_err(|error| away(&error));
            for (hash, tell) in hashes.into_iter().zip(those) {
                let of =
                    |found: &Vec<Arc<Found>>| found.iter().find(|one| one.hash == hash.as_bytes()).cloned();
                // Whoever has gone needs no answer.
                let _ = tell.send(found.as_ref().map(of).map_err(|away| *away));
            }
        }
    }

    /// Waits a little for the next request; false if none has come, and the asker has left.
    async fn more_comes(&self) -> bool {
        self.0.lock().idle += 1;
        let _ = timeout(LINGER, self.0.came.notified()).await;
        let mut queue = self.0.lock();
        queue.idle -= 1;
        let more = !queue.waiting.is_empty();
        // In the same breath as the look, so that nobody counts on an asker that leaves.
        if !more {
            queue.askers -= 1;
        }
        more
    }
}

/// Asks over the asker's connection; a connection that turns out to be broken is replaced once.
async fn ask(
    app: &App,
    connection: &mut Option<PoolConnection<Postgres>>,
    hashes: &[TokenHash],
) -> sqlx::Result<Vec<Arc<Found>>> {
    loop {
        let (mut held, is_fresh) = match connection.take() {
            Some(held) => (held, false),
            None => (in_time(app.pool.acquire()).await?, true),
        };
        match in_time(callers::of_tokens(&mut *held, hashes, app.clock.now())).await {
            Ok(found) => {
                *connection = Some(held);
                return Ok(found.into_iter().map(Arc::new).collect());
            }
            Err(sqlx::Error::Io(_) | sqlx::Error::Database(_)) if !is_fresh => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether what a row holds is at fault, not the way to the database.
fn is_of_a_row(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
}

fn away(error: &sqlx::Error) -> Away {
    tracing::error!(%error, "cannot look up a connector");
    Away
}
