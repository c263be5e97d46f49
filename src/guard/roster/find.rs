//! Which athlete of a roster a text means.

use crate::{guard::member::Member, text::names, words::MemberStatus};

/// Words that our own answers put before an id.
const BEFORE_AN_ID: [&str; 2] = ["athlete", "id"];

/// Whom a text means.
#[derive(Debug)]
pub(super) enum Meant<'a> {
    Nobody,
    One(&'a Member),
    Several(Vec<&'a Member>),
    /// An id and words that are none of that athlete's name: whose id it is, and whom the words would mean.
    AtOdds(Vec<&'a Member>),
}

/// Whom among `members` the text means. No name that a member chooses changes whom an id means.
pub(super) fn find<'a>(members: &'a [Member], text: &str) -> Meant<'a> {
    let mut query = names::Named::of(text);
    // Few digits read like a part of a name, unless they are somebody's id.
    let is_id = |word: &mut String| members.iter().any(|member| member.athlete_id() == word);
    query.ids.extend(query.words.extract_if(.., is_id));
    let fits = |words: &[String]| -> Vec<&'a Member> {
        let hits = members.iter();
        hits.filter(|member| !words.is_empty() && names::within(words, member.words()))
            .collect()
    };
    if query.ids.is_empty() {
        return meant(&fits(&query.words));
    }
    if !query
        .ids
        .iter()
        .all(|id| members.iter().any(|member| member.athlete_id() == id))
    {
        return Meant::Nobody;
    }
    let of_id: Vec<&Member> = members
        .iter()
        .filter(|member| query.ids.iter().any(|id| id == member.athlete_id()))
        .collect();
    let mut words = query.words;
    words.retain(|word| !BEFORE_AN_ID.contains(&word.as_str()));
    let fitting: Vec<&Member> = of_id
        .iter()
        .copied()
        .filter(|member| names::within(&words, member.words()))
        .collect();
    if !fitting.is_empty() {
        // Of several ids none is the one that was meant, whatever the words say.
        return meant(if query.ids.len() > 1 { &of_id } else { &fitting });
    }
    let mut candidates = of_id;
    for member in fits(&words) {
        if !candidates
            .iter()
            .any(|candidate| std::ptr::eq(*candidate, member))
        {
            candidates.push(member);
        }
    }
    Meant::AtOdds(still_here(&candidates))
}

fn meant<'a>(hits: &[&'a Member]) -> Meant<'a> {
    let hits = still_here(hits);
    match hits[..] {
        [] => Meant::Nobody,
        [one] => Meant::One(one),
        _ => Meant::Several(hits),
    }
}

/// One athlete of intervals.icu may have had two accounts with us; only one of them can be connected.
fn still_here<'a>(hits: &[&'a Member]) -> Vec<&'a Member> {
    let connected = |id: &str| {
        let of_id = hits.iter().filter(|hit| hit.athlete_id() == id);
        of_id.clone().count() > 1
            && of_id
                .clone()
                .any(|hit| hit.status() != MemberStatus::Disconnected)
    };
    hits.iter()
        .copied()
        .filter(|hit| hit.status() != MemberStatus::Disconnected || !connected(hit.athlete_id()))
        .collect()
}
