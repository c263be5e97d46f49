//! Inviting a coach: an address, what the coach may do, until when.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;

use super::{
    grant::met,
    grantor, is_connected,
    terms::{Draft, Sheet},
    zone_of,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coaches::{self, Invited},
        presets::Preset,
        session::Session,
    },
    ids::GrantId,
    mail::{Address, outbox::Queued},
    pages::{
        Fields, Frame, FromNetwork, Signed,
        connections::Stakes,
        done::Done,
        form::Mistake,
        frame::{form_page, leading_to_intervals, with_status},
    },
    queries::{self, connections::Connection},
    words::ConnectionStatus,
};

#[derive(Template)]
#[template(path = "pages/coaches_invite.html")]
struct Invite {
    frame: Frame,
    athlete: String,
    athlete_id: String,
    email: String,
    sheet: Sheet,
    mistakes: Vec<Mistake>,
}

/// The page for an athlete who cannot invite yet.
#[derive(Template)]
#[template(path = "pages/coaches_connect.html")]
struct First {
    frame: Frame,
    oauth: bool,
    reconnect: bool,
    stakes: Stakes,
}

/// The page for an athlete without an address.
#[derive(Template)]
#[template(path = "pages/coaches_address.html")]
struct AddressFirst {
    frame: Frame,
}

/// `GET /coaches/invite`. With `?like=` it is for the coach of one of the account's grants, which may be another athlete's,
/// so the boxes start afresh.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    if signed.0.email.is_none() {
        let frame = Frame::of(true);
        return with_status(StatusCode::OK, &AddressFirst { frame });
    }
    let account = signed.0.account;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let like = Fields::parse(query.unwrap_or_default().as_bytes())?
        .optional("like")
        .and_then(|text| text.parse().ok())
        .map(GrantId);
    let like = match like {
        Some(id) => queries::grants::one_of_account(&app.pool, account, id).await?,
        None => None,
    };
    let email = like.map(|grant| grant.coach_email).unwrap_or_default();
    draw(&app, connection.as_ref(), email, Draft::new(), Vec::new()).await
}

async fn draw(
    app: &App,
    connection: Option<&Connection>,
    email: String,
    draft: Draft,
    mistakes: Vec<Mistake>,
) -> Result<Response, Problem> {
    let Some(row) = connection.filter(|_| is_connected(connection)) else {
        let grants = match connection {
            Some(row) => queries::grants::of_account(&app.pool, row.account_id).await?,
            None => Vec::new(),
        };
        let first = First {
            frame: Frame::of(true),
            oauth: app.config.offers_oauth(),
            reconnect: connection.is_some_and(|row| row.status == ConnectionStatus::Reconnect),
            stakes: Stakes::of(&grants),
        };
        return Ok(leading_to_intervals(with_status(StatusCode::OK, &first)?));
    };
    let wrong = !mistakes.is_empty();
    let form = Invite {
        frame: Frame::of(true),
        athlete: row.athlete_name.clone(),
        athlete_id: row.athlete_id.clone(),
        email,
        sheet: Sheet::of(draft, connection, app.clock.now(), &mistakes),
        mistakes,
    };
    form_page(wrong, &form)
}

/// `POST /coaches/invite`: grants, and queues the email, in one transaction. With `preset` it only ticks that preset's
/// boxes, and keeps what was typed.
pub(crate) async fn send(
    State(app): State<App>,
    signed: Signed,
    client: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let drawn_for = fields.optional("athlete");
    let draft = Draft::of(&mut fields)?;
    let connection = queries::connections::of_account(&app.pool, signed.0.account).await?;
    let connection = connection.as_ref();
    if is_of_another(connection, drawn_for.as_deref()) {
        return draw(&app, connection, email, draft, vec![of_another()]).await;
    }
    if let Some(word) = fields.optional("preset") {
        let preset = Preset::of_word(&word).ok_or(Problem::BadForm)?;
        return draw(&app, connection, email, draft.with(preset), Vec::new()).await;
    }
    if !is_connected(connection) || signed.0.email.is_none() {
        return Ok(Redirect::to("/coaches/invite").into_response());
    }
    app.limits.attempt(client.0)?;
    let checked = draft.check(None, zone_of(connection), app.clock.now());
    let (address, checked) = match (Address::parse(&email), checked) {
        (Ok(address), Ok(checked)) => (address, checked),
        (address, checked) => {
            let address = address.err().map(|error| Mistake::new("email", &error));
            let mistakes = address
                .into_iter()
                .chain(checked.err().into_iter().flatten())
                .collect();
            return draw(&app, connection, email, draft, mistakes).await;
        }
    };
    let mut transaction = app.pool.begin().await?;
    // If the transaction is dropped without a commit, the invite does not count.
    if !coaches::may_invite(&mut transaction, &app, signed.0.account).await? {
        let most = app.config.invites_per_day;
        let mistake = Mistake::new(
            "email",
            &format!(
                "You have sent {most} invites within a day, and that is the most. Send this one tomorrow."
            ),
        );
        return draw(&app, connection, email, draft, vec![mistake]).await;
    }
    // Read again now that the account is locked: no other athlete can be connected until the invite is written.
    let connection = queries::connections::of_account(&mut *transaction, signed.0.account).await?;
    let connection = connection.as_ref();
    if !is_connected(connection) || signed.0.email.is_none() {
        return Ok(Redirect::to("/coaches/invite").into_response());
    }
    if is_of_another(connection, drawn_for.as_deref()) {
        return draw(&app, connection, email, draft, vec![of_another()]).await;
    }
    let from = grantor(&signed.0, connection);
    let terms = checked.terms();
    let done = match coaches::invite(&mut transaction, &app, &from, &address, &terms).await? {
        Invited::Refused => return Ok(Done::InviteRefused.answer()),
        Invited::Unchanged => return Ok(Done::Unchanged.answer()),
        Invited::Stands(current) => return met(*current, &checked, draft, zone_of(connection)),
        Invited::New(_, Queued::Queued) | Invited::Joined(_, Queued::Queued) => {
            if is_own(&signed.0, &address) {
                Done::InvitedOneself
            } else {
                Done::Invited
            }
        }
        Invited::Again(_, Queued::Queued) => Done::InvitedAgain,
        Invited::New(_, Queued::Capped)
        | Invited::Joined(_, Queued::Capped)
        | Invited::Again(_, Queued::Capped) => Done::InvitedUnmailed,
    };
    transaction.commit().await?;
    Ok(done.answer())
}

/// Whether the form was drawn for another athlete than the account shows: the boxes were ticked for that athlete's data.
fn is_of_another(connection: Option<&Connection>, drawn_for: Option<&str>) -> bool {
    let shown = connection.filter(|_| is_connected(connection));
    shown.is_some_and(|row| drawn_for.is_some_and(|athlete| athlete != row.athlete_id))
}

fn of_another() -> Mistake {
    Mistake::new(
        "tools",
        "Your account shows another athlete than when you opened this form, so nothing was granted. Look through it again: it is \
         about the athlete named above now.",
    )
}

/// Whether the invite goes to the athlete's own address.
fn is_own(session: &Session, address: &Address) -> bool {
    let own = session.email.as_deref().map(Address::parse);
    matches!(own, Some(Ok(own)) if own.key == address.key)
}
