//! Which athlete a coach means: names compared as people type them, without case, accents and typographic marks; and names
//! as a coach sees them.
//!
//! People choose their names but not their ids. So text that reads like an id never counts as part of a name, neither when
//! names are compared nor when one is shown next to an id.
//!
//! Pure text. Who is on a roster, and the answer when nobody fits, is the roster's job.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::clean;

/// Characters of a name that are kept.
const NAME_CHARS: usize = 80;
/// Characters of a name that are compared; nobody types more.
const COMPARED: usize = 200;
/// This many digits, alone or after any one letter, read like an id of intervals.icu; after an `i` one is enough.
const DIGITS_OF_AN_ID: usize = 3;
/// What an athlete without a name is called, with the id.
const NAMELESS: &str = "athlete";

/// What a text names: words of a name in one spelling (`Tríona O’Shea-Łuczak` gives `triona`, `oshea`, `luczak`), and ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its words, without those that read like an id.
    pub words: Vec<String>,
    /// What reads like an id of intervals.icu, each once.
    pub ids: BTreeSet<String>,
}

impl Named {
    /// Reads what somebody typed, or somebody's name.
    pub(crate) fn of(text: &str) -> Self {
        let folded = fold(text.chars().take(COMPARED));
        let mut ids = BTreeSet::new();
        let mut rest = String::with_capacity(folded.len());
        for run in runs(&folded, char::is_alphanumeric) {
            if reads_like_an_id(run) {
                ids.insert(run.to_owned());
                rest.push(' ');
            } else {
                rest.push_str(run);
            }
        }
        let words = rest
            .split(|c: char| c.is_whitespace() || is_between(c))
            // What was around an id is not a word of its own.
            .filter(|word| !word.is_empty() && (ids.is_empty() || word.contains(char::is_alphanumeric)))
            .map(str::to_owned)
            .collect();
        Self { words, ids }
    }
}

/// A name as a coach sees it: cleaned, and without what could be read as an id. Empty when nothing is left.
pub(crate) fn shown(name: &str) -> String {
    let name = clean(name, NAME_CHARS);
    let has_letters = |text: &str| fold(text.chars()).contains(char::is_alphanumeric);
    let words = name.split(' ').map(|word| {
        // Marks and apostrophes are folded away, so that they separate nothing.
        let kept: String = runs(word, |c| {
            let folded = fold(std::iter::once(c));
            folded.is_empty() || folded.contains(char::is_alphanumeric)
        })
        .filter(|run| {
            let folded = fold(run.chars());
            !runs(&folded, char::is_alphanumeric).any(reads_like_an_id)
        })
        .collect();
        // The brackets around an id go with it.
        if kept.len() < word.len() && !has_letters(&kept) {
            String::new()
        } else {
            kept
        }
    });
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    clean(&words.join(" "), NAME_CHARS)
}

/// How a sentence to a coach names an athlete; never empty.
pub(crate) fn called(name: &str, id: &str) -> String {
    match shown(name) {
        // The placeholder for an unknown name.
        name if name.is_empty() || name == NAMELESS => format!("{NAMELESS} {id}"),
        name => name,
    }
}

/// The name with the id, `Ana Berger (i1)`: two athletes may share a name, and nobody shares an id.
pub(crate) fn with_id(name: &str, id: &str) -> String {
    match shown(name) {
        name if name.is_empty() => format!("{NAMELESS} ({id})"),
        name => format!("{name} ({id})"),
    }
}

/// Whether a word is an id of intervals.icu (`i123`, or bare digits for old sign-ups), or could be taken for one: digits
/// after an `i` or what looks like it, and three or more alone or after any one letter, in any script. The fewer digits of
/// “Team 2” or “M50” are part of a name.
fn reads_like_an_id(word: &str) -> bool {
    let mut rest = word.chars().peekable();
    let letter = rest.next_if(|c| !c.is_numeric());
    let digits = rest.clone().count();
    if digits == 0 || !rest.all(char::is_numeric) {
        return false;
    }
    match letter {
        Some('i' | 'l' | 'j' | 'і' | 'ι' | 'ӏ' | 'ɩ' | 'ǀ' | 'ا') => true,
        None | Some(_) => digits >= DIGITS_OF_AN_ID,
    }
}

/// The text in pieces, in turn those of the kind that is `inside` and those that are not.
fn runs(text: &str, inside: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let kind = inside(rest.chars().next()?);
        let end = rest.find(|c| inside(c) != kind).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

/// The text in lower case, without accents, marks and apostrophes.
fn fold(text: impl Iterator<Item = char>) -> String {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(plain)
        // What lower-casing decomposes again, such as the dot of a capital İ.
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .collect()
}

/// The words of a workout's or an activity's name, in one spelling, without marks between them: `Côte-2: 5×4` gives `cote`,
/// `2`, `5`, `4`.
pub(crate) fn words_of_title(title: &str) -> Vec<String> {
    let folded = fold(title.chars().take(COMPARED));
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
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

/// What separates the words of a name, and surrounds an id that is written after one.
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

/// Whether every word of `query` is a word of `name`. No word is in every name.
pub(crate) fn within(query: &[String], name: &[String]) -> bool {
    query.iter().all(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        Named::of(text).words
    }

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
            assert_eq!(words(typed), words(name), "{typed} {name}");
        }
        assert_ne!(words("Jack"), words("Jackie"));
    }

    #[test]
    fn a_part_of_a_name_is_whole_words_of_it() {
        let name = words("Tríona O’Shea-Łuczak");
        for typed in ["triona", "Luczak", "o'shea", "luczak, triona", "Triona (i7)"] {
            assert!(within(&words(typed), &name), "{typed}");
        }
        for typed in ["tri", "triona smith", "shea"] {
            assert!(!within(&words(typed), &name), "{typed}");
        }
    }

    /// Each reads like `i900001` or `900001` to somebody.
    const TRICKS: [&str; 22] = [
        "i900001",
        "I900001",
        "900001",
        "(i900001)",
        "[I900001]",
        "ｉ９００００１",
        "і900001",
        "ı900001",
        "l900001",
        "ⓘ900001",
        "🅘900001",
        "i9'00'001",
        "i\u{301}900001",
        "i9\u{336}00001",
        "i٩٠٠٠٠١",
        "i₉₀₀₀₀₁",
        "i①②③",
        "#i900001",
        "_i900001_",
        "x900001",
        "❨i900001❩",
        "i9\u{200b}0\u{2060}0001",
    ];

    #[test]
    fn an_id_in_a_name_is_not_shown_and_is_no_word_of_it() {
        for trick in TRICKS {
            for name in [
                format!("Ana Berger {trick}"),
                format!("{trick} Ana Berger"),
                format!("Ana {trick} Berger"),
                format!("Ana Berger ({trick})"),
            ] {
                assert_eq!(shown(&name), "Ana Berger", "{name}");
                assert_eq!(words(&clean(&name, 80)), ["ana", "berger"], "{name}");
            }
            assert_eq!(shown(trick), "", "{trick}");
        }
        for kept in [
            "Ana Berger",
            "M50 Ana",
            "Jo2000",
            "Team 2",
            "O’Shea-Łuczak",
            "🚴 Ana!",
            "Ana (Coach)",
            "李小龍",
            "किरण",
        ] {
            assert_eq!(shown(kept), kept);
        }
        assert_eq!(shown("Jack 2000"), "Jack");
        assert_eq!(shown("Ana (best, i900001)"), "Ana (best,");
    }

    #[test]
    fn a_typed_id_is_found_in_any_surroundings() {
        for typed in [
            "i123",
            " I123 ",
            "Ana (i123)",
            "#i123!",
            "athlete:i123",
            "Ana_i123",
            "ｉ123",
        ] {
            assert_eq!(
                Named::of(typed).ids,
                BTreeSet::from(["i123".to_owned()]),
                "{typed}"
            );
        }
        assert_eq!(Named::of("i1, 222").ids.len(), 2);
        assert_eq!(Named::of("Ana Berger").ids, BTreeSet::new());
    }

    proptest! {
        #[test]
        fn folding_ends_and_folds_once(text in "\\PC{0,40}|[A-Za-zÀ-ž'’ \\-]{0,40}") {
            let once = words(&text);
            prop_assert_eq!(words(&once.join(" ")), once);
        }

        /// Whatever somebody's name is: nothing that a coach sees of it is an id, and it names the same words.
        #[test]
        fn what_is_shown_holds_no_id_and_no_other_words(
            text in "\\PC{0,40}|([iIlｉі]?[0-9０-９٠-٩①-⑨']{1,4}|[a-c()_ .\u{301}\u{200b}-]){0,12}",
        ) {
            let name = shown(&text);
            prop_assert!(Named::of(&name).ids.is_empty(), "{:?}", name);
            prop_assert_eq!(shown(&name), name.clone());
            let beside = Named::of(&format!("{name} (i123)"));
            prop_assert_eq!(beside.ids, BTreeSet::from(["i123".to_owned()]));
            let words = Named::of(&name).words;
            prop_assert!(within(&beside.words, &words), "{:?} {:?}", beside.words, words);
        }
    }
}
