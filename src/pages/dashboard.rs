//! The dashboard: the connection, the connector URL, how to add it to Claude, the coaches, recent activity.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

use super::{
    Fields, Frame, Signed,
    activity::{self, Row},
    apps::Summary,
    changes::{
        Writing,
        list::{self, Row as Changed},
    },
    coaches,
    connections::{self, Stakes, narrower::Narrower},
    done::{Done, JustDone},
    form::Mistake,
    frame::{form_page, leading_to_intervals},
    links::{self, Offered},
    steps::{Copy, Link, Steps},
    when,
};
use crate::{
    app::App,
    error::Problem,
    guard::session::Session,
    intervals::Area,
    queries::{self, connections::Connection},
    words::{ConnectionKind, ConnectionStatus, ZoneSource},
};

/// Rows of recent activity.
const RECENT: usize = 5;
/// Changes shown here; the page Activity shows all.
const CHANGES: i64 = 5;
/// Coaches shown here; the page Coaches shows all.
const COACHES: usize = 6;

/// The connection as the dashboard shows it.
struct Card {
    /// None if never connected.
    status: Option<ConnectionStatus>,
    athlete: String,
    athlete_id: String,
    by_key: bool,
    last_success: Option<String>,
    zone: Option<String>,
    zone_by_athlete: bool,
    unshared: Vec<&'static str>,
}

impl Card {
    fn of(row: Option<Connection>, now: chrono::DateTime<chrono::Utc>) -> Self {
        let Some(row) = row else {
            return Self {
                status: None,
                athlete: String::new(),
                athlete_id: String::new(),
                by_key: false,
                last_success: None,
                zone: None,
                zone_by_athlete: false,
                unshared: Vec::new(),
            };
        };
        Self {
            status: Some(row.status),
            unshared: connections::unshared(row.kind, &row.scopes),
            athlete: row.athlete_name,
            athlete_id: row.athlete_id,
            by_key: row.kind == ConnectionKind::ApiKey,
            last_success: row.last_success_at.map(|at| when::ago(now, at)),
            zone_by_athlete: row.zone_source == Some(ZoneSource::Athlete),
            zone: row.zone,
        }
    }

    fn is_new(&self) -> bool {
        self.status.is_none()
    }

    fn is_connected(&self) -> bool {
        self.status == Some(ConnectionStatus::Connected)
    }

    /// Whether it works, but every area was unticked.
    fn shares_nothing(&self) -> bool {
        self.is_connected() && self.unshared.len() == Area::ALL.len()
    }

    fn needs_reconnect(&self) -> bool {
        self.status == Some(ConnectionStatus::Reconnect)
    }

    /// Whether only the athlete can set the zone: it is not known, or the athlete set it.
    fn asks_zone(&self) -> bool {
        self.is_connected() && (self.zone.is_none() || self.zone_by_athlete)
    }
}

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
    /// Whether the connector URL is on.
    link_is_on: bool,
    url: Option<String>,
    masked: String,
    link_used: Option<String>,
    link_client: Option<String>,
    steps: Steps,
    groups: Vec<Offered>,
    writing: Writing,
    shown: String,
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
) -> Result<Response, Problem> {
    draw(&app, &signed.0, done, None).await
}

async fn draw(
    app: &App,
    session: &Session,
    done: Option<Done>,
    mistake: Option<Mistake>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let (link, url) = links::url_of(app, session.account).await?;
    let grants = queries::grants::of_account(&app.pool, session.account).await?;
    let stakes = Stakes::of(&grants);
    let writing = Writing::of(link.as_ref(), &grants, connection.as_ref(), now);
    let narrower = connection
        .as_ref()
        .and_then(|row| Narrower::of(row, &grants, now));
    let zone = coaches::zone_of(connection.as_ref());
    let mut coaches = coaches::cards(app, session.account, grants, zone).await?;
    let more_coaches = coaches.len().saturating_sub(COACHES);
    coaches.truncate(COACHES);
    let mails_fail = own_mails_fail(app, session).await?;
    let shown = activity::Shown::of(connection.as_ref());
    let changes = list::newest(app, session.account, &shown, CHANGES).await?;
    let rows = activity::newest(app, session.account, &shown, RECENT).await?;
    let wrong = mistake.is_some();
    let masked = app.config.connector_url("icul_••••••••••••");
    let link_is_on = link.as_ref().is_some_and(|link| link.token_sealed.is_some());
    let own = match &url {
        Some(url) => Some(Link::Own { masked: &masked, url }),
        None => link_is_on.then_some(Link::Shown(&masked)),
    };
    let groups = links::offered(link.as_ref().map_or(&[][..], |link| &link.groups_off));
    let shown = links::shown(&groups);
    let template = Dashboard {
        frame: Frame::of(true),
        who: session.who.clone(),
        email: session.email.clone(),
        done,
        card: Card::of(connection, now),
        oauth: app.config.offers_oauth(),
        stakes,
        narrower,
        apps: Summary::of(app, session.account).await?,
        sign_in: Copy::of_sign_in("apps-url", &app.config),
        link_is_on,
        steps: Steps::of(&app.config, own),
        shown,
        groups,
        writing,
        url,
        masked,
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
        mistake,
    };
    Ok(leading_to_intervals(form_page(wrong, &template)?))
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
        return draw(&app, &signed.0, None, Some(mistake)).await;
    };
    let now = app.clock.now();
    let Connection { id, athlete_id, .. } = connection;
    queries::connections::set_zone(&app.pool, id, &athlete_id, zone.name(), ZoneSource::Athlete, now).await?;
    Ok(Done::ZoneSet.answer())
}
