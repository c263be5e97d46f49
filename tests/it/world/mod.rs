//! The real service on a fresh database, a simulated intervals.icu and captured mail, one world per test.
//!
//! [`test`] runs a test in its world and then asserts that it left no pending job and no secret in the logs.

mod browser;
mod cluster;
mod dice;
mod documents;
pub mod identity_provider;
pub mod liar;
mod logs;
mod mcp;
mod proxy;
pub mod sign_in;
pub mod wire;

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use icusync::{
    app::App,
    config::Config,
    demo::{
        self,
        seed::{Seeded, SeededCoach},
    },
    guard::log_buffer,
    ids::{AccountId, CoachId},
    jobs,
    mail::transport::{Captured, CapturedMail, Transport},
    queries::{self, grants::Grant},
    secrets::{KeyRing, Random},
    start::{self, Ingredients},
    time::Clock,
    tools::{Tool, params::Param},
    words::Purpose,
};
use icusync_sim as sim;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use browser::{Browser, Page, form};
pub use cluster::{fresh_database, scratch, url_of};
pub use dice::Dice;
pub use documents::Documents;
pub use identity_provider::IdentityProvider;
pub use liar::{Liar, Lie};
pub use logs::refusals_of;
pub use mcp::{Call, Mcp};
pub use proxy::Proxy;

/// A Saturday in everyone's zone at 08:00 UTC: 09:00 in Berlin, 19:00 in Melbourne, midnight in Los Angeles, 13:45 in
/// Kathmandu, 04:30 in St. John's.
pub const NOW: &str = "2026-11-21T08:00:00Z";

/// One test's own service.
pub struct World {
    /// The running app.
    pub app: App,
    /// Simulated intervals.icu.
    pub sim: Arc<sim::Running>,
    /// Mails that were sent.
    pub mails: Captured,
    /// What clients say of themselves.
    pub documents: Documents,
    /// Set by hand.
    pub clock: Clock,
    /// `http://localhost:PORT`
    pub web: String,
    /// `http://127.0.0.1:PORT`
    pub links: String,
    /// Name of the database.
    pub database: String,
    /// Everyone whom the simulator knows, signed up and connected; Ana and Jack first.
    pub people: Vec<Seeded>,
    /// Other instances on the same database.
    instances: Mutex<Vec<App>>,
    secrets: Mutex<Vec<String>>,
    shutdown: CancellationToken,
}

/// Another instance of a world's service.
pub struct Instance {
    /// `http://localhost:PORT`
    pub web: String,
    /// `http://127.0.0.1:PORT`
    pub links: String,
}

impl Instance {
    /// The URL at this instance that corresponds to `url` at the first.
    pub fn link(&self, url: &str) -> String {
        format!("{}/mcp/{}", self.links, url.rsplit('/').next().unwrap())
    }
}

/// Runs `body` in a world with the demo's settings.
pub async fn test<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>) -> F) {
    test_with(|_| (), body).await;
}

/// Runs `body` in a world whose settings `tweak` changed.
pub async fn test_with<F: Future<Output = ()>>(
    tweak: impl FnOnce(&mut Config),
    body: impl FnOnce(Arc<World>) -> F,
) {
    let world = Arc::new(World::start(tweak).await);
    body(world.clone()).await;
    world.finish().await;
}

impl World {
    async fn start(tweak: impl FnOnce(&mut Config)) -> Self {
        icusync::install_crypto();
        logs::capture();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let clock = Clock::fake(NOW.parse::<DateTime<Utc>>().unwrap());
        let random = Random::from_os();
        let database = fresh_database().await;
        let mut config = demo::config(port).unwrap();
        config.database_connections = 6;
        tweak(&mut config);
        let sim = demo::simulate(&clock, &config, 0, 0).await.unwrap();
        config.intervals_url = sim.base_url.parse().unwrap();
        let web = config.public_url.as_str().to_owned();
        let links = config.link_url.as_str().to_owned();
        let pool = start::Reach::at(&url_of(&database))
            .unwrap()
            .pool(&config)
            .await
            .unwrap();
        start::claim(&pool, Purpose::Demo, &clock).await.unwrap();
        let keys = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
        let mails = Captured::default();
        let mail = match &config.smtp_url {
            Some(url) => Transport::smtp(url, config.smtp_ca_file.as_deref()).unwrap(),
            None => Transport::Captured(mails.clone()),
        };
        let documents = Documents::default();
        let ingredients = Ingredients {
            pool,
            keys,
            mail,
            clock: clock.clone(),
            random,
        };
        let app = start::app_with(config, ingredients, documents.fetcher()).unwrap();
        let people = demo::seed::seed(&app).await.unwrap();
        let shutdown = CancellationToken::new();
        let router = icusync::routes::service(app.clone());
        tokio::spawn(icusync::server::serve(listener, router, shutdown.clone()));
        let mut secrets = vec![demo::CLIENT_SECRET.to_owned(), demo::seed::PASSWORD.to_owned()];
        for seeded in &people {
            secrets.push(seeded.link.rsplit('/').next().unwrap().to_owned());
            secrets.push(seeded.person.token.to_owned());
            secrets.push(seeded.person.api_key.to_owned());
        }
        Self {
            app,
            sim: Arc::new(sim),
            mails,
            documents,
            clock,
            web,
            links,
            database,
            people,
            instances: Mutex::default(),
            secrets: Mutex::new(secrets),
            shutdown,
        }
    }

    fn of_slug(&self, slug: &str) -> &Seeded {
        let mut people = self.people.iter();
        people.find(|seeded| seeded.person.slug == slug).unwrap()
    }

    /// Ana Berger: a cyclist with power, Europe/Berlin.
    pub fn ana(&self) -> &Seeded {
        self.of_slug("ana")
    }

    /// Jack Nguyen: a runner, Australia/Melbourne.
    pub fn jack(&self) -> &Seeded {
        self.of_slug("jack")
    }

    /// Tríona O’Shea-Łuczak: a triathlete in miles, pounds and yards, America/Los_Angeles, with every oddity.
    pub fn tria(&self) -> &Seeded {
        self.of_slug("tria")
    }

    /// Bishnu Tamang: everything from Strava, bare digits as athlete id, Asia/Kathmandu.
    pub fn bishnu(&self) -> &Seeded {
        self.of_slug("bishnu")
    }

    /// Nell Pike: nothing set and hardly anything done, America/St_Johns.
    pub fn nell(&self) -> &Seeded {
        self.of_slug("nell")
    }

    /// The demo's coaches, invited by the people: the first by Ana (everything), Jack (training, fitness) and Tríona (fitness,
    /// wellness, calendar), the second one Tríona herself.
    pub async fn coaches(&self) -> Vec<SeededCoach> {
        let coaches = demo::seed::seed_coaches(&self.app).await.unwrap();
        for coach in &coaches {
            self.secret(coach.link.rsplit('/').next().unwrap());
        }
        // The coaches have read their invites.
        self.work_off().await;
        coaches
    }

    /// What the current or another athlete of an account grants a coach.
    pub async fn grant_of(&self, coach: CoachId, account: AccountId) -> Option<Grant> {
        let grants = queries::grants::of_account(&self.app.pool, account)
            .await
            .unwrap();
        grants.into_iter().find(|grant| grant.coach_id == coach)
    }

    /// Another instance of the service on the same database, without this one's memory.
    pub async fn other_instance(&self) -> Instance {
        self.other_instance_with(|_| ()).await
    }

    /// The same, with other settings.
    pub async fn other_instance_with(&self, tweak: impl FnOnce(&mut Config)) -> Instance {
        self.instance_on(self.app.pool.clone(), tweak).await
    }

    /// Another instance that reaches the database at this URL, such as through a [`Proxy`].
    pub async fn instance_at(&self, database_url: &str) -> Instance {
        self.instance_at_with(database_url, |_| ()).await
    }

    /// The same, with other settings.
    pub async fn instance_at_with(&self, database_url: &str, tweak: impl FnOnce(&mut Config)) -> Instance {
        let reach = start::Reach::at(database_url).unwrap();
        let pool = reach.pool(&self.app.config).await.unwrap();
        self.instance_on(pool, tweak).await
    }

    async fn instance_on(&self, pool: sqlx::PgPool, tweak: impl FnOnce(&mut Config)) -> Instance {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ports = demo::config(listener.local_addr().unwrap().port()).unwrap();
        let mut config = self.app.config.clone();
        config.public_url = ports.public_url;
        config.link_url = ports.link_url;
        config.bind = ports.bind;
        tweak(&mut config);
        let ingredients = Ingredients {
            pool,
            keys: self.app.keys.clone(),
            mail: self.app.mail.clone(),
            clock: self.clock.clone(),
            random: Random::from_os(),
        };
        let app = start::app_with(config, ingredients, self.documents.fetcher()).unwrap();
        let router = icusync::routes::service(app.clone());
        tokio::spawn(icusync::server::serve(listener, router, self.shutdown.clone()));
        self.instances.lock().unwrap().push(app.clone());
        Instance {
            web: app.config.public_url.as_str().to_owned(),
            links: app.config.link_url.as_str().to_owned(),
        }
    }

    /// Writes what the calls so far left for the activity log, at every instance: a test that asks the database need not wait
    /// for the second that a row may take.
    pub async fn logged(&self) {
        log_buffer::flush(&self.app).await;
        let others = self.instances.lock().unwrap().clone();
        for app in &others {
            log_buffer::flush(app).await;
        }
    }

    /// A fresh browser without cookies.
    pub fn browser(self: &Arc<Self>) -> Browser {
        Browser::new(self.clone())
    }

    /// A browser that is signed in as `seeded`.
    pub async fn signed_in(self: &Arc<Self>, seeded: &Seeded) -> Browser {
        let mut browser = self.browser();
        let page = browser
            .post(
                "/sign-in",
                &[("email", seeded.person.email), ("password", demo::seed::PASSWORD)],
            )
            .await;
        assert_eq!(page.status, 303, "{}", page.body);
        browser
    }

    /// Lets the connector of `seeded` change the calendar, on the page of the connector; their browser.
    pub async fn let_write(self: &Arc<Self>, seeded: &Seeded) -> Browser {
        let mut browser = self.signed_in(seeded).await;
        let page = browser.post("/link/writing", &[("may-write", "on")]).await;
        assert_eq!(page.location(), "/connector?done=writing-on", "{}", page.body);
        browser
    }

    /// Switches every group of tools on for every connector that there is, as their owners could one by one.
    pub async fn with_every_group(&self) {
        let all = sqlx::query("update connectors set groups_off = '{}'");
        all.execute(&self.app.pool).await.unwrap();
    }

    /// Has everybody share everything with IcuSync, the library too, as at intervals.icu's consent page.
    pub async fn with_everything_shared(&self) {
        let scopes: Vec<String> = icusync::intervals::Area::ALL
            .iter()
            .map(|area| format!("{}:WRITE", area.as_str()))
            .collect();
        for seeded in &self.people {
            assert!(self.sim.allow(seeded.person.slug, &scopes.join(",")));
        }
        sqlx::query("update connections set scopes = $1")
            .bind(&scopes)
            .execute(&self.app.pool)
            .await
            .unwrap();
    }

    /// An MCP client on a connector URL.
    #[expect(
        clippy::unused_self,
        reason = "reads as what it is: somebody in this world with a client"
    )]
    pub fn mcp(&self, url: &str) -> Mcp {
        Mcp::at(url)
    }

    /// What intervals.icu answers to `GET /athlete/{id}/{path}`.
    pub async fn at_intervals(&self, seeded: &Seeded, path: &str) -> Value {
        let person = seeded.person;
        let url = format!(
            "{}/api/v1/athlete/{}/{path}",
            self.sim.base_url, person.athlete_id
        );
        let answer = Mcp::client()
            .get(url)
            .header("user-agent", "IcuSync tests")
            .basic_auth("API_KEY", Some(person.api_key))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    /// Arguments with which a tool answers by its defaults: an activity's id where it needs one. None: the person has no
    /// activity.
    pub async fn defaults(&self, seeded: &Seeded, tool: &Tool) -> Option<Value> {
        if tool.name() == "find_intervals" {
            return Some(json!({"length": "3-15m"}));
        }
        let takes = |param: &Param| {
            (param.required && param.name == "id") || (tool.name() == "get_file" && param.name == "activity")
        };
        let Some(id) = tool.params.iter().find(|param| takes(param)) else {
            return Some(json!({}));
        };
        let person = seeded.person;
        let url = format!(
            "{}/api/v1/athlete/{}/activities?oldest=2026-11-01&fields=id,type",
            self.sim.base_url, person.athlete_id
        );
        let client = Mcp::client();
        let answer = client
            .get(url)
            .header("user-agent", "IcuSync tests")
            .basic_auth("API_KEY", Some(person.api_key))
            .send()
            .await
            .unwrap();
        let rows: Vec<Value> = answer.json().await.unwrap();
        let readable = rows.iter().find(|row| row["type"].is_string());
        let row = readable.or(rows.first())?;
        Some(json!({ id.name: row["id"] }))
    }

    async fn work_off(&self) {
        while jobs::run_due(&self.app).await.unwrap() > 0 {}
    }

    /// Works off the queue, and returns every mail to `address` so far, newest last.
    pub async fn mails_to(&self, address: &str) -> Vec<CapturedMail> {
        self.work_off().await;
        self.mails
            .all()
            .into_iter()
            .filter(|mail| mail.to == address)
            .collect()
    }

    /// The mail link in the newest mail to `address`, as a path.
    pub async fn link_mailed_to(&self, address: &str) -> String {
        let mails = self.mails_to(address).await;
        let mail = mails.last().unwrap_or_else(|| panic!("no mail to {address}"));
        let line = mail
            .letter
            .text
            .lines()
            .find(|line| line.starts_with(&self.web))
            .expect("a link in the mail");
        self.secret(line.rsplit('/').next().unwrap());
        line.strip_prefix(&self.web).unwrap().to_owned()
    }

    /// A fresh browser in which the link of the newest mail to `address` was opened, and the page with the button.
    pub async fn opened(self: &Arc<Self>, address: &str) -> (Browser, Page) {
        let link = self.link_mailed_to(address).await;
        let mut browser = self.browser();
        let page = browser.open(&link).await;
        (browser, page)
    }

    /// A coach's browser on the page of the roster, by the link in a mail.
    pub async fn on_roster_page(self: &Arc<Self>, address: &str) -> Browser {
        let asked = [("email", address)];
        self.browser().post("/for-coaches/roster", &asked).await;
        let (mut browser, page) = self.opened(address).await;
        let begun = browser.press(&page, &[]).await;
        assert_eq!(begun.location(), "/for-coaches/my-roster", "{}", begun.text());
        browser
    }

    /// Notes a secret that no log may contain.
    pub fn secret(&self, secret: &str) {
        assert!(secret.len() >= 10, "too short to search for: {secret}");
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// Every secret known in this world.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().clone()
    }

    async fn finish(&self) {
        self.work_off().await;
        // A mail that waits for its hour, and has never been tried, is not something that the test forgot.
        let waits = "select exists (select from jobs where state = 'pending' and attempts = 0)";
        if sqlx::query_scalar(waits).fetch_one(&self.app.pool).await.unwrap() {
            self.clock.advance(chrono::Duration::hours(1));
            self.work_off().await;
        }
        let pending = icusync::queries::jobs::waiting(&self.app.pool).await.unwrap();
        assert_eq!(pending, 0, "the test left jobs in the queue");
        let found = logs::holding(&self.secrets());
        assert!(found.is_empty(), "secrets in the logs: {found:?}");
        self.shutdown.cancel();
        self.app.pool.close().await;
        cluster::drop_database(&self.database).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The captured mails on a port of their own, as the demo shows them; every look at them works off the queue first.
pub async fn inbox(world: &Arc<World>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let guide =
        demo::Guide::new(&world.app, world.people.clone(), Vec::new(), at).simulated("http://127.0.0.1:1");
    tokio::spawn(icusync::server::serve(
        listener,
        demo::inbox(world.mails.clone(), guide, at),
        world.shutdown.clone(),
    ));
    tokio::spawn(jobs::run(world.app.clone(), world.shutdown.clone()));
    format!("http://{at}")
}
