//! A network between the service and PostgreSQL that a test can cut, freeze and count on.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixStream},
    sync::watch,
};
use url::Url;

/// A TCP port that leads to the socket of this run's cluster.
pub struct Proxy {
    /// Leads to the same database, through here.
    pub url: String,
    wire: Arc<Wire>,
}

struct Wire {
    down: watch::Sender<bool>,
    /// Connections with a lower number are silent for ever.
    silent_below: AtomicU64,
    accepted: AtomicU64,
    queries: AtomicUsize,
    statements: Mutex<Vec<String>>,
}

impl Proxy {
    /// A way to the database that `url` names, which is a cluster's own.
    pub async fn to(url: &str) -> Self {
        let direct = Url::parse(url).unwrap();
        let folder = direct.query_pairs().find(|(name, _)| name == "host").unwrap().1;
        let socket = PathBuf::from(folder.into_owned()).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (role, path) = (direct.username(), direct.path());
        let wire = Arc::new(Wire {
            down: watch::Sender::new(false),
            silent_below: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            queries: AtomicUsize::new(0),
            statements: Mutex::default(),
        });
        let proxy = Self {
            url: format!("postgres://{role}@127.0.0.1:{port}{path}?sslmode=disable"),
            wire: wire.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = wire.accepted.fetch_add(1, Ordering::SeqCst);
                let (wire, socket) = (wire.clone(), socket.clone());
                tokio::spawn(async move {
                    let mut down = wire.down.subscribe();
                    if *down.borrow_and_update() {
                        return;
                    }
                    let server = UnixStream::connect(socket).await.unwrap();
                    let (client_in, client_out) = client.into_split();
                    let (server_in, server_out) = server.into_split();
                    tokio::select! {
                        _ = down.changed() => {}
                        _ = wire.there(number, client_in, server_out) => {}
                        _ = wire.back(number, server_in, client_out) => {}
                    }
                });
            }
        });
        proxy
    }

    /// Every connection breaks, and new ones end at once.
    pub fn cut(&self) {
        self.wire.down.send_replace(true);
    }

    /// New connections pass again.
    pub fn mend(&self) {
        self.wire.down.send_replace(false);
    }

    /// Every connection stays open and passes nothing more, new ones too.
    pub fn freeze(&self) {
        self.wire.silent_below.store(u64::MAX, Ordering::SeqCst);
    }

    /// New connections pass again; those from before stay silent, and nobody tells their ends.
    pub fn thaw_for_new_ones(&self) {
        let accepted = self.wire.accepted.load(Ordering::SeqCst);
        self.wire.silent_below.store(accepted, Ordering::SeqCst);
    }

    /// How many statements were executed through here so far.
    pub fn queries(&self) -> usize {
        self.wire.queries.load(Ordering::SeqCst)
    }

    /// The text of every statement that came through here since the last look, in order, those that begin and end transactions
    /// among them.
    pub fn statements(&self) -> Vec<String> {
        std::mem::take(&mut *self.wire.statements.lock().unwrap())
    }
}

impl Wire {
    async fn pass(&self, number: u64) {
        if number < self.silent_below.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Notes the statement that a message executes; `prepared` are those of its connection by name.
    fn note(&self, kind: Option<u8>, message: &[u8], prepared: &mut HashMap<String, String>) {
        let mut texts = message
            .split(|byte| *byte == 0)
            .map(|text| String::from_utf8_lossy(text).into_owned());
        let mut next = || texts.next().unwrap_or_default();
        let executed = match kind {
            Some(b'P') => {
                prepared.insert(next(), next());
                return;
            }
            Some(b'B') => {
                next();
                prepared[&next()].clone()
            }
            Some(b'Q') => next(),
            _ => return,
        };
        self.statements.lock().unwrap().push(executed);
    }

    /// From the service to PostgreSQL, message by message (protocol 3.0, chapter "Message Formats").
    async fn there(
        &self,
        number: u64,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        // The first message has no type.
        let mut kind = None;
        let mut prepared = HashMap::new();
        loop {
            let length = from.read_u32().await?;
            let mut message = vec![0; length as usize - 4];
            from.read_exact(&mut message).await?;
            if kind == Some(b'B') {
                self.queries.fetch_add(1, Ordering::SeqCst);
            }
            self.note(kind, &message, &mut prepared);
            self.pass(number).await;
            if let Some(kind) = kind {
                to.write_u8(kind).await?;
            }
            to.write_u32(length).await?;
            to.write_all(&message).await?;
            kind = Some(from.read_u8().await?);
        }
    }

    async fn back(
        &self,
        number: u64,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            self.pass(number).await;
            to.write_all(&buffer[..read]).await?;
        }
    }
}
