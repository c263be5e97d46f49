//! The callers: each connection is a thread that sends its next call when the last one was answered. Blocking, over plain
//! sockets, because the callers share the machine with what they measure.
//!
//! What is asked, and what a right answer is, is in [`Callers`].

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use memchr::memmem;

/// The longest that an answer may take; a service that hangs is an error, not a bench that hangs.
const PATIENCE: Duration = Duration::from_mins(1);
/// Errors in a row after which a connection gives up: the rest would be the same.
const ENOUGH: u32 = 20;

/// The bytes of the nth request; none when all were sent.
pub(crate) type Ask = Arc<dyn Fn(usize) -> Option<Vec<u8>> + Send + Sync>;
/// What is wrong with the body of an answer with the status 200, if anything is.
pub(crate) type Check = fn(&[u8]) -> Option<String>;

/// Who asks what, and where.
#[derive(Clone)]
pub(crate) struct Callers {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    /// How many connections.
    pub(crate) connections: usize,
    /// What they send, in turn.
    pub(crate) ask: Ask,
    /// What they take for an answer.
    pub(crate) check: Check,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// How long each right answer took, in microseconds.
    pub(crate) micros: Vec<u32>,
    /// Calls without a right answer.
    pub(crate) errors: u64,
    /// The first of them, in words.
    pub(crate) first_error: Option<String>,
}

impl Outcome {
    /// How many calls were answered rightly.
    pub(crate) fn calls(&self) -> usize {
        self.micros.len()
    }

    /// Adds another's.
    pub(crate) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// Callers at work.
pub(crate) struct Running {
    stop: Arc<AtomicBool>,
    outcomes: Vec<Arc<Mutex<Outcome>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Callers {
    /// Starts; they ask until [`Running::stop`], or until there is nothing left to ask.
    pub(crate) fn start(&self) -> Running {
        let (stop, number) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let outcomes: Vec<Arc<Mutex<Outcome>>> = (0..self.connections).map(|_| Arc::default()).collect();
        let spawn = |outcome: &Arc<Mutex<Outcome>>| {
            let (callers, outcome) = (self.clone(), outcome.clone());
            let (stop, number) = (stop.clone(), number.clone());
            std::thread::spawn(move || callers.call(&stop, &number, &outcome))
        };
        let threads = outcomes.iter().map(spawn).collect();
        Running {
            stop,
            outcomes,
            threads,
        }
    }

    fn call(&self, stop: &AtomicBool, number: &AtomicUsize, outcome: &Mutex<Outcome>) {
        let mut connection = None;
        let mut failed = 0;
        while !stop.load(Ordering::Relaxed) && failed < ENOUGH {
            let Some(request) = (self.ask)(number.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let began = Instant::now();
            let wrong = self.answered(&mut connection, &request);
            let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            match wrong {
                None => {
                    failed = 0;
                    outcome.micros.push(micros);
                }
                Some(wrong) => {
                    failed += 1;
                    outcome.errors += 1;
                    outcome.first_error.get_or_insert(wrong);
                }
            }
        }
    }

    /// What is wrong with the answer to `request`. A connection that failed is not used again.
    fn answered(&self, connection: &mut Option<Connection>, request: &[u8]) -> Option<String> {
        let answered = match connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(self.port),
        }
        .and_then(|mut open| {
            let answer = open.ask(request)?;
            Ok((open, answer))
        });
        let (open, answer) = match answered {
            Ok(answered) => answered,
            Err(error) => return Some(format!("no answer: {error}")),
        };
        let body = open.body(&answer);
        let wrong = if answer.status == 200 {
            (self.check)(body)
        } else {
            let text = String::from_utf8_lossy(body);
            Some(format!(
                "status {}: {}",
                answer.status,
                text.chars().take(300).collect::<String>()
            ))
        };
        *connection = answer.keeps.then_some(open);
        wrong
    }
}

impl Running {
    /// What came back since the start or the last time.
    pub(crate) fn take(&self) -> Outcome {
        let mut all = Outcome::default();
        for outcome in &self.outcomes {
            all.add(std::mem::take(
                &mut *outcome.lock().unwrap_or_else(PoisonError::into_inner),
            ));
        }
        all
    }

    /// Whether every connection has nothing left to ask, or gave up.
    pub(crate) fn is_done(&self) -> bool {
        self.threads.iter().all(std::thread::JoinHandle::is_finished)
    }

    /// Lets the running calls end; what came back since the last time.
    pub(crate) fn stop(mut self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
        self.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A kept connection with the bytes of its last answer.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Where things are in a connection's buffer.
struct Answer {
    status: u16,
    body: std::ops::Range<usize>,
    keeps: bool,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let end = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            self.read_more()?;
        };
        let head = Head::parse(&self.buffer[..end]).ok_or(io::ErrorKind::InvalidData)?;
        let body = end + 4..end + 4 + head.length;
        while self.buffer.len() < body.end {
            self.read_more()?;
        }
        Ok(Answer {
            status: head.status,
            body,
            keeps: head.keeps,
        })
    }

    fn body(&self, answer: &Answer) -> &[u8] {
        &self.buffer[answer.body.clone()]
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.buffer.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}

/// What the head of an answer says. Every answer here has a length.
struct Head {
    status: u16,
    length: usize,
    keeps: bool,
}

impl Head {
    fn parse(head: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut keeps) = (None, true);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("connection") {
                keeps = !value.trim().eq_ignore_ascii_case("close");
            }
        }
        Some(Self {
            status,
            length: length?,
            keeps,
        })
    }
}
