//! Passkeys, with an authenticator made of software: adding, signing in, the second step, asking again, and every answer that is not
//! exactly right. What a browser does with the pages is in `browser.rs`.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use icusync::{
    demo::seed::{PASSWORD, Seeded},
    guard::policy::command,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{Browser, Page, World, test, test_with};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// An authenticator with one passkey. Its fields are what a liar changes.
#[derive(Clone)]
pub struct Authenticator {
    pair: Arc<EcdsaKeyPair>,
    /// The passkey's own id.
    pub id: Vec<u8>,
    origin: String,
    rp: String,
    flags: u8,
    /// How many signatures it made. A synced passkey stays at 0.
    counter: u32,
    /// The account's id, as it was told when the passkey was made.
    handle: Option<String>,
    kind: Option<&'static str>,
}

/// What a page asks for: where the answer goes, the question, and what must come back with it.
#[derive(Clone)]
pub struct Question {
    action: String,
    options: Value,
    state: String,
    next: Option<String>,
}

/// The question of a page.
pub fn question(page: &Page) -> Question {
    let form = |name: &str| page.attribute("form[data-passkey]", name);
    let options = form("data-options").unwrap_or_else(|| panic!("no question: {}", page.text()));
    let hidden = |name: &str| page.attribute(&format!("form[data-passkey] input[name={name}]"), "value");
    Question {
        action: form("action").unwrap(),
        options: serde_json::from_str(&options).unwrap(),
        state: hidden("state").unwrap(),
        next: hidden("next"),
    }
}

/// Bytes as WebAuthn's JSON has them.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Authenticator {
    /// A new one, at the world's pages.
    pub fn new(world: &World) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap();
        let id = Sha256::digest(pair.public_key().as_ref()).to_vec();
        Self {
            pair: Arc::new(pair),
            id,
            origin: world.web.clone(),
            rp: "localhost".to_owned(),
            flags: USER_PRESENT | USER_VERIFIED,
            counter: 0,
            handle: None,
            kind: None,
        }
    }

    /// The same passkey, asked by a page of this origin.
    pub fn at(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..self.clone()
        }
    }

    fn client_data(&self, kind: &str, question: &Question) -> Vec<u8> {
        let kind = self.kind.unwrap_or(kind);
        let data = json!({
            "type": kind, "challenge": question.options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    /// Authenticator data (WebAuthn Level 3 section 6.1), without the key.
    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.rp).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Makes the passkey: what `navigator.credentials.create` returns.
    pub fn create(&mut self, question: &Question) -> Value {
        assert_eq!(question.options["rp"]["id"], "localhost");
        let selection = &question.options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "preferred");
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(question.options["attestation"], "none");
        self.handle = question.options["user"]["id"].as_str().map(str::to_owned);
        let mut data = self.data(self.flags | HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.pair.public_key().as_ref();
        // COSE_Key (RFC 9053): EC2, ES256, P-256, x, y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(&data);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": encode(&self.client_data("webauthn.create", question)),
                "attestationObject": encode(&object),
            },
            "clientExtensionResults": {"credProps": {"rk": true}},
        })
    }

    /// Signs: what `navigator.credentials.get` returns.
    pub fn get(&self, question: &Question) -> Value {
        assert_eq!(question.options["rpId"], "localhost");
        assert_eq!(question.options["userVerification"], "required");
        let client_data = self.client_data("webauthn.get", question);
        let data = self.data(self.flags);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": encode(&client_data),
                "authenticatorData": encode(&data),
                "signature": encode(signature.as_ref()),
                "userHandle": self.handle,
            },
            "clientExtensionResults": {},
        })
    }
}

/// Sends an answer to a question; what comes back, without following it.
pub async fn send(browser: &mut Browser, question: &Question, credential: &Value) -> Page {
    let credential = credential.to_string();
    let mut fields = vec![("state", question.state.as_str()), ("passkey", &credential)];
    if question.action == "/account/passkeys" {
        fields.push(("name", "Software key"));
    }
    if let Some(next) = &question.next {
        fields.push(("next", next));
    }
    browser.post_once(&question.action, &fields).await
}

/// The question of the page that adds a passkey, after the password.
async fn question_for_new(browser: &mut Browser) -> Question {
    let proved = browser
        .post("/account/passkeys/prove", &[("password", PASSWORD)])
        .await;
    assert_eq!(proved.location(), "/account/passkeys/new", "{}", proved.text());
    question(&browser.get("/account/passkeys/new").await)
}

/// Adds a passkey to the account of somebody who is signed in.
pub async fn add(browser: &mut Browser, key: &mut Authenticator) -> Page {
    let question = question_for_new(browser).await;
    let credential = key.create(&question);
    send(browser, &question, &credential).await
}

/// Somebody with a passkey.
pub async fn with_passkey(world: &Arc<World>, seeded: &Seeded) -> (Browser, Authenticator) {
    let (mut browser, mut key) = (world.signed_in(seeded).await, Authenticator::new(world));
    let added = add(&mut browser, &mut key).await;
    assert_eq!(
        added.location(),
        "/account/factors/recovery-codes",
        "{}",
        added.text()
    );
    (browser, key)
}

/// The question of the sign-in page, in a fresh browser.
pub async fn at_sign_in(world: &Arc<World>) -> (Browser, Question) {
    let mut browser = world.browser();
    let question = question(&browser.get("/sign-in").await);
    (browser, question)
}

/// The path of the page of somebody's only passkey.
pub async fn page_of_it(owner: &mut Browser) -> String {
    let page = owner.get("/account/factors").await;
    let path = page.attribute("a[href^='/account/passkeys/0']", "href");
    path.unwrap_or_else(|| panic!("no passkey: {}", page.text()))
}

/// Leaves an account without the way in that the operator took away.
pub async fn forget_password(world: &World, seeded: &Seeded) {
    sqlx::query("update accounts set password_hash = null where email = $1")
        .bind(seeded.person.email)
        .execute(&world.app.pool)
        .await
        .unwrap();
}

/// What the page says that an answer is sent back to.
async fn said(browser: &mut Browser, answer: &Page) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(!browser.cookies.contains_key("s"), "nobody is signed in");
    let location = answer.location().to_owned();
    browser.get(&location).await.text()
}

const LATE: &str = "That took too long, or was sent twice.";
const WRONG: &str = "This passkey was not accepted.";
const UNKNOWN: &str = "IcuSync has no such passkey here.";

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_signs_in_alone_until_it_is_taken_off() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut owner, key) = with_passkey(&world, &ana).await;
        let mail = world.mails_to(ana.person.email).await.pop().unwrap().letter;
        assert!(mail.text.contains("Software key"), "{}", mail.text);
        let page = owner.get("/account/factors").await;
        assert!(page.text().contains("Software key"), "{}", page.text());

        let (mut browser, asked) = at_sign_in(&world).await;
        let inside = send(&mut browser, &asked, &key.get(&asked)).await;
        assert_eq!(
            inside.location(),
            "/dashboard",
            "no further step: {}",
            inside.text()
        );
        assert_eq!(browser.get("/dashboard").await.status, 200);
        let rows: Vec<(Option<String>, Option<String>)> = sqlx::query_as(
            "select way, factor from sign_in_log where outcome = 'granted' and way = 'passkey'",
        )
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        let passkey = Some("passkey".to_owned());
        assert_eq!(rows, [(passkey.clone(), passkey)]);

        let path = page_of_it(&mut owner).await;
        let renamed = owner.post(&path, &[("name", " My \u{202e}phone ")]).await;
        assert_eq!(
            renamed.location(),
            "/account/factors?done=passkey-renamed",
            "{}",
            renamed.text()
        );
        let nameless = owner.post(&path, &[("name", "\u{200b} ")]).await;
        assert_eq!(nameless.status, 422, "{}", nameless.text());
        assert!(owner.get("/account/factors").await.text().contains("My phone"));

        let off = format!("{path}/off");
        let wrong = owner.post(&off, &[("password", "not the password")]).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text());
        let mut tab = owner.clone();
        let (one, two) = tokio::join!(
            owner.post(&off, &[("password", PASSWORD)]),
            tab.post(&off, &[("password", PASSWORD)])
        );
        let mut ends = [one.location().to_owned(), two.location().to_owned()];
        ends.sort_unstable();
        assert_eq!(
            ends,
            [
                "/account/factors?done=passkey-gone",
                "/account/factors?done=passkey-off"
            ],
            "of two tabs one wins, and neither sees an error"
        );
        let mail = world.mails_to(ana.person.email).await.pop().unwrap().letter;
        assert!(mail.text.contains("My phone"), "{}", mail.text);

        let (mut browser, asked) = at_sign_in(&world).await;
        let refused = send(&mut browser, &asked, &key.get(&asked)).await;
        assert!(said(&mut browser, &refused).await.contains(UNKNOWN));
        world.signed_in(&ana).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_exactly_right_signs_nobody_in() {
    test_with(
        |config| config.sign_ins_per_minute = 1_000,
        async |world| {
            let (_, key) = with_passkey(&world, &world.ana().clone()).await;
            let (_, other) = with_passkey(&world, &world.jack().clone()).await;
            let lie = |change: &dyn Fn(&mut Authenticator)| {
                let mut liar = key.clone();
                change(&mut liar);
                liar
            };
            let lies = [
                ("another origin", WRONG, key.at("https://evil.example")),
                ("another port", WRONG, key.at("http://localhost:1")),
                ("a host below", WRONG, key.at(&world.web.replace("//", "//evil."))),
                (
                    "another RP id",
                    WRONG,
                    lie(&|key| key.rp = "evil.example".to_owned()),
                ),
                ("nobody present", WRONG, lie(&|key| key.flags = USER_VERIFIED)),
                ("nobody verified", WRONG, lie(&|key| key.flags = USER_PRESENT)),
                (
                    "made, not used",
                    WRONG,
                    lie(&|key| key.kind = Some("webauthn.create")),
                ),
                ("another key", WRONG, lie(&|key| key.pair = other.pair.clone())),
                (
                    "another account",
                    WRONG,
                    lie(&|key| key.handle = other.handle.clone()),
                ),
                ("no account", WRONG, lie(&|key| key.handle = None)),
                ("an unknown passkey", UNKNOWN, lie(&|key| key.id = vec![7; 32])),
            ];
            for (what, why, liar) in lies {
                let (mut browser, asked) = at_sign_in(&world).await;
                let refused = send(&mut browser, &asked, &liar.get(&asked)).await;
                let text = said(&mut browser, &refused).await;
                assert!(text.contains(why), "{what}: {text}");
            }
            // Another question's answer, another browser's question, another purpose's, and one that is too old.
            let (mut browser, asked) = at_sign_in(&world).await;
            let (_, elsewhere) = at_sign_in(&world).await;
            let refused = send(&mut browser, &asked, &key.get(&elsewhere)).await;
            assert!(said(&mut browser, &refused).await.contains(WRONG));
            let refused = send(&mut browser, &elsewhere, &key.get(&elsewhere)).await;
            assert!(said(&mut browser, &refused).await.contains(LATE));
            let mut owner = world.signed_in(&world.nell().clone()).await;
            let new = question_for_new(&mut owner).await;
            let swapped = Question {
                state: new.state,
                ..asked.clone()
            };
            let refused = send(&mut browser, &swapped, &key.get(&swapped)).await;
            assert!(said(&mut browser, &refused).await.contains(LATE));
            for junk in [json!(null), json!("x"), json!({"id": 1}), json!([])] {
                let refused = send(&mut browser, &asked, &junk).await;
                assert!(said(&mut browser, &refused).await.contains(WRONG), "{junk}");
            }
            world.clock.advance(Duration::minutes(31));
            let refused = send(&mut browser, &asked, &key.get(&asked)).await;
            assert!(said(&mut browser, &refused).await.contains(LATE));
            // The same person with the right answer is let in: nothing of all this locked anybody out.
            let (mut browser, asked) = at_sign_in(&world).await;
            let inside = send(&mut browser, &asked, &key.get(&asked)).await;
            assert_eq!(inside.location(), "/dashboard", "{}", inside.text());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_even_if_it_is_sent_twice_at_once() {
    test(async |world| {
        let (_, key) = with_passkey(&world, &world.ana().clone()).await;
        let (mut browser, asked) = at_sign_in(&world).await;
        let (mut twin, answer) = (browser.clone(), key.get(&asked));
        let (one, two) = tokio::join!(
            send(&mut browser, &asked, &answer),
            send(&mut twin, &asked, &answer)
        );
        let mut ends = [one.location().to_owned(), two.location().to_owned()];
        ends.sort_unstable();
        assert_eq!(ends, ["/dashboard", "/sign-in"]);
        let mut later = world.browser();
        later.get("/sign-in").await;
        let refused = send(&mut later, &asked, &answer).await;
        assert!(
            said(&mut later, &refused).await.contains(LATE),
            "replayed elsewhere"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_goes_back_is_refused_and_logged_and_zero_is_normal() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut owner, mut key) = with_passkey(&world, &ana).await;
        let copied = "there may be a copy of it";
        for (counter, is_right) in [
            (0, true),
            (0, true),
            (5, true),
            (5, false),
            (3, false),
            (0, false),
            (6, true),
        ] {
            key.counter = counter;
            let (mut browser, asked) = at_sign_in(&world).await;
            let answer = send(&mut browser, &asked, &key.get(&asked)).await;
            if is_right {
                assert_eq!(answer.location(), "/dashboard", "{counter}: {}", answer.text());
            } else {
                let text = said(&mut browser, &answer).await;
                assert!(text.contains(copied), "{counter}: {text}");
            }
        }
        // The rows are written apart.
        let rows = async || -> i64 {
            sqlx::query_scalar(
                "select count(*) from sign_in_log where outcome = 'passkey_copied' and way = 'passkey'",
            )
            .fetch_one(&world.app.pool)
            .await
            .unwrap()
        };
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while rows().await < 3 && tokio::time::Instant::now() < until {
            tokio::task::yield_now().await;
        }
        assert_eq!(rows().await, 3);
        assert_eq!(owner.get("/apps").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_step_and_asking_again_take_the_accounts_own_passkeys_only() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut owner, key) = with_passkey(&world, &ana).await;
        let (_, jacks) = with_passkey(&world, &world.jack().clone()).await;
        let first_step = async || {
            let mut browser = world.browser();
            let page = browser
                .post(
                    "/sign-in",
                    &[
                        ("email", ana.person.email),
                        ("password", PASSWORD),
                        ("next", "activity"),
                    ],
                )
                .await;
            assert_eq!(page.location(), "/sign-in/factor", "{}", page.text());
            browser
        };
        let mut browser = first_step().await;
        let asked = question(&browser.get("/sign-in/factor").await);
        let allowed = asked.options["allowCredentials"].as_array().unwrap();
        assert_eq!(allowed.len(), 1);
        assert_eq!(allowed[0]["id"], encode(&key.id));
        let refused = send(&mut browser, &asked, &jacks.get(&asked)).await;
        assert!(
            said(&mut browser, &refused).await.contains(UNKNOWN),
            "somebody else's"
        );
        let asked = question(&browser.get("/sign-in/factor").await);
        // It may leave out whose it is: that is known here.
        let silent = Authenticator {
            handle: None,
            ..key.clone()
        };
        let inside = send(&mut browser, &asked, &silent.get(&asked)).await;
        assert_eq!(inside.location(), "/activity", "{}", inside.text());
        assert_eq!(browser.get("/activity").await.status, 200);

        // Too many wrong ones end the step.
        let mut browser = first_step().await;
        let liar = Authenticator {
            flags: USER_PRESENT,
            ..key.clone()
        };
        let mut last = String::new();
        for _ in 0..6 {
            let page = browser.get("/sign-in/factor").await;
            let asked = question(&page);
            last = send(&mut browser, &asked, &liar.get(&asked))
                .await
                .location()
                .to_owned();
        }
        assert!(last.starts_with("/sign-in?done="), "{last}");
        assert_eq!(browser.get("/sign-in/factor").await.status, 303);

        // Asked for again.
        world.clock.advance(Duration::minutes(11));
        let sent_on = owner.get("/account/passkeys/new").await;
        assert_eq!(sent_on.location(), "/account/factor?next=new-passkey");
        let location = sent_on.location().to_owned();
        let asked = question(&owner.get(&location).await);
        let refused = send(&mut owner, &asked, &liar.get(&asked)).await;
        let back = refused.location().to_owned();
        assert!(owner.get(&back).await.text().contains(WRONG), "the page says why");
        let asked = question(&owner.get(&location).await);
        let on = send(&mut owner, &asked, &key.get(&asked)).await;
        assert_eq!(on.location(), "/account/passkeys/new", "{}", on.text());
        assert_eq!(owner.get("/account/passkeys/new").await.status, 200);
    })
    .await;
}

/// A device can be lost, so another way stays. Where the operator takes that one away, as the provider, the passkey is what proves who
/// is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_way_in_stays_until_there_is_another_and_proves_who_is_there() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut owner, key) = with_passkey(&world, &ana).await;
        let off = owner
            .post("/account/ways/password/off", &[("password", PASSWORD)])
            .await;
        assert_eq!(off.location(), "/account/ways", "{}", off.text());
        let page = owner.get("/account/ways").await.text();
        assert!(page.contains("only way to sign in besides a passkey"), "{page}");
        forget_password(&world, &ana).await;
        let typed = [("email", ana.person.email), ("password", PASSWORD)];
        assert_eq!(world.browser().post("/sign-in", &typed).await.status, 422);
        // An identity at a provider that is not set up here is no way in.
        sqlx::query(
            "insert into identities (id, issuer, subject, account_id, email, claims, created_at, last_used_at)
             select gen_random_uuid(), 'https://gone.example', 'ana', id, email, '{}', $2, $2 from accounts where email_key = $1",
        )
        .bind(ana.person.email)
        .bind(world.clock.now())
        .execute(&world.app.pool)
        .await
        .unwrap();

        let (mut owner, asked) = at_sign_in(&world).await;
        let inside = send(&mut owner, &asked, &key.get(&asked)).await;
        assert_eq!(inside.location(), "/dashboard", "{}", inside.text());
        let here = page_of_it(&mut owner).await;
        let (off, word) = (format!("{here}/off"), here.replace("/account/passkeys/", "passkey-"));
        let only = "This passkey is your only way to sign in.";
        let refused = owner.post(&off, &[]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains(only), "{}", refused.text());

        // The sign-in was a proof for a quarter of an hour; then the passkey is shown again, and nothing less does.
        world.clock.advance(Duration::minutes(16));
        let page = owner.get(&here).await;
        assert!(page.text().contains("you use your passkey once more"), "{}", page.text());
        assert!(!page.body.contains("off-button"), "{}", page.text());
        let again = owner.post_once("/account/prove", &[("next", &word)]).await;
        assert_eq!(again.location(), format!("/account/factor?next={word}"));
        let asked = question(&owner.get(again.location()).await);
        let shown = send(&mut owner, &asked, &key.get(&asked)).await;
        assert_eq!(shown.location(), here, "{}", shown.text());
        let refused = owner.post(&off, &[]).await;
        assert!(refused.text().contains(only), "{}", refused.text());

        let own = [("password", "a password of my own")];
        let set = owner.post("/account/ways/password", &own).await;
        assert_eq!(set.location(), "/account?done=password-set", "{}", set.text());
        let done = owner.post(&off, &own).await;
        assert_eq!(
            done.location(),
            "/account/factors?done=passkey-off",
            "{}",
            done.text()
        );

        // Whoever has only a passkey can end the account with it.
        let (mut jack, key) = with_passkey(&world, &world.jack().clone()).await;
        forget_password(&world, &world.jack().clone()).await;
        world.clock.advance(Duration::minutes(16));
        let first = jack.get("/account/delete").await;
        assert_eq!(first.location(), "/account/factor?next=delete", "{}", first.text());
        let asked = question(&jack.get("/account/factor?next=delete").await);
        let shown = send(&mut jack, &asked, &key.get(&asked)).await;
        assert_eq!(shown.location(), "/account/delete", "{}", shown.text());
        let done = jack.post("/account/delete", &[("word", "delete")]).await;
        assert_eq!(done.location(), "/account/deleted", "{}", done.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_once_and_twenty_are_the_most() {
    test(async |world| {
        let (mut owner, mut key) = with_passkey(&world, &world.ana().clone()).await;
        let asked = question_for_new(&mut owner).await;
        assert_eq!(asked.options["excludeCredentials"][0]["id"], encode(&key.id));
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let taken = add(&mut jack, &mut key).await;
        assert_eq!(taken.location(), "/account/passkeys/new");
        assert!(
            jack.get("/account/passkeys/new")
                .await
                .text()
                .contains("in use already")
        );

        let mut unverified = Authenticator::new(&world);
        unverified.flags = USER_PRESENT;
        let refused = add(&mut owner, &mut unverified).await;
        assert_eq!(refused.location(), "/account/passkeys/new");

        for _ in 1..20 {
            let added = add(&mut owner, &mut Authenticator::new(&world)).await;
            assert_eq!(
                added.location(),
                "/account/factors?done=passkey",
                "{}",
                added.text()
            );
        }
        assert_eq!(
            owner.get("/account/passkeys/new").await.location(),
            "/account/factors"
        );
        let page = owner.get("/account/factors").await.text();
        assert!(page.contains("which is the most"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_made_in_time_is_kept() {
    test(async |world| {
        let (mut owner, _) = with_passkey(&world, &world.ana().clone()).await;
        // The second step is fresh when the page opens and no longer when the browser answers: the passkey is on the device by then.
        world.clock.advance(Duration::minutes(8));
        let (asked, mut second) = (question_for_new(&mut owner).await, Authenticator::new(&world));
        world.clock.advance(Duration::minutes(3));
        let credential = second.create(&asked);
        let added = send(&mut owner, &asked, &credential).await;
        assert_eq!(
            added.location(),
            "/account/factors?done=passkey",
            "{}",
            added.text()
        );
        let asked = question_for_new(&mut owner).await;
        world.clock.advance(Duration::minutes(6));
        let late = Authenticator::new(&world).create(&asked);
        let refused = send(&mut owner, &asked, &late).await;
        assert_eq!(refused.location(), "/account/passkeys/new", "{}", refused.text());
        let page = owner.get("/account/factors").await;
        let there = page.body.matches("href=\"/account/passkeys/0").count();
        assert_eq!(there, 2, "{}", page.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ip_address_has_no_passkeys_and_says_so() {
    test_with(
        |config| std::mem::swap(&mut config.public_url, &mut config.link_url),
        async |world| {
            let mut browser = world.browser();
            assert!(!browser.get("/sign-in").await.body.contains("data-passkey"));
            let mut owner = world.signed_in(&world.ana().clone()).await;
            let page = owner.get("/account/factors").await.text();
            assert!(page.contains("Passkeys need a name, not an IP address"), "{page}");
            assert_eq!(
                owner.get("/account/passkeys/new").await.location(),
                "/account/factors"
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_the_pages_writes_nothing() {
    test(async |world| {
        let (mut owner, _) = with_passkey(&world, &world.ana().clone()).await;
        let spent = async || -> i64 {
            sqlx::query_scalar("select count(*) from spent")
                .fetch_one(&world.app.pool)
                .await
                .unwrap()
        };
        let before = spent().await;
        for _ in 0..3 {
            at_sign_in(&world).await;
            question(&owner.get("/account/passkeys/new").await);
        }
        assert_eq!(spent().await, before);
    })
    .await;
}

/// Somebody at the second step, after the password.
async fn at_step(world: &Arc<World>, seeded: &Seeded) -> (Browser, Question) {
    let mut browser = world.browser();
    let fields = [
        ("email", seeded.person.email),
        ("password", PASSWORD),
        ("next", "activity"),
    ];
    let page = browser.post("/sign-in", &fields).await;
    assert_eq!(page.location(), "/sign-in/factor", "{}", page.text());
    let question = question(&browser.get("/sign-in/factor").await);
    (browser, question)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_policy_has_no_passkeys_one_is_only_the_second_step() {
    test_with(
        |config| config.sign_up = None,
        async |world| {
            let ana = world.ana().clone();
            let (_, key) = with_passkey(&world, &ana).await;
            let (mut browser, asked) = at_sign_in(&world).await;
            command::apply(&world.app, "ways password").await.unwrap();
            let page = world.browser().get("/sign-in").await;
            assert!(!page.body.contains("data-passkey"), "{}", page.text());
            let late = send(&mut browser, &asked, &key.get(&asked)).await;
            assert!(
                !browser.cookies.contains_key("s"),
                "asked before: {}",
                late.text()
            );
            assert_eq!(browser.get("/activity").await.status, 303);
            let (mut browser, asked) = at_step(&world, &ana).await;
            let inside = send(&mut browser, &asked, &key.get(&asked)).await;
            assert_eq!(inside.location(), "/activity", "{}", inside.text());
            assert_eq!(browser.get("/activity").await.status, 200);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_page_asked_for_is_no_answer_to_another() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut owner, key) = with_passkey(&world, &ana).await;
        let (_, of_sign_in) = at_sign_in(&world).await;
        let (mut step, of_step) = at_step(&world, &ana).await;
        let (_, of_other) = at_step(&world, &ana).await;
        for foreign in [&of_sign_in, &of_other] {
            let swapped = Question {
                action: of_step.action.clone(),
                ..foreign.clone()
            };
            let refused = send(&mut step, &swapped, &key.get(&swapped)).await;
            assert!(said(&mut step, &refused).await.contains(LATE));
        }
        let swapped = Question {
            action: "/account/factor/passkey".to_owned(),
            next: Some("activity".to_owned()),
            ..of_step.clone()
        };
        let refused = send(&mut owner, &swapped, &key.get(&swapped)).await;
        assert_eq!(refused.location(), "/account/factor?next=activity");
        let inside = send(&mut step, &of_step, &key.get(&of_step)).await;
        assert_eq!(
            inside.location(),
            "/activity",
            "where it belongs: {}",
            inside.text()
        );
        let (mut slow, asked) = at_step(&world, &ana).await;
        world.clock.advance(Duration::minutes(6));
        let refused = send(&mut slow, &asked, &key.get(&asked)).await;
        assert!(
            said(&mut slow, &refused).await.contains(LATE),
            "six minutes later"
        );
    })
    .await;
}
