//! The room that speaks to the outside identity provider, against a real provider program and against a liar, over sockets.
//! What the service makes of it is in `oidc_people`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use icusync::{
    config::Config,
    oidc::{Again, Answer, Failure, NoEmail, Provider, Purpose, Secrets, Settings, Signed, Tokens},
    secrets::Random,
    time::Clock,
};
use serde_json::{Value, json};

use crate::world::{
    IdentityProvider, Liar, Lie, Mcp, NOW,
    identity_provider::{CALLBACK, CLIENT_SECRET, Visitor, person},
    liar::LAST_SECOND,
};

/// Where people come back to.
const WEB: &str = "http://localhost:1";

/// Each lie about a sign-in, and how the room names it; no name for what is only unusual. Those of the metadata and the keys come
/// first.
pub const LIES: [(Lie, Option<Failure>); 46] = [
    (Lie::MetadataIss, Some(Failure::Wrong("metadata_issuer"))),
    (Lie::MetadataHtml, Some(Failure::Wrong("metadata_status"))),
    (Lie::PlainEndpoint, Some(Failure::Wrong("endpoint_not_https"))),
    (Lie::NoKeys, Some(Failure::Wrong("signature"))),
    (Lie::CallbackIss, Some(Failure::Wrong("callback_iss"))),
    (Lie::NoCallbackIss, Some(Failure::Wrong("callback_iss"))),
    (Lie::TokenIss, Some(Failure::Wrong("iss"))),
    (Lie::Aud, Some(Failure::Wrong("aud"))),
    (Lie::ManyAud, Some(Failure::Wrong("azp"))),
    (Lie::Azp, Some(Failure::Wrong("azp"))),
    (Lie::Nonce, Some(Failure::Wrong("nonce"))),
    (Lie::NoNonce, Some(Failure::Wrong("nonce"))),
    (Lie::Expired, Some(Failure::Wrong("clock"))),
    (Lie::Future, Some(Failure::Wrong("clock"))),
    (Lie::Old, Some(Failure::Wrong("clock"))),
    (Lie::AtHash, Some(Failure::Wrong("at_hash"))),
    (Lie::AlgNone, Some(Failure::Wrong("alg"))),
    (Lie::AlgHmac, Some(Failure::Wrong("alg"))),
    (Lie::OtherKey, Some(Failure::Wrong("signature"))),
    (Lie::Garbled, Some(Failure::Wrong("signature"))),
    (Lie::OtherAlg, Some(Failure::Wrong("signature"))),
    (Lie::NoIdToken, Some(Failure::Wrong("no_id_token"))),
    (Lie::NoSub, Some(Failure::Wrong("token_answer"))),
    (Lie::TokenFails, Some(Failure::Away)),
    (Lie::TokenLong, Some(Failure::Away)),
    (Lie::TokenRedirects, Some(Failure::Wrong("redirect"))),
    (Lie::TokenHtml, Some(Failure::Wrong("token_answer"))),
    (Lie::ClientRefused, Some(Failure::Wrong("client_refused"))),
    (Lie::TokenNotPlain, Some(Failure::Wrong("token_not_plain"))),
    (Lie::UserinfoSub, Some(Failure::Wrong("userinfo_sub"))),
    (Lie::UserinfoRefuses, Some(Failure::Wrong("userinfo_refused"))),
    (Lie::UserinfoFails, Some(Failure::Away)),
    (Lie::UserinfoHtml, Some(Failure::Wrong("userinfo_status"))),
    (Lie::NoUserinfo, None),
    (Lie::OnlyInIdToken, None),
    (Lie::OnlyPost, None),
    (Lie::OneRefresh, None),
    (Lie::Endless, None),
    (Lie::TokenError("access_denied"), Some(Failure::Refused)),
    (
        Lie::TokenError("unauthorized_client"),
        Some(Failure::Wrong("client_refused")),
    ),
    (
        Lie::TokenError("invalid_scope"),
        Some(Failure::Wrong("token_refused")),
    ),
    (
        Lie::TokenError("of_its_own"),
        Some(Failure::Wrong("token_refused")),
    ),
    (Lie::TokenError("temporarily_unavailable"), Some(Failure::Away)),
    (Lie::Userinfo(400), Some(Failure::Wrong("userinfo_refused"))),
    (Lie::Userinfo(403), Some(Failure::Wrong("userinfo_refused"))),
    (Lie::Userinfo(404), Some(Failure::Wrong("userinfo_status"))),
];

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn clock() -> Clock {
    Clock::fake(NOW.parse::<DateTime<Utc>>().unwrap())
}

/// The room, as a service with these settings has it.
fn provider(clock: &Clock, configure: impl FnOnce(&mut Config)) -> Provider {
    icusync::install_crypto();
    let mut config = Config::defaults();
    configure(&mut config);
    let settings = Settings::of(&config).unwrap();
    Provider::new(settings, clock.clone(), Random::from_os()).unwrap()
}

/// `code`, `state` and `iss` of a callback.
fn callback(url: &str) -> (String, String, Option<String>) {
    let url = url::Url::parse(url).unwrap();
    assert!(url.as_str().starts_with(&format!("{WEB}{CALLBACK}?")), "{url}");
    let get = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    (get("code").unwrap_or_default(), get("state").unwrap(), get("iss"))
}

/// The liar, and us with it.
struct Lies {
    liar: Liar,
    clock: Clock,
    provider: Provider,
}

impl Lies {
    async fn begin() -> Self {
        let clock = clock();
        let claims = json!({
            "sub": "ana", "email": "ana@club.example", "email_verified": true, "groups": ["tri", "bike"], "level": 3,
            "name": null, "nested": {"a": 1},
        });
        icusync::install_crypto();
        let liar = Liar::start(&clock, claims).await;
        let provider = provider(&clock, |config| liar.configure(config));
        Self {
            liar,
            clock,
            provider,
        }
    }

    /// The room without what it remembers of the provider.
    fn forget(&mut self) {
        let liar = self.liar.clone();
        self.provider = provider(&self.clock, |config| liar.configure(config));
    }

    /// To the provider and back: what the callback brings.
    async fn comes_back(&self, purpose: Purpose) -> Result<(String, Option<String>, Secrets), Failure> {
        let redirect = format!("{WEB}{CALLBACK}");
        let (url, secrets) = self.provider.begin(&redirect, "a state", purpose).await?;
        let answer = Mcp::client().get(url).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap();
        let (code, state, iss) = callback(location);
        assert_eq!(state, "a state");
        Ok((code, iss, secrets))
    }

    async fn signs_in_for(&self, purpose: Purpose, asked: &BTreeSet<String>) -> Result<Signed, Failure> {
        let (code, iss, secrets) = self.comes_back(purpose).await?;
        let answer = Answer {
            code: &code,
            iss: iss.as_deref(),
        };
        self.provider.finish(&answer, &secrets, asked).await
    }

    async fn signs_in(&self) -> Result<Signed, Failure> {
        self.signs_in_for(Purpose::SignIn, &names(&["groups", "level", "nested", "none"]))
            .await
    }

    async fn again(&self, tokens: Tokens) -> Again {
        self.provider.again(tokens, "ana", &names(&["groups"])).await
    }
}

#[tokio::test]
async fn who_comes_back_is_known_with_what_was_asked_for() {
    let lies = Lies::begin().await;
    let signed = lies.signs_in().await.unwrap();
    assert_eq!(signed.subject, "ana");
    assert_eq!(signed.email.as_deref(), Ok("ana@club.example"));
    let claims = json!({"groups": ["tri", "bike"], "level": ["3"], "nested": [], "none": []});
    assert_eq!(json!(signed.claims), claims);
    assert_eq!(
        (&signed.amr[..], signed.sid.as_deref()),
        (&["pwd".to_owned(), "otp".to_owned()][..], Some("session-1"))
    );
    assert_eq!(signed.auth_time, Some(lies.clock.now()));
    assert_eq!(lies.liar.how(), "basic");
    // The metadata is remembered for an hour.
    lies.signs_in().await.unwrap();
    assert_eq!((lies.liar.asked("metadata"), lies.liar.asked("keys")), (1, 1));
    lies.clock.advance(TimeDelta::hours(1));
    lies.signs_in().await.unwrap();
    assert_eq!((lies.liar.asked("metadata"), lies.liar.asked("keys")), (2, 2));
}

#[tokio::test]
async fn each_lie_is_found_and_named() {
    let mut lies = Lies::begin().await;
    for (lie, expected) in LIES {
        lies.forget();
        lies.liar.tells(&[lie]);
        let found = lies.signs_in().await;
        assert_eq!(found.as_ref().err(), expected.as_ref(), "{lie:?}");
        if let Err(failure) = found {
            let said = format!("{failure} {failure:?}");
            assert!(!said.contains("other") && !said.contains(CLIENT_SECRET), "{said}");
        }
        if lie == Lie::OnlyPost {
            assert_eq!(lies.liar.how(), "post");
        }
    }
    lies.liar.tells(&[]);
    lies.signs_in().await.unwrap();
}

/// Every algorithm whose signatures are accepted, with a key that is its own.
#[tokio::test]
async fn each_algorithm_signs_and_nothing_else_passes_for_its_signature() {
    let mut lies = Lies::begin().await;
    for alg in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ] {
        lies.liar.signs_with(alg).await;
        lies.forget();
        lies.liar.tells(&[]);
        let signed = lies.signs_in().await.unwrap_or_else(|why| panic!("{alg}: {why}"));
        assert_eq!(signed.subject, "ana", "{alg}");
        let said = lies
            .provider
            .logout_token(&lies.liar.logout_token(|_, _| ()))
            .await;
        assert_eq!(said.unwrap().subject.as_deref(), Some("ana"), "{alg}");
        for (lie, word) in [
            (Lie::OtherKey, "signature"),
            (Lie::OtherAlg, "signature"),
            (Lie::Garbled, "signature"),
            (Lie::AtHash, "at_hash"),
            (Lie::AlgHmac, "alg"),
        ] {
            lies.liar.tells(&[lie]);
            let found = lies.signs_in().await;
            assert_eq!(found.err(), Some(Failure::Wrong(word)), "{alg}: {lie:?}");
        }
        for other in ["RS256", "PS384", "ES256", "EdDSA"]
            .into_iter()
            .filter(|other| *other != alg)
        {
            let token = lies.liar.logout_token(|header, _| header["alg"] = json!(other));
            let found = lies.provider.logout_token(&token).await;
            assert_eq!(found, Err(Failure::Wrong("signature")), "{alg} as {other}");
        }
        let token = lies.liar.logout_token(|header, _| header["alg"] = json!("ES512"));
        assert_eq!(
            lies.provider.logout_token(&token).await,
            Err(Failure::Wrong("alg")),
            "{alg}"
        );
    }
}

#[tokio::test]
async fn several_audiences_are_right_if_we_are_the_one_who_asked() {
    let lies = Lies::begin().await;
    lies.liar.says(json!({"azp": "icusync"}));
    // The liar puts other claims into the ID token only where it has no userinfo.
    lies.liar.tells(&[Lie::ManyAud, Lie::OnlyInIdToken]);
    lies.signs_in().await.unwrap();
}

#[tokio::test]
async fn a_slow_provider_is_given_up_after_five_seconds() {
    let lies = Lies::begin().await;
    lies.liar.tells(&[Lie::TokenSlow]);
    let began = tokio::time::Instant::now();
    assert_eq!(lies.signs_in().await.unwrap_err(), Failure::Away);
    let took = began.elapsed().as_secs_f32();
    assert!((4.9..8.0).contains(&took), "{took}");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_away_and_then_back() {
    let clock = clock();
    let provider = provider(&clock, |config| {
        config.oidc_issuer = Some("http://localhost:1".parse().unwrap());
        config.oidc_client_id = Some("icusync".to_owned());
        config.oidc_client_secret = Some(CLIENT_SECRET.to_owned().into());
    });
    let begun = provider
        .begin("http://localhost/x", "state", Purpose::SignIn)
        .await;
    assert_eq!(begun.unwrap_err(), Failure::Away);
    assert_eq!(provider.name(), "localhost");

    let mut lies = Lies::begin().await;
    lies.liar.tells(&[Lie::MetadataHtml]);
    lies.forget();
    lies.signs_in().await.unwrap_err();
    lies.liar.tells(&[]);
    lies.signs_in().await.unwrap();
}

#[tokio::test]
async fn a_skew_of_two_minutes_is_no_mistake_and_the_times_are_checked_last() {
    let lies = Lies::begin().await;
    let (code, iss, secrets) = lies.comes_back(Purpose::SignIn).await.unwrap();
    lies.liar.tells(&[Lie::Future, Lie::Aud]);
    let answer = Answer {
        code: &code,
        iss: iss.as_deref(),
    };
    // Whoever reads that the clocks differ knows that all else is right.
    let found = lies.provider.finish(&answer, &secrets, &names(&[])).await;
    assert_eq!(found.unwrap_err(), Failure::Wrong("aud"));

    lies.liar.tells(&[]);
    let there = clock();
    let provider = provider(&there, |config| lies.liar.configure(config));
    let lies = Lies { provider, ..lies };
    for (minutes, is_right) in [(2, true), (-2, true), (3, false), (-3, false)] {
        there.set(lies.clock.now() + TimeDelta::minutes(minutes));
        let found = lies.signs_in().await;
        let expected = if is_right {
            None
        } else {
            Some(Failure::Wrong("clock"))
        };
        assert_eq!(found.err(), expected, "{minutes}");
    }
}

#[tokio::test]
async fn keys_that_change_are_looked_for_but_not_at_every_strangers_wish() {
    let lies = Lies::begin().await;
    lies.signs_in().await.unwrap();
    lies.liar.rotates().await;
    lies.signs_in().await.unwrap();
    assert_eq!(lies.liar.asked("keys"), 2);
    // Logout tokens with unknown keys do not make us ask all the time: after the first, nobody knows whether a key is new.
    for number in 0..5 {
        let forged = lies
            .liar
            .logout_token(|header, _| header["kid"] = json!("unknown"));
        let found = lies.provider.logout_token(&forged).await.unwrap_err();
        let expected = [Failure::Wrong("signature"), Failure::Away];
        assert_eq!(found, expected[number.min(1)]);
    }
    assert_eq!(lies.liar.asked("keys"), 3);
    // A signature that is not of the key that the token names is wrong in any case.
    let (token, other) = (
        lies.liar.logout_token(|_, _| ()),
        lies.liar.logout_token(|_, _| ()),
    );
    let (head, signature) = (
        token.rsplit_once('.').unwrap().0,
        other.rsplit_once('.').unwrap().1,
    );
    let found = lies.provider.logout_token(&format!("{head}.{signature}")).await;
    assert_eq!(found.unwrap_err(), Failure::Wrong("signature"));
    assert_eq!(lies.liar.asked("keys"), 3);
    // A minute later a rotation is found again, whatever strangers sent, and so is one for a logout token.
    lies.clock.advance(TimeDelta::minutes(1));
    let forged = lies
        .liar
        .logout_token(|header, _| header["kid"] = json!("unknown"));
    lies.provider.logout_token(&forged).await.unwrap_err();
    lies.liar.rotates().await;
    lies.signs_in().await.unwrap();
    assert_eq!(lies.liar.asked("keys"), 5);
    lies.clock.advance(TimeDelta::minutes(1));
    lies.liar.rotates().await;
    let token = lies.liar.logout_token(|_, _| ());
    lies.provider.logout_token(&token).await.unwrap();
    assert_eq!(lies.liar.asked("keys"), 6);
}

#[tokio::test]
async fn many_who_come_at_once_ask_for_the_metadata_once() {
    let lies = Lies::begin().await;
    let nothing = names(&[]);
    let asks = (0..10).map(|_| lies.signs_in_for(Purpose::SignIn, &nothing));
    let begun = futures::future::join_all(asks).await;
    // The liar knows one access token at a time: who came last is known, the others may be refused by userinfo.
    assert!(begun.iter().any(Result::is_ok));
    assert_eq!(lies.liar.asked("metadata"), 1);
}

#[tokio::test]
async fn an_address_counts_only_if_the_provider_says_that_it_is_verified() {
    let lies = Lies::begin().await;
    for (claims, expected) in [
        (json!({"email_verified": false}), Err(NoEmail::Unverified)),
        (json!({"email_verified": null}), Err(NoEmail::Unverified)),
        (json!({"email_verified": "false"}), Err(NoEmail::Unverified)),
        (json!({"email_verified": "true"}), Ok("ana@club.example")),
        (json!({"email": "no address"}), Err(NoEmail::Missing)),
        (
            json!({"email": null, "email_verified": true}),
            Err(NoEmail::Missing),
        ),
    ] {
        lies.liar.says(claims.clone());
        for lies_told in [&[][..], &[Lie::OnlyInIdToken], &[Lie::NoUserinfo]] {
            lies.liar.tells(lies_told);
            let signed = lies.signs_in().await.unwrap();
            assert_eq!(signed.email.as_deref().map_err(|why| *why), expected, "{claims}");
        }
    }
}

#[tokio::test]
async fn a_code_works_once_and_only_with_its_own_secrets() {
    let lies = Lies::begin().await;
    let (code, iss, secrets) = lies.comes_back(Purpose::SignIn).await.unwrap();
    let answer = Answer {
        code: &code,
        iss: iss.as_deref(),
    };
    lies.provider
        .finish(&answer, &secrets, &names(&[]))
        .await
        .unwrap();
    let replayed = lies.provider.finish(&answer, &secrets, &names(&[])).await;
    assert_eq!(replayed.unwrap_err(), Failure::Refused);
    for code in ["", &"x".repeat(5_000)] {
        let found = lies
            .provider
            .finish(
                &Answer {
                    code,
                    iss: answer.iss,
                },
                &secrets,
                &names(&[]),
            )
            .await;
        assert_eq!(found.unwrap_err(), Failure::Wrong("code"));
    }
    // What we keep of it says nothing to a log, and survives being sealed.
    let kept: Secrets = serde_json::from_str(&serde_json::to_string(&secrets).unwrap()).unwrap();
    assert_eq!((kept, format!("{secrets:?}").as_str()), (secrets, "Secrets"));
}

#[tokio::test]
async fn a_proof_is_a_sign_in_of_now() {
    let lies = Lies::begin().await;
    let redirect = format!("{WEB}{CALLBACK}");
    let (url, _) = lies
        .provider
        .begin(&redirect, "state", Purpose::Proof)
        .await
        .unwrap();
    let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert!(
        asked.contains(&("prompt".to_owned(), "login".to_owned())),
        "{asked:?}"
    );
    assert!(
        asked.contains(&("max_age".to_owned(), "0".to_owned())),
        "{asked:?}"
    );
    lies.signs_in_for(Purpose::Proof, &names(&[])).await.unwrap();
    for lie in [Lie::LongAgo, Lie::NoAuthTime] {
        lies.liar.tells(&[lie]);
        let proof = lies.signs_in_for(Purpose::Proof, &names(&[])).await;
        assert_eq!(proof.unwrap_err(), Failure::Wrong("auth_time"), "{lie:?}");
        lies.signs_in_for(Purpose::SignIn, &names(&[])).await.unwrap();
    }

    let club = Club::begin().await;
    let mut visitor = club.there.visitor();
    club.signs_in(&mut visitor, Purpose::SignIn).await.unwrap();
    club.later(TimeDelta::minutes(30)).await;
    // Signed in half an hour ago is enough to sign in, and a proof asks again.
    club.signs_in(&mut visitor, Purpose::SignIn).await.unwrap();
    let proof = club.signs_in(&mut visitor, Purpose::Proof).await.unwrap();
    assert_eq!(proof.auth_time, Some(club.clock.now()));
}

#[tokio::test]
async fn a_refresh_token_that_works_offline_is_consented_to() {
    let club = Club::begin().await;
    let with_scope = |scopes: &str| {
        provider(&club.clock, |config| {
            club.there.configure(config);
            scopes.clone_into(&mut config.oidc_scopes);
        })
    };
    let (online, offline) = (
        with_scope("openid email groups"),
        with_scope("openid email groups offline_access"),
    );
    let redirect = format!("{WEB}{CALLBACK}");
    for (provider, purpose, expected) in [
        (&online, Purpose::SignIn, None),
        (&online, Purpose::Proof, Some("login")),
        (&offline, Purpose::SignIn, Some("consent")),
        (&offline, Purpose::Proof, Some("login consent")),
    ] {
        let (url, _) = provider.begin(&redirect, "state", purpose).await.unwrap();
        let mut asked = url.query_pairs();
        let prompt = asked.find(|(name, _)| name == "prompt").map(|(_, value)| value);
        assert_eq!(prompt.as_deref(), expected, "{purpose:?}");
    }
    // A real provider asks for both.
    let club = Club {
        provider: offline,
        ..club
    };
    let mut visitor = club.there.visitor();
    for purpose in [Purpose::SignIn, Purpose::Proof] {
        let signed = club.signs_in(&mut visitor, purpose).await.unwrap();
        club.later(TimeDelta::minutes(15)).await;
        let again = club
            .provider
            .again(signed.tokens, "ana", &names(&["groups"]))
            .await;
        assert_eq!(again.said.unwrap().claims["groups"], ["tri"]);
    }
}

#[tokio::test]
async fn it_is_asked_again_by_userinfo_and_then_by_the_refresh_token() {
    let lies = Lies::begin().await;
    let tokens = lies.signs_in().await.unwrap().tokens;
    assert_eq!(format!("{tokens:?}"), "Tokens");
    let kept: Tokens = serde_json::from_str(&serde_json::to_string(&tokens).unwrap()).unwrap();
    assert_eq!(kept, tokens);

    lies.liar.says(json!({"groups": "run"}));
    let again = lies.again(tokens.clone()).await;
    assert_eq!(json!(again.said.unwrap().claims), json!({"groups": ["run"]}));
    assert_eq!((again.tokens == tokens, lies.liar.asked("token")), (true, 1));

    // The access token is over: a refresh token that works once.
    lies.clock.advance(TimeDelta::minutes(11));
    lies.liar.says(json!({"groups": []}));
    let again = lies.again(tokens.clone()).await;
    assert_eq!(json!(again.said.unwrap().claims), json!({"groups": []}));
    assert!(again.tokens != tokens && lies.liar.asked("token") == 2);
    assert_eq!(lies.again(tokens).await.said.unwrap_err(), Failure::Refused);
}

#[tokio::test]
async fn a_refresh_token_is_kept_even_if_userinfo_fails_after_it() {
    let lies = Lies::begin().await;
    let tokens = lies.signs_in().await.unwrap().tokens;
    lies.clock.advance(TimeDelta::minutes(11));
    lies.liar.tells(&[Lie::UserinfoFails]);
    let again = lies.again(tokens.clone()).await;
    assert_eq!(again.said.unwrap_err(), Failure::Away);
    assert!(again.tokens != tokens);
    lies.liar.tells(&[]);
    lies.again(again.tokens).await.said.unwrap();
}

#[tokio::test]
async fn lies_and_refusals_when_it_is_asked_again_are_found() {
    let lies = Lies::begin().await;
    for (lie, expected) in [
        (Lie::SubAgain, Failure::Wrong("sub")),
        (Lie::UserinfoSub, Failure::Wrong("userinfo_sub")),
        (Lie::TokenIss, Failure::Wrong("iss")),
        (Lie::Aud, Failure::Wrong("aud")),
        (Lie::Expired, Failure::Wrong("clock")),
        (Lie::AlgNone, Failure::Wrong("alg")),
        (Lie::OtherKey, Failure::Wrong("signature")),
        (Lie::AtHash, Failure::Wrong("at_hash")),
        (Lie::TokenFails, Failure::Away),
        (Lie::ClientRefused, Failure::Wrong("client_refused")),
        (Lie::UserinfoRefuses, Failure::Refused),
        (Lie::Userinfo(400), Failure::Refused),
        (Lie::Userinfo(403), Failure::Refused),
        (Lie::Userinfo(404), Failure::Wrong("userinfo_status")),
        (Lie::TokenError("access_denied"), Failure::Refused),
        (Lie::TokenError("login_required"), Failure::Refused),
        (Lie::TokenError("interaction_required"), Failure::Refused),
        (Lie::TokenError("consent_required"), Failure::Refused),
        (Lie::TokenError("account_selection_required"), Failure::Refused),
        (
            Lie::TokenError("unmet_authentication_requirements"),
            Failure::Refused,
        ),
        (
            Lie::TokenError("unauthorized_client"),
            Failure::Wrong("client_refused"),
        ),
        (Lie::TokenError("invalid_scope"), Failure::Wrong("token_refused")),
        (Lie::TokenError("server_error"), Failure::Away),
        (Lie::TokenError("temporarily_unavailable"), Failure::Away),
    ] {
        lies.liar.tells(&[]);
        let tokens = lies.signs_in().await.unwrap().tokens;
        lies.clock.advance(TimeDelta::minutes(11));
        lies.liar.tells(&[lie]);
        assert_eq!(lies.again(tokens).await.said.unwrap_err(), expected, "{lie:?}");
    }
    // While the access token lives, userinfo's no is tried at the token endpoint, and is one where there is nothing to try.
    for status in [400, 401, 403] {
        for (lies_told, tries) in [(&[][..], 1), (&[Lie::NoRefresh], 0)] {
            lies.liar.tells(lies_told);
            let tokens = lies.signs_in().await.unwrap().tokens;
            let before = lies.liar.asked("token");
            lies.liar.tells(&[Lie::Userinfo(status)]);
            assert_eq!(
                lies.again(tokens).await.said.unwrap_err(),
                Failure::Refused,
                "{status}"
            );
            assert_eq!(lies.liar.asked("token"), before + tries, "{status}");
        }
    }
    lies.liar.tells(&[]);
    let tokens = lies.signs_in().await.unwrap().tokens;
    lies.liar.revokes();
    assert_eq!(lies.again(tokens).await.said.unwrap_err(), Failure::Refused);
}

#[tokio::test]
async fn claims_of_the_id_token_alone_need_a_new_id_token() {
    let lies = Lies::begin().await;
    lies.liar.tells(&[Lie::OnlyInIdToken]);
    let signed = lies.signs_in().await.unwrap();
    assert_eq!(signed.claims["groups"], ["tri", "bike"]);
    lies.liar.says(json!({"groups": ["run"]}));
    // The access token lives, but userinfo would say nothing of groups.
    let again = lies.again(signed.tokens).await;
    assert_eq!(again.said.unwrap().claims["groups"], ["run"]);
    lies.liar.tells(&[Lie::OnlyInIdToken, Lie::NoIdTokenAgain]);
    assert_eq!(lies.again(again.tokens).await.said.unwrap_err(), Failure::Refused);

    lies.liar.tells(&[Lie::OnlyInIdToken, Lie::NoRefresh]);
    let signed = lies.signs_in().await.unwrap();
    assert_eq!(
        lies.again(signed.tokens).await.said.unwrap_err(),
        Failure::Refused
    );
}

#[tokio::test]
async fn a_claim_that_is_asked_for_later_is_found_where_it_is() {
    let lies = Lies::begin().await;
    lies.liar.tells(&[Lie::OnlyInIdToken]);
    let signed = lies.signs_in_for(Purpose::SignIn, &names(&[])).await.unwrap();
    assert!(signed.claims.is_empty());
    assert_eq!(
        lies.again(signed.tokens).await.said.unwrap().claims["groups"],
        ["tri", "bike"]
    );
}

#[tokio::test]
async fn a_logout_token_says_who_signed_out() {
    let lies = Lies::begin().await;
    let said = lies
        .provider
        .logout_token(&lies.liar.logout_token(|_, _| ()))
        .await
        .unwrap();
    assert_eq!((said.subject.as_deref(), said.sid), (Some("ana"), None));
    assert!(!said.jti.is_empty() && said.issued_at == lies.clock.now());
    let rights: [fn(&mut Value, &mut Value); 6] = [
        |header, _| header["typ"] = json!("JWT"),
        |header, _| header["typ"] = json!("application/logout+jwt"),
        |header, _| header["typ"] = Value::Null,
        |_, payload| payload["aud"] = json!(["icusync", "other"]),
        |_, payload| payload["exp"] = json!(LAST_SECOND),
        |_, payload| {
            payload["sub"] = Value::Null;
            payload["sid"] = json!("session-1");
        },
    ];
    for tweak in rights {
        lies.provider
            .logout_token(&lies.liar.logout_token(tweak))
            .await
            .unwrap();
    }
}

type Tweak = fn(&mut Value, &mut Value);

#[tokio::test]
async fn a_forged_logout_token_is_found() {
    let lies = Lies::begin().await;
    let wrongs: [(&str, Tweak); 26] = [
        ("alg", |header, _| header["alg"] = json!("none")),
        ("alg", |header, _| header["alg"] = json!("HS256")),
        ("signature", |header, _| header["alg"] = json!("RS256")),
        ("logout_token", |header, _| header["alg"] = json!("XY1")),
        ("typ", |header, _| header["typ"] = json!("at+jwt")),
        ("typ", |header, _| header["crit"] = json!(["b64"])),
        ("signature", |header, _| header["kid"] = json!("two")),
        ("iss", |_, payload| {
            payload["iss"] = json!("https://other.example");
        }),
        ("aud", |_, payload| payload["aud"] = json!("other")),
        ("aud", |_, payload| payload["aud"] = json!([])),
        ("logout_token", |_, payload| payload["aud"] = Value::Null),
        ("nonce", |_, payload| payload["nonce"] = json!("n")),
        ("events", |_, payload| payload["events"] = json!({})),
        ("events", |_, payload| {
            payload["events"] = json!({crate::world::liar::LOGOUT_EVENT: true});
        }),
        ("sub", |_, payload| payload["sub"] = Value::Null),
        ("sub", |_, payload| payload["sub"] = json!("")),
        ("sub", |_, payload| payload["sid"] = json!("x".repeat(300))),
        ("logout_token", |_, payload| payload["jti"] = Value::Null),
        ("jti", |_, payload| payload["jti"] = json!("")),
        ("clock", |_, payload| {
            payload["iat"] = json!(payload["iat"].as_i64().unwrap() - 301);
        }),
        ("clock", |_, payload| {
            payload["iat"] = json!(payload["iat"].as_i64().unwrap() + 121);
        }),
        ("clock", |_, payload| {
            payload["exp"] = json!(payload["iat"].as_i64().unwrap() - 120);
        }),
        // It is required (section 2.4).
        ("logout_token", |_, payload| payload["exp"] = Value::Null),
        ("exp", |_, payload| payload["exp"] = json!(LAST_SECOND + 1)),
        ("clock", |_, payload| payload["iat"] = json!(LAST_SECOND)),
        ("iat", |_, payload| payload["iat"] = json!(-1e300)),
    ];
    for (number, (word, tweak)) in wrongs.into_iter().enumerate() {
        // An unknown key is looked for once a minute.
        lies.clock.advance(TimeDelta::minutes(1));
        let token = lies.liar.logout_token(tweak);
        let found = lies.provider.logout_token(&token).await;
        assert_eq!(found, Err(Failure::Wrong(word)), "{number}");
    }
    // An ID token is no logout token, and neither is what is not a token.
    let signed = lies
        .liar
        .logout_token(|_, payload| payload["iat"] = json!("today"));
    assert_eq!(
        lies.provider.logout_token(&signed).await,
        Err(Failure::Wrong("logout_token"))
    );
    for garbage in ["", "...", "a.b.c", "e30.e30.", &"x".repeat(100_000)] {
        assert_eq!(
            lies.provider.logout_token(garbage).await,
            Err(Failure::Wrong("logout_token"))
        );
    }
    let token = lies.liar.logout_token(|_, _| ());
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (_, other) = lies
        .liar
        .logout_token(|_, _| ())
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert_ne!(signature, other);
    let found = lies.provider.logout_token(&format!("{head}.{other}")).await;
    assert_eq!(found, Err(Failure::Wrong("signature")));
}

/// The real program, and us with it.
struct Club {
    there: IdentityProvider,
    clock: Clock,
    provider: Provider,
}

impl Club {
    async fn begin() -> Self {
        let people = [
            person("ana", "ana@club.example", &["tri"]),
            json!({"sub": "bob", "email": "bob@club.example", "email_verified": false}),
        ];
        let there = IdentityProvider::start(&people).await;
        there.serves_at(&[WEB]).await;
        let clock = clock();
        let provider = provider(&clock, |config| there.configure(config));
        Self {
            there,
            clock,
            provider,
        }
    }

    async fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.there.at(self.clock.now()).await;
    }

    async fn signs_in(&self, visitor: &mut Visitor, purpose: Purpose) -> Result<Signed, Failure> {
        self.signs_in_as(visitor, purpose, "ana").await
    }

    async fn signs_in_as(
        &self,
        visitor: &mut Visitor,
        purpose: Purpose,
        sub: &str,
    ) -> Result<Signed, Failure> {
        let redirect = format!("{WEB}{CALLBACK}");
        let (url, secrets) = self.provider.begin(&redirect, "state", purpose).await?;
        let (code, _, iss) = callback(&visitor.sign_in(url.as_str(), sub).await);
        let answer = Answer {
            code: &code,
            iss: iss.as_deref(),
        };
        self.provider.finish(&answer, &secrets, &names(&["groups"])).await
    }
}

#[tokio::test]
async fn a_real_provider_is_understood() {
    let club = Club::begin().await;
    let mut visitor = club.there.visitor();
    let signed = club.signs_in(&mut visitor, Purpose::SignIn).await.unwrap();
    assert_eq!(
        (signed.subject.as_str(), signed.email.as_deref()),
        ("ana", Ok("ana@club.example"))
    );
    assert_eq!(json!(signed.claims), json!({"groups": ["tri"]}));
    assert_eq!(signed.amr, ["pwd"]);
    assert!(signed.sid.is_some());
    let other = club
        .signs_in_as(&mut club.there.visitor(), Purpose::SignIn, "bob")
        .await
        .unwrap();
    assert_eq!(other.email, Err(NoEmail::Unverified));

    // Rotated keys.
    club.there.rotate().await;
    club.signs_in(&mut visitor, Purpose::SignIn).await.unwrap();

    // Who goes back is sent back.
    let (url, _) = club
        .provider
        .begin(&format!("{WEB}{CALLBACK}"), "state", Purpose::SignIn)
        .await
        .unwrap();
    let back = club.there.visitor().cancel(url.as_str()).await;
    assert!(back.contains("error=access_denied"), "{back}");
    assert_eq!(Failure::of_callback("access_denied"), Failure::Refused);
}

#[tokio::test]
async fn a_real_provider_is_asked_again_until_it_knows_nobody() {
    let club = Club::begin().await;
    let asked = names(&["groups"]);
    let signed = club
        .signs_in(&mut club.there.visitor(), Purpose::SignIn)
        .await
        .unwrap();
    club.there.change(json!({"sub": "ana", "groups": ["bike"]})).await;
    let again = club.provider.again(signed.tokens, "ana", &asked).await;
    assert_eq!(again.said.unwrap().claims["groups"], ["bike"]);
    club.later(TimeDelta::minutes(15)).await;
    let again = club.provider.again(again.tokens, "ana", &asked).await;
    assert_eq!(again.said.unwrap().claims["groups"], ["bike"]);
    // Each answer's tokens work for the next question.
    club.later(TimeDelta::minutes(15)).await;
    let again = club.provider.again(again.tokens, "ana", &asked).await;
    again.said.unwrap();
    assert_eq!(
        (
            club.there.asked("metadata").await,
            club.there.asked("token").await
        ),
        (1, 3)
    );

    club.there.faults(json!({"all": {"away": true}})).await;
    let away = club.provider.again(again.tokens, "ana", &asked).await;
    assert_eq!(away.said.unwrap_err(), Failure::Away);
    club.there.faults(json!({})).await;
    club.there.change(json!({"sub": "ana", "gone": true})).await;
    let gone = club.provider.again(away.tokens, "ana", &asked).await;
    assert_eq!(gone.said.unwrap_err(), Failure::Refused);
}

#[tokio::test]
async fn a_real_providers_sign_out_ends_its_tokens() {
    let club = Club::begin().await;
    let signed = club
        .signs_in(&mut club.there.visitor(), Purpose::SignIn)
        .await
        .unwrap();
    club.there.control(json!({"end": "ana"})).await;
    let again = club
        .provider
        .again(signed.tokens, "ana", &names(&["groups"]))
        .await;
    assert_eq!(again.said.unwrap_err(), Failure::Refused);

    let signed = club
        .signs_in(&mut club.there.visitor(), Purpose::SignIn)
        .await
        .unwrap();
    club.there.revoke("ana").await;
    let again = club
        .provider
        .again(signed.tokens, "ana", &names(&["groups"]))
        .await;
    assert_eq!(again.said.unwrap_err(), Failure::Refused);
}
