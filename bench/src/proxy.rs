//! What the service is compared with: a bare proxy before the same upstream. nginx where it is installed, otherwise a hyper
//! one in a process of its own.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming, client, server, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

use crate::service::{end, free_port};

/// A running proxy. It is stopped when it is dropped.
pub(crate) struct Proxy {
    /// What it is, for the table.
    pub(crate) name: String,
    /// On 127.0.0.1.
    pub(crate) port: u16,
    process: Child,
}

impl Proxy {
    /// Starts one before the upstream.
    pub(crate) async fn start(upstream: u16, folder: &Path) -> anyhow::Result<Self> {
        match nginx() {
            Some((nginx, name)) => Self::nginx(&nginx, name, upstream, folder).await,
            None => Self::hyper(upstream),
        }
    }

    /// Its process id; nginx works in children.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    async fn nginx(nginx: &Path, name: String, upstream: u16, folder: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let folder = folder.join("nginx");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(&folder, port, upstream))?;
        let process = Command::new(nginx)
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()
            .context("cannot run nginx")?;
        let proxy = Self { name, port, process };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            ensure!(Instant::now() < deadline, "nginx does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(proxy)
    }

    fn hyper(upstream: u16) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["proxy", &upstream.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let read = process
            .stdout
            .take()
            .map(|output| BufReader::new(output).read_line(&mut line));
        let port = line.trim().parse().ok().filter(|_| matches!(read, Some(Ok(_))));
        let proxy = Self {
            name: String::from("hyper proxy"),
            port: port.unwrap_or_default(),
            process,
        };
        ensure!(proxy.port != 0, "the bare proxy did not start");
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Where nginx is, and what it calls itself.
fn nginx() -> Option<(PathBuf, String)> {
    ["nginx", "/usr/sbin/nginx"].into_iter().find_map(|path| {
        let said = Command::new(path).arg("-v").output().ok()?;
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let version = said.trim().rsplit(' ').next()?.to_owned();
        Some((PathBuf::from(path), version))
    })
}

fn configuration(folder: &Path, port: u16, upstream: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes auto;
pid \"{folder}/nginx.pid\";
error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path \"{folder}/body\";
    proxy_temp_path \"{folder}/proxy\";
    fastcgi_temp_path \"{folder}/fastcgi\";
    uwsgi_temp_path \"{folder}/uwsgi\";
    scgi_temp_path \"{folder}/scgi\";
    upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        keepalive_requests 100000000;
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffers 16 64k;
        }}
    }}
}}
"
    )
}

/// The hyper proxy: passes each request on, over one connection to the upstream for each that it accepts. Prints its port.
pub(crate) async fn serve(upstream: u16) -> anyhow::Result<()> {
    use std::io::Write as _;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that ends early is its client's business.
        tokio::spawn(async move { pass_on(stream, upstream).await.ok() });
    }
}

async fn pass_on(stream: TcpStream, upstream: u16) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let behind = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await?;
    behind.set_nodelay(true)?;
    let (sender, connection) = client::conn::http1::handshake(TokioIo::new(behind)).await?;
    tokio::spawn(connection);
    let sender = Mutex::new(sender);
    let pass = |request: Request<Incoming>| {
        let sender = &sender;
        async move {
            let mut sender = sender.lock().await;
            let answered = match sender.ready().await {
                Ok(()) => sender.send_request(request).await,
                Err(error) => Err(error),
            };
            Ok::<_, Infallible>(answered.map_or_else(|_| bad_gateway(), |answer| answer.map(Either::Left)))
        }
    };
    server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(pass))
        .await?;
    Ok(())
}

fn bad_gateway() -> Response<Either<Incoming, http_body_util::combinators::BoxBody<Bytes, hyper::Error>>> {
    let mut answer = Response::new(Either::Right(
        Empty::new().map_err(|never| match never {}).boxed(),
    ));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}
