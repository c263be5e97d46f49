//! The policy at the command line: brought in, shown, and asked about somebody. What is returned is printed.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::{is_set_up, person};
use crate::{
    app::App,
    config::{Config, SignUp},
    policy::{Kind, Person, Policy, Section, Verdict},
    queries::{
        self,
        policies::{self, Known},
    },
    text::addresses,
    time,
    words::Way,
};

/// What an operator can do who has both.
const BOTH: &str = "SIGN_UP is the short form of a policy, and only one of them can be set";

/// Refuses to start with a policy that cannot be kept: next to `SIGN_UP`, or not readable.
pub async fn check_at_start(app: &App) -> anyhow::Result<()> {
    let Some(applied) = policies::newest(&app.pool).await? else {
        return Ok(());
    };
    let policy = Policy::parse(&applied.text, &app.config.oidc_groups_claim).with_context(|| {
        format!(
            "policy {} cannot be read: correct the file and use `icusync policy apply FILE`",
            applied.version
        )
    })?;
    anyhow::ensure!(
        policy.is_empty() || app.config.sign_up.is_none(),
        "{BOTH}: remove SIGN_UP, because policy {} is in force (its line sign-up says who may sign up), or apply an empty file \
         with `icusync policy apply`",
        applied.version
    );
    if let Err(error) = check_ways(app, &policy) {
        tracing::warn!(policy = applied.version, %error, "nobody can come in that way");
    }
    Ok(())
}

/// Refuses what the settings do not make possible.
fn check_ways(app: &App, policy: &Policy) -> anyhow::Result<()> {
    for way in Way::ALL.iter().copied().filter(|way| !is_set_up(app, *way)) {
        let Some(rule) = policy.line_with(way) else {
            continue;
        };
        let missing = match way {
            Way::Intervals => "set INTERVALS_CLIENT_ID and INTERVALS_CLIENT_SECRET first",
            Way::Provider => "set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET first",
            _ => "passkeys need a PUBLIC_URL with a name, not an address",
        };
        anyhow::bail!("line {}: {rule}: this is not set up: {missing}", rule.line);
    }
    Ok(())
}

/// Brings a policy in: it counts from the next call on, on every instance.
pub async fn apply(app: &App, text: &str) -> anyhow::Result<String> {
    let policy = Policy::parse(text, &app.config.oidc_groups_claim)?;
    anyhow::ensure!(
        policy.is_empty() || app.config.sign_up.is_none(),
        "{BOTH}: remove SIGN_UP from the settings, say sign-up on or sign-up off in the file, and apply it again"
    );
    check_ways(app, &policy)?;
    let version = policies::insert(&app.pool, text, app.clock.now()).await?;
    Ok(format!("policy {version}\n{}", summary(&app.config, &policy)))
}

/// What a policy comes to, in a few lines.
fn summary(config: &Config, policy: &Policy) -> String {
    if policy.is_empty() {
        return "no rules: everything is as the settings say".to_owned();
    }
    let on = |on: bool| if on { "on" } else { "off" };
    let ways: Vec<&str> = Way::ALL
        .iter()
        .filter(|way| policy.allows(**way).allowed)
        .map(|way| way.as_str())
        .collect();
    let mut lines = vec![
        format!("ways: {}", ways.join(", ")),
        format!("links: {}", on(policy.has_links())),
        format!(
            "sign-up: {}",
            on(policy.sign_up(config.sign_up() != SignUp::Closed).allowed)
        ),
    ];
    for section in Section::ALL {
        let count = match policy.count(section) {
            0 => "everyone".to_owned(),
            1 => "1 line".to_owned(),
            count => format!("{count} lines"),
        };
        lines.push(format!("{}: {count}", section.word()));
    }
    for (kind, who) in [(Kind::Athlete, "athlete"), (Kind::Coach, "coach")] {
        if !kind.ways().iter().any(|way| policy.allows(*way).allowed) {
            lines.push(format!("no {who} can come in: none of these ways is for them"));
        }
    }
    lines.join("\n")
}

/// The policy in force.
pub async fn show(app: &App) -> anyhow::Result<String> {
    let Some(applied) = policies::newest(&app.pool).await? else {
        return Ok("no policy: everything is as the settings say".to_owned());
    };
    Ok(format!(
        "# policy {}, applied at {}\n{}",
        applied.version,
        time::in_utc(applied.applied_at),
        applied.text.trim_end()
    ))
}

/// What somebody may do, and by which line: by an address or an athlete id.
pub async fn test(app: &App, who: &str) -> anyhow::Result<String> {
    let who = who.trim();
    let address = addresses::key(who).ok();
    let named = address.clone().unwrap_or_else(|| who.to_ascii_lowercase());
    anyhow::ensure!(
        address.is_some() || named.parse::<crate::ids::AthleteId>().is_ok(),
        "name somebody by an address such as name@club.example, or by an athlete id such as i12345"
    );
    let policy = super::now(app).await?;
    let issuer = app.config.issuer();
    let mut text = String::new();
    for id in policies::accounts_named(&app.pool, &named).await? {
        if let Some(known) = policies::of_account(&app.pool, id, issuer).await? {
            describe(app, &policy, Kind::Athlete, &known, &mut text);
        }
    }
    if text.is_empty() {
        let person = Person {
            address: address.clone(),
            athlete_id: address.is_none().then(|| named.clone()),
            ..Person::unknown(Kind::Athlete)
        };
        say(&mut text, &format!("{who} as an athlete: no account"));
        ways(app, &policy, &person, &mut text);
        sign_up(app, &policy, &person, &mut text);
    }
    let Some(address) = address else {
        return Ok(text.trim_end().to_owned());
    };
    if let Some(coach) = queries::coaches::by_email(&app.pool, &address).await? {
        if let Some(known) = policies::of_coach(&app.pool, coach.id, issuer).await? {
            describe(app, &policy, Kind::Coach, &known, &mut text);
        }
    } else {
        let person = Person {
            address: Some(address),
            ways: vec![Way::Email],
            ..Person::unknown(Kind::Coach)
        };
        say(&mut text, &format!("{who} as a coach: never invited"));
        ways(app, &policy, &person, &mut text);
    }
    Ok(text.trim_end().to_owned())
}

fn say(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

fn decision(text: &mut String, what: &str, verdict: Verdict<'_>) {
    let word = if verdict.allowed { "yes" } else { "no" };
    say(text, &format!("  {what}: {word} ({})", verdict.by));
}

/// Somebody who is known, with what the provider said.
fn describe(app: &App, policy: &Policy, kind: Kind, known: &Known, text: &mut String) {
    let person = person(kind, &known.facts);
    let (word, has) = match kind {
        Kind::Athlete => ("an athlete", &person.ways),
        Kind::Coach => ("a coach", &person.ways),
    };
    let has: Vec<&str> = has.iter().map(|way| way.as_str()).collect();
    let has = if has.is_empty() {
        "none".to_owned()
    } else {
        has.join(", ")
    };
    say(text, &format!("{} as {word}: ways in: {has}", known.called));
    ways(app, policy, &person, text);
    decision(text, "calls", policy.lets_in(&person, None));
    decision(text, "changes something", policy.lets_write(&person));
    if kind == Kind::Athlete {
        sign_up(app, policy, &person, text);
    }
    let Some(identity) = &known.facts.identity else {
        return say(text, "  claims: none, no identity of the provider is bound");
    };
    let at = identity.claims_at.map_or_else(
        || "the provider is asked again at the next call".to_owned(),
        |at| {
            let minutes = (app.clock.now() - at).num_minutes();
            format!("of {}, {minutes} min ago", time::in_utc(at))
        },
    );
    say(text, &format!("  claims: {at}"));
    for (name, values) in &identity.claims {
        let values = if values.is_empty() {
            "none".to_owned()
        } else {
            values.join(", ")
        };
        say(text, &format!("    {name}: {values}"));
    }
}

/// By which ways somebody may come in.
fn ways(app: &App, policy: &Policy, person: &Person, text: &mut String) {
    for way in person.kind.ways() {
        let what = format!("comes in by {way}");
        if is_set_up(app, *way) {
            decision(text, &what, policy.lets_in(person, Some(*way)));
        } else {
            say(text, &format!("  {what}: no (not set up)"));
        }
    }
}

/// Whether somebody could make an account, by any way.
fn sign_up(app: &App, policy: &Policy, person: &Person, text: &mut String) {
    if policy.is_empty() {
        let setting = app.config.sign_up();
        let address = person.address.as_ref().is_some_and(|key| setting.allows(key));
        let id = person.athlete_id.as_ref();
        let allowed = address || id.is_some_and(|id| setting.allows_athlete(id));
        let word = if allowed { "yes" } else { "no" };
        return say(text, &format!("  signs up: {word} (SIGN_UP, or its default)"));
    }
    let by_default = app.config.sign_up() != SignUp::Closed;
    let tried = person.kind.ways().iter().filter(|way| is_set_up(app, **way));
    let mut tried = tried.map(|way| policy.lets_sign_up(person, *way, by_default));
    let first = tried.next();
    let verdict = first
        .filter(|first| first.allowed)
        .or_else(|| tried.find(|verdict| verdict.allowed));
    if let Some(verdict) = verdict.or(first) {
        decision(text, "signs up", verdict);
    }
}
