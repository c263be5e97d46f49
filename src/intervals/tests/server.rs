//! The raw server.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) line: String,
    head: String,
    pub(super) body: String,
}

impl Seen {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sends this and closes.
    Bytes(Vec<u8>),
    /// Sends this and resets the connection (RST).
    Reset(Vec<u8>),
    /// Sends this and then a byte now and then, forever.
    Drip(Vec<u8>),
    /// Sends this and then as much as the other side accepts.
    Endless(Vec<u8>),
    /// Never answers.
    Silent,
}

/// A whole answer.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Reply {
    answer_bytes(status, headers, body.as_bytes())
}

pub(super) fn answer_bytes(status: u16, headers: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let mut bytes = head(status, &format!("Content-Length: {length}\r\n{headers}"));
    bytes.extend_from_slice(body);
    Reply::Bytes(bytes)
}

pub(super) fn json(body: &str) -> Reply {
    answer(200, "Content-Type: application/json\r\n", body)
}

pub(super) fn head(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

pub(super) struct Server {
    pub(super) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// `reply` gets the number of the request, from 0, and the request.
    pub(super) async fn start(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, reply) = (Arc::clone(&seen), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (all, reply) = (Arc::clone(&all), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &all, &*reply).await });
            }
        });
        Self { base, seen, task }
    }

    /// The same reply to every request.
    pub(super) async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    /// Answers before any request, in plain text whatever the protocol.
    pub(super) async fn rude() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // A client that has hung up needs no answer.
                let _ = stream.write_all(b"HTTP/1.1 400 QUOTED\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            base,
            seen: Arc::default(),
            task,
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    all: &Mutex<Vec<Seen>>,
    reply: &(dyn Fn(usize, &Seen) -> Reply + Sync),
) {
    let Some(seen) = read_request(&mut stream).await else {
        return;
    };
    let number = {
        let mut all = all.lock().unwrap();
        all.push(seen.clone());
        all.len() - 1
    };
    // A client that has read enough hangs up; writing then fails, and nothing follows.
    let _ = match reply(number, &seen) {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await,
        Reply::Reset(bytes) => {
            let sent = stream.write_all(&bytes).await;
            stream.set_zero_linger().unwrap();
            sent
        }
        Reply::Drip(bytes) => drip(&mut stream, &bytes).await,
        Reply::Endless(bytes) => pour(&mut stream, &bytes).await,
        Reply::Silent => stream.read_u8().await.map(drop),
    };
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    loop {
        tick.tick().await;
        stream.write_all(b" ").await?;
    }
}

async fn pour(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    loop {
        stream.write_all(&[b' '; 8192]).await?;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (line, head) = text.split_once("\r\n")?;
    let mut seen = Seen {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        head: head.to_owned(),
        body: String::new(),
    };
    let length: usize = seen
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(seen)
}
