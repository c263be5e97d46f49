//! The soak: for minutes a mix of calls, cached and not, through both doors, of athletes and of a coach, while memory,
//! connections, files and the queue are watched.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use crate::{
    load::{Callers, Outcome, Running},
    measure::percentile,
    questions::Door,
    rows::Candidate,
};

/// How often to look.
const LOOK: Duration = Duration::from_secs(10);
/// Looks in a minute, which is a line.
const LINE: usize = 6;
/// How much memory may move in the second half and still be flat.
const FLAT: f64 = 0.1;

/// Asks for this long and prints a line a minute; whether there was no error and memory stayed flat.
pub(crate) async fn run(candidate: &Candidate, minutes: u64) -> anyhow::Result<bool> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{:>6} {:>9} {:>8} {:>7} {:>8} {:>8} {:>8} {:>11} {:>6} {:>6}",
        "minute", "calls", "calls/s", "errors", "p50 ms", "p99 ms", "MB", "connections", "files", "queue"
    )?;
    let running: Vec<Running> = mix(candidate).iter().map(Callers::start).collect();
    let looks = usize::try_from(minutes)?.max(1) * LINE;
    let (mut watch, mut began) = (Watch::default(), Instant::now());
    for look in 1..=looks {
        tokio::time::sleep(LOOK).await;
        for callers in &running {
            watch.minute.add(callers.take());
        }
        watch.memory.push(candidate.service.memory().now);
        if look % LINE == 0 {
            let line = watch.line(candidate, look / LINE, began.elapsed()).await?;
            writeln!(out, "{line}")?;
            began = Instant::now();
        }
        if running.iter().all(Running::is_done) {
            writeln!(out, "every caller gave up")?;
            break;
        }
    }
    for callers in running {
        watch
            .minute
            .add(tokio::task::spawn_blocking(move || callers.stop()).await?);
    }
    watch.end_of_minute();
    let (verdict, is_well) = watch.verdict();
    writeln!(out, "\n{verdict}")?;
    Ok(is_well)
}

/// Who asks: twelve for what is cached, three for what is not, and a coach.
fn mix(candidate: &Candidate) -> Vec<Callers> {
    let place = &candidate.place;
    [
        (4, place.wellness(Door::Link)),
        (4, place.wellness(Door::SignIn)),
        (2, place.history(Door::Link)),
        (2, place.history(Door::SignIn)),
        (2, place.in_turn(Door::Link, 1, usize::MAX)),
        // Other weeks than the two before it.
        (1, place.in_turn(Door::SignIn, 100, usize::MAX)),
        (1, place.overview(Door::Link, &place.people.coach)),
    ]
    .map(|(connections, ask)| place.callers(connections, ask))
    .into()
}

/// What was seen.
#[derive(Default)]
struct Watch {
    /// Since the last line.
    minute: Outcome,
    calls: usize,
    errors: u64,
    first_error: Option<String>,
    /// At each look, in MB.
    memory: Vec<f64>,
}

impl Watch {
    async fn line(&mut self, candidate: &Candidate, minute: usize, took: Duration) -> anyhow::Result<String> {
        self.minute.micros.sort_unstable();
        let at = |part| f64::from(percentile(&self.minute.micros, part)) / 1000.0;
        let (p50, p99) = (at(0.5), at(0.99));
        let calls = u32::try_from(self.minute.calls())?;
        let service = &candidate.service;
        let line = format!(
            "{minute:>6} {calls:>9} {:>8.0} {:>7} {p50:>8.2} {p99:>8.2} {:>8.1} {:>11} {:>6} {:>6}",
            f64::from(calls) / took.as_secs_f64(),
            self.minute.errors,
            self.memory.last().copied().unwrap_or_default(),
            service.connections().await?,
            service.open_files(),
            service.queue().await?
        );
        self.end_of_minute();
        Ok(line)
    }

    fn end_of_minute(&mut self) {
        let minute = std::mem::take(&mut self.minute);
        self.calls += minute.calls();
        self.errors += minute.errors;
        self.first_error = self.first_error.take().or(minute.first_error);
    }

    fn verdict(&self) -> (String, bool) {
        let (least, most, is_flat) = second_half(&self.memory);
        let word = if is_flat { "flat" } else { "NOT FLAT" };
        let mut text = format!(
            "{} calls, {} errors; memory in the second half {least:.1} to {most:.1} MB: {word} (within 10 %)",
            self.calls, self.errors
        );
        if let Some(error) = &self.first_error {
            text.push_str("\nfirst error: ");
            text.push_str(error);
        }
        (text, self.errors == 0 && is_flat)
    }
}

/// The least and the most of the second half, and whether they are close.
fn second_half(values: &[f64]) -> (f64, f64, bool) {
    let half = &values[values.len() / 2..];
    let least = half.iter().copied().fold(f64::INFINITY, f64::min);
    let most = half.iter().copied().fold(0.0, f64::max);
    (least, most, most <= least * (1.0 + FLAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_second_half_must_be_flat() {
        assert!(second_half(&[10.0, 20.0, 100.0, 109.0]).2);
        assert!(!second_half(&[100.0, 100.0, 100.0, 111.0]).2);
    }
}
