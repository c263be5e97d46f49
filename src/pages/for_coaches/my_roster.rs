//! A coach's roster, during a visit: who granted what, and how to leave, to refuse invites and to take them again.
//!
//! Only the athlete decides what is granted; here a coach can only give grants up.

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::{HeaderMap, StatusCode, header::SET_COOKIE, request::Parts};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{NAME, apps};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_session::{self, Visiting, Visitor},
        coaches::{asleep, in_words, until},
        log_buffer, policy,
    },
    ids::{AccountId, GrantId},
    mail::{Address, CoachLeft, How, Mail, May, outbox},
    pages::{
        Fields, Frame, MaybeSigned,
        apps::Apps,
        done::{Done, JustDone},
        frame::{page, with_status},
        kept_out::{self, Whose},
        links::{self, Offered},
        steps::Copy,
        when,
    },
    queries::{
        self,
        coaches::{Coach, Refused},
        connectors::Link,
        grants::{Leave, Member},
        sign_ins::Owner,
    },
    text,
    words::MemberStatus,
};

/// An athlete on the roster, for people.
struct Athlete {
    grant: GrantId,
    account: AccountId,
    name: String,
    email: String,
    id: String,
    readiness: Readiness,
    may: Vec<May>,
    until: Option<String>,
    used: Option<String>,
    client: Option<String>,
}

/// Whether a call for the athlete would be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Ready,
    /// The policy does not let the athlete in.
    KeptOut,
    /// The invite was not used for too long; the athlete can resend it.
    Asleep,
    /// The account shows another athlete.
    Replaced,
    /// intervals.icu does not accept the athlete's connection, or there is none.
    Unconnected,
}

impl Athlete {
    fn of(member: Member, is_let_in: bool, now: DateTime<Utc>) -> Self {
        let zone: Option<Tz> = member.zone.as_deref().and_then(|zone| zone.parse().ok());
        let readiness = if !is_let_in {
            Readiness::KeptOut
        } else if member.status == MemberStatus::Replaced {
            Readiness::Replaced
        } else if asleep(member.invited_at, member.first_used_at, now) {
            Readiness::Asleep
        } else if member.status == MemberStatus::Connected {
            Readiness::Ready
        } else {
            Readiness::Unconnected
        };
        Self {
            grant: member.grant_id,
            account: member.account_id,
            name: super::name_of(&member),
            email: member.account_email,
            id: member.athlete_id,
            readiness,
            may: in_words(&member.tools),
            until: until(member.expires_at, zone.unwrap_or(Tz::UTC)),
            used: member.last_used_at.map(|at| when::ago(now, at)),
            client: member.last_client.map(|client| text::clean(&client, NAME)),
        }
    }
}

/// An account whose invites are refused, for people.
struct RefusedRow {
    account: AccountId,
    /// The athlete's name, or the address if there is none.
    name: String,
    email: String,
    since: String,
}

impl RefusedRow {
    fn of(row: Refused, now: DateTime<Utc>) -> Self {
        let name = text::names::shown(row.athlete_name.as_deref().unwrap_or_default());
        Self {
            account: row.account_id,
            name: if name.is_empty() { row.email.clone() } else { name },
            email: row.email,
            since: when::ago(now, row.created_at),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/for_coaches_roster.html")]
struct Page {
    frame: Frame,
    done: Option<Done>,
    email: String,
    athletes: Vec<Athlete>,
    refused: Vec<RefusedRow>,
    refuses_all: Option<String>,
    apps: Apps,
    /// Whether the coach's URL is on; none if there is no URL, or the policy has none.
    url_is_on: Option<bool>,
    /// What the URL offers, while it is on.
    groups: Vec<Offered>,
    shown: String,
    sign_in: Copy,
}

#[derive(Template)]
#[template(path = "pages/for_coaches_door.html")]
struct Door {
    frame: Frame,
}

/// The page for someone without a visit: how to start one.
pub(super) fn door(signed: bool) -> Result<Response, Problem> {
    let frame = Frame::of(signed);
    with_status(StatusCode::FORBIDDEN, &Door { frame })
}

/// The coach whose visit lasts; or the page for somebody else, or for a coach whom the policy does not let in.
pub(super) async fn visiting(
    app: &App,
    headers: &HeaderMap,
    signed: bool,
) -> Result<Result<Visiting, Response>, Problem> {
    Ok(match coach_session::visitor(app, headers).await? {
        Visitor::In(visiting) => Ok(*visiting),
        Visitor::Stranger => Err(door(signed)?),
        Visitor::KeptOut(why) => Err(kept_out::page(
            app.config.support_email.clone(),
            Whose::Coach,
            why,
        )),
    })
}

/// `GET /for-coaches/my-roster`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let Visiting {
        coach,
        policy,
        writes,
    } = match visiting(&app, &headers, session.is_some()).await? {
        Ok(visiting) => visiting,
        Err(page) => return Ok(page),
    };
    log_buffer::flush(&app).await;
    let now = app.clock.now();
    let roster = queries::grants::roster_of(&app.pool, coach.id, now).await?;
    let refused = queries::coaches::refused_by(&app.pool, coach.id).await?;
    let link = queries::connectors::of_coach(&app.pool, coach.id).await?;
    let mut athletes = Vec::with_capacity(roster.len());
    for member in roster {
        let is_let_in = policy::lets_athlete_be_on_rosters(&app, &policy, member.account_id).await?;
        athletes.push(Athlete::of(member, is_let_in, now));
    }
    athletes.sort_by_cached_key(|athlete| (athlete.name.to_lowercase(), athlete.id.clone()));
    let link = link.filter(|_| policy.has_links());
    let is_on = |link: &&Link| link.token_sealed.is_some();
    let groups = link
        .as_ref()
        .filter(is_on)
        .map(|link| links::offered(&link.groups_off));
    let groups = groups.unwrap_or_default();
    page(&Page {
        frame: Frame::of(session.is_some()),
        done,
        email: coach.email,
        athletes,
        refused: refused.into_iter().map(|row| RefusedRow::of(row, now)).collect(),
        refuses_all: coach.refuses_all_at.map(|at| when::ago(now, at)),
        apps: Apps::of(&app, (Owner::Coach(coach.id), writes), &apps::HERE, None).await?,
        url_is_on: link.map(|link| link.token_sealed.is_some()),
        shown: links::shown(&groups),
        groups,
        sign_in: Copy::of_sign_in("sign-in-url", &app.config),
    })
}

/// `POST /for-coaches/my-roster/leave`: gives up what one athlete granted; nothing for an athlete who is not on this
/// roster.
pub(crate) async fn leave(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let grant = fields.take("grant")?.parse().map_err(|_| Problem::BadForm)?;
    let which = Leave::One(GrantId(grant));
    let left = end_grants(&mut transaction, &app, &coach, which, How::Left).await?;
    transaction.commit().await?;
    Ok(back((left > 0).then_some(Done::Left)))
}

/// `POST /for-coaches/my-roster/refuse`: gives up what one account granted, and takes no more invites from it.
pub(crate) async fn refuse(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let athlete = athlete(&mut fields)?;
    queries::coaches::refuse(&mut *transaction, coach.id, athlete, app.clock.now()).await?;
    let which = Leave::Account(athlete);
    let left = end_grants(&mut transaction, &app, &coach, which, How::Refused).await?;
    if left == 0 {
        // An account that is not on this roster is not refused either: the transaction is dropped.
        return Ok(back(None));
    }
    transaction.commit().await?;
    Ok(back(Some(Done::AthleteRefused)))
}

/// `POST /for-coaches/my-roster/welcome`: takes one account's invites again.
pub(crate) async fn welcome(
    Visit(mut transaction, coach): Visit,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let athlete = athlete(&mut fields)?;
    let was = queries::coaches::welcome(&mut *transaction, coach.id, athlete).await?;
    transaction.commit().await?;
    Ok(back(was.then_some(Done::AthleteWelcome)))
}

/// `POST /for-coaches/my-roster/refuse-all`: leaves every athlete and takes no invites at all.
pub(crate) async fn refuse_all(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
) -> Result<Response, Problem> {
    end_grants(&mut transaction, &app, &coach, Leave::All, How::RefusedAll).await?;
    let since = coach.refuses_all_at.unwrap_or_else(|| app.clock.now());
    queries::coaches::set_refuses_all(&mut *transaction, coach.id, Some(since)).await?;
    transaction.commit().await?;
    Ok(back(Some(Done::AllRefused)))
}

/// `POST /for-coaches/my-roster/welcome-all`: takes invites again. Accounts that are refused one by one stay refused.
pub(crate) async fn welcome_all(Visit(mut transaction, coach): Visit) -> Result<Response, Problem> {
    queries::coaches::set_refuses_all(&mut *transaction, coach.id, None).await?;
    transaction.commit().await?;
    Ok(back(Some(Done::AllWelcome)))
}

/// `POST /for-coaches/my-roster/done`: ends the visit.
pub(crate) async fn finish(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let cookie = coach_session::end(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/for-coaches")).into_response())
}

fn athlete(fields: &mut Fields) -> Result<AccountId, Problem> {
    let named = fields.take("athlete")?.parse().map_err(|_| Problem::BadForm)?;
    Ok(AccountId(named))
}

/// Back to the roster, which says what was done.
pub(super) fn back(done: Option<Done>) -> Response {
    done.map_or_else(
        || Redirect::to("/for-coaches/my-roster").into_response(),
        Done::answer,
    )
}

/// A transaction that holds the lock of the visiting coach. Without a visit the answer is the page that says how to start
/// one.
pub(crate) struct Visit(pub(super) Transaction<'static, Postgres>, pub(super) Coach);

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let MaybeSigned(session) = MaybeSigned::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let signed = session.is_some();
        let visiting = visiting(app, &parts.headers, signed).await;
        let Visiting { coach, .. } = visiting.map_err(IntoResponse::into_response)??;
        match begin(app, &coach).await {
            Ok(Some(visit)) => Ok(visit),
            Ok(None) => Err(door(signed).into_response()),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

async fn begin(app: &App, coach: &Coach) -> sqlx::Result<Option<Visit>> {
    // Before the lock, for which the rows of the coach's own calls would wait.
    log_buffer::flush(app).await;
    let mut transaction = app.pool.begin().await?;
    let locked = queries::coaches::locked(&mut *transaction, coach.id).await?;
    Ok(locked.map(|coach| Visit(transaction, coach)))
}

/// Ends these grants of the coach, and queues the emails to the athletes in the same transaction; returns how many there
/// were. An athlete whose grant had expired already gets no email.
pub(super) async fn end_grants(
    db: &mut PgConnection,
    app: &App,
    coach: &Coach,
    which: Leave,
    how: How,
) -> Result<usize, Problem> {
    let now = app.clock.now();
    let left = queries::grants::leave(&mut *db, coach.id, which).await?;
    for athlete in &left {
        if athlete.expires_at.is_some_and(|at| at <= now) {
            continue;
        }
        let to = Address::stored(&athlete.email, &athlete.email_key);
        let mail = Mail::CoachLeft(CoachLeft {
            coach: coach.email.as_str().into(),
            how,
            coaches: app.config.coaches_url(),
        });
        outbox::enqueue(&mut *db, app, &to, Some(athlete.account_id), mail).await?;
    }
    Ok(left.len())
}
