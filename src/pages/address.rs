//! An account's address: the first one of somebody who signs in with intervals.icu, or another one. Requested by somebody who proves
//! to be the owner, confirmed from an email to the new address, reported to the old.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sqlx::{Postgres, Transaction};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, Signed, accounts,
    done::Done,
    draft::{self, Again, Typed},
    factor,
    form::{Mistake, Wrong as _},
    frame::{page, with_status},
    mail_link::{ADDRESS_PAGE, AskedFor, Opened},
    proof::{self, Asks},
    sent::{SendAgain, Sent, What},
};
use crate::{
    app::App,
    error::Problem,
    guard::{limits::Network, session::Session},
    ids::AccountId,
    mail::{self, Address, Mail, outbox},
    queries::{self, accounts::Account},
};

const HERE: &str = "/account/address";
const THE_SAME: &str = "This is the address that you have already.";

#[derive(Template)]
#[template(path = "pages/address.html")]
struct Form {
    frame: Frame,
    /// None until the first one is confirmed.
    current: Option<String>,
    email: String,
    asks: Asks,
    next: NextPage,
    /// The account, for which the form is drawn.
    account: AccountId,
    /// Whether what was typed comes from before the session was lost.
    kept: bool,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/address_sent.html")]
struct SentPage {
    frame: Frame,
    is_first: bool,
    has_password: bool,
    again: Option<SendAgain>,
}

/// `GET /account/address`.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    typed: Typed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (session, account) = (&signed.0, signed.0.account);
    if let Some(first) = factor::asked(&app, session, NextPage::Address).await? {
        return Ok(first);
    }
    let kept = typed.by(account);
    let sent = Sent::read(&app, &headers, &[What::Address], Some(account));
    let form = Form {
        frame: Frame::of(true),
        asks: Asks::of(&app, session).await?,
        current: session.email.clone(),
        email: kept.text_or("email", sent.as_ref()),
        next: NextPage::Address,
        account,
        kept: kept.was_lost(),
        mistake: kept.mistake(),
    };
    Ok(form.asks.leading(page(&form)?))
}

/// `POST /account/address`: emails a link to the new address. The page and the work are the same whether that address is
/// free or another account's, so that nobody learns who has an account.
pub(crate) async fn ask(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (email, password) = (fields.take("email")?, fields.optional("password"));
    if let Some(first) = factor::first(&app, &signed.0, NextPage::Address).await? {
        return Ok(Again::later(HERE, first).answer());
    }
    let again = |mistake: Mistake| Ok(draft::wrong(HERE, mistake));
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => return again(Mistake::new("email", &error)),
    };
    let Some(proof) = proof::in_session(&app, &signed.0, password).await? else {
        let (field, text) = Asks::of(&app, &signed.0).await?.refusal();
        return again(Mistake::new(field, text));
    };
    if Some(&address.key) == proof.account.email_key.as_ref() {
        return again(Mistake::new("email", THE_SAME));
    }
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&app, &mut transaction).await? {
        return again(Mistake::new("password", proof::NOT_YOURS));
    }
    mail_a_link(transaction, &app, proof.account.id, &address, from.0).await?;
    let sent = Sent::note(&app, &headers, What::Address, &email, Some(proof.account.id));
    Ok(([(SET_COOKIE, sent)], to_sent()).into_response())
}

/// `POST /account/address/again`: the same once more for the address of the last one, unless that was a moment ago. It takes
/// no proof: the address is one that was requested with it, in this browser and for this account.
pub(crate) async fn send_again(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let Some(sent) = Sent::read(&app, &headers, &[What::Address], Some(account)) else {
        return Ok(Redirect::to(HERE).into_response());
    };
    let (None, Ok(address)) = (sent.wait(&app), Address::parse(&sent.email)) else {
        return Ok(to_sent().into_response());
    };
    app.limits.attempt(from.0)?;
    let transaction = app.pool.begin().await?;
    mail_a_link(transaction, &app, account, &address, from.0).await?;
    let sent = Sent::note(&app, &headers, What::Address, &sent.email, Some(account));
    Ok(([(SET_COOKIE, sent)], to_sent()).into_response())
}

fn to_sent() -> Redirect {
    Redirect::to("/account/address/sent")
}

/// Emails a link to an address that no account has, and to another the word that an account has it; commits.
async fn mail_a_link(
    mut transaction: Transaction<'static, Postgres>,
    app: &App,
    account: AccountId,
    address: &Address,
    from: Network,
) -> Result<(), Problem> {
    let holder = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let own = queries::accounts::by_id(&mut *transaction, account).await?;
    let is_first = own.is_some_and(|own| own.email.is_none());
    let is_coach = queries::grants::any_to(&mut *transaction, &address.key).await?;
    let asked = AskedFor {
        to: address,
        account: Some(account),
        wanted: true,
        stranger: (holder.is_none() && !is_coach).then_some(from),
        request: None,
    };
    // To an address of another account the email says so, and its link is never sent.
    let mail = |link| match &holder {
        Some(holder) => accounts::already_here(app, holder),
        None => Mail::NewAddress(mail::NewAddress { link, is_first }),
    };
    ADDRESS_PAGE.ask(transaction, app, asked, mail).await
}

/// `GET /account/address/sent`.
pub(crate) async fn sent(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let account = session.as_ref().map(|session| session.account);
    let owner = match account {
        Some(account) => queries::accounts::by_id(&app.pool, account).await?,
        None => None,
    };
    let sent = account.and_then(|account| Sent::read(&app, &headers, &[What::Address], Some(account)));
    let again = sent.map(|sent| {
        let action = "/account/address/again";
        SendAgain::of(&app, &sent, action, String::new(), HERE.to_owned())
    });
    page(&SentPage {
        frame: Frame::of(session.is_some()),
        is_first: owner.as_ref().is_some_and(|owner| owner.email.is_none()),
        has_password: owner.is_none_or(|owner| owner.has_password),
        again,
    })
}

/// What the page behind the link asks for, besides the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: the account is signed in here, so it was its owner who asked. Somebody else's account cannot get the address in
    /// this way, because the session would have to be that account's.
    Nothing,
    /// The account's password.
    Password,
    /// To sign in first: the account has no password, or a second step, which the password alone does not stand for.
    SignIn,
}

impl Needs {
    async fn of(app: &App, session: Option<&Session>, owner: &Account) -> Result<Self, Problem> {
        Ok(if session.is_some_and(|session| session.account == owner.id) {
            Self::Nothing
        } else if owner.has_password && !queries::factors::has_any(&app.pool, owner.id).await? {
            Self::Password
        } else {
            Self::SignIn
        })
    }
}

#[derive(Template)]
#[template(path = "pages/address_confirm.html")]
struct Confirm {
    frame: Frame,
    email: String,
    form: String,
    needs: Needs,
    is_first: bool,
    next: NextPage,
    mistake: Option<Mistake>,
}

impl Confirm {
    async fn draw(
        app: &App,
        session: Option<&Session>,
        owner: &Account,
        opened: &Opened,
        mistake: Option<Mistake>,
    ) -> Result<Response, Problem> {
        let needs = Needs::of(app, session, owner).await?;
        let page = Self {
            frame: Frame::of(session.is_some()),
            email: opened.link.email.clone(),
            form: opened.form(),
            needs,
            is_first: owner.email.is_none(),
            next: NextPage::ConfirmAddress,
            mistake,
        };
        super::frame::page(&page)
    }
}

#[derive(Template)]
#[template(path = "pages/address_taken.html")]
struct Taken {
    frame: Frame,
    email: String,
}

/// The account of an opened link.
async fn owner_of(app: &App, opened: Option<Opened>) -> Result<Option<(Account, Opened)>, Problem> {
    let Some((id, opened)) = opened.and_then(|opened| Some((opened.link.account_id?, opened))) else {
        return Ok(None);
    };
    let owner = queries::accounts::by_id(&app.pool, id).await?;
    Ok(owner.map(|owner| (owner, opened)))
}

/// Where the owner has to go before the button, if signed in here: to the page that asks for a factor.
async fn first_of(app: &App, session: Option<&Session>, owner: &Account) -> Result<Option<String>, Problem> {
    match session.filter(|session| session.account == owner.id) {
        Some(session) => factor::first(app, session, NextPage::ConfirmAddress).await,
        None => Ok(None),
    }
}

/// `GET /address`: shows the address that the button gives the account. It does not show the old one: after a typing
/// mistake the email is a stranger's.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    typed: Typed,
) -> Result<Response, Problem> {
    let opened = ADDRESS_PAGE.opened(&app.pool, &app, &headers).await?;
    match owner_of(&app, opened).await? {
        Some((owner, opened)) => {
            if let Some(first) = first_of(&app, session.as_ref(), &owner).await? {
                return Ok(Redirect::to(&first).into_response());
            }
            let mistake = typed.by_anyone().mistake();
            Confirm::draw(&app, session.as_ref(), &owner, &opened, mistake).await
        }
        None => ADDRESS_PAGE.gone(&app, &headers, session.is_some()),
    }
}

/// `POST /address`: gives the account the address, ends every open mail link, emails the old address, signs in. In a browser that
/// is not the account's it asks for the password too, so that opening an email that someone else requested does not give their
/// account your address.
pub(crate) async fn confirm(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, password) = (fields.take("form")?, fields.optional("password"));
    let signed = session.is_some();
    let opened = ADDRESS_PAGE.pressed(&app.pool, &app, &headers, &form).await?;
    let Some((owner, opened)) = owner_of(&app, opened).await? else {
        return ADDRESS_PAGE.gone(&app, &headers, signed);
    };
    if let Some(first) = first_of(&app, session.as_ref(), &owner).await? {
        return Ok(Redirect::to(&first).into_response());
    }
    let needs = Needs::of(&app, session.as_ref(), &owner).await?;
    let proof = match needs {
        Needs::Nothing => None,
        Needs::SignIn => return Ok(Redirect::to("/address").into_response()),
        Needs::Password => {
            let typed = password.unwrap_or_default();
            let Some(proof) = proof::behind_link(&app, opened.hash(), owner.id, typed).await? else {
                return Ok(draft::wrong(
                    "/address",
                    Mistake::new("password", proof::NOT_YOURS),
                ));
            };
            Some(proof)
        }
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let holds = match &proof {
        Some(proof) => proof.holds(&app, &mut *db).await?,
        None => queries::accounts::lock(&mut *db, owner.id).await?,
    };
    let wish = opened.spend(&mut *db, &app).await?;
    let Some(wish) = wish.filter(|_| holds) else {
        return ADDRESS_PAGE.gone(&app, &headers, signed);
    };
    let now = app.clock.now();
    // A code that was mailed to the old address must no longer bind an identity.
    queries::identity_offers::end_all(&mut *db, owner.id).await?;
    match queries::accounts::set_address(&mut *db, owner.id, &wish.email, &wish.email_key, now).await {
        Ok(()) => {}
        // Someone signed up with it meanwhile.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let page = Taken {
                frame: Frame::of(signed),
                email: wish.email,
            };
            return with_status(StatusCode::CONFLICT, &page);
        }
        Err(error) => return Err(error.into()),
    }
    // A link that was sent to the old address must no longer choose a password.
    queries::mail_links::end_all(&mut *db, owner.id).await?;
    // Where it would write to has changed. Whoever has a factor has just shown it.
    queries::recoveries::end(&mut *db, owner.id).await?;
    let done = match Address::of(&owner) {
        Some(old) => {
            let changed = Mail::AddressChanged(mail::AddressChanged {
                intervals: app.config.intervals_url.join("/settings"),
            });
            outbox::enqueue(&mut *db, &app, &old, Some(owner.id), changed).await?;
            Done::AddressChanged
        }
        None => Done::AddressAdded,
    };
    if needs == Needs::Nothing {
        transaction.commit().await?;
        return Ok(opened.forgotten(&app, done.answer()));
    }
    opened
        .sign_in(transaction, &app, owner.id, (&headers, from), done.answer())
        .await
}
