//! Who calls, and what may be opened for them: the one question of a call.
//!
//! A caller is known by the hash of a token. The answer is as the rows stood when it was asked; whoever keeps it decides for how
//! long it counts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::{
    Db,
    connections::Connection,
    connectors::Selection,
    grants::Member,
    policies::{Facts, athlete_in, coach_in, with_facts},
};
use crate::{
    ids::{AccountId, CoachId, ConnectionId, ConnectorId, GrantId, IdentityId},
    secrets::TokenHash,
    words::{ConnectionKind, ConnectionStatus, MemberStatus, ZoneSource},
};

/// The owner of a connector, and what may be opened through it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The hash of the token that was asked for.
    pub hash: Vec<u8>,
    /// The connector.
    pub id: ConnectorId,
    /// Whether it is a sign-in.
    pub is_sign_in: bool,
    /// Whether no call ever came through it, or through this token of a link.
    pub is_unused: bool,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// Whether it may change something. A coach's link may: each grant is a switch of its own.
    pub may_write: bool,
    /// Whose it is; none if the row has not one owner.
    pub owner: Option<Owner>,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
    /// What the policy looks at, about the owner.
    pub facts: Facts,
}

/// Whose a connector is.
#[derive(Debug, Clone)]
pub enum Owner {
    /// An athlete's account.
    Account {
        /// The account.
        id: AccountId,
        /// Its connection; none if it was never connected.
        connection: Option<Box<Connection>>,
    },
    /// A coach.
    Coach {
        /// The coach.
        id: CoachId,
        /// The coach's address, as email goes to it.
        email: String,
        /// The athletes with an unexpired grant, in no order. These include paused invites.
        roster: Vec<Granted>,
        /// The athlete who was last selected through this connector, however long ago.
        selection: Option<Selection>,
    },
}

/// An athlete who grants a coach something.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What is granted.
    pub member: Member,
    /// The connection of the account.
    pub connection: Connection,
    /// What the policy looks at, about the athlete.
    pub facts: Facts,
}

/// The owners of these tokens, with their identities at `issuer`. A token that was not in use at `used_at`, mostly now, is not
/// among them.
pub async fn of_tokens(
    db: impl Db<'_>,
    hashes: &[TokenHash],
    issuer: Option<&str>,
    now: DateTime<Utc>,
    used_at: DateTime<Utc>,
) -> sqlx::Result<Vec<Found>> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    let rows = with_facts!(
        Row,
        r#"
        select t.hash as "hash!", k.id as "id!: ConnectorId", k.is_sign_in as "is_sign_in!", k.last_used_at is null as "is_unused!",
            k.groups_off as "groups_off!", coalesce(k.may_write, k.coach_id is not null) as "may_write!",
            k.account_id as "owner_id?: AccountId", o.id as "coach_id?: CoachId", o.email as "coach_email?",
            k.selected_grant_id as "selected?: GrantId", k.selected_at as "selected_at?",
            g.id as "grant_id?: GrantId", a.email as "account_email?", g.tools as "tools?", g.expires_at as "expires_at?",
            g.invited_at as "invited_at?", g.first_used_at as "first_used_at?", g.last_used_at as "last_used_at?",
            g.last_client as "last_client?", g.athlete_id as "granted_for?", g.athlete_name as "granted_as?",
            g.athlete_zone as "granted_zone?",
            case when c.athlete_id = g.athlete_id then c.status else $3 end as "member_status!: MemberStatus",
            c.id as "connection_id?: ConnectionId", c.account_id as "account_id?: AccountId", c.athlete_id as "athlete_id?",
            c.athlete_name as "athlete_name?", c.kind as "kind?: ConnectionKind", c.status as "status?: ConnectionStatus",
            c.token_sealed as "token_sealed?", c.scopes as "scopes?", c.scopes_before as "scopes_before?",
            c.write_number as "write_number?", c.zone as "zone?", c.zone_source as "zone_source?: ZoneSource",
            c.imperial as "imperial?", c.weight_in_lb as "weight_in_lb?", c.fahrenheit as "fahrenheit?",
            c.thresholds_on as "thresholds_on?", c.created_at as "created_at?", c.refreshed_at as "refreshed_at?",
            c.last_success_at as "last_success_at?", c.marked_at as "marked_at?",
            (select coalesce(max(version), 0) from policies) as "policy!"
        "#,
        athlete coach
        r#"
        from connector_tokens t
            join connectors k on k.id = t.connector_id
            left join coaches o on o.id = k.coach_id
            left join grants g on g.coach_id = k.coach_id and (g.expires_at is null or g.expires_at > $2)
            left join accounts a on a.id = coalesce(k.account_id, g.account_id)
            left join connections c on c.account_id = a.id
            left join identities i on i.account_id = a.id and i.issuer = $4
            left join identities j on j.coach_id = k.coach_id and j.issuer = $4
        where t.hash = any($1) and t.expires_at > $5
        "#,
        &hashes,
        now,
        MemberStatus::Replaced.as_str(),
        issuer,
        used_at
    )
    .fetch_all(db)
    .await?;
    let mut found: Vec<Found> = Vec::new();
    for mut row in rows {
        // A coach has a row for each grant.
        let at = found.iter().position(|one| one.hash == row.hash);
        let at = at.unwrap_or_else(|| {
            found.push(row.found());
            found.len() - 1
        });
        match &mut found[at].owner {
            Some(Owner::Account { connection, .. }) => *connection = row.connection().map(Box::new),
            Some(Owner::Coach { roster, .. }) => roster.extend(row.member()),
            None => {}
        }
    }
    Ok(found)
}

/// A connector with one of its owner's connections: the account's own, or that of one grant to the coach.
#[expect(clippy::struct_excessive_bools, reason = "columns")]
struct Row {
    hash: Vec<u8>,
    id: ConnectorId,
    is_sign_in: bool,
    is_unused: bool,
    groups_off: Vec<String>,
    may_write: bool,
    owner_id: Option<AccountId>,
    coach_id: Option<CoachId>,
    coach_email: Option<String>,
    selected: Option<GrantId>,
    selected_at: Option<DateTime<Utc>>,
    grant_id: Option<GrantId>,
    account_email: Option<String>,
    tools: Option<Vec<String>>,
    expires_at: Option<DateTime<Utc>>,
    invited_at: Option<DateTime<Utc>>,
    first_used_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_client: Option<String>,
    granted_for: Option<String>,
    granted_as: Option<String>,
    granted_zone: Option<String>,
    member_status: MemberStatus,
    connection_id: Option<ConnectionId>,
    account_id: Option<AccountId>,
    athlete_id: Option<String>,
    athlete_name: Option<String>,
    kind: Option<ConnectionKind>,
    status: Option<ConnectionStatus>,
    token_sealed: Option<Vec<u8>>,
    scopes: Option<Vec<String>>,
    scopes_before: Option<Vec<String>>,
    write_number: Option<i64>,
    zone: Option<String>,
    zone_source: Option<ZoneSource>,
    imperial: Option<bool>,
    weight_in_lb: Option<bool>,
    fahrenheit: Option<bool>,
    thresholds_on: Option<NaiveDate>,
    created_at: Option<DateTime<Utc>>,
    refreshed_at: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    marked_at: Option<DateTime<Utc>>,
    policy: i64,
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
    coach_key: Option<String>,
    coach_identity: Option<IdentityId>,
    coach_identity_email: Option<String>,
    coach_claims: Option<Json<BTreeMap<String, Vec<String>>>>,
    coach_claims_at: Option<DateTime<Utc>>,
    coach_refused_at: Option<DateTime<Utc>>,
}

impl Row {
    /// The connector, with what belongs to its owner still missing.
    fn found(&mut self) -> Found {
        let owner = match (self.owner_id, self.coach_id, &self.coach_email) {
            (Some(id), None, _) => Some(Owner::Account { id, connection: None }),
            (None, Some(id), Some(email)) => Some(Owner::Coach {
                id,
                email: email.clone(),
                roster: Vec::new(),
                selection: self
                    .selected
                    .zip(self.selected_at)
                    .map(|(grant_id, at)| Selection { grant_id, at }),
            }),
            _ => None,
        };
        Found {
            hash: self.hash.clone(),
            id: self.id,
            is_sign_in: self.is_sign_in,
            is_unused: self.is_unused,
            groups_off: self.groups_off.clone(),
            may_write: self.may_write,
            facts: match owner {
                Some(Owner::Account { .. }) => athlete_in!(self),
                _ => coach_in!(self),
            },
            owner,
            policy: self.policy,
        }
    }

    /// The connection's row, which has all of these columns if there is one.
    fn connection(self) -> Option<Connection> {
        Some(Connection {
            id: self.connection_id?,
            account_id: self.account_id?,
            athlete_id: self.athlete_id?,
            athlete_name: self.athlete_name?,
            kind: self.kind?,
            status: self.status?,
            token_sealed: self.token_sealed,
            scopes: self.scopes?,
            scopes_before: self.scopes_before,
            write_number: self.write_number?,
            zone: self.zone,
            zone_source: self.zone_source,
            imperial: self.imperial?,
            weight_in_lb: self.weight_in_lb?,
            fahrenheit: self.fahrenheit?,
            thresholds_on: self.thresholds_on,
            created_at: self.created_at?,
            refreshed_at: self.refreshed_at,
            last_success_at: self.last_success_at,
            marked_at: self.marked_at,
        })
    }

    /// The athlete of a grant, and the connection of the account that gave it.
    fn member(mut self) -> Option<Granted> {
        let facts = athlete_in!(self);
        let (athlete_id, granted_as) = (self.granted_for.take()?, self.granted_as.take()?);
        let is_shown = self.athlete_id.as_ref() == Some(&athlete_id);
        let (athlete_name, zone) = if is_shown {
            (self.athlete_name.clone()?, self.zone.clone())
        } else {
            (granted_as.clone(), self.granted_zone.take())
        };
        let member = Member {
            grant_id: self.grant_id?,
            account_id: self.account_id?,
            account_email: self.account_email.take().unwrap_or_default(),
            tools: self.tools.take()?,
            expires_at: self.expires_at,
            invited_at: self.invited_at?,
            first_used_at: self.first_used_at,
            last_used_at: self.last_used_at,
            last_client: self.last_client.take(),
            athlete_name,
            granted_as,
            athlete_id,
            status: self.member_status,
            zone,
        };
        Some(Granted {
            member,
            connection: self.connection()?,
            facts,
        })
    }
}
