//! The tables as text.

use std::fmt::Write as _;

use crate::{
    questions::Door,
    rows::{Figures, Row},
};

/// A line of the table.
pub(crate) struct Line {
    /// Which row; none for a proxy's.
    pub(crate) row: Option<Row>,
    /// What was asked.
    pub(crate) question: String,
    /// Which build or proxy.
    pub(crate) by: String,
    /// What it came to.
    pub(crate) figures: Figures,
}

/// The head of the table. SQL: statements; up: requests to the upstream.
pub(crate) const TITLES: &str = "\
16 connections                                             ms     ms        CPU ms a call     a call        MB
                                               calls/s    p50    p99  serv.     PG   both   SQL   up  now peak errors";

/// One line of it.
pub(crate) fn line(line: &Line) -> String {
    let figures = &line.figures;
    let known = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| String::from("-"), |value| format!("{value:.digits$}"))
    };
    let mut text = format!(
        "{:<33} {:<12} {:>7.0} {:>6.2} {:>6.2} {:>6.3} {:>6} {:>6.3} {:>5} {:>4.1} {:>4.0} {:>4.0} {:>6}",
        line.question,
        line.by,
        figures.rate,
        figures.p50,
        figures.p99,
        figures.service_cpu,
        known(figures.postgres_cpu, 3),
        figures.cpu(),
        known(figures.statements, 2),
        figures.upstream,
        figures.memory.now,
        figures.memory.peak,
        figures.errors
    );
    if matches!(line.row, Some(Row::InTurn(_))) {
        let _ = write!(text, "\n    {} calls in {:.1} s", figures.calls, figures.seconds);
    }
    if let Some(error) = &figures.first_error {
        let _ = write!(text, "\n    first error: {error}");
    }
    text
}

/// A row of both builds.
pub(crate) struct Pair<'a> {
    row: Row,
    head: &'a Figures,
    base: &'a Figures,
}

/// The rows that both builds have.
pub(crate) fn pairs<'a>(lines: &'a [Line], head: &str, base: &str) -> Vec<Pair<'a>> {
    let of = |row: Row, by: &str| {
        let line = lines.iter().find(|line| line.row == Some(row) && line.by == by);
        line.map(|line| &line.figures)
    };
    let rows = Row::ALL.into_iter();
    rows.filter_map(|row| {
        Some(Pair {
            row,
            head: of(row, head)?,
            base: of(row, base)?,
        })
    })
    .collect()
}

/// `a` by `b`; infinite by nothing.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::INFINITY }
}

/// HEAD by BASE, row for row.
pub(crate) fn ratios(pairs: &[Pair<'_>]) -> String {
    let mut text = format!(
        "{:<33} {:>8} {:>6} {:>6} {:>9} {:>7} {:>9} {:>6}\n",
        "HEAD / BASE", "calls/s", "p50", "p99", "CPU serv.", "CPU PG", "CPU both", "memory"
    );
    for Pair { row, head, base } in pairs {
        let postgres = |figures: &Figures| figures.postgres_cpu.unwrap_or_default();
        let _ = writeln!(
            text,
            "{:<33} {:>8.2} {:>6.2} {:>6.2} {:>9.2} {:>7.2} {:>9.2} {:>6.2}",
            row.name(),
            ratio(head.rate, base.rate),
            ratio(head.p50, base.p50),
            ratio(head.p99, base.p99),
            ratio(head.service_cpu, base.service_cpu),
            ratio(postgres(head), postgres(base)),
            ratio(head.cpu(), base.cpu()),
            ratio(head.memory.now, base.memory.now)
        );
    }
    text
}

/// A line for each goal, met or not.
pub(crate) fn goals(lines: &[Line], head: &str, pairs: &[Pair<'_>]) -> String {
    let mut text = String::from("Goals\n");
    let mut goal = |what: String, is_met: bool| {
        let word = if is_met { "met    " } else { "NOT MET" };
        let _ = writeln!(text, "  {word}  {what}");
    };
    for Pair { row, head, base } in pairs.iter().filter(|pair| pair.row.is_cached()) {
        let (rate, cpu, name) = (
            ratio(head.rate, base.rate),
            ratio(head.cpu(), base.cpu()),
            row.name(),
        );
        goal(
            format!("{name}: {rate:.2} times the calls a second (at least 2)"),
            rate >= 2.0,
        );
        goal(
            format!("{name}: p99 {:.2} ms (under 10)", head.p99),
            head.p99 < 10.0,
        );
        goal(
            format!("{name}: {cpu:.2} of the CPU a call (at most 0.6)"),
            cpu <= 0.6,
        );
    }
    for Pair { row, head, base } in pairs.iter().filter(|pair| matches!(pair.row, Row::InTurn(_))) {
        let (rate, memory) = (
            ratio(head.rate, base.rate),
            ratio(head.memory.now, base.memory.now),
        );
        let name = row.name();
        goal(
            format!("{name}: {rate:.2} times the calls a second (at least 2.5)"),
            rate >= 2.5,
        );
        goal(
            format!("{name}: {memory:.2} of the memory (at most 0.5)"),
            memory <= 0.5,
        );
    }
    let p99 = |beside_a_coach| {
        let row = Some(Row::Ordinary { beside_a_coach });
        let line = lines.iter().find(|line| line.row == row && line.by == head);
        line.map(|line| line.figures.p99)
    };
    if let (Some(alone), Some(beside)) = (p99(false), p99(true)) {
        let times = ratio(beside, alone);
        let what = format!("athletes beside a coach: {times:.2} times their p99 alone (at most 2)");
        goal(what, times <= 2.0);
    }
    text
}

/// Which question of the upstream a row comes to, for the proxy beside it: the last part of its path.
pub(crate) const fn bare_path(row: Row) -> Option<&'static str> {
    match row {
        Row::Wellness(Door::SignIn) => Some("/wellness"),
        Row::History(Door::SignIn) => Some("/activities"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(by: &str, row: Row, rate: f64, p99: f64) -> Line {
        Line {
            row: Some(row),
            question: row.name(),
            by: by.to_owned(),
            figures: Figures {
                rate,
                p99,
                service_cpu: 1.0 / rate,
                postgres_cpu: Some(0.0),
                ..Figures::default()
            },
        }
    }

    #[test]
    fn a_ratio_by_nothing_is_infinite() {
        assert!((ratio(3.0, 2.0) - 1.5).abs() < f64::EPSILON);
        assert!(ratio(3.0, 0.0).is_infinite());
    }

    #[test]
    fn goals_are_met_at_their_bound_and_not_beyond() {
        let row = Row::Wellness(Door::Link);
        let lines = [of("HEAD", row, 2000.0, 9.9), of("BASE", row, 1000.0, 20.0)];
        let text = goals(&lines, "HEAD", &pairs(&lines, "HEAD", "BASE"));
        assert_eq!(text.matches("NOT MET").count(), 0, "{text}");
        let lines = [of("HEAD", row, 1600.0, 10.0), of("BASE", row, 1000.0, 20.0)];
        let text = goals(&lines, "HEAD", &pairs(&lines, "HEAD", "BASE"));
        assert_eq!(text.matches("NOT MET").count(), 3, "{text}");
    }

    #[test]
    fn a_row_that_one_build_lacks_has_no_ratio() {
        let lines = [of("HEAD", Row::Wellness(Door::Link), 1.0, 1.0)];
        assert!(pairs(&lines, "HEAD", "BASE").is_empty());
    }
}
