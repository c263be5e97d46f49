//! Real OAuth clients, each in processes of its own, and a headless browser for the person who signs in: the SDKs of TypeScript
//! and Python, fastmcp, mcp-remote and the Inspector, and the conformance suite's scenarios for authorization servers.
//!
//! Each signs in, comes back when its access token is over and refreshes, and loses its access when the person ends it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use icusync::demo::seed::PASSWORD;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    browser,
    clients::{script, tool},
    world::{self, Browser, World, inbox, test},
};

/// Claude Code's metadata document, which is pinned: its redirects are `/callback` on this computer, with any port.
const DOCUMENT: &str = "https://claude.ai/oauth/claude-code-client-metadata";
/// Invited by Ana, Jack and Tríona.
const COACH: &str = "coach@example.test";
/// A client, and the person in its browser, that take longer are broken.
const LIMIT: Duration = Duration::from_mins(3);

/// A program of `tests/clients/oauth`.
#[derive(Clone, Copy)]
struct Client {
    script: &'static str,
    /// As it calls itself when it registers.
    name: &'static str,
}

const LEGACY: Client = Client {
    script: "legacy.mjs",
    name: "TypeScript legacy",
};
const MODERN: Client = Client {
    script: "modern.mjs",
    name: "TypeScript modern",
};
const OFFICIAL: Client = Client {
    script: "official.py",
    name: "Python official",
};
const FASTMCP: Client = Client {
    script: "fast.py",
    name: "FastMCP Client",
};
const REMOTE: Client = Client {
    script: "remote.mjs",
    name: "MCP CLI Proxy",
};
const INSPECTOR: Client = Client {
    script: "inspector.mjs",
    name: "MCP Inspector",
};

/// How a client says who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Document,
    Registers,
}

/// Who signs in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Athlete,
    Coach,
}

/// What a client printed, and what the person saw whom it sent to a page.
#[derive(Default)]
struct Told {
    /// It wanted a person to sign in.
    asked: bool,
    /// What the browser's script says.
    person: Value,
    /// Its last line.
    last: Value,
}

/// One person with one client on one computer.
struct Walk {
    world: Arc<World>,
    inbox: String,
    store: PathBuf,
    client: Client,
    way: Way,
    who: Who,
}

impl Walk {
    /// Runs the client once: `"somebody"` is there to sign in, or `"nobody"`.
    async fn run(&self, there: &str) -> Told {
        let script = script(&format!("oauth/{}", self.client.script));
        let way = if self.way == Way::Document {
            DOCUMENT
        } else {
            "register"
        };
        // Each coach's call says whom it is about.
        let about = if self.who == Who::Coach {
            json!({"athlete": "Ana Berger"})
        } else {
            json!({})
        };
        let call = json!({"name": "get_fitness", "arguments": about}).to_string();
        let url = format!("{}/mcp", self.world.web);
        let store = self.store.to_str().unwrap();
        let child = start(&script, &[&url, store, way, there, &call], &self.store);
        let told = follow(child, |address| self.sign_in(address, there)).await;
        for secret in secrets_in(&self.store) {
            self.world.secret(&secret);
        }
        told
    }

    /// The person goes where the client sends them. Nobody goes nowhere.
    async fn sign_in(&self, address: Value, there: &str) -> Value {
        if there != "somebody" {
            return Value::Null;
        }
        let Value::String(address) = address else {
            panic!("{} does not say where to go", self.client.script)
        };
        let ana = self.world.ana().person.email;
        let words = match self.who {
            Who::Athlete => [address.as_str(), "athlete", ana, PASSWORD],
            Who::Coach => [address.as_str(), "coach", COACH, &self.inbox],
        };
        browser::run("browser/authorize.mjs", &words).await
    }

    /// The client is known by its name, the person by theirs, and neither was asked for more than needed.
    fn saw(&self, person: &Value) {
        assert_eq!(person["problems"], json!([]), "{person}");
        let consent = person["consent"].as_str().unwrap();
        let name = match self.way {
            Way::Document => "Claude Code",
            Way::Registers => self.client.name,
        };
        let whom = match self.who {
            Who::Athlete => "Ana Berger",
            Who::Coach => COACH,
        };
        assert!(person["signIn"].as_str().unwrap().contains(name), "{person}");
        assert!(consent.contains(name) && consent.contains(whom), "{consent}");
        let boxes = person["boxes"].as_array().unwrap();
        assert!(
            boxes.contains(&json!("may-write")) && boxes.contains(&json!("fitness")),
            "{boxes:?}"
        );
    }

    /// The client has the tools, and its call was answered with Ana's data.
    fn answered(&self, told: &Told) {
        let tools = told.last["tools"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", told.last));
        let has = |name: &str| tools.iter().any(|tool| tool["name"] == name);
        assert!(has("get_fitness") && has("list_athletes") == (self.who == Who::Coach));
        let call = &told.last["calls"][0];
        let text = call["text"].as_str().unwrap();
        assert!(
            call["isError"] == false && text.starts_with("Ana Berger"),
            "{call}"
        );
    }

    /// The person ends the sign-in: an athlete among the connected apps, a coach on the roster.
    async fn end(&self) {
        let (mut browser, path) = match self.who {
            Who::Athlete => (self.world.signed_in(self.world.ana()).await, "/apps"),
            Who::Coach => (visit(&self.world).await, "/for-coaches/my-roster"),
        };
        let page = browser.get(path).await;
        let form = "form[action$='/end']";
        let action = page
            .attribute(form, "action")
            .unwrap_or_else(|| panic!("{}", page.text()));
        let field = format!("{form} input[type=hidden]");
        let (name, value) = (
            page.attribute(&field, "name").unwrap(),
            page.attribute(&field, "value").unwrap(),
        );
        let ended = browser.post(&action, &[(&name, &value)]).await;
        assert_eq!(ended.status, 303, "{}", ended.body);
    }
}

/// A coach's browser on the page of the roster, by the link in a mail.
async fn visit(world: &Arc<World>) -> Browser {
    let mut stranger = world.browser();
    let asked = stranger.post("/for-coaches/roster", &[("email", COACH)]).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let (mut browser, page) = world.opened(COACH).await;
    assert_eq!(browser.press(&page, &[]).await.status, 303);
    browser
}

/// Starts a script of the clients with a home of its own.
fn start(script: &str, arguments: &[&str], home: &Path) -> Child {
    let mut command = if Path::new(script).extension().is_some_and(|kind| kind == "py") {
        Command::new(tool("ICUSYNC_PYTHON"))
    } else {
        let mut node = Command::new(tool("ICUSYNC_NODE"));
        node.arg("--import").arg(crate::clients::script("modules.mjs"));
        node
    };
    command.arg(script).args(arguments).env("HOME", home);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().unwrap()
}

/// Follows a client to its end, and sends the person to each address that it names.
async fn follow(mut child: Child, person: impl AsyncFn(Value) -> Value) -> Told {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut errors = child.stderr.take().unwrap();
    let errors = tokio::spawn(async move {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text).await;
        text
    });
    let mut told = Told::default();
    let read = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if let Some(address) = said.get("authorize") {
                assert!(!told.asked, "it sends the person away twice");
                told.asked = true;
                told.person = person(address.clone()).await;
            } else {
                told.last = said;
            }
        }
        child.wait().await.unwrap()
    };
    let ended = tokio::time::timeout(LIMIT, read).await.expect("ends in time");
    assert!(ended.success(), "{}", errors.await.unwrap());
    told
}

/// What looks like a token of ours in the files of a client.
fn secrets_in(folder: &Path) -> Vec<String> {
    let token = |word: &&str| word.starts_with("icu") && word[4..].starts_with('_');
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(secrets_in(&path));
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            let long = words.filter(|word| word.len() > 20);
            found.extend(long.filter(token).map(str::to_owned));
        }
    }
    found
}

async fn count(world: &World, question: &'static str) -> i64 {
    sqlx::query_scalar(question)
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// A client and a person, from the first request to the last.
async fn walk(client: Client, who: Who, way: Way) {
    test(async |world| {
        world.coaches().await;
        let walk = begin(&world, client, who, way).await;
        signs_in(&walk).await;

        // The access token is over, the sign-in is not.
        world.clock.advance(chrono::Duration::days(15));
        let back = walk.run("nobody").await;
        assert!(!back.asked, "nobody was needed");
        walk.answered(&back);
        let refreshed = "select count(*) from refresh_tokens where used_at is not null";
        assert_eq!(count(&world, refreshed).await, 1);

        walk.end().await;
        let ended = walk.run("nobody").await;
        assert!(ended.asked && ended.last.is_null(), "{}", ended.last);
        assert_eq!(count(&world, "select count(*) from sign_ins").await, 0);
        std::fs::remove_dir_all(&walk.store).unwrap();
    })
    .await;
}

async fn begin(world: &Arc<World>, client: Client, who: Who, way: Way) -> Walk {
    let store = world::scratch(&format!("signs-in-{}", world.database));
    std::fs::create_dir_all(&store).unwrap();
    let inbox = inbox(world).await;
    Walk {
        world: world.clone(),
        inbox,
        store,
        client,
        way,
        who,
    }
}

async fn signs_in(walk: &Walk) {
    let first = walk.run("somebody").await;
    assert!(first.asked);
    walk.saw(&first.person);
    walk.answered(&first);
    assert!(
        secrets_in(&walk.store).len() >= 2,
        "it keeps an access token and a refresh token"
    );
}

/// An athlete by the client's document and a coach by its registration, or the other way round: each takes seconds, so the
/// clients take turns.
async fn walks(client: Client, athlete: Way, coach: Way) {
    walk(client, Who::Athlete, athlete).await;
    walk(client, Who::Coach, coach).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_with_initialize_signs_in() {
    walks(LEGACY, Way::Document, Way::Registers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_with_discover_signs_in() {
    walks(MODERN, Way::Registers, Way::Document).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_signs_in() {
    walks(OFFICIAL, Way::Document, Way::Registers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fastmcp_signs_in() {
    walks(FASTMCP, Way::Registers, Way::Document).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_remote_signs_in() {
    walks(REMOTE, Way::Document, Way::Registers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_signs_in() {
    walks(INSPECTOR, Way::Registers, Way::Document).await;
}

/// It looks at the address before it opens a browser, and knows by the status that its registration is gone.
#[tokio::test(flavor = "multi_thread")]
async fn fastmcp_registers_again_when_its_registration_is_gone() {
    test(async |world| {
        let walk = begin(&world, FASTMCP, Who::Athlete, Way::Registers).await;
        signs_in(&walk).await;
        walk.end().await;
        assert!(walk.run("nobody").await.asked, "its tokens are gone");
        let forgotten = sqlx::query("delete from oauth_clients")
            .execute(&world.app.pool)
            .await;
        assert_eq!(forgotten.unwrap().rows_affected(), 1);
        signs_in(&walk).await;
        assert_eq!(count(&world, "select count(*) from oauth_clients").await, 1);
        std::fs::remove_dir_all(&walk.store).unwrap();
    })
    .await;
}

/// mcp-remote looks there too, with a registration that it kept. A page for people would leave its person at a dead end.
#[tokio::test(flavor = "multi_thread")]
async fn mcp_remote_is_told_in_json_that_its_registration_is_gone() {
    test(async |world| {
        let address =
            "/authorize?client_id=gone&redirect_uri=http%3A%2F%2Flocalhost%3A3334%2Foauth%2Fcallback";
        let mut program = world.browser();
        program.extra.push(("accept", "application/json".to_owned()));
        let answer = program.get(address).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, "application/json")
        );
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(
            said["error"] == "invalid_client" && said["error_description"].is_string(),
            "{said}"
        );

        let mut person = world.browser();
        let kinds = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8";
        person.extra.push(("accept", kinds.to_owned()));
        let page = person.get(address).await;
        assert_eq!(page.status, 400);
        assert!(page.text().contains("does not know this app"), "{}", page.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conformance_suite_passes_the_authorization_server() {
    test(async |world| {
        let walk = begin(&world, LEGACY, Who::Athlete, Way::Document).await;
        let script = script("oauth/conformance.mjs");
        let resource = format!("{}/mcp", world.web);
        let arguments = [&world.web, &resource, DOCUMENT, walk.store.to_str().unwrap()];
        let child = start(&script, &arguments, &walk.store);
        let told = follow(child, |address| walk.sign_in(address, "somebody")).await;
        walk.saw(&told.person);
        let said = told.last["said"].as_str().unwrap();
        assert_eq!(told.last["code"], 0, "{said}");
        for passed in [
            "✓ authorization-server-metadata-endpoint: 2 passed, 0 failed",
            "✓ authorization-code-grant: 1 passed, 0 failed",
        ] {
            assert!(said.contains(passed), "{said}");
        }
        assert!(!said.contains("WARNING"), "{said}");
        std::fs::remove_dir_all(&walk.store).unwrap();
    })
    .await;
}

/// The answer that a client is sent, as its parts.
fn parts(answer: &str) -> (String, std::collections::BTreeMap<String, String>) {
    let (place, query) = answer.split_once('?').unwrap_or_else(|| panic!("{answer}"));
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    (place.to_owned(), pairs.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buttons_lead_back_to_a_page_or_an_app_with_and_without_javascript() {
    test(async |world| {
        let ana = world.ana().person.email;
        for kind in ["web", "app"] {
            for (decision, mode) in [
                ("allow", "with-javascript"),
                ("allow", "without-javascript"),
                ("deny", "with-javascript"),
            ] {
                let words = [&world.web, ana, PASSWORD, kind, decision, mode];
                let report = browser::run("browser/way-back.mjs", &words).await;
                assert_eq!(report["problems"], json!([]), "{report}");
                let (place, query) = parts(report["answer"].as_str().unwrap());
                assert_eq!(
                    place == "cursor://anysphere.cursor-mcp/oauth/callback",
                    kind == "app",
                    "{place}"
                );
                assert_eq!(
                    (&query["state"], &query["iss"]),
                    (&"a state & more".to_owned(), &world.web)
                );
                if decision == "allow" {
                    assert!(
                        query["code"].starts_with("icuc_") && query.len() == 3,
                        "{query:?}"
                    );
                    world.secret(&query["code"]);
                } else {
                    assert!(
                        query["error"] == "access_denied" && !query.contains_key("code"),
                        "{query:?}"
                    );
                }
            }
        }
    })
    .await;
}
