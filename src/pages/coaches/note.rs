//! The note to a coach: short, on one line, and without anything that a mail program would turn into a link.
//!
//! It goes into an email to an address that a stranger may have typed, so nothing in it may lead anywhere.

use unicode_normalization::UnicodeNormalization as _;

use crate::text::clean;

/// Longest note, in characters.
pub(super) const MOST_CHARS: usize = 300;
/// No text in a form is longer.
const FORM: usize = 16_384;
/// Longest quote of a word in a mistake, in characters.
const QUOTED: usize = 40;

/// The note, cleaned; or what to write instead.
pub(super) fn read(typed: &str) -> Result<String, String> {
    let note = clean(typed, FORM);
    let chars = note.chars().count();
    if chars > MOST_CHARS {
        return Err(format!(
            "The note has {chars} characters; {MOST_CHARS} is the most."
        ));
    }
    match link_in(&note) {
        Some(word) => Err(format!(
            "Take “{}” out of the note: links, addresses and what looks like one are not passed on. After a full stop \
             belongs a space.",
            clean(word, QUOTED)
        )),
        None => Ok(note),
    }
}

/// The first word that is a link, or looks enough like one for a mail program to turn it into one.
fn link_in(note: &str) -> Option<&str> {
    note.split_whitespace().find(|word| {
        // A dot of any script is a dot to whatever resolves the name.
        let word: String = word.nfkc().map(|c| if c == '。' { '.' } else { c }).collect();
        let word = word.to_lowercase();
        word.contains("://") || word.contains("www.") || word.split(ends_a_name).any(is_domain)
    })
}

fn ends_a_name(c: char) -> bool {
    !(c.is_alphanumeric() || c == '-' || c == '.')
}

/// Whether two labels meet at a dot and the second could be a top-level domain.
fn is_domain(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    labels.windows(2).any(|pair| {
        let top = pair[1];
        let could_be_top = top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
        !pair[0].is_empty() && (could_be_top || top.starts_with("xn--"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write_passes() {
        for note in [
            "",
            "Hi Tom, could you look at my build? Race on 12.12. in Berlin, goal sub 3:10.",
            "Bitte v.a. die langen Läufe ansehen, z.B. So. 4x8 min @ 95 % … danke!",
            "FTP 246 W (3.9 W/kg), easy at 4:35/km, v1.2.3, 7.5h sleep, 1/2 iron...done",
            "¿Puedes ver mi plan? — Ana 🚴",
            "e.g. i.e. a.m. p.m. Nr.5 U.S.A.",
        ] {
            assert_eq!(read(note).as_deref(), Ok(note), "{note}");
        }
        assert_eq!(read(" two\r\nlines\u{202e} ").unwrap(), "two lines");
        assert_eq!(read(&"é".repeat(300)).unwrap().chars().count(), 300);
    }

    #[test]
    fn what_leads_somewhere_does_not() {
        for note in [
            "see https://evil.example/x",
            "HTTPS://X",
            "ftp://a",
            "go to WWW.evil",
            "evil.com",
            "(evil.com)",
            "look:bit.ly/abc",
            "evil.com.",
            "write to me@evil.example",
            "evil。com",
            "ｅｖｉｌ．ｃｏｍ",
            "bücher.example",
            "xn--bcher-kva.xn--p1ai",
            "пример.рф",
            "ev\u{200b}il.c\u{200b}om",
            "javascript://x",
            "plan.pdf",
        ] {
            let mistake = read(note).unwrap_err();
            assert!(mistake.starts_with("Take “"), "{note}: {mistake}");
        }
        let long = format!("{}.com", "x".repeat(250));
        assert!(read(&long).unwrap_err().chars().count() < 200);
        assert!(read(&"x".repeat(301)).unwrap_err().contains("301 characters"));
    }

    proptest! {
        #[test]
        fn no_host_gets_through_whatever_surrounds_it(
            before in "[^a-z0-9\\s.]{0,5}", host in "[a-z0-9-]{1,10}", top in "[a-z]{2,6}", after in "(/[a-z?=&]{0,9})?",
        ) {
            let typed = format!("look {before}{host}.{top}{after} now");
            prop_assert!(read(&typed).is_err(), "{}", typed);
        }

        #[test]
        fn what_passes_is_one_short_line(typed in any::<String>()) {
            if let Ok(note) = read(&typed) {
                prop_assert!(note.chars().count() <= MOST_CHARS && !note.contains(['\n', '\r', '\0']));
                prop_assert_eq!(read(&note), Ok(note));
            }
        }
    }
}
