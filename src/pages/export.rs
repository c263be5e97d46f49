//! All data about an account, as one JSON file for its owner.
//!
//! It contains no secret: no hash, no token, no key, sealed or not. Training data is here only
//! as calendar entries that were changed: the states before and after, while they are kept.

mod signed_in;

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use futures::{Stream, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signed_in::SignedIn;

use super::{FromNetwork, Signed};
use crate::{
    app::App,
    error::Problem,
    guard::{
        journal::{self, Kept},
        log_buffer,
        session::{self, Session},
    },
    ids::{AccountId, LogId},
    queries::{self, activity_log::Entry, sign_ins::Owner},
    words::{Access, ChangeState, ConnectionKind, ConnectionStatus, Factor, Outcome, Way, ZoneSource},
};

/// Rows of the activity log read at once.
const ROWS: usize = 500;

/// The file's schema. Raise it with every change of a field.
const FORMAT: &str = "icusync-export/6";

/// Everything but the activity log, which follows row by row. All times are UTC; what is not known is null.
#[derive(Serialize)]
struct Head {
    format: &'static str,
    exported_at: DateTime<Utc>,
    account: Account,
    sessions: Vec<BrowserSession>,
    connection: Option<Connection>,
    connector_url: Option<ConnectorUrl>,
    #[serde(flatten)]
    signed_in: SignedIn,
    two_step_sign_in: TwoStep,
    /// What the athlete grants coaches.
    grants: Vec<queries::grants::ExportedGrant>,
    refused_by_coaches: Vec<queries::coaches::ExportedRefusal>,
    /// The data about the address as a coach's.
    as_a_coach: Option<Coach>,
    mail_links: Vec<queries::mail_links::ExportedMailLink>,
    mails_and_revokes: Vec<queries::jobs::ExportedJob>,
    /// What was changed through IcuSync, oldest first.
    changes: Vec<Changed>,
}

/// A change, with what it changed before and after in the clear while that is kept.
#[derive(Serialize)]
struct Changed {
    number: i32,
    athlete_id: String,
    at: DateTime<Utc>,
    /// Null for the athlete.
    caller: Option<String>,
    tool: String,
    state: ChangeState,
    event_id: Option<i64>,
    external_id: Option<String>,
    kept_until: DateTime<Utc>,
    /// The wellness day, activity, settings, folder or workout of the library, gear, reminder or activity entered by hand that it is of; null for an entry of the calendar.
    of: Option<Value>,
    /// Null for an entry that was made, and when nothing is kept.
    before: Value,
    /// Null for an entry that was deleted, and when nothing is kept.
    after: Value,
}

#[derive(Serialize)]
struct Account {
    id: AccountId,
    email: Option<String>,
    email_as_looked_up: Option<String>,
    email_since: Option<DateTime<Utc>>,
    email_before: Option<String>,
    has_password: bool,
    signs_in_with_intervals_as: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct TwoStep {
    codes_of_an_app_since: Option<DateTime<Utc>>,
    recovery_codes_left: i64,
    open_recovery: Option<queries::recoveries::Recovery>,
    passkeys: Vec<PasskeyKept>,
}

/// A passkey. Its public key is in the library's own form and of no use elsewhere.
#[derive(Serialize)]
struct PasskeyKept {
    name: String,
    credential_id: String,
    algorithm: Option<String>,
    signs_in_without_an_address: Option<bool>,
    added_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct BrowserSession {
    browser: String,
    signed_in_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    this_one: bool,
    way: Option<Way>,
    second_step: Option<Factor>,
    second_step_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Connection {
    athlete_id: String,
    athlete_name: String,
    kind: ConnectionKind,
    status: ConnectionStatus,
    shared: Vec<String>,
    shared_before: Option<Vec<String>>,
    changes_made: i64,
    time_zone: Option<String>,
    time_zone_from: Option<ZoneSource>,
    distances_in_miles: bool,
    weights_in_pounds: bool,
    temperatures_in_fahrenheit: bool,
    thresholds_changed_on: Option<NaiveDate>,
    connected_at: DateTime<Utc>,
    refreshed_at: Option<DateTime<Utc>>,
    last_answer_at: Option<DateTime<Utc>>,
    refused_since: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct ConnectorUrl {
    /// Whether it is switched on.
    on: bool,
    made_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    last_client: Option<String>,
    /// Groups of tools that are switched off.
    groups_off: Vec<String>,
    /// Whether it may change something; null until the athlete has answered.
    may_change_calendar: Option<bool>,
}

/// The coach with the account's address: the coach's row, and whose data it reaches: names and athlete ids.
#[derive(Serialize)]
struct Coach {
    email: String,
    email_as_looked_up: String,
    first_invited_at: DateTime<Utc>,
    refuses_all_since: Option<DateTime<Utc>>,
    connector_url: Option<CoachUrl>,
    #[serde(flatten)]
    signed_in: SignedIn,
    athletes: Vec<Coached>,
    refuses: Vec<RefusedAthlete>,
}

#[derive(Serialize)]
struct CoachUrl {
    /// Whether it is switched on.
    on: bool,
    made_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    last_client: Option<String>,
    /// The athlete who was selected last.
    selected: Option<String>,
    selected_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Coached {
    athlete_id: String,
    athlete_name: String,
    tools: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    first_used_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_client: Option<String>,
}

#[derive(Serialize)]
struct RefusedAthlete {
    athlete_name: Option<String>,
    since: DateTime<Utc>,
}

/// One call, as the activity log has it.
#[derive(Serialize)]
struct Call {
    at: DateTime<Utc>,
    athlete_id: String,
    /// Null for the athlete.
    caller: Option<String>,
    client: String,
    tool: String,
    access: Access,
    outcome: Outcome,
    duration_ms: i32,
    intervals_icu_requests: i32,
    /// More than one for calls that the rate limit refused within a minute.
    calls: i32,
}

impl std::convert::From<Entry> for Call {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            athlete_id: entry.athlete_id,
            caller: entry.caller,
            client: entry.client,
            tool: entry.tool,
            access: entry.access,
            outcome: entry.outcome,
            duration_ms: entry.duration_ms,
            intervals_icu_requests: entry.upstream_requests,
            calls: entry.calls,
        }
    }
}

/// `POST /account/export`: the file. It changes nothing, but only our own pages can send a POST, so no other site can make
/// someone's browser fetch and keep a file about them.
pub(crate) async fn download(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
) -> Result<Response, Problem> {
    // The one page that may read ninety days of calls must not be hammered.
    app.limits.attempt(from.0)?;
    log_buffer::flush(&app).await;
    let head = head(&app, &signed.0).await?;
    let name = format!("icusync-export-{}.json", head.exported_at.format("%Y-%m-%d"));
    let opening = opening(&head)?;
    let body = Body::from_stream(file(app, signed.0.account, opening));
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

async fn head(app: &App, session: &Session) -> Result<Head, Problem> {
    let (pool, now, account) = (&app.pool, app.clock.now(), session.account);
    let owner = queries::accounts::by_id(pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let (began, used) = (now - session::ABSOLUTE, now - session::IDLE);
    let sessions = queries::sessions::of_account(pool, account, session.hash, began, used).await?;
    let connection = queries::connections::of_account(pool, account).await?;
    let link = queries::connectors::of_account(pool, account).await?;
    let factors = queries::factors::of_account(pool, account).await?;
    let addresses = queries::accounts::addresses_of(pool, account).await?;
    let recipient = Sha256::digest(owner.email_key.as_deref().unwrap_or_default());
    Ok(Head {
        format: FORMAT,
        exported_at: now,
        sessions: sessions
            .into_iter()
            .map(|listed| BrowserSession {
                browser: listed.user_agent,
                signed_in_at: listed.created_at,
                last_used_at: listed.last_seen_at,
                this_one: listed.current,
                way: listed.way,
                second_step: listed.factor,
                second_step_at: listed.factor_at,
            })
            .collect(),
        connection: connection.map(|row| Connection {
            athlete_id: row.athlete_id,
            athlete_name: row.athlete_name,
            kind: row.kind,
            status: row.status,
            shared: row.scopes,
            shared_before: row.scopes_before,
            changes_made: row.write_number,
            time_zone: row.zone,
            time_zone_from: row.zone_source,
            distances_in_miles: row.imperial,
            weights_in_pounds: row.weight_in_lb,
            temperatures_in_fahrenheit: row.fahrenheit,
            thresholds_changed_on: row.thresholds_on,
            connected_at: row.created_at,
            refreshed_at: row.refreshed_at,
            last_answer_at: row.last_success_at,
            refused_since: row.marked_at,
        }),
        connector_url: link.map(|link| ConnectorUrl {
            on: link.token_sealed.is_some(),
            made_at: link.created_at,
            last_used_at: link.last_used_at,
            last_client: link.last_client,
            groups_off: link.groups_off,
            may_change_calendar: link.may_write,
        }),
        signed_in: signed_in::of(app, Owner::Account(account), &[]).await?,
        two_step_sign_in: TwoStep {
            codes_of_an_app_since: factors.codes_since,
            recovery_codes_left: factors.recovery_codes,
            open_recovery: queries::recoveries::of_account(pool, account).await?,
            passkeys: queries::passkeys::of_account(pool, account)
                .await?
                .into_iter()
                .map(|listed| PasskeyKept {
                    name: listed.name,
                    credential_id: URL_SAFE_NO_PAD.encode(listed.credential_id),
                    algorithm: listed.algorithm,
                    signs_in_without_an_address: listed.is_discoverable,
                    added_at: listed.created_at,
                    last_used_at: listed.last_used_at,
                })
                .collect(),
        },
        grants: queries::grants::for_export(pool, account).await?,
        refused_by_coaches: queries::coaches::refusing(pool, account).await?,
        as_a_coach: coach(app, owner.email_key.as_deref()).await?,
        mail_links: queries::mail_links::for_export(
            pool,
            account,
            owner.email_key.as_deref().unwrap_or_default(),
        )
        .await?,
        mails_and_revokes: queries::jobs::for_export(pool, account, &recipient).await?,
        changes: changes(app, account).await?,
        account: Account {
            id: owner.id,
            email: owner.email,
            email_as_looked_up: owner.email_key,
            email_since: addresses.as_ref().map(|addresses| addresses.since),
            email_before: addresses.and_then(|addresses| addresses.before),
            has_password: owner.has_password,
            signs_in_with_intervals_as: owner.athlete_id,
            created_at: owner.created_at,
        },
    })
}

async fn changes(app: &App, account: AccountId) -> Result<Vec<Changed>, Problem> {
    let rows = queries::changes::all_of(&app.pool, account).await?;
    let changed = |row: queries::changes::Change| {
        let athlete_id = row.athlete_id.clone();
        let change = journal::opened(app, row);
        let (of, before, after) = match &change.kept {
            Some(Kept::Entry(kept)) => (None, json!(kept.before), json!(kept.after)),
            Some(Kept::Record(kept)) => (Some(json!(kept.of)), json!(kept.before), json!(kept.after)),
            Some(Kept::Item(kept)) => {
                let of = json!({"shelf": kept.shelf, "id": kept.id, "place": kept.place, "contents": kept.contents});
                (Some(of), json!(kept.before), json!(kept.after))
            }
            None => (None, Value::Null, Value::Null),
        };
        Changed {
            number: change.number,
            athlete_id,
            at: change.created_at,
            caller: change.by,
            tool: change.tool,
            state: change.state,
            event_id: change.event_id,
            external_id: change.external_id,
            kept_until: change.kept_until,
            of,
            before,
            after,
        }
    };
    Ok(rows.into_iter().map(changed).collect())
}

async fn coach(app: &App, email_key: Option<&str>) -> Result<Option<Coach>, Problem> {
    let pool = &app.pool;
    let Some(email_key) = email_key else {
        return Ok(None);
    };
    let Some(row) = queries::coaches::by_email(pool, email_key).await? else {
        return Ok(None);
    };
    let roster = queries::grants::roster_of(pool, row.id, app.clock.now()).await?;
    let connector_url = match queries::connectors::of_coach(pool, row.id).await? {
        Some(link) => {
            let selection = queries::connectors::selection_of(pool, link.id).await?;
            let selected = roster
                .iter()
                .find(|member| selection.is_some_and(|it| it.grant_id == member.grant_id));
            Some(CoachUrl {
                on: link.token_sealed.is_some(),
                made_at: link.created_at,
                last_used_at: link.last_used_at,
                last_client: link.last_client,
                selected: selected.map(|member| member.athlete_name.clone()),
                selected_at: selection.map(|selection| selection.at),
            })
        }
        None => None,
    };
    let refused = queries::coaches::refused_by(pool, row.id).await?;
    Ok(Some(Coach {
        email: row.email,
        email_as_looked_up: row.email_key,
        first_invited_at: row.created_at,
        refuses_all_since: row.refuses_all_at,
        connector_url,
        signed_in: signed_in::of(app, Owner::Coach(row.id), &roster).await?,
        athletes: roster
            .into_iter()
            .map(|member| Coached {
                athlete_id: member.athlete_id,
                athlete_name: member.athlete_name,
                tools: member.tools,
                expires_at: member.expires_at,
                first_used_at: member.first_used_at,
                last_used_at: member.last_used_at,
                last_client: member.last_client,
            })
            .collect(),
        refuses: refused
            .into_iter()
            .map(|refused| RefusedAthlete {
                athlete_name: refused.athlete_name,
                since: refused.created_at,
            })
            .collect(),
    }))
}

/// The head as the beginning of the file, up to the first row of the activity log.
fn opening(head: &Head) -> Result<String, Problem> {
    let text = serde_json::to_string_pretty(head).map_err(anyhow::Error::from)?;
    let open = text.trim_end_matches('}').trim_end();
    Ok(format!("{open},\n  \"activity_log\": ["))
}

/// Where the file has got to.
enum Next {
    Opening(String),
    Rows { before: Option<LogId>, first: bool },
    Done,
}

/// The file piece by piece, so that a long log does not fill the memory. No database connection is held between two pieces,
/// however slow the reader is. If the database goes away, the download is aborted: half a file is not JSON, so it is
/// noticed.
fn file(app: App, account: AccountId, opening: String) -> impl Stream<Item = sqlx::Result<Bytes>> {
    stream::try_unfold(Next::Opening(opening), move |next| {
        let app = app.clone();
        async move {
            let (before, first) = match next {
                Next::Opening(text) => {
                    let rows = Next::Rows {
                        before: None,
                        first: true,
                    };
                    return Ok(Some((Bytes::from(text), rows)));
                }
                Next::Rows { before, first } => (before, first),
                Next::Done => return Ok(None),
            };
            let entries = queries::activity_log::page_of(
                &app.pool,
                account,
                &queries::activity_log::Filter::default(),
                before,
                i64::try_from(ROWS).unwrap_or(i64::MAX),
            )
            .await
            .inspect_err(|error| tracing::warn!(%error, "an export broke off"))?;
            let whole = entries.len() == ROWS;
            let before = entries.last().map(|entry| entry.id);
            let mut text = String::new();
            for (at, entry) in entries.into_iter().enumerate() {
                text.push_str(if first && at == 0 { "\n    " } else { ",\n    " });
                text.push_str(&line(entry)?);
            }
            let next = if whole {
                Next::Rows { before, first: false }
            } else {
                text.push_str("\n  ]\n}\n");
                Next::Done
            };
            Ok(Some((Bytes::from(text), next)))
        }
    })
}

fn line(entry: Entry) -> sqlx::Result<String> {
    serde_json::to_string(&Call::from(entry)).map_err(|error| sqlx::Error::Encode(error.into()))
}
