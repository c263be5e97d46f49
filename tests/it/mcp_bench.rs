//! A bench for the endpoint: tools that echo, hang, panic and write, mounted behind the real endpoint and server, with
//! requests written byte by byte.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use icusync::{
    app::App,
    config::Config,
    guard::log_buffer,
    intervals::Area,
    mail::transport::Transport,
    mcp,
    permissions::{Group, Permission},
    queries::{
        self,
        callers::{Found, Owner},
    },
    routes,
    secrets::{Random, Token, TokenKind},
    server,
    start::{self, Ingredients},
    tool_error::ToolError,
    tools::{Answer, Run, Tool, params::Param},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::{World, url_of};

/// Nothing here takes longer unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Calls of `waits` and `writes` that have begun.
pub(crate) static BEGUN: LazyLock<Gates> = LazyLock::new(Gates::default);
/// Opened by the test: each permit lets one call of `waits` or `writes` end.
pub(crate) static OPEN: LazyLock<Gates> = LazyLock::new(Gates::default);

/// For so long a test holds a call open whose rights ended meanwhile: a call of up to a second is answered by the rights that it
/// began with.
pub(crate) const LOOKED_AT_AGAIN: Duration = Duration::from_millis(1100);

/// Lets one call that waits at `gate` end, once it is old enough for a second look at its rights. It has begun before this.
pub(crate) async fn open_late(gate: &str) {
    tokio::time::sleep(LOOKED_AT_AGAIN).await;
    OPEN.at(gate).add_permits(1);
}

/// Semaphores by name, so that tests which run at once do not meet.
#[derive(Default)]
pub(crate) struct Gates(std::sync::Mutex<std::collections::HashMap<String, Arc<Semaphore>>>);

impl Gates {
    /// The gate of this name; it starts closed.
    pub(crate) fn at(&self, name: &str) -> Arc<Semaphore> {
        self.0
            .lock()
            .unwrap()
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(0)))
            .clone()
    }

    /// Waits until `count` have gone through.
    pub(crate) async fn pass(&self, name: &str, count: u32) {
        let gate = self.at(name);
        let permits = timeout(SOON, gate.acquire_many(count))
            .await
            .expect("nobody opened the gate")
            .unwrap();
        permits.forget();
    }
}

const PARAMS: &[Param] = &[
    Param::text("text", 1000, "anything"),
    Param::text("gate", 100, "which gate to wait at"),
];

/// A tool for tests, whose permission exists nowhere else.
pub(crate) fn tool(name: &'static str, needs: &'static [Area], run: Run) -> Tool {
    let permission = Permission {
        name,
        title: "A tool for tests",
        group: Group::Profile,
        access: run.access(),
        needs,
        lets: "Nothing.",
    };
    Tool {
        permission: Box::leak(Box::new(permission)),
        description: "Does what its name says.",
        params: PARAMS,
        requests: "none",
        run,
    }
}

/// The tools of the bench.
pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    vec![
        tool(
            "echo",
            &[],
            Run::Read(|ask, arguments| {
                Box::pin(async move {
                    let who = &ask.card;
                    let today = ask.today();
                    Ok(Answer {
                        text: format!("{} {} {today} {}", who.name, who.zone, Value::Object(arguments)),
                    })
                })
            }),
        ),
        tool(
            "panics",
            &[],
            Run::Read(|_, _| Box::pin(async { panic!("the secret text of a panic") })),
        ),
        tool(
            "panics_at_once",
            &[],
            Run::Read(|_, _| panic!("the secret text of a panic")),
        ),
        tool("hangs", &[], Run::Read(|_, _| Box::pin(std::future::pending()))),
        tool(
            "waits",
            &[],
            Run::Read(|_, arguments| {
                Box::pin(async move {
                    let gate = arguments["gate"].as_str().unwrap();
                    BEGUN.at(gate).add_permits(1);
                    OPEN.at(gate).acquire().await.unwrap().forget();
                    Ok(Answer {
                        text: "data".to_owned(),
                    })
                })
            }),
        ),
        tool(
            "writes",
            &[Area::Calendar],
            Run::Write(|_, arguments| {
                Box::pin(async move {
                    let gate = arguments["gate"].as_str().unwrap();
                    BEGUN.at(gate).add_permits(1);
                    OPEN.at(gate).acquire().await.unwrap().forget();
                    Ok(Answer {
                        text: "written".to_owned(),
                    })
                })
            }),
        ),
        tool(
            "wellness",
            &[Area::Wellness],
            Run::Read(|_, _| {
                Box::pin(async {
                    Ok(Answer {
                        text: "well".to_owned(),
                    })
                })
            }),
        ),
        tool(
            "profile",
            &[],
            Run::Read(|ask, _| {
                Box::pin(async move {
                    let profile = ask.upstream.profile().await.map_err(ToolError::from)?;
                    Ok(Answer {
                        text: profile.name.unwrap_or_default(),
                    })
                })
            }),
        ),
        tool(
            "fails",
            &[],
            Run::Read(|_, _| {
                Box::pin(async { Err(ToolError::Input("Not done: \"text\" is missing.".to_owned())) })
            }),
        ),
        tool(
            "endless",
            &[],
            Run::Read(|_, _| {
                Box::pin(async {
                    Ok(Answer {
                        text: "2026-11-20\tRide\n".repeat(20_000),
                    })
                })
            }),
        ),
    ]
});

/// The endpoint with [`TOOLS`] on a port of its own, for Ana's link.
pub(crate) struct Bench {
    /// Its app: the world's database (through a pool of its own), clock and mails.
    pub(crate) app: App,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// The Host to name.
    pub(crate) host: String,
    /// `/mcp/<token>` of Ana.
    pub(crate) path: String,
    _shutdown: DropGuard,
}

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: u16,
    /// Names in lower case, in order; without what differs from one answer to the next.
    pub(crate) headers: Vec<(String, String)>,
    /// As text.
    pub(crate) body: String,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of a JSON-RPC error.
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    /// The text of a tool's answer, and whether it is an error.
    pub(crate) fn result(&self) -> (String, bool) {
        let result = &self.json()["result"];
        let text = result["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text: {self:?}"));
        (text.to_owned(), result["isError"].as_bool().unwrap_or(false))
    }
}

impl Bench {
    /// A bench in `world`.
    pub(crate) async fn of(world: &World) -> Self {
        Self::with(world, |_| ()).await
    }

    /// A bench whose settings `tweak` changed. Its athlete is connected and fresh: no call needs upstream.
    pub(crate) async fn with(world: &World, tweak: impl FnOnce(&mut Config)) -> Self {
        Self::mounted(world, &TOOLS, tweak).await
    }

    /// A bench with other tools.
    pub(crate) async fn mounted(
        world: &World,
        tools: &'static [Tool],
        tweak: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = world.app.config.clone();
        tweak(&mut config);
        let host = config.link_url.authority();
        // A pool of its own, so that a test can take the database away.
        let pool = start::Reach::at(&url_of(&world.database))
            .unwrap()
            .pool(&config)
            .await
            .unwrap();
        let ingredients = Ingredients {
            pool,
            keys: world.app.keys.clone(),
            mail: Transport::Captured(world.mails.clone()),
            clock: world.clock.clone(),
            random: Random::from_os(),
        };
        let app = start::app(config, ingredients).unwrap();
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(server::serve(
            listener,
            routes::service_with(app.clone(), |app| mcp::router_of(app, tools)),
            shutdown.clone(),
        ));
        let path = format!("/mcp/{}", world.ana().link.rsplit('/').next().unwrap());
        let bench = Self {
            app,
            addr,
            host,
            path,
            _shutdown: shutdown.drop_guard(),
        };
        bench.sql("update connections set refreshed_at = '2026-11-21T07:00:00Z', zone = 'Europe/Berlin', zone_source = 'settings'").await;
        bench
    }

    /// Changes Ana's rows.
    pub(crate) async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.app.pool).await.unwrap();
    }

    /// Writes what the calls so far left for the activity log, which may take a second on its own.
    pub(crate) async fn logged(&self) {
        log_buffer::flush(&self.app).await;
    }

    /// One row's text, with what the calls so far left for the activity log.
    pub(crate) async fn ask(&self, statement: &'static str) -> Vec<String> {
        self.logged().await;
        sqlx::query_scalar(statement)
            .fetch_all(&self.app.pool)
            .await
            .unwrap()
    }

    /// Waits until `statement` returns `wanted`.
    pub(crate) async fn until(&self, statement: &'static str, wanted: &[&str]) {
        let seen = async {
            loop {
                if self.ask(statement).await == wanted {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let ended = timeout(SOON, seen).await;
        assert!(
            ended.is_ok(),
            "{statement}: {:?}, not {wanted:?}",
            self.ask(statement).await
        );
    }

    /// A fresh token of a link, which nobody has.
    pub(crate) fn nobodys(&self) -> String {
        format!("/mcp/{}", Token::mint(TokenKind::Link, &self.app.random).expose())
    }

    /// Regenerates Ana's link, as the dashboard does.
    pub(crate) async fn regenerate(&self) {
        let token = Token::parse(TokenKind::Link, self.path.strip_prefix("/mcp/").unwrap()).unwrap();
        let now = self.app.clock.now();
        let found = queries::callers::of_tokens(&self.app.pool, &[token.hash()], None, now, now)
            .await
            .unwrap();
        let [
            Found {
                id,
                owner: Some(Owner::Account { id: account, .. }),
                ..
            },
        ] = &found[..]
        else {
            panic!("not an athlete's: {found:?}");
        };
        let fresh = Token::mint(TokenKind::Link, &self.app.random);
        let done =
            queries::connectors::regenerate(&self.app.pool, *id, *account, fresh.hash(), b"x", now).await;
        assert!(done.unwrap());
    }

    /// Sends bytes on a separate connection and reads one answer.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let reply = if bytes.starts_with(b"HEAD ") {
            read_head(&mut stream).await
        } else {
            read(&mut stream).await
        };
        reply.unwrap_or_else(|| panic!("no answer to {}", String::from_utf8_lossy(bytes)))
    }

    /// The head and body of a request. A header of `extra` replaces the ordinary one; an empty value leaves it out.
    pub(crate) fn request(&self, method: &str, path: &str, extra: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let length = body.len().to_string();
        let ordinary = [
            ("host", self.host.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("user-agent", "bench/1.0"),
            ("connection", "close"),
            ("content-length", length.as_str()),
        ];
        let kept = ordinary
            .iter()
            .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        let mut bytes = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
        for (name, value) in kept.chain(extra).filter(|(_, value)| !value.is_empty()) {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        bytes
    }

    /// Posts a body to Ana's link.
    pub(crate) async fn post(&self, extra: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        self.raw(&self.request("POST", &self.path, extra, body.as_ref()))
            .await
    }

    /// Sends a message as clients up to 2025-11-25 do.
    pub(crate) async fn legacy(&self, message: &Value) -> Reply {
        self.post(&[("mcp-protocol-version", "2025-11-25")], message.to_string())
            .await
    }

    /// Calls a tool as clients up to 2025-11-25 do.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Reply {
        self.legacy(&call(tool, arguments)).await
    }

    /// Calls a tool as clients of 2026-07-28 do; `extra` headers replace the ordinary ones.
    pub(crate) async fn modern(&self, tool: &str, arguments: Value, extra: &[(&str, &str)]) -> Reply {
        let ordinary = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", tool),
        ];
        let kept = ordinary
            .iter()
            .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        let headers: Vec<(&str, &str)> = kept.chain(extra).copied().collect();
        self.post(&headers, modern_call(tool, arguments).to_string())
            .await
    }
}

/// A call's message.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool}});
    message["params"]["arguments"] = arguments;
    message
}

/// What every request of 2026-07-28 carries.
pub(crate) fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "bench-modern", "version": "2.0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A call's message of 2026-07-28.
pub(crate) fn modern_call(tool: &str, arguments: Value) -> Value {
    let mut message = call(tool, arguments);
    message["params"]["_meta"] = meta("2026-07-28");
    message
}

/// Reads one answer; `None` when the connection ends without one.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Reply> {
    read_with(stream, true).await
}

/// Reads an answer to HEAD, whose length is that of a body that does not come.
async fn read_head(stream: &mut TcpStream) -> Option<Reply> {
    read_with(stream, false).await
}

async fn read_with(stream: &mut TcpStream, body: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    timeout(SOON, async {
        loop {
            if let Some(reply) = parse(&bytes, body) {
                return Some(reply);
            }
            let mut chunk = vec![0; 16 * 1024];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            }
        }
    })
    .await
    .expect("the server neither answered nor closed")
}

fn parse(bytes: &[u8], with_body: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    headers.retain(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length
        .filter(|_| with_body)
        .map_or(0, |(_, value)| value.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?;
    Some(Reply {
        status,
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}
