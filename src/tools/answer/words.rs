//! Puts figures and parts together into phrases. An empty figure remains empty, and an empty part leaves no separator.

use crate::text::{clean, fenced};

/// Between the figures of a line.
pub(crate) const DOT: &str = " · ";

/// The figure with its unit, or an empty text.
pub(crate) fn with_unit(figure: String, unit: &str) -> String {
    if figure.is_empty() || unit.is_empty() {
        figure
    } else {
        format!("{figure} {unit}")
    }
}

/// The figure after its name, or an empty text.
pub(crate) fn named(name: &str, figure: &str) -> String {
    around(name, figure, "")
}

/// The text with words before and after it, separated by spaces, or an empty text.
pub(crate) fn around(before: &str, text: &str, after: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        joined([before, text, after], " ")
    }
}

/// `160 to 132`; empty unless both are there.
pub(crate) fn span(from: &str, to: &str) -> String {
    if from.is_empty() || to.is_empty() {
        String::new()
    } else {
        format!("{from} to {to}")
    }
}

/// The text in brackets, or an empty text.
pub(crate) fn in_brackets(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("({text})")
    }
}

/// The parts that are not empty, with a separator between them.
pub(crate) fn joined<S: AsRef<str>>(parts: impl IntoIterator<Item = S>, separator: &str) -> String {
    let mut text = String::new();
    for part in parts {
        let part = part.as_ref();
        if !text.is_empty() && !part.is_empty() {
            text.push_str(separator);
        }
        text.push_str(part);
    }
    text
}

/// `a, b, c and 2 more`: the first `most` of these.
pub(crate) fn listed<S: AsRef<str>>(all: &[S], most: usize) -> String {
    let named: Vec<&str> = all.iter().take(most).map(AsRef::as_ref).collect();
    let named = named.join(", ");
    match all.len().saturating_sub(most) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Figures on one line with dots between them; empty ones leave no trace.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<String>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a figure after its name, with its unit.
    #[must_use]
    pub(crate) fn figure(self, name: &str, figure: impl AsRef<str>, unit: &str) -> Self {
        self.words(around(name, figure.as_ref(), unit))
    }

    /// Adds these words.
    #[must_use]
    pub(crate) fn words(mut self, words: impl Into<String>) -> Self {
        self.0.push(words.into());
        self
    }

    /// The line as text.
    pub(crate) fn text(self) -> String {
        joined(self.0, DOT)
    }
}

/// Free text on one line, with `/` for line breaks.
pub(crate) fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // It is cleaned again when fenced. Here it only keeps invisible text from counting as a line.
    joined(lines.take(400).map(|line| clean(line, 4000)), " / ")
}

/// The character at which a query is in a text, ignoring case; None where it is not.
fn place(text: &str, query: &str) -> Option<usize> {
    let wanted: Vec<char> = query.chars().flat_map(char::to_lowercase).collect();
    let is_at = |rest: &str| {
        let mut own = rest.chars().flat_map(char::to_lowercase);
        wanted.iter().all(|c| own.next() == Some(*c))
    };
    text.char_indices().map(|(at, _)| &text[at..]).position(is_at)
}

/// Whether a query is in a text, ignoring case.
pub(crate) fn contains(text: &str, query: &str) -> bool {
    place(text, query).is_some()
}

/// The part of a text where a query is, ignoring case, with so many characters on both sides; None where it is not.
pub(crate) fn excerpt(text: &str, query: &str, around: usize) -> Option<String> {
    let before = place(text, query)?;
    let skipped = before.saturating_sub(around);
    let length = before - skipped + query.chars().count() + around;
    let part: String = text.chars().skip(skipped).take(length).collect();
    let dots = |is_cut: bool| if is_cut { "…" } else { "" };
    let is_cut = text.chars().count() > skipped + length;
    Some(format!("{}{}{}", dots(skipped > 0), part.trim(), dots(is_cut)))
}

/// The text fenced, within `limit` characters: its beginning, or the part where the query is, if the beginning lacks it.
pub(crate) fn fenced_where(text: &str, query: Option<&str>, limit: usize) -> String {
    let beginning = fenced(text, limit);
    let part = query
        .filter(|query| !contains(&beginning, query))
        .and_then(|query| {
            let around = limit.saturating_sub(query.chars().count() + 2) / 2;
            excerpt(text, query, around)
        });
    part.map_or(beginning, |part| fenced(&part, part.chars().count()))
}

/// ` (6 only with detail=full)`: how many of what was counted a concise answer does not show; empty for none.
pub(crate) fn only_in_full(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" ({count} only with detail=full)"),
    }
}

/// What a full answer would add, so that it does not seem missing.
pub(crate) fn also_in_full(names: &[&str]) -> String {
    sentence("Also recorded, shown with detail=full:", &names.join(", "))
}

/// Names once what people would look for and find nowhere.
pub(crate) fn not_recorded(names: &[&str]) -> String {
    sentence("Not recorded:", &names.join(", "))
}

/// The text after its beginning, with a full stop; or an empty text.
pub(crate) fn sentence(beginning: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{beginning} {text}.")
    }
}

/// `1 activity`, `3 activities`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `1 day`, `28 days`.
pub(crate) fn counted_days(days: i64) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_leave_no_trace() {
        assert_eq!(with_unit("231".to_owned(), "W"), "231 W");
        assert_eq!(with_unit(String::new(), "W"), "");
        assert_eq!(with_unit("0.86".to_owned(), ""), "0.86");
        assert_eq!(
            (named("NP", "231"), named("NP", "")),
            ("NP 231".to_owned(), String::new())
        );
        assert_eq!(around("done", "97", "% of plan"), "done 97 % of plan");
        assert_eq!(joined(["", "a", "", "b", ""], DOT), "a · b");
        assert_eq!(joined([""; 0], DOT), "");
        let line = Line::new()
            .figure("avg", "208", "W")
            .figure("EF", "", "")
            .words("estimated");
        assert_eq!(
            (line.text(), Line::new().text()),
            ("avg 208 W · estimated".to_owned(), String::new())
        );
        assert_eq!(on_one_line(" late \n\n\u{200b}\n dinner"), "late / dinner");
        assert_eq!(
            (not_recorded(&["power", "HR"]), not_recorded(&[])),
            ("Not recorded: power, HR.".to_owned(), String::new())
        );
        assert_eq!(
            (only_in_full(2), only_in_full(0)),
            (" (2 only with detail=full)".to_owned(), String::new())
        );
        assert_eq!(
            (counted(1, "lap", "laps"), counted_days(28)),
            ("1 lap".to_owned(), "28 days".to_owned())
        );
    }

    #[test]
    fn what_was_asked_for_is_in_what_is_shown() {
        let name = "Ride with the Thursday group";
        for (query, limit, shown) in [
            (None, 18, "«Ride with the Thu…»"),
            (Some("RIDE"), 18, "«Ride with the Thu…»"),
            (Some("thursday"), 18, "«…the Thursday gro…»"),
            (Some("thursday"), 48, "«Ride with the Thursday group»"),
            (Some("group"), 18, "«…sday group»"),
            (Some("ride with the thursday"), 18, "«Ride with the Thursday…»"),
            (Some("swim"), 18, "«Ride with the Thu…»"),
        ] {
            assert_eq!(fenced_where(name, query, limit), shown, "{query:?}");
        }
        assert_eq!(fenced_where("", Some("a"), 18), "");
        assert_eq!(excerpt("a» b", "B", 1).as_deref(), Some("…b"));
    }
}
