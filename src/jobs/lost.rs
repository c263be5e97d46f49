//! Whether the keys of this instance open the sealed values in the database.
//!
//! An id proves nothing: another key may have it. So values are opened, and not samples but all of them, because only that
//! shows what is lost; it takes some microseconds each. Between two full checks the newest values of each table are tried
//! often: they include what another instance seals with a key that this one does not have.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{LONGEST, reseal::place};
use crate::{
    app::App,
    queries::sealed::{self, Holding},
    secrets::{KeyRing, Look, Openable, Seals},
};

/// Values read at once.
const BATCH: i64 = 1_000;
/// How many of the newest values of each table are tried between two full checks.
const NEWEST: i64 = 50;
/// How often the newest are tried.
const EVERY: Duration = Duration::from_mins(1);
/// One check in this many tries all of them.
const WHOLE_EVERY: u32 = 60;
/// Replaces the key of a value that names none.
const NAMELESS: &str = "unreadable";

/// Tries to open every sealed value.
pub async fn look(pool: &PgPool, keys: &KeyRing) -> sqlx::Result<Look> {
    let mut look = Look::default();
    let mut after = Uuid::nil();
    loop {
        let values = sealed::all(pool, after, BATCH).await?;
        let Some(last) = values.last() else { break };
        after = last.id;
        try_all(&mut look, keys, &values);
    }
    Ok(look)
}

fn try_all(look: &mut Look, keys: &KeyRing, values: &[Holding]) {
    for value in values {
        let named = KeyRing::key_named(&value.value);
        let key = look.0.entry(named.unwrap_or(NAMELESS).to_owned()).or_default();
        key.on_ring = named.is_some_and(|id| keys.ids().any(|known| known == id));
        if keys.open(place(value.store, value.id), &value.value).is_ok() {
            key.opened += 1;
        } else {
            *key.lost.entry(value.holds).or_default() += 1;
        }
    }
}

/// Notes a check for `/readyz` and the page Status, and logs it if it is news.
pub fn note(seals: &Seals, look: Look) {
    let (lost, words) = (look.lost(), look.words());
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sealed values")]
    metrics::gauge!("icusync_sealed_values_lost").set(lost as f64);
    if seals.note(look) && lost > 0 {
        tracing::error!(
            lost,
            what = words,
            "some sealed values do not open with the configured keys"
        );
    }
}

/// Checks whether anything has changed: tries the newest values, and all of them when one of those does not open, when
/// something was lost before, or when `whole`.
pub async fn look_again(app: &App, whole: bool) -> sqlx::Result<()> {
    if !whole && app.seals.state() == Openable::All {
        let mut newest = Look::default();
        try_all(&mut newest, &app.keys, &sealed::newest(&app.pool, NEWEST).await?);
        if newest.lost() == 0 {
            return Ok(());
        }
    }
    note(&app.seals, look(&app.pool, &app.keys).await?);
    Ok(())
}

/// Checks every minute until `shutdown`. The first check is not a full one: the start of the service has just done one.
pub(super) async fn run(app: &App, shutdown: &CancellationToken) {
    let looking = async {
        for turn in (0..WHOLE_EVERY).cycle().skip(1) {
            match tokio::time::timeout(LONGEST, look_again(app, turn == 0)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "cannot check whether the sealed values open"),
                Err(_) => tracing::warn!("checking whether the sealed values open took too long"),
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = looking => {}
    }
}
