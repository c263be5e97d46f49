//! A person is sent to the provider and comes back with a code (OpenID Connect Core section 3.1): PKCE, nonce, `iss`, and
//! every check of section 3.1.3.7.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use http::StatusCode;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, CsrfToken, IdTokenClaims,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, SubjectIdentifier, TokenResponse as _, UserInfoClaims, UserInfoError,
    core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use super::{
    Claims, FRESH, Failure, NoEmail, Provider, SKEW, Tokens,
    claims::{self, Others, Statement},
    discovery::{ALGORITHMS, Known, Looks, SignedToken, TokenAnswer, TokenError},
};

/// The longest subject (OpenID Connect Core section 2).
const LONGEST_SUBJECT: usize = 255;
/// The scope of a refresh token that works while nobody is signed in (OpenID Connect Core section 11).
const OFFLINE: &str = "offline_access";
/// The longest code or session name, in bytes.
const LONGEST_WORD: usize = 4096;

/// What somebody is sent to the provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in, with a session that they may have there.
    SignIn,
    /// To prove who is there: the provider must ask for the sign-in again.
    Proof,
}

/// What of a sign-in at the provider only we know until its end. To be sealed as its JSON; `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    nonce: String,
    verifier: String,
    redirect_uri: String,
    is_proof: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// What a callback brings, apart from its state. `Debug` does not say the code.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// `code`.
    pub code: &'a str,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// Who came back.
#[derive(Debug, Clone)]
pub struct Signed {
    /// `sub`: with the issuer, who it is.
    pub subject: String,
    /// The address, if the provider says that it is verified.
    pub email: Result<String, NoEmail>,
    /// What was asked for.
    pub claims: Claims,
    /// `amr`: how the person signed in there (RFC 8176).
    pub amr: Vec<String>,
    /// `sid`: what the provider calls the session.
    pub sid: Option<String>,
    /// When the person signed in there.
    pub auth_time: Option<DateTime<Utc>>,
    /// To ask again with.
    pub tokens: Tokens,
}

type IdClaims = IdTokenClaims<Others, CoreGenderClaim>;

/// How an ID token came.
#[derive(Clone, Copy)]
pub(super) enum Came<'a> {
    /// With a code, for the sign-in that has this nonce.
    WithCode(&'a str),
    /// With a refresh token.
    WithRefresh,
}

impl Provider {
    /// Where to send a person's browser, and what to keep until it comes back to `redirect_uri` with `state`.
    pub async fn begin(
        &self,
        redirect_uri: &str,
        state: &str,
        purpose: Purpose,
    ) -> Result<(Url, Secrets), Failure> {
        let known = self.known(Self::deadline()).await?;
        let secrets = Secrets {
            nonce: self.unguessable(),
            verifier: self.unguessable(),
            redirect_uri: redirect_uri.to_owned(),
            is_proof: purpose == Purpose::Proof,
        };
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let client = known.client.clone().set_redirect_uri(secrets.redirect()?);
        let scopes = self.0.settings.scopes.iter();
        // The library adds `openid` itself.
        let scopes = scopes
            .filter(|scope| *scope != "openid")
            .map(|scope| Scope::new(scope.clone()));
        let (state, nonce) = (
            CsrfToken::new(state.to_owned()),
            Nonce::new(secrets.nonce.clone()),
        );
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("response_mode", "query");
        if secrets.is_proof {
            request = request
                .add_prompt(CoreAuthPrompt::Login)
                .set_max_age(Duration::ZERO);
        }
        // Without the consent the provider must ignore the scope (section 11).
        if self.0.settings.scopes.iter().any(|scope| scope == OFFLINE) {
            request = request.add_prompt(CoreAuthPrompt::Consent);
        }
        Ok((request.url().0, secrets))
    }

    /// Who came back with this answer, with the claims in `names`. A code works once: whatever comes of it, it is spent.
    pub async fn finish(
        &self,
        answer: &Answer<'_>,
        secrets: &Secrets,
        names: &BTreeSet<String>,
    ) -> Result<Signed, Failure> {
        let deadline = Self::deadline();
        let known = self.known(deadline).await?;
        self.check_sender(&known, answer.iss)?;
        let redeemed = self.redeem(&known, answer.code, secrets, deadline).await?;
        let now = self.0.clock.now();
        let mut tokens = Tokens::of(&redeemed, now, None)?;
        let id_token = redeemed.id_token().ok_or(Failure::Wrong("no_id_token"))?;
        let came = Came::WithCode(&secrets.nonce);
        let (known, said) = self
            .verified(known, id_token, came, &tokens.access(), deadline)
            .await?;
        if secrets.is_proof && !is_fresh(said.auth_time(), now) {
            return Err(Failure::Wrong("auth_time"));
        }
        let subject = said.subject().clone();
        let signed = Statement::of(&said);
        let is_enough = names.is_empty() && claims::email(Some(&signed), None).is_ok();
        let userinfo = if is_enough {
            None
        } else {
            // A token that it gave a moment ago is not refused because somebody came too late.
            match self.userinfo(&known, tokens.access(), &subject, deadline).await {
                Err(Failure::Refused) => return Err(Failure::Wrong("userinfo_refused")),
                said => said?,
            }
        };
        tokens.note_id_token(claims::is_only_in(&signed, userinfo.as_ref(), names));
        Ok(Signed {
            subject: subject.to_string(),
            email: claims::email(Some(&signed), userinfo.as_ref()),
            claims: claims::values(Some(&signed), userinfo.as_ref(), names),
            amr: said
                .auth_method_refs()
                .into_iter()
                .flatten()
                .map(|amr| amr.to_string())
                .collect(),
            sid: signed
                .text("sid")
                .filter(|sid| sid.len() <= LONGEST_SUBJECT)
                .map(str::to_owned),
            auth_time: said.auth_time(),
            tokens,
        })
    }

    /// An answer names its sender (RFC 9207 section 2.4), so that the answer of one provider is not taken to another.
    fn check_sender(&self, known: &Known, iss: Option<&str>) -> Result<(), Failure> {
        match iss {
            Some(iss) if iss != self.issuer() => Err(Failure::Wrong("callback_iss")),
            None if known.names_itself => Err(Failure::Wrong("callback_iss")),
            _ => Ok(()),
        }
    }

    async fn redeem(
        &self,
        known: &Known,
        code: &str,
        secrets: &Secrets,
        deadline: Instant,
    ) -> Result<TokenAnswer, Failure> {
        if code.is_empty() || code.len() > LONGEST_WORD {
            return Err(Failure::Wrong("code"));
        }
        let client = known.client.clone().set_redirect_uri(secrets.redirect()?);
        let http = self.0.wire.until(deadline);
        client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| Failure::Wrong("no_token_endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(|error| token_failure(&error))
    }

    /// The claims of an ID token, and the provider as it was known when they were checked: a signature that does not fit makes
    /// us look for its keys again.
    pub(super) async fn verified(
        &self,
        known: Arc<Known>,
        id_token: &SignedToken,
        came: Came<'_>,
        access: &AccessToken,
        deadline: Instant,
    ) -> Result<(Arc<Known>, IdClaims), Failure> {
        let known = match self.read(&known, id_token, came, access) {
            Err(Failure::Wrong("signature")) => {
                let anew = self.known_anew(&known, Looks::SignIns, deadline).await?;
                anew.ok_or(Failure::Wrong("signature"))?
            }
            read => return read.map(|claims| (known, claims)),
        };
        let claims = self.read(&known, id_token, came, access)?;
        Ok((known, claims))
    }

    fn read(
        &self,
        known: &Known,
        id_token: &SignedToken,
        came: Came<'_>,
        access: &AccessToken,
    ) -> Result<IdClaims, Failure> {
        // The times are checked last, so that whoever reads `clock` knows that all else is right.
        let verifier = known
            .client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(|| DateTime::UNIX_EPOCH)
            .set_issue_time_verifier_fn(|_| Ok(()));
        let nonce = |said: Option<&Nonce>| match came {
            Came::WithCode(nonce) if said.is_none_or(|said| said.secret() != nonce) => {
                Err("nonce".to_owned())
            }
            Came::WithCode(_) | Came::WithRefresh => Ok(()),
        };
        let claims = id_token
            .claims(&verifier, nonce)
            .map_err(|error| claims_failure(&error))?;
        let us = &self.0.settings.client_id;
        match claims.authorized_party() {
            Some(party) if party.as_str() != us => return Err(Failure::Wrong("azp")),
            None if claims.audiences().len() > 1 => return Err(Failure::Wrong("azp")),
            _ => {}
        }
        if let Some(hash) = claims.access_token_hash() {
            let (alg, key) = (id_token.signing_alg(), id_token.signing_key(&verifier));
            let right = match (alg, key) {
                (Ok(alg), Ok(key)) => AccessTokenHash::from_token(access, alg, key).ok(),
                _ => None,
            };
            if right.as_ref() != Some(hash) {
                return Err(Failure::Wrong("at_hash"));
            }
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains('\0') {
            return Err(Failure::Wrong("sub"));
        }
        self.check_times(claims, came)?;
        Ok(claims.clone())
    }

    fn check_times(&self, claims: &IdClaims, came: Came<'_>) -> Result<(), Failure> {
        let now = self.0.clock.now();
        // The provider's times are only compared: one far away is no time that ours could be added to.
        let has_expired = now - SKEW >= claims.expiration();
        let is_early = claims.issue_time() > now + SKEW;
        // A token that comes with a code was made for this answer.
        let is_late = matches!(came, Came::WithCode(_)) && claims.issue_time() < now - SKEW;
        if has_expired || is_early || is_late {
            return Err(Failure::Wrong("clock"));
        }
        Ok(())
    }

    /// What userinfo says of `subject`; none if the provider has no such endpoint.
    pub(super) async fn userinfo(
        &self,
        known: &Known,
        access: AccessToken,
        subject: &SubjectIdentifier,
        deadline: Instant,
    ) -> Result<Option<Statement>, Failure> {
        let Ok(request) = known.client.user_info(access, Some(subject.clone())) else {
            return Ok(None);
        };
        let http = self.0.wire.until(deadline);
        let said: UserInfoClaims<Others, CoreGenderClaim> = request
            .request_async(&http)
            .await
            .map_err(|error| userinfo_failure(&error))?;
        Ok(Some(Statement::of(&said)))
    }

    fn unguessable(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.random.bytes::<32>())
    }
}

impl Secrets {
    fn redirect(&self) -> Result<RedirectUrl, Failure> {
        RedirectUrl::new(self.redirect_uri.clone()).map_err(|_| Failure::Wrong("redirect_uri"))
    }
}

fn is_fresh(auth_time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    auth_time.is_some_and(|at| now - FRESH - SKEW <= at && at <= now + SKEW)
}

pub(super) fn token_failure(error: &RequestTokenError<Failure, TokenError>) -> Failure {
    match error {
        RequestTokenError::Request(failure) => *failure,
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            CoreErrorResponseType::InvalidGrant => Failure::Refused,
            CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                Failure::Wrong("client_refused")
            }
            CoreErrorResponseType::Extension(word) => {
                Failure::of_word(word).unwrap_or(Failure::Wrong("token_refused"))
            }
            _ => Failure::Wrong("token_refused"),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Failure::Wrong("token_answer"),
    }
}

fn claims_failure(error: &ClaimsVerificationError) -> Failure {
    use SignatureVerificationError as Signature;
    Failure::Wrong(match error {
        ClaimsVerificationError::InvalidIssuer(_) => "iss",
        ClaimsVerificationError::InvalidAudience(_) => "aud",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::SignatureVerification(
            Signature::NoSignature | Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_),
        ) => "alg",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "id_token",
    })
}

fn userinfo_failure(error: &UserInfoError<Failure>) -> Failure {
    match error {
        UserInfoError::Request(failure) => *failure,
        // RFC 6750 section 3.1: it has the question, and does not answer it for this token.
        UserInfoError::Response(
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN,
            ..,
        ) => Failure::Refused,
        UserInfoError::Response(..) => Failure::Wrong("userinfo_status"),
        UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
            Failure::Wrong("userinfo_sub")
        }
        _ => Failure::Wrong("userinfo"),
    }
}
