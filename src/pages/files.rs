//! A download link, as it was given in a chat: its page says whose file it is, what and how large, and spends nothing, so that a
//! scanner or a preview may open it; its button downloads.
//!
//! What the link stands for is in [`crate::guard::file_link`]. Nobody needs to be signed in: who has the link has it from somebody
//! who may read the file.

use std::time::Duration;

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT},
};

use super::{
    Frame,
    frame::{Nav, page, with_status},
};
use crate::{
    app::App,
    error::Problem,
    guard::file_link::{self, Dead, Good, LinkedFile, MOST_BYTES, NotSent},
    intervals::{FileId, Planned, Recording},
    text::{browser, size_in_words},
    tool_error::ToolError,
};

/// How long the answer to the button may take to begin: a little longer than the file may take.
pub(crate) const LONGEST: Duration = file_link::LONGEST.saturating_add(Duration::from_secs(5));
/// Characters of a browser's name for itself that are read.
const USER_AGENT_CHARS: usize = 400;
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

#[derive(Template)]
#[template(path = "pages/file.html")]
struct Page {
    frame: Frame,
    /// Where the button leads: the page's own path.
    here: String,
    /// The athlete, with the id.
    whose: String,
    /// `Ride`, `planned workout (Run)`.
    what: String,
    name: String,
    day: Option<String>,
    /// `GPX`.
    format: &'static str,
    size: Option<String>,
    /// Who asked for it: a coach's address, or the athlete.
    coach: Option<String>,
    client: String,
    /// `14:32 (Europe/Berlin)`.
    until: String,
    /// Whether it shows where its athlete was.
    is_recording: bool,
    /// Why nothing was downloaded, and whether the button can be pressed again.
    failed: Option<(String, bool)>,
}

#[derive(Template)]
#[template(path = "pages/file_gone.html")]
struct Gone {
    frame: Frame,
}

impl Page {
    fn of(good: &Good, token: &str, failed: Option<(String, bool)>) -> Self {
        let file = &good.file;
        let (format, is_recording) = match &file.file {
            FileId::Activity(_, Recording::Original) => ("original file, as the device wrote it", true),
            FileId::Activity(_, Recording::Fit) => ("FIT", true),
            FileId::Activity(_, Recording::Gpx) => ("GPX", true),
            FileId::Workout(_, Planned::Zwo) => ("ZWO, for Zwift", false),
            FileId::Workout(_, Planned::Mrc) => ("MRC, in % of FTP", false),
            FileId::Workout(_, Planned::Erg) => ("ERG, in watts", false),
            FileId::Workout(_, Planned::Fit) => ("FIT, for a watch", false),
        };
        let until = good.until().with_timezone(&good.zone()).format("%H:%M");
        Self {
            frame: Frame::with(Nav::Bare),
            here: format!("/files/{token}"),
            whose: format!("{} ({})", good.whose(), good.athlete_id()),
            what: if is_recording {
                file.sport.clone()
            } else {
                format!("Planned workout, {}", file.sport)
            },
            name: file.name.clone(),
            day: file.day.map(|day| day.format("%a %-d %b %Y").to_string()),
            format,
            size: file.size.map(size_in_words),
            coach: good.coach().map(ToOwned::to_owned),
            client: good.client().to_owned(),
            until: format!("{until} ({})", good.zone()),
            is_recording,
            failed,
        }
    }
}

impl Page {
    /// Whether there is a button.
    fn can_press(&self) -> bool {
        self.failed.as_ref().is_none_or(|(_, again)| *again)
    }
}

/// `GET /files/{token}`: what would be downloaded.
pub(crate) async fn show(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Ok(Path(token)) = token else {
        return gone();
    };
    match file_link::find(&app, &token).await {
        Ok(good) => page(&Page::of(&good, &token, None)).map(unlisted),
        Err(dead) => over(&dead),
    }
}

/// `POST /files/{token}`: the file, once.
pub(crate) async fn download(
    State(app): State<App>,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Ok(Path(token)) = token else {
        return gone();
    };
    let good = match file_link::find(&app, &token).await {
        Ok(good) => good,
        Err(dead) => return over(&dead),
    };
    match good.fetch(&app, &browser_of(&headers)).await {
        Ok((content, transfer)) => {
            let name = name_of(&good.file, content.extension);
            let length = content.length;
            let mut response = Body::from_stream(transfer.send(content)).into_response();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            Ok(unlisted(response))
        }
        Err(NotSent::Dead(dead)) => over(&dead),
        Err(NotSent::Crowded) => {
            let why = "Two files of this athlete are being downloaded already. Wait until one is done, then press the button again.";
            let failed = Some((why.to_owned(), true));
            with_status(StatusCode::TOO_MANY_REQUESTS, &Page::of(&good, &token, failed)).map(unlisted)
        }
        Err(NotSent::TooLarge(size)) => {
            let why = format!(
                "The file has {}, and IcuSync passes on at most {}. It can be downloaded on the activity's page at intervals.icu.",
                size_in_words(size),
                size_in_words(MOST_BYTES)
            );
            with_status(
                StatusCode::BAD_GATEWAY,
                &Page::of(&good, &token, Some((why, false))),
            )
            .map(unlisted)
        }
        Err(NotSent::Failed { error, again }) => {
            let failed = Some((in_sentence(&error), again));
            with_status(StatusCode::BAD_GATEWAY, &Page::of(&good, &token, failed)).map(unlisted)
        }
    }
}

/// What an error says to people: without the beginning that is for models.
fn in_sentence(error: &ToolError) -> String {
    let text = error.to_string();
    let mut letters = text.strip_prefix("Not done: ").unwrap_or(&text).chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn over(dead: &Dead) -> Result<Response, Problem> {
    match dead {
        Dead::Gone => gone(),
        Dead::Away => Err(Problem::DatabaseAway),
    }
}

fn gone() -> Result<Response, Problem> {
    let page = Gone {
        frame: Frame::with(Nav::Bare),
    };
    with_status(StatusCode::GONE, &page).map(unlisted)
}

/// No search engine lists it, should one find the link.
fn unlisted(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    response
}

fn browser_of(headers: &HeaderMap) -> String {
    let agent = headers
        .get(USER_AGENT)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let head = &agent[..agent.len().min(USER_AGENT_CHARS)];
    browser::in_words(&String::from_utf8_lossy(head))
}

/// A name of our own, of letters, digits and hyphens: `2026-11-20-ride-i123.gpx`. The activity's own name may be anything.
fn name_of(file: &LinkedFile, extension: &str) -> String {
    let id = match &file.file {
        FileId::Activity(id, _) => id.to_string(),
        FileId::Workout(id, _) => format!("planned-{id}"),
    };
    let sport: String = file
        .sport
        .to_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let day = file.day.map(|day| day.to_string());
    let parts: Vec<String> = [day.unwrap_or_default(), sport, id]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("{}.{extension}", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_ours_whatever_the_sport_is_called() {
        let file = |sport: &str| LinkedFile {
            file: FileId::Activity("i42".parse().unwrap(), Recording::Gpx),
            name: "../../etc/\"passwd\"".to_owned(),
            sport: sport.to_owned(),
            day: chrono::NaiveDate::from_ymd_opt(2026, 11, 20),
            size: None,
        };
        for (sport, name) in [
            ("Ride", "2026-11-20-ride-i42.gpx"),
            ("Trail run", "2026-11-20-trail-run-i42.gpx"),
            ("\"../ß\r\n", "2026-11-20-i42.gpx"),
            ("", "2026-11-20-i42.gpx"),
        ] {
            assert_eq!(name_of(&file(sport), "gpx"), name);
        }
        let planned = LinkedFile {
            file: FileId::Workout(7, Planned::Zwo),
            day: None,
            ..file("Run")
        };
        assert_eq!(name_of(&planned, "zwo"), "run-planned-7.zwo");
    }
}
