//! The dashboard: what needs the athlete, setting up, the athlete's figures, the last changes, coaches, recent activity.

mod chart;
mod checklist;
mod connection;
mod figures;
mod questions;
mod stream;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

use self::{checklist::Checklist, connection::Card};
use super::{
    Fields, Frame, Signed,
    activity::{self, Row},
    apps::Summary,
    changes::{
        Writing,
        list::{self, Row as Changed},
    },
    coaches,
    connections::{Stakes, narrower::Narrower},
    done::{Done, JustDone},
    draft::{self, Typed},
    form::Mistake,
    frame::leading_to_intervals,
    library,
    steps::Copy,
    when,
};
use crate::{
    app::App,
    error::Problem,
    guard::{log_buffer, session::Session},
    queries::{self, connections::Connection},
    words::ZoneSource,
};

/// Rows of recent activity.
const RECENT: usize = 5;
/// Changes shown here; the page Activity shows all.
const CHANGES: i64 = 5;
/// Coaches shown here; the page Coaches shows all.
const COACHES: usize = 6;

#[derive(Template)]
#[template(path = "pages/dashboard.html")]
struct Dashboard {
    frame: Frame,
    who: String,
    email: Option<String>,
    done: Option<Done>,
    card: Card,
    oauth: bool,
    stakes: Stakes,
    narrower: Option<Narrower>,
    apps: Summary,
    sign_in: Copy,
    checklist: Checklist,
    writing: Writing,
    /// Whether the library is in use, and intervals.icu does not share it.
    library_unshared: bool,
    /// When the connector URL was last used, and by which client.
    link_used: Option<String>,
    link_client: Option<String>,
    coaches: Vec<coaches::Card>,
    more_coaches: usize,
    mails_fail: Option<&'static str>,
    changes: Vec<Changed>,
    rows: Vec<Row>,
    zones: &'static [Tz],
    mistake: Option<Mistake>,
}

/// `GET /dashboard`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
    typed: Typed,
) -> Result<Response, Problem> {
    let (app, session) = (&app, &signed.0);
    let now = app.clock.now();
    log_buffer::flush(app).await;
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let link = queries::connectors::of_account(&app.pool, session.account).await?;
    let grants = queries::grants::of_account(&app.pool, session.account).await?;
    let stakes = Stakes::of(&grants);
    let writing = Writing::of(link.as_ref(), session.writes, &grants, connection.as_ref(), now);
    let narrower = connection
        .as_ref()
        .and_then(|row| Narrower::of(row, &grants, now));
    let library_unshared = library::is_unshared(app, session.account, connection.as_ref(), &grants).await?;
    let zone = coaches::zone_of(connection.as_ref());
    let mut coaches = coaches::cards(app, session.account, grants, zone).await?;
    let more_coaches = coaches.len().saturating_sub(COACHES);
    coaches.truncate(COACHES);
    let mails_fail = own_mails_fail(app, session).await?;
    let shown = activity::Shown::of(connection.as_ref());
    let changes = list::newest(app, session.account, &shown, CHANGES).await?;
    let rows = activity::newest(app, session.account, &shown, RECENT).await?;
    let card = Card::of(connection, now);
    let apps = Summary::of(app, session.account).await?;
    let clients = (apps.count, link.as_ref());
    let invited = coaches.len() + more_coaches;
    let checklist = Checklist::of(app, session.account, card.shares_something(), clients, invited).await?;
    let template = Dashboard {
        frame: Frame::of(true),
        who: session.who.clone(),
        email: session.email.clone(),
        done,
        card,
        oauth: app.config.offers_oauth(),
        stakes,
        narrower,
        apps,
        sign_in: Copy::of_sign_in("sign-in-url", &app.config),
        checklist,
        writing,
        library_unshared,
        link_used: link
            .as_ref()
            .and_then(|link| Some(when::ago(now, link.last_used_at?))),
        link_client: link.and_then(|link| link.last_client),
        coaches,
        more_coaches,
        mails_fail,
        changes,
        rows,
        zones: &chrono_tz::TZ_VARIANTS,
        mistake: typed.by(session.account).mistake(),
    };
    let page = stream::respond(app, session.account, template.render()?);
    Ok(leading_to_intervals(page))
}

/// Why the newest email to the athlete did not arrive, if it failed.
async fn own_mails_fail(app: &App, session: &Session) -> Result<Option<&'static str>, Problem> {
    let account = queries::accounts::by_id(&app.pool, session.account).await?;
    let Some(key) = account.and_then(|account| account.email_key) else {
        return Ok(None);
    };
    let recipient = Sha256::digest(key.as_bytes());
    let newest = queries::jobs::newest_mail_to(&app.pool, &recipient).await?;
    Ok(newest.as_ref().and_then(coaches::failed))
}

/// `POST /dashboard/zone`: the athlete sets the time zone if intervals.icu may not share it with us.
pub(crate) async fn set_zone(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let named = fields.take("zone")?;
    let connection = queries::connections::of_account(&app.pool, signed.0.account).await?;
    let card = Card::of(connection.clone(), app.clock.now());
    let Some(connection) = connection.filter(|_| card.asks_zone()) else {
        return Ok(Redirect::to("/dashboard").into_response());
    };
    let Ok(zone) = named.parse::<Tz>() else {
        let mistake = Mistake::new("zone", "Choose a time zone from the list.");
        return Ok(draft::wrong("/dashboard", mistake));
    };
    let now = app.clock.now();
    let Connection { id, athlete_id, .. } = connection;
    queries::connections::set_zone(&app.pool, id, &athlete_id, zone.name(), ZoneSource::Athlete, now).await?;
    Ok(Done::ZoneSet.answer())
}
