//! Random mutations of what intervals.icu sends: wrong types, nulls, keys that are missing or twice, another order, rows twice.
//!
//! Each time one answer that a question needs is mutated, and the question is asked again. Whatever comes: the tool answers or
//! refuses in words, a row that is lost is counted, a row that came twice counts once, and what is missing is not shown as 0.
//!
//! `make test` does the same mutations each time, for a minute; `ICUSYNC_RANDOM_SEED` begins elsewhere, `ICUSYNC_RANDOM_SECS`
//! is how long, and `ICUSYNC_RANDOM_FINDS` after how many finds it stops.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use icusync::tools::CATALOGUE;
use icusync_sim::Fault;
use serde_json::{Map, Value, json};

use crate::world::{Dice, Mcp, World, test_with};

/// Keys whose mutation changes which rows belong to the answer.
const DECIDING: [&str; 10] = [
    "id",
    "type",
    "start_date_local",
    "source",
    "hide_from_athlete",
    "end_date_local",
    "category",
    "deleted",
    "deleted_by_id",
    "for_week",
];

/// What an answer was before anything was mutated.
struct Question {
    /// How the answer begins: whose it is.
    whose: &'static str,
    link: String,
    tool: &'static str,
    arguments: Value,
    text: String,
    /// Path with query, and the body.
    answers: Vec<(String, Value)>,
}

/// What was done to an answer.
struct Mutation {
    words: String,
    effect: Effect,
    /// Is in one row of a list only, so the others can be read.
    in_a_row: bool,
}

/// What an answer may be judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Only took something away, nowhere a whole row.
    TakesAway,
    /// Spoilt a whole row of the list, so that it cannot be read.
    SpoilsARow,
    /// Sent a row once more and in another order: the same data.
    SameRows,
    Other,
}

/// Its answer decides names, zones and units for a day, so only it is asked with a mutated profile.
const PROFILE: &str = "get_athlete_profile";

/// A mark in the text of JSON where something stands that no [`Value`] can hold.
const TWICE: &str = "__twice__";
const HALF: &str = "__half__";

/// The way to a random node below `value`, biased to shallow ones.
fn way(value: &Value, dice: &mut Dice) -> Vec<String> {
    let mut at = value;
    let mut way = Vec::new();
    loop {
        let keys: Vec<String> = match at {
            Value::Object(object) => object.keys().cloned().collect(),
            Value::Array(list) => (0..list.len()).map(|at| at.to_string()).collect(),
            _ => Vec::new(),
        };
        if keys.is_empty() || (!way.is_empty() && dice.below(4) == 0) {
            return way;
        }
        let key = dice.one(&keys).clone();
        at = match at {
            Value::Object(object) => &object[&key],
            _ => &at[key.parse::<usize>().unwrap()],
        };
        way.push(key);
    }
}

fn node<'a>(value: &'a mut Value, way: &[String]) -> &'a mut Value {
    way.iter().fold(value, |at, key| match at {
        Value::Object(object) => object.get_mut(key).unwrap(),
        at => &mut at[key.parse::<usize>().unwrap()],
    })
}

/// Takes a key or an element away.
fn remove(value: &mut Value, way: &[String]) {
    let Some((key, above)) = way.split_last() else {
        return;
    };
    match node(value, above) {
        Value::Object(object) => {
            object.remove(key);
        }
        Value::Array(list) => {
            list.remove(key.parse().unwrap());
        }
        _ => {}
    }
}

fn odd(dice: &mut Dice) -> Value {
    let odd = [
        json!("x"),
        json!(true),
        json!([]),
        json!({}),
        json!([1]),
        json!({"a": 1}),
        json!(-1),
        json!(1e18),
        json!("12"),
        json!("2026-13-45"),
        json!("»\u{202e}\n«"),
    ];
    dice.one(&odd).clone()
}

/// Mutates one thing.
fn mutate(value: &mut Value, dice: &mut Dice) -> Mutation {
    let rows = value.as_array().map_or(0, Vec::len);
    let way = way(value, dice);
    let path = way.join(".");
    let key = way.last().cloned().unwrap_or_default();
    let is_row = rows > 0 && way.len() == 1;
    let decides = way.iter().any(|key| DECIDING.contains(&key.as_str()));
    // Whoever sends another athlete's row sends nothing that is to be trusted.
    let in_a_row = rows > 0 && !way.is_empty() && !key.ends_with("athlete_id");
    let of = |what: &str, effect| Mutation {
        words: format!("{what} at {path}"),
        effect,
        in_a_row,
    };
    let spoils = if is_row { Effect::SpoilsARow } else { Effect::Other };
    let takes_away = if is_row || way.is_empty() || decides {
        Effect::Other
    } else {
        Effect::TakesAway
    };
    match dice.below(9) {
        0 | 1 => {
            *node(value, &way) = Value::Null;
            of("null", if is_row { spoils } else { takes_away })
        }
        2 if !is_row => {
            remove(value, &way);
            of("removed", takes_away)
        }
        3 if is_row => {
            let row = node(value, &way);
            if let Some(object) = row.as_object_mut() {
                object.remove("id");
            }
            of("no id", spoils)
        }
        4 if !way.is_empty() && key.parse::<usize>().is_err() => {
            let (last, above) = way.split_last().unwrap();
            let object = node(value, above).as_object_mut().unwrap();
            let again = object[last].clone();
            object.insert(format!("{TWICE}{last}"), again);
            of("twice", Effect::Other)
        }
        5 => {
            let Some(list) = value.as_array_mut().filter(|list| !list.is_empty()) else {
                return of("nothing", Effect::Other);
            };
            let row = dice.one(list).clone();
            let place = dice.below(list.len() + 1);
            list.insert(place, row);
            list.reverse();
            Mutation {
                words: "a row twice, reversed".to_owned(),
                effect: Effect::SameRows,
                in_a_row: true,
            }
        }
        6 => {
            // A figure that no row has.
            let named: Vec<String> = match value {
                Value::Array(list) => list
                    .iter()
                    .filter_map(Value::as_object)
                    .flat_map(Map::keys)
                    .cloned()
                    .collect(),
                Value::Object(object) => object.keys().cloned().collect(),
                _ => Vec::new(),
            };
            if named.is_empty() {
                return of("nothing", Effect::Other);
            }
            let name = dice.one(&named).clone();
            let decides = DECIDING.contains(&name.as_str());
            let rows = match value {
                Value::Array(list) => list.iter_mut().collect(),
                own => vec![own],
            };
            for object in rows.into_iter().filter_map(Value::as_object_mut) {
                object.insert(name.clone(), Value::Null);
            }
            Mutation {
                words: format!("{name} null in every row"),
                effect: if decides { Effect::Other } else { Effect::TakesAway },
                in_a_row: false,
            }
        }
        7 => {
            *node(value, &way) = json!(HALF);
            of("half a character", spoils)
        }
        _ => {
            let odd = odd(dice);
            let words = format!("{odd}");
            *node(value, &way) = odd;
            of(&words, spoils)
        }
    }
}

/// The text of JSON with what no value can hold.
fn written(value: &Value) -> String {
    value
        .to_string()
        .replace(TWICE, "")
        .replace(&format!("\"{HALF}\""), "\"\\ud800\"")
}

/// The figures of a text that are 0, in whatever form, but for those that count things.
fn zeros(text: &str) -> usize {
    const COUNTED: [&str; 16] = [
        "activities",
        "workouts",
        "events",
        "other",
        "of",
        "days",
        "races",
        "entries",
        "best",
        "hits",
        "more",
        "planned",
        "and",
        "nights",
        "efforts",
        "climbs",
    ];
    let words: Vec<&str> = text.split([' ', '\t', '\n', '|', '(', ')']).collect();
    let is_zero = |word: &str| {
        let word = word.trim_matches([',', ';', '.', ':', '+', '-', '−', '%']);
        !word.is_empty() && word.contains('0') && word.chars().all(|c| matches!(c, '0' | ':' | '.'))
    };
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| is_zero(word) && !words.get(at + 1).is_some_and(|next| COUNTED.contains(next)))
        .count()
}

/// Rows of a table of days.
fn days(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("20")).count()
}

/// The text without what people wrote.
fn without_fenced(text: &str) -> String {
    text.split('«')
        .map(|part| part.split_once('»').map_or(part, |(_, rest)| rest))
        .collect()
}

/// What is wrong with the answer.
fn judge(question: &Question, mutation: &[Mutation], answer: &crate::world::Call) -> Option<String> {
    if answer.status != 200 || !answer.answer["result"].is_object() {
        return Some(format!("no answer: {} {}", answer.status, answer.answer));
    }
    let text = answer.text();
    if answer.is_error() {
        if !text.starts_with("Not done: ") {
            return Some("a refusal that is none".to_owned());
        }
        let in_rows = mutation.iter().all(|one| one.in_a_row);
        return in_rows.then(|| format!("one row refuses the whole call: {text}"));
    }
    let all = |effect| mutation.iter().all(|one| one.effect == effect);
    if all(Effect::SameRows) && text != question.text {
        return Some("a row that came twice changes the answer".to_owned());
    }
    // Without a name in the profile, the id says whose it is.
    let of_profile = question.tool == PROFILE && text.starts_with("athlete ");
    if !of_profile && !text.starts_with(question.whose) {
        return Some("it does not begin with whose it is".to_owned());
    }
    let (was, said) = (without_fenced(&question.text), without_fenced(text));
    for bad in ["null", "NaN", " inf ", "\tinf", "Some(", "__", "\u{202e}"] {
        if said.contains(bad) && !was.contains(bad) {
            return Some(format!("it contains {bad:?}"));
        }
    }
    if all(Effect::TakesAway) {
        // A change between means is 0 for what is there, too.
        let changes = question.tool == "get_extended_metrics";
        let zeros = |text: &str| -> usize {
            let judged = text.lines().filter(|line| !changes || line.starts_with("20"));
            judged.map(zeros).sum()
        };
        if zeros(text) > zeros(&question.text) {
            return Some("missing is shown as 0".to_owned());
        }
    }
    let is_said = ["could not be read", "unreadable", "Not counted"]
        .iter()
        .any(|words| text.matches(words).count() > question.text.matches(words).count());
    if all(Effect::SpoilsARow) && days(text) < days(&question.text) && !is_said {
        return Some("a row is lost unsaid".to_owned());
    }
    None
}

/// Every read tool for some athletes, and some for their coach: how the answer begins, the connector, tool and arguments.
async fn asked(world: &Arc<World>) -> Vec<(&'static str, String, &'static str, Value)> {
    let more: BTreeMap<&str, Vec<Value>> = BTreeMap::from([
        (
            "get_training_history",
            vec![
                json!({"detail": "full", "include": ["planned"]}),
                json!({"sort": "load", "min_time": 30, "query": "e", "oldest": "2026-10-01"}),
            ],
        ),
        (
            "get_training_summary",
            vec![
                json!({"detail": "full", "include": ["planned"]}),
                json!({"compare": "last_year", "sport": "ride"}),
            ],
        ),
        (
            "get_wellness",
            vec![
                json!({"detail": "full"}),
                json!({"step": "week"}),
                json!({"query": "a"}),
            ],
        ),
        (
            "get_events",
            vec![
                json!({"oldest": "2026-11-09", "include": ["done"], "detail": "full"}),
                json!({"query": "run"}),
            ],
        ),
        (
            "get_fitness",
            vec![json!({"step": "week", "detail": "full", "oldest": "2026-09-01"})],
        ),
    ]);
    let mut asked = Vec::new();
    for seeded in [world.ana(), world.jack(), world.tria()] {
        for tool in CATALOGUE.iter().filter(|tool| tool.name().starts_with("get_")) {
            let defaults = world.defaults(seeded, tool).await.unwrap();
            let mut given = vec![defaults.clone()];
            given.extend(more.get(tool.name()).into_iter().flatten().cloned());
            if tool.name() == "get_activity_detail" {
                let mut whole = defaults;
                whole["detail"] = json!("full");
                whole["include"] = json!(["splits", "plan"]);
                given.push(whole);
            }
            let person = seeded.person.name;
            asked.extend(
                given
                    .into_iter()
                    .map(|given| (person, seeded.link.clone(), tool.name(), given)),
            );
        }
    }
    // As the coach of all three.
    let link = world.coaches().await.remove(0).link;
    for (whose, tool, given) in [
        ("Roster of coach@example.test", "get_roster_overview", json!({})),
        (
            "Roster of coach@example.test",
            "get_roster_overview",
            json!({"oldest": "2026-10-05"}),
        ),
        ("Jack Nguyen", "get_training_history", json!({"athlete": "Jack"})),
        ("Tríona", "get_events", json!({"athlete": "Tríona"})),
    ] {
        asked.push((whose, link.clone(), tool, given));
    }
    asked
}

/// The questions, with what each asked intervals.icu.
async fn questions(world: &Arc<World>) -> Vec<Question> {
    let profiles: Vec<String> = world
        .people
        .iter()
        .map(|seeded| format!("/api/v1/athlete/{}", seeded.person.athlete_id))
        .collect();
    let mut all = Vec::new();
    for (whose, link, tool, arguments) in asked(world).await {
        forget(world).await;
        world.sim.keep_exchanges();
        let call = world.mcp(&link).call(tool, arguments.clone()).await;
        let answers = world.sim.take_exchanges().into_iter().filter_map(|exchange| {
            let request = exchange.request;
            let body = serde_json::from_slice(&exchange.answered).ok()?;
            let query = if request.query.is_empty() {
                String::new()
            } else {
                format!("?{}", request.query)
            };
            (request.status == Some(200)).then(|| (format!("{}{query}", request.path), body))
        });
        let answers: Vec<_> = answers
            .filter(|(path, _)| tool == PROFILE || !profiles.contains(path))
            .collect();
        if call.is_error() || answers.is_empty() {
            continue;
        }
        all.push(Question {
            whose,
            link,
            tool,
            arguments,
            text: call.text().to_owned(),
            answers,
        });
    }
    all
}

/// Makes the service ask intervals.icu anew.
async fn forget(world: &World) {
    sqlx::query("update connections set write_number = write_number + 1")
        .execute(&world.app.pool)
        .await
        .unwrap();
    world.sim.set_remaining(2500, 8000);
}

/// Asks one question after mutating something that it needs; what is wrong.
async fn once(
    world: &World,
    questions: &[Question],
    clients: &BTreeMap<&str, Mcp>,
    seed: u64,
) -> Option<String> {
    let mut dice = Dice(seed);
    let question = dice.one(questions);
    let (path, body) = dice.one(&question.answers);
    let mut mutated = body.clone();
    let count = 1 + dice.below(2);
    let mutations: Vec<Mutation> = (0..count).map(|_| mutate(&mut mutated, &mut dice)).collect();
    let fault = Fault::on(path).status(200).body(written(&mutated));
    forget(world).await;
    world.sim.clear_faults();
    world.sim.fault(fault);
    let answer = clients[&*question.link]
        .call(question.tool, question.arguments.clone())
        .await;
    if question.tool == PROFILE {
        forget(world).await;
        world.sim.clear_faults();
        let again = clients[&*question.link].call(PROFILE, json!({})).await;
        assert!(!again.is_error(), "{}", again.text());
    }
    let wrong = judge(question, &mutations, &answer)?;
    let mut report = format!(
        "{wrong}\nseed {seed}: {} {} {}\n{path}\n",
        question.whose, question.tool, question.arguments
    );
    for mutation in &mutations {
        let _ = writeln!(report, "- {}", mutation.words);
    }
    let text = answer.answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default();
    for line in question.text.lines().filter(|line| !text.contains(line)) {
        let _ = writeln!(report, "was: {line}");
    }
    for line in text.lines().filter(|line| !question.text.contains(line)) {
        let _ = writeln!(report, "is:  {line}");
    }
    Some(report)
}

#[tokio::test(flavor = "multi_thread")]
async fn mutated_answers_for_a_while_mislead_nobody() {
    let secs = std::env::var("ICUSYNC_RANDOM_SECS").map_or(5, |secs| secs.parse().unwrap());
    let first =
        std::env::var("ICUSYNC_RANDOM_SEED").map_or_else(|_| 20_261_121, |seed| seed.parse().unwrap());
    let most = std::env::var("ICUSYNC_RANDOM_FINDS").map_or(1, |most| most.parse().unwrap());
    test_with(
        |config| {
            config.calls_per_minute = 1_000_000;
            config.intervals_per_second = 10_000;
            config.intervals_per_day = 100_000_000;
        },
        async |world| {
            let questions = questions(&world).await;
            assert!(questions.len() > 40, "{}", questions.len());
            let clients: BTreeMap<&str, Mcp> = questions
                .iter()
                .map(|question| (&*question.link, Mcp::at(&question.link)))
                .collect();
            let end = Instant::now() + Duration::from_secs(secs);
            let (mut found, mut seed) = (Vec::new(), first);
            while Instant::now() < end && found.len() < most {
                found.extend(once(&world, &questions, &clients, seed).await);
                seed += 1;
            }
            world.sim.clear_faults();
            assert!(
                found.is_empty(),
                "{} of {} ({} questions):\n\n{}",
                found.len(),
                seed - first,
                questions.len(),
                found.join("\n=====\n")
            );
            assert!(seed - first > secs, "{} in {secs} s", seed - first);
        },
    )
    .await;
}
