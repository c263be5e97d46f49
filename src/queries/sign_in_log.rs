//! Who signed in, who was refused and why, and what each person chose last for a client.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Db, sign_ins::Owner};
use crate::words::{Factor, SignInOutcome, Way};

/// A row to write.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// The row.
    pub id: Uuid,
    /// Now.
    pub at: DateTime<Utc>,
    /// In whose log.
    pub owner: Owner,
    /// The client; none for the dashboard.
    pub client: Option<&'a str>,
    /// How it went.
    pub outcome: SignInOutcome,
    /// The network's prefix.
    pub network: &'a str,
    /// The browser in words.
    pub browser: &'a str,
    /// The way in, and the factor.
    pub how: How,
}

/// By which way somebody came in, and with which factor; none where they have no meaning or are not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct How {
    /// The way in.
    pub way: Option<Way>,
    /// The factor besides.
    pub factor: Option<Factor>,
}

impl How {
    /// By this way, and no factor.
    pub const fn by(way: Way) -> Self {
        Self {
            way: Some(way),
            factor: None,
        }
    }
}

/// Writes a row, with what is new in it: the client, the network or the browser, if no sign-in that was granted had it before.
/// The first sign-in of all has nothing new.
pub async fn write(db: impl Db<'_>, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with before as materialized (
            select client, network, browser from sign_in_log
            where (account_id = $3 or coach_id = $4) and outcome = $9
        )
        insert into sign_in_log (id, at, account_id, coach_id, client, outcome, network, browser, way, factor, news)
        select $1, $2, $3, $4, $5, $6, $7, $8, $10, $11, case when exists (select from before) then array_remove(array[
            case when not exists (select from before where client is not distinct from $5) then 'client' end,
            case when not exists (select from before where network = $7) then 'network' end,
            case when not exists (select from before where browser = $8) then 'browser' end
        ], null) else '{}' end
        "#,
        new.id,
        new.at,
        new.owner.account(),
        new.owner.coach(),
        new.client,
        new.outcome.as_str(),
        new.network,
        new.browser,
        SignInOutcome::Granted.as_str(),
        new.how.way.map(Way::as_str),
        new.how.factor.map(Factor::as_str)
    )
    .execute(db)
    .await
    .map(drop)
}

/// A row of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// The client; none for the dashboard.
    pub client: Option<String>,
    /// How it went.
    pub outcome: SignInOutcome,
    /// The network's prefix.
    pub network: String,
    /// The browser in words.
    pub browser: String,
    /// What had not been seen before: client, network, browser.
    pub news: Vec<String>,
    /// The way in.
    pub way: Option<Way>,
    /// The factor besides.
    pub factor: Option<Factor>,
}

/// Somebody's log, newest first: the newest `limit` wrong passwords and codes, and the newest `limit` of everything else, so that
/// no stranger who only guesses pushes the rest out of sight.
pub async fn of(db: impl Db<'_>, owner: Owner, limit: i64) -> sqlx::Result<Vec<Entry>> {
    // What strangers can write into anybody's log.
    let guesses =
        [SignInOutcome::WrongPassword, SignInOutcome::WrongCode].map(|outcome| outcome.as_str().to_owned());
    sqlx::query_as!(
        Entry,
        r#"
        select at as "at!", client, outcome as "outcome!: SignInOutcome", network as "network!", browser as "browser!",
            news as "news!", way as "way: Way", factor as "factor: Factor"
        from (
            (
                select * from sign_in_log where (account_id = $1 or coach_id = $2) and outcome = any($4)
                order by id desc limit $3
            )
            union all
            (
                select * from sign_in_log where (account_id = $1 or coach_id = $2) and outcome <> all($4)
                order by id desc limit $3
            )
        ) shown
        order by id desc
        "#,
        owner.account(),
        owner.coach(),
        limit,
        &guesses
    )
    .fetch_all(db)
    .await
}

/// A row of anybody's log, for the operator.
#[derive(Debug, Clone)]
pub struct Anybodys {
    /// When.
    pub at: DateTime<Utc>,
    /// The address of the athlete or the coach; none for an athlete who has not confirmed one.
    pub email: Option<String>,
    /// Whether it is a coach's.
    pub is_coach: bool,
    /// The client; none for the pages.
    pub client: Option<String>,
    /// How it went.
    pub outcome: SignInOutcome,
    /// The way in.
    pub way: Option<Way>,
    /// The factor besides.
    pub factor: Option<Factor>,
    /// The network's prefix.
    pub network: String,
    /// The browser in words.
    pub browser: String,
}

/// The rows of everybody's log since `since`, newest first; of one address only, if its key is given.
pub async fn of_all(
    db: impl Db<'_>,
    since: DateTime<Utc>,
    email_key: Option<&str>,
) -> sqlx::Result<Vec<Anybodys>> {
    sqlx::query_as!(
        Anybodys,
        r#"
        select l.at, coalesce(a.email, c.email) as email, l.coach_id is not null as "is_coach!", l.client,
            l.outcome as "outcome: SignInOutcome", l.way as "way: Way", l.factor as "factor: Factor", l.network, l.browser
        from sign_in_log l left join accounts a on a.id = l.account_id left join coaches c on c.id = l.coach_id
        where l.at > $1 and ($2::text is null or coalesce(a.email_key, c.email_key) = $2)
        order by l.id desc
        "#,
        since,
        email_key
    )
    .fetch_all(db)
    .await
}

/// Deletes up to `limit` rows written before `before`.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sign_in_log where id in (
            select id from sign_in_log where at < $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// What somebody chose last for a client.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// The client's key.
    pub client: String,
    /// Words of the groups that were left out.
    pub groups_off: Vec<String>,
    /// Whether it might change something.
    pub may_write: bool,
    /// When it was chosen.
    pub chosen_at: DateTime<Utc>,
}

/// What somebody chose last for this client; none for a new one.
pub async fn choice(db: impl Db<'_>, owner: Owner, client: &str) -> sqlx::Result<Option<Choice>> {
    sqlx::query_as!(
        Choice,
        r#"
        select client, groups_off, may_write, chosen_at from sign_in_choices
        where (account_id = $1 or coach_id = $2) and client = $3
        "#,
        owner.account(),
        owner.coach(),
        client
    )
    .fetch_optional(db)
    .await
}

/// Everything that somebody chose, by client.
pub async fn choices(db: impl Db<'_>, owner: Owner) -> sqlx::Result<Vec<Choice>> {
    sqlx::query_as!(
        Choice,
        r#"
        select client, groups_off, may_write, chosen_at from sign_in_choices
        where (account_id = $1 or coach_id = $2)
        order by client
        "#,
        owner.account(),
        owner.coach()
    )
    .fetch_all(db)
    .await
}

/// Remembers what somebody chose for a client; true if the client is new to them.
pub async fn choose(
    db: impl Db<'_>,
    owner: Owner,
    client: &str,
    groups_off: &[String],
    may_write: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        insert into sign_in_choices (account_id, coach_id, client, groups_off, may_write, chosen_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (account_id, coach_id, client) do update
            set groups_off = excluded.groups_off, may_write = excluded.may_write, chosen_at = excluded.chosen_at
        returning xmax = 0 as "is_new!"
        "#,
        owner.account(),
        owner.coach(),
        client,
        groups_off,
        may_write,
        now
    )
    .fetch_one(db)
    .await
}

/// Deletes up to `limit` choices made before `before`.
pub async fn purge_choices(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sign_in_choices where ctid in (select ctid from sign_in_choices where chosen_at < $1 limit $2)
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
