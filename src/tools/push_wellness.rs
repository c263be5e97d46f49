//! push_wellness: weight, sleep, how it feels, notes and the athlete's own fields of one or several wellness days.
//!
//! At most four requests: the athlete's own fields if one is named (`GET /athlete/{id}/custom-item`), the days with those before
//! them (`GET /athlete/{id}/wellness`), the values (`PUT /athlete/{id}/wellness/{date}`, or `PUT …/wellness-bulk` for several
//! days), and what stands there afterwards. One for each day where upstream refused them together.

mod asked;

use serde_json::{Map, Value};

use self::asked::{Asked, PARAMS};
use super::{
    Answer, Run, Tool,
    answer::{self, counted, units, words::joined},
    writing::{
        Writing,
        record::{
            Edit, Edited, Fate, already_so,
            back::{may_stay, restores},
            listed, outcome, told,
        },
        said::undo_hint,
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::RecordId,
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::PUSH_WELLNESS,
    description: "Writes values of wellness days, today's or past: weight, sleep, HRV, soreness, mood, steps, note … Only what is given \
        changes; read back; undo_change puts old values back, but cannot empty what was not set before.",
    params: PARAMS,
    requests: "3–4",
    run: Run::Write(|granted, given| Box::pin(push(granted, given))),
};

async fn push(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let asked = Asked::read(given, ask)?;
    let asked = if asked.has_own() {
        asked.with_own(&ask.upstream.custom_fields().await?)?
    } else {
        asked
    };
    if asked.preview {
        let rows = ask.upstream.days(asked.usual_from(), asked.newest()).await?;
        return Ok(previewed(ask, &asked.edits(&rows, ask)?).and(asked.read_as()));
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = push_in(ask, &mut writing, &asked).await;
    writing.end(done).await
}

async fn push_in(ask: &Ask, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let rows = writing
        .upstream()
        .days(asked.usual_from(), asked.newest())
        .await?;
    let all = asked.edits(&rows, ask)?;
    let (edits, edited) = writing.edit_needed(all.iter()).await?;
    let already = all.len() - edits.len();
    told(
        said(ask, &all, &edits, &edited).and(asked.read_as()),
        &edited,
        already,
    )
}

fn day_of(edit: &Edit) -> String {
    match edit.of {
        RecordId::Day(day) => units::date(day),
        _ => String::new(),
    }
}

fn previewed(ask: &Ask, all: &[Edit]) -> Answer {
    let heading = answer::first_line(&ask.card, ask.today(), &["preview, nothing written".to_owned()]);
    let lines = all.iter().map(|edit| {
        let needed = edit.clone().needed();
        let would = if edit.is_needed() {
            joined(
                [
                    listed(&needed.would(ask.card.units)),
                    already_so(edit, ask.card.units),
                    locked(edit).to_owned(),
                ],
                "; ",
            )
        } else {
            "nothing to write, all of it stands there already".to_owned()
        };
        format!("{}: {would}", day_of(edit))
    });
    Answer::of(
        std::iter::once(heading)
            .chain(lines)
            .chain([cannot_be_emptied(all)]),
    )
}

/// A day that the athlete locked.
fn locked(edit: &Edit) -> &'static str {
    if edit.stands.get("locked") == &Value::Bool(true) {
        "the athlete locked this day at intervals.icu, which may keep it as it is"
    } else {
        ""
    }
}

fn cannot_be_emptied(edits: &[Edit]) -> String {
    let stays = edits.iter().any(|edit| !may_stay(&edit.back()).is_empty());
    if stays {
        "An undo cannot empty what was not set before: that goes by hand on the wellness page of intervals.icu.".to_owned()
    } else {
        String::new()
    }
}

fn said(ask: &Ask, all: &[Edit], edits: &[Edit], edited: &[Edited]) -> Answer {
    let own = ask.card.units;
    let (mut done, mut not_as_sent, mut already, mut not, mut unknown) = (0, 0, 0, 0, 0);
    // The changes of which an undo restores anything.
    let mut restorable = Vec::new();
    let mut written: Vec<Edit> = Vec::new();
    let mut lines = Vec::new();
    for edit in all {
        let day = day_of(edit);
        let Some(at) = edits.iter().position(|needed| needed.of == edit.of) else {
            already += 1;
            lines.push(format!("{day}: already so: {}", edit.standing(own)));
            continue;
        };
        let so = already_so(edit, own);
        let (edit, Some(tried)) = (&edits[at], edited.get(at)) else {
            continue;
        };
        let number = format!("(change {})", tried.number);
        match &tried.fate {
            Fate::Stands { now, otherwise } => {
                let taken = |name: &str| !otherwise.iter().any(|other| other == name);
                written.push(Edit {
                    changes: edit.changes.only(taken),
                    ..edit.clone()
                });
                restorable.extend(restores(edit).then_some(tried.number));
                let mut outcome = outcome(edit, now, otherwise, own);
                if otherwise.is_empty() {
                    done += 1;
                } else {
                    not_as_sent += 1;
                    outcome.push(locked(edit).to_owned());
                }
                outcome.push(so);
                lines.push(format!("{day}: {} {number}", joined(outcome, "; ")));
            }
            fate => {
                *if matches!(fate, Fate::Unknown(_)) {
                    &mut unknown
                } else {
                    &mut not
                } += 1;
                let why = joined(
                    [tried.failed().unwrap_or_default(), locked(edit).to_owned()],
                    "; ",
                );
                lines.push(format!("{day}: {why} {number}"));
            }
        }
    }
    let days =
        |count: usize, what: &str| (count > 0).then(|| format!("{} {what}", counted(count, "day", "days")));
    let counts = [
        days(done, "written"),
        days(not_as_sent, "written, but NOT AS SENT"),
        days(already, "already so"),
        days(not, "not written"),
        days(unknown, "not known"),
    ];
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &[joined(counts.into_iter().flatten(), ", ")],
    );
    let stays = cannot_be_emptied(&written);
    let undo = undo_hint(&ask.card, restorable, "undoes that");
    Answer::of(std::iter::once(heading).chain(lines).chain([stays, undo]))
}
