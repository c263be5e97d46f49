//! One grant and its form. If two forms were drawn from the same state, the second to be saved gets a page that says so.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::Response,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

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
        policy,
        presets::Preset,
    },
    ids::{AccountId, GrantId},
    mail::outbox::Queued,
    pages::{
        Fields, Frame, NextPage, Signed,
        done::Done,
        draft::{self, Again, Kept, Typed},
        form::Mistake,
        frame::page,
    },
    permissions,
    queries::{self, grants},
};

/// In the query: what was typed differs from the current grant, and the page asks which one it should be.
const CONFLICT: &str = "conflict";

#[derive(Template)]
#[template(path = "pages/grant.html")]
struct Edit {
    frame: Frame,
    card: Card,
    version: i32,
    /// The account, for which the form is drawn.
    account: AccountId,
    /// Whether what was typed comes from before the session was lost.
    kept: bool,
    /// Whether the policy does not let the coach change anything.
    coach_reads_only: bool,
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
    /// The account, for which the form is drawn.
    account: AccountId,
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

/// What was typed before into the form of a grant.
struct Before {
    draft: Draft,
    /// The version for which the form was drawn; none for an invite.
    version: Option<i32>,
}

impl Before {
    fn of(kept: &Kept) -> Option<Self> {
        Some(Self {
            draft: Draft::of(&mut kept.fields()?).ok()?,
            version: kept.text("version").and_then(|text| text.parse().ok()),
        })
    }
}

/// `GET /coaches/{grant}`: its form, with what was typed before if that was not saved. With `?conflict` the current grant next
/// to what was typed.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    typed: Typed,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let id = named(path)?;
    let account = signed.0.account;
    let grant = queries::grants::one_of_account(&app.pool, account, id)
        .await?
        .ok_or(Problem::NotFound)?;
    if !grant.is_shown {
        return Ok(Done::GrantedByAnother.answer());
    }
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let (zone, now) = (zone_of(connection.as_ref()), app.clock.now());
    let kept = typed.by(account);
    let mut before = Before::of(&kept);
    let mut mistakes = kept.mistakes();
    let met = mistakes.iter().any(|mistake| mistake.field == CONFLICT);
    if query.as_deref() == Some(CONFLICT)
        && let Some(before) = &before
    {
        match before.draft.check(grant.expires_at, zone, now) {
            Ok(checked) => return conflict(grant, account, &checked, before, zone),
            Err(wrong) => mistakes = wrong,
        }
    } else if met {
        // Somebody who left that page begins again from the current grant.
        (before, mistakes) = (None, Vec::new());
    }
    let kept = before.is_some() && kept.was_lost();
    let version = before.as_ref().and_then(|before| before.version);
    let draft = before.map_or_else(|| Draft::of_grant(&grant, zone, now), |before| before.draft);
    page(&Edit {
        frame: Frame::of(true),
        coach_reads_only: !policy::lets_coach_write(&app, &signed.0.policy, grant.coach_id).await?,
        version: version.unwrap_or(grant.version),
        account,
        kept,
        card: Card::of(grant, None, zone, now),
        sheet: Sheet::of(draft, connection.as_ref(), now, &mistakes),
        mistakes,
    })
}

/// `POST /coaches/{grant}`: changes the grant and queues the email to the coach in one transaction. With `preset` it only goes
/// back to the form, with that preset's boxes ticked.
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
    let here = NextPage::Grant(id).path();
    if let Some(word) = preset {
        let preset = Preset::of_word(&word).ok_or(Problem::BadForm)?;
        let ticks = draft.with(preset).tools;
        return Ok(Again::at(here, Vec::new()).ticking(&ticks).answer());
    }
    let checked = match draft.check(grant.expires_at, zone, app.clock.now()) {
        Ok(checked) => checked,
        Err(mistakes) => return Ok(Again::at(here, mistakes).answer()),
    };
    let from = grantor(&signed.0, connection.as_ref());
    let mut transaction = app.pool.begin().await?;
    match coaches::change(&mut transaction, &app, &from, id, version, &checked.terms()).await? {
        Edited::Gone => Err(Problem::NotFound),
        Edited::Unchanged => Ok(Done::Unchanged.answer()),
        Edited::Replaced => Ok(Done::GrantedByAnother.answer()),
        Edited::Stale(_) => Ok(met(id)),
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

/// To the page that shows the current grant next to what was chosen: the grant was changed after the form was drawn, or it is
/// an invite to a coach who has a grant. That form does not show the grant, so it must not change it unseen.
pub(super) fn met(current: GrantId) -> Response {
    let location = format!("{}?{CONFLICT}", NextPage::Grant(current).path());
    draft::wrong(location, Mistake::new(CONFLICT, ""))
}

/// The current grant next to what was chosen: nothing is written until the athlete says which one it should be.
fn conflict(
    current: grants::Grant,
    account: AccountId,
    chosen: &Checked,
    before: &Before,
    zone: Tz,
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
        account,
        invited: before.version.is_none(),
        version: current.version,
        more: only(&chosen.tools, &current.tools),
        less: only(&current.tools, &chosen.tools),
        stands: side(&current.tools, current.expires_at, &current.note),
        chosen: side(&chosen.tools, chosen.expires_at, &chosen.note),
        coach: current.coach_email,
        draft: before.draft.clone(),
    };
    page(&conflict)
}
