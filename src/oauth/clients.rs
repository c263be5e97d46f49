//! From a client id to the client: pinned, registered, or described by the document that the id is the URL of.

use std::time::Duration;

use chrono::TimeDelta;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{
    documents::{Document, FetchError},
    error, known,
    redirects::{self, host_of},
};
use crate::{
    app::App,
    guard::limits::Network,
    queries::{
        self,
        oauth_clients::{NewDocument, StoredClient},
    },
    secrets::{Token, TokenKind},
};

/// A document is fetched again when its copy is older.
const FRESH: TimeDelta = TimeDelta::days(1);
/// How long the last good copy stands in for a document that cannot be had, since it was fetched.
const LAST_GOOD: TimeDelta = TimeDelta::days(30);
/// When to try again if a document cannot be had: an attempt counts for half a minute.
const RETRY: Duration = Duration::from_secs(30);
/// The longest client id that is looked up.
const LONGEST_ID: usize = 500;

/// A client that may ask for a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    /// As it sends it.
    pub id: String,
    /// Its name for people, which it chose itself; the host that it is sent back to if it has none.
    pub name: String,
    /// The host of its document, which vouches for the name and the redirects. None for one that registered itself.
    pub host: Option<String>,
    /// Where it may be sent back to.
    pub redirect_uris: Vec<String>,
    /// How it says that it authenticates itself at the token endpoint.
    pub auth_method: String,
    /// Whether its id is the URL of a metadata document.
    pub is_document: bool,
    secret_hash: Option<Vec<u8>>,
}

/// Why there is no such client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFound {
    /// Nobody registered it, and its id is no URL.
    #[error("unknown client")]
    Unknown,
    /// Its document cannot be had now.
    #[error("the client's document cannot be fetched")]
    Unreachable {
        /// When it makes sense to try again.
        retry_after: Duration,
    },
    /// Its id, or the document behind it, is wrong: in words for a log.
    #[error("the client's document is wrong: {0}")]
    Invalid(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Client {
    /// Whether it may be sent back to `redirect`.
    pub(crate) fn allows(&self, redirect: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| redirects::matches(registered, redirect))
    }

    /// Whether it was given a secret at its registration.
    pub(crate) fn is_confidential(&self) -> bool {
        self.secret_hash.is_some()
    }

    /// Whether `secret` is the one that it was given at its registration.
    pub(crate) fn has_secret(&self, secret: &str) -> bool {
        let sent = Token::parse(TokenKind::ClientSecret, secret).map(|token| token.hash());
        match (sent, &self.secret_hash) {
            (Some(sent), Some(known)) => bool::from(sent.as_bytes().ct_eq(known)),
            _ => false,
        }
    }

    fn pinned(client_id: &str, known: known::Known) -> Self {
        Self {
            id: client_id.to_owned(),
            name: known.name.to_owned(),
            host: Some(known.host.to_owned()),
            redirect_uris: known.redirect_uris,
            auth_method: "none".to_owned(),
            is_document: true,
            secret_hash: None,
        }
    }

    fn registered(client_id: &str, stored: StoredClient) -> Self {
        let first = stored.redirect_uris.first().map(|uri| host_of(uri));
        Self {
            id: client_id.to_owned(),
            name: if stored.name.is_empty() {
                first.unwrap_or_default()
            } else {
                stored.name
            },
            host: None,
            redirect_uris: stored.redirect_uris,
            auth_method: stored.auth_method,
            is_document: false,
            secret_hash: stored.secret_hash,
        }
    }

    fn described(client_id: &str, document: Document) -> Self {
        let url = url::Url::parse(client_id).ok();
        Self {
            id: client_id.to_owned(),
            name: document.name,
            host: url.and_then(|url| url.host_str().map(str::to_owned)),
            redirect_uris: document.redirect_uris,
            auth_method: document.auth_method,
            is_document: true,
            secret_hash: None,
        }
    }
}

/// What tells one client from another for the same person. A document's URL does; registrations are made anew for each connect,
/// so for those it is the name and where the code goes. `host` is that of the document, if it has one.
pub(crate) fn key(client_id: &str, host: Option<&str>, name: &str, redirect: &str) -> String {
    match host {
        Some(_) => client_id.to_owned(),
        // A host holds no space, so no name can be mistaken for part of it.
        None => format!("{}: {name}", host_of(redirect)),
    }
}

/// The client with this id. A known client with a known `redirect_uri` needs neither the database nor its document. Without a
/// redirect a copy of any age will do. A document is fetched only for a person who is sent here, from the network `from`, which
/// may make us ask so many strangers a minute; without one, a client of which nothing is kept is unknown.
///
/// What is refused is logged and counted here.
pub(crate) async fn find(
    app: &App,
    client_id: &str,
    redirect_uri: Option<&str>,
    from: Option<Network>,
) -> Result<Client, NotFound> {
    let known = known::find(client_id);
    if let Some(known) = &known
        && redirect_uri.is_none_or(|redirect| known.allows(redirect))
    {
        return Ok(Client::pinned(client_id, known.clone()));
    }
    let found = if client_id.len() > LONGEST_ID {
        Err(NotFound::Unknown)
    } else if client_id.contains("://") {
        of_document(app, client_id, redirect_uri.is_some(), from).await
    } else {
        of_registration(app, client_id).await
    };
    let reason = match &found {
        Ok(_) | Err(NotFound::Database(_)) => return found,
        Err(NotFound::Unknown) => "unknown_client",
        Err(NotFound::Unreachable { .. }) => "document_unreachable",
        Err(NotFound::Invalid(reason)) => reason,
    };
    error::refused("client", client_id, reason);
    match known {
        Some(known) => Ok(Client::pinned(client_id, known)),
        None => found,
    }
}

async fn of_registration(app: &App, client_id: &str) -> Result<Client, NotFound> {
    let is_ours = Uuid::try_parse(client_id).is_ok_and(|id| id.to_string() == client_id);
    if !is_ours {
        return Err(NotFound::Unknown);
    }
    let stored = queries::oauth_clients::find(&app.pool, client_id).await?;
    let stored = stored.ok_or(NotFound::Unknown)?;
    Ok(Client::registered(client_id, stored))
}

async fn of_document(
    app: &App,
    client_id: &str,
    fresh: bool,
    from: Option<Network>,
) -> Result<Client, NotFound> {
    super::documents::admissible(client_id).map_err(NotFound::Invalid)?;
    let now = app.clock.now();
    let copy = queries::oauth_clients::find(&app.pool, client_id).await?;
    let age = |copy: &StoredClient| copy.fetched_at.map(|at| now - at);
    let will_do = |copy: &StoredClient| !fresh || age(copy).is_some_and(|age| age < FRESH);
    let copy = match copy {
        Some(copy) if will_do(&copy) => return Ok(Client::described(client_id, copy.into())),
        copy => copy.filter(|copy| age(copy).is_some_and(|age| age < LAST_GOOD)),
    };
    let found = match from {
        None => Err(FetchError::Unreachable),
        Some(from) => match app.limits.document(from) {
            Err(_) => Err(FetchError::Unreachable),
            Ok(()) => app.documents.document(&app.clock, client_id).await,
        },
    };
    match (found, copy) {
        (Ok(document), _) => {
            keep(app, client_id, &document).await?;
            Ok(Client::described(client_id, Document::clone(&document)))
        }
        (Err(error), Some(copy)) => {
            tracing::warn!(
                client = client_id,
                ?error,
                "using the last good copy of a client's document"
            );
            Ok(Client::described(client_id, copy.into()))
        }
        (Err(FetchError::Unreachable), None) => Err(NotFound::Unreachable { retry_after: RETRY }),
        (Err(FetchError::Wrong(reason)), None) => Err(NotFound::Invalid(reason)),
    }
}

async fn keep(app: &App, client_id: &str, document: &Document) -> sqlx::Result<()> {
    let document = NewDocument {
        id: app.random.uuid(&app.clock),
        client_id,
        name: &document.name,
        redirect_uris: &document.redirect_uris,
        auth_method: &document.auth_method,
        fetched_at: app.clock.now(),
    };
    queries::oauth_clients::keep_document(&app.pool, &document).await
}

impl From<StoredClient> for Document {
    fn from(stored: StoredClient) -> Self {
        Self {
            name: stored.name,
            redirect_uris: stored.redirect_uris,
            auth_method: stored.auth_method,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Random;

    fn registered(secret: Option<&Token>) -> Client {
        Client::registered(
            "0195a0c4-0000-7000-8000-000000000000",
            StoredClient {
                name: "Claude".to_owned(),
                redirect_uris: vec![
                    "https://claude.ai/api/mcp/auth_callback".to_owned(),
                    "http://localhost/callback".to_owned(),
                ],
                auth_method: "none".to_owned(),
                secret_hash: secret.map(|token| token.hash().as_bytes().to_vec()),
                fetched_at: None,
            },
        )
    }

    #[test]
    fn a_registered_client_is_its_name_and_where_the_code_goes() {
        let client = registered(None);
        assert!(client.allows("http://127.0.0.1:5000/callback"));
        assert!(!client.allows("https://evil.example/"));
        let key = |name: &str, redirect: &str| key(&client.id, None, name, redirect);
        assert_eq!(
            key("Claude", "https://claude.ai/api/mcp/auth_callback"),
            "claude.ai: Claude"
        );
        assert_eq!(
            key("Claude", "http://localhost:5000/callback"),
            "this computer: Claude"
        );
        assert_eq!(
            key("claude.ai: Claude", "https://evil.example/"),
            "evil.example: claude.ai: Claude"
        );
    }

    #[test]
    fn only_its_own_secret_fits_and_none_fits_a_client_without() {
        let random = Random::seeded([3; 32]);
        let [own, other] = [0, 1].map(|_| Token::mint(TokenKind::ClientSecret, &random));
        let client = registered(Some(&own));
        assert!(client.has_secret(own.expose()));
        assert!(!client.has_secret(other.expose()) && !client.has_secret(""));
        assert!(!registered(None).has_secret(own.expose()) && !registered(None).has_secret(""));
    }
}
