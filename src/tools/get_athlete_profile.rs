//! get_athlete_profile: the athlete's person, units, thresholds and zones, and what is not set.
//!
//! One request: `GET /athlete/{id}`; another one for gear. Zones come only from the athlete's own settings.

mod sport;

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self as shape,
        units::{self, positive},
    },
    arguments::{Arguments, Detail},
    gear,
    params::Param,
    part::{Part, Source, settle},
    thresholds::{fresh, weight_of},
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::model::{Athlete, Gear},
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_ATHLETE_PROFILE,
    description: "Name, time zone, units, age, weight, and by sport FTP, W′, LTHR (threshold heart rate), max HR, threshold \
        pace and the athlete's own power, HR and pace zones; what is not set is named.",
    params: PARAMS,
    requests: "1, 2 with gear",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const PARAMS: &[Param] = &[
    Param::detail("indoor zones, zone bounds in percent and load order"),
    Param::words("include", &["gear"], "gear: bikes and shoes"),
];

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let detail = arguments.detail()?;
    let has_gear = arguments.includes("gear")?;
    let athlete = ask.upstream.profile().await?;
    let gear = if has_gear {
        its_gear(&ask).await?
    } else {
        Part::NotAsked
    };
    let gear = gear.text(|all| format!("## Gear\n{}", gear::table(all, ask.card.units)));
    Ok(answer(&ask.card, ask.now, &athlete, detail).and([gear]))
}

/// Which gear there is belongs to the activities: a coach sees it with what shows or changes one.
async fn its_gear(ask: &Ask) -> Result<Part<Vec<Gear>>, ToolError> {
    let tools = [&permissions::GET_ACTIVITY_DETAIL, &permissions::UPDATE_ACTIVITY];
    if !tools.iter().any(|tool| ask.card.shows(tool)) {
        return Ok(Part::not_granted("Gear", tools[0]));
    }
    settle("Gear", Source::Activities, ask.upstream.gear().await)
}

/// Renders what was just fetched. It is newer than the row behind the card, which may be a day old.
pub(super) fn answer(card: &AthleteCard, now: DateTime<Utc>, athlete: &Athlete, detail: Detail) -> Answer {
    let card = fresh(card, athlete);
    let today = now.with_timezone(&card.zone).date_naive();
    render(&card, today, athlete, detail)
}

/// The id, for athletes only: a coach's answer has it next to the name.
fn own_id(card: &AthleteCard) -> Vec<String> {
    let own = (!card.is_for_coach()).then(|| format!("athlete {}", card.id));
    own.into_iter().collect()
}

fn render(card: &AthleteCard, today: NaiveDate, athlete: &Athlete, detail: Detail) -> Answer {
    let mut blocks = vec![
        shape::first_line(card, today, &own_id(card)),
        person(athlete, today, card.units),
    ];
    let settings = athlete.sport_settings.as_deref().unwrap_or_default();
    let mut shown = sport::Shown::default();
    for own in settings {
        blocks.push(sport::block(own, athlete, card.units, detail, &mut shown));
    }
    if settings.is_empty() {
        blocks.push(
            "intervals.icu shows no sport settings in this profile: thresholds and zones are not known here."
                .to_owned(),
        );
    }
    if athlete.status.as_deref() == Some("DORMANT") {
        blocks.push(
            "intervals.icu treats this account as dormant: it processes no new files until the athlete opens intervals.icu."
                .to_owned(),
        );
    }
    Answer::of(blocks)
}

/// Age, body and units; what is not set is named once.
fn person(athlete: &Athlete, today: NaiveDate, own: Units) -> String {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let mut add = |what: &'static str, text: String| {
        if text.is_empty() {
            unknown.push(what);
        } else {
            known.push(text);
        }
    };
    let named = |name: &str, value: String, unit: &str| {
        if value.is_empty() {
            value
        } else {
            format!("{name} {value} {unit}")
        }
    };
    let age = athlete
        .icu_date_of_birth
        .and_then(|born| today.years_since(born))
        .filter(|age| *age < 130);
    add("age", age.map(|age| format!("age {age}")).unwrap_or_default());
    let sex = match athlete.sex.as_deref() {
        Some("F") => "female",
        Some("M") => "male",
        _ => "",
    };
    add("sex", sex.to_owned());
    let kg = weight_of(athlete);
    add(
        "weight",
        named("weight", units::weight(kg, own), units::weight_unit(own)),
    );
    let centimetres = positive(athlete.height).map(|metres| metres * 100.0);
    if own.imperial {
        add(
            "height",
            named("height", units::whole(centimetres.map(|cm| cm / 2.54)), "in"),
        );
    } else {
        add("height", named("height", units::whole(centimetres), "cm"));
    }
    let resting = positive(athlete.icu_resting_hr);
    add("resting HR", named("resting HR", units::whole(resting), "bpm"));
    known.push(format!(
        "units {}, {}, {}",
        units::distance_unit(own),
        units::weight_unit(own),
        if own.fahrenheit { "°F" } else { "°C" }
    ));
    if !unknown.is_empty() {
        known.push(format!("not set: {}", unknown.join(", ")));
    }
    known.join(" · ")
}
