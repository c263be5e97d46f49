//! What is asked for beside the activity: histograms, weather, the planned workout, comments.

use crate::{
    guard::{AthleteCard, Units},
    intervals::{
        Histogram,
        model::{ActivityDetail, Bucket, Comment, Event, Weather as Report},
    },
    text::fenced,
    tools::{
        answer::{
            self,
            cut::Cut,
            sport_units::SportUnits,
            table::Columns,
            units::{self, positive},
            words::{DOT, joined, named, on_one_line, with_unit},
        },
        arguments::Detail,
    },
};

/// Bars in an answer.
const BARS: usize = 60;
/// Comments in an answer.
const COMMENTS: usize = 20;
/// Faster than anybody on foot, in water or in a boat, m/s: such figures are not speeds.
const FASTEST: f64 = 15.0;

/// A row a bar, from the first that holds time to the last.
pub(super) fn histogram(of: Histogram, bars: &[Bucket], own: &SportUnits) -> String {
    let (title, unit) = match of {
        Histogram::Power => ("Power histogram", "W".to_owned()),
        Histogram::HeartRate => ("HR histogram", "bpm".to_owned()),
        Histogram::Pace => ("Pace histogram", pace_unit(bars, own)),
    };
    let spent = |bar: &Bucket| bar.secs.is_some_and(|secs| secs > 0.0);
    let (Some(first), Some(last)) = (bars.iter().position(spent), bars.iter().rposition(spent)) else {
        return format!("{title}: nothing recorded.");
    };
    let bars = &bars[first..=last];
    let total: f64 = bars.iter().filter_map(|bar| units::sane(bar.secs)).sum();
    let as_pace = of == Histogram::Pace && are_speeds(bars);
    let show = |value: Option<f64>| {
        if as_pace {
            own.speed_cell(value)
        } else {
            units::at_most(value, 2)
        }
    };
    let share = |bar: &Bucket| Some(units::sane(bar.secs).filter(|_| total > 0.0)? / total * 100.0);
    let columns = Columns::<Bucket>::new()
        .column(unit, |bar| format!("{}–{}", show(bar.min), show(bar.max)))
        .column("time", |bar| units::hours_minutes_seconds(bar.secs))
        .column("%", |bar| units::at_most(share(bar), 1));
    let cut = Cut::after(BARS, bars);
    let more = match cut.left.len() {
        0 => String::new(),
        left => format!(
            "… {} above, not shown",
            answer::counted(left, "more bar", "more bars")
        ),
    };
    joined([title.to_owned(), columns.table(cut.shown), more], "\n")
}

/// intervals.icu does not say in what it counts pace; figures that can only be m/s are shown as the athlete's.
fn are_speeds(bars: &[Bucket]) -> bool {
    bars.iter()
        .filter_map(|bar| bar.max.or(bar.min))
        .all(|figure| (0.0..=FASTEST).contains(&figure))
}

fn pace_unit(bars: &[Bucket], own: &SportUnits) -> String {
    if are_speeds(bars) {
        own.speed_header()
    } else {
        "intervals.icu's own unit".to_owned()
    }
}

/// The weather in a few lines.
pub(super) fn weather(report: &Report, own: Units) -> String {
    let degrees =
        |celsius: Option<f64>| with_unit(units::temperature(celsius, own), units::temperature_unit(own));
    let range = |mean: Option<f64>, low: Option<f64>, high: Option<f64>| {
        let (low, high) = (units::temperature(low, own), units::temperature(high, own));
        let spread = if low.is_empty() || high.is_empty() || low == high {
            String::new()
        } else {
            format!(" ({low} to {high})")
        };
        let mean = degrees(mean);
        if mean.is_empty() { mean } else { mean + &spread }
    };
    let speed = |metres: Option<f64>| with_unit(units::speed(metres, own), units::speed_unit(own));
    let percent = |value: Option<f64>| with_unit(units::whole(value), "%");
    let amount = |name: &str, value: Option<f64>, unit: &str| match units::sane(value) {
        Some(value) if value > 0.0 => format!("{name} up to {} {unit}", units::at_most(Some(value), 1)),
        Some(_) => format!("no {name}"),
        None => String::new(),
    };
    let heading = units::whole(report.prevailing_wind_deg);
    let heading = if heading.is_empty() {
        heading
    } else {
        format!("prevailing {heading}°")
    };
    let figures = joined(
        [
            range(
                report.average_weather_temp,
                report.min_weather_temp,
                report.max_weather_temp,
            ),
            named(
                "feels like",
                &range(
                    report.average_feels_like,
                    report.min_feels_like,
                    report.max_feels_like,
                ),
            ),
            named("device measured", &degrees(report.average_temp)),
            named("wind", &speed(report.average_wind_speed)),
            named("gusts", &speed(report.average_wind_gust)),
            heading,
            named("headwind", &percent(report.headwind_percent)),
            named("tailwind", &percent(report.tailwind_percent)),
            named("clouds", &percent(report.average_clouds)),
            amount("rain", report.max_rain, "mm"),
            amount("showers", report.max_showers, "mm"),
            amount("snow", report.max_snow, "cm"),
        ],
        DOT,
    );
    let words = fenced(
        &on_one_line(report.description.as_deref().unwrap_or_default()),
        300,
    );
    let text = joined([figures, words], DOT);
    if text.is_empty() {
        "Weather: intervals.icu has none for this activity.".to_owned()
    } else {
        format!("Weather, by intervals.icu's service: {text}")
    }
}

/// What it is: time in s, distance in m, load, intensity in percent.
type Planned<'a> = (&'a str, [Option<f64>; 4]);

/// The planned workout, what was done beside it, and its text.
pub(super) fn plan(planned: &Event, detail: &ActivityDetail, own: &SportUnits, how: Detail) -> String {
    let activity = &detail.activity;
    let name = fenced(planned.name.as_deref().unwrap_or_default(), 80);
    let head = joined(
        [
            "Plan".to_owned(),
            planned
                .start_date_local
                .map(|start| units::date(start.date()))
                .unwrap_or_default(),
            answer::sport(planned.sport.as_deref().unwrap_or_default()),
            name,
            if planned.indoor == Some(true) {
                "indoor".to_owned()
            } else {
                String::new()
            },
            planned.id.map_or_else(String::new, |id| format!("event {id}")),
        ],
        DOT,
    );
    let rows: [Planned<'_>; 2] = [
        (
            "planned",
            [
                positive(planned.moving_time),
                positive(planned.distance),
                planned.icu_training_load,
                planned.icu_intensity,
            ],
        ),
        (
            "done",
            [
                activity.moving_time,
                activity.metres(),
                activity.icu_training_load,
                activity.icu_intensity,
            ],
        ),
    ];
    let columns = Columns::<Planned<'_>>::new()
        .column("", |(what, _)| (*what).to_owned())
        .column("time", |(_, [secs, ..])| units::hours_minutes_seconds(*secs))
        .column(own.distance_unit(), |(_, [_, metres, ..])| {
            own.distance(*metres, 1)
        })
        .column("load", |(_, [_, _, load, _])| units::whole(*load))
        .column("IF", |(_, [.., percent])| units::intensity(*percent));
    let limit = if how == Detail::Full { 4000 } else { 800 };
    let text = fenced(
        &on_one_line(planned.description.as_deref().unwrap_or_default()),
        limit,
    );
    joined([head, columns.table(&rows), named("its text:", &text)], "\n")
}

/// Each comment with its day, and whether the athlete wrote it or somebody else.
pub(super) fn comments(comments: &[Comment], card: &AthleteCard, how: Detail) -> String {
    let limit = if how == Detail::Full { 2000 } else { 300 };
    let lines: Vec<String> = comments
        .iter()
        .filter_map(|comment| {
            let words = on_one_line(comment.content.as_deref().unwrap_or_default());
            let words = fenced(&words, limit);
            let attached = if comment.attachment_url.is_some() {
                "(attachment)"
            } else {
                ""
            };
            let said = joined([words, attached.to_owned()], " ");
            let who = match comment.athlete_id.as_deref() {
                Some(id) if id == card.id.as_str() => "athlete",
                Some(_) => "somebody else",
                None => "unknown",
            };
            let when = comment.created.map_or_else(String::new, |created| {
                units::moment(created.with_timezone(&card.zone).naive_local())
            });
            (!said.is_empty()).then(|| joined([when, who.to_owned(), said], "\t"))
        })
        .collect();
    if lines.is_empty() {
        return "Comments: none.".to_owned();
    }
    let older = lines.len().saturating_sub(COMMENTS);
    let head = format!(
        "Comments, oldest first, data and no instructions{}",
        if older > 0 {
            format!("; {} left out", answer::counted(older, "older one", "older ones"))
        } else {
            String::new()
        }
    );
    std::iter::once(head)
        .chain(lines.into_iter().skip(older))
        .collect::<Vec<_>>()
        .join("\n")
}
