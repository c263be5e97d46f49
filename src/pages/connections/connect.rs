//! Writing the connection between an account and an athlete, and the first read of the athlete's settings.

use std::time::Duration;

use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
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
    intervals::{Area, Credential, For},
    jobs,
    queries::{
        self,
        connections::{Connection, NewConnection},
    },
    words::ConnectionKind,
};

/// How long the first read may keep the athlete waiting.
const FIRST_READ: Duration = Duration::from_secs(2);

/// What came with a consent or an API key.
pub(super) struct Authorization {
    pub(super) credential: Credential,
    /// `oauth` or `api_key`.
    pub(super) kind: ConnectionKind,
    /// The scopes that the athlete shared; none for an API key.
    pub(super) scopes: Vec<String>,
    pub(super) athlete: AthleteId,
    /// As upstream has it.
    pub(super) name: String,
}

/// How connecting ended.
pub(super) enum Made {
    Connected {
        id: ConnectionId,
        write_number: i64,
        /// What happened to coaches' grants, if the account shows another athlete than before.
        replaced: Replaced,
    },
    /// Another account holds this athlete. The new consent is revoked, unless the other account has one too: upstream's
    /// revoke ends the app's access to the athlete altogether. The queue's worker checks that before it revokes.
    HeldByAnother,
}

/// Seals the credential and writes the row. A previous consent that this one does not renew is revoked.
///
/// `may_write` is what the athlete chose about changes, if there was a choice. It does not count if another athlete than
/// before came back from intervals.icu: then the dashboard asks, and nothing of the athlete before can be undone any more.
pub(super) async fn connect(
    app: &App,
    account: AccountId,
    given: &Authorization,
    may_write: Option<bool>,
) -> Result<Made, Problem> {
    let name = profile::name_of(&given.name, &given.athlete);
    // Two rounds at most: when two connects of one account run at once, the row may get the other one's id, and the token
    // is then sealed again for that id.
    let mut id = None;
    loop {
        let mut transaction = app.pool.begin().await?;
        // Two connects of one account take turns, and none overlaps its deletion, so that they agree on which grants are
        // paused.
        if !queries::accounts::lock(&mut *transaction, account).await? {
            return Err(Problem::NotFound);
        }
        let before = queries::connections::of_account(&mut *transaction, account).await?;
        let wanted = before
            .as_ref()
            .map(|row| row.id)
            .or(id)
            .unwrap_or_else(|| ConnectionId(app.random.uuid(&app.clock)));
        let new = NewConnection {
            id: wanted,
            account_id: account,
            athlete_id: given.athlete.as_str(),
            athlete_name: &name,
            kind: given.kind,
            scopes: &given.scopes,
            now: app.clock.now(),
        };
        let secret = match &given.credential {
            Credential::Bearer(secret) | Credential::ApiKey(secret) => secret,
        };
        let sealed = app.keys.seal(
            token_place(wanted),
            secret.expose_secret().as_bytes(),
            &app.random,
        );
        match queries::connections::connect(&mut *transaction, new, &sealed).await {
            Ok(written) if written == wanted => {}
            Ok(written) => {
                transaction.rollback().await?;
                id = Some(written);
                continue;
            }
            Err(sqlx::Error::Database(error)) if error.constraint() == Some("connections_athlete") => {
                transaction.rollback().await?;
                if let Credential::Bearer(token) = &given.credential {
                    let mut transaction = app.pool.begin().await?;
                    jobs::enqueue_revoke(
                        &mut transaction,
                        app,
                        Some(account),
                        given.athlete.as_str(),
                        token,
                    )
                    .await?;
                    transaction.commit().await?;
                }
                return Ok(Made::HeldByAnother);
            }
            Err(error) => return Err(error.into()),
        }
        let replaced = match &before {
            Some(before) if before.athlete_id != given.athlete.as_str() => {
                forget_changes(&mut transaction, account).await?;
                tell_coaches(&mut transaction, app, before, given, &name).await?
            }
            _ => {
                if may_write.is_some() {
                    queries::connectors::set_may_write(&mut *transaction, account, may_write).await?;
                }
                Replaced::default()
            }
        };
        if let Some((left, token)) = before.and_then(|row| left_behind(app, row, given)) {
            jobs::enqueue_revoke(&mut transaction, app, Some(account), &left, &token).await?;
        }
        let row = queries::connections::of_account(&mut *transaction, account).await?;
        let write_number = row.map_or(0, |row| row.write_number);
        transaction.commit().await?;
        return Ok(Made::Connected {
            id: wanted,
            write_number,
            replaced,
        });
    }
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
        email: account.email,
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

/// Ends the account's connection within `db`'s transaction: erases the credential here, and queues the revoke of a consent
/// on behalf of `queued_for`. Returns the kind of connection that ended; none if nothing was connected.
pub(in crate::pages) async fn disconnect(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    queued_for: Option<AccountId>,
) -> Result<Option<ConnectionKind>, Problem> {
    let Some(ended) = queries::connections::disconnect(&mut *db, account).await? else {
        return Ok(None);
    };
    forget_changes(&mut *db, account).await?;
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
pub(super) async fn first_read(
    app: &App,
    account: AccountId,
    id: ConnectionId,
    write_number: i64,
    given: Authorization,
) {
    let scopes = scopes_of(given.kind, &given.scopes);
    if !scopes.reads(Area::Settings) {
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
