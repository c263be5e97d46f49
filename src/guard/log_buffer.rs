//! What a call leaves behind and its answer need not wait for: the rows of reads in the activity log, and notes of when
//! something was last used or answered. They are written together, within a second.
//!
//! A stop writes what waits, and when the database is slow or too much waits already, a call writes its own row, as it does for
//! every outcome but success. What is lost is what waits when the process is killed, or stops while the database does not
//! answer. A page that shows the log calls [`flush`] first.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::error::DatabaseError;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

use crate::{
    app::App,
    ids::{ConnectionId, ConnectorId, GrantId},
    queries::{
        PATIENCE,
        activity_log::{self, Entry},
        connections::{self, Answered},
        connectors, grants, in_time,
    },
};

/// The pause before what waits is written: short, so that even at thousands of calls a second a batch is small, and PostgreSQL
/// is never busy with one for long.
const PAUSE: Duration = Duration::from_millis(50);
/// While a row has waited for longer than this, the database is slow, and calls write their own rows.
const SLOW: Duration = Duration::from_secs(1);
/// The most rows that wait: about as many as two cores can cause in a second, and a few megabytes.
const MOST_ROWS: usize = 5_000;
/// The most rows in one statement.
const ROWS_AT_ONCE: usize = 1_000;
/// The most notes of one kind in one statement.
const NOTES_AT_ONCE: usize = 1_000;
/// The most notes of one kind that wait.
const MOST_NOTES: usize = 50_000;

/// What one process has not yet written.
pub struct LogBuffer {
    held: Mutex<Held>,
    /// Whoever writes holds this: rows are removed only once they stand.
    writing: tokio::sync::Mutex<()>,
    /// Calls that write their own rows at the same time: a locked table must not take every connection of the pool.
    own: Semaphore,
}

#[derive(Default)]
struct Held {
    /// Oldest first, each with the time since when it waits.
    rows: VecDeque<(Instant, Entry)>,
    connectors: HashMap<ConnectorId, connectors::Use>,
    grants: HashMap<GrantId, grants::Use>,
    answers: HashMap<ConnectionId, Answered>,
    /// Whether a task is there that writes.
    has_writer: bool,
}

impl Held {
    fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.connectors.is_empty()
            && self.grants.is_empty()
            && self.answers.is_empty()
    }
}

impl LogBuffer {
    /// Empty, beside a pool with so many connections.
    pub fn new(connections: u32) -> Self {
        let own = usize::try_from(connections / 4).unwrap_or(1).max(1);
        Self {
            held: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            own: Semaphore::new(own),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps these rows until they are written; those for which there is no room are returned.
    fn keep(&self, mut rows: Vec<Entry>) -> Vec<Entry> {
        let mut held = self.lock();
        let room = MOST_ROWS.saturating_sub(held.rows.len());
        let too_many = rows.split_off(room.min(rows.len()));
        let now = Instant::now();
        held.rows.extend(rows.into_iter().map(|row| (now, row)));
        too_many
    }

    fn is_slow(&self) -> bool {
        let held = self.lock();
        held.rows.front().is_some_and(|(since, _)| since.elapsed() > SLOW)
    }

    /// The oldest rows, which stay until [`LogBuffer::written`].
    fn oldest(&self, most: usize) -> Vec<Entry> {
        let held = self.lock();
        held.rows.iter().take(most).map(|(_, row)| row.clone()).collect()
    }

    fn written(&self, count: usize) {
        let mut held = self.lock();
        let count = count.min(held.rows.len());
        held.rows.drain(..count);
    }
}

impl std::fmt::Debug for LogBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogBuffer")
    }
}

/// Writes rows within a second, or before this returns if the database is slow or too many rows wait.
pub(crate) async fn add(app: &App, rows: Vec<Entry>) {
    let rest = if app.log_buffer.is_slow() {
        rows
    } else {
        app.log_buffer.keep(rows)
    };
    wake(app);
    if !rest.is_empty() {
        write(app, rest).await;
    }
}

/// Writes rows before this returns. Those that cannot be written now wait, if there is room.
pub(crate) async fn write(app: &App, rows: Vec<Entry>) {
    let own = async {
        let _turn = app.log_buffer.own.acquire().await;
        activity_log::write_all(&app.pool, &rows).await
    };
    let Err(error) = in_time(own).await else {
        return;
    };
    tracing::warn!(%error, rows = rows.len(), "rows of the activity log must wait");
    let lost = app.log_buffer.keep(rows);
    if !lost.is_empty() {
        failed(&error, lost.len());
    }
    wake(app);
}

/// Notes that a connector was used.
pub(crate) fn note_connector(app: &App, id: ConnectorId, used: connectors::Use) {
    note(&mut app.log_buffer.lock().connectors, id, used);
    wake(app);
}

/// Notes that a grant was used.
pub(crate) fn note_grant(app: &App, id: GrantId, used: grants::Use) {
    note(&mut app.log_buffer.lock().grants, id, used);
    wake(app);
}

/// Notes that upstream answered for a connection.
pub(crate) fn note_answer(app: &App, id: ConnectionId, answered: Answered) {
    note(&mut app.log_buffer.lock().answers, id, answered);
    wake(app);
}

fn note<K: Eq + Hash, V>(notes: &mut HashMap<K, V>, of: K, what: V) {
    if notes.len() < MOST_NOTES || notes.contains_key(&of) {
        notes.insert(of, what);
    }
}

/// Writes what waits now. What cannot be written in time goes on waiting.
pub async fn flush(app: &App) {
    if app.log_buffer.lock().is_empty() {
        return;
    }
    // What is on its way counts as waiting until it stands.
    if timeout(PATIENCE, write_waiting(app)).await.is_err() {
        tracing::warn!("what calls left behind could not be written in time");
    }
}

/// Writes everything; for a process that is about to end, when no more calls come. It waits for no writer, whose connection may
/// hang, and tries again until it is dropped.
pub async fn settle(app: &App) {
    loop {
        let rows = app.log_buffer.oldest(usize::MAX);
        let mut stand = true;
        for some in rows.chunks(ROWS_AT_ONCE) {
            stand &= in_time(activity_log::write_all(&app.pool, some)).await.is_ok();
        }
        if stand {
            app.log_buffer.written(rows.len());
            write_notes(app).await;
            return;
        }
        // A row that cannot be written is left out by the writer, which may be free by now.
        let _ = timeout(PAUSE, write_waiting(app)).await;
        sleep(PAUSE).await;
    }
}

/// How many rows wait: those that are lost if the process ends now.
pub fn waiting(app: &App) -> usize {
    app.log_buffer.lock().rows.len()
}

/// Begins a task that writes, unless there is one.
fn wake(app: &App) {
    {
        let mut held = app.log_buffer.lock();
        if held.has_writer || held.is_empty() {
            return;
        }
        held.has_writer = true;
    }
    let writer = Writer(app.clone());
    tokio::spawn(async move {
        let mut pause = PAUSE;
        loop {
            sleep(pause).await;
            let stand = write_waiting(&writer.0).await;
            pause = if stand { PAUSE } else { (2 * pause).min(SLOW) };
            let mut held = writer.0.log_buffer.lock();
            if held.is_empty() {
                held.has_writer = false;
                return;
            }
        }
    });
}

/// The task that writes. If it panics, the next call begins another one.
struct Writer(App);

impl Drop for Writer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.log_buffer.lock().has_writer = false;
        }
    }
}

/// Writes what waits; false if something could not be written. May be dropped at any point: a row or a note is removed once it
/// stands, and a row that stands is not written twice.
async fn write_waiting(app: &App) -> bool {
    let buffer = &app.log_buffer;
    let _alone = buffer.writing.lock().await;
    let mut left = buffer.lock().rows.len();
    let mut most = ROWS_AT_ONCE;
    while left > 0 {
        let rows = buffer.oldest(left.min(most));
        match in_time(activity_log::write_all(&app.pool, &rows)).await {
            Ok(()) => most = ROWS_AT_ONCE,
            // One of them cannot be written. By halves it is found, and the others are.
            Err(error) if is_of_a_row(&error) && rows.len() > 1 => {
                most = rows.len() / 2;
                continue;
            }
            Err(error) if is_of_a_row(&error) => failed(&error, 1),
            Err(error) => {
                tracing::warn!(%error, waiting = left, "the activity log cannot be written now");
                // Whatever keeps the rows from being written may not keep the notes.
                if error.as_database_error().is_some() {
                    write_notes(app).await;
                }
                return false;
            }
        }
        buffer.written(rows.len());
        left -= rows.len();
    }
    write_notes(app).await
}

/// Whether the data of a row is at fault (SQLSTATE classes 22, 23 and 54), not the database.
fn is_of_a_row(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

/// Writes the notes; false if some could not be written. A row that is held is left out: its note is made again with a call a
/// minute later.
async fn write_notes(app: &App) -> bool {
    let (used, granted, answered) = {
        let held = app.log_buffer.lock();
        (parts(&held.connectors), parts(&held.grants), parts(&held.answers))
    };
    let mut stand = true;
    for some in used {
        let done = in_time(connectors::note_uses(&app.pool, &some)).await;
        stand &= noted(app, done, &some, |held| &mut held.connectors);
    }
    for some in granted {
        let done = in_time(grants::note_uses(&app.pool, &some)).await;
        stand &= noted(app, done, &some, |held| &mut held.grants);
    }
    for some in answered {
        let done = in_time(connections::note_successes(&app.pool, &some)).await;
        stand &= noted(app, done, &some, |held| &mut held.answers);
    }
    stand
}

fn parts<K: Copy, V: Clone>(all: &HashMap<K, V>) -> Vec<Vec<(K, V)>> {
    let all: Vec<(K, V)> = all.iter().map(|(of, what)| (*of, what.clone())).collect();
    all.chunks(NOTES_AT_ONCE).map(<[(K, V)]>::to_vec).collect()
}

/// Removes notes that stand, unless there is a newer one.
fn noted<K: Eq + Hash, V: PartialEq>(
    app: &App,
    done: sqlx::Result<()>,
    notes: &[(K, V)],
    place: impl FnOnce(&mut Held) -> &mut HashMap<K, V>,
) -> bool {
    if let Err(error) = done {
        tracing::warn!(%error, "cannot note uses");
        return false;
    }
    let mut held = app.log_buffer.lock();
    let waiting = place(&mut held);
    for (of, what) in notes {
        if waiting.get(of) == Some(what) {
            waiting.remove(of);
        }
    }
    true
}

fn failed(error: &sqlx::Error, rows: usize) {
    metrics::counter!("icusync_activity_log_failures_total")
        .increment(u64::try_from(rows).unwrap_or(u64::MAX));
    tracing::error!(%error, rows, "cannot write the activity log");
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        ids::{AccountId, LogId},
        words::{Access, Outcome},
    };

    fn rows(count: usize) -> Vec<Entry> {
        let row = Entry {
            id: LogId(Uuid::nil()),
            at: chrono::DateTime::UNIX_EPOCH,
            account_id: AccountId(Uuid::nil()),
            athlete_id: "i1".to_owned(),
            caller: None,
            coach_id: None,
            client: "client".to_owned(),
            tool: "get_fitness".to_owned(),
            access: Access::Read,
            outcome: Outcome::Ok,
            duration_ms: 1,
            upstream_requests: 0,
            calls: 1,
        };
        (0..count)
            .map(|n| Entry {
                duration_ms: i32::try_from(n).unwrap(),
                ..row.clone()
            })
            .collect()
    }

    #[test]
    fn what_waits_is_bounded_and_what_does_not_fit_comes_back() {
        let buffer = LogBuffer::new(16);
        assert!(buffer.keep(rows(MOST_ROWS - 1)).is_empty());
        let back = buffer.keep(rows(3));
        assert_eq!(back.iter().map(|row| row.duration_ms).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(buffer.keep(rows(2)).len(), 2, "there is no room at all");
        assert_eq!(buffer.lock().rows.len(), MOST_ROWS);
    }

    #[test]
    fn a_row_waits_until_it_stands_and_the_oldest_goes_first() {
        let buffer = LogBuffer::new(16);
        drop(buffer.keep(rows(3)));
        let oldest = |most| {
            buffer
                .oldest(most)
                .iter()
                .map(|row| row.duration_ms)
                .collect::<Vec<_>>()
        };
        assert_eq!(oldest(2), [0, 1]);
        assert_eq!(oldest(2), [0, 1], "whoever wrote them may have been dropped");
        buffer.written(2);
        assert_eq!(oldest(2), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_database_is_slow_while_a_row_waits_for_more_than_a_second() {
        let buffer = LogBuffer::new(16);
        drop(buffer.keep(rows(1)));
        assert!(!buffer.is_slow());
        sleep(SLOW + PAUSE).await;
        assert!(buffer.is_slow());
        buffer.written(1);
        assert!(!buffer.is_slow());
    }
}
