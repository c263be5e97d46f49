//! A coach's own roster, during a visit: who granted what, and the ways to leave, to refuse and to come back.
//!
//! What may be done with an athlete's data is the athlete's to say; here a coach can only give rights back.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sqlx::PgConnection;

use super::NAME;
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_session,
        coaches::{asleep, may, until},
    },
    ids::{AccountId, GrantId},
    mail::{Address, CoachLeft, How, Mail, May, outbox},
    pages::{
        Fields, Frame, Visitor,
        frame::{page, with_status},
        when,
    },
    queries::{
        self,
        coaches::{Coach, Refused},
        grants::{Leave, Member},
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
    standing: Standing,
    may: Vec<May>,
    until: Option<String>,
    used: Option<String>,
    client: Option<String>,
}

/// Whether a call for the athlete would be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Ready,
    /// The invite was not used for too long; the athlete can send it again.
    Asleep,
    /// The account shows another athlete.
    Replaced,
    /// intervals.icu does not take the athlete's connection, or there is none.
    Unconnected,
}

impl Athlete {
    fn of(member: Member, now: DateTime<Utc>) -> Self {
        let zone: Option<Tz> = member.zone.as_deref().and_then(|zone| zone.parse().ok());
        let standing = if member.status == MemberStatus::Replaced {
            Standing::Replaced
        } else if asleep(member.invited_at, member.first_used_at, now) {
            Standing::Asleep
        } else if member.status == MemberStatus::Connected {
            Standing::Ready
        } else {
            Standing::Unconnected
        };
        Self {
            grant: member.grant_id,
            account: member.account_id,
            name: super::name_of(&member),
            email: member.account_email,
            id: member.athlete_id,
            standing,
            may: may(&member.tools),
            until: until(member.expires_at, zone.unwrap_or(Tz::UTC)),
            used: member.last_used_at.map(|at| when::ago(now, at)),
            client: member.last_client.map(|client| text::clean(&client, NAME)),
        }
    }
}

/// An account whose invites are refused, for people.
struct RefusedRow {
    account: AccountId,
    /// The athlete's name, or the address where there is none.
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
    done: Option<&'static str>,
    email: String,
    athletes: Vec<Athlete>,
    refused: Vec<RefusedRow>,
    refuses_all: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/for_coaches_door.html")]
struct Door {
    frame: Frame,
}

/// What was done; a word that is not ours says nothing.
fn sentence(word: &str) -> Option<&'static str> {
    Some(match word {
        "left" => {
            "You have left. From the next call on you get nothing about this athlete any more; a mail tells them."
        }
        "refused" => {
            "You have left, and invites from this account are refused from now on. A mail tells the athlete."
        }
        "welcome" => "This account can invite you again.",
        "refuse-all" => {
            "You have left everybody and take no invites any more. A mail tells each athlete. Your URL opens nothing now."
        }
        "welcome-all" => "Athletes can invite you again.",
        _ => return None,
    })
}

/// The page for somebody without a visit: how to get in.
pub(super) fn door(signed: bool) -> Result<Response, Problem> {
    let frame = Frame::of(signed);
    with_status(StatusCode::FORBIDDEN, &Door { frame })
}

/// `GET /for-coaches/my-roster`, with `?done=` after something was done.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Some(coach) = coach_session::current(&app, &headers).await? else {
        return door(session.is_some());
    };
    let done = Fields::parse(query.unwrap_or_default().as_bytes())
        .ok()
        .and_then(|mut fields| fields.optional("done"))
        .and_then(|word| sentence(&word));
    let now = app.clock.now();
    let roster = queries::grants::roster_of(&app.pool, coach.id, now).await?;
    let refused = queries::coaches::refused_by(&app.pool, coach.id).await?;
    let mut athletes: Vec<Athlete> = roster
        .into_iter()
        .map(|member| Athlete::of(member, now))
        .collect();
    athletes.sort_by_cached_key(|athlete| (athlete.name.to_lowercase(), athlete.id.clone()));
    page(&Page {
        frame: Frame::of(session.is_some()),
        done,
        email: coach.email,
        athletes,
        refused: refused.into_iter().map(|row| RefusedRow::of(row, now)).collect(),
        refuses_all: coach.refuses_all_at.map(|at| when::ago(now, at)),
    })
}

/// `POST /for-coaches/my-roster/leave`: gives back what one athlete granted. Somebody who is not on this roster is nobody.
pub async fn leave(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let grant = fields.take("grant")?.parse().map_err(|_| Problem::BadForm)?;
    let Some((mut transaction, coach)) = begin(&app, &headers).await? else {
        return door(session.is_some());
    };
    let which = Leave::One(GrantId(grant));
    let left = end_grants(&mut transaction, &app, &coach, which, How::Left).await?;
    transaction.commit().await?;
    Ok(back((left > 0).then_some("left")))
}

/// `POST /for-coaches/my-roster/refuse`: the same, and takes no more invites from that account.
pub async fn refuse(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let athlete = athlete(&mut fields)?;
    let Some((mut transaction, coach)) = begin(&app, &headers).await? else {
        return door(session.is_some());
    };
    queries::coaches::refuse(&mut *transaction, coach.id, athlete, app.clock.now()).await?;
    let which = Leave::Account(athlete);
    let left = end_grants(&mut transaction, &app, &coach, which, How::Refused).await?;
    if left == 0 {
        // Somebody who is not on this roster is not refused either: the transaction is dropped.
        return Ok(back(None));
    }
    transaction.commit().await?;
    Ok(back(Some("refused")))
}

/// `POST /for-coaches/my-roster/welcome`: takes one account's invites again.
pub async fn welcome(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let athlete = athlete(&mut fields)?;
    let Some((mut transaction, coach)) = begin(&app, &headers).await? else {
        return door(session.is_some());
    };
    let was = queries::coaches::welcome(&mut *transaction, coach.id, athlete).await?;
    transaction.commit().await?;
    Ok(back(was.then_some("welcome")))
}

/// `POST /for-coaches/my-roster/refuse-all`: leaves everybody and takes no invites at all.
pub async fn refuse_all(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
) -> Result<Response, Problem> {
    let Some((mut transaction, coach)) = begin(&app, &headers).await? else {
        return door(session.is_some());
    };
    end_grants(&mut transaction, &app, &coach, Leave::All, How::RefusedAll).await?;
    let since = coach.refuses_all_at.unwrap_or_else(|| app.clock.now());
    queries::coaches::set_refuses_all(&mut *transaction, coach.id, Some(since)).await?;
    transaction.commit().await?;
    Ok(back(Some("refuse-all")))
}

/// `POST /for-coaches/my-roster/welcome-all`: takes invites again. Accounts that are refused by name stay refused.
pub async fn welcome_all(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
) -> Result<Response, Problem> {
    let Some((mut transaction, coach)) = begin(&app, &headers).await? else {
        return door(session.is_some());
    };
    queries::coaches::set_refuses_all(&mut *transaction, coach.id, None).await?;
    transaction.commit().await?;
    Ok(back(Some("welcome-all")))
}

/// `POST /for-coaches/my-roster/done`: ends the visit.
pub async fn finish(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let cookie = coach_session::end(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/for-coaches")).into_response())
}

fn athlete(fields: &mut Fields) -> Result<AccountId, Problem> {
    let named = fields.take("athlete")?.parse().map_err(|_| Problem::BadForm)?;
    Ok(AccountId(named))
}

/// Back to the roster, with a word for what was done.
fn back(done: Option<&str>) -> Response {
    match done {
        Some(word) => Redirect::to(&format!("/for-coaches/my-roster?done={word}")),
        None => Redirect::to("/for-coaches/my-roster"),
    }
    .into_response()
}

/// A transaction that holds the lock of the coach whose visit this is.
pub(super) async fn begin(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<(sqlx::Transaction<'static, sqlx::Postgres>, Coach)>, Problem> {
    let Some(coach) = coach_session::current(app, headers).await? else {
        return Ok(None);
    };
    let mut transaction = app.pool.begin().await?;
    let locked = queries::coaches::locked(&mut *transaction, coach.id).await?;
    Ok(locked.map(|coach| (transaction, coach)))
}

/// Ends those of the coach's grants, and tells the athletes in the same transaction; how many there were. Whose grant had expired anyway is told nothing.
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
        let to = Address {
            typed: athlete.email.clone(),
            key: athlete.email_key.clone(),
        };
        let mail = Mail::CoachLeft(CoachLeft {
            coach: coach.email.as_str().into(),
            how,
            coaches: app.config.coaches_url(),
        });
        outbox::enqueue(&mut *db, app, &to, Some(athlete.account_id), mail).await?;
    }
    Ok(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_words_say_something() {
        assert!(sentence("left").is_some());
        assert_eq!(sentence("<script>"), None);
    }
}
