//! The policy, and what is known about somebody whom it judges.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::Db;
use crate::{
    ids::{AccountId, CoachId, IdentityId},
    words::ConnectionStatus,
};

/// A policy that was applied. The newest counts.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// The file.
    pub text: String,
    /// When it was applied.
    pub applied_at: DateTime<Utc>,
}

/// The newest policy; none if none was ever applied.
pub async fn newest(db: impl Db<'_>) -> sqlx::Result<Option<Applied>> {
    sqlx::query_as!(
        Applied,
        "select version, text, applied_at from policies order by version desc limit 1"
    )
    .fetch_optional(db)
    .await
}

/// The number of the newest policy; 0 if none was ever applied.
pub async fn version(db: impl Db<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select coalesce(max(version), 0) as "version!" from policies"#)
        .fetch_one(db)
        .await
}

/// The text of a policy.
pub async fn text_of(db: impl Db<'_>, version: i64) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select text from policies where version = $1", version)
        .fetch_optional(db)
        .await
}

/// Applies a policy; its number.
pub async fn insert(db: impl Db<'_>, text: &str, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into policies (text, applied_at) values ($1, $2) returning version",
        text,
        now
    )
    .fetch_one(db)
    .await
}

/// What is known about the owner of an account or about a coach.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The key of the confirmed address.
    pub address_key: Option<String>,
    /// The id at intervals.icu: of the sign-in, else of the connection, unless that was disconnected.
    pub athlete_id: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// Whether intervals.icu is a way in.
    pub has_intervals: bool,
    /// Whether there is a passkey.
    pub has_passkey: bool,
    /// The identity at the provider that is set up.
    pub identity: Option<Identity>,
}

/// What the provider said about somebody.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The row.
    pub id: IdentityId,
    /// The verified address by which it was bound.
    pub email: String,
    /// Of the claims that the policy names: each with its values.
    pub claims: BTreeMap<String, Vec<String>>,
    /// When the provider last said so; none if it must be asked first.
    pub claims_at: Option<DateTime<Utc>>,
    /// When the provider refused to say it again.
    pub refused_at: Option<DateTime<Utc>>,
}

impl Identity {
    /// The identity of a row in which all of it is there or nothing.
    pub(super) fn of(
        id: Option<IdentityId>,
        email: Option<String>,
        claims: Option<Json<BTreeMap<String, Vec<String>>>>,
        claims_at: Option<DateTime<Utc>>,
        refused_at: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        Some(Self {
            id: id?,
            email: email?,
            claims: claims?.0,
            claims_at,
            refused_at,
        })
    }
}

/// Somebody as the policy sees them.
#[derive(Debug, Clone)]
pub struct Known {
    /// Their address, as typed; else how else they are known.
    pub called: String,
    /// What is known.
    pub facts: Facts,
}

/// A question whose rows also say what the policy looks at, everywhere the same: `athlete` adds the columns about the account `a`,
/// with its connection `c` and its identity `i`; `coach` those about the coach `o`, with the identity `j`.
macro_rules! with_facts {
    (@ $row:ty, [$($sql:tt)+] athlete $($rest:tt)+) => {
        with_facts!(@ $row, [$($sql)+ + r#",
            a.email_key as "account_key?", a.athlete_id as "signs_in_as?",
            c.athlete_id as "connected_as?", c.status as "connected?: ConnectionStatus",
            a.password_hash is not null as "has_password!",
            exists (select from passkeys p where p.account_id = a.id) as "has_passkey!",
            i.id as "identity?: IdentityId", i.email as "identity_email?",
            i.claims as "claims?: Json<BTreeMap<String, Vec<String>>>", i.claims_at as "claims_at?", i.refused_at as "refused_at?"
        "#] $($rest)+)
    };
    (@ $row:ty, [$($sql:tt)+] coach $($rest:tt)+) => {
        with_facts!(@ $row, [$($sql)+ + r#",
            o.email_key as "coach_key?", j.id as "coach_identity?: IdentityId", j.email as "coach_identity_email?",
            j.claims as "coach_claims?: Json<BTreeMap<String, Vec<String>>>", j.claims_at as "coach_claims_at?",
            j.refused_at as "coach_refused_at?"
        "#] $($rest)+)
    };
    (@ $row:ty, [$($sql:tt)+] $rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!($row, $($sql)+ + $rest, $($argument),*)
    };
    ($row:ty, $columns:literal, $($rest:tt)+) => {
        with_facts!(@ $row, [$columns] $($rest)+)
    };
}

/// What a row of [`with_facts`] says about the athlete; it takes it out of the row.
macro_rules! athlete_in {
    ($row:expr) => {
        $crate::queries::policies::Facts {
            address_key: $row.account_key.take(),
            has_intervals: $row.signs_in_as.is_some(),
            athlete_id: match $row.connected {
                Some($crate::words::ConnectionStatus::Disconnected) => $row.signs_in_as.take(),
                _ => $row.signs_in_as.take().or($row.connected_as.take()),
            },
            has_password: $row.has_password,
            has_passkey: $row.has_passkey,
            identity: $crate::queries::policies::Identity::of(
                $row.identity,
                $row.identity_email.take(),
                $row.claims.take(),
                $row.claims_at,
                $row.refused_at,
            ),
        }
    };
}

/// The same about the coach.
macro_rules! coach_in {
    ($row:expr) => {
        $crate::queries::policies::Facts {
            address_key: $row.coach_key.take(),
            identity: $crate::queries::policies::Identity::of(
                $row.coach_identity,
                $row.coach_identity_email.take(),
                $row.coach_claims.take(),
                $row.coach_claims_at,
                $row.coach_refused_at,
            ),
            ..$crate::queries::policies::Facts::default()
        }
    };
}

pub(super) use {athlete_in, coach_in, with_facts};

/// The owner of this account, with the identity at `issuer`.
pub async fn of_account(
    db: impl Db<'_>,
    account_id: AccountId,
    issuer: Option<&str>,
) -> sqlx::Result<Option<Known>> {
    struct Row {
        email: Option<String>,
        account_key: Option<String>,
        signs_in_as: Option<String>,
        connected_as: Option<String>,
        connected: Option<ConnectionStatus>,
        has_password: bool,
        has_passkey: bool,
        identity: Option<IdentityId>,
        identity_email: Option<String>,
        claims: Option<Json<BTreeMap<String, Vec<String>>>>,
        claims_at: Option<DateTime<Utc>>,
        refused_at: Option<DateTime<Utc>>,
    }
    let row = with_facts!(
        Row,
        "select a.email",
        athlete
        r#"
        from accounts a
            left join connections c on c.account_id = a.id
            left join identities i on i.account_id = a.id and i.issuer = $2
        where a.id = $1
        "#,
        account_id.0,
        issuer
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|mut row| {
        let facts = athlete_in!(row);
        Known {
            called: row.email.or_else(|| facts.athlete_id.clone()).unwrap_or_default(),
            facts,
        }
    }))
}

/// The accounts with this address or athlete id.
pub async fn accounts_named(db: impl Db<'_>, named: &str) -> sqlx::Result<Vec<AccountId>> {
    sqlx::query_scalar!(
        r#"
        select a.id as "id: AccountId" from accounts a left join connections c on c.account_id = a.id
        where a.email_key = $1 or a.athlete_id = $1 or c.athlete_id = $1
        order by a.created_at
        "#,
        named
    )
    .fetch_all(db)
    .await
}

/// This coach, with the identity at `issuer`.
pub async fn of_coach(
    db: impl Db<'_>,
    coach_id: CoachId,
    issuer: Option<&str>,
) -> sqlx::Result<Option<Known>> {
    struct Row {
        email: String,
        coach_key: Option<String>,
        coach_identity: Option<IdentityId>,
        coach_identity_email: Option<String>,
        coach_claims: Option<Json<BTreeMap<String, Vec<String>>>>,
        coach_claims_at: Option<DateTime<Utc>>,
        coach_refused_at: Option<DateTime<Utc>>,
    }
    let row = with_facts!(
        Row,
        "select o.email",
        coach
        r#"
        from coaches o left join identities j on j.coach_id = o.id and j.issuer = $2
        where o.id = $1
        "#,
        coach_id.0,
        issuer
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|mut row| Known {
        facts: coach_in!(row),
        called: row.email,
    }))
}
