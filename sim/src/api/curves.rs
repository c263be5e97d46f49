//! Curves over many activities: the best of every duration or distance in a period.
//!
//! Choosing and merging only; the bests of each activity are made in `efforts`. Filters, ranks and submaximal efforts
//! are not answered.

use axum::Json;
use chrono::{Days, Months, NaiveDate};
use serde_json::{Map, Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete,
    calendar::midnight,
    dice::{round, whole},
    efforts::{AFTER_KJ, METRES, SECS, by_power, efforts, pace_models, power_models},
    params::date,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::fill,
    season::Kind,
    track::is_recorded,
    training::Done,
    world::World,
};

/// Which bests a curve is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Power,
    Heart,
    Pace,
    Graded,
}

/// One requested curve.
#[derive(Debug)]
struct Asked {
    id: String,
    label: String,
    oldest: NaiveDate,
    newest: NaiveDate,
    days: i64,
    /// Which of the tired ones.
    after: Option<usize>,
}

/// The sports that go with `sport` in the person's settings; a word that is not one of upstream's answers 500.
fn family(person: &Person, day: NaiveDate, sport: &str) -> Result<Vec<String>, Refusal> {
    let known = sport.len() > 2
        && sport.chars().all(|c| c.is_ascii_alphabetic())
        && sport.starts_with(|c: char| c.is_ascii_uppercase());
    if !known {
        return Err(Refusal::mismatch(
            "type",
            "com.playstarz.web.strava.model.ActivityType",
            sport,
        ));
    }
    let settings = athlete::sport_settings(person, day);
    let group = settings.iter().find(|group| athlete::is_for(group, sport));
    let types = group.map(|group| athlete::types(group).map(str::to_owned).collect());
    Ok(types.unwrap_or_else(|| vec![sport.to_owned()]))
}

/// First days of the seasons up to `today`, the last first: where the calendar says so, else each 1 January.
fn seasons(world: &World, person: &'static Person, today: NaiveDate) -> Vec<NaiveDate> {
    let begun = world
        .events(person, FIRST_DAY, today, false)
        .into_iter()
        .filter_map(|event| {
            let is_start = event
                .get("category")
                .is_some_and(|category| category == "SEASON_START");
            let day = event.get("start_date_local")?.as_str()?.get(..10)?.parse().ok()?;
            is_start.then_some(day)
        });
    let mut starts: Vec<NaiveDate> = begun.collect();
    if starts.is_empty() {
        let years = chrono::Datelike::year(&FIRST_DAY)..=chrono::Datelike::year(&today);
        starts.extend(years.filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1)));
    }
    starts.sort_unstable_by(|a, b| b.cmp(a));
    starts.dedup();
    starts
}

/// `42d`, `1y`, `s0`, `all`, `r.2026-01-01.2026-03-31`, each perhaps with `-kj0`.
fn asked(world: &World, person: &'static Person, spec: &str, today: NaiveDate) -> Result<Asked, Refusal> {
    let wrong = || Refusal::unprocessable(format!("Invalid curve [{spec}]"));
    let (plain, after) = match spec.rsplit_once("-kj") {
        Some((plain, "0")) => (plain, Some(0)),
        Some((plain, "1")) => (plain, Some(1)),
        Some(_) => return Err(wrong()),
        None => (spec, None),
    };
    let count = |unit| {
        plain
            .strip_suffix(unit)
            .and_then(|count: &str| count.parse::<u32>().ok())
            .filter(|count| *count > 0)
    };
    let season = plain
        .strip_prefix('s')
        .and_then(|number| number.parse::<usize>().ok());
    let plural = |count: u32, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let (oldest, newest, days, label) = if let Some(count) = count("d") {
        let oldest = today
            .checked_sub_days(Days::new(u64::from(count) - 1))
            .ok_or_else(wrong)?;
        (oldest, today, i64::from(count), plural(count, "day"))
    } else if let Some(count) = count("y") {
        let months = Months::new(count.checked_mul(12).ok_or_else(wrong)?);
        let oldest = today.checked_sub_months(months).ok_or_else(wrong)?;
        (oldest, today, (today - oldest).num_days(), plural(count, "year"))
    } else if let Some(number) = season {
        let starts = seasons(world, person, today);
        let oldest = *starts.get(number).ok_or_else(wrong)?;
        let newest = match number.checked_sub(1) {
            Some(next) => starts[next] - Days::new(1),
            None => today,
        };
        let label = if number == 0 { "This season" } else { "Last season" };
        (oldest, newest, (newest - oldest).num_days() + 1, label.to_owned())
    } else if plain == "all" {
        (
            FIRST_DAY,
            today,
            (today - FIRST_DAY).num_days() + 1,
            "All time".to_owned(),
        )
    } else {
        let (oldest, newest) = plain
            .strip_prefix("r.")
            .and_then(|range| range.split_once('.'))
            .ok_or_else(wrong)?;
        let (oldest, newest) = (date(oldest)?, date(newest)?);
        (
            oldest,
            newest,
            (newest - oldest).num_days() + 1,
            format!("{oldest} - {newest}"),
        )
    };
    let tired = after.map_or(String::new(), |n| format!(" after {} kJ", AFTER_KJ[n]));
    Ok(Asked {
        id: spec.to_owned(),
        label: format!("{label}{tired}"),
        oldest,
        newest,
        days,
        after,
    })
}

/// Readable activities of these sports on these days, newest first. Activities before the first day are too small to hold a
/// best, and are left out.
fn among(
    world: &World,
    person: &'static Person,
    sports: &[String],
    oldest: NaiveDate,
    newest: NaiveDate,
) -> Vec<Done> {
    let days = oldest.max(FIRST_DAY)..=newest;
    world.activities(person, |done| {
        let wanted = days.contains(&done.day()) && sports.iter().any(|sport| sport == done.sport);
        (wanted && is_recorded(done)).then(|| done.clone())
    })
}

/// The bests of one activity.
fn bests(person: &Person, done: &Done, of: Of, after: Option<usize>) -> Vec<u32> {
    match (of, after) {
        (Of::Power, Some(n)) => by_power(person, done).tired[n].clone(),
        (Of::Power, None) => by_power(person, done).fresh.clone(),
        (Of::Heart, _) => efforts(person, done).heart.clone(),
        (Of::Pace, _) => efforts(person, done).pace.clone(),
        (Of::Graded, _) => efforts(person, done).graded.clone(),
    }
}

/// The best of all, with the number of its activity; never better for longer.
fn merge(all: &[Vec<u32>], lower_is_better: bool) -> Vec<(u32, usize)> {
    let longest = all.iter().map(Vec::len).max().unwrap_or_default();
    let mut merged: Vec<(u32, usize)> = (0..longest)
        .filter_map(|n| {
            let values = all
                .iter()
                .enumerate()
                .filter_map(|(number, bests)| Some((*bests.get(n)?, number)));
            if lower_is_better {
                values.min_by_key(|(value, _)| *value)
            } else {
                values.max_by_key(|(value, _)| *value)
            }
        })
        .collect();
    for n in (1..merged.len()).rev() {
        let better = if lower_is_better {
            merged[n].0 < merged[n - 1].0
        } else {
            merged[n].0 > merged[n - 1].0
        };
        if better {
            merged[n - 1] = merged[n];
        }
    }
    merged
}

/// One curve, and the activities that it names.
fn curve(person: &Person, done: &[Done], asked: &Asked, of: Of) -> (Object, Vec<usize>) {
    let all: Vec<Vec<u32>> = done
        .iter()
        .map(|done| bests(person, done, of, asked.after))
        .collect();
    let by_distance = matches!(of, Of::Pace | Of::Graded);
    let merged = merge(&all, by_distance);
    let values: Vec<u32> = merged.iter().map(|best| best.0).collect();
    let ids: Vec<&str> = merged.iter().map(|best| done[best.1].id.as_str()).collect();
    let mut object = Map::new();
    fill(
        &mut object,
        json!({
            "id": asked.id, "label": asked.label, "start_date_local": midnight(asked.oldest),
            "end_date_local": midnight(asked.newest), "days": asked.days,
            "moving_time": done.iter().map(|done| done.secs).sum::<u32>(),
            "training_load": done.iter().filter_map(|done| done.load).sum::<u32>(), "weight": person.weight,
            "values": values, "activity_id": ids,
        }),
    );
    let more = match of {
        Of::Power => {
            let kg = person.weight;
            let at_five = SECS
                .iter()
                .position(|secs| *secs == 300)
                .and_then(|n| values.get(n))
                .map(|watts| f64::from(*watts));
            json!({
                "secs": SECS[..values.len()], "wkg_activity_id": ids,
                "watts_per_kg": values.iter().map(|watts| round(f64::from(*watts) / kg, 3)).collect::<Vec<_>>(),
                "powerModels": power_models(&values),
                "vo2max_5m": at_five.map(|watts| round(10.8 * watts / kg + 7.0, 2)),
                "compound_score_5m": at_five.map(|watts| whole((watts * watts / kg).floor())),
            })
        }
        Of::Heart => json!({"secs": SECS[..values.len()]}),
        Of::Pace | Of::Graded => json!({
            "distance": METRES[..values.len()], "type": if of == Of::Pace { "PACE" } else { "GAP" },
            "paceModels": pace_models(&values),
        }),
    };
    fill(&mut object, more);
    if let Some(n) = asked.after {
        object.insert("after_kj".into(), json!(AFTER_KJ[n]));
    }
    object.retain(|_, value| !value.is_null());
    (object, merged.into_iter().map(|best| best.1).collect())
}

/// What `activities` says about one.
fn mention(person: &Person, done: &Done) -> Value {
    json!({
        "id": done.id, "start_date_local": done.start, "name": done.session.name, "distance": done.distance,
        "moving_time": done.secs, "icu_training_load": done.load, "icu_weight": person.weight,
        "race": matches!(done.session.kind, Kind::Race(_)),
    })
}

/// The requested curves, and the activities that they name.
fn set(ask: &Ask, of: Of) -> Answer<Value> {
    let today = match ask.params.get("newest").or_else(|| ask.params.get("now")) {
        Some(day) => date(day.get(..10).unwrap_or(day))?,
        None => ask.today(),
    };
    let sport = match ask.params.get("type") {
        Some(sport) => sport,
        None if of == Of::Power => return Err(Refusal::absent("type", "ActivityType")),
        None => "Run",
    };
    let sports = family(ask.person, today, sport)?;
    let specs = ask.params.list("curves").unwrap_or_else(|| vec!["1y".to_owned()]);
    let (mut list, mut activities) = (Vec::new(), Map::new());
    for spec in specs {
        let asked = asked(&ask.world, ask.person, &spec, today)?;
        let done = among(&ask.world, ask.person, &sports, asked.oldest, asked.newest);
        let (curve, used) = curve(ask.person, &done, &asked, of);
        for number in used {
            activities.insert(done[number].id.clone(), mention(ask.person, &done[number]));
        }
        list.push(curve);
    }
    Ok(Json(json!({"list": list, "activities": activities})))
}

/// `GET /athlete/{id}/power-curves`.
pub(super) fn power(ask: &Ask) -> Answer<Value> {
    set(ask, Of::Power)
}

/// `GET /athlete/{id}/hr-curves`.
pub(super) fn heart(ask: &Ask) -> Answer<Value> {
    set(ask, Of::Heart)
}

/// `GET /athlete/{id}/pace-curves`.
pub(super) fn pace(ask: &Ask) -> Answer<Value> {
    set(
        ask,
        if ask.params.flag("gap") {
            Of::Graded
        } else {
            Of::Pace
        },
    )
}
