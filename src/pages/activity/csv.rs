//! Calls as lines of CSV (RFC 4180) that are safe in a spreadsheet.
//!
//! The page decides what is read and for whom.

use chrono_tz::Tz;

use super::filter;
use crate::queries::activity_log::Entry;

/// The header line.
pub(super) fn head() -> String {
    line(&[
        "time (UTC)",
        "time (athlete)",
        "time zone",
        "athlete id",
        "who",
        "client",
        "tool",
        "access",
        "outcome",
        "duration ms",
        "requests to intervals.icu",
        "calls",
    ])
}

/// One call. Without a zone the athlete's time is not known, and empty.
pub(super) fn row(entry: &Entry, zone: Option<Tz>) -> String {
    line(&[
        &entry.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        &zone.map_or_else(String::new, |zone| {
            entry
                .at
                .with_timezone(&zone)
                .format("%Y-%m-%d %H:%M:%S")
                .to_string()
        }),
        zone.map_or("", |zone| zone.name()),
        &entry.athlete_id,
        entry.caller.as_deref().unwrap_or("You"),
        &entry.client,
        &entry.tool,
        entry.access.as_str(),
        filter::outcome_of(entry.access, entry.outcome),
        &entry.duration_ms.to_string(),
        &entry.upstream_requests.to_string(),
        &entry.calls.to_string(),
    ])
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell that a spreadsheet reads as text. One that would begin a formula, even after spaces, gets an apostrophe in front;
/// one with a character that would end a cell is quoted. A number with a sign is not a formula.
fn cell(text: &str) -> String {
    let begins =
        |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_number =
        text.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b)) && text.parse::<f64>().is_ok();
    let formula = (begins(text) || begins(text.trim_start())) && !is_number;
    let safe = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains(['"', ',', ';', '\r', '\n', '\t']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_is_quoted_when_it_must_be_and_never_a_formula() {
        for (text, expected) in [
            ("Claude 1.0", "Claude 1.0"),
            ("Zürich, \"x\"", "\"Zürich, \"\"x\"\"\""),
            (
                "=HYPERLINK(\"http://evil\")",
                "\"'=HYPERLINK(\"\"http://evil\"\")\"",
            ),
            ("+1+1", "'+1+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("＝1+1", "'＝1+1"),
            (" =1+1", "' =1+1"),
            ("\u{a0}@x", "'\u{a0}@x"),
            ("=cmd@evil.example", "'=cmd@evil.example"),
            ("-inf", "'-inf"),
            ("-1e5", "'-1e5"),
            ("-5", "-5"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    /// A reader of RFC 4180 that shares nothing with the writer.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted && chars.peek() == Some(&'\n') => {
                    chars.next();
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                _ => cell.push(c),
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_its_cell(cells in proptest::collection::vec(any::<String>(), 1..6)) {
            let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
            let rows = read(&line(&texts));
            prop_assert_eq!(rows.len(), 1);
            for (text, back) in cells.iter().zip(&rows[0]) {
                prop_assert!(back == text || *back == format!("'{text}"), "{:?} became {:?}", text, back);
                prop_assert!(!back.trim_start().starts_with(['=', '@']) && !back.starts_with('\t'));
            }
        }
    }
}
