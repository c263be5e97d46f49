//! Key rotation: values that an old key of the ring sealed are sealed again with the first one.
//!
//! A value is replaced only if it is still as it was read, so any number of instances may do this at once, a write in between
//! wins, and an interruption leaves every value openable with one key or the other.

use std::collections::BTreeMap;

use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    app::App,
    guard::{connection::token_place, connector, identities::tokens_place, journal, totp},
    ids::{ChangeId, ConnectionId, ConnectorId, IdentityId, JobId, TotpId},
    mail::outbox,
    queries::sealed::{self, Store},
    secrets::{KeyRing, Place},
};

/// Values read at once.
const BATCH: i64 = 200;
/// Replaces the key of a value that names none.
const NAMELESS: &str = "unreadable";

/// How much one key is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's id.
    pub id: String,
    /// Whether the ring has it.
    pub known: bool,
    /// Whether it is the one that seals.
    pub seals: bool,
    /// Values under it, in all tables.
    pub values: u64,
}

/// Seals again everything that another key than the first has sealed, and returns how much each key is used after that. A
/// value that does not open in its place (its key is gone, or it belongs to another row) is left as it is.
pub async fn reseal(app: &App) -> sqlx::Result<Vec<KeyUse>> {
    for &store in Store::ALL {
        let (table, _) = store.place();
        let (mut done, mut closed) = (0_u64, 0_u64);
        let mut after = Uuid::nil();
        loop {
            let values = sealed::under_other_keys(&app.pool, store, &app.keys.header(), after, BATCH).await?;
            let Some(last) = values.last() else { break };
            after = last.id;
            for value in values {
                match app.keys.reseal(place(store, value.id), &value.value, &app.random) {
                    Ok(new) => {
                        let replaced =
                            sealed::replace(&app.pool, store, value.id, &value.value, &new).await?;
                        done += u64::from(replaced);
                    }
                    Err(_) => closed += 1,
                }
            }
        }
        if done + closed > 0 {
            tracing::info!(table, done, closed, "sealed again with the first key");
            metrics::counter!("icusync_resealed_total", "table" => table).increment(done);
        }
    }
    let uses = key_use(&app.pool, &app.keys).await?;
    for key in &uses {
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sealed values")]
        metrics::gauge!("icusync_sealed_values", "key" => key.id.clone()).set(key.values as f64);
    }
    Ok(uses)
}

/// How much each key is used: first the ring's in its order, then those that it does not have.
pub async fn key_use(pool: &PgPool, keys: &KeyRing) -> sqlx::Result<Vec<KeyUse>> {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for count in sealed::count_by_key(pool).await? {
        *counted.entry(name_of(&count.key)).or_default() += u64::try_from(count.count).unwrap_or(0);
    }
    let mut uses: Vec<KeyUse> = keys
        .ids()
        .enumerate()
        .map(|(at, id)| KeyUse {
            id: id.to_owned(),
            known: true,
            seals: at == 0,
            values: counted.remove(id).unwrap_or(0),
        })
        .collect();
    uses.extend(counted.into_iter().map(|(id, values)| KeyUse {
        id,
        known: false,
        seals: false,
        values,
    }));
    Ok(uses)
}

/// The keys that can be taken off the ring: they do not seal, and no value is under them.
pub fn idle(uses: &[KeyUse]) -> impl Iterator<Item = &str> {
    uses.iter()
        .filter(|key| key.known && !key.seals && key.values == 0)
        .map(|key| key.id.as_str())
}

pub(super) fn place(store: Store, row: Uuid) -> Place {
    match store {
        Store::Connections => token_place(ConnectionId(row)),
        Store::Links => connector::place(ConnectorId(row)),
        Store::Jobs => outbox::place(JobId(row)),
        Store::Changes => journal::place(ChangeId(row)),
        Store::Identities => tokens_place(IdentityId(row)),
        Store::Totp => totp::place(TotpId(row)),
    }
}

/// The id in a value; text that cannot be one does not get into a log or a label.
fn name_of(key: &[u8]) -> String {
    let is_id = (1..=16).contains(&key.len())
        && key
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
    if is_id {
        String::from_utf8_lossy(key).into_owned()
    } else {
        NAMELESS.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, known: bool, seals: bool, values: u64) -> KeyUse {
        KeyUse {
            id: id.to_owned(),
            known,
            seals,
            values,
        }
    }

    #[test]
    fn a_key_can_go_when_it_neither_seals_nor_is_needed() {
        let uses = [
            key("k3", true, true, 0),
            key("k2", true, false, 0),
            key("k1", true, false, 1),
            key("k0", false, false, 4),
        ];
        assert_eq!(idle(&uses).collect::<Vec<_>>(), ["k2"]);
    }

    #[test]
    fn text_that_is_not_an_id_is_not_repeated() {
        for (key, name) in [
            (&b"k1"[..], "k1"),
            (b"", NAMELESS),
            (b"K1", NAMELESS),
            (b"\xff\xfe", NAMELESS),
            (b"k1k1k1k1k1k1k1k1k", NAMELESS),
        ] {
            assert_eq!(name_of(key), name);
        }
    }

    #[test]
    fn every_place_names_its_own_column() {
        for &store in Store::ALL {
            let place = place(store, Uuid::nil());
            assert_eq!((place.table, place.column), store.place());
        }
    }
}
