//! Writing the tie between an account and an athlete, and the first look at the athlete's settings.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use crate::{
    app::App,
    error::Problem,
    guard::{
        connection::{scopes_of, token_place},
        grant,
    },
    ids::{AccountId, AthleteId, ConnectionId},
    intervals::{Area, Credential, For},
    jobs,
    queries::{
        self,
        connections::{Connection, NewConnection},
    },
};

/// How long the first look may keep the athlete waiting.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// What a consent or a key brought.
pub(super) struct Tie {
    pub(super) credential: Credential,
    /// `oauth` or `api_key`.
    pub(super) kind: &'static str,
    /// The scopes left ticked; none for a key.
    pub(super) scopes: Vec<String>,
    pub(super) athlete: AthleteId,
    /// As upstream has it.
    pub(super) name: String,
}

/// What became of it.
pub(super) enum Tied {
    Connected {
        id: ConnectionId,
        write_number: i64,
    },
    /// Another account holds this athlete. The fresh token is dropped and not revoked: upstream's revoke ends the app's
    /// access to the athlete altogether, and with it the other account's.
    HeldByAnother,
}

/// Seals the credential and writes the row; a token for another athlete that stood there before is given back.
pub(super) async fn tie(app: &App, account: AccountId, tie: &Tie) -> Result<Tied, Problem> {
    let name = grant::name_of(&tie.name, &tie.athlete);
    // Twice at most: when two connects of one account run at once, the row may get the other one's id, for which the
    // token is then sealed anew.
    let mut id = None;
    loop {
        let mut transaction = app.pool.begin().await?;
        let before = queries::connections::of_account(&mut *transaction, account).await?;
        let wanted = before
            .as_ref()
            .map(|row| row.id)
            .or(id)
            .unwrap_or_else(|| ConnectionId(app.random.uuid(&app.clock)));
        let new = NewConnection {
            id: wanted,
            account_id: account,
            athlete_id: tie.athlete.as_str(),
            athlete_name: &name,
            kind: tie.kind,
            scopes: &tie.scopes,
            now: app.clock.now(),
        };
        let secret = match &tie.credential {
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
                return Ok(Tied::HeldByAnother);
            }
            Err(error) => return Err(error.into()),
        }
        if let Some((left, token)) = before.and_then(|row| left_behind(app, row, &tie.athlete)) {
            jobs::enqueue_revoke(&mut transaction, app, Some(account), &left, &token).await?;
        }
        let row = queries::connections::of_account(&mut *transaction, account).await?;
        let write_number = row.map_or(0, |row| row.write_number);
        transaction.commit().await?;
        return Ok(Tied::Connected {
            id: wanted,
            write_number,
        });
    }
}

/// The id and the token of the athlete who was connected before, when that is somebody else: the same athlete's old token must
/// not be revoked, because that would end the new one too.
fn left_behind(app: &App, before: Connection, now: &AthleteId) -> Option<(String, SecretString)> {
    let sealed = before.token_sealed.as_deref()?;
    if before.kind != "oauth" || before.athlete_id == now.as_str() {
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

/// Reads the athlete's settings once, so that the dashboard knows zone and units. When that fails the connection stands
/// all the same: the first tool call tries again.
pub(super) async fn first_look(app: &App, account: AccountId, id: ConnectionId, write_number: i64, tie: Tie) {
    let scopes = scopes_of(tie.kind, &tie.scopes);
    if !scopes.reads(Area::Settings) {
        return;
    }
    let athlete = app.intervals.athlete(For {
        connection: id,
        write_number,
        athlete: tie.athlete.clone(),
        credential: tie.credential,
        scopes,
        caller: account.into(),
        deadline: Instant::now() + FIRST_LOOK,
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
        let profile = grant::row_of(&profile, &tie.athlete);
        queries::connections::refresh(&app.pool, id, tie.athlete.as_str(), &profile, now).await?;
        queries::connections::note_success(&app.pool, id, now).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the first look at a new connection could not be kept");
    }
}
