//! The pages of signing in that nobody finds by their address alone, each as somebody met it: second factors, passkeys, the recovery,
//! the identity provider, a client's sign-in, and what the policy says. `pages` and `accessibility` go through all of them.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    config::Config,
    demo::seed::PASSWORD,
    guard::{policy::command, recovery},
    time::Clock,
};
use serde_json::{Value, json};

use crate::{
    factors::{App, first_step, shown},
    for_coaches::visit,
    passkeys::{self, Authenticator, at_sign_in, forget_password, page_of_it, question, send, with_passkey},
    world::{
        Browser, Liar, Lie, NOW, Page, World,
        identity_provider::CLIENT_SECRET,
        sign_in::{Program, query},
        test_with,
    },
};

/// What people call the provider.
pub const HOUSE: &str = "The house";
/// The operator's address.
pub const HELP: &str = "help@icusync.example";
const JOIN: &str = "/sign-in/provider/join";
const COACH: &str = "coach@example.test";

/// A page as somebody met it.
pub struct Met {
    /// In which state.
    pub what: &'static str,
    /// What was answered.
    pub page: Page,
}

/// Runs `body` in a world that has an identity provider, with the pages that its people have met.
pub async fn met<F: Future<Output = ()>>(
    tweak: impl FnOnce(&mut Config),
    body: impl FnOnce(Arc<World>, Vec<Met>) -> F,
) {
    icusync::install_crypto();
    let clock = Clock::fake(NOW.parse().unwrap());
    let liar = Liar::start(&clock, json!({"sub": "nobody", "email_verified": true})).await;
    let there = liar.clone();
    test_with(
        |config| {
            there.configure(config);
            config.oidc_name = Some(HOUSE.to_owned());
            config.support_email = Some(HELP.to_owned());
            // The policy says it.
            config.sign_up = None;
            config.sign_ins_per_minute = 1_000;
            config.sign_ins_per_address = 1_000;
            tweak(config);
        },
        async |world| {
            world.secret(CLIENT_SECRET);
            let mut album = Album {
                world: world.clone(),
                liar,
                pages: Vec::new(),
            };
            album.fill().await;
            body(world, album.pages).await;
        },
    )
    .await;
}

/// The pages so far, and where they come from.
struct Album {
    world: Arc<World>,
    liar: Liar,
    pages: Vec<Met>,
}

/// Everybody with an address of theirs, and the riders of the house.
const POLICY: &str = "sign-up on\nathletes group riders\nathletes domain example.test\n";

impl Album {
    async fn fill(&mut self) {
        self.apply(POLICY).await;
        let codes = self.codes().await;
        let key = self.passkeys().await;
        self.provider().await;
        self.refusals_of_the_provider().await;
        self.joining().await;
        self.client().await;
        self.second_step(&key).await;
        self.only_a_passkey().await;
        self.provider_again().await;
        self.recovery(&codes[0]).await;
        self.policy().await;
    }

    /// Keeps a page that must be this one.
    fn keep(&mut self, what: &'static str, page: Page, (status, says): (u16, &str)) {
        let text = page.text();
        assert_eq!(page.status, status, "{what}: {text}");
        assert!(text.contains(says), "{what}: {says} in {text}");
        let is_new = self.pages.iter().all(|met| met.what != what);
        assert!(is_new, "{what} is there twice");
        self.pages.push(Met { what, page });
    }

    /// Opens a page in a browser, and keeps it.
    async fn open(&mut self, what: &'static str, browser: &mut Browser, path: &str, says: &str) {
        let page = browser.get(path).await;
        self.keep(what, page, (200, says));
    }

    /// Sends a form that is not accepted, and keeps its page with the mistake.
    async fn mistake(
        &mut self,
        what: &'static str,
        browser: &mut Browser,
        (path, fields): (&str, &[(&str, &str)]),
        says: &str,
    ) {
        let page = browser.post(path, fields).await;
        self.keep(what, page, (422, says));
    }

    async fn apply(&self, policy: &str) {
        command::apply(&self.world.app, policy).await.unwrap();
    }

    fn later(&self, by: Duration) {
        self.world.clock.advance(by);
        self.liar.clock.advance(by);
    }

    /// The provider knows this person now.
    fn visitor_is(&self, sub: &str, email: &str, groups: &[&str]) {
        self.liar
            .says(json!({"sub": sub, "email": email, "email_verified": true, "groups": groups}));
    }

    /// Presses a button that leads to the provider; the page that its callback answers with.
    async fn through(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
        let away = browser.post_once(path, fields).await;
        if away.status != 303 {
            return away;
        }
        let back = browser.get(away.location()).await;
        browser.get(back.location()).await
    }

    /// Signs in as an athlete through the provider; the browser.
    async fn signed_in_through(&self) -> Browser {
        let mut browser = self.world.browser();
        let page = self
            .through(&mut browser, "/sign-in/provider", &[("as", "athlete")])
            .await;
        assert_eq!(page.location(), "/dashboard", "{}", page.text());
        browser
    }

    /// One-time codes, from none to Ana's recovery codes, which are returned.
    async fn codes(&mut self) -> Vec<String> {
        let (here, password) = ("/account/factors/codes", [("password", PASSWORD)]);
        let mut ana = self.world.signed_in(&self.world.ana().clone()).await;
        self.open("no factors", &mut ana, "/account/factors", "Codes of an app")
            .await;
        self.open("codes off", &mut ana, here, "You need an authenticator app")
            .await;
        self.mistake(
            "codes, wrong password",
            &mut ana,
            (here, &[("password", "not it")]),
            "not your password",
        )
        .await;
        ana.post(here, &password).await;
        let page = ana.get(here).await;
        let secret = shown(&page, "secret");
        self.world.secret(&secret);
        self.keep("codes begun", page, (200, "type this secret into the app"));
        self.mistake(
            "codes, wrong first code",
            &mut ana,
            ("/account/factors/codes/confirm", &[("code", "no code")]),
            "not the code of this secret",
        )
        .await;
        let code = App::of(&secret).code(&self.world, 0);
        let on = ana
            .post("/account/factors/codes/confirm", &[("code", &code)])
            .await;
        let new = ana.get(on.location()).await;
        let codes = self.recovery_codes(&new);
        self.keep(
            "recovery codes, new",
            new,
            (200, "Save these now: they are shown only this once."),
        );
        let left = "You have 10 recovery codes left.";
        self.open("recovery codes, left", &mut ana, on.location(), left)
            .await;
        self.open("codes on", &mut ana, here, "They are your only second step")
            .await;
        codes
    }

    /// The recovery codes on a page, which no log may have.
    fn recovery_codes(&self, page: &Page) -> Vec<String> {
        let codes: Vec<String> = shown(page, "recovery-codes").lines().map(str::to_owned).collect();
        for code in &codes {
            self.world.secret(code);
        }
        codes
    }

    /// Passkeys, from the first to its page.
    async fn passkeys(&mut self) -> Authenticator {
        let (world, here) = (self.world.clone(), "/account/passkeys/new");
        let (mut jack, mut key) = (
            world.signed_in(&world.jack().clone()).await,
            Authenticator::new(&world),
        );
        self.open("passkey, proof", &mut jack, here, "Add a passkey")
            .await;
        let prove = "/account/passkeys/prove";
        self.mistake(
            "passkey, wrong password",
            &mut jack,
            (prove, &[("password", "not it")]),
            "not your password",
        )
        .await;
        jack.post(prove, &[("password", PASSWORD)]).await;
        let page = jack.get(here).await;
        let asked = question(&page);
        self.keep(
            "passkey, new",
            page,
            (200, "So that you recognise it among others."),
        );
        let lie = key.at("https://evil.example").create(&asked);
        let refused = send(&mut jack, &asked, &lie).await;
        let refused = jack.get(refused.location()).await;
        self.keep("passkey, not accepted", refused, (200, "was not accepted"));
        let added = passkeys::add(&mut jack, &mut key).await;
        let codes = jack.get(added.location()).await;
        self.recovery_codes(&codes);
        let done = "/account/factors?done=passkey";
        self.open("factors with a passkey", &mut jack, done, "Software key")
            .await;
        let one = page_of_it(&mut jack).await;
        self.open("one passkey", &mut jack, &one, "It is your only second step")
            .await;
        self.mistake(
            "one passkey without a name",
            &mut jack,
            (&one, &[("name", " ")]),
            "Give the passkey a name.",
        )
        .await;
        self.mistake(
            "one passkey, wrong password",
            &mut jack,
            (&format!("{one}/off"), &[("password", "not it")]),
            "not your password",
        )
        .await;
        let (mut browser, asked) = at_sign_in(&world).await;
        let unknown = Authenticator::new(&world).get(&asked);
        let refused = send(&mut browser, &asked, &unknown).await;
        let refused = browser.get(refused.location()).await;
        self.keep(
            "an unknown passkey",
            refused,
            (200, "IcuSync has no such passkey here."),
        );
        key
    }

    /// The provider as a way in, for strangers, for Tríona who adds it, and for Nora who has nothing else.
    async fn provider(&mut self) {
        let mut stranger = self.world.browser();
        for (what, path) in [
            ("sign-in with the provider", "/sign-in"),
            ("sign-up with the provider", "/sign-up"),
            ("for coaches with the provider", "/for-coaches"),
        ] {
            self.open(what, &mut stranger, path, "Continue with The house")
                .await;
        }
        let (world, ways) = (self.world.clone(), "/account/ways");
        let mut tria = world.signed_in(&world.tria().clone()).await;
        self.open(
            "ways without the provider",
            &mut tria,
            ways,
            "Sign in through The house",
        )
        .await;
        self.mistake(
            "ways, wrong password",
            &mut tria,
            ("/account/ways/provider", &[("password", "not it")]),
            "not your password",
        )
        .await;
        self.visitor_is("tria", world.tria().person.email, &[]);
        let add = [("password", PASSWORD)];
        let added = self.through(&mut tria, "/account/ways/provider", &add).await;
        assert_eq!(
            added.location(),
            "/account?done=provider-added",
            "{}",
            added.text()
        );
        self.open("ways with the provider", &mut tria, ways, "signs you in, as")
            .await;
        self.open(
            "the provider was added",
            &mut tria,
            added.location(),
            "The house and password",
        )
        .await;

        self.visitor_is("nora", "nora@club.example", &["riders"]);
        let mut nora = self.signed_in_through().await;
        let confirm = "Confirm with The house";
        for (what, path) in [
            ("only the provider: ways", ways),
            ("only the provider: delete", "/account/delete"),
            ("only the provider: address", "/account/address"),
            ("only the provider: codes", "/account/factors/codes"),
            ("only the provider: passkey", "/account/passkeys/new"),
        ] {
            self.open(what, &mut nora, path, confirm).await;
        }
        let prove = [("next", "delete")];
        self.visitor_is("nils", "nils@club.example", &["riders"]);
        let page = self.through(&mut nora, "/account/prove", &prove).await;
        self.keep("provider: somebody else", page, (403, "That was somebody else"));
        self.visitor_is("nora", "nora@club.example", &["riders"]);
        let page = self.through(&mut nora, "/account/prove", &prove).await;
        assert_eq!(page.location(), "/account/delete", "{}", page.text());
        self.open(
            "proved at the provider",
            &mut nora,
            "/account/delete",
            "Type the word",
        )
        .await;
    }

    /// What comes of a sign-in at the provider that is not accepted.
    async fn refusals_of_the_provider(&mut self) {
        let world = self.world.clone();
        let (as_athlete, as_coach) = ([("as", "athlete")], [("as", "coach")]);
        let start = "/sign-in/provider";
        self.visitor_is("new", "new@club.example", &["riders"]);
        for (what, lie, expected) in [
            ("provider: away", Lie::TokenFails, (503, "does not answer")),
            (
                "provider: too late",
                Lie::TokenError("invalid_grant"),
                (400, "That took a little too long"),
            ),
            ("provider: clocks", Lie::Future, (502, "The clocks differ")),
            ("provider: odd", Lie::Aud, (502, "sent something odd")),
        ] {
            self.liar.tells(&[lie]);
            let page = self.through(&mut world.browser(), start, &as_athlete).await;
            self.keep(what, page, expected);
        }
        self.liar.tells(&[]);
        let page = world.browser().get("/sign-in/provider/callback").await;
        self.keep(
            "provider: not ours",
            page,
            (400, "This sign-in cannot be finished"),
        );
        let mut browser = world.browser();
        let away = browser.post_once(start, &as_athlete).await;
        let state = query(away.location(), "state").unwrap();
        let declined = format!("/sign-in/provider/callback?error=access_denied&state={state}");
        self.open(
            "provider: declined",
            &mut browser,
            &declined,
            "You are not signed in",
        )
        .await;
        self.liar.says(json!({"email_verified": false}));
        let page = self.through(&mut world.browser(), start, &as_athlete).await;
        self.keep(
            "provider: no address",
            page,
            (403, "Your address is not confirmed there"),
        );
        self.visitor_is("out", "out@club.example", &["runners"]);
        let page = self.through(&mut world.browser(), start, &as_athlete).await;
        self.keep("provider: closed", page, (403, "Sign-up is closed here"));
        let page = self.through(&mut world.browser(), start, &as_coach).await;
        self.keep(
            "provider: not invited",
            page,
            (403, "No athlete has invited this address"),
        );

        let (way, password) = ("/account/ways/provider", [("password", PASSWORD)]);
        let mut bishnu = world.signed_in(&world.bishnu().clone()).await;
        self.visitor_is("nora", "nora@club.example", &["riders"]);
        let page = self.through(&mut bishnu, way, &password).await;
        self.keep("provider: elsewhere", page, (409, "belongs to another account"));
        let mut tria = world.signed_in(&world.tria().clone()).await;
        self.visitor_is("tria too", world.tria().person.email, &[]);
        let page = self.through(&mut tria, way, &password).await;
        self.keep("provider: has another", page, (409, "has another user there"));
    }

    /// Somebody comes with the address of a person who is here already.
    async fn joining(&mut self) {
        let world = self.world.clone();
        let (start, as_athlete) = ("/sign-in/provider", [("as", "athlete")]);
        let page = world.browser().get(JOIN).await;
        self.keep("join: gone", page, (410, "Please start again"));

        let nell = world.nell().person.email;
        self.visitor_is("nell", nell, &[]);
        let mut browser = world.browser();
        self.through(&mut browser, start, &as_athlete).await;
        self.open("join", &mut browser, JOIN, "Password of that account")
            .await;
        self.mistake(
            "join, wrong password",
            &mut browser,
            (JOIN, &[("password", "not it")]),
            "not the password of that account",
        )
        .await;
        browser.post(&format!("{JOIN}/code"), &[]).await;
        self.open("join, code mailed", &mut browser, JOIN, "Code from the email to")
            .await;
        self.mistake(
            "join, wrong code",
            &mut browser,
            (JOIN, &[("code", "no code")]),
            "4 tries are left",
        )
        .await;
        for _ in 0..4 {
            browser.post(JOIN, &[("code", "no code")]).await;
        }
        self.open("join, over", &mut browser, JOIN, "Codes were mistyped too often")
            .await;

        self.visitor_is("eve", world.tria().person.email, &[]);
        let mut eve = world.browser();
        self.through(&mut eve, start, &as_athlete).await;
        self.open("join, replaces", &mut eve, JOIN, "An email tells the owner")
            .await;

        world.coaches().await;
        let as_coach = [("as", "coach")];
        self.visitor_is("carl", COACH, &[]);
        let mut carl = world.browser();
        let page = self.through(&mut carl, start, &as_coach).await;
        assert_eq!(page.location(), "/for-coaches/my-roster", "{}", page.text());
        self.open(
            "a coach through the provider",
            &mut carl,
            page.location(),
            "Ana Berger",
        )
        .await;
        self.visitor_is("carla", COACH, &[]);
        let mut carla = world.browser();
        self.through(&mut carla, start, &as_coach).await;
        self.open("join, a coach", &mut carla, JOIN, "An email tells the coach")
            .await;
    }

    /// A client's sign-in: who it is, by which way, and what the client may do.
    async fn client(&mut self) {
        let world = self.world.clone();
        let program = Program::registered(&world, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        let asked = question(&page);
        self.keep("a client: who", page, (200, "Continue with The house as a coach"));
        let unknown = Authenticator::new(&world).get(&asked);
        let refused = send(&mut browser, &asked, &unknown).await;
        assert_eq!(refused.location(), path, "{}", refused.text());
        self.open(
            "a client: unknown passkey",
            &mut browser,
            &path,
            "IcuSync has no such passkey here.",
        )
        .await;
        self.visitor_is("tria", world.tria().person.email, &[]);
        let next = format!("request-{}", path.rsplit('/').next().unwrap());
        let fields = [("as", "athlete"), ("next", &*next)];
        let back = self.through(&mut browser, "/sign-in/provider", &fields).await;
        assert_eq!(back.location(), path, "{}", back.text());
        self.open(
            "a client: consent",
            &mut browser,
            &path,
            "Signed in through The house as",
        )
        .await;
        let coachs = program.in_another_window("coach");
        let mut browser = world.browser();
        let (path, _) = coachs.begin(&mut browser).await;
        self.visitor_is("carl", COACH, &[]);
        let next = format!("request-{}", path.rsplit('/').next().unwrap());
        let fields = [("as", "coach"), ("next", &*next)];
        self.through(&mut browser, "/sign-in/provider", &fields).await;
        self.open(
            "a client: a coach's consent",
            &mut browser,
            &path,
            "through The house as coach@example.test",
        )
        .await;
    }

    /// The second step, and being asked again, with codes and with a passkey.
    async fn second_step(&mut self, key: &Authenticator) {
        let world = self.world.clone();
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = first_step(&world, &ana).await;
        self.open(
            "second step",
            &mut browser,
            "/sign-in/factor",
            "Code from your app, or a recovery code",
        )
        .await;
        let wrong = browser.post_once("/sign-in/factor", &[("code", "no code")]).await;
        self.open(
            "second step, wrong code",
            &mut browser,
            wrong.location(),
            "was not right, or was used before",
        )
        .await;
        let too_many = "/sign-in/factor?said=too-many";
        self.open("second step, too many codes", &mut browser, too_many, "today")
            .await;
        let mut browser = first_step(&world, &jack).await;
        let page = browser.get("/sign-in/factor").await;
        let asked = question(&page);
        self.keep("second step with a passkey", page, (200, "Use a passkey"));
        let lie = key.at("https://evil.example");
        let wrong = send(&mut browser, &asked, &lie.get(&asked)).await;
        self.open(
            "second step, wrong passkey",
            &mut browser,
            wrong.location(),
            "was not accepted",
        )
        .await;
        let page = browser.get("/sign-in/factor").await;
        let asked = question(&page);
        let inside = send(&mut browser, &asked, &key.get(&asked)).await;
        assert_eq!(inside.location(), "/activity", "{}", inside.text());
        self.later(Duration::minutes(11));
        let again = browser.get("/link/regenerate").await;
        self.open(
            "asked again",
            &mut browser,
            again.location(),
            "Confirm that it is you",
        )
        .await;
        let wrong = [("code", "no code"), ("next", "regenerate")];
        let wrong = browser.post_once("/account/factor", &wrong).await;
        self.open(
            "asked again, wrong code",
            &mut browser,
            wrong.location(),
            "That did not work",
        )
        .await;
        let page = browser.get("/account/factor?next=regenerate").await;
        let asked = question(&page);
        let wrong = send(&mut browser, &asked, &lie.get(&asked)).await;
        self.open(
            "asked again, wrong passkey",
            &mut browser,
            wrong.location(),
            "was not accepted",
        )
        .await;
    }

    /// Bishnu deletes the password and has nothing else left.
    async fn only_a_passkey(&mut self) {
        let seeded = self.world.bishnu().clone();
        let (mut bishnu, _) = with_passkey(&self.world, &seeded).await;
        forget_password(&self.world, &seeded).await;
        self.later(Duration::minutes(16));
        self.open(
            "only a passkey",
            &mut bishnu,
            "/account/ways",
            "First confirm that it is you: you use your passkey once more",
        )
        .await;
        let one = page_of_it(&mut bishnu).await;
        self.open(
            "the only passkey",
            &mut bishnu,
            &one,
            "use your passkey once more",
        )
        .await;
    }

    /// The provider no longer speaks for Nora, or not at all.
    async fn provider_again(&mut self) {
        self.visitor_is("nora", "nora@club.example", &["riders"]);
        let mut nora = self.signed_in_through().await;
        self.liar.revokes();
        self.later(Duration::minutes(20));
        let page = nora.get("/dashboard").await;
        self.keep("kept out: sign in again", page, (403, "Please sign in again"));
        let mut nora = self.signed_in_through().await;
        self.liar.tells(&[Lie::TokenFails, Lie::UserinfoFails]);
        self.later(Duration::hours(5));
        let page = nora.get("/dashboard").await;
        self.keep("kept out: no answer", page, (503, "does not answer"));
        self.liar.tells(&[]);
    }

    /// Ana has lost everything.
    async fn recovery(&mut self, code: &str) {
        let (world, lost) = (self.world.clone(), "/sign-in/factor/lost");
        let ana = world.ana().clone();
        let mut inside = first_step(&world, &ana).await;
        self.open("lost", &mut inside, lost, "If everything is lost")
            .await;
        self.open(
            "lost too often",
            &mut inside,
            &format!("{lost}?said=too-many"),
            "Not today",
        )
        .await;
        // Somebody is signed in meanwhile.
        let mut signed = first_step(&world, &ana).await;
        let inside_too = signed.post_once("/sign-in/factor", &[("code", code)]).await;
        assert_eq!(inside_too.location(), "/activity", "{}", inside_too.text());
        inside.post_once(lost, &[]).await;
        self.open("recovery begun", &mut inside, lost, "has begun").await;
        let notice = "Somebody wants to take your two-step sign-in off";
        self.open(
            "recovery, to somebody signed in",
            &mut signed,
            "/dashboard",
            notice,
        )
        .await;
        world.mails_to(ana.person.email).await;
        self.later(Duration::days(8));
        recovery::mail_due(&world.app).await.unwrap();
        let (mut opened, page) = world.opened(ana.person.email).await;
        let mut inside = first_step(&world, &ana).await;
        self.open("recovery mailed", &mut inside, lost, "is ready").await;
        let mailed = "An email with the link that takes them off was sent";
        self.open(
            "recovery mailed, to somebody signed in",
            &mut signed,
            "/coaches",
            mailed,
        )
        .await;
        self.keep(
            "recovery, its button",
            page.clone(),
            (200, "Take two-step sign-in off?"),
        );
        let done = opened.press(&page, &[]).await;
        self.open("recovered", &mut opened, done.location(), "Sign in")
            .await;
        let page = opened.get("/recover").await;
        self.keep("recovery, gone", page, (410, "This link no longer works"));
    }

    /// Whom the policy does not let in, and what it switches off.
    async fn policy(&mut self) {
        let world = self.world.clone();
        let nell = world.nell().clone();
        let mut signed = world.signed_in(&nell).await;
        // Of two coaches one has come through the provider.
        let mut carl = visit(&world, COACH).await;
        let mut coach = visit(&world, world.tria().person.email).await;
        let typed = [("email", nell.person.email), ("password", PASSWORD)];

        self.apply("links off\n").await;
        self.open(
            "no connector URLs",
            &mut signed,
            "/connector",
            "No connector URLs here",
        )
        .await;
        self.apply("ways intervals provider email\n").await;
        let page = signed.get("/dashboard").await;
        self.keep(
            "kept out: another way",
            page,
            (403, "Sign out, then use one of the ways"),
        );
        let page = world.browser().post("/sign-in", &typed).await;
        self.keep(
            "kept out: another way, at the door",
            page,
            (403, "Sign in another way"),
        );
        self.open(
            "sign-in without passwords",
            &mut world.browser(),
            "/sign-in",
            "Continue with The house",
        )
        .await;
        self.apply("athletes nobody\ncoaches nobody\n").await;
        let page = signed.get("/dashboard").await;
        self.keep("kept out", page, (403, "You have no access here"));
        let page = coach.get("/for-coaches/my-roster").await;
        self.keep("kept out: a coach", page, (403, "You have no access here"));
        let page = carl.get("/for-coaches/my-roster").await;
        self.keep(
            "kept out: a coach signs in again",
            page,
            (403, "Please sign in again"),
        );
        let page = world.browser().post("/sign-in", &typed).await;
        self.keep("kept out: at the door", page, (403, "To the sign-in page"));
        self.visitor_is("nora", "nora@club.example", &["riders"]);
        let as_athlete = [("as", "athlete")];
        let page = self
            .through(&mut world.browser(), "/sign-in/provider", &as_athlete)
            .await;
        self.keep(
            "kept out: back from the provider",
            page,
            (403, "You have no access here"),
        );
        self.apply(POLICY).await;
    }
}

/// The pages for a browser, which answers with them as they are: what, status, headers and body of each.
pub fn as_json(pages: &[Met]) -> Value {
    let one = |met: &Met| {
        let headers: serde_json::Map<String, Value> = met
            .page
            .headers
            .iter()
            .filter(|(name, _)| !["set-cookie", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
            .collect();
        json!({"what": met.what, "status": met.page.status, "headers": headers, "body": met.page.body})
    };
    pages.iter().map(one).collect()
}
