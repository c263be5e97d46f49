//! Which athlete on a roster a text means.

use crate::{guard::member::Member, text::names, words::MemberStatus};

/// Words that our answers put before an id.
const BEFORE_AN_ID: [&str; 2] = ["athlete", "id"];

/// What a text means.
#[derive(Debug)]
pub(super) enum Meant<'a> {
    Nobody,
    One(&'a Member),
    Several(Vec<&'a Member>),
    /// An id with words that are not in that athlete's name: the owner of the id, and the members that the words would mean.
    AtOdds(Vec<&'a Member>),
}

/// Finds what the text means among `members`: names of now come first, then those before a rename. No name that a member
/// chooses changes what an id means.
pub(super) fn find<'a>(members: &'a [Member], text: &str) -> Meant<'a> {
    let mut query = names::Named::of(text);
    // A few digits may be part of a name, unless they are a member's id.
    let is_id = |word: &mut String| members.iter().any(|member| member.athlete_id() == word);
    query.ids.extend(query.words.extract_if(.., is_id));
    let among = |words: &[String], name: fn(&Member) -> &[String]| -> Vec<&'a Member> {
        let members = members.iter();
        members
            .filter(|member| !words.is_empty() && names::within(words, name(member)))
            .collect()
    };
    let matching = |words: &[String]| match among(words, Member::words) {
        none if none.is_empty() => among(words, Member::words_before),
        found => found,
    };
    if query.ids.is_empty() {
        return meant(&matching(&query.words));
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
    let agreeing: Vec<&Member> = of_id
        .iter()
        .copied()
        .filter(|member| {
            names::within(&words, member.words()) || names::within(&words, member.words_before())
        })
        .collect();
    if !agreeing.is_empty() {
        // With several ids no words decide which one was meant.
        return meant(if query.ids.len() > 1 { &of_id } else { &agreeing });
    }
    let mut candidates = of_id;
    for member in matching(&words) {
        if !candidates
            .iter()
            .any(|candidate| std::ptr::eq(*candidate, member))
        {
            candidates.push(member);
        }
    }
    Meant::AtOdds(still_here(&candidates))
}

fn meant<'a>(members: &[&'a Member]) -> Meant<'a> {
    let members = still_here(members);
    match members[..] {
        [] => Meant::Nobody,
        [one] => Meant::One(one),
        _ => Meant::Several(members),
    }
}

/// An intervals.icu athlete may have had two accounts here, of which only one can be connected: leaves out the other.
fn still_here<'a>(members: &[&'a Member]) -> Vec<&'a Member> {
    let connected = |id: &str| {
        let of_id = members.iter().filter(|member| member.athlete_id() == id);
        of_id.clone().count() > 1
            && of_id
                .clone()
                .any(|member| member.status() != MemberStatus::Disconnected)
    };
    members
        .iter()
        .copied()
        .filter(|member| member.status() != MemberStatus::Disconnected || !connected(member.athlete_id()))
        .collect()
}
