//! Every sealed value of the database, wherever it stands: which key it is under, and how it comes under another.
//!
//! A sealed column that is missing here would keep its old key for ever. Sealing itself is pure and lives in
//! [`crate::secrets`].

use sqlx::PgPool;
use uuid::Uuid;

/// A column of sealed values; its rows have a `uuid` as id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `connections.token_sealed`
    Connections,
    /// `links.token_sealed`
    Links,
    /// `jobs.payload`
    Jobs,
}

impl Store {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Connections, Self::Links, Self::Jobs];

    /// The store of a table.
    pub fn of(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|store| store.place().0 == table)
    }

    /// Table and column.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Connections => ("connections", "token_sealed"),
            Self::Links => ("links", "token_sealed"),
            Self::Jobs => ("jobs", "payload"),
        }
    }
}

/// One sealed value.
#[derive(Debug)]
pub struct Sealed {
    /// Its row.
    pub id: Uuid,
    /// As it stands there.
    pub value: Vec<u8>,
}

/// Up to `limit` values, in the order of their rows after `after`, that do not begin with `header`: those that another key
/// than the header's has sealed.
pub async fn under_other_keys(
    pool: &PgPool,
    store: Store,
    header: &[u8],
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<Sealed>> {
    match store {
        Store::Connections => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, token_sealed as "value!" from connections
                where id > $1 and token_sealed is not null
                    and substring(token_sealed from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
        Store::Links => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, token_sealed as value from links
                where id > $1 and substring(token_sealed from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
        Store::Jobs => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, payload as "value!" from jobs
                where id > $1 and state = 'pending' and substring(payload from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
    }
}

/// One sealed value, and what it holds.
#[derive(Debug)]
pub struct Holding {
    /// The table.
    pub table: String,
    /// Its row.
    pub id: Uuid,
    /// `connection`, `athlete_url`, `coach_url`, or the job's kind.
    pub holds: String,
    /// As it stands there.
    pub value: Vec<u8>,
}

/// Up to `limit` sealed values of all tables, in the order of their rows after `after`.
pub async fn all(pool: &PgPool, after: Uuid, limit: i64) -> sqlx::Result<Vec<Holding>> {
    sqlx::query_as!(
        Holding,
        r#"
        select source as "table!", id as "id!", holds as "holds!", value as "value!"
        from (
            select 'connections'::text as source, id, 'connection'::text as holds, token_sealed as value
            from connections where token_sealed is not null
            union all
            select 'links'::text, id, case when coach_id is null then 'athlete_url'::text else 'coach_url'::text end, token_sealed
            from links
            union all
            select 'jobs'::text, id, kind, payload from jobs where state = 'pending'
        ) sealed
        where id > $1
        order by id limit $2
        "#,
        after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The newest `limit` sealed values of each table.
pub async fn newest(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Holding>> {
    sqlx::query_as!(
        Holding,
        r#"
        (
            select 'connections'::text as "table!", id as "id!", 'connection'::text as "holds!", token_sealed as "value!"
            from connections where token_sealed is not null order by id desc limit $1
        )
        union all
        (
            select 'links'::text, id, case when coach_id is null then 'athlete_url'::text else 'coach_url'::text end, token_sealed
            from links order by id desc limit $1
        )
        union all
        (select 'jobs'::text, id, kind, payload from jobs where state = 'pending' order by id desc limit $1)
        "#,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Puts `new` into the place of `old`; false when something else stands there by now, which then is newer than both.
pub async fn replace(pool: &PgPool, store: Store, id: Uuid, old: &[u8], new: &[u8]) -> sqlx::Result<bool> {
    let done = match store {
        Store::Connections => {
            sqlx::query!(
                "update connections set token_sealed = $3 where id = $1 and token_sealed = $2",
                id,
                old,
                new
            )
            .execute(pool)
            .await?
        }
        Store::Links => {
            sqlx::query!(
                "update links set token_sealed = $3 where id = $1 and token_sealed = $2",
                id,
                old,
                new
            )
            .execute(pool)
            .await?
        }
        Store::Jobs => {
            sqlx::query!(
                "update jobs set payload = $3 where id = $1 and payload = $2",
                id,
                old,
                new
            )
            .execute(pool)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// How many values of one table one key has sealed.
#[derive(Debug)]
pub struct Count {
    /// The table.
    pub table: String,
    /// The key's id as it stands in the values; empty for a value too short to be one.
    pub key: Vec<u8>,
    /// How many.
    pub count: i64,
}

/// All sealed values, counted by table and key. A value is `version, length of the key's id, id, …`.
pub async fn count_by_key(pool: &PgPool) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"
        select source as "table!", key as "key!", count(*) as "count!"
        from (
            select source, case when octet_length(value) > 2 then substring(value from 3 for get_byte(value, 1)) else '' end
                as key
            from (
                select 'connections' as source, token_sealed as value from connections where token_sealed is not null
                union all
                select 'links', token_sealed from links
                union all
                select 'jobs', payload from jobs where state = 'pending'
            ) whole
        ) named
        group by source, key
        order by source, key
        "#
    )
    .fetch_all(pool)
    .await
}
