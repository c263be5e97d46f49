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

use chrono::{DateTime, Utc};
use sqlx::{Postgres, pool::PoolConnection};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout, timeout_at},
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
/// How often after that whoever still waits sees to it that somebody asks.
const AGAIN: Duration = Duration::from_millis(500);
/// How long an asker keeps its connection after the last question.
const LINGER: Duration = Duration::from_millis(100);
/// The most requests that wait. So many come only while the database is away.
const MOST_WAITING: usize = 4_096;

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
        if !self.0.lock().enter(hash, tell) {
            tracing::error!("too many requests wait to be looked up");
            return Err(Away);
        }
        self.0.call(app, 1);
        let told = async {
            tokio::pin!(told);
            let mut wait = LONG;
            loop {
                if let Ok(told) = timeout(wait, &mut told).await {
                    return told;
                }
                self.0.call(app, side_by_side(app));
                wait = AGAIN;
            }
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
    alone_at(app, hash, app.clock.now()).await
}

/// Whose this token is, if it was in use at `used_at`, however long it is good by itself.
pub(super) async fn alone_at(app: &App, hash: TokenHash, used_at: DateTime<Utc>) -> Answer {
    let now = app.clock.now();
    let issuer = app.config.issuer();
    let found = in_time(callers::of_tokens(&app.pool, &[hash], issuer, now, used_at)).await;
    match found {
        Ok(found) => Ok(found.into_iter().next().map(Arc::new)),
        Err(error) => Err(away(&error)),
    }
}

/// How many may ask at the same time: most of the pool's connections are for others.
fn side_by_side(app: &App) -> usize {
    let connections = usize::try_from(app.pool.options().get_max_connections()).unwrap_or(usize::MAX);
    SIDE_BY_SIDE.min((connections / 4).max(1))
}

impl Queue {
    /// Adds a request; false if too many wait, besides those that have gone.
    fn enter(&mut self, hash: TokenHash, tell: oneshot::Sender<Answer>) -> bool {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.retain(|(_, tell)| !tell.is_closed());
        }
        let has_room = self.waiting.len() < MOST_WAITING;
        if has_room {
            self.waiting.push_back((hash, tell));
        }
        has_room
    }

    /// Takes the first requests that still wait.
    fn take(&mut self) -> (Vec<TokenHash>, Vec<oneshot::Sender<Answer>>) {
        let mut some = (Vec::new(), Vec::new());
        while some.0.len() < AT_ONCE {
            let Some((hash, tell)) = self.waiting.pop_front() else {
                break;
            };
            if !tell.is_closed() {
                some.0.push(hash);
                some.1.push(tell);
            }
        }
        some
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
            let (hashes, those) = self.0.lock().take();
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
        let until = Instant::now() + LINGER;
        loop {
            let is_called = timeout_at(until, self.0.came.notified()).await.is_ok();
            let mut queue = self.0.lock();
            let more = !queue.waiting.is_empty();
            // The call may be about a request that was asked for together with others.
            if is_called && !more {
                continue;
            }
            queue.idle -= 1;
            // In the same breath as the look, so that nobody counts on an asker that leaves.
            if !more {
                queue.askers -= 1;
            }
            return more;
        }
    }
}

/// Asks over the asker's connection; a connection that turns out to be broken is replaced once.
async fn ask(
    app: &App,
    connection: &mut Option<PoolConnection<Postgres>>,
    hashes: &[TokenHash],
) -> sqlx::Result<Vec<Arc<Found>>> {
    let now = app.clock.now();
    loop {
        let (mut held, is_fresh) = match connection.take() {
            Some(held) => (held, false),
            None => (in_time(app.pool.acquire()).await?, true),
        };
        match in_time(callers::of_tokens(
            &mut *held,
            hashes,
            app.config.issuer(),
            now,
            now,
        ))
        .await
        {
            Ok(found) => {
                // While nobody else is short of one: whoever waits for a connection waits in the pool's own order.
                let is_spare =
                    app.pool.num_idle() > 0 || app.pool.size() < app.pool.options().get_max_connections();
                *connection = is_spare.then_some(held);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{Random, Token, TokenKind};

    #[test]
    fn who_has_gone_is_not_asked_for_and_takes_no_room() {
        let random = Random::from_os();
        let hash = || Token::mint(TokenKind::Link, &random).hash();
        let mut queue = Queue::default();
        let mut those: Vec<oneshot::Receiver<Answer>> = Vec::new();
        let mut enter = |queue: &mut Queue, stays: bool| {
            let (tell, told) = oneshot::channel();
            let entered = queue.enter(hash(), tell);
            if stays {
                those.push(told);
            }
            entered
        };
        for _ in 0..MOST_WAITING - 1 {
            assert!(enter(&mut queue, false));
        }
        assert!(enter(&mut queue, true));
        assert!(enter(&mut queue, true), "only one of them still waits");
        assert_eq!(queue.waiting.len(), 2);
        for _ in 0..MOST_WAITING - 2 {
            assert!(enter(&mut queue, true));
        }
        assert!(!enter(&mut queue, true), "all of them wait");
        assert_eq!(queue.take().0.len(), AT_ONCE);
        those.clear();
        assert!(queue.take().0.is_empty() && queue.waiting.is_empty());
    }
}
