//! get_file: a link to download an activity or a planned workout as a file.
//!
//! Two requests: `GET /activity/{id}` or `GET /athlete/{id}/events/{eventId}`, which shows whose it is, and the file itself, of
//! which only the beginning of the answer is awaited: whether there is one, and how large it is. The link is in
//! [`crate::guard::file_link`], its page in [`crate::pages::files`].

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{self, units},
    arguments::{Arguments, wrong},
    params::Param,
};
use crate::{
    guard::{
        Ask,
        file_link::{FileLinks, LinkedFile, MOST_BYTES},
    },
    ids::ActivityId,
    intervals::{Error, FileId, Planned, Recording},
    permissions,
    text::{clean, fenced, size_in_words},
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_FILE,
    description: "A link to download one activity (original, fit or gpx) or one planned workout (zwo, mrc, erg or fit) as a file: for the user \
        to open, good once, for 10 minutes. Give it to them as it is; do not open it.",
    params: PARAMS,
    requests: "2",
    run: Run::ReadLinks(|ask, links, given| Box::pin(link(ask, links, given))),
};

const PARAMS: &[Param] = &[
    Param::activity_id_in("activity", "Activity id, or pass event"),
    Param::name_or_id("event", "Id of a planned workout"),
    Param::word(
        "kind",
        &["original", "fit", "gpx", "zwo", "mrc", "erg"],
        "Default: original, of a workout fit",
    ),
];

/// Characters of a name.
const NAME: usize = 80;
/// Upstream's own page of an activity.
const ON_INTERVALS: &str = "The athlete can download it on the activity's page at intervals.icu";

/// A file's format, whatever it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Original,
    Fit,
    Gpx,
    Zwo,
    Mrc,
    Erg,
}

const FORMATS: [(&str, Format); 6] = [
    ("original", Format::Original),
    ("fit", Format::Fit),
    ("gpx", Format::Gpx),
    ("zwo", Format::Zwo),
    ("mrc", Format::Mrc),
    ("erg", Format::Erg),
];

impl Format {
    fn of_activity(self) -> Result<Recording, ToolError> {
        match self {
            Self::Original => Ok(Recording::Original),
            Self::Fit => Ok(Recording::Fit),
            Self::Gpx => Ok(Recording::Gpx),
            Self::Zwo | Self::Mrc | Self::Erg => Err(wrong(
                "kind",
                "must be original, fit or gpx for an activity; zwo, mrc and erg are for planned workouts",
            )),
        }
    }

    fn of_workout(self) -> Result<Planned, ToolError> {
        match self {
            Self::Fit => Ok(Planned::Fit),
            Self::Zwo => Ok(Planned::Zwo),
            Self::Mrc => Ok(Planned::Mrc),
            Self::Erg => Ok(Planned::Erg),
            Self::Original | Self::Gpx => Err(wrong(
                "kind",
                "must be zwo, mrc, erg or fit for a planned workout; original and gpx are for activities",
            )),
        }
    }
}

/// The call's arguments.
fn asked(given: Map<String, Value>, today: NaiveDate) -> Result<FileId, ToolError> {
    let arguments = Arguments::new(given, PARAMS, today)?;
    let format = arguments.word("kind", &FORMATS)?;
    match (
        arguments.activity_id_in("activity")?,
        arguments.entry_id("event")?,
    ) {
        (Some(id), None) => {
            let recording = format.unwrap_or(Format::Original).of_activity()?;
            Ok(FileId::Activity(id, recording))
        }
        (None, Some(id)) => {
            let planned = format.unwrap_or(Format::Fit).of_workout()?;
            Ok(FileId::Workout(id, planned))
        }
        (Some(_), Some(_)) => Err(ToolError::Input(
            "Not done: pass activity or event, not both.".to_owned(),
        )),
        (None, None) => Err(wrong("activity", "must be given, or event for a planned workout")),
    }
}

async fn link(ask: Ask, links: FileLinks, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let file = asked(given, ask.today())?;
    let mut linked = match &file {
        FileId::Activity(id, recording) => of_activity(&ask, id, *recording).await?,
        FileId::Workout(id, planned) => of_workout(&ask, *id, *planned).await?,
    };
    let begun = ask.upstream.file(&file).await;
    linked.size = begun.map_err(|error| refused(&file, error))?.size;
    if let Some(size) = linked.size.filter(|size| *size > MOST_BYTES) {
        return Err(ToolError::Refused(format!(
            "Not done: this file has {}, and IcuSync passes on at most {}. {ON_INTERVALS}.",
            size_in_words(size),
            size_in_words(MOST_BYTES)
        )));
    }
    let minted = links.mint(&linked).await?;
    Ok(render(&ask, &linked, &minted.url, minted.until))
}

/// Whose activity it is and what it is called. What can have no file is refused here, with the reason.
async fn of_activity(ask: &Ask, id: &ActivityId, recording: Recording) -> Result<LinkedFile, ToolError> {
    let activity = ask.upstream.activity(id).await;
    let activity = activity.map_err(ToolError::about_activity)?;
    if activity.is_closed_by_strava() {
        return Err(refused(&FileId::Activity(id.clone(), recording), Error::Strava));
    }
    if activity.is_manual() {
        return Err(ToolError::Refused(
            "Not done: this activity was typed in, so nothing was recorded and there is no file of it."
                .to_owned(),
        ));
    }
    Ok(LinkedFile {
        file: FileId::Activity(id.clone(), recording),
        name: clean(activity.name.as_deref().unwrap_or_default(), NAME),
        sport: answer::sport(activity.sport()),
        day: activity.start_date_local.map(|start| start.date()),
        size: None,
    })
}

/// The same of an entry of the calendar.
async fn of_workout(ask: &Ask, id: i64, planned: Planned) -> Result<LinkedFile, ToolError> {
    let event = ask.upstream.event(id).await.map_err(|error| match error {
        Error::NotFound => ToolError::Input(format!(
            "Not done: there is no entry with the id {id} on this calendar. get_events has the ids."
        )),
        error => error.into(),
    })?;
    if !event.is_workout() {
        return Err(ToolError::Input(format!(
            "Not done: the entry {id}, {}, is no planned workout, so it has no steps for a file.",
            fenced(event.name.as_deref().unwrap_or_default(), NAME)
        )));
    }
    Ok(LinkedFile {
        file: FileId::Workout(id, planned),
        name: clean(event.name.as_deref().unwrap_or_default(), NAME),
        sport: answer::sport(event.sport()),
        day: event.day(),
        size: None,
    })
}

/// Why upstream has no such file, in words.
fn refused(file: &FileId, error: Error) -> ToolError {
    let text = match (file, &error) {
        (FileId::Activity(..), Error::Strava) => {
            "Not done: this activity came from Strava, whose terms close its recording to the API, so there is no file of it here. \
             The athlete can export it at Strava, or connect the device's own service (Garmin, Wahoo, COROS …) to intervals.icu, \
             whose activities have files."
        }
        (FileId::Activity(_, Recording::Original), Error::NotFound | Error::Rejected) => {
            "Not done: intervals.icu has no original file of this activity. kind fit may work: intervals.icu makes that itself."
        }
        (FileId::Activity(_, Recording::Gpx), Error::NotFound | Error::Rejected) => {
            "Not done: there is no GPX of this activity, because no position was recorded, as indoors or in a pool. kind fit has the \
             rest."
        }
        (FileId::Activity(_, Recording::Fit), Error::NotFound | Error::Rejected) => {
            "Not done: intervals.icu cannot make a FIT file of this activity: it has no recording."
        }
        (FileId::Workout(_, Planned::Fit), Error::NotFound | Error::Rejected) => {
            "Not done: intervals.icu makes no file of this workout. It needs steps: get_events shows those that it has."
        }
        (FileId::Workout(..), Error::NotFound | Error::Rejected) => {
            "Not done: intervals.icu makes no such file of this workout. zwo, mrc and erg hold steps by power or pace, erg also needs an \
             FTP; kind fit holds heart rate too."
        }
        _ => return error.into(),
    };
    ToolError::Refused(text.to_owned())
}

fn render(ask: &Ask, linked: &LinkedFile, url: &str, until: DateTime<Utc>) -> Answer {
    let (what, format, shows_home) = match &linked.file {
        FileId::Activity(_, Recording::Original) => ("activity", "the original file", true),
        FileId::Activity(_, Recording::Fit) => ("activity", "FIT made by intervals.icu", true),
        FileId::Activity(_, Recording::Gpx) => ("activity", "GPX", true),
        FileId::Workout(_, Planned::Zwo) => ("planned workout", "ZWO for Zwift", false),
        FileId::Workout(_, Planned::Mrc) => ("planned workout", "MRC, in % of FTP", false),
        FileId::Workout(_, Planned::Erg) => ("planned workout", "ERG, in watts", false),
        FileId::Workout(_, Planned::Fit) => ("planned workout", "FIT for a watch", false),
    };
    let size = linked.size.map_or_else(
        || "size not known before".to_owned(),
        |size| {
            // What a device wrote is packed there, and comes unpacked.
            let is_packed = matches!(linked.file, FileId::Activity(_, Recording::Original));
            let packed = if is_packed {
                " as intervals.icu keeps it"
            } else {
                ""
            };
            format!("{}{packed}", size_in_words(size))
        },
    );
    let parts = [
        format!(
            "file of the {what} of {}",
            linked.day.map(units::date).unwrap_or_default()
        ),
        linked.sport.clone(),
        fenced(&linked.name, NAME),
        format!("{format}, {size}"),
    ];
    let until = until.with_timezone(&ask.card.zone).format("%H:%M");
    let warning = if shows_home {
        "It holds the whole recording, and can show where the athlete lives."
    } else {
        ""
    };
    Answer::of([
        answer::first_line(&ask.card, ask.today(), &parts),
        url.to_owned(),
        format!(
            "Good once, until {until} ({}). The page says what it is; its button downloads. Whoever has the link can use it. {warning}",
            ask.card.zone
        )
        .trim_end()
        .to_owned(),
    ])
}
