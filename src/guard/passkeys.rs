//! Passkeys (WebAuthn Level 3): what a browser is asked for, and whether its answer is right.
//!
//! A page that asks writes nothing: what has to be known until the answer comes is sealed into its form, with what the passkey is
//! asked for, the cookie of the browser, and a time. An answer spends its challenge in the transaction in which it counts, so that
//! nothing counts twice. The signature, the origin and the flags are the library's business; whose passkey it is, is decided here,
//! from the row as it is at that moment. User verification is always required: a passkey is two factors in one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::{
    app::App,
    config::Config,
    ids::{AccountId, PasskeyId},
    queries::{
        self,
        passkeys::{Listed, New},
    },
    secrets::{Place, TokenHash},
};

/// The most passkeys of an account.
pub(crate) const MOST: usize = 20;
/// The longest name of a passkey, in characters.
pub(crate) const LONGEST_NAME: usize = 60;
/// How long an answer may take.
const ANSWERED_WITHIN: Duration = Duration::minutes(5);
/// The same on a page to sign in, which often waits in a tab until somebody comes back to it.
const SIGNED_IN_WITHIN: Duration = Duration::minutes(30);

/// Asks for passkeys of the name in `PUBLIC_URL`.
#[derive(Debug)]
pub struct Passkeys(Webauthn);

impl Passkeys {
    /// None if `PUBLIC_URL` has an IP address: a passkey belongs to a name (WebAuthn Level 3 section 4, RP ID).
    pub fn of(config: &Config) -> Result<Option<Self>, WebauthnError> {
        let Some((origin, name)) = config.public_url.named() else {
            return Ok(None);
        };
        let builder = WebauthnBuilder::new(name, origin)?.rp_name("IcuSync");
        let timeout = ANSWERED_WITHIN.to_std().unwrap_or_default();
        Ok(Some(Self(builder.timeout(timeout).build()?)))
    }
}

/// What a passkey is asked for. An answer to one is none to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To be added to an account.
    Add,
    /// To sign in with nothing else.
    SignIn,
    /// As the second factor of a sign-in.
    Step,
    /// To show again who is there.
    Again,
}

impl Purpose {
    fn lasts(self) -> Duration {
        match self {
            Self::SignIn => SIGNED_IN_WITHIN,
            Self::Add | Self::Step | Self::Again => ANSWERED_WITHIN,
        }
    }
}

/// A question for the browser.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions` in JSON, bytes in base64url.
    pub(crate) options: String,
    /// What has to come back with the answer: sealed.
    pub(crate) state: String,
}

/// What a form brought: the state of its question, and the browser's `PublicKeyCredential` in JSON, bytes in base64url.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) state: String,
    pub(crate) credential: String,
}

/// A passkey that was shown just now, with user verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Whose it is. The account is locked until the transaction ends.
    pub(crate) account: AccountId,
    /// Which one.
    pub(crate) passkey: PasskeyId,
}

/// Why an answer does not count. The text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The question expired, was answered before, or was another one, or another browser's.
    #[error("That took too long, or was sent twice. Try again.")]
    Late,
    /// No such passkey, or not of this account.
    #[error("IcuSync has no such passkey here. It may have been taken off. Use another one, or another way.")]
    Unknown,
    /// The answer is not right.
    #[error("This passkey was not accepted. Try again, or use another way.")]
    Wrong(Option<AccountId>),
    /// The counter went back.
    #[error(
        "This passkey was not accepted: there may be a copy of it on another device. Use another way, and take this passkey off \
         in your account."
    )]
    Copied(AccountId),
    /// The passkey that was to be added is somebody's already.
    #[error("This passkey is in use already. Make a new one.")]
    Known,
    /// The account has enough passkeys.
    #[error("You have 20 passkeys, which is the most. Take one off first.")]
    Full,
}

impl Refused {
    /// In whose log it belongs, if it is known who was meant.
    pub(crate) fn account(self) -> Option<AccountId> {
        match self {
            Self::Wrong(account) => account,
            Self::Copied(account) => Some(account),
            Self::Late | Self::Unknown | Self::Known | Self::Full => None,
        }
    }
}

/// What is sealed into a form.
#[derive(Serialize, Deserialize)]
struct Held<S> {
    purpose: Purpose,
    /// The hash of the cookie with which the question was asked: session, step or browser.
    bound: String,
    until: DateTime<Utc>,
    state: S,
}

/// A question that was answered in time and in its browser.
struct Asked<S> {
    state: S,
    /// Of everything that was sealed: the challenge makes it unique.
    hash: [u8; 32],
    until: DateTime<Utc>,
}

impl<S> Asked<S> {
    /// Spends the challenge; false if it was.
    async fn spend(&self, db: &mut PgConnection) -> sqlx::Result<bool> {
        queries::spent::once(db, &self.hash, self.until).await
    }
}

/// Asks the browser with this cookie for a passkey: for one of these, or without any for whichever it has. None if there are no
/// passkeys here.
pub(crate) fn ask(
    app: &App,
    purpose: Purpose,
    bound: TokenHash,
    of: &[Listed],
) -> anyhow::Result<Option<Question>> {
    let Some(Passkeys(webauthn)) = &app.passkeys else {
        return Ok(None);
    };
    let (options, state) = webauthn.start_discoverable_authentication()?;
    let mut options = serde_json::to_value(&options.public_key)?;
    options["allowCredentials"] = descriptors(of);
    // What the library adds for its own use: browsers ignore it, or ask for it in vain.
    if let Some(options) = options.as_object_mut() {
        options.remove("extensions");
    }
    question(app, purpose, bound, &options, &state).map(Some)
}

/// Asks the browser of a session for a new passkey for its account, which people see under `name`. None if there are no passkeys
/// here.
pub(crate) fn ask_for_new(
    app: &App,
    session: TokenHash,
    account: AccountId,
    name: &str,
    have: &[Listed],
) -> anyhow::Result<Option<Question>> {
    let Some(Passkeys(webauthn)) = &app.passkeys else {
        return Ok(None);
    };
    let (options, state) = webauthn.start_passkey_registration(account.0, name, name, None)?;
    let mut options = serde_json::to_value(&options.public_key)?;
    options["excludeCredentials"] = descriptors(have);
    // The library discourages it, for keys with little room; where there is room it saves people their address.
    options["authenticatorSelection"]["residentKey"] = json!("preferred");
    question(app, Purpose::Add, session, &options, &state).map(Some)
}

fn descriptors(of: &[Listed]) -> Value {
    let one = |listed: &Listed| json!({"type": "public-key", "id": encode(&listed.credential_id)});
    of.iter().map(one).collect()
}

fn question(
    app: &App,
    purpose: Purpose,
    bound: TokenHash,
    options: &Value,
    state: &impl Serialize,
) -> anyhow::Result<Question> {
    let held = Held {
        purpose,
        bound: encode(bound.as_bytes()),
        until: app.clock.now() + purpose.lasts(),
        state,
    };
    let sealed = app.keys.seal(PLACE, &serde_json::to_vec(&held)?, &app.random);
    Ok(Question {
        options: options.to_string(),
        state: encode(&sealed),
    })
}

/// What the form of a question brought back; none if it is another question's, another browser's, or too old.
fn opened<S: DeserializeOwned>(
    app: &App,
    purpose: Purpose,
    bound: TokenHash,
    answer: &Answer,
) -> Option<Asked<S>> {
    let sealed = URL_SAFE_NO_PAD.decode(&answer.state).ok()?;
    let plain = app.keys.open(PLACE, &sealed).ok()?;
    let held: Held<Value> = serde_json::from_slice(&plain).ok()?;
    let (now, lasts) = (app.clock.now(), purpose.lasts());
    // A clock that was ahead for a while must not make a question last longer.
    let is_in_time = held.until > now && held.until - now <= lasts;
    let fits = held.purpose == purpose && held.bound == encode(bound.as_bytes()) && is_in_time;
    Some(Asked {
        state: serde_json::from_value(held.state).ok().filter(|_| fits)?,
        hash: Sha256::digest(&plain).into(),
        until: held.until,
    })
}

/// Where a question is sealed. It is in no row.
const PLACE: Place = Place {
    table: "passkeys",
    row: Uuid::nil(),
    column: "question",
};

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Checks an answer within `db`'s transaction, spends its challenge and notes that the passkey was used. `of` is whose passkey it
/// must be, if that is known. On a refusal the transaction must not be committed.
pub(crate) async fn check(
    db: &mut PgConnection,
    app: &App,
    (purpose, bound): (Purpose, TokenHash),
    of: Option<AccountId>,
    answer: &Answer,
) -> sqlx::Result<Result<Shown, Refused>> {
    let asked = opened::<DiscoverableAuthentication>(app, purpose, bound, answer);
    let (Some(Passkeys(webauthn)), Some(asked)) = (&app.passkeys, asked) else {
        return Ok(Err(Refused::Late));
    };
    let Ok(credential) = serde_json::from_str::<PublicKeyCredential>(&answer.credential) else {
        return Ok(Err(Refused::Wrong(of)));
    };
    let id = credential.get_credential_id();
    let Some(owner) = queries::passkeys::owner_of(&mut *db, id).await? else {
        return Ok(Err(Refused::Unknown));
    };
    if of.is_some_and(|account| account != owner) || !queries::accounts::lock(&mut *db, owner).await? {
        return Ok(Err(Refused::Unknown));
    }
    // Whoever adds, takes off or uses a passkey of the account waits from here on.
    let row = queries::passkeys::by_credential(&mut *db, id).await?;
    let Some(mut row) = row.filter(|row| row.account_id == owner) else {
        return Ok(Err(Refused::Unknown));
    };
    if !names(&credential, owner, of.is_some()) {
        return Ok(Err(Refused::Wrong(None)));
    }
    if !asked.spend(&mut *db).await? {
        return Ok(Err(Refused::Late));
    }
    match webauthn.finish_discoverable_authentication_v2(&credential, asked.state, &row.credential.0) {
        Ok(result) => {
            row.credential.0.update_credential(&result);
            queries::passkeys::touch(db, row.id, &row.credential.0, app.clock.now()).await?;
            Ok(Ok(Shown {
                account: owner,
                passkey: row.id,
            }))
        }
        Err(WebauthnError::CredentialPossibleCompromise) => {
            tracing::warn!(account = %owner, passkey = %row.id, "the counter of a passkey went back: it may have been copied");
            Ok(Err(Refused::Copied(owner)))
        }
        Err(error) => {
            tracing::info!(account = %owner, passkey = %row.id, %error, "a passkey was not accepted");
            Ok(Err(Refused::Wrong(Some(owner))))
        }
    }
}

/// Whether the authenticator says that the passkey is this account's. Where nobody was known before, it must say so (WebAuthn
/// Level 3 section 7.2 step 6); otherwise it may leave it out.
fn names(credential: &PublicKeyCredential, account: AccountId, is_known: bool) -> bool {
    credential
        .get_user_unique_id()
        .map_or(is_known, |handle| handle == account.0.as_bytes())
}

/// Adds a passkey to a session's account within `db`'s transaction, which has locked the account. On a refusal the transaction must
/// not be committed.
pub(crate) async fn add(
    db: &mut PgConnection,
    app: &App,
    (session, account): (TokenHash, AccountId),
    name: &str,
    answer: &Answer,
) -> sqlx::Result<Result<PasskeyId, Refused>> {
    let asked = opened::<PasskeyRegistration>(app, Purpose::Add, session, answer);
    let (Some(Passkeys(webauthn)), Some(asked)) = (&app.passkeys, asked) else {
        return Ok(Err(Refused::Late));
    };
    let Ok(credential) = serde_json::from_str::<RegisterPublicKeyCredential>(&answer.credential) else {
        return Ok(Err(Refused::Wrong(None)));
    };
    if !asked.spend(&mut *db).await? {
        return Ok(Err(Refused::Late));
    }
    let passkey = match webauthn.finish_passkey_registration(&credential, &asked.state) {
        Ok(passkey) => passkey,
        Err(error) => {
            tracing::info!(%account, %error, "a new passkey was not accepted");
            return Ok(Err(Refused::Wrong(None)));
        }
    };
    let have = queries::passkeys::count(&mut *db, account).await?;
    if usize::try_from(have).map_or(true, |have| have >= MOST) {
        return Ok(Err(Refused::Full));
    }
    let new = New {
        id: PasskeyId(app.random.uuid(&app.clock)),
        account_id: account,
        name,
        credential: &passkey,
        is_discoverable: credential.extensions.cred_props.and_then(|props| props.rk),
        now: app.clock.now(),
    };
    let is_new = queries::passkeys::add(db, &new).await?;
    Ok(if is_new { Ok(new.id) } else { Err(Refused::Known) })
}
