//! Every sealed value in the database: which key sealed it, and how another key seals it again.
//!
//! A sealed column that is missing here would keep its old key for ever. Sealing itself is pure and is in [`crate::secrets`].

use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    secrets::Held,
    words::{JobKind, closed_set},
};

closed_set! {
    /// A table with a column of sealed values; its rows have a `uuid` as id.
    pub enum Store {
        /// `connections.token_sealed`
        Connections = "connections",
        /// `links.token_sealed`
        Links = "links",
        /// `jobs.payload`
        Jobs = "jobs",
        /// `changes.sealed`
        Changes = "changes",
        /// `identities.tokens_sealed`
        Identities = "identities",
        /// `totp.secret_sealed`
        Totp = "totp",
    }
}

impl Store {
    /// The table and the column.
    pub const fn place(self) -> (&'static str, &'static str) {
        let column = match self {
            Self::Connections | Self::Links => "token_sealed",
            Self::Jobs => "payload",
            Self::Changes => "sealed",
            Self::Identities => "tokens_sealed",
            Self::Totp => "secret_sealed",
        };
        (self.as_str(), column)
    }
}

/// One sealed value.
#[derive(Debug)]
pub struct Sealed {
    /// Its row.
    pub id: Uuid,
    /// The sealed value.
    pub value: Vec<u8>,
}

/// Up to `limit` values, in the order of their rows after `after`, that do not begin with `header`: those sealed with
/// another key than the header's.
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
                select id, token_sealed as "value!" from connectors
                where id > $1 and token_sealed is not null and substring(token_sealed from 1 for octet_length($2::bytea)) <> $2
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
                where id > $1 and payload is not null and substring(payload from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
        Store::Changes => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, sealed as "value!" from changes
                where id > $1 and sealed is not null and substring(sealed from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
        Store::Identities => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, tokens_sealed as "value!" from identities
                where id > $1 and tokens_sealed is not null
                    and substring(tokens_sealed from 1 for octet_length($2::bytea)) <> $2
                order by id limit $3
                "#,
                after,
                header,
                limit
            )
            .fetch_all(pool)
            .await
        }
        Store::Totp => {
            sqlx::query_as!(
                Sealed,
                r#"
                select id, secret_sealed as "value!" from totp
                where id > $1 and substring(secret_sealed from 1 for octet_length($2::bytea)) <> $2
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

/// One sealed value, and what it contains.
#[derive(Debug)]
pub struct Holding {
    /// Its table.
    pub store: Store,
    /// Its row.
    pub id: Uuid,
    /// What it contains.
    pub holds: Held,
    /// The sealed value.
    pub value: Vec<u8>,
}

/// Up to `limit` sealed values of all tables, in the order of their rows after `after`.
pub async fn all(pool: &PgPool, after: Uuid, limit: i64) -> sqlx::Result<Vec<Holding>> {
    sqlx::query_as!(
        Holding,
        r#"
        select source as "store!: Store", id as "id!", holds as "holds!: Held", value as "value!"
        from (
            select $3::text as source, id, $6::text as holds, token_sealed as value
            from connections where token_sealed is not null
            union all
            select $4, id, case when coach_id is null then $7 else $8 end, token_sealed from connectors
            where token_sealed is not null
            union all
            select $5, id, kind, payload from jobs where payload is not null and kind = any($9)
            union all
            select $10, id, $11, sealed from changes where sealed is not null
            union all
            select $12, id, $13, tokens_sealed from identities where tokens_sealed is not null
            union all
            select $14, id, $15, secret_sealed from totp
        ) whole
        where id > $1
        order by id limit $2
        "#,
        after,
        limit,
        Store::Connections.as_str(),
        Store::Links.as_str(),
        Store::Jobs.as_str(),
        Held::Connection.as_str(),
        Held::AthleteUrl.as_str(),
        Held::CoachUrl.as_str(),
        &JobKind::words(),
        Store::Changes.as_str(),
        Held::Change.as_str(),
        Store::Identities.as_str(),
        Held::Identity.as_str(),
        Store::Totp.as_str(),
        Held::Totp.as_str()
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
            select $2::text as "store!: Store", id as "id!", $5::text as "holds!: Held", token_sealed as "value!"
            from connections where token_sealed is not null order by id desc limit $1
        )
        union all
        (
            select $3, id, case when coach_id is null then $6 else $7 end, token_sealed
            from connectors where token_sealed is not null order by id desc limit $1
        )
        union all
        (
            select $4, id, kind, payload from jobs where payload is not null and kind = any($8) order by id desc limit $1
        )
        union all
        (select $9, id, $10, sealed from changes where sealed is not null order by id desc limit $1)
        union all
        (select $11, id, $12, tokens_sealed from identities where tokens_sealed is not null order by id desc limit $1)
        union all
        (select $13, id, $14, secret_sealed from totp order by id desc limit $1)
        "#,
        limit,
        Store::Connections.as_str(),
        Store::Links.as_str(),
        Store::Jobs.as_str(),
        Held::Connection.as_str(),
        Held::AthleteUrl.as_str(),
        Held::CoachUrl.as_str(),
        &JobKind::words(),
        Store::Changes.as_str(),
        Held::Change.as_str(),
        Store::Identities.as_str(),
        Held::Identity.as_str(),
        Store::Totp.as_str(),
        Held::Totp.as_str()
    )
    .fetch_all(pool)
    .await
}

/// Replaces `old` by `new`; false if the row now has something else, which then is newer than both.
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
                "update connectors set token_sealed = $3 where id = $1 and token_sealed = $2",
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
        Store::Changes => {
            sqlx::query!(
                "update changes set sealed = $3 where id = $1 and sealed = $2",
                id,
                old,
                new
            )
            .execute(pool)
            .await?
        }
        Store::Identities => {
            sqlx::query!(
                "update identities set tokens_sealed = $3 where id = $1 and tokens_sealed = $2",
                id,
                old,
                new
            )
            .execute(pool)
            .await?
        }
        Store::Totp => {
            sqlx::query!(
                "update totp set secret_sealed = $3 where id = $1 and secret_sealed = $2",
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

/// How many values are sealed with one key.
#[derive(Debug)]
pub struct Count {
    /// The key's id as in the values; empty for a value too short to have one.
    pub key: Vec<u8>,
    /// How many.
    pub count: i64,
}

/// All sealed values, counted by key. A value is `version, length of the key's id, id, …`.
pub async fn count_by_key(pool: &PgPool) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"
        select key as "key!", count(*) as "count!"
        from (
            select case when octet_length(value) > 2 then substring(value from 3 for get_byte(value, 1)) else '' end as key
            from (
                select token_sealed as value from connections where token_sealed is not null
                union all
                select token_sealed from connectors where token_sealed is not null
                union all
                select payload from jobs where payload is not null
                union all
                select sealed from changes where sealed is not null
                union all
                select tokens_sealed from identities where tokens_sealed is not null
                union all
                select secret_sealed from totp
            ) whole
        ) named
        group by key
        order by key
        "#
    )
    .fetch_all(pool)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_job_is_a_word_of_held() {
        for kind in JobKind::words() {
            assert!(Held::of(&kind).is_some(), "{kind}");
        }
    }
}
