//! What is said of a write: each entry as it stands on the calendar or, in a preview, as it would.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{
    Fate, NAME, NO_TOKEN, Tried,
    entry::{Prepared, is_same, precisely},
    field_words,
};
use crate::{
    guard::AthleteCard,
    intervals::model::{self, EntryFields, Event, Held, Length},
    permissions,
    text::{clean, fenced},
    tool_error::ToolError,
    tools::{
        answer::{
            counted,
            sport_units::SportUnits,
            units::{self, positive},
            words::{DOT, in_brackets, joined, named},
        },
        day_form::Mornings,
        planned, steps,
    },
    training::{sports, weeks},
    workout::{Problem, Severity, differences::Difference, doc::Doc, estimate, text::parse},
};

/// With more workouts, those that stand as they were sent are shown without their steps.
const WITH_STEPS: usize = 10;
/// Lines of steps of all workouts of a call, so that no limit cuts an answer, and what each workout has at least.
const MOST_STEPS: usize = 600;
const LEAST_STEPS: usize = 6;
/// Characters of a note.
const NOTE: usize = 300;
/// Differences that are named one by one.
const DIFFERENCES: usize = 8;

/// Everything that the lines about one athlete's workouts depend on.
pub(in crate::tools) struct Scene<'a> {
    pub(in crate::tools) card: &'a AthleteCard,
    pub(in crate::tools) today: NaiveDate,
    /// None where no steps are concerned.
    pub(in crate::tools) profile: Option<&'a model::Athlete>,
    /// What stands on the weeks concerned now.
    pub(in crate::tools) there: &'a [Held],
    /// What else is to be seen beside an entry: absences that began before those weeks and, in a preview, what the call would write.
    pub(in crate::tools) beside: &'a [Event],
    pub(in crate::tools) mornings: Option<&'a Mornings>,
    /// How many workouts the call has, for all its athletes.
    pub(in crate::tools) count: usize,
    /// An entry that stands there and is not another one: the one that a preview would change.
    pub(in crate::tools) but: Option<i64>,
}

/// A plan's figures, as intervals.icu holds them or as it is expected to compute them.
pub(in crate::tools) struct Figures {
    secs: Option<f64>,
    metres: Option<f64>,
    /// Of steps of which some have a time and others only a distance.
    mixed: Option<Length>,
    load: Option<f64>,
    intensity: Option<f64>,
}

impl Scene<'_> {
    /// A workout as it would be.
    pub(in crate::tools) fn previewed(&self, prepared: &Prepared) -> Vec<String> {
        let entry = &prepared.entry;
        let doc = Doc::of(&entry.workout, &entry.sport, &prepared.settings, entry.place());
        let figures = Figures::estimated(prepared, &doc);
        let own = SportUnits::of(&entry.sport, self.card.units);
        let title = title(entry.on.start(), &entry.sport, &entry.name, entry.indoor);
        let unknown = entry.has_steps() && figures.load.is_none();
        let unknown = if unknown {
            "load as intervals.icu computes it"
        } else {
            ""
        };
        let mut lines = vec![joined([title, figures.in_words(&own), unknown.to_owned()], DOT)];
        lines.extend(note(&entry.prose));
        lines.extend(look(&entry.tags, entry.color.as_deref()));
        lines.extend(self.steps(&doc, &entry.sport, true));
        lines.extend(entry.has_steps().then(|| self.device(None)));
        lines.extend(warnings(&prepared.problems));
        lines.push(self.limits_of(entry.on.day, (&entry.sport, figures.secs), self.but));
        lines.push(self.day(entry.on.day, self.but, self.count > 1));
        lines
    }

    /// A workout as it would be, on one line, with what is on its day.
    pub(in crate::tools) fn in_short(&self, prepared: &Prepared) -> String {
        let entry = &prepared.entry;
        let doc = Doc::of(&entry.workout, &entry.sport, &prepared.settings, entry.place());
        let figures = Figures::estimated(prepared, &doc);
        let own = SportUnits::of(&entry.sport, self.card.units);
        let title = title(entry.on.start(), &entry.sport, &entry.name, entry.indoor);
        let warned = warnings(&prepared.problems).into_iter().take(2);
        let beside = [
            self.limits_of(entry.on.day, (&entry.sport, figures.secs), self.but),
            self.day(entry.on.day, self.but, true),
        ];
        let parts = warned.chain(beside).map(|part| part.trim().to_owned());
        joined([title, figures.in_words(&own)].into_iter().chain(parts), DOT)
    }

    /// A workout that stands on the calendar.
    pub(in crate::tools) fn standing(
        &self,
        held: &Held,
        how: &str,
        tried: Option<&Tried>,
        problems: &[Problem],
    ) -> Vec<String> {
        let event = &held.event;
        if !event.is_workout() {
            return self.mark(held, how, tried);
        }
        let day = event.day().unwrap_or(self.today);
        let [title, figures] = self.entry(event);
        let number = tried.map_or_else(String::new, |tried| format!("change {}", tried.number));
        let line = joined(
            [title, how.to_owned(), figures, number, format!("id {}", held.id)],
            DOT,
        );
        let mut lines = vec![line];
        let differences = tried.map_or(&[][..], |tried| &tried.differences[..]);
        let as_sent = differences.is_empty() && self.count > WITH_STEPS;
        if tried.is_some() || self.card.shows(&permissions::GET_EVENTS) {
            lines.extend(note(&prose_of(event)));
            let tags = held.fields.tags.as_deref().unwrap_or_default();
            lines.extend(look(tags, held.fields.color.as_deref()));
        }
        if let Some(doc) = &event.workout_doc {
            lines.extend(self.steps(doc, event.sport(), !as_sent));
            if doc.count() > 0 {
                lines.push(self.device(Some(event)));
            }
        }
        if let Some(tried) = tried {
            lines.extend(read_otherwise(tried));
        }
        lines.extend(warnings(problems));
        lines.push(self.limits_of(day, (event.sport(), event.planned_secs()), Some(held.id)));
        lines.push(self.day(day, Some(held.id), false));
        lines
    }

    /// An entry on one line: `2026-12-03 Thu · Ride «Threshold» · 1:12 · load 82 (IF 0.83)`
    pub(in crate::tools) fn now(&self, held: &Held) -> String {
        joined(self.entry(&held.event), DOT)
    }

    /// What an entry is, and its figures.
    fn entry(&self, event: &Event) -> [String; 2] {
        let own = SportUnits::of_plan(event, self.card.units);
        if !event.is_workout() {
            return self.mark_in_words(event);
        }
        let title = title(
            event
                .start_date_local
                .unwrap_or_else(|| self.today.and_time(NaiveTime::MIN)),
            event.sport(),
            event.name.as_deref().unwrap_or_default(),
            event.indoor == Some(true),
        );
        [title, Figures::of(event).in_words(&own)]
    }

    /// Another workout of that name and sport stands on the day. A copy cannot be the change of it.
    pub(in crate::tools) fn other(&self, prepared: &Prepared, held: &Held, is_copy: bool) -> Vec<String> {
        let entry = &prepared.entry;
        let title = title(entry.on.start(), &entry.sport, &entry.name, entry.indoor);
        if is_copy {
            let line = format!(
                "{title}{DOT}not written: another workout with this name and sport is on that day (id {}).",
                held.id
            );
            return vec![line];
        }
        let line = format!(
            "{title}{DOT}not written: another workout with this name and sport is on that day. To change it: edit_workout with \
             id {} and this text; for a second one: allow_duplicate: true.",
            held.id
        );
        let mut lines = vec![line];
        if self.card.shows(&permissions::GET_EVENTS) {
            lines.push(format!("  There now, id {}:", held.id));
            match &held.event.workout_doc {
                Some(doc) if doc.count() > 0 => lines.extend(self.steps(doc, held.event.sport(), true)),
                _ => lines.push(format!(
                    "  {}",
                    fenced(held.event.description.as_deref().unwrap_or_default(), 200)
                )),
            }
        }
        lines.push("  Asked for:".to_owned());
        let doc = Doc::of(&entry.workout, &entry.sport, &prepared.settings, entry.place());
        lines.extend(self.steps(&doc, &entry.sport, true));
        lines
    }

    /// What is on the calendar already, and whether it has changed since.
    pub(in crate::tools) fn already(
        &self,
        prepared: &Prepared,
        held: &Held,
        number: Option<i32>,
    ) -> Vec<String> {
        let how = match number {
            Some(number) => format!("already there (change {number}), nothing written"),
            None => "already there, nothing written".to_owned(),
        };
        let mut otherwise = prepared.entry.fields().not_in(&held.fields);
        otherwise.retain(|name| {
            let computed = ["moving_time", "icu_training_load"].contains(name) && prepared.entry.has_steps();
            !computed && *name != "description"
        });
        if !is_same(&prepared.entry, &held.event) && !prepared.entry.is_safer_form(&held.event) {
            otherwise.push("description");
        }
        if otherwise.is_empty() {
            let line = joined([self.now(held), how, format!("id {}", held.id)], DOT);
            return vec![line];
        }
        if !self.card.shows(&permissions::GET_EVENTS) {
            let line = format!("{how}; the entry was changed since");
            return not_written(prepared, &line);
        }
        let how = format!(
            "{how}; it has another {}: edit_workout with id {} changes that",
            field_words(&precisely(otherwise, &held.fields, &prepared.entry.fields())),
            held.id
        );
        self.standing(held, &how, None, &[])
    }

    fn steps(&self, doc: &Doc, sport: &str, whole: bool) -> Vec<String> {
        if doc.count() == 0 {
            return Vec::new();
        }
        if !whole {
            return vec!["  steps as sent".to_owned()];
        }
        let thresholds = steps::thresholds(doc, sport, self.card.units);
        let all = steps::lines(doc, sport, self.card.units);
        let most = (MOST_STEPS / self.count.max(1)).max(LEAST_STEPS);
        let more = all.len().saturating_sub(most);
        let mut lines: Vec<String> = all
            .into_iter()
            .take(most)
            .map(|line| format!("  {line}"))
            .collect();
        if more > 0 {
            lines.push(format!(
                "  … {more} more; send fewer workouts in one call to see all steps"
            ));
        }
        lines.extend((!thresholds.is_empty()).then(|| format!("  by {thresholds}")));
        let bare = doc.without_target();
        if !bare.is_empty() {
            let numbers: Vec<String> = bare.iter().take(12).map(ToString::to_string).collect();
            lines.push(format!("  no target on the device: step {}", numbers.join(", ")));
        }
        lines
    }

    /// Where intervals.icu sends it.
    fn device(&self, event: Option<&Event>) -> String {
        let refusals = event
            .and_then(|event| event.push_errors.as_deref())
            .unwrap_or_default();
        if !refusals.is_empty() {
            let refusals = refusals.iter().take(3).map(|error| {
                let service = fenced(error.service.as_deref().unwrap_or("a device service"), 30);
                let message = fenced(error.message.as_deref().unwrap_or_default(), 160);
                named(&format!("{service} did not take it"), &message)
            });
            return format!("  device: {}", joined(refusals, "; "));
        }
        let Some(profile) = self.profile else {
            return String::new();
        };
        let takers = profile.takes_workouts();
        if takers.is_empty() {
            return "  device: none takes planned workouts; the athlete can connect one in the settings of intervals.icu".to_owned();
        }
        format!("  device: intervals.icu sends it to {}", takers.join(", "))
    }

    /// The planned load of each week concerned, beside its target; `what` says what is not counted.
    pub(in crate::tools) fn weeks(&self, days: impl Iterator<Item = NaiveDate>, what: &str) -> String {
        if !self.card.shows(&permissions::GET_EVENTS) {
            return String::new();
        }
        let mondays: BTreeSet<NaiveDate> = days.map(weeks::monday).collect();
        let words = mondays.into_iter().map(|monday| {
            let of_week = || {
                self.there
                    .iter()
                    .map(|held| &held.event)
                    .filter(|event| event.day().is_some_and(|day| weeks::monday(day) == monday))
            };
            let plans: Vec<&Event> = of_week().filter(|event| event.is_to_do()).collect();
            let loads: Vec<f64> = plans
                .iter()
                .filter_map(|event| positive(event.icu_training_load))
                .collect();
            let without = plans.len() - loads.len();
            let load = match (loads.is_empty(), without) {
                (true, 0) => "nothing planned".to_owned(),
                (true, _) => counted(without, "workout without a load", "workouts without a load"),
                (false, 0) => units::whole(loads.iter().sum::<f64>()),
                (false, _) => format!(
                    "{} and {without} without a load",
                    units::whole(loads.iter().sum::<f64>())
                ),
            };
            let targets = of_week().filter(|event| event.is_week_target()).map(|target| {
                let of_sport = |event: &&&Event| {
                    !target.sport().is_empty()
                        && sports::family(event.sport()) == sports::family(target.sport())
                };
                let own = plans.iter().filter(of_sport);
                let own: f64 = own.filter_map(|event| positive(event.icu_training_load)).sum();
                let own = if target.sport().is_empty() || target.load_target.is_none() {
                    String::new()
                } else {
                    format!("{} of ", units::whole(own))
                };
                format!("{own}target {}", planned::target(target, self.card.units))
            });
            let targets = joined(targets, ", ");
            let week = named(&units::day_month(monday), &load);
            joined([week, targets], ", ")
        });
        let words: Vec<String> = words.collect();
        format!("Planned load{what}, week of {}", words.join(DOT))
    }
}

impl Figures {
    /// Of a workout that is not there yet.
    pub(in crate::tools) fn estimated(prepared: &Prepared, doc: &Doc) -> Self {
        let entry = &prepared.entry;
        let estimate = estimate::whole(&entry.workout, &entry.sport, &prepared.settings);
        Self {
            secs: estimate.secs.or(entry.secs).filter(|secs| *secs > 0.0),
            metres: estimate.metres,
            mixed: mixed(Length::of(doc)),
            load: estimate.load.or(entry.load),
            intensity: estimate.intensity,
        }
    }

    /// Of an entry as it stands.
    pub(in crate::tools) fn of(event: &Event) -> Self {
        Self {
            secs: event.planned_secs(),
            metres: event.metres_of_steps().or(positive(event.distance)),
            mixed: mixed(event.length()),
            load: positive(event.icu_training_load),
            intensity: positive(event.icu_intensity),
        }
    }

    /// `1:12 · 30.0 km · load 82 (IF 0.83)`; `1:30 + 2.5 km` where some steps have a time and others a distance.
    pub(in crate::tools) fn in_words(&self, own: &SportUnits) -> String {
        let load = units::whole(self.load);
        let intensity = in_brackets(&named("IF", &units::intensity(self.intensity)));
        let load = if load.is_empty() {
            String::new()
        } else {
            joined([format!("load {load}"), intensity], " ")
        };
        let lengths = match self.mixed {
            Some(mixed) => [
                joined(
                    [units::hours_minutes(mixed.secs), own.way(Some(mixed.metres), 1)],
                    " + ",
                ),
                String::new(),
            ],
            None => [units::hours_minutes(self.secs), own.way(positive(self.metres), 1)],
        };
        joined(lengths.into_iter().chain([load]), DOT)
    }
}

/// A length that is a time and a distance.
fn mixed(length: Option<Length>) -> Option<Length> {
    length.filter(|length| length.secs > 0.0 && length.metres > 0.0)
}

/// The prose above an entry's steps.
fn prose_of(event: &Event) -> String {
    let text = event.description.as_deref().unwrap_or_default();
    let has_steps = event.workout_doc.as_ref().is_some_and(|doc| doc.count() > 0);
    if has_steps {
        parse(text, event.sport()).prose
    } else {
        text.to_owned()
    }
}

/// `  tags key, outside · colour red`
pub(super) fn look(tags: &[String], color: Option<&str>) -> Option<String> {
    let tags: Vec<String> = tags.iter().take(10).map(|tag| clean(tag, 40)).collect();
    let line = joined(
        [
            named("tags", &tags.join(", ")),
            named("colour", &clean(color.unwrap_or_default(), 20)),
        ],
        DOT,
    );
    (!line.is_empty()).then(|| format!("  {line}"))
}

pub(super) fn note(prose: &str) -> Option<String> {
    let note = fenced(prose, NOTE);
    (!note.is_empty()).then(|| format!("  note: {note}"))
}

/// What stands there otherwise than it was sent.
fn read_otherwise(tried: &Tried) -> Vec<String> {
    let mut lines = Vec::new();
    if tried.safer {
        lines.push(
            "  intervals.icu read the first form differently, so repeats were sent written out and steps without labels".to_owned(),
        );
    }
    if !tried.differences.is_empty() {
        lines.push("  NOT AS SENT, on the calendar and on the watch:".to_owned());
        let shown = tried.differences.iter().take(DIFFERENCES);
        lines.extend(shown.map(|difference: &Difference| format!("  {difference}")));
        let more = tried.differences.len().saturating_sub(DIFFERENCES);
        lines.extend((more > 0).then(|| format!("  and {more} more")));
    }
    if !tried.fields.is_empty() {
        lines.push(format!(
            "  intervals.icu holds another {}",
            field_words(&tried.fields)
        ));
    }
    lines
}

/// What the person should know although it can be sent.
pub(in crate::tools) fn warnings(problems: &[Problem]) -> Vec<String> {
    let warned = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Warn);
    warned
        .take(6)
        .map(|problem| match problem.line {
            0 => format!("  check: {}; {}", problem.why, problem.instead),
            line => format!("  check line {line}: {}; {}", problem.why, problem.instead),
        })
        .collect()
}

/// For a token that confirms nothing, perhaps because the call came before and was done.
pub(in crate::tools) fn no_token() -> ToolError {
    ToolError::Input(format!(
        "{NO_TOKEN} If this very call came before, it was done then: list_changes tells."
    ))
}

/// How to take changes back: `undo_change with changes 14-16 undoes …`; a coach names the athlete.
pub(in crate::tools) fn undo_hint(card: &AthleteCard, all: Vec<i32>, what: &str) -> String {
    if all.is_empty() {
        return String::new();
    }
    let athlete = if card.is_for_coach() {
        format!("athlete {} and ", card.id)
    } else {
        String::new()
    };
    format!("undo_change with {athlete}changes {} {what}.", numbers(all))
}

/// The id of the entry at this place of a call while it has none.
pub(in crate::tools) fn id_for_now(at: usize) -> i64 {
    -1 - i64::try_from(at).unwrap_or(i64::MAX - 1)
}

/// An entry that a call would write, for [`Scene::beside`].
pub(in crate::tools) fn not_there_yet(at: usize, event: Event) -> Event {
    Event {
        id: Some(id_for_now(at)),
        ..event
    }
}

/// The figures of an entry: `2:00 · 140.0 km · load 120`
pub(super) fn figures(card: &AthleteCard, today: NaiveDate, event: &Event) -> String {
    let scene = Scene {
        card,
        today,
        profile: None,
        there: &[],
        beside: &[],
        mornings: None,
        count: 1,
        but: None,
    };
    let [_, figures] = scene.entry(event);
    figures
}

/// An entry as it stood before these changes, with its words, tags and colour where those change. The words of a workout are mostly
/// its steps, which are shown as they stand.
pub(in crate::tools) fn stood(scene: &Scene<'_>, before: &Held, changes: &EntryFields) -> String {
    let words = if before.event.is_workout() {
        prose_of(&before.event)
    } else {
        before.fields.description.clone().unwrap_or_default()
    };
    let changes_look = changes.color.is_some() || changes.tags.is_some();
    let tags = before.fields.tags.as_deref().unwrap_or_default();
    let words = note(&words).filter(|_| changes.description.is_some());
    let look = look(tags, before.fields.color.as_deref()).filter(|_| changes_look);
    let all = [Some(scene.now(before)), words, look];
    joined(all.into_iter().flatten().map(|part| part.trim().to_owned()), DOT)
}

/// That the plan was done already.
pub(in crate::tools) fn done_already(held: &Held) -> &'static str {
    if held.event.paired_with().is_some() {
        "It is done already: an activity is paired with it."
    } else {
        ""
    }
}

/// How many entries of a call became what.
#[derive(Debug, Default)]
pub(in crate::tools) struct Counts {
    pub(in crate::tools) written: usize,
    /// Stood there before.
    pub(in crate::tools) changed: usize,
    /// Written, and not as they were sent.
    pub(in crate::tools) otherwise: usize,
    /// Changed, and not as was asked.
    pub(in crate::tools) changed_otherwise: usize,
    pub(in crate::tools) already: usize,
    pub(in crate::tools) not: usize,
    pub(in crate::tools) unknown: usize,
    /// The numbers of the changes that stand.
    pub(in crate::tools) stand: Vec<i32>,
}

impl Counts {
    /// Counts what became of a change: `otherwise` if it stands not as it was sent, `stood` if its entry was there before.
    pub(in crate::tools) fn add(&mut self, tried: &Tried, otherwise: bool, stood: bool) {
        let stands = matches!(tried.fate, Fate::Stands(_));
        self.stand.extend(stands.then_some(tried.number));
        let count = match (stands, otherwise, stood) {
            (true, true, true) => &mut self.changed_otherwise,
            (true, true, false) => &mut self.otherwise,
            (true, false, true) => &mut self.changed,
            (true, false, false) => &mut self.written,
            (false, ..) if tried.left_nothing() => &mut self.not,
            (false, ..) => &mut self.unknown,
        };
        *count += 1;
    }

    /// `2 written, 1 already there, 1 not written`
    pub(in crate::tools) fn in_words(&self) -> String {
        heading([
            (self.written, "written"),
            (self.changed, "changed"),
            (self.otherwise, "written, but NOT AS SENT"),
            (self.changed_otherwise, "changed, but NOT AS SENT"),
            (self.already, "already there"),
            (self.not, "not written"),
            (self.unknown, "not known"),
        ])
    }
}

/// The heading of an answer: `2 written, 1 already there, 1 not written`.
pub(in crate::tools) fn heading<const N: usize>(counts: [(usize, &str); N]) -> String {
    let parts = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"));
    joined(parts, ", ")
}

/// The numbers of changes as an argument: `14-16, 19`.
pub(in crate::tools) fn numbers(mut all: Vec<i32>) -> String {
    all.sort_unstable();
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for number in all {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    joined(runs, ", ")
}

/// Why a fate is no success, for the line of its workout.
pub(in crate::tools) fn failed(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Stands(_) | Fate::Gone => None,
        Fate::Not(why) | Fate::NotYet(why) | Fate::NotSent(why) => Some(format!("not written: {why}")),
        Fate::Unknown(why) => Some(format!("not known: {why}")),
    }
}

/// `2026-12-03 Thu · Ride «Threshold 4×8»`
/// `2026-12-03 Thu 07:00 · Ride indoor «Threshold»`; midnight means that no time is planned.
fn title(start: NaiveDateTime, sport: &str, name: &str, indoor: bool) -> String {
    let indoor = if indoor { " indoor" } else { "" };
    let clock = if start.time() == NaiveTime::MIN {
        String::new()
    } else {
        units::clock(start)
    };
    format!(
        "{}{DOT}{}",
        joined([units::date(start.date()), clock], " "),
        joined([format!("{sport}{indoor}"), fenced(name, NAME)], " ")
    )
}

/// A workout that was not written, and why.
pub(in crate::tools) fn not_written(prepared: &Prepared, why: &str) -> Vec<String> {
    let entry = &prepared.entry;
    let title = title(entry.on.start(), &entry.sport, &entry.name, entry.indoor);
    vec![format!("{title}{DOT}{why}")]
}
