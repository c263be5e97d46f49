//! What the provider says of itself (OpenID Connect Discovery section 4): its endpoints and keys, asked for when they are first
//! needed and remembered for an hour. A key that is not known is looked for again, but not more often than once a minute for
//! sign-ins, and once for logout tokens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, Client, ClientId, ClientSecret, DiscoveryError,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenFields, IssuerUrl,
    JsonWebKeySet, ProviderMetadata, StandardErrorResponse, StandardTokenResponse, TokenUrl, UserInfoUrl,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{Failure, Provider, claims::Others};

/// How long the metadata counts.
const COUNTS_FOR: TimeDelta = TimeDelta::hours(1);
/// How often an unknown key makes us look for the keys again: anyone can send a logout token with one.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Signatures that are accepted: by a key that is the provider's alone. Not `none`, and not a hash with the client secret.
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Metadata that the library does not know.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Extra {
    /// RFC 9207 section 3.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// An ID token whose claims that are not standard ones are kept.
pub(super) type SignedToken =
    IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// An answer of the token endpoint.
pub(super) type TokenAnswer = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// What the token endpoint says when it refuses.
pub(super) type TokenError = StandardErrorResponse<CoreErrorResponseType>;

/// The library's client, made of the metadata.
pub(super) type OidcClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    TokenError,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider as it described itself.
pub(super) struct Known {
    /// Its endpoints, and ours as its client.
    pub(super) client: OidcClient,
    /// Its public keys.
    pub(super) keys: JsonWebKeySet<CoreJsonWebKey>,
    /// Whether its callbacks name it (RFC 9207).
    pub(super) names_itself: bool,
}

/// What is remembered of the provider.
#[derive(Default)]
pub(super) struct Remembered {
    known: Option<(Arc<Known>, DateTime<Utc>)>,
    for_sign_ins: Option<DateTime<Utc>>,
    for_logout_tokens: Option<DateTime<Utc>>,
}

/// For what the keys are looked for again. Each has its own look a minute: a stranger's logout token must not keep anybody from
/// signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// An ID token, which comes from the provider itself.
    SignIns,
    /// A logout token, which anybody can send.
    LogoutTokens,
}

impl Remembered {
    /// When somebody last looked again for this.
    fn looked_at(&mut self, what: Looks) -> &mut Option<DateTime<Utc>> {
        match what {
            Looks::SignIns => &mut self.for_sign_ins,
            Looks::LogoutTokens => &mut self.for_logout_tokens,
        }
    }
}

impl Provider {
    /// The provider as it described itself within the last hour; one asks for all who wait.
    pub(super) async fn known(&self, deadline: Instant) -> Result<Arc<Known>, Failure> {
        let mut remembered = timeout_at(deadline, self.0.remembered.lock())
            .await
            .map_err(|_| Failure::Away)?;
        let now = self.0.clock.now();
        if let Some((known, at)) = &remembered.known
            && (*at..*at + COUNTS_FOR).contains(&now)
        {
            return Ok(known.clone());
        }
        let known = Arc::new(self.discover(deadline).await?);
        remembered.known = Some((known.clone(), now));
        Ok(known)
    }

    /// The provider as it describes itself now, because `seen` lacks a key; none if somebody looked less than a minute ago for
    /// the same and found what is in `seen`.
    pub(super) async fn known_anew(
        &self,
        seen: &Arc<Known>,
        what: Looks,
        deadline: Instant,
    ) -> Result<Option<Arc<Known>>, Failure> {
        let mut remembered = timeout_at(deadline, self.0.remembered.lock())
            .await
            .map_err(|_| Failure::Away)?;
        if let Some((known, _)) = &remembered.known
            && !Arc::ptr_eq(known, seen)
        {
            return Ok(Some(known.clone()));
        }
        let now = self.0.clock.now();
        let is_recent = |at: DateTime<Utc>| (at..at + LOOK_AGAIN).contains(&now);
        let looked_at = remembered.looked_at(what);
        if looked_at.is_some_and(is_recent) {
            return Ok(None);
        }
        *looked_at = Some(now);
        let known = Arc::new(self.discover(deadline).await?);
        remembered.known = Some((known.clone(), now));
        Ok(Some(known))
    }

    async fn discover(&self, deadline: Instant) -> Result<Known, Failure> {
        let settings = &self.0.settings;
        let issuer =
            IssuerUrl::new(settings.issuer.as_str().to_owned()).map_err(|_| Failure::Wrong("issuer"))?;
        let http = self.0.wire.until(deadline);
        let metadata = Metadata::discover_async(issuer, &http)
            .await
            .map_err(|error| failure(&error))?;
        let endpoints = [
            Some(metadata.authorization_endpoint().url()),
            metadata.token_endpoint().map(TokenUrl::url),
            metadata.userinfo_endpoint().map(UserInfoUrl::url),
        ];
        if !endpoints
            .into_iter()
            .flatten()
            .all(|url| self.0.wire.may_use(url))
        {
            return Err(Failure::Wrong("endpoint_not_https"));
        }
        let methods = metadata.token_endpoint_auth_methods_supported();
        let offers = |method| methods.is_none_or(|methods| methods.contains(&method));
        // Without a list it is basic (OpenID Connect Discovery section 3).
        let posts = !offers(CoreClientAuthMethod::ClientSecretBasic)
            && offers(CoreClientAuthMethod::ClientSecretPost);
        let keys = metadata.jwks().clone();
        let names_itself = metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported;
        let client = OidcClient::from_provider_metadata(
            metadata,
            ClientId::new(settings.client_id.clone()),
            Some(ClientSecret::new(
                settings.client_secret.expose_secret().to_owned(),
            )),
        )
        .set_auth_type(if posts {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        });
        Ok(Known {
            client,
            keys,
            names_itself,
        })
    }
}

fn failure(error: &DiscoveryError<Failure>) -> Failure {
    match error {
        DiscoveryError::Request(failure) => *failure,
        DiscoveryError::Validation(_) => Failure::Wrong("metadata_issuer"),
        DiscoveryError::Response(..) => Failure::Wrong("metadata_status"),
        _ => Failure::Wrong("metadata"),
    }
}
