//! Recovery of an account whose factors are all lost: it waits, it is written to the owner's address and shown in each session, and
//! anybody who is signed in or shows a factor ends it. Only then an emailed link takes the factors off, and with them every session,
//! every connected app and the connector URL. It never lets anybody in: who has no first factor still has none.

use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;

use super::{
    connector::{self, Minted},
    sign_ins::{self, From},
    tries,
};
use crate::{
    app::App,
    ids::AccountId,
    mail::{Address, Mail, RecoveryBegun, RecoveryDone, RecoveryReady, outbox},
    queries::{
        self,
        accounts::Addresses,
        mail_links::{MailLinkKind, NewMailLink},
        sign_ins::Owner,
    },
    secrets::{Token, TokenKind},
    time,
};

/// How long the owner has to say no.
const WAITS: Duration = Duration::hours(48);
/// An address that has been confirmed for so long can recover an account alone. After a change, the old one is kept for as long and
/// gets the same mails.
pub(crate) const TRUSTED_AFTER: Duration = Duration::days(7);
/// How long the mailed link works.
pub(crate) const LINK_LASTS: Duration = Duration::hours(24);
/// The link's path in an email, before the slash and the token.
pub(crate) const LINK: &str = "/recover";
/// Recoveries that are looked at in one turn.
const BATCH: i64 = 100;

/// What became of the wish to recover.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begun {
    /// One is open, this one or an earlier one.
    Open,
    /// The account has begun as many as a day allows.
    TooMany,
    /// The account has no factor that could be lost, or no address.
    Nothing,
}

/// Begins a recovery for somebody who showed the first factor, and writes to the owner.
pub(crate) async fn begin(app: &App, account: AccountId, from: &From) -> anyhow::Result<Begun> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, account).await?
        || !queries::factors::has_any(&mut *db, account).await?
    {
        return Ok(Begun::Nothing);
    }
    if queries::recoveries::of_account(&mut *db, account)
        .await?
        .is_some()
    {
        return Ok(Begun::Open);
    }
    let addresses = queries::accounts::addresses_of(&mut *db, account).await?;
    let Some(addresses) = addresses.filter(|addresses| addresses.email.is_some()) else {
        return Ok(Begun::Nothing);
    };
    if !tries::recovery(&mut *db, app, account).await? {
        return Ok(Begun::TooMany);
    }
    let ready_at = (now + WAITS).max(addresses.since + TRUSTED_AFTER);
    queries::recoveries::begin(&mut *db, account, now, ready_at).await?;
    let mail = RecoveryBegun {
        ready: time::in_utc(ready_at),
        network: from.network.clone(),
        browser: from.browser.clone(),
        account: app.config.page_url("/account"),
        forgot: app.config.page_url("/forgot"),
    };
    for to in recipients(&addresses, now) {
        let mail = Mail::RecoveryBegun(mail.clone());
        outbox::enqueue(&mut *db, app, &to, Some(account), mail).await?;
    }
    transaction.commit().await?;
    tracing::info!(%account, "a recovery of lost factors was begun");
    Ok(Begun::Open)
}

/// Where the mails of a recovery go that began then: the address, and the one before while the address was young.
fn recipients(addresses: &Addresses, begun_at: DateTime<Utc>) -> Vec<Address> {
    let now = match (&addresses.email, &addresses.email_key) {
        (Some(typed), Some(key)) => Some(Address::stored(typed, key)),
        _ => None,
    };
    let is_young = begun_at - addresses.since < TRUSTED_AFTER;
    let before = addresses.before.as_deref().filter(|_| is_young);
    let before = before.and_then(|typed| Address::parse(typed).ok());
    now.into_iter().chain(before).collect()
}

/// Mails the links of the recoveries that nobody ended in time. Any number of instances may do this at once.
pub async fn mail_due(app: &App) -> anyhow::Result<()> {
    for account in queries::recoveries::due(&app.pool, app.clock.now(), BATCH).await? {
        mail_one(app, account).await?;
    }
    Ok(())
}

async fn mail_one(app: &App, account: AccountId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    // The account first, as whoever ends the recovery does.
    if !queries::accounts::lock(&mut *db, account).await? {
        return Ok(());
    }
    let Some(begun_at) = queries::recoveries::mail(&mut *db, account, now).await? else {
        return Ok(());
    };
    let addresses = queries::accounts::addresses_of(&mut *db, account).await?;
    for to in addresses
        .iter()
        .flat_map(|addresses| recipients(addresses, begun_at))
    {
        let token = Token::mint(TokenKind::Mail, &app.random);
        let link = NewMailLink {
            hash: token.hash(),
            kind: MailLinkKind::Recover,
            email: &to.typed,
            email_key: &to.key,
            account_id: Some(account),
            request_id: None,
            now,
            expires_at: now + LINK_LASTS,
        };
        queries::mail_links::create(&mut *db, link).await?;
        let ready = Mail::RecoveryReady(RecoveryReady {
            link: app.config.page_url(&format!("{LINK}/{}", token.expose())),
        });
        outbox::enqueue(&mut *db, app, &to, Some(account), ready).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Ends a recovery because its owner says that it was not them; whether there was one.
pub(crate) async fn stop(app: &App, account: AccountId) -> sqlx::Result<bool> {
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    queries::accounts::lock(&mut *db, account).await?;
    let stopped = queries::recoveries::end(&mut *db, account).await?;
    transaction.commit().await?;
    if stopped {
        tracing::info!(%account, "a recovery was stopped by somebody who is signed in");
    }
    Ok(stopped)
}

/// Finishes a recovery within `db`'s transaction, which has locked the account and spent the link: takes all factors off, ends
/// everything that is signed in, regenerates the link and writes to the owner. False if the recovery was ended.
pub(crate) async fn finish(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    from: &From,
) -> anyhow::Result<bool> {
    let Some(open) = queries::recoveries::of_account(&mut *db, account).await? else {
        return Ok(false);
    };
    let addresses = queries::accounts::addresses_of(&mut *db, account).await?;
    queries::recoveries::end(&mut *db, account).await?;
    queries::factors::end_all(&mut *db, account).await?;
    queries::mail_links::end_all(&mut *db, account).await?;
    queries::identity_offers::end_all(&mut *db, account).await?;
    queries::sessions::end_all(&mut *db, account).await?;
    sign_ins::end_all(&mut *db, app, Owner::Account(account), from).await?;
    let link = queries::connectors::of_account(&mut *db, account).await?;
    // One that is switched off stays off.
    let link = link.filter(|link| link.token_sealed.is_some());
    if let Some(link) = &link {
        let Minted { hash, sealed, .. } = connector::mint(app, link.id);
        queries::connectors::regenerate(&mut *db, link.id, account, hash, &sealed, app.clock.now()).await?;
    }
    let done = RecoveryDone {
        network: from.network.clone(),
        browser: from.browser.clone(),
        new_url: link.is_some(),
        sign_in: app.config.page_url("/sign-in"),
    };
    for to in addresses
        .iter()
        .flat_map(|addresses| recipients(addresses, open.begun_at))
    {
        let mail = Mail::RecoveryDone(done.clone());
        outbox::enqueue(&mut *db, app, &to, Some(account), mail).await?;
    }
    tracing::info!(%account, "a recovery took all factors off");
    Ok(true)
}
