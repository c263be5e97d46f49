//! The people of the bench: athletes who are connected, each with a link and a sign-in, and two coaches with theirs.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use icusync::{
    guard::{connection, connector},
    ids::{AccountId, CoachId, ConnectionId, ConnectorId, GrantId},
    permissions::{self, Access},
    queries::{
        self,
        connections::{NewConnection, Profile},
        grants::{NewGrant, Terms},
        sign_ins::{self, Owner},
    },
    secrets::{KeyRing, Random, Token, TokenKind},
    time::Clock,
    words::{ConnectionKind, ZoneSource},
};
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};

use crate::upstream::athlete_id;

/// How many athletes are asked about in turn.
pub(crate) const ATHLETES: usize = 10_000;
/// Athletes of the coach whose overview is measured.
pub(crate) const ROSTER: usize = 25;
/// Athletes of the coach beside whom others are measured.
pub(crate) const LARGE_ROSTER: usize = 100;

/// Athletes in one transaction.
const AT_ONCE: usize = 250;
/// Transactions at the same time.
const LANES: usize = 4;
const ZONE: &str = "Europe/Berlin";

/// The secrets of somebody's two connectors.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    /// The link token.
    pub(crate) link: Token,
    /// The access token of the sign-in.
    pub(crate) access: Token,
}

/// Everyone.
#[derive(Debug, Clone)]
pub(crate) struct People {
    /// In the order of their ids.
    pub(crate) athletes: Vec<Tokens>,
    /// With a grant from the first [`ROSTER`] athletes.
    pub(crate) coach: Tokens,
    /// With a grant from the [`LARGE_ROSTER`] athletes after them.
    pub(crate) large_coach: Tokens,
}

/// Fills the migrated database at `url`, whose service seals with `keys`.
pub(crate) async fn seed(url: &str, keys: &str) -> anyhow::Result<People> {
    let lanes = u32::try_from(LANES)?;
    let pool = PgPoolOptions::new().max_connections(lanes).connect(url).await?;
    let people = Seeder {
        pool: pool.clone(),
        keys: KeyRing::parse(keys)?,
        clock: Clock::system(),
        random: Random::from_os(),
    }
    .everyone()
    .await;
    pool.close().await;
    people.context("cannot fill the database")
}

#[derive(Clone)]
struct Seeder {
    pool: PgPool,
    keys: KeyRing,
    clock: Clock,
    random: Random,
}

impl Seeder {
    async fn everyone(self) -> anyhow::Result<People> {
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let seeder = self.clone();
            lanes.push(tokio::spawn(async move { seeder.lane(lane).await }));
        }
        let mut athletes: Vec<(usize, AccountId, Tokens)> = Vec::new();
        for lane in lanes {
            athletes.extend(lane.await??);
        }
        athletes.sort_by_key(|(number, ..)| *number);
        let accounts: Vec<AccountId> = athletes.iter().map(|(_, account, _)| *account).collect();
        let coach = self.coach("coach@bench.test", 0, &accounts[..ROSTER]).await?;
        let others = &accounts[ROSTER..ROSTER + LARGE_ROSTER];
        let large_coach = self.coach("large@bench.test", ROSTER, others).await?;
        // A first use is written at once, and happens once: what is measured are the calls after it.
        sqlx::query(
            "update connectors set last_used_at = $1, first_used_at = case when is_sign_in then $1 end",
        )
        .bind(self.now() - TimeDelta::days(1))
        .execute(&self.pool)
        .await?;
        Ok(People {
            athletes: athletes.into_iter().map(|(.., tokens)| tokens).collect(),
            coach,
            large_coach,
        })
    }

    /// Every athlete of one lane, some at once.
    async fn lane(&self, lane: usize) -> anyhow::Result<Vec<(usize, AccountId, Tokens)>> {
        let numbers: Vec<usize> = (lane..ATHLETES).step_by(LANES).collect();
        let mut made = Vec::new();
        for some in numbers.chunks(AT_ONCE) {
            let mut transaction = self.pool.begin().await?;
            for &number in some {
                let (account, tokens) = self.athlete(&mut transaction, number).await?;
                made.push((number, account, tokens));
            }
            transaction.commit().await?;
        }
        Ok(made)
    }

    async fn athlete(&self, db: &mut PgConnection, number: usize) -> anyhow::Result<(AccountId, Tokens)> {
        let (now, athlete) = (self.now(), athlete_id(number));
        let email = format!("{athlete}@bench.test");
        let account = AccountId(self.id());
        queries::accounts::create_of_athlete(&mut *db, account, &athlete, Some((&email, &email)), now)
            .await?
            .context("the athlete has an account")?;
        let (link, id) = (Token::mint(TokenKind::Link, &self.random), ConnectorId(self.id()));
        let sealed = self.sealed_link(id, &link);
        queries::connectors::create(&mut *db, id, account, link.hash(), &sealed, now).await?;
        self.connect(db, account, number, now).await?;
        let access = self.sign_in(db, Owner::Account(account), now).await?;
        Ok((account, Tokens { link, access }))
    }

    /// Connected, and with a profile that was read just now, so that no call reads it first.
    async fn connect(
        &self,
        db: &mut PgConnection,
        account: AccountId,
        number: usize,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let (athlete, name) = (athlete_id(number), name(number));
        let scopes = ["ACTIVITY", "WELLNESS", "CALENDAR", "SETTINGS"].map(|area| format!("{area}:WRITE"));
        let id = ConnectionId(self.id());
        let new = NewConnection {
            id,
            account_id: account,
            athlete_id: &athlete,
            athlete_name: &name,
            kind: ConnectionKind::OAuth,
            scopes: &scopes,
            scopes_before: None,
            now,
        };
        let token = format!("bench-token-of-{athlete}");
        let sealed = self
            .keys
            .seal(connection::token_place(id), token.as_bytes(), &self.random);
        queries::connections::connect(&mut *db, new, &sealed).await?;
        let profile = Profile {
            athlete_name: name,
            zone: Some((ZONE.to_owned(), ZoneSource::Settings)),
            imperial: false,
            weight_in_lb: false,
            fahrenheit: false,
            thresholds_on: None,
        };
        Ok(queries::connections::refresh(&mut *db, id, &athlete, &profile, now).await?)
    }

    async fn sign_in(
        &self,
        db: &mut PgConnection,
        owner: Owner,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Token> {
        let access = Token::mint(TokenKind::Access, &self.random);
        let id = ConnectorId(self.id());
        let later = now + chrono::Duration::days(14);
        let new = sign_ins::New {
            id,
            owner,
            groups_off: &[],
            may_write: false,
            client_id: "https://bench.test/client.json",
            client_name: "icusync-bench",
            client_host: Some("bench.test"),
            redirect_host: "bench.test",
            scope: "read write",
            now,
            ends_at: later,
        };
        sign_ins::create(&mut *db, &new).await?;
        sign_ins::add_access(&mut *db, access.hash(), id, now, later).await?;
        Ok(access)
    }

    /// A coach to whom these athletes, the first of whom has the number `first`, grant every read.
    async fn coach(&self, email: &str, first: usize, athletes: &[AccountId]) -> anyhow::Result<Tokens> {
        let now = self.now();
        let reads = permissions::ALL.iter().filter(|tool| tool.access == Access::Read);
        let tools: Vec<String> = reads.map(|tool| tool.name.to_owned()).collect();
        let terms = Terms {
            tools: &tools,
            note: "",
            expires_at: None,
        };
        let mut transaction = self.pool.begin().await?;
        let db = &mut *transaction;
        let coach = queries::coaches::of_address(&mut *db, CoachId(self.id()), email, email, now)
            .await?
            .id;
        let (link, id) = (Token::mint(TokenKind::Link, &self.random), ConnectorId(self.id()));
        let sealed = self.sealed_link(id, &link);
        queries::connectors::create_for_coach(&mut *db, id, coach, link.hash(), &sealed, now).await?;
        let access = self.sign_in(db, Owner::Coach(coach), now).await?;
        for (number, account) in (first..).zip(athletes) {
            let new = NewGrant {
                id: GrantId(self.id()),
                coach_id: coach,
                account_id: *account,
                athlete_id: &athlete_id(number),
                athlete_name: &name(number),
                athlete_zone: Some(ZONE),
                now,
            };
            queries::grants::create(&mut *db, new, &terms).await?;
        }
        transaction.commit().await?;
        Ok(Tokens { link, access })
    }

    fn sealed_link(&self, id: ConnectorId, link: &Token) -> Vec<u8> {
        self.keys
            .seal(connector::place(id), link.expose().as_bytes(), &self.random)
    }

    fn id(&self) -> sqlx::types::Uuid {
        self.random.uuid(&self.clock)
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn name(number: usize) -> String {
    format!("Athlete {number:05}")
}
