//! What follows a coach's mail link: the page with the button, what the button does, and how it ended.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE};
use sqlx::PgConnection;

use super::{
    address_of, name_of,
    wish::{Row, Wish},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_session,
        coaches::{self, asleep},
        connector,
        policy::{self, Admission},
        sign_ins::{self, From},
    },
    mail::{
        CoachNewUrl, CoachUrl, Mail, Theirs,
        outbox::{self, Queued},
    },
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned,
        apps::end_apps_ticked,
        frame::{page, with_status},
        kept_out::{self, Whose},
        mail_link::Opened,
    },
    policy::Kind,
    queries::{self, coaches::Coach, sign_in_log::How, sign_ins::Owner},
    words::{MemberStatus, SignInOutcome, Way},
};

/// In the query of the last page: the sign-ins were ended too.
const APPS_ENDED: &str = "apps=ended";

/// `GET /for-coaches/{wish}/{token}`, the link in the email.
pub(crate) async fn open_link(
    State(app): State<App>,
    wish: Wish,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let token = path.as_ref().map_or("", |path| path.1.as_str());
    wish.row().page.open(&app, token)
}

#[derive(Template)]
#[template(path = "pages/for_coaches_confirm.html")]
struct Confirm {
    frame: Frame,
    wish: Wish,
    row: Row,
    email: String,
    form: String,
}

/// `GET /for-coaches/{wish}/confirm`: the page with the button. Opening it spends nothing.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    wish: Wish,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
) -> Result<Response, Problem> {
    let (signed, row) = (session.is_some(), wish.row());
    match row.page.opened(&app.pool, &app, &headers).await? {
        Some(opened) => page(&Confirm {
            frame: Frame::of(signed),
            wish,
            row,
            form: opened.form(),
            email: opened.link.email,
        }),
        None => row.page.gone(&app, &headers, signed),
    }
}

/// What the button did.
enum Granted {
    /// The URL is in an email, unless the address is above the limit for such emails.
    Mailed(Queued),
    /// A new URL is in an email, and every client that had signed in was ended.
    ReplacedAndEnded,
    /// A visit to the roster began, with this `Set-Cookie`.
    Visit(HeaderValue),
    /// Nothing: the URL can no longer be opened.
    Unreadable,
    /// Nothing: the coach switched the URL off.
    SwitchedOff,
    /// Nothing: the coach has no URL.
    Nothing,
    /// Nothing: the policy has no connector URLs.
    NoLinks,
    /// Nothing: the policy does not let the coach in, or not by a link by email.
    KeptOut(Admission),
}

/// `POST /for-coaches/{wish}/confirm`: spends the link and does what it is for, both or neither.
pub(crate) async fn confirm(
    State(app): State<App>,
    wish: Wish,
    from: FromNetwork,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, network) = (fields.take("form")?, from.0);
    let from = end_apps_ticked(&mut fields).then(|| From::of(from.0, &headers));
    let (signed, row) = (session.is_some(), wish.row());
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let opened = row.page.pressed(&mut *db, &app, &headers, &form).await?;
    let Some((opened, coach)) = spend(db, &app, opened).await? else {
        return row.page.gone(&app, &headers, signed);
    };
    let policy = policy::of_now(&mut *db, &app).await?;
    let admission = policy::lets_coach_in(&mut *db, &app, Some(coach.id), Way::Email).await?;
    let granted = match wish {
        _ if admission != Admission::In => Granted::KeptOut(admission),
        Wish::Resend | Wish::Regenerate if !policy.has_links() => Granted::NoLinks,
        Wish::Resend => resend(db, &app, &coach).await?,
        Wish::Regenerate => regenerate(db, &app, &coach, from.as_ref()).await?,
        Wish::Roster => Granted::Visit(coach_session::begin(db, &app, coach.id, &headers).await?),
    };
    let done = match granted {
        Granted::Nothing => return row.page.gone(&app, &headers, signed),
        // Rolled back: a new URL that is not emailed would lock the coach out, and the link can be used later.
        Granted::Mailed(Queued::Capped) => return ended(End::TooMany, signed),
        Granted::NoLinks => return ended(End::NoLinks, signed),
        Granted::KeptOut(why) => {
            drop(transaction);
            let (owner, refused) = (
                Owner::Coach(coach.id),
                (SignInOutcome::NotAllowed, How::by(Way::Email)),
            );
            let from = From::of(network, &headers);
            sign_ins::log_apart(&app, owner, None, refused, from);
            let contact = app.config.support_email.clone();
            return Ok(kept_out::page(contact, Whose::Stranger(Kind::Coach), why));
        }
        Granted::Unreadable => {
            transaction.commit().await?;
            return ended(End::Unreadable, signed);
        }
        Granted::SwitchedOff => {
            transaction.commit().await?;
            return ended(End::SwitchedOff, signed);
        }
        Granted::Mailed(Queued::Queued) => {
            Redirect::to(&format!("/for-coaches/{}/done", row.word)).into_response()
        }
        Granted::ReplacedAndEnded => {
            Redirect::to(&format!("/for-coaches/{}/done?{APPS_ENDED}", row.word)).into_response()
        }
        Granted::Visit(cookie) => {
            ([(SET_COOKIE, cookie)], Redirect::to("/for-coaches/my-roster")).into_response()
        }
    };
    transaction.commit().await?;
    if wish == Wish::Regenerate {
        metrics::counter!("icusync_coach_urls_regenerated_total").increment(1);
    }
    Ok(opened.forgotten(&app, done))
}

/// Spends the link whose button was pressed, and locks its coach until `db`'s transaction ends: of many presses at once,
/// one succeeds. None if the link no longer works or the coach is gone; then nothing was written.
async fn spend(
    db: &mut PgConnection,
    app: &App,
    pressed: Option<Opened>,
) -> Result<Option<(Opened, Coach)>, Problem> {
    let Some(opened) = pressed else {
        return Ok(None);
    };
    // The coach before the link: ending all links of a coach locks the coach first, and two transactions that took them in
    // different orders would wait for each other.
    let Some(coach) = queries::coaches::locked_by_email(&mut *db, &opened.link.email_key).await? else {
        return Ok(None);
    };
    let spent = opened.spend(db, app).await?;
    Ok(spent.map(|_| (opened, coach)))
}

/// Emails the same URL to the address that an athlete once gave.
async fn resend(db: &mut PgConnection, app: &App, coach: &Coach) -> Result<Granted, Problem> {
    let link = queries::connectors::of_coach(&mut *db, coach.id).await?;
    if link.as_ref().is_some_and(|link| link.token_sealed.is_none()) {
        return Ok(Granted::SwitchedOff);
    }
    let Some(url) = link.and_then(|link| connector::url(app, &link)) else {
        return Ok(Granted::Unreadable);
    };
    Ok(Granted::Mailed(
        mail_url(db, app, coach, url, Mail::CoachUrl).await?,
    ))
}

/// Makes a new URL, emails it, and ends every visit and mail link of the coach; with `end_apps` also the sign-ins. The old URL
/// stops working with the commit.
async fn regenerate(
    db: &mut PgConnection,
    app: &App,
    coach: &Coach,
    end_apps: Option<&From>,
) -> Result<Granted, Problem> {
    let Some(url) = coaches::regenerate(db, app, coach.id).await? else {
        return Ok(Granted::Nothing);
    };
    queries::coaches::end_sessions(&mut *db, coach.id).await?;
    queries::mail_links::end_of_coach(&mut *db, &coach.email_key).await?;
    let ended = match end_apps {
        Some(from) => sign_ins::end_all(&mut *db, app, Owner::Coach(coach.id), from).await?,
        None => 0,
    };
    let new = |mail| Mail::CoachNewUrl(CoachNewUrl(mail));
    Ok(match mail_url(db, app, coach, url, new).await? {
        Queued::Queued if ended > 0 => Granted::ReplacedAndEnded,
        queued => Granted::Mailed(queued),
    })
}

/// Queues the email that `mail` makes with the URL and the athletes that it covers.
pub(super) async fn mail_url(
    db: &mut PgConnection,
    app: &App,
    coach: &Coach,
    url: String,
    mail: fn(CoachUrl) -> Mail,
) -> Result<Queued, Problem> {
    let mail = mail(CoachUrl {
        url: Some(url),
        athletes: covered(db, app, coach).await?,
        for_coaches: app.config.for_coaches_url(),
    });
    Ok(outbox::enqueue(db, app, &address_of(coach), None, mail).await?)
}

/// The names of the athletes that the coach's URL covers now.
async fn covered(db: &mut PgConnection, app: &App, coach: &Coach) -> sqlx::Result<Vec<Theirs>> {
    let now = app.clock.now();
    let roster = queries::grants::roster_of(db, coach.id, now).await?;
    let usable = roster.iter().filter(|member| {
        member.status != MemberStatus::Replaced && !asleep(member.invited_at, member.first_used_at, now)
    });
    Ok(usable.map(|member| name_of(member).into()).collect())
}

/// A page that says how a wish ended.
#[derive(Template)]
#[template(path = "pages/for_coaches_done.html")]
struct Done {
    frame: Frame,
    end: End,
}

/// How a wish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The URL is on its way.
    Resent,
    /// The new URL is on its way, and the old one no longer works.
    Regenerated,
    /// The same, and every client that had signed in was ended.
    RegeneratedAndEnded,
    /// Nothing was done: the address has reached the limit for such emails, and without one it would have been no use.
    TooMany,
    /// The URL can no longer be opened.
    Unreadable,
    /// There is none: the coach switched it off.
    SwitchedOff,
    /// There is none: the policy has no connector URLs.
    NoLinks,
}

fn ended(end: End, signed: bool) -> Result<Response, Problem> {
    let status = match end {
        End::Resent
        | End::Regenerated
        | End::RegeneratedAndEnded
        | End::Unreadable
        | End::SwitchedOff
        | End::NoLinks => StatusCode::OK,
        End::TooMany => StatusCode::TOO_MANY_REQUESTS,
    };
    let frame = Frame::of(signed);
    with_status(status, &Done { frame, end })
}

/// `GET /for-coaches/{wish}/done`. For a wish whose end has no page, `done` is a token that someone made up.
pub(crate) async fn done(
    State(app): State<App>,
    wish: Wish,
    MaybeSigned(session): MaybeSigned,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    if wish == Wish::Regenerate && query.as_deref() == Some(APPS_ENDED) {
        return ended(End::RegeneratedAndEnded, session.is_some());
    }
    match wish.row() {
        Row { end: Some(end), .. } => ended(end, session.is_some()),
        Row { page, .. } => Ok(page.open(&app, "done")),
    }
}
