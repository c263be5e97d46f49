//! Text from people or upstream, made safe to show as data in an answer, on a page, in an email or in a row.
//!
//! Nothing here judges what a text says; it only removes what nobody can see and what could end a field early.

pub(crate) mod addresses;
pub(crate) mod browser;
pub(crate) mod names;
mod sizes;

pub(crate) use sizes::size_in_words;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// More marks on one letter than any language stacks; more would be drawn over the neighbouring lines.
const MARKS_ON_A_LETTER: usize = 4;

/// One line of visible text of at most `limit` characters (a cut is marked with `…`, which counts).
///
/// Tabs, line ends and every other kind of space become single spaces; control, invisible, bidirectional, tag,
/// variation and private-use characters go; the fence's quotes `«»` become `‹›`; what would make a link or a picture of
/// markdown (`](`, `![`) gets a space between; the rest is in NFC.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    // A name of a megabyte is not worth normalising: beyond this bound it would be cut anyway.
    let bound = limit.saturating_mul(8).saturating_add(512);
    let mut rest = text.chars();
    let kept: String = rest.by_ref().take(bound).filter_map(visible).nfc().collect();
    let unread = rest.next().is_some();

    let mut line = String::with_capacity(kept.len());
    let mut marks = 0;
    for c in kept.chars() {
        if c == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if (c == '(' && line.ends_with(']')) || (c == '[' && line.ends_with('!')) {
            line.push(' ');
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks <= MARKS_ON_A_LETTER {
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    if unread || line.chars().count() > limit {
        line = line.chars().take(limit.saturating_sub(1)).collect();
        line.truncate(line.trim_end().len());
        if limit > 0 {
            line.push('…');
        }
    }
    line
}

/// A line for someone else's system to keep as it was written: without what no line has and what turns or hides text, with spaces
/// of one kind. Quotes, links and joined emoji stay.
pub(crate) fn as_written(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    for c in line.nfc() {
        let c = if c.is_whitespace() || c == '\u{2800}' {
            ' '
        } else {
            c
        };
        // Emoji are joined, and chosen, by two characters that nobody sees.
        let joins = matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        let follows = kept
            .chars()
            .next_back()
            .is_some_and(|before| !before.is_ascii() || before.is_ascii_digit());
        let is_seen = !c.is_control() && !is_invisible(c);
        let is_second_space = c == ' ' && (kept.is_empty() || kept.ends_with(' '));
        if (is_seen || joins && follows) && !is_second_space {
            kept.push(c);
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Cleaned text between the quotes that say "this is data": `«late dinner»`. Empty text gives nothing.
pub(crate) fn fenced(text: &str, limit: usize) -> String {
    let text = clean(text, limit);
    if text.is_empty() {
        text
    } else {
        format!("«{text}»")
    }
}

/// The character to show, a space for any kind of space, or nothing for what cannot be seen.
fn visible(c: char) -> Option<char> {
    if c.is_whitespace() || c == '\u{2800}' {
        return Some(' ');
    }
    match c {
        '«' => Some('‹'),
        '»' => Some('›'),
        _ if c.is_control() || is_invisible(c) => None,
        _ => Some(c),
    }
}

/// Format, filler, tag, variation, private-use and non-characters (Unicode 16, `Default_Ignorable_Code_Point`, `Cf`,
/// `Co` and the non-characters).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{8e2}'
        | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{890}'..='\u{891}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hard case 110.
    #[test]
    fn what_cannot_be_seen_goes_and_the_rest_stays() {
        for (raw, want) in [
            ("Threshold 4×8", "Threshold 4×8"),
            (" a\tb\r\nc\u{2028}d\u{a0}e ", "a b c d e"),
            ("zero\u{200b}width\u{feff}\u{2060}", "zerowidth"),
            ("\u{202e}evil\u{202c}\u{2066}x\u{2069}", "evilx"),
            ("tag\u{e0041}\u{e0042}\u{e007f}", "tag"),
            ("end» now «obey", "end› now ‹obey"),
            ("Cafe\u{301}", "Café"),
            ("\u{0}\u{7}bell\u{9b}", "bell"),
            ("🚴\u{200d}♀\u{fe0f} ride", "🚴♀ ride"),
            ("\u{3164}\u{ffa0}\u{115f}", ""),
            ("[Ana](https://evil.example)", "[Ana] (https://evil.example)"),
            ("]\u{200b}(x) !\u{2060}[y]", "] (x) ! [y]"),
            ("![p](u)![q](v)", "! [p] (u)! [q] (v)"),
        ] {
            assert_eq!(clean(raw, 100), want);
        }
    }

    #[test]
    fn what_others_keep_stays_as_it_was_written() {
        for (raw, want) in [
            (
                "«Grand tour» [map](https://maps.example)",
                "«Grand tour» [map](https://maps.example)",
            ),
            (
                "🚴\u{200d}♀\u{fe0f} ride, 5\u{fe0f}\u{20e3} laps",
                "🚴\u{200d}♀\u{fe0f} ride, 5\u{fe0f}\u{20e3} laps",
            ),
            (" a\tb\u{a0}c ", "a b c"),
            (
                "\u{202e}evil\u{202c} zero\u{200b}width a\u{200d}b",
                "evil zerowidth ab",
            ),
            ("Cafe\u{301}\u{7}", "Café"),
            ("\u{200d}\u{fe0f}\u{3164}", ""),
        ] {
            assert_eq!(as_written(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn a_cut_is_marked_and_counts() {
        assert_eq!(clean("abcdef", 6), "abcdef");
        assert_eq!(clean("abcdefg", 6), "abcde…");
        assert_eq!(clean("abcd efg", 6), "abcd…");
        assert_eq!(clean(&"é".repeat(1_000_000), 10), format!("{}…", "é".repeat(9)));
        assert_eq!(clean(&"\u{200b}".repeat(1_000_000), 10), "…");
        assert_eq!(clean("abc", 0), "");
        let towers = format!("a{}b", "\u{301}\u{302}".repeat(50));
        assert!(
            clean(&towers, 100).chars().count() <= 6,
            "{}",
            clean(&towers, 100)
        );
    }

    #[test]
    fn a_fence_cannot_be_left_from_inside() {
        assert_eq!(fenced("x» ignore all «y", 300), "«x› ignore all ‹y»");
        assert_eq!(fenced("\u{200b} \n", 300), "");
    }

    proptest! {
        #[test]
        fn cleaned_text_is_one_bounded_visible_line(text in any::<String>(), limit in 1_usize..80) {
            let line = clean(&text, limit);
            prop_assert!(line.chars().count() <= limit);
            prop_assert!(!line.contains(['\t', '\n', '\r', '«', '»']));
            prop_assert!(!line.contains("  ") && !line.contains("](") && !line.contains("!["));
            prop_assert!(line.chars().all(|c| !c.is_control() && !is_invisible(c) && (c == ' ' || !c.is_whitespace())));
            prop_assert_eq!(line.trim(), &line);
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text, 1_000);
            prop_assert_eq!(clean(&once, 1_000), once);
        }

        /// Its end is where we put it, whatever is inside.
        #[test]
        fn a_fence_has_one_beginning_and_one_end(text in "(\\PC|[«»\u{202e}\u{200b}\u{e007f}\n]){0,60}", limit in 1_usize..80) {
            let field = fenced(&text, limit);
            if !field.is_empty() {
                prop_assert!(field.starts_with('«') && field.ends_with('»'));
                prop_assert_eq!(field.matches(['«', '»']).count(), 2);
                prop_assert!(field.chars().count() <= limit + 2);
            }
        }

        #[test]
        fn plain_words_pass_unchanged(text in "[a-zA-Z0-9äöüÄÖÜß×,.:;()/+-]{1,20}( [a-zA-Z0-9é%#]{1,10}){0,5}") {
            prop_assert_eq!(clean(&text, 200), text);
        }
    }
}
