//! Whom a coach means: names compared as people type them, without case, accents and typographic marks.
//!
//! Pure text. Who stands on a roster, and what is answered when nobody fits, is [`super`]'s.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Characters of a name that are compared; nobody types more.
const COMPARED: usize = 200;

/// The words of a name in one spelling: `Tríona O’Shea-Łuczak` gives `triona`, `oshea`, `luczak`.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = text
        .chars()
        .take(COMPARED)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(plain)
        // What lower-casing decomposes anew, such as the dot of a capital İ.
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .collect();
    folded
        .split(|c: char| c.is_whitespace() || is_between(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A letter that has no decomposition, as it is typed where the keyboard lacks it. Apostrophes go: people leave them out.
fn plain(c: char) -> impl Iterator<Item = char> {
    let as_is = [Some(c), None];
    let letters = match c {
        'ł' => [Some('l'), None],
        'ø' => [Some('o'), None],
        'đ' | 'ð' => [Some('d'), None],
        'ħ' => [Some('h'), None],
        'ı' => [Some('i'), None],
        'ŧ' => [Some('t'), None],
        'ß' => [Some('s'), Some('s')],
        'æ' => [Some('a'), Some('e')],
        'œ' => [Some('o'), Some('e')],
        'þ' => [Some('t'), Some('h')],
        '\'' | '’' | '‘' | '‛' | 'ʼ' | 'ʻ' | '`' | '´' | '′' | '＇' => [None, None],
        _ => as_is,
    };
    letters.into_iter().flatten()
}

/// What stands between the words of a name, and around an id that is written behind one.
fn is_between(c: char) -> bool {
    matches!(
        c,
        '-' | '‐'
            ..='―'
                | '.'
                | ','
                | ';'
                | ':'
                | '('
                | ')'
                | '['
                | ']'
                | '/'
                | '·'
                | '"'
                | '“'
                | '”'
                | '„'
                | '‹'
                | '›'
                | '«'
                | '»'
    )
}

/// Whether `name` is what `query` says, whole.
pub(super) fn same(query: &[String], name: &[String]) -> bool {
    !query.is_empty() && query == name
}

/// Whether every word of `query` is a word of `name`, or the id that belongs to it.
pub(super) fn within(query: &[String], name: &[String], id: &str) -> bool {
    !query.is_empty() && query.iter().all(|word| word == id || name.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_compared_as_they_are_typed() {
        for (typed, name) in [
            ("TRIONA O'SHEA-LUCZAK", "Tríona O’Shea-Łuczak"),
            ("triona oshea luczak", "Tr\u{69}\u{301}ona O'Shea–Łuczak"),
            ("strasse", "Straße"),
            ("soren aeby", "Søren Æby"),
            ("gudrun thor", "Guðrún Þór"),
            ("dorde", "Đorđe"),
            ("istanbul isik", "İstanbul IŞIK"),
            ("ﬁna", "Fina"),
            ("Ωμέγα", "ωμεγα"),
            ("ｊａｃｋ", "Jack"),
        ] {
            assert!(
                same(&words(typed), &words(name)),
                "{typed} {name}: {:?}",
                words(name)
            );
        }
        assert_ne!(words("Jack"), words("Jackie"));
    }

    #[test]
    fn a_part_of_a_name_is_whole_words_of_it() {
        let name = words("Tríona O’Shea-Łuczak");
        for typed in ["triona", "Luczak", "o'shea", "luczak, triona", "Triona (i7)"] {
            assert!(within(&words(typed), &name, "i7"), "{typed}");
        }
        for typed in ["", " - ", "tri", "triona smith", "shea", "Triona (i8)"] {
            assert!(!within(&words(typed), &name, "i7"), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn folding_ends_and_folds_once(text in "\\PC{0,40}|[A-Za-zÀ-ž'’ \\-]{0,40}") {
            let once = words(&text);
            prop_assert_eq!(words(&once.join(" ")), once);
        }
    }
}
