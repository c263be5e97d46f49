//! Everything that the run logs, kept so that secrets can be searched for.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, Once},
};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static INSTALLED: Once = Once::new();

struct Keep;

impl io::Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Installs the capturing subscriber, once per process. It listens more closely than the service does.
pub fn capture() {
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(
                "debug,icusync=trace,rmcp=info,sqlx=info,hyper=info,hyper_util=info,reqwest=info,h2=info,html5ever=info,selectors=info",
            )
            .with_writer(|| Keep)
            .init();
    });
}

/// Which of `secrets` are in the log so far, by their first characters only.
pub fn holding(secrets: &[String]) -> Vec<String> {
    let lines = LINES.lock().unwrap();
    let text = String::from_utf8_lossy(&lines);
    secrets
        .iter()
        .filter(|secret| text.contains(secret.as_str()))
        .map(|secret| secret.chars().take(6).collect())
        .collect()
}

/// The refusals of a client in the log so far: at which endpoint, and why.
pub fn refusals_of(client: &str) -> BTreeSet<(String, String)> {
    let lines = LINES.lock().unwrap();
    let text = String::from_utf8_lossy(&lines);
    let told = text.lines().filter(|line| line.contains("refused a client"));
    told.filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let field = |name: &str| line["fields"][name].as_str().map(str::to_owned);
        (field("client")? == client).then_some((field("at")?, field("reason")?))
    })
    .collect()
}
