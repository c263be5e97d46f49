//! Text from other people, and the one way in which it gets into a mail: as text that leads nowhere.
//!
//! A mail program makes links of what looks like one, in subjects, in plain text and in HTML. A name, a note or an address
//! that a stranger chose would then be a stranger's link in our mail. [`Theirs`] cannot be shown; only [`Harmless`] can, and
//! it is made only here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::text::{clean, fenced, names};

/// Characters of a name in a mail: subjects are one line on a phone.
const NAME_CHARS: usize = 60;
/// Characters of an address in a mail: as long as an address can be.
const ADDRESS_CHARS: usize = 254;
/// Characters of a note in a mail.
const NOTE_CHARS: usize = 1_000;
/// Characters of a client's name in a mail.
const CLIENT_CHARS: usize = 80;

/// What somebody other than the reader wrote, chose or typed. It has no `Display`, so that no template can show it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Theirs(String);

/// Text in which no mail program finds a link, for subject, text and HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Harmless(String);

impl Theirs {
    /// An athlete's name, without what could be taken for another athlete's id.
    pub(super) fn name(&self) -> Harmless {
        let name = cut(&leading_nowhere(&names::shown(&self.0)), NAME_CHARS);
        Harmless(if name.is_empty() {
            "An athlete".to_owned()
        } else {
            name
        })
    }

    /// An address that its reader typed, or that its owner has confirmed: as it is, so that it is recognised. Text that is not
    /// an address, or holds what a mail program would take for a site, leads nowhere.
    pub(super) fn address(&self) -> Harmless {
        Harmless(match Address::parse(&self.0) {
            Ok(address) if is_plain(&address.typed) => address.typed,
            _ => cut(&leading_nowhere(&self.0), ADDRESS_CHARS),
        })
    }

    /// A note, in quotes that mark it as one; none if nothing in it is visible.
    pub(super) fn note(&self) -> Option<Harmless> {
        let note = fenced(&leading_nowhere(&self.0), NOTE_CHARS);
        (!note.is_empty()).then_some(Harmless(note))
    }

    /// A client's name for itself, in quotes: anyone can choose it.
    pub(super) fn client(&self) -> Harmless {
        let name = fenced(&leading_nowhere(&self.0), CLIENT_CHARS);
        Harmless(if name.is_empty() {
            "nothing".to_owned()
        } else {
            name
        })
    }

    /// As it was written: to compare, never to show.
    pub(super) fn as_written(&self) -> &str {
        &self.0
    }
}

impl From<String> for Theirs {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Theirs {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq<&str> for Theirs {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Harmless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether no part of an address reads like a site: `www.evil.example/login@x.example` is an address too.
fn is_plain(address: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "@.+-_'".contains(c);
    address.chars().all(plain) && !address.to_lowercase().contains("www.")
}

/// Cuts what separating has made longer. It is already clean.
fn cut(text: &str, limit: usize) -> String {
    clean(text, limit)
}

/// The text on one line, with a space wherever characters would join into a link: after the dots of `www.x.y` and `x.y/z`,
/// the `@` of `a@b.c`, the colon of `http:` and `mailto:`, between the slashes of `//x` and `\\x`. Numbers and times of day
/// stay whole.
fn leading_nowhere(text: &str) -> String {
    // Longer than any of the limits, so that the cut is where it would be anyway.
    let line = clean(text, NOTE_CHARS);
    let words: Vec<String> = line.split(' ').map(parted).collect();
    words.join(" ")
}

/// One word, in pieces if it could lead somewhere.
fn parted(word: &str) -> String {
    if is_number(word) {
        return word.to_owned();
    }
    let mut parts = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        parts.push(c);
        let parts_here = match (plain(c), rest.peek().map(|next| plain(*next))) {
            ('.' | ':', Some(next)) => !is_after_a_sentence(next),
            ('@', Some(_)) | ('/', Some('/')) | ('\\', Some('\\')) => true,
            _ => false,
        };
        if parts_here {
            parts.push(' ');
        }
    }
    parts
}

/// Digits with at most one dot, comma or colon between them, and what may stand around a number: `70.3`, `(08:30)`.
fn is_number(word: &str) -> bool {
    let edge = |c: char| !c.is_alphanumeric() && !matches!(plain(c), '.' | ':' | '@' | '/' | '\\');
    let core = word.trim_matches(edge);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    core.split_once(['.', ',', ':'])
        .is_some_and(|(whole, part)| digits(whole) && digits(part))
}

/// A character as the reader of a name or an address takes it: a dot in any script is a dot.
fn plain(c: char) -> char {
    match c {
        '。' | '．' | '｡' | '․' | '﹒' => '.',
        '：' | '﹕' | '꞉' | '∶' | '︓' => ':',
        '＠' | '﹫' => '@',
        '／' | '⁄' | '∕' => '/',
        '＼' | '﹨' => '\\',
        _ => c,
    }
}

/// What may follow a dot or a colon at the end of a sentence, and does not begin a name.
fn is_after_a_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | ')' | ']' | '"' | '\'' | '!' | '?' | ',' | ';' | '…' | '’' | '”' | '›'
    )
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_link_is_parted() {
        for (written, shown) in [
            ("https://evil.example/login", "https: / /evil. example/login"),
            ("www.evil.example", "www. evil. example"),
            ("evil.example/x?y=z", "evil. example/x?y=z"),
            ("a@b.c", "a@ b. c"),
            ("mailto:a@b.c", "mailto: a@ b. c"),
            ("javascript:alert(1)", "javascript: alert(1)"),
            ("\\\\evil\\share", "\\ \\evil\\share"),
            ("//evil", "/ /evil"),
            ("evil。example．com｡x․y", "evil。 example． com｡ x․ y"),
            ("https：／／evil．example", "https： ／ ／evil． example"),
            ("1.2.3.4/x", "1. 2. 3. 4/x"),
            ("3.5.evil.example", "3. 5. evil. example"),
            ("7.de", "7. de"),
            ("evil.\u{301}example", "evil. \u{301}example"),
            ("evil.\u{200b}example", "evil. example"),
        ] {
            assert_eq!(leading_nowhere(written), shown, "{written}");
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "Ana Berger",
            "Dr. Sam O’Shea-Łuczak",
            "Hi Sam, as we said: 70.3 km at 08:30 (or 9:15), 2/3 of it easy. See you!",
            "Well... (it was fine.)",
            "4×8 min @ 250 W",
            "",
        ] {
            assert_eq!(leading_nowhere(text), text);
        }
    }

    #[test]
    fn each_kind_has_its_length_and_its_place() {
        let long = Theirs::from("a.".repeat(2_000));
        assert!(long.name().0.chars().count() <= NAME_CHARS);
        assert!(long.address().0.chars().count() <= ADDRESS_CHARS);
        assert_eq!(Theirs::from("sam@coach.example").address().0, "sam@coach.example");
        assert_eq!(
            Theirs::from("sam@coach.example/x y").address().0,
            "sam@ coach. example/x y"
        );
        assert!(long.client().0.chars().count() <= CLIENT_CHARS + 2);
        let nothing = Theirs::from("\u{200b} \n");
        assert_eq!(nothing.name().0, "An athlete");
        assert_eq!((nothing.note(), nothing.client().0.as_str()), (None, "nothing"));
        assert_eq!(Theirs::from("Ana Berger (i900001)").name().0, "Ana Berger");
        assert_eq!(Theirs::from("ana@example.test").name().0, "ana@ example. test");
        assert_eq!(Theirs::from("see x.y").note().unwrap().0, "«see x. y»");
    }

    proptest! {
        /// Cleaning twice changes nothing, and nothing that joins a link comes before a character that continues it.
        #[test]
        fn nothing_leads_anywhere(text in "\\PC{0,40}|([a-z0-9.:@/\\\\。：＠／ -]{1,6}){0,12}") {
            let harmless = leading_nowhere(&text);
            prop_assert_eq!(leading_nowhere(&harmless), harmless.clone());
            for word in harmless.split(' ').filter(|word| !is_number(word)) {
                let plain: String = word.chars().map(plain).collect();
                let ends: &[char] = &['.', ':', ')', ']', '"', '\'', '!', '?', ',', ';', '…', '’', '”', '›'];
                let core = plain.trim_end_matches(ends);
                prop_assert!(!core.contains(['.', ':']) || !core.contains(char::is_alphanumeric)
                    || core.rsplit(['.', ':']).next().is_none_or(|tail| tail.starts_with(ends)), "{:?}", word);
                prop_assert!(!plain.contains("//") && !plain.contains("\\\\"), "{:?}", word);
                prop_assert!(!plain.trim_end_matches('@').contains('@'), "{:?}", word);
            }
        }
    }
}
