//! The demo's accounts: each simulated person, confirmed and connected.

use anyhow::Context as _;

use super::sim::{PEOPLE, Person};
use crate::{
    app::App,
    guard::{accounts, connection},
    ids::ConnectionId,
    mail::Address,
    queries::{self, connections::NewConnection},
    secrets::{Password, PasswordHash},
};

/// The password of every seeded account.
pub const PASSWORD: &str = "train-with-icusync";

/// A person with a ready account.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// Who.
    pub person: &'static Person,
    /// The connector URL.
    pub link: String,
}

/// Makes an account for every simulated person that has none yet, and tells each one's connector URL.
pub async fn seed(app: &App) -> anyhow::Result<Vec<Seeded>> {
    let mut seeded = Vec::new();
    // The one password is no secret, so one hash of it will do for everybody; hashing is what takes the time here.
    let mut hash = None;
    for person in &PEOPLE {
        let link = account_of(app, person, &mut hash)
            .await
            .with_context(|| format!("cannot seed {}", person.name))?;
        seeded.push(Seeded { person, link });
    }
    Ok(seeded)
}

async fn account_of(app: &App, person: &Person, hash: &mut Option<PasswordHash>) -> anyhow::Result<String> {
    let address = Address::parse(person.email)?;
    let now = app.clock.now();
    let known = queries::accounts::by_email(&app.pool, &address.key).await?;
    let account = if let Some(known) = known {
        known.id
    } else {
        let hash = match hash {
            Some(hash) => hash,
            none => none.insert(app.passwords.hash(Password::choose(PASSWORD.to_owned())?).await),
        };
        let mut transaction = app.pool.begin().await?;
        let account = accounts::create(&mut transaction, app, &address, hash)
            .await?
            .context("the address was taken meanwhile")?;
        let id = ConnectionId(app.random.uuid(&app.clock));
        let scopes: Vec<String> = crate::intervals::Area::ALL
            .iter()
            .map(|area| format!("{}:WRITE", area.as_str()))
            .collect();
        let connection = NewConnection {
            id,
            account_id: account,
            athlete_id: person.athlete_id,
            athlete_name: person.name,
            kind: "oauth",
            scopes: &scopes,
            now,
        };
        let sealed = app
            .keys
            .seal(connection::token_place(id), person.token.as_bytes(), &app.random);
        queries::connections::connect(&mut *transaction, connection, &sealed).await?;
        transaction.commit().await?;
        account
    };
    let link = queries::links::of_account(&app.pool, account)
        .await?
        .context("every account has a link")?;
    let token = app
        .keys
        .open_text(accounts::link_place(link.id), &link.token_sealed)?;
    Ok(app.config.link_url.join(&format!("/mcp/{token}")))
}
