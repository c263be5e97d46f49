//! Files: a recording as its device wrote it or as intervals.icu makes it, and a planned workout for a device.
//!
//! Nothing here is kept: a file is passed on as it comes.

use std::{io, pin::Pin};

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream};
use http::Method;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _};
use tokio_util::io::{ReaderStream, StreamReader};

use super::{
    super::{Area, Error, wire::Opened},
    Athlete,
};
use crate::ids::ActivityId;

/// Bytes by which a file's kind is known.
const HEAD: usize = 512;
/// How the members of gzip begin (RFC 1952 section 2.3.1); no file of a sport's device begins so.
const GZIP: u8 = 0x1f;

/// Which file of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recording {
    /// As the device wrote it.
    Original,
    /// A FIT file that intervals.icu makes, with what was corrected there.
    Fit,
    /// The track as GPX, with power and heart rate.
    Gpx,
}

/// For which device a planned workout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Planned {
    /// Zwift.
    Zwo,
    /// A trainer, in percent of FTP.
    Mrc,
    /// A trainer, in watts.
    Erg,
    /// A watch or a head unit.
    Fit,
}

/// One file of an athlete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileId {
    /// Of an activity.
    Activity(ActivityId, Recording),
    /// Of an entry of the calendar.
    Workout(i64, Planned),
}

impl FileId {
    /// The part of upstream that it belongs to.
    pub const fn area(&self) -> Area {
        match self {
            Self::Activity(..) => Area::Activity,
            Self::Workout(..) => Area::Calendar,
        }
    }

    /// How a file of the kind ends its name; None of an original, whose kind only its content tells.
    pub const fn extension(&self) -> Option<&'static str> {
        match self {
            Self::Activity(_, Recording::Original) => None,
            Self::Activity(_, Recording::Fit) | Self::Workout(_, Planned::Fit) => Some("fit"),
            Self::Activity(_, Recording::Gpx) => Some("gpx"),
            Self::Workout(_, Planned::Zwo) => Some("zwo"),
            Self::Workout(_, Planned::Mrc) => Some("mrc"),
            Self::Workout(_, Planned::Erg) => Some("erg"),
        }
    }
}

/// A file whose answer has begun to arrive. Dropping it ends the request.
pub struct Download {
    /// Bytes as upstream announces them, packed where it packs them.
    pub size: Option<u64>,
    of: FileId,
    opened: Opened,
}

/// The content of a file, on its way.
pub struct Content {
    /// How its name ends.
    pub extension: &'static str,
    /// Its length, if that is known.
    pub length: Option<u64>,
    /// Its bytes, unpacked.
    pub bytes: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl Athlete {
    /// `GET /activity/{id}/file`, `/fit-file`, `/gpx-file`, or `GET /athlete/{id}/events/{eventId}/download.{ext}`: begins to
    /// read the file, once. [`Error::Strava`] of an activity from there, [`Error::NotFound`] or [`Error::Rejected`] where there
    /// is no such file or none can be made.
    ///
    /// The answer does not say whose it is. Only for an activity that was shown to be this athlete's.
    pub async fn file(&self, of: &FileId) -> Result<Download, Error> {
        let area = of.area();
        if !self.of.scopes.reads(area) {
            return Err(Error::MissingScope(area));
        }
        let (endpoint, url) = match of {
            FileId::Activity(id, recording) => {
                let (endpoint, part) = match recording {
                    Recording::Original => ("original_file", "/file"),
                    Recording::Fit => ("fit_file", "/fit-file"),
                    Recording::Gpx => ("gpx_file", "/gpx-file"),
                };
                (endpoint, self.activity_url(id, part))
            }
            FileId::Workout(id, _) => {
                let extension = of.extension().unwrap_or_default();
                (
                    "workout_file",
                    self.url(&format!("/events/{id}/download.{extension}")),
                )
            }
        };
        let call = self.call(Method::GET, endpoint, area, url);
        let opened = self.client.0.wire.open(&call).await?;
        Ok(Download {
            size: opened.length(),
            of: of.clone(),
            opened,
        })
    }
}

impl Download {
    /// Waits for the beginning of the content, which tells what it is. [`Error::Unavailable`] of a page for people,
    /// [`Error::Garbled`] of nothing at all.
    pub async fn content(self) -> Result<Content, Error> {
        let Self { size, of, opened } = self;
        let raw = stream::try_unfold(opened, |mut opened| async {
            let chunk = opened.chunk().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, opened)))
        });
        let mut raw = StreamReader::new(Box::pin(raw));
        let is_packed = raw.fill_buf().await.map_err(error_in)?.first() == Some(&GZIP);
        let mut reader: Pin<Box<dyn AsyncRead + Send>> = if is_packed {
            let mut unpacked = GzipDecoder::new(raw);
            unpacked.multiple_members(true);
            Box::pin(unpacked)
        } else {
            Box::pin(raw)
        };
        // Only the kind of an original must be told from how it begins.
        let most = if of.extension().is_some() { 1 } else { HEAD };
        let mut head = Vec::with_capacity(HEAD);
        while head.len() < most {
            if reader.read_buf(&mut head).await.map_err(error_in)? == 0 {
                break;
            }
        }
        let kind = kind_of(&head)?;
        let whole = io::Cursor::new(head).chain(reader);
        Ok(Content {
            extension: of.extension().unwrap_or(kind),
            length: size.filter(|_| !is_packed),
            bytes: Box::pin(ReaderStream::with_capacity(whole, 32 * 1024).map_err(error_in)),
        })
    }
}

/// The error of the wire behind one of a reader; anything else is content that cannot be unpacked.
fn error_in(error: io::Error) -> Error {
    error.downcast().unwrap_or(Error::Garbled)
}

/// What begins so: `fit` (its signature is at byte 8), `gpx`, `tcx`, `zip`, and `dat` of anything else.
fn kind_of(head: &[u8]) -> Result<&'static str, Error> {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    if head.is_empty() {
        Err(Error::Garbled)
    } else if trimmed.starts_with("<!doctype html") || trimmed.starts_with("<html") {
        Err(Error::Unavailable)
    } else if head.get(8..12) == Some(b".FIT") {
        Ok("fit")
    } else if text.contains("<gpx") {
        Ok("gpx")
    } else if text.contains("<trainingcenterdatabase") {
        Ok("tcx")
    } else if head.starts_with(b"PK\x03\x04") {
        Ok("zip")
    } else {
        Ok("dat")
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Download({:?})", self.of)
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        for (head, kind) in [
            (&b"\x0e\x20\x00\x00\x00\x00\x00\x00.FIT\x00\x00"[..], Ok("fit")),
            (
                b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<gpx version=\"1.1\">",
                Ok("gpx"),
            ),
            (
                b"  <?xml version=\"1.0\"?><TrainingCenterDatabase xmlns=\"x\">",
                Ok("tcx"),
            ),
            (b"PK\x03\x04\x14", Ok("zip")),
            (b"GOLDENCHEETAH", Ok("dat")),
            (b"\xff\xfe\x00", Ok("dat")),
            (b"\n<!DOCTYPE html><title>Down</title>", Err(Error::Unavailable)),
            (b"<HTML>", Err(Error::Unavailable)),
            (b"", Err(Error::Garbled)),
        ] {
            assert_eq!(kind_of(head), kind, "{head:?}");
        }
    }
}
