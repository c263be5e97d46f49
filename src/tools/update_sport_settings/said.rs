//! What is said of thresholds and zones before and after they change, and of what follows. Pure.

use super::plan::{Plan, numbers, sees};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Values, positive},
    tools::{
        Answer,
        answer::{
            self,
            bands::{BY_PACE, UPWARDS, ranges, zone_list},
            units::{self, PaceUnit},
            words::{around, joined},
        },
        records::{
            self,
            sport::{pace_of, title},
        },
        writing::{
            record::{Edit, Edited, Fate, already_so, back::may_stay, listed, outcome},
            said::undo_hint,
        },
    },
    training::zones,
};

/// What the call asks for is there.
pub(super) fn already(ask: &Ask, plan: &Plan) -> Answer {
    let edit = &plan.edit;
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &["already so, nothing written".to_owned()],
    );
    Answer::of([
        heading,
        format!(
            "settings of {}: {}",
            title(&edit.name, &edit.context),
            edit.standing(ask.card.units)
        ),
    ])
}

/// What would change, what follows, and the token for the second call.
pub(super) fn previewed(ask: &Ask, plan: &Plan, token: &str) -> Answer {
    let card = &ask.card;
    let edit = plan.edit.clone().needed();
    let after = edit.stands.with(&edit.changes);
    let heading = answer::first_line(card, ask.today(), &["preview, nothing written".to_owned()]);
    let would = [
        listed(&edit.would(card.units)),
        already_so(&plan.edit, card.units),
    ];
    let title = format!("settings of {}: {}", edit.name, joined(would, "; "));
    let end = format!(
        "Nothing is written yet. To write exactly this, repeat the call with confirm: \"{token}\" within ten minutes."
    );
    let before = zones_in(card, &edit, &edit.stands)
        .into_iter()
        .map(|zones| format!("Before: {zones}"));
    let after = zones_in(card, &edit, &after)
        .into_iter()
        .map(|zones| format!("After: {zones}"));
    Answer::of(
        [heading, title]
            .into_iter()
            .chain(before)
            .chain(after)
            .chain(plan.notes.clone())
            .chain(plan.warnings.clone())
            .chain(follows(card, &edit))
            .chain([stays(&edit), end]),
    )
}

/// What came of it.
pub(super) fn written(ask: &Ask, plan: &Plan, edit: &Edit, edited: &[Edited]) -> Answer {
    let card = &ask.card;
    let Some(tried) = edited.first() else {
        return already(ask, plan);
    };
    let number = format!("(change {})", tried.number);
    let title = format!("settings of {}", title(&edit.name, &edit.context));
    let Fate::Stands { now, otherwise } = &tried.fate else {
        let what = if matches!(tried.fate, Fate::Unknown(_)) {
            "not known"
        } else {
            "not written"
        };
        return Answer::of([
            answer::first_line(card, ask.today(), &[what.to_owned()]),
            format!(
                "{title}: {}; asked for {} {number}",
                tried.failed().unwrap_or_default(),
                listed(&edit.would(card.units))
            ),
        ]);
    };
    let what = if otherwise.is_empty() {
        "written"
    } else {
        "written, but NOT AS SENT"
    };
    let zones = zones_in(card, edit, now);
    let zones = zones.into_iter().map(|zones| format!("Now: {zones}"));
    Answer::of(
        [
            answer::first_line(card, ask.today(), &[what.to_owned()]),
            format!(
                "{title}: {} {number}",
                joined(
                    outcome(edit, now, otherwise, card.units)
                        .into_iter()
                        .chain([already_so(&plan.edit, card.units)]),
                    "; "
                )
            ),
            moved_along(card, edit, now),
        ]
        .into_iter()
        .chain(unfit_names(card, edit, now))
        .chain(plan.notes.clone())
        .chain(zones)
        .chain(follows(card, edit))
        .chain([stays(edit), undo_hint(card, vec![tried.number], "undoes that")]),
    )
}

/// Fields that the call does not write and that are otherwise all the same.
fn moved_along(card: &AthleteCard, edit: &Edit, now: &Values) -> String {
    let is_news = |name: &&str| *name != "updated" && edit.changes.names().all(|own| own != *name);
    let moved: Vec<&str> = now.not_in(&edit.stands).into_iter().filter(is_news).collect();
    let words = moved.iter().map(|name| {
        let label = records::label(&edit.of, name);
        if sees(card, &edit.changes, name) {
            let shown =
                |values: &Values| records::shown(&edit.of, name, values.get(name), &edit.context, card.units);
            format!("{label} {} → {}", shown(&edit.stands), shown(now))
        } else {
            label
        }
    });
    around(
        "Also otherwise now, though this call did not send it:",
        &joined(words, ", "),
        "",
    )
}

/// Names of zones that are more or fewer than the zones, after only one of the two was taken.
fn unfit_names(card: &AthleteCard, edit: &Edit, now: &Values) -> Vec<String> {
    let count = |field: &str| {
        let seen = sees(card, &edit.changes, field);
        now.get(field)
            .as_array()
            .map(Vec::len)
            .filter(|count| seen && *count > 0)
    };
    let line = |(zones, names): (&str, &str)| {
        let touched = edit.changes.names().any(|name| [zones, names].contains(&name));
        let (zones_now, names_now) = count(zones).zip(count(names))?;
        (touched && zones_now != names_now).then(|| {
            format!(
                "The names no longer fit the {}: there are {zones_now} zones and {names_now} names. Send the zones and zone_names once \
                 more, or take this change back.",
                records::label(&edit.of, zones)
            )
        })
    };
    let kinds = [
        ("power_zones", "power_zone_names"),
        ("hr_zones", "hr_zone_names"),
        ("pace_zones", "pace_zone_names"),
    ];
    kinds.into_iter().filter_map(line).collect()
}

/// The zones that the changes move, in watts and paces, where their bounds are percentages.
fn zones_in(card: &AthleteCard, edit: &Edit, values: &Values) -> Vec<String> {
    let changes = |name: &str| edit.changes.names().any(|own| own == name);
    let seen = |name: &str| sees(card, &edit.changes, name);
    let names = |field: &str| -> Vec<Option<String>> {
        let names = values.get(field).as_array().filter(|_| seen(field));
        let all = names.into_iter().flatten();
        all.map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let mut lines = Vec::new();
    for (field, label) in [
        ("ftp", "power zones at FTP"),
        ("indoor_ftp", "indoor power zones at FTP"),
    ] {
        let bounds = numbers(values.get("power_zones"));
        let Some(ftp) = positive(values.number(field)) else {
            continue;
        };
        let touched = changes(field) || changes("power_zones");
        if touched && seen(field) && seen("power_zones") && !bounds.is_empty() {
            let bands = ranges(&zones::watts(&bounds, ftp), UPWARDS, units::whole);
            let list = zone_list(&bands, &names("power_zone_names"));
            lines.push(format!("{label} {} W: {list}", units::whole(ftp)));
        }
    }
    let bounds = numbers(values.get("pace_zones"));
    if let Some(threshold) = positive(values.number("threshold_pace"))
        && (changes("threshold_pace") || changes("pace_zones"))
        && seen("threshold_pace")
        && seen("pace_zones")
        && !bounds.is_empty()
    {
        let unit: PaceUnit = pace_of(&edit.context, card.units);
        let bands = ranges(&zones::speeds(&bounds, threshold), BY_PACE, |speed| {
            unit.time(Some(speed))
        });
        let list = zone_list(&bands, &names("pace_zone_names"));
        lines.push(format!("pace zones at {}: {list}", unit.pace(Some(threshold))));
    }
    lines
}

/// What follows from the changes, and what does not.
fn follows(card: &AthleteCard, edit: &Edit) -> Vec<String> {
    let changes = |name: &str| edit.changes.names().any(|own| own == name);
    let mut lines = Vec::new();
    let indoor = positive(edit.stands.number("indoor_ftp"));
    if let Some(indoor) = indoor.filter(|_| changes("ftp") && !changes("indoor_ftp"))
        && sees(card, &edit.changes, "indoor_ftp")
    {
        lines.push(format!("Indoor FTP stays {} W.", units::whole(indoor)));
    }
    if changes("lthr") && !changes("hr_zones") {
        lines.push("Heart-rate zones are in bpm and do not move with LTHR.".to_owned());
    }
    let aims = [
        "ftp",
        "indoor_ftp",
        "power_zones",
        "lthr",
        "max_hr",
        "hr_zones",
        "threshold_pace",
        "pace_zones",
    ];
    if !aims.iter().any(|name| changes(name)) {
        return lines;
    }
    lines.push(
        "Planned workouts in % or zones go by the new values; the load shown for them stays until intervals.icu computes it again. \
         Past activities keep their figures unless the athlete has intervals.icu apply these settings to them; IcuSync does not."
            .to_owned(),
    );
    lines
}

/// What an undo may leave.
fn stays(edit: &Edit) -> String {
    let stays = may_stay(&edit.back());
    if stays.is_empty() {
        stays
    } else {
        format!("Not set before: {stays}.")
    }
}
