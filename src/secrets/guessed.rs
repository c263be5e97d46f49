//! Passwords that are guessed first: the commonest, and those made of the address or our name. Pure.

use std::{collections::HashSet, sync::LazyLock};

/// The commonest passwords; the file names its source.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// Our own names, as letters and digits.
const OWN: [&str; 4] = ["icusync", "intervalsicu", "intervals", "icu"];
/// Parts of an address shorter than this do not point to its owner.
const SHORTEST_PART: usize = 3;
/// This few characters at the end, or left over, do not make a password: `2026`, `123!`.
const TRIVIAL: usize = 4;

/// Rows of keys and of letters; a run of a row, in either direction, is typed without a thought.
const ROWS: [&str; 6] = [
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
];
/// From this many characters on, a piece of a row, or a repeated character, is a run.
const SHORTEST_RUN: usize = 3;

/// Whether the password is guessed first. Either it is on the list, in any case and with any punctuation, with digits for
/// letters that look alike, and with something trivial before or after it. Or it repeats one thing, or is only runs of keys.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let bare = squash(password);
    // Digits around it are digits: only inside do they count as letters.
    let core = lower.trim_matches(|c: char| c.is_ascii_digit());
    let alike = lower.replacen(core, &core.chars().map(letter_alike).collect::<String>(), 1);
    [&lower, &bare, &squash(&alike)].into_iter().any(|text| {
        let once = repeated(text);
        is_listed(text) || is_listed(once) || (once.len() < text.len() && is_trivial(once)) || is_runs(text)
    })
}

/// Whether the text is on the list, as it is or without something trivial around it.
fn is_listed(text: &str) -> bool {
    let stem = text.trim_matches(|c: char| !c.is_alphabetic());
    let around = text.split_once(stem).filter(|_| !stem.is_empty());
    let bare_stem = around
        .is_some_and(|(before, behind)| COMMON.contains(stem) && is_trivial(before) && is_trivial(behind));
    COMMON.contains(text) || bare_stem
}

/// What the text repeats; the text itself if it repeats nothing.
fn repeated(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let mut units = ends
        .filter(|end| text.len().is_multiple_of(*end))
        .map(|end| &text[..end]);
    units
        .find(|unit| unit.repeat(text.len() / unit.len()) == text)
        .unwrap_or(text)
}

/// Whether the text consists of runs of keys and a trivial rest: `qwertyuiopasdf`, `abcdefghij`, `0987654321`, `aaaabbbb12`.
fn is_runs(text: &str) -> bool {
    let mut rest = text;
    let mut odd = 0;
    while let Some(first) = rest.chars().next() {
        let run = run_of(rest);
        if run == 0 {
            odd += 1;
            rest = &rest[first.len_utf8()..];
        } else {
            rest = rest.char_indices().nth(run).map_or("", |(at, _)| &rest[at..]);
        }
    }
    odd <= TRIVIAL && odd < text.chars().count()
}

/// How many characters of the beginning are one run; none if it is shorter than [`SHORTEST_RUN`].
fn run_of(text: &str) -> usize {
    let first = text.chars().next();
    let same = text.chars().take_while(|c| Some(*c) == first).count();
    let of_row = |row: &str| {
        (SHORTEST_RUN..=row.len())
            .rev()
            .find(|length| text.get(..*length).is_some_and(|start| row.contains(start)))
            .unwrap_or(0)
    };
    let rows = ROWS
        .iter()
        .flat_map(|row| [(*row).to_owned(), row.chars().rev().collect()]);
    let longest = rows.map(|row: String| of_row(&row)).max().unwrap_or(0).max(same);
    if longest < SHORTEST_RUN { 0 } else { longest }
}

/// The letter that a digit or a sign stands for in `p@ssw0rd`.
fn letter_alike(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether only a trivial rest is left of the password without the address and its parts, and our names.
pub(super) fn is_own(password: &str, address: &str) -> bool {
    let bare = squash(password);
    let parts = parts_of(address);
    let mut words: Vec<&str> = OWN.into_iter().chain(parts.iter().map(String::as_str)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words
        .into_iter()
        .fold(bare.clone(), |rest, word| rest.replace(word, ""));
    rest.len() < bare.len() && is_trivial(&rest)
}

fn is_trivial(text: &str) -> bool {
    text.chars().count() <= TRIVIAL || COMMON.contains(text)
}

/// Letters and digits alone, in lower case.
fn squash(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The address, what is before and after its `@`, the words before it, and the names of the domain except the last.
fn parts_of(address: &str) -> Vec<String> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let names = domain.rsplit_once('.').map_or("", |(names, _)| names);
    let words = local.split(|c: char| !c.is_alphanumeric());
    let parts = [address, local, domain]
        .into_iter()
        .chain(words)
        .chain(names.split('.'));
    let parts = parts.map(squash);
    parts
        .filter(|part| part.chars().count() >= SHORTEST_PART)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_is_whole_and_in_lower_case() {
        assert!(COMMON.len() > 39_000, "{}", COMMON.len());
        assert!(
            COMMON
                .iter()
                .all(|line| line.len() >= 4 && **line == line.to_lowercase())
        );
    }

    #[test]
    fn the_commonest_are_known_in_any_case_and_with_any_trivial_ending() {
        for bad in [
            "1234567890",
            "qwertyuiop",
            "Qwertyuiop1!",
            "password12",
            "PassWord2026",
            "pass word 123",
            "Sunshine2025!",
            "dragon123456",
            "iloveyou!!",
            "letmein-2026",
            "monkey12345678",
            "qwerty123456789",
            "0000000000",
            "1111111111",
            "0987654321",
            "administrator",
            "Administrator1",
            "passwordpassword",
            "adminadmin",
            "letmeinletmein",
            "qwertyuiopasdf",
            "abcdefghij",
            "zyxwvutsrq",
            "aaaaaaaaaaaa",
            "aaaabbbbcccc",
            "abc123abc123",
            "12345abcde!",
            "2026password",
            "123 password 123",
            "p@ssword12",
            "P4$$w0rd2026",
            "asdfghjkl;'",
        ] {
            assert!(is_common(bad), "{bad}");
        }
        for good in [
            "correct horse battery",
            "train-with-icusync",
            "zehn Zeichen",
            "dragon48127364",
            "a long enough one",
            "пароль для гор",
            "sunshine on my shoulder",
            "horse battery 41",
            "vier Berge im Regen",
            "kx7-Ru29-abc",
            "correct horse correct",
        ] {
            assert!(!is_common(good), "{good}");
        }
    }

    #[test]
    fn the_address_its_parts_and_our_names_are_known() {
        let address = "Ana.Berger@mail.example.co.uk";
        for bad in [
            "icusync123",
            "IcuSync-2026!",
            "intervals.icu",
            "intervals123",
            "icusyncicusync",
            "icusync password",
            "icusync1234567890",
            "ana.berger@mail.example.co.uk",
            "AnaBerger1990",
            "ana.berger!",
            "berger-ana-1",
            "mail.example.co.uk",
            "example2026",
            "Berger123456",
        ] {
            assert!(is_own(bad, address), "{bad}");
        }
        for good in [
            "train-with-icusync",
            "correct horse battery",
            "bananarama-1",
            "2026-11-21-22",
        ] {
            assert!(!is_own(good, address), "{good}");
        }
        assert!(!is_own("an old bike", "an@x.test"), "two letters point to nobody");
    }

    proptest! {
        #[test]
        fn no_text_panics(password in "\\PC{0,40}", address in "\\PC{0,40}") {
            let _ = (is_common(&password), is_own(&password, &address));
        }
    }
}
