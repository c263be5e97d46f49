//! An intervals.icu that costs next to nothing: it answers from memory, on a thread of its own, with what the simulator said
//! to the same question about one athlete. Any athlete's id gets that answer, with the id in its place.
//!
//! Only GET over HTTP/1.1, which is all that the calls of a bench send.

use std::{
    cell::RefCell,
    collections::HashMap,
    net::Ipv4Addr,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use icusync::time::Clock;
use icusync_sim as sim;
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::LocalSet,
};

/// The athlete whose answers everybody gets: a cyclist with years of data. Others' ids are as long, so that theirs fit.
const SAMPLE: &sim::Person = &sim::PEOPLE[0];

/// A running upstream. It ends with the process.
pub(crate) struct Upstream {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    seen: Arc<Seen>,
    /// Answers each question once.
    _simulator: sim::Running,
}

/// What was asked.
#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    /// Each question once, in the order in which they came, about the sample athlete.
    questions: Mutex<Vec<String>>,
}

/// The id of the nth athlete, as long as the sample's.
pub(crate) fn athlete_id(number: usize) -> String {
    format!("i{}", 100_000 + number)
}

impl Upstream {
    /// Starts, with a simulator behind it.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let clock = Clock::system();
        let simulator = sim::start(sim::Options {
            clock: Arc::new(move || clock.now()),
            redirect_uris: Vec::new(),
            client_id: String::from("315"),
            client_secret: String::from("bench"),
            ip_limit: false,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            control_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        })
        .await?;
        let behind = simulator.base_url.trim_start_matches("http://").to_owned();
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for the upstream")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let seen = Arc::<Seen>::default();
        let served = seen.clone();
        std::thread::spawn(move || serve(listener, behind, served));
        Ok(Self {
            port,
            seen,
            _simulator: simulator,
        })
    }

    /// How many requests came so far.
    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// Path and query of the first question whose path ends in `path`.
    pub(crate) fn question(&self, path: &str) -> Option<String> {
        let questions = self.seen.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |question: &&String| {
            question
                .split('?')
                .next()
                .is_some_and(|asked| asked.ends_with(path))
        };
        questions.iter().find(is_it).cloned()
    }
}

fn serve(listener: std::net::TcpListener, behind: String, seen: Arc<Seen>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime for the upstream");
    let state = Rc::new(State {
        behind,
        seen,
        answers: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::from_std(listener).expect("a listener for the upstream");
        while let Ok((stream, _)) = listener.accept().await {
            let state = state.clone();
            // A client that hangs up needs no answer.
            tokio::task::spawn_local(async move { state.attend(stream).await.ok() });
        }
    });
}

struct State {
    /// Host and port of the simulator.
    behind: String,
    seen: Arc<Seen>,
    answers: RefCell<HashMap<String, Rc<Template>>>,
}

/// An answer, and where the sample's id is in it.
struct Template {
    bytes: Vec<u8>,
    holes: Vec<usize>,
}

impl Template {
    fn of(status: &str, body: &[u8]) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-ratelimit-limit: 1000000000,1000000000\r\n\
             x-ratelimit-remaining: 999999999,999999999\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let bytes = [head.as_bytes(), body].concat();
        let holes = memmem::find_iter(&bytes, SAMPLE.athlete_id).collect();
        Self { bytes, holes }
    }

    fn write(&self, athlete: &str, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes);
        for hole in &self.holes {
            out[*hole..*hole + athlete.len()].copy_from_slice(athlete.as_bytes());
        }
    }
}

impl State {
    async fn attend(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let (mut asked, mut answer) = (Vec::with_capacity(4096), Vec::new());
        loop {
            let end = loop {
                if let Some(end) = memmem::find(&asked, b"\r\n\r\n") {
                    break end + 4;
                }
                if stream.read_buf(&mut asked).await? == 0 {
                    return Ok(());
                }
            };
            self.seen.requests.fetch_add(1, Ordering::Relaxed);
            let head = std::str::from_utf8(&asked[..end])?;
            let target = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
            let target = target.context("the bench's upstream answers GET only")?;
            let (question, athlete) = about_sample(target).context("a question about no athlete")?;
            let template = self.template(question).await?;
            template.write(athlete, &mut answer);
            stream.write_all(&answer).await?;
            asked.drain(..end);
        }
    }

    async fn template(&self, question: String) -> anyhow::Result<Rc<Template>> {
        if let Some(known) = self.answers.borrow().get(&question) {
            return Ok(known.clone());
        }
        let (status, body) = self.ask_simulator(&question).await?;
        let template = Rc::new(Template::of(&status, &body));
        if status.starts_with("200") {
            self.answers
                .borrow_mut()
                .insert(question.clone(), template.clone());
            let mut questions = self.seen.questions.lock().unwrap_or_else(PoisonError::into_inner);
            questions.push(question);
        }
        Ok(template)
    }

    /// Status line and body.
    async fn ask_simulator(&self, question: &str) -> anyhow::Result<(String, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.behind).await?;
        let request = format!(
            "GET {question} HTTP/1.1\r\nhost: {}\r\nuser-agent: IcuSync bench\r\nauthorization: Bearer {}\r\n\
             connection: close\r\n\r\n",
            self.behind, SAMPLE.token
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let end = memmem::find(&answer, b"\r\n\r\n").context("the simulator did not answer")?;
        let status = std::str::from_utf8(&answer[..end])?.split("\r\n").next();
        let status = status.and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.context("the simulator sent no status")?.to_owned();
        Ok((status, answer.split_off(end + 4)))
    }
}

/// The same question about the sample athlete, and the athlete whom it is about.
fn about_sample(target: &str) -> Option<(String, &str)> {
    let (before, rest) = target.split_once("/athlete/")?;
    let athlete = rest.split(['/', '?']).next()?;
    let fits = athlete.len() == SAMPLE.athlete_id.len();
    fits.then(|| {
        let after = &rest[athlete.len()..];
        (format!("{before}/athlete/{}{after}", SAMPLE.athlete_id), athlete)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_athlete_gets_the_samples_answer_with_their_own_id() {
        let question = "/api/v1/athlete/i100007/wellness?oldest=2026-01-01";
        let (question, athlete) = about_sample(question).unwrap();
        assert_eq!(
            question,
            format!("/api/v1/athlete/{}/wellness?oldest=2026-01-01", SAMPLE.athlete_id)
        );
        let body = format!(r#"[{{"icu_athlete_id":"{}"}}]"#, SAMPLE.athlete_id);
        let mut answer = Vec::new();
        Template::of("200 OK", body.as_bytes()).write(athlete, &mut answer);
        assert!(answer.ends_with(br#"[{"icu_athlete_id":"i100007"}]"#));
        assert_eq!(athlete_id(0).len(), SAMPLE.athlete_id.len());
        assert_eq!(athlete_id(899_999).len(), SAMPLE.athlete_id.len());
    }
}
