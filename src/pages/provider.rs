//! Continue with the outside identity provider: the way there and back, for athletes and coaches who sign in, for an account that
//! gets it as a way in, and for an owner who proves to be there.
//!
//! Its states are apart from those of intervals.icu: an answer of one never counts at the callback of the other.

mod athlete;
mod coach;
pub(crate) mod join;
pub(crate) mod logout;
pub(crate) mod way;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::Duration;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{RETRY_AFTER, SET_COOKIE},
};
use uuid::Uuid;

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage,
    authorize::leading_anywhere,
    frame::with_status,
    kept_out::{self, Whose},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        identities::{self, Person},
        limits::TooMany,
        policy::{self, Admission},
        session::Session,
        sign_ins::From,
    },
    oauth::authorize::{browser, of_browser},
    oidc::{Answer, Failure, Provider, Purpose, Secrets},
    policy::Kind,
    queries::{self, provider_states::Begun},
    secrets::{Place, Token, TokenKind},
    words::ProviderPurpose,
};

/// Where the provider sends people back to.
const CALLBACK: &str = "/sign-in/provider/callback";
/// How long a sign-in at the provider may take.
const STATE_FOR: Duration = Duration::minutes(10);

const fn place(row: Uuid) -> Place {
    Place {
        table: "provider_states",
        row,
        column: "sealed",
    }
}

/// What people call the provider, if it is set up: for the button that leads there.
pub(super) fn name(app: &App) -> Option<String> {
    app.provider.as_ref().map(|provider| provider.name().to_owned())
}

/// Lets the forms of a page lead to the provider, if one is set up: it may be at more than one host, and may send people on to another
/// one that nobody here knows. Without one they may lead to intervals.icu.
pub(super) fn leading_to_ways(app: &App, response: Response) -> Response {
    if app.provider.is_some() {
        leading_anywhere(response)
    } else {
        super::frame::leading_to_intervals(response)
    }
}

/// Who somebody came as, from where, in the same browser.
#[derive(Clone, Copy)]
struct By<'a> {
    headers: &'a HeaderMap,
    network: &'a FromNetwork,
}

impl By<'_> {
    /// As the log of sign-ins keeps it.
    fn from(&self) -> From {
        From::of(self.network.0, self.headers)
    }
}

/// `POST /sign-in/provider`: redirects to the provider with a state that only this browser can bring back, once.
pub(crate) async fn begin(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let next = NextPage::of_fields(&mut fields);
    let purpose = match fields.take("as")?.as_str() {
        "athlete" => ProviderPurpose::Athlete,
        "coach" => ProviderPurpose::Coach,
        _ => return Err(Problem::BadForm),
    };
    // Somebody who signs in for a client may be somebody else than the one who is signed in here.
    if purpose == ProviderPurpose::Athlete && session.is_some() && next.request().is_none() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    app.limits.sign_in(from.0)?;
    if !policy::offered(&app).await?.provider {
        let contact = app.config.support_email.clone();
        let whose = Whose::Stranger(match purpose {
            ProviderPurpose::Coach => Kind::Coach,
            _ => Kind::Athlete,
        });
        return Ok(kept_out::page(contact, whose, Admission::AnotherWay));
    }
    leave(&app, &headers, purpose, None, next).await
}

/// `GET /sign-in/provider`: whoever reloads comes back to the sign-in.
pub(crate) async fn again() -> Redirect {
    Redirect::to("/sign-in")
}

/// Redirects to the provider.
async fn leave(
    app: &App,
    headers: &HeaderMap,
    purpose: ProviderPurpose,
    session: Option<&Session>,
    next: NextPage,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let back = Back { purpose, next };
    let state = Token::mint(TokenKind::State, &app.random);
    let what = match purpose {
        ProviderPurpose::Prove => Purpose::Proof,
        ProviderPurpose::Athlete | ProviderPurpose::Coach | ProviderPurpose::Add => Purpose::SignIn,
    };
    let callback = app.config.page_url(CALLBACK);
    let (url, secrets) = match provider.begin(&callback, state.expose(), what).await {
        Ok(begun) => begun,
        Err(failure) => return failed(app, provider, failure, back),
    };
    let (browser, cookie) = browser(app, headers);
    let id = app.random.uuid(&app.clock);
    let plain = serde_json::to_vec(&secrets).map_err(anyhow::Error::from)?;
    let begun = Begun {
        id,
        purpose,
        session_hash: session.map(|session| session.hash.as_bytes().to_vec()),
        sealed: app.keys.seal(place(id), &plain, &app.random),
        next: next.word().into_owned(),
    };
    let now = app.clock.now();
    let bound = (state.hash(), browser);
    queries::provider_states::create(&app.pool, bound, &begun, now, now + STATE_FOR).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response())
}

/// `GET /sign-in/provider/callback`: the return from the provider. The state is spent before anything else is read.
pub(crate) async fn callback(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    network: FromNetwork,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let not_ours = || said(&app, provider, &Failed::NotOurs, Back::AT_SIGN_IN);
    let Ok(mut fields) = Fields::parse(query.unwrap_or_default().as_bytes()) else {
        return not_ours();
    };
    let state = fields
        .optional("state")
        .and_then(|text| Token::parse(TokenKind::State, &text));
    let (Some(state), Some(browser)) = (state, of_browser(&app, &headers)) else {
        return not_ours();
    };
    let now = app.clock.now();
    let begun = queries::provider_states::take(&app.pool, state.hash(), browser.hash(), now).await?;
    let Some(begun) = begun else {
        return not_ours();
    };
    let back = Back::to(&begun);
    let session = session.filter(|session| begun.session_hash.as_deref() == Some(session.hash.as_bytes()));
    if begun.session_hash.is_some() && session.is_none() {
        return not_ours();
    }
    if let Some(error) = fields.optional("error") {
        return failed(&app, provider, Failure::of_callback(&error), back);
    }
    let (Some(code), Some(secrets)) = (fields.optional("code"), secrets_of(&app, &begun)) else {
        return not_ours();
    };
    let iss = fields.optional("iss");
    let answer = Answer {
        code: &code,
        iss: iss.as_deref(),
    };
    // What the provider says is as old as the question.
    let (names, now) = (identities::names(&app).await?, app.clock.now());
    let person = match provider.finish(&answer, &secrets, &names).await {
        Ok(signed) => Person::of(provider, signed, now),
        Err(Failure::Refused) => return said(&app, provider, &Failed::TooLate, back),
        Err(failure) => return failed(&app, provider, failure, back),
    };
    let by = By {
        headers: &headers,
        network: &network,
    };
    match (begun.purpose, &session) {
        (ProviderPurpose::Athlete, _) => athlete::landed(&app, provider, &person, by, back).await,
        (ProviderPurpose::Coach, _) => coach::landed(&app, provider, &person, by, back).await,
        (ProviderPurpose::Add, Some(session)) => way::added(&app, provider, session, &person, back).await,
        (ProviderPurpose::Prove, Some(session)) => way::proved(&app, provider, session, &person, back).await,
        // A state of these is bound to a session.
        (ProviderPurpose::Add | ProviderPurpose::Prove, None) => not_ours(),
    }
}

fn secrets_of(app: &App, begun: &Begun) -> Option<Secrets> {
    let plain = app.keys.open(place(begun.id), &begun.sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// From where somebody went to the provider.
#[derive(Debug, Clone, Copy)]
struct Back {
    purpose: ProviderPurpose,
    next: NextPage,
}

impl Back {
    /// Of whom nothing is known.
    const AT_SIGN_IN: Self = Self {
        purpose: ProviderPurpose::Athlete,
        next: NextPage::Dashboard,
    };

    fn to(begun: &Begun) -> Self {
        Self {
            purpose: begun.purpose,
            next: NextPage::of_word(&begun.next),
        }
    }

    /// Who signs in, as the form has it; none for somebody who is signed in.
    fn signs_in_as(self) -> Option<&'static str> {
        match self.purpose {
            ProviderPurpose::Athlete | ProviderPurpose::Coach => Some(self.purpose.as_str()),
            ProviderPurpose::Add | ProviderPurpose::Prove => None,
        }
    }

    fn is_athlete(self) -> bool {
        self.purpose == ProviderPurpose::Athlete
    }

    /// The page that has the button.
    fn path(self) -> String {
        match (self.purpose, self.next.request()) {
            (ProviderPurpose::Add, _) => NextPage::Ways.path().into_owned(),
            (ProviderPurpose::Prove, _) | (_, Some(_)) => self.next.path().into_owned(),
            (ProviderPurpose::Coach, None) => "/for-coaches".to_owned(),
            (ProviderPurpose::Athlete, None) => format!("/sign-in{}", self.next.query()),
        }
    }
}

/// Why somebody came back from the provider for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failed {
    /// Another browser's, too late, or finished before.
    NotOurs,
    /// The provider does not answer.
    Away,
    /// The person did not sign in there.
    Declined,
    /// The provider no longer takes the code that it gave.
    TooLate,
    /// The provider's clock and ours differ.
    Clock,
    /// The provider said something that is not accepted.
    Wrong,
    /// The provider has no verified address of the person.
    NoAddress,
    /// Too many have signed up from the person's network.
    TooMany(TooMany),
    /// Nobody may sign up with the person's address.
    Closed(String),
    /// No athlete has invited the person's address.
    NotInvited(String),
    /// The identity is a way into another account.
    Elsewhere,
    /// The account has another identity already.
    HasAnother,
    /// Somebody else came back than the one who was to prove to be there.
    SomebodyElse,
    /// Something changed meanwhile.
    Meanwhile,
}

impl Failed {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotOurs | Self::TooLate => StatusCode::BAD_REQUEST,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Clock | Self::Wrong => StatusCode::BAD_GATEWAY,
            Self::Declined => StatusCode::OK,
            Self::NoAddress | Self::Closed(_) | Self::NotInvited(_) | Self::SomebodyElse => {
                StatusCode::FORBIDDEN
            }
            Self::Elsewhere | Self::HasAnother | Self::Meanwhile => StatusCode::CONFLICT,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/provider_failed.html")]
struct FailedPage<'a> {
    frame: Frame,
    name: &'a str,
    failed: &'a Failed,
    back: Back,
    contact: Option<&'a str>,
}

impl FailedPage<'_> {
    fn title(&self) -> String {
        let name = self.name;
        match self.failed {
            Failed::NotOurs => "This sign-in cannot be finished".to_owned(),
            Failed::Away => format!("{name} does not answer"),
            Failed::Declined => "You are not signed in".to_owned(),
            Failed::TooLate => "That took a little too long".to_owned(),
            Failed::Clock => "The clocks differ".to_owned(),
            Failed::Wrong => format!("{name} sent something odd"),
            Failed::NoAddress => "Your address is not confirmed there".to_owned(),
            Failed::TooMany(_) => "Many have just signed up here".to_owned(),
            Failed::Closed(_) => "Sign-up is closed here".to_owned(),
            Failed::NotInvited(_) => "No athlete has invited this address".to_owned(),
            Failed::Elsewhere => "This belongs to another account".to_owned(),
            Failed::HasAnother => "Your account has another user there".to_owned(),
            Failed::SomebodyElse => "That was somebody else".to_owned(),
            Failed::Meanwhile => "Please try again".to_owned(),
        }
    }

    /// Whether only the operator can do something.
    fn is_the_operators(&self) -> bool {
        matches!(self.failed, Failed::Clock | Failed::Wrong | Failed::Closed(_))
    }
}

/// The page that says why.
fn said(app: &App, provider: &Provider, failed: &Failed, back: Back) -> Result<Response, Problem> {
    let page = FailedPage {
        frame: Frame::of(back.signs_in_as().is_none()),
        name: provider.name(),
        failed,
        back,
        contact: app.config.support_email.as_deref(),
    };
    let mut response = with_status(failed.status(), &page)?;
    if let Failed::TooMany(full) = failed {
        let seconds = HeaderValue::from(full.retry_after.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    // Only somebody who signs in has a button that leads to the provider again.
    Ok(match back.signs_in_as() {
        Some(_) => leading_anywhere(response),
        None => response,
    })
}

fn failed(app: &App, provider: &Provider, failure: Failure, back: Back) -> Result<Response, Problem> {
    let failed = match failure {
        Failure::Away => Failed::Away,
        Failure::Refused => Failed::Declined,
        Failure::Wrong("clock") => Failed::Clock,
        Failure::Wrong(_) => Failed::Wrong,
    };
    if failed != Failed::Declined {
        tracing::warn!(%failure, "a sign-in at the identity provider failed");
    }
    metrics::counter!("icusync_provider_failures_total", "why" => word_of(&failed)).increment(1);
    said(app, provider, &failed, back)
}

const fn word_of(failed: &Failed) -> &'static str {
    match failed {
        Failed::Away => "away",
        Failed::Declined => "declined",
        Failed::Clock => "clock",
        _ => "wrong",
    }
}
