//! The clients that signed in as a coach, on the roster page, and the switch of the coach's own URL.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::HeaderMap;

use super::{
    mailed,
    my_roster::{Visit, back, visiting},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coaches, policy,
        sign_ins::{self, From},
    },
    mail::{CoachNewUrl, Mail},
    pages::{
        Fields, FromNetwork, MaybeSigned,
        apps::{self, Place},
        done::Done,
        links,
    },
    queries::{self, sign_ins::Owner},
};

/// Where a coach's apps are listed.
pub(super) const HERE: Place = Place {
    base: "/for-coaches/my-roster/apps",
    list: "/for-coaches/my-roster",
    title: "My roster",
    ended: Done::CoachAppEnded,
    all_ended: Done::CoachAppsEnded,
    gone: Done::CoachAppGone,
    saved: Done::CoachAppSaved,
};

/// `POST /for-coaches/my-roster/apps/end`: ends one app.
pub(crate) async fn end(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (owner, from) = (Owner::Coach(coach.id), From::of(from.0, &headers));
    let done = apps::end_one(&mut transaction, &app, owner, &HERE, &from, &mut fields).await?;
    transaction.commit().await?;
    Ok(done.answer())
}

/// `POST /for-coaches/my-roster/apps/end-all`: ends all of them.
pub(crate) async fn end_all(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (owner, from) = (Owner::Coach(coach.id), From::of(from.0, &headers));
    sign_ins::end_all(&mut transaction, &app, owner, &from).await?;
    transaction.commit().await?;
    Ok(HERE.all_ended.answer())
}

/// `GET /for-coaches/my-roster/apps/{app}`: what one app may do.
pub(crate) async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let visiting = match visiting(&app, &headers, signed).await? {
        Ok(visiting) => visiting,
        Err(page) => return Ok(page),
    };
    let owner = (Owner::Coach(visiting.coach.id), visiting.writes);
    apps::rights(&app, owner, &HERE, apps::id_in(path)?, signed).await
}

/// `POST /for-coaches/my-roster/apps/{app}`: changes that.
pub(crate) async fn save(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
    path: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (owner, id) = (Owner::Coach(coach.id), apps::id_in(path)?);
    let may_write = fields.optional("may-write").is_some();
    apps::set_rights(&mut transaction, &app, owner, id, (may_write, fields)).await?;
    transaction.commit().await?;
    Ok(HERE.saved.answer())
}

/// `POST /for-coaches/my-roster/link/off`: the coach's URL opens nothing from the commit on. Apps that signed in stay.
pub(crate) async fn link_off(Visit(mut transaction, coach): Visit) -> Result<Response, Problem> {
    queries::connectors::switch_off_for_coach(&mut *transaction, coach.id).await?;
    transaction.commit().await?;
    Ok(Done::CoachUrlOff.answer())
}

/// `POST /for-coaches/my-roster/link/tools`: sets which groups the coach's URL offers, from the next call on. What an athlete granted
/// stays as it is.
pub(crate) async fn link_tools(
    Visit(mut transaction, coach): Visit,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let link = queries::connectors::of_coach(&mut *transaction, coach.id).await?;
    let link = link.ok_or(Problem::NotFound)?;
    let off = links::chosen_off(link.groups_off, &mut fields)?;
    queries::connectors::set_groups_off_for_coach(&mut *transaction, coach.id, &off).await?;
    transaction.commit().await?;
    Ok(Done::CoachToolsChosen.answer())
}

/// `POST /for-coaches/my-roster/link/on`: a new URL, by mail. One that is on stays as it is.
pub(crate) async fn link_on(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
) -> Result<Response, Problem> {
    let db = &mut *transaction;
    let link = queries::connectors::of_coach(&mut *db, coach.id).await?;
    let has_links = policy::of_now(&mut *db, &app).await?.has_links();
    if !has_links || link.is_none_or(|link| link.token_sealed.is_some()) {
        return Ok(back(None));
    }
    let Some(url) = coaches::regenerate(db, &app, coach.id).await? else {
        return Ok(back(None));
    };
    let new = |mail| Mail::CoachNewUrl(CoachNewUrl(mail));
    mailed::mail_url(db, &app, &coach, url, new).await?;
    transaction.commit().await?;
    Ok(Done::CoachUrlOn.answer())
}
