//! Downloads: an activity's recording, a planned workout.
//!
//! The files are made in `files` above. What each endpoint answers where there is no file is not documented; it is 404 for what
//! was never a file, and 422 where none can be made.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::ask::Ask;
use crate::{
    files::{self, Told, Trainer, gzipped},
    refusal::Refusal,
    schema::text,
    workout::{Aim, Kind},
    written::workout_of,
};

/// An attachment. Its name tells whose it is, as upstream's do.
fn attached(ask: &Ask, kind: &'static str, extension: &str, body: impl Into<Vec<u8>>) -> Response {
    let name = ask.person.name.replace(' ', "_");
    let disposition = format!("attachment; filename=\"{name}_{}.{extension}\"", ask.number());
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, body.into()).into_response()
}

const BYTES: &str = "application/octet-stream";
const EVERYTHING: Told = Told {
    power: true,
    heart: true,
};

/// What the query wants told: everything unless it says no.
fn told(ask: &Ask) -> Told {
    let wants = |name: &str| ask.params.get(name) != Some("false");
    Told {
        power: wants("power"),
        heart: wants("hr"),
    }
}

/// `GET /activity/{id}/file`: what the device wrote, as gzip whatever the transport does. What was typed in has none.
pub(super) fn original(ask: &Ask) -> Result<Response, Refusal> {
    let done = ask.open()?;
    let file = files::recording(ask.person, &done, EVERYTHING).ok_or_else(Refusal::missing)?;
    Ok(attached(ask, BYTES, "fit.gz", gzipped(&file)))
}

/// `GET /activity/{id}/fit-file`.
pub(super) fn fit(ask: &Ask) -> Result<Response, Refusal> {
    let done = ask.open()?;
    let file = files::recording(ask.person, &done, told(ask));
    let file = file.ok_or_else(|| Refusal::unprocessable("Activity has no streams"))?;
    Ok(attached(ask, BYTES, "fit", file))
}

/// `GET /activity/{id}/gpx-file`.
pub(super) fn gpx(ask: &Ask) -> Result<Response, Refusal> {
    let done = ask.open()?;
    let row = ask.world.activity_row(ask.person, &done);
    let file = files::gpx(ask.person, &done, text(&row, "name"), told(ask));
    let file = file.ok_or_else(|| Refusal::unprocessable("Activity has no GPS data"))?;
    Ok(attached(ask, "application/gpx+xml", "gpx", file))
}

/// `GET /athlete/{id}/events/{eventId}/download{ext}`: a planned workout with steps.
pub(super) fn planned(ask: &Ask) -> Result<Response, Refusal> {
    let extension = ask
        .part()
        .strip_prefix("download.")
        .filter(|extension| ["zwo", "mrc", "erg", "fit"].contains(extension));
    let extension = extension.ok_or_else(|| {
        let path = format!(
            "/api/v1/athlete/{}/events/{}/{}",
            ask.person.athlete_id,
            ask.which(),
            ask.part()
        );
        Refusal::unrouted(StatusCode::NOT_FOUND, &path, ask.world.now())
    })?;
    let id = ask.which();
    let id: i64 = id
        .parse()
        .map_err(|_| Refusal::mismatch("eventId", "java.lang.Integer", id))?;
    let event = ask.world.event(ask.person, id, false);
    let event = event.ok_or_else(Refusal::missing)?;
    let sports = ask.world.sports(ask.person);
    let found = workout_of(ask.person, &event, &sports);
    let (workout, settings) = found.ok_or_else(|| Refusal::unprocessable("Event has no workout"))?;
    let aims: Vec<Aim> = workout.aims().collect();
    let trainer = Trainer {
        name: text(&event, "name"),
        description: text(&event, "description"),
        sport: text(&event, "type"),
        aims: &aims,
    };
    // A trainer holds power, or pace on a treadmill.
    let is_held = matches!(workout.kind(), Some(Kind::Power | Kind::Pace) | None);
    if extension != "fit" && !is_held {
        return Err(Refusal::unprocessable("Workout has no power or pace targets"));
    }
    Ok(match extension {
        "zwo" => attached(ask, "application/xml", extension, files::zwo(trainer)),
        "mrc" => attached(ask, "text/plain", extension, files::mrc(trainer)),
        "erg" => {
            let ftp = settings.ftp;
            let ftp = ftp.ok_or_else(|| Refusal::unprocessable("Athlete has no FTP"))?;
            attached(ask, "text/plain", extension, files::erg(trainer, ftp))
        }
        _ => {
            let goal = (workout.kind(), settings.threshold_pace);
            let at = ask.world.now();
            attached(
                ask,
                BYTES,
                extension,
                files::workout(trainer.name, trainer.sport, goal, &aims, at),
            )
        }
    })
}
