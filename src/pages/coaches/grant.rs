//! One grant and its form. If two forms were drawn from the same state, the second to be saved gets a page that says so.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::StatusCode;

use super::{
    Card, grantor, in_words, named,
    terms::{Checked, Draft, Sheet},
    zone_of,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coaches::{self, Edited},
        presets::Preset,
    },
    ids::GrantId,
    mail::outbox::Queued,
    pages::{
        Fields, Frame, Signed,
        done::Done,
        form::Mistake,
        frame::{form_page, with_status},
    },
    permissions,
    queries::{self, connections::Connection, grants},
};

#[derive(Template)]
#[template(path = "pages/grant.html")]
struct Edit {
    frame: Frame,
    card: Card,
    version: i32,
    sheet: Sheet,
    mistakes: Vec<Mistake>,
}

/// What a grant says, or would say.
struct Side {
    tools: Vec<String>,
    until: Option<String>,
    note: String,
}

#[derive(Template)]
#[template(path = "pages/grant_conflict.html")]
struct Conflict {
    frame: Frame,
    id: GrantId,
    coach: String,
    /// Whether an invite met a current grant; otherwise the grant was changed after the form was drawn.
    invited: bool,
    /// The current grant's version.
    version: i32,
    stands: Side,
    chosen: Side,
    /// What the coach could also do if the choice were saved; and what no longer.
    more: Vec<&'static str>,
    less: Vec<&'static str>,
    /// What the form sends again.
    draft: Draft,
}

fn draw(
    app: &App,
    grant: grants::Grant,
    version: i32,
    draft: Draft,
    connection: Option<&Connection>,
    mistakes: Vec<Mistake>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let wrong = !mistakes.is_empty();
    let edit = Edit {
        frame: Frame::of(true),
        card: Card::of(grant, None, zone_of(connection), now),
        version,
        sheet: Sheet::of(draft, connection, now, &mistakes),
        mistakes,
    };
    form_page(wrong, &edit)
}

/// `GET /coaches/{grant}`.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = named(path)?;
    let grant = queries::grants::one_of_account(&app.pool, signed.0.account, id)
        .await?
        .ok_or(Problem::NotFound)?;
    if !grant.is_shown {
        return Ok(Done::GrantedByAnother.answer());
    }
    let connection = queries::connections::of_account(&app.pool, signed.0.account).await?;
    let zone = zone_of(connection.as_ref());
    let draft = Draft::of_grant(&grant, zone, app.clock.now());
    let version = grant.version;
    draw(&app, grant, version, draft, connection.as_ref(), Vec::new())
}

/// `POST /coaches/{grant}`: changes the grant and queues the email to the coach in one transaction; with `preset`, only
/// ticks that preset's boxes.
pub(crate) async fn save(
    State(app): State<App>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let id = named(path)?;
    let version: i32 = fields.take("version")?.parse().map_err(|_| Problem::BadForm)?;
    let draft = Draft::of(&mut fields)?;
    let preset = fields.optional("preset");
    let account = signed.0.account;
    let grant = queries::grants::one_of_account(&app.pool, account, id)
        .await?
        .ok_or(Problem::NotFound)?;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let zone = zone_of(connection.as_ref());
    if let Some(word) = preset {
        let preset = Preset::of_word(&word).ok_or(Problem::BadForm)?;
        return draw(
            &app,
            grant,
            version,
            draft.with(preset),
            connection.as_ref(),
            Vec::new(),
        );
    }
    let checked = match draft.check(grant.expires_at, zone, app.clock.now()) {
        Ok(checked) => checked,
        Err(mistakes) => return draw(&app, grant, version, draft, connection.as_ref(), mistakes),
    };
    let from = grantor(&signed.0, connection.as_ref());
    let mut transaction = app.pool.begin().await?;
    match coaches::change(&mut transaction, &app, &from, id, version, &checked.terms()).await? {
        Edited::Gone => Err(Problem::NotFound),
        Edited::Unchanged => Ok(Done::Unchanged.answer()),
        Edited::Replaced => Ok(Done::GrantedByAnother.answer()),
        Edited::Stale(current) => conflict(*current, &checked, draft, zone, false),
        Edited::Saved(queued) => {
            transaction.commit().await?;
            let done = match queued {
                Queued::Queued => Done::Changed,
                Queued::Capped => Done::ChangedUnmailed,
            };
            Ok(done.answer())
        }
    }
}

/// The same page for an invite to a coach who has a grant: the invite's form does not show it, so it must not change it
/// unseen.
pub(super) fn met(
    current: grants::Grant,
    chosen: &Checked,
    draft: Draft,
    zone: Tz,
) -> Result<Response, Problem> {
    conflict(current, chosen, draft, zone, true)
}

/// The current grant next to what was chosen: nothing is written until the athlete says which one it should be.
fn conflict(
    current: grants::Grant,
    chosen: &Checked,
    draft: Draft,
    zone: Tz,
    invited: bool,
) -> Result<Response, Problem> {
    let only = |one: &[String], other: &[String]| {
        let has = |tools: &[String], name: &str| tools.iter().any(|tool| tool == name);
        permissions::ALL
            .iter()
            .filter(|tool| has(one, tool.name) && !has(other, tool.name))
            .map(|tool| tool.lets)
            .collect()
    };
    let side = |tools: &[String], expires_at: Option<DateTime<Utc>>, note: &str| Side {
        tools: in_words(tools),
        until: coaches::until(expires_at, zone),
        note: note.to_owned(),
    };
    let conflict = Conflict {
        frame: Frame::of(true),
        id: current.id,
        invited,
        version: current.version,
        more: only(&chosen.tools, &current.tools),
        less: only(&current.tools, &chosen.tools),
        stands: side(&current.tools, current.expires_at, &current.note),
        chosen: side(&chosen.tools, chosen.expires_at, &chosen.note),
        coach: current.coach_email,
        draft,
    };
    with_status(StatusCode::CONFLICT, &conflict)
}
