//! The code that lets a coach sign in for a client: eight characters, mailed to the address that an athlete invited, typed into
//! the page that asked.
//!
//! Every address gets the same page after the same work; only one with a grant gets a mail. A code that was killed by wrong
//! tries counts as living until its time is over, so that nobody buys new tries with new codes.

use chrono::Duration;
use subtle::ConstantTimeEq as _;

use super::{
    policy::{self, Admission},
    sign_ins::{self, From},
    tries,
};
use crate::{
    app::App,
    ids::{CoachId, RequestId},
    mail::{Address, Mail, SignInCode, outbox},
    queries::{
        self,
        sign_in_codes::{self, New},
        sign_in_log::How,
        sign_in_requests::Request,
        sign_ins::Owner,
    },
    secrets::Random,
    words::{SignInOutcome, Way},
};

/// How long a code lives.
pub(crate) const LIVES: Duration = Duration::minutes(10);
/// How many codes may be tried.
const TRIES: i32 = 5;
/// A–Z and 2–9 without I, O and U, which are read as 1, 0 and V.
const ALPHABET: &[u8; 31] = b"ABCDEFGHJKLMNPQRSTVWXYZ23456789";
const LENGTH: usize = 8;

/// What became of a request for a code. The person sees the same page in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A code is on its way, if the address has a grant.
    Sent,
    /// One was asked for within its life, or the address has had its share: none was made.
    Waits,
}

/// What a typed code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The right one.
    Right,
    /// A wrong one; so many tries are left.
    Wrong(i32),
    /// There is no code that could still be typed: it expired, was killed, or was never asked for.
    Over,
    /// The right one, of a coach whom the policy no longer lets in by it.
    KeptOut(Admission),
}

/// A code: some 39 bits.
fn mint(random: &Random) -> String {
    letters(random, LENGTH)
}

/// So many random characters that nobody mistakes for others.
pub(super) fn letters(random: &Random, length: usize) -> String {
    let mut code = String::with_capacity(length);
    while code.len() < length {
        let [byte] = random.bytes::<1>();
        // Whatever is above the last multiple of the alphabet would make its first letters likelier.
        let (byte, letters) = (usize::from(byte), ALPHABET.len());
        if byte < letters * (256 / letters) {
            code.push(char::from(ALPHABET[byte % letters]));
        }
    }
    code
}

/// A code as people type it: spaces, hyphens and case do not matter.
fn plain(typed: &str) -> String {
    plain_of(typed, LENGTH)
}

/// A code of `length` characters as people type it; a longer one keeps one character too many.
pub(super) fn plain_of(typed: &str, length: usize) -> String {
    let kept = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–'));
    kept.take(length + 1).collect::<String>().to_uppercase()
}

fn fingerprint(app: &App, request: RequestId, code: &str) -> [u8; 32] {
    app.keys
        .fingerprint(format!("sign-in code {request} {code}").as_bytes())
}

/// Makes a code for the address and mails it, if an athlete has granted it something.
pub(crate) async fn ask(app: &App, request: &Request, typed: &Address) -> anyhow::Result<Asked> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    tries::one_ask_at_a_time(&mut *db).await?;
    if !queries::sign_in_requests::hold(&mut *db, request.id).await? {
        return Ok(Asked::Waits);
    }
    if sign_in_codes::newest(&mut *db, request.id, now).await?.is_some() {
        return Ok(Asked::Waits);
    }
    let coach = queries::coaches::by_email(&mut *db, &typed.key).await?;
    let is_granted = queries::grants::any_to(&mut *db, &typed.key).await?;
    let admission =
        policy::lets_coach_in(&mut *db, app, coach.as_ref().map(|coach| coach.id), Way::Email).await?;
    let coach = coach.filter(|_| is_granted && admission == Admission::In);
    let within = tries::code_to(&mut *db, app, &typed.mailbox()).await?;
    let code = mint(&app.random);
    let new = New {
        id: app.random.uuid(&app.clock),
        request: request.id,
        email: &typed.typed,
        coach_id: coach.as_ref().filter(|_| within).map(|coach| coach.id),
        code_hash: &fingerprint(app, request.id, &code),
        now,
        expires_at: now + LIVES,
    };
    sign_in_codes::create(&mut *db, &new).await?;
    let to = coach.as_ref().map_or_else(
        || typed.clone(),
        |coach| Address::stored(&coach.email, &coach.email_key),
    );
    let mail = Mail::SignInCode(SignInCode {
        code: format!("{} {}", &code[..4], &code[4..]),
        client: request.client_name.as_str().into(),
    });
    // Written in any case, so that it takes as long, and kept only if somebody reads it.
    let mut written = sqlx::Acquire::begin(&mut *db).await?;
    outbox::enqueue(&mut written, app, &to, None, mail).await?;
    if coach.is_some() && within {
        written.commit().await?;
    } else {
        written.rollback().await?;
    }
    transaction.commit().await?;
    Ok(if within { Asked::Sent } else { Asked::Waits })
}

/// The address that a code was asked for in this sign-in, if one could still be typed.
pub(crate) async fn asked_for(app: &App, request: RequestId) -> sqlx::Result<Option<String>> {
    let code = sign_in_codes::newest(&app.pool, request, app.clock.now()).await?;
    Ok(code.map(|code| code.email))
}

/// Judges a typed code. The right one makes the coach the one who signs in.
///
/// `client` is the client as the log names it.
pub(crate) async fn try_code(
    app: &App,
    request: &Request,
    typed: &str,
    client: &str,
    from: &From,
) -> sqlx::Result<Typed> {
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    // The request before its codes, as when it is deleted.
    if !queries::sign_in_requests::hold(&mut *db, request.id).await? {
        return Ok(Typed::Over);
    }
    let code = sign_in_codes::newest(&mut *db, request.id, app.clock.now()).await?;
    let Some(code) = code.filter(|code| code.tries < TRIES) else {
        return Ok(Typed::Over);
    };
    let sent = fingerprint(app, request.id, &plain(typed));
    let is_right: bool = sent.as_slice().ct_eq(&code.hash).into();
    let right: Option<CoachId> = code.coach_id.filter(|_| is_right);
    if let Some(coach) = right {
        let admission = policy::lets_coach_in(&mut *db, app, Some(coach), Way::Email).await?;
        if admission != Admission::In {
            drop(transaction);
            let (owner, refused) = (
                Owner::Coach(coach),
                (SignInOutcome::NotAllowed, How::by(Way::Email)),
            );
            sign_ins::log_apart(app, owner, Some(client.to_owned()), refused, from.clone());
            return Ok(Typed::KeptOut(admission));
        }
        queries::sign_in_requests::set_coach(&mut *db, request.id, Some(coach), None).await?;
        sign_in_codes::end(&mut *db, request.id).await?;
        transaction.commit().await?;
        return Ok(Typed::Right);
    }
    sign_in_codes::count_try(&mut *db, code.id).await?;
    transaction.commit().await?;
    if let Some(coach) = code.coach_id {
        let (owner, wrong) = (
            Owner::Coach(coach),
            (SignInOutcome::WrongCode, How::by(Way::Email)),
        );
        sign_ins::log_apart(app, owner, Some(client.to_owned()), wrong, from.clone());
    }
    Ok(match TRIES - code.tries - 1 {
        0 => Typed::Over,
        left => Typed::Wrong(left),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_eight_characters_that_nobody_mistakes() {
        let random = Random::seeded([5; 32]);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            let code = mint(&random);
            assert_eq!(code.len(), LENGTH);
            assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)));
            seen.extend(code.bytes());
        }
        assert_eq!(seen.len(), ALPHABET.len());
        assert!(!ALPHABET.iter().any(|letter| b"IOU01".contains(letter)));
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["abcd efgh", " ABCD-EFGH ", "AbCdEfGh", "abcd–efgh"] {
            assert_eq!(plain(typed), "ABCDEFGH");
        }
        assert_eq!(plain(&"x".repeat(10_000)).len(), LENGTH + 1);
    }
}
