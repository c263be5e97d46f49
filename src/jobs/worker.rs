//! Claims due jobs and works on them side by side, so that one that hangs or never succeeds holds up no other.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::Revoke;
use crate::{
    app::App,
    guard::{connector, policy},
    intervals::{self, Credential},
    mail::{
        Address, Envelope,
        outbox::{self, Parcel},
        transport::SendError,
    },
    policy::Policy,
    queries::{self, in_time, jobs::Job},
    words::{Failure, JobKind, JobState},
};

/// How often the queue is read.
const PAUSE: Duration = Duration::from_secs(1);
/// Jobs of one kind that are worked on at once; the mailer keeps 10 connections.
const AT_ONCE: usize = 8;
/// A claim holds this long: longer than any job may take, so that no other instance starts it meanwhile.
const CLAIM: chrono::Duration = chrono::Duration::seconds(60);
/// One job may take this long.
const DEADLINE: Duration = Duration::from_secs(20);
/// After this many attempts a job is given up: with the pauses below, after about two days.
const MOST_ATTEMPTS: i32 = 17;

/// How an attempt ended.
enum Ended {
    Done,
    Later(Failure),
    Never(Failure),
}

/// Works until `shutdown`; jobs claimed by then are finished or given back.
///
/// Each kind has seats of its own, and a free seat is taken immediately. A job that hangs holds up neither the other kind nor
/// the next job, and its seat only for as long as a job may take. Nor does a query that the network swallowed: the next turn
/// asks again over another connection, and the claim of a job that is not begun lapses.
pub(super) async fn run(app: &App, shutdown: &CancellationToken) {
    let seats = JobKind::ALL
        .iter()
        .map(|kind| (*kind, Arc::new(Semaphore::new(AT_ONCE))));
    let seats: Vec<(JobKind, Arc<Semaphore>)> = seats.collect();
    let mut running = JoinSet::new();
    while !shutdown.is_cancelled() {
        for (kind, seats) in &seats {
            if let Err(error) = begin(app, *kind, seats, &mut running).await {
                tracing::warn!(%error, %kind, "cannot read the queue");
            }
        }
        if let Err(error) = count_waiting(app).await {
            tracing::warn!(%error, "cannot count the waiting jobs");
        }
        app.worker.beat();
        tokio::select! {
            Some(_) = running.join_next() => while running.try_join_next().is_some() {},
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Begins as many jobs of a kind as there are seats; returns how many.
async fn begin(
    app: &App,
    kind: JobKind,
    seats: &Arc<Semaphore>,
    running: &mut JoinSet<()>,
) -> sqlx::Result<usize> {
    let free = std::iter::from_fn(|| seats.clone().try_acquire_owned().ok());
    let free: Vec<OwnedSemaphorePermit> = free.collect();
    if free.is_empty() {
        return Ok(0);
    }
    let now = app.clock.now();
    let limit = i64::try_from(free.len()).unwrap_or(i64::MAX);
    let jobs = in_time(queries::jobs::claim(&app.pool, kind, now, now + CLAIM, limit)).await?;
    let count = jobs.len();
    for (job, seat) in jobs.into_iter().zip(free) {
        let app = app.clone();
        running.spawn(async move {
            work(&app, job).await;
            drop(seat);
        });
    }
    Ok(count)
}

/// Works on what is due now, as many of each kind as there are seats; returns how many.
pub async fn run_due(app: &App) -> sqlx::Result<usize> {
    let mut running = JoinSet::new();
    let mut count = 0;
    for kind in JobKind::ALL {
        count += begin(app, *kind, &Arc::new(Semaphore::new(AT_ONCE)), &mut running).await?;
    }
    running.join_all().await;
    count_waiting(app).await?;
    Ok(count)
}

/// At every reading: another instance may have done what waited here.
async fn count_waiting(app: &App) -> sqlx::Result<()> {
    let waiting = in_time(queries::jobs::waiting(&app.pool)).await?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a queue of 2^52 jobs is not going to happen"
    )]
    metrics::gauge!("icusync_jobs_waiting").set(waiting as f64);
    Ok(())
}

async fn work(app: &App, job: Job) {
    let ended = guarded(attempt(app, &job)).await;
    let now = app.clock.now();
    let (outcome, written) = match ended {
        Ended::Later(why) if job.attempts < MOST_ATTEMPTS => {
            let pause = pause_after(job.attempts, app.random.unit());
            (
                "later",
                in_time(queries::jobs::postpone(&app.pool, job.id, why, now + pause)).await,
            )
        }
        Ended::Done => finish(app, &job, JobState::Done, None, now).await,
        Ended::Later(why) | Ended::Never(why) => finish(app, &job, JobState::Failed, Some(why), now).await,
    };
    metrics::counter!("icusync_jobs_total", "kind" => job.kind.as_str(), "name" => job.name, "outcome" => outcome)
        .increment(1);
    if let Err(error) = written {
        // The claim lapses and the job runs again; a mail then carries the same Message-ID.
        tracing::warn!(job = %job.id, %error, "cannot record how a job ended");
    }
}

async fn finish(
    app: &App,
    job: &Job,
    state: JobState,
    failure: Option<Failure>,
    now: DateTime<Utc>,
) -> (&'static str, sqlx::Result<()>) {
    let Job {
        id,
        kind,
        name,
        attempts,
        ..
    } = job;
    if let Some(failure) = failure {
        tracing::warn!(job = %id, %kind, name, attempts, %failure, "gave up a job");
    }
    (
        state.as_str(),
        in_time(queries::jobs::finish(&app.pool, *id, state, failure, now)).await,
    )
}

/// One attempt, within its time; one that panics costs an attempt, not the worker.
async fn guarded(attempt: impl Future<Output = Ended>) -> Ended {
    match tokio::time::timeout(DEADLINE, AssertUnwindSafe(attempt).catch_unwind()).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => {
            tracing::error!("a job panicked");
            Ended::Later(Failure::Panicked)
        }
        Err(_) => Ended::Later(Failure::TookTooLong),
    }
}

async fn attempt(app: &App, job: &Job) -> Ended {
    match job.kind {
        JobKind::Mail => mail(app, job).await,
        JobKind::Revoke => revoke(app, job).await,
    }
}

async fn mail(app: &App, job: &Job) -> Ended {
    let Ok(mut parcel) = outbox::open(app, job.id, &job.payload) else {
        return Ended::Never(Failure::DoesNotOpen);
    };
    let Ok(policy) = in_time(policy::now(app)).await else {
        return Ended::Later(Failure::DatabaseAway);
    };
    if let Some(ended) = with_the_url_of_now(app, &policy, &mut parcel).await {
        return ended;
    }
    let envelope = Envelope {
        to: parcel.to,
        at: job.created_at,
        public_url: app.config.public_url.as_str().to_owned(),
        has_links: policy.has_links(),
    };
    let Ok(letter) = parcel.mail.render(&envelope) else {
        return Ended::Never(Failure::DoesNotRender);
    };
    let Ok(from) = app.config.mail_from.parse() else {
        return Ended::Never(Failure::NoSender);
    };
    let host = app.config.public_url.authority();
    match app
        .mail
        .send(
            job.id,
            &from,
            host.split(':').next().unwrap_or_default(),
            &envelope,
            &letter,
        )
        .await
    {
        Ok(()) => Ended::Done,
        Err(SendError::Later) => Ended::Later(Failure::NotDelivered),
        Err(SendError::Never) => Ended::Never(Failure::RefusedForGood),
    }
}

/// Puts the coach's current URL into a mail that holds one: it may have been regenerated while the mail waited, and a URL that
/// no longer works must not be sent. A mail about a URL that was switched off, or where the policy has none, goes without one. Returns how the job ends when it
/// cannot be sent.
async fn with_the_url_of_now(app: &App, policy: &Policy, parcel: &mut Parcel) -> Option<Ended> {
    let url = parcel.mail.url_mut()?;
    if !policy.has_links() {
        *url = None;
        return None;
    }
    let Ok(address) = Address::parse(&parcel.to) else {
        return Some(Ended::Never(Failure::NoAddress));
    };
    let link = async {
        match queries::coaches::by_email(&app.pool, &address.key).await? {
            Some(coach) => queries::connectors::of_coach(&app.pool, coach.id).await,
            None => Ok(None),
        }
    };
    match link.await {
        Ok(Some(link)) if link.token_sealed.is_none() => {
            *url = None;
            None
        }
        Ok(Some(link)) => match connector::url(app, &link) {
            Some(now) => {
                *url = Some(now);
                None
            }
            None => Some(Ended::Later(Failure::UrlDoesNotOpen)),
        },
        Ok(None) => Some(Ended::Never(Failure::CoachIsGone)),
        Err(_) => Some(Ended::Later(Failure::DatabaseAway)),
    }
}

async fn revoke(app: &App, job: &Job) -> Ended {
    let Ok(plain) = app.keys.open(outbox::place(job.id), &job.payload) else {
        return Ended::Never(Failure::DoesNotOpen);
    };
    let Ok(Revoke { token, athlete }) = serde_json::from_slice(&plain) else {
        return Ended::Never(Failure::Unreadable);
    };
    // Upstream's revoke ends our access to the athlete altogether: a late one must not end a newer consent.
    match queries::connections::is_tied(&app.pool, &athlete).await {
        Ok(false) => {}
        Ok(true) => return Ended::Done,
        Err(_) => return Ended::Later(Failure::DatabaseAway),
    }
    match app.intervals.disconnect(&Credential::Bearer(token.into())).await {
        // A token that upstream no longer knows is as good as revoked.
        Ok(()) | Err(intervals::Error::Unauthorized) => Ended::Done,
        Err(intervals::Error::Busy { .. } | intervals::Error::Unavailable | intervals::Error::TimedOut) => {
            Ended::Later(Failure::UpstreamAway)
        }
        Err(_) => Ended::Never(Failure::UpstreamRefused),
    }
}

/// 30 s, 1 min, 2 min … at most 6 h, each up to a quarter longer so that a flood spreads.
fn pause_after(attempts: i32, jitter: f64) -> chrono::Duration {
    let doubled = 30_i64 << attempts.clamp(1, 12).saturating_sub(1);
    let seconds = doubled.min(6 * 3600);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a few hours in milliseconds"
    )]
    let extra = (seconds as f64 * 250.0 * jitter) as i64;
    chrono::Duration::seconds(seconds) + chrono::Duration::milliseconds(extra)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_costs_an_attempt_and_not_the_worker() {
        assert!(matches!(
            guarded(async { panic!("a job's own text") }).await,
            Ended::Later(Failure::Panicked)
        ));
    }

    #[test]
    fn pauses_double_up_to_six_hours_and_add_up_to_the_two_days_that_pages_promise() {
        let plain: Vec<i64> = (1..MOST_ATTEMPTS)
            .map(|attempt| pause_after(attempt, 0.0).num_seconds())
            .collect();
        assert_eq!(plain[..4], [30, 60, 120, 240]);
        assert!(plain.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(plain[13], 6 * 3600);
        assert!(pause_after(1, 0.999).num_milliseconds() < 37_500);
        let (shortest, longest) = (plain.iter().sum::<i64>(), plain.iter().sum::<i64>() * 5 / 4);
        assert!(shortest > 40 * 3600 && longest < 60 * 3600);
    }
}
