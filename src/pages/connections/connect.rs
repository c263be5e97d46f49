//! Writing the connection between an account and an athlete, and the first read of the athlete's settings.

use std::time::Duration;

use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::{
    app::App,
    error::Problem,
    guard::{
        coaches::{self, Grantor, Replaced},
        connection::{scopes_of, token_place},
        profile,
    },
    ids::{AccountId, AthleteId, ConnectionId},
    intervals::{Area, Credential, For, Shared},
    jobs,
    queries::{
        self,
        connections::{Connection, Ended, NewConnection},
    },
    words::{ConnectionKind, ConnectionStatus},
};

/// How long the first read may keep the athlete waiting.
const FIRST_READ: Duration = Duration::from_secs(2);
/// Settings that were read within this time need no first read.
const KNOWN_FOR: chrono::Duration = chrono::Duration::days(1);

/// What came with a consent or an API key.
#[derive(Clone)]
pub(in crate::pages) struct Authorization {
    pub(in crate::pages) credential: Credential,
    /// `oauth` or `api_key`.
    pub(in crate::pages) kind: ConnectionKind,
    /// The scopes that the athlete shared; none for an API key.
    pub(in crate::pages) scopes: Vec<String>,
    pub(in crate::pages) athlete: AthleteId,
    /// As upstream has it.
    pub(in crate::pages) name: String,
}

/// How connecting ended.
pub(in crate::pages) enum Made {
    Connected(Connected),
    /// Another account holds this athlete, or signs in with it. Nothing was changed, and the token is still the caller's.
    HeldByAnother,
    /// The account signs in with intervals.icu as another athlete, so it cannot show this one. The same.
    SignsInAsAnother,
}

/// A connection that was just written.
pub(in crate::pages) struct Connected {
    pub(in crate::pages) id: ConnectionId,
    pub(in crate::pages) write_number: i64,
    /// What happened to coaches' grants, if the account shows another athlete than before.
    pub(in crate::pages) replaced: Replaced,
    /// Whether the athlete's settings were read within the last day, through a connection of the same athlete.
    pub(in crate::pages) is_known: bool,
}

/// Connects the account in a transaction of its own; [`write()`] says the rest.
pub(in crate::pages) async fn connect(
    app: &App,
    account: AccountId,
    given: &Authorization,
    may_write: Option<bool>,
) -> Result<Made, Problem> {
    let mut transaction = app.pool.begin().await?;
    let made = write(&mut transaction, app, account, given, may_write).await?;
    if matches!(made, Made::Connected(_)) {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(made)
}

/// Seals the credential and writes the row within `db`'s transaction, which must be rolled back if it does not connect. A previous
/// consent that this one does not renew is revoked.
///
/// `may_write` is what the athlete chose about changes, if there was a choice. It does not count if another athlete than
/// before came back from intervals.icu: then the dashboard asks, and nothing of the athlete before can be undone any more.
pub(in crate::pages) async fn write(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    given: &Authorization,
    may_write: Option<bool>,
) -> Result<Made, Problem> {
    let name = profile::name_of(&given.name, &given.athlete);
    let now = app.clock.now();
    // Two connects of one account take turns, and none overlaps its deletion, so that they agree on which grants are
    // paused.
    if !queries::accounts::lock(&mut *db, account).await? {
        return Err(Problem::NotFound);
    }
    if let Some(owner) = queries::accounts::of_athlete(&mut *db, given.athlete.as_str()).await?
        && owner.id != account
    {
        return Ok(Made::HeldByAnother);
    }
    let owner = queries::accounts::by_id(&mut *db, account).await?;
    if owner
        .and_then(|owner| owner.athlete_id)
        .is_some_and(|own| own != given.athlete.as_str())
    {
        return Ok(Made::SignsInAsAnother);
    }
    let before = queries::connections::of_account(&mut *db, account).await?;
    let id = before
        .as_ref()
        .map_or_else(|| ConnectionId(app.random.uuid(&app.clock)), |row| row.id);
    let scopes_before = before.as_ref().and_then(|row| shared_before(row, given));
    let new = NewConnection {
        id,
        account_id: account,
        athlete_id: given.athlete.as_str(),
        athlete_name: &name,
        kind: given.kind,
        scopes: &given.scopes,
        scopes_before: scopes_before.as_deref(),
        now,
    };
    let (Credential::Bearer(secret) | Credential::ApiKey(secret)) = &given.credential;
    let sealed = app
        .keys
        .seal(token_place(id), secret.expose_secret().as_bytes(), &app.random);
    match queries::connections::connect(&mut *db, new, &sealed).await {
        Ok(_) => {}
        // Another account connected to the athlete meanwhile.
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("connections_athlete") => {
            return Ok(Made::HeldByAnother);
        }
        Err(error) => return Err(error.into()),
    }
    let replaced = match &before {
        Some(before) if before.athlete_id != given.athlete.as_str() => {
            forget_changes(&mut *db, account).await?;
            tell_coaches(&mut *db, app, before, given, &name).await?
        }
        _ => {
            if may_write.is_some() {
                queries::connectors::set_may_write(&mut *db, account, may_write).await?;
            }
            Replaced::default()
        }
    };
    if let Some((left, token)) = before.and_then(|row| left_behind(app, row, given)) {
        jobs::enqueue_revoke(&mut *db, app, Some(account), &left, &token).await?;
    }
    let row = queries::connections::of_account(&mut *db, account).await?;
    let read_at = row.as_ref().and_then(|row| row.refreshed_at);
    Ok(Made::Connected(Connected {
        id,
        write_number: row.map_or(0, |row| row.write_number),
        replaced,
        is_known: read_at.is_some_and(|at| now - at < KNOWN_FOR),
    }))
}

/// What was shared before, if the new consent of the same athlete shares less.
fn shared_before(row: &Connection, given: &Authorization) -> Option<Vec<String>> {
    let renews = row.kind == ConnectionKind::OAuth
        && given.kind == ConnectionKind::OAuth
        && row.status != ConnectionStatus::Disconnected
        && row.athlete_id == given.athlete.as_str();
    let earlier = row.scopes_before.as_deref().map(Shared::of).unwrap_or_default();
    let before = Shared::of(&row.scopes).or(earlier);
    let narrower = renews && !Shared::of(&given.scopes).covers(before);
    narrower.then(|| before.to_string().split(',').map(str::to_owned).collect())
}

/// Queues the revoke of a consent that nothing came of. The worker checks before it revokes whether an account is connected to the
/// athlete after all: upstream's revoke ends the app's access altogether.
pub(in crate::pages) async fn give_back(app: &App, given: &Authorization) -> Result<(), Problem> {
    if let Credential::Bearer(token) = &given.credential {
        let mut transaction = app.pool.begin().await?;
        jobs::enqueue_revoke(&mut transaction, app, None, given.athlete.as_str(), token).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Ends the right of the account's connector to change anything, and the undoing of everything that was changed.
async fn forget_changes(db: &mut sqlx::PgConnection, account: AccountId) -> sqlx::Result<()> {
    queries::connectors::set_may_write(&mut *db, account, None).await?;
    queries::changes::erase(&mut *db, account).await
}

/// Pauses the previous athlete's grants, resumes the new athlete's, and queues the emails to the coaches.
async fn tell_coaches(
    db: &mut sqlx::PgConnection,
    app: &App,
    before: &Connection,
    given: &Authorization,
    name: &str,
) -> Result<Replaced, Problem> {
    let account = queries::accounts::by_id(&mut *db, before.account_id)
        .await?
        .ok_or(Problem::NotFound)?;
    let zone = queries::grants::zone_of(&mut *db, account.id, given.athlete.as_str()).await?;
    let now = Grantor {
        account: account.id,
        email: account.email.unwrap_or_default(),
        athlete_id: given.athlete.to_string(),
        athlete: name.to_owned(),
        // The zone of an athlete who was never here is not known before the first read, but then no grant resumes.
        zone: zone.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC),
    };
    Ok(coaches::athlete_replaced(db, app, before, &now).await?)
}

/// The athlete id and the token of the previous consent, if nothing needs it any more: the athlete is another one, or an
/// API key is used instead. A new consent of the same athlete shares its grant upstream, which a revoke would end.
fn left_behind(app: &App, before: Connection, now: &Authorization) -> Option<(String, SecretString)> {
    let sealed = before.token_sealed.as_deref()?;
    let renewed = now.kind == ConnectionKind::OAuth && before.athlete_id == now.athlete.as_str();
    if before.kind != ConnectionKind::OAuth || renewed {
        return None;
    }
    match app.keys.open_text(token_place(before.id), sealed) {
        Ok(token) => Some((before.athlete_id, SecretString::from(token))),
        Err(error) => {
            tracing::error!(%error, "a token to be revoked does not open");
            None
        }
    }
}

/// Ends the account's connection within `db`'s transaction and erases the credential here; nothing is revoked at intervals.icu.
/// Returns what ended.
pub(in crate::pages) async fn end(db: &mut PgConnection, account: AccountId) -> sqlx::Result<Option<Ended>> {
    let ended = queries::connections::disconnect(&mut *db, account).await?;
    if ended.is_some() {
        forget_changes(db, account).await?;
    }
    Ok(ended)
}

/// Ends the account's connection within `db`'s transaction: erases the credential here, and queues the revoke of a consent
/// on behalf of `queued_for`. Returns the kind of connection that ended; none if nothing was connected.
pub(in crate::pages) async fn disconnect(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    queued_for: Option<AccountId>,
) -> Result<Option<ConnectionKind>, Problem> {
    let Some(ended) = end(&mut *db, account).await? else {
        return Ok(None);
    };
    if ended.kind == ConnectionKind::OAuth {
        match app.keys.open_text(token_place(ended.id), &ended.token_sealed) {
            Ok(token) => {
                let token = SecretString::from(token);
                jobs::enqueue_revoke(db, app, queued_for, &ended.athlete_id, &token).await?;
            }
            // It is erased all the same: nobody can use a token that does not open.
            Err(error) => tracing::error!(%error, "a token to be revoked does not open"),
        }
    }
    Ok(Some(ended.kind))
}

/// Reads the athlete's settings once, so that the dashboard knows zone and units. If that fails the connection stays: the
/// first tool call tries again.
pub(in crate::pages) async fn first_read(
    app: &App,
    account: AccountId,
    connected: &Connected,
    given: Authorization,
) {
    let (id, write_number) = (connected.id, connected.write_number);
    let scopes = scopes_of(given.kind, &given.scopes);
    if connected.is_known || !scopes.reads(Area::Settings) {
        return;
    }
    let athlete = app.intervals.athlete(For {
        connection: id,
        write_number,
        athlete: given.athlete.clone(),
        credential: given.credential,
        scopes,
        caller: account.into(),
        is_athlete: true,
        deadline: Instant::now() + FIRST_READ,
    });
    let profile = match athlete.profile().await {
        Ok(profile) => profile,
        Err(error) => {
            tracing::info!(%error, "the first look at a new connection failed");
            return;
        }
    };
    let now = app.clock.now();
    let noted = async {
        let profile = profile::row_of(&profile, &given.athlete);
        queries::connections::refresh(&app.pool, id, given.athlete.as_str(), &profile, now).await?;
        queries::connections::note_success(&app.pool, id, now).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the first look at a new connection could not be kept");
    }
}
