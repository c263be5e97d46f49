//! An identity provider that lies as it is told to: each lie is one thing wrong in an exchange that is right otherwise.
//!
//! Its authorization endpoint asks nobody and sends the browser straight back.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use icusync::{config::Config, secrets::Random, time::Clock};
use openidconnect::{
    PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey as _,
    core::{CoreHmacKey, CoreJwsSigningAlgorithm},
};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
    },
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::net::TcpListener;

use super::identity_provider::{CLIENT_ID, CLIENT_SECRET};
use crate::clients::{output, tool};

/// The event of a logout token.
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Its metadata is another issuer's.
    MetadataIss,
    /// Its metadata is no JSON.
    MetadataHtml,
    /// Its token endpoint is http elsewhere.
    PlainEndpoint,
    /// Its key set is empty.
    NoKeys,
    /// A callback names another issuer.
    CallbackIss,
    /// A callback names none, although the metadata says that it does.
    NoCallbackIss,
    /// The ID token is another issuer's.
    TokenIss,
    /// The ID token is for another client.
    Aud,
    /// The ID token is for us and another client, and does not say who asked.
    ManyAud,
    /// The ID token was asked for by another client.
    Azp,
    /// The nonce is another one.
    Nonce,
    /// There is no nonce.
    NoNonce,
    /// The ID token has expired.
    Expired,
    /// The ID token is from the future.
    Future,
    /// The ID token is five minutes old.
    Old,
    /// The person signed in there an hour ago, whatever was asked.
    LongAgo,
    /// It does not say when the person signed in.
    NoAuthTime,
    /// The hash is another access token's.
    AtHash,
    /// No signature.
    AlgNone,
    /// A hash with the client secret instead of a signature.
    AlgHmac,
    /// Another key, which calls itself the same.
    OtherKey,
    /// The signature is garbage.
    Garbled,
    /// The header names another algorithm than the one that signed.
    OtherAlg,
    /// There is no ID token.
    NoIdToken,
    /// There is no subject.
    NoSub,
    /// The token endpoint answers 500.
    TokenFails,
    /// The token endpoint takes 10 s.
    TokenSlow,
    /// The token endpoint sends a megabyte.
    TokenLong,
    /// The token endpoint leads elsewhere.
    TokenRedirects,
    /// The token endpoint sends a page.
    TokenHtml,
    /// The token endpoint does not know us.
    ClientRefused,
    /// The access token could not be sent in a header.
    TokenNotPlain,
    /// Userinfo is somebody else's.
    UserinfoSub,
    /// Userinfo answers 401.
    UserinfoRefuses,
    /// Userinfo answers 500.
    UserinfoFails,
    /// Userinfo is no JSON.
    UserinfoHtml,
    /// There is no userinfo endpoint.
    NoUserinfo,
    /// The metadata lists only `client_secret_post`.
    OnlyPost,
    /// Claims are in the ID token alone.
    OnlyInIdToken,
    /// A refresh brings no ID token.
    NoIdTokenAgain,
    /// A refresh brings somebody else's ID token.
    SubAgain,
    /// There is no refresh token.
    NoRefresh,
    /// There is a refresh token with the first consent only, which goes on working.
    OneRefresh,
    /// The ID token ends in the last second that a date can name.
    Endless,
    /// The token endpoint refuses with this word.
    TokenError(&'static str),
    /// Userinfo answers with this status.
    Userinfo(u16),
}

/// The last second that a date of ours can name.
pub const LAST_SECOND: i64 = DateTime::<Utc>::MAX_UTC.timestamp();

/// The provider. It ends with the test.
#[derive(Clone)]
pub struct Liar {
    /// `http://localhost:PORT/house`
    pub issuer: String,
    /// What time it is there.
    pub clock: Clock,
    state: Arc<Mutex<Behaviour>>,
    random: Random,
}

struct Behaviour {
    lies: BTreeSet<Lie>,
    claims: Map<String, Value>,
    key: Arc<Key>,
    /// One that calls itself the same, and is not the provider's.
    other_key: Arc<Key>,
    /// Of each code: nonce and challenge.
    codes: HashMap<String, (String, String)>,
    refresh: Option<String>,
    access: String,
    /// Every access and refresh token.
    gave: Vec<String>,
    numbers: u32,
    asked: BTreeMap<&'static str, u32>,
    how: &'static str,
}

/// What it signs with unless told otherwise.
const ALG: &str = "EdDSA";

/// A key, and the algorithm that it is used with.
struct Key {
    alg: &'static str,
    kid: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// The curve of an algorithm (RFC 7518 section 3.4), and how it signs.
fn curve(alg: &str) -> Option<(&'static str, &'static EcdsaSigningAlgorithm)> {
    match alg {
        "ES256" => Some(("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING)),
        "ES384" => Some(("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING)),
        _ => None,
    }
}

/// How an algorithm pads with an RSA key (RFC 7518 sections 3.3 and 3.5).
fn padding(alg: &str) -> &'static dyn RsaEncoding {
    match alg {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => panic!("{alg} is no algorithm of an RSA key"),
    }
}

/// Another algorithm, of the same kind of key if there is one.
fn other_alg(alg: &str) -> &'static str {
    match alg {
        "RS256" => "PS256",
        "PS256" => "PS384",
        "PS384" => "PS512",
        "ES256" => "ES384",
        "ES384" | ALG => "ES256",
        _ => "RS256",
    }
}

/// `at_hash`: the left half of the token's hash, by the hash of the algorithm (OpenID Connect Core section 3.1.3.6).
fn at_hash(alg: &str, token: &str) -> String {
    let hash = match &alg[2..] {
        "256" => Sha256::digest(token).to_vec(),
        "384" => Sha384::digest(token).to_vec(),
        _ => Sha512::digest(token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

/// A new RSA key in PKCS 8. It comes from Node: ring makes none.
async fn rsa_key() -> Vec<u8> {
    let program =
        "const { privateKey } = require('node:crypto').generateKeyPairSync('rsa', { modulusLength: 2048 });
        console.log(privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64url'))";
    let said = output(&tool("ICUSYNC_NODE"), &["-e", program], Duration::from_mins(1)).await;
    URL_SAFE_NO_PAD.decode(said.trim()).unwrap()
}

impl Key {
    async fn new(alg: &'static str, kid: &str) -> Self {
        let random = SystemRandom::new();
        let pair = if alg == ALG {
            let made = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Pair::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
        } else if let Some((_, how)) = curve(alg) {
            let made = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
            Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(how, made.as_ref(), &random).unwrap())
        } else {
            Pair::Rsa(RsaKeyPair::from_pkcs8(&rsa_key().await).unwrap())
        };
        let kid = kid.to_owned();
        Self { alg, kid, pair }
    }

    /// The public key (RFC 7517). It does not say its algorithm: the signature alone decides.
    fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Pair::Ecdsa(pair) => {
                // Both coordinates, after a byte that says so.
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve(self.alg).unwrap().0, "x": text(x), "y": text(y)})
            }
            Pair::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
        };
        key["kid"] = json!(self.kid);
        key["use"] = json!("sig");
        key
    }

    /// The header of a token that it signs, or claims to, by this algorithm.
    fn header(&self, alg: &str) -> Value {
        json!({"alg": alg, "kid": self.kid})
    }

    fn sign(&self, header: &Value, payload: &Value) -> String {
        let signed = unsigned(header, payload);
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding(self.alg), &random, message, &mut signature)
                    .unwrap();
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn unsigned(header: &Value, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(payload))
}

impl Liar {
    /// Starts it by this clock, with one person: `sub` and claims.
    pub async fn start(clock: &Clock, claims: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}/house", listener.local_addr().unwrap().port());
        let random = Random::from_os();
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        let liar = Self {
            issuer,
            state: Arc::new(Mutex::new(Behaviour {
                lies: BTreeSet::new(),
                claims,
                key: Arc::new(Key::new(ALG, "one").await),
                other_key: Arc::new(Key::new(ALG, "one").await),
                codes: HashMap::new(),
                refresh: None,
                access: String::new(),
                gave: Vec::new(),
                numbers: 0,
                asked: BTreeMap::new(),
                how: "",
            })),
            clock: clock.clone(),
            random,
        };
        let router = Router::new()
            .route("/house/.well-known/openid-configuration", get(metadata))
            .route("/house/keys", get(keys))
            .route("/house/authorize", get(authorize))
            .route("/house/token", post(token))
            .route("/house/userinfo", get(userinfo))
            .with_state(liar.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        liar
    }

    /// Sets a service up to use it.
    pub fn configure(&self, config: &mut Config) {
        config.oidc_issuer = Some(self.issuer.parse().unwrap());
        config.oidc_client_id = Some(CLIENT_ID.to_owned());
        config.oidc_client_secret = Some(CLIENT_SECRET.to_owned().into());
    }

    /// Tells exactly these lies from now on.
    pub fn tells(&self, lies: &[Lie]) {
        self.state.lock().unwrap().lies = lies.iter().copied().collect();
    }

    /// Says this of the person from now on; null takes a claim away.
    pub fn says(&self, claims: Value) {
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        let mut state = self.state.lock().unwrap();
        for (name, value) in claims {
            if value.is_null() {
                state.claims.remove(&name);
            } else {
                state.claims.insert(name, value);
            }
        }
    }

    /// It is later there.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Signs with another key from now on, under another name.
    pub async fn rotates(&self) {
        self.signs_with(self.key().alg).await;
    }

    /// The same, by this algorithm.
    pub async fn signs_with(&self, alg: &'static str) {
        let number = {
            let mut state = self.state.lock().unwrap();
            state.numbers += 1;
            state.numbers
        };
        let kid = format!("key {number}");
        let (key, other_key) = (Key::new(alg, &kid).await, Key::new(alg, &kid).await);
        let mut state = self.state.lock().unwrap();
        state.key = Arc::new(key);
        state.other_key = Arc::new(other_key);
    }

    /// Ends the tokens that it gave.
    pub fn revokes(&self) {
        let mut state = self.state.lock().unwrap();
        state.refresh = None;
        state.access.clear();
    }

    /// How often `metadata`, `keys`, `token` and `userinfo` were asked.
    pub fn asked(&self, what: &str) -> u32 {
        self.state.lock().unwrap().asked.get(what).copied().unwrap_or(0)
    }

    /// Every access and refresh token that it gave.
    pub fn gave(&self) -> Vec<String> {
        self.state.lock().unwrap().gave.clone()
    }

    /// How the last client at the token endpoint showed its secret: `basic` or `post`.
    pub fn how(&self) -> &'static str {
        self.state.lock().unwrap().how
    }

    /// A logout token as the provider would send it, changed by `tweak`: header and payload.
    pub fn logout_token(&self, tweak: impl FnOnce(&mut Value, &mut Value)) -> String {
        let now = self.clock.now().timestamp();
        let key = self.key();
        let sub = self.state.lock().unwrap().claims["sub"].clone();
        let mut header = key.header(key.alg);
        header["typ"] = json!("logout+jwt");
        let mut payload = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "sub": sub,
            "jti": URL_SAFE_NO_PAD.encode(self.random.bytes::<16>()), "events": {LOGOUT_EVENT: {}},
        });
        tweak(&mut header, &mut payload);
        match header["alg"].as_str() {
            Some("none") => format!("{}.", unsigned(&header, &payload)),
            Some("HS256") => hmac(&header, &payload),
            _ => key.sign(&header, &payload),
        }
    }

    fn is(&self, lie: Lie) -> bool {
        self.state.lock().unwrap().lies.contains(&lie)
    }

    /// What `of` finds among the lies that it tells.
    fn told<T>(&self, of: impl Fn(Lie) -> Option<T>) -> Option<T> {
        self.state.lock().unwrap().lies.iter().copied().find_map(of)
    }

    fn count(&self, what: &'static str) {
        *self.state.lock().unwrap().asked.entry(what).or_default() += 1;
    }

    fn key(&self) -> Arc<Key> {
        self.state.lock().unwrap().key.clone()
    }

    fn id_token(&self, nonce: Option<&str>, access: &str) -> String {
        let now = self.clock.now();
        let (key, other_key, claims) = {
            let state = self.state.lock().unwrap();
            (state.key.clone(), state.other_key.clone(), state.claims.clone())
        };
        let made = match () {
            () if self.is(Lie::Future) => now + TimeDelta::minutes(5),
            () if self.is(Lie::Old) => now - TimeDelta::minutes(5),
            () => now,
        };
        let ends = match () {
            () if self.is(Lie::Expired) => now - TimeDelta::minutes(3),
            () if self.is(Lie::Endless) => DateTime::<Utc>::MAX_UTC,
            () => now + TimeDelta::minutes(10),
        };
        let mut payload = json!({
            "iss": if self.is(Lie::TokenIss) { "https://other.example" } else { &self.issuer },
            "aud": match () {
                () if self.is(Lie::Aud) => json!("other"),
                () if self.is(Lie::ManyAud) => json!([CLIENT_ID, "other"]),
                () => json!(CLIENT_ID),
            },
            "iat": made.timestamp(), "exp": ends.timestamp(), "auth_time": made.timestamp(), "sid": "session-1",
            "at_hash": at_hash(key.alg, if self.is(Lie::AtHash) { "another" } else { access }),
            "amr": ["pwd", "otp"],
        });
        if self.is(Lie::LongAgo) {
            payload["auth_time"] = json!((now - TimeDelta::hours(1)).timestamp());
        }
        if self.is(Lie::NoAuthTime) {
            payload.as_object_mut().unwrap().remove("auth_time");
        }
        let everything = !self.is(Lie::NoUserinfo) && !self.is(Lie::OnlyInIdToken);
        for (name, value) in claims {
            if name == "sub" || !everything {
                payload[name] = value;
            }
        }
        if self.is(Lie::NoSub) {
            payload.as_object_mut().unwrap().remove("sub");
        }
        if self.is(Lie::Azp) {
            payload["azp"] = json!("other");
        }
        match nonce {
            Some(_) if self.is(Lie::Nonce) => payload["nonce"] = json!("another"),
            Some(_) if self.is(Lie::NoNonce) => {}
            Some(nonce) => payload["nonce"] = json!(nonce),
            None if self.is(Lie::SubAgain) => payload["sub"] = json!("somebody else"),
            None => {}
        }
        if self.is(Lie::AlgNone) {
            return format!("{}.", unsigned(&key.header("none"), &payload));
        }
        if self.is(Lie::AlgHmac) {
            return hmac(&key.header("HS256"), &payload);
        }
        if self.is(Lie::OtherAlg) {
            return key.sign(&key.header(other_alg(key.alg)), &payload);
        }
        let header = key.header(key.alg);
        if self.is(Lie::Garbled) {
            return format!("{}.AAAA", unsigned(&header, &payload));
        }
        if self.is(Lie::OtherKey) {
            return other_key.sign(&header, &payload);
        }
        key.sign(&header, &payload)
    }

    /// An answer of the token endpoint, right apart from the ID token's lies.
    fn tokens(&self, nonce: Option<&str>) -> Value {
        let access = if self.is(Lie::TokenNotPlain) {
            "two\nlines".to_owned()
        } else {
            URL_SAFE_NO_PAD.encode(self.random.bytes::<16>())
        };
        let refresh = URL_SAFE_NO_PAD.encode(self.random.bytes::<16>());
        let mut answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": 600});
        let is_kept_back = self.is(Lie::NoIdToken) || nonce.is_none() && self.is(Lie::NoIdTokenAgain);
        if !is_kept_back {
            answer["id_token"] = json!(self.id_token(nonce, &access));
        }
        let has_refresh = !self.is(Lie::NoRefresh);
        let mut state = self.state.lock().unwrap();
        state.gave.extend([access.clone(), refresh.clone()]);
        state.access = access;
        if state.lies.contains(&Lie::OneRefresh) && state.refresh.is_some() {
            return answer;
        }
        state.refresh = has_refresh.then(|| refresh.clone());
        if has_refresh {
            answer["refresh_token"] = json!(refresh);
        }
        answer
    }
}

fn hmac(header: &Value, payload: &Value) -> String {
    let signed = unsigned(header, payload);
    let key = CoreHmacKey::new(CLIENT_SECRET);
    let signature = key
        .sign(&CoreJwsSigningAlgorithm::HmacSha256, signed.as_bytes())
        .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn metadata(State(liar): State<Liar>) -> Response {
    liar.count("metadata");
    if liar.is(Lie::MetadataHtml) {
        return Html("<h1>Hello</h1>").into_response();
    }
    let at = |path: &str| format!("{}/{path}", liar.issuer);
    let mut said = json!({
        "issuer": if liar.is(Lie::MetadataIss) { "https://other.example" } else { &liar.issuer },
        "authorization_endpoint": at("authorize"),
        "token_endpoint": if liar.is(Lie::PlainEndpoint) { "http://other.example/token".to_owned() } else { at("token") },
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [liar.key().alg, "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    });
    if liar.is(Lie::NoUserinfo) {
        said.as_object_mut().unwrap().remove("userinfo_endpoint");
    }
    if liar.is(Lie::OnlyPost) {
        said["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    }
    Json(said).into_response()
}

async fn keys(State(liar): State<Liar>) -> Json<Value> {
    liar.count("keys");
    let keys = if liar.is(Lie::NoKeys) {
        json!([])
    } else {
        // A key of a kind that nobody knows is no reason to know none.
        json!([{"kty": "XYZ", "kid": "new"}, liar.key().public()])
    };
    Json(json!({ "keys": keys }))
}

async fn authorize(State(liar): State<Liar>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(
        (&*asked["response_type"], &*asked["client_id"]),
        ("code", CLIENT_ID)
    );
    let code = URL_SAFE_NO_PAD.encode(liar.random.bytes::<16>());
    let begun = (asked["nonce"].clone(), asked["code_challenge"].clone());
    liar.state.lock().unwrap().codes.insert(code.clone(), begun);
    let mut back = url::Url::parse(&asked["redirect_uri"]).unwrap();
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &asked["state"]);
    if liar.is(Lie::CallbackIss) {
        back.query_pairs_mut().append_pair("iss", "https://other.example");
    } else if !liar.is(Lie::NoCallbackIss) {
        back.query_pairs_mut().append_pair("iss", &liar.issuer);
    }
    Redirect::to(back.as_str())
}

async fn token(
    State(liar): State<Liar>,
    headers: HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    liar.count("token");
    liar.state.lock().unwrap().how = if headers.contains_key(header::AUTHORIZATION) {
        "basic"
    } else {
        assert_eq!(sent["client_secret"], CLIENT_SECRET);
        "post"
    };
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    if liar.is(Lie::TokenFails) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response();
    }
    if liar.is(Lie::TokenSlow) {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    if liar.is(Lie::TokenLong) {
        return Json(json!({ "access_token": "x".repeat(1 << 20) })).into_response();
    }
    if liar.is(Lie::TokenRedirects) {
        return Redirect::temporary(&format!("{}/userinfo", liar.issuer)).into_response();
    }
    if liar.is(Lie::TokenHtml) {
        return Html("<h1>Hello</h1>").into_response();
    }
    if liar.is(Lie::ClientRefused) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    if let Some(word) = liar.told(|lie| match lie {
        Lie::TokenError(word) => Some(word),
        _ => None,
    }) {
        return refused(word);
    }
    match sent["grant_type"].as_str() {
        "authorization_code" => {
            let begun = liar.state.lock().unwrap().codes.remove(&sent["code"]);
            let Some((nonce, challenge)) = begun else {
                return refused("invalid_grant");
            };
            let verifier = PkceCodeVerifier::new(sent["code_verifier"].clone());
            assert_eq!(
                PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str(),
                challenge
            );
            Json(liar.tokens(Some(&nonce))).into_response()
        }
        "refresh_token" => {
            let known = {
                let mut state = liar.state.lock().unwrap();
                if state.lies.contains(&Lie::OneRefresh) {
                    state.refresh.clone()
                } else {
                    state.refresh.take()
                }
            };
            if known.as_deref() != Some(&sent["refresh_token"]) {
                return refused("invalid_grant");
            }
            Json(liar.tokens(None)).into_response()
        }
        _ => refused("unsupported_grant_type"),
    }
}

async fn userinfo(State(liar): State<Liar>, headers: HeaderMap) -> Response {
    liar.count("userinfo");
    let (access, mut claims) = {
        let state = liar.state.lock().unwrap();
        (format!("Bearer {}", state.access), state.claims.clone())
    };
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if liar.is(Lie::UserinfoRefuses) || shown != Some(&*access) {
        return (StatusCode::UNAUTHORIZED, "no").into_response();
    }
    let status = liar.told(|lie| match lie {
        Lie::Userinfo(status) => Some(status),
        _ => None,
    });
    if let Some(status) = status {
        return (StatusCode::from_u16(status).unwrap(), "no").into_response();
    }
    if liar.is(Lie::UserinfoFails) {
        return (StatusCode::BAD_GATEWAY, "no").into_response();
    }
    if liar.is(Lie::UserinfoHtml) {
        return Html("<h1>Hello</h1>").into_response();
    }
    if liar.is(Lie::UserinfoSub) {
        claims.insert("sub".to_owned(), json!("somebody else"));
    }
    if liar.is(Lie::OnlyInIdToken) {
        claims.retain(|name, _| name == "sub");
    }
    Json(Value::Object(claims)).into_response()
}
