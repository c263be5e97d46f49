//! Passwords that are guessed first: the commonest, and what stands in the address or in our name. Pure.

use std::{collections::HashSet, sync::LazyLock};

/// The commonest passwords; the file names its source.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// Our own names, as letters and digits.
const OWN: [&str; 4] = ["icusync", "intervalsicu", "intervals", "icu"];
/// Parts of an address shorter than this say nothing about whose it is.
const SHORTEST_PART: usize = 3;
/// An ending, or a rest, of so few characters makes no password: `2026`, `123!`.
const TRIVIAL: usize = 4;

/// Whether the password is on the list, in whatever case, with whatever punctuation, and with a trivial ending.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let bare = squash(password);
    [lower.as_str(), bare.as_str()].into_iter().any(|text| {
        let stem = text.trim_end_matches(|c: char| !c.is_alphabetic());
        COMMON.contains(text) || (COMMON.contains(stem) && is_trivial(&text[stem.len()..]))
    })
}

/// Whether nothing but a trivial rest is left of the password once the address and its parts, and our names, are taken out.
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

/// The address, what stands before and after its `@`, the words before it, and the names of the domain but for the last.
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
        assert_eq!(COMMON.len(), 30_000);
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
        assert!(!is_own("an old bike", "an@x.test"), "two letters say nothing");
    }

    proptest! {
        #[test]
        fn no_text_panics(password in "\\PC{0,40}", address in "\\PC{0,40}") {
            let _ = (is_common(&password), is_own(&password, &address));
        }
    }
}
