//! Inviting a coach: an address, what the coach may do, until when.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};

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
    ids::{AccountId, GrantId},
    mail::{Address, outbox::Queued},
    pages::{
        Fields, Frame, FromNetwork, Signed,
        connections::Stakes,
        done::Done,
        draft::{self, Again, Kept, Typed},
        form::Mistake,
        frame::{leading_to_intervals, page},
    },
    queries::{self, connections::Connection},
    words::ConnectionStatus,
};

const HERE: &str = "/coaches/invite";

#[derive(Template)]
#[template(path = "pages/coaches_invite.html")]
struct Invite {
    frame: Frame,
    athlete: String,
    athlete_id: String,
    email: String,
    /// The account, for which the form is drawn.
    account: AccountId,
    /// Whether what was typed comes from before the session was lost.
    kept: bool,
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
    typed: Typed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    if signed.0.email.is_none() {
        let frame = Frame::of(true);
        return page(&AddressFirst { frame });
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
    let kept = typed.by(account);
    let form = match like {
        Some(grant) => Form::new(grant.coach_email),
        None => Form::of(&kept, connection.as_ref()).unwrap_or_else(|| Form::new(String::new())),
    };
    draw(&app, connection.as_ref(), account, form).await
}

/// What is in the form.
struct Form {
    email: String,
    draft: Draft,
    kept: bool,
    mistakes: Vec<Mistake>,
}

impl Form {
    fn new(email: String) -> Self {
        Self {
            email,
            draft: Draft::new(),
            kept: false,
            mistakes: Vec::new(),
        }
    }

    /// What was typed before; none if nothing was.
    fn of(kept: &Kept, connection: Option<&Connection>) -> Option<Self> {
        let draft = Draft::of(&mut kept.fields()?).ok()?;
        let mut mistakes = kept.mistakes();
        if mistakes.is_empty() && is_of_another(connection, kept.text("athlete")) {
            mistakes.push(of_another());
        }
        Some(Self {
            email: kept.text_or_empty("email"),
            draft,
            kept: kept.was_lost(),
            mistakes,
        })
    }
}

async fn draw(
    app: &App,
    connection: Option<&Connection>,
    account: AccountId,
    form: Form,
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
        return Ok(leading_to_intervals(page(&first)?));
    };
    page(&Invite {
        frame: Frame::of(true),
        athlete: row.athlete_name.clone(),
        athlete_id: row.athlete_id.clone(),
        email: form.email,
        account,
        kept: form.kept,
        sheet: Sheet::of(form.draft, connection, app.clock.now(), &form.mistakes),
        mistakes: form.mistakes,
    })
}

/// `POST /coaches/invite`: grants, and queues the email, in one transaction. With `preset` it only goes back to the form, with
/// that preset's boxes ticked and everything else as it was typed.
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
        return Ok(draft::wrong(HERE, of_another()));
    }
    if let Some(word) = fields.optional("preset") {
        let preset = Preset::of_word(&word).ok_or(Problem::BadForm)?;
        let ticks = draft.with(preset).tools;
        return Ok(Again::at(HERE, Vec::new()).ticking(&ticks).answer());
    }
    if !is_connected(connection) || signed.0.email.is_none() {
        return Ok(Redirect::to(HERE).into_response());
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
            return Ok(Again::at(HERE, mistakes).answer());
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
        return Ok(draft::wrong(HERE, mistake));
    }
    // Read again now that the account is locked: no other athlete can be connected until the invite is written.
    let connection = queries::connections::of_account(&mut *transaction, signed.0.account).await?;
    let connection = connection.as_ref();
    if !is_connected(connection) || signed.0.email.is_none() {
        return Ok(Redirect::to(HERE).into_response());
    }
    if is_of_another(connection, drawn_for.as_deref()) {
        return Ok(draft::wrong(HERE, of_another()));
    }
    let from = grantor(&signed.0, connection);
    let terms = checked.terms();
    let done = match coaches::invite(&mut transaction, &app, &from, &address, &terms).await? {
        Invited::Refused => return Ok(Done::InviteRefused.answer()),
        Invited::Unchanged => return Ok(Done::Unchanged.answer()),
        Invited::Stands(current) => return Ok(met(current.id)),
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
