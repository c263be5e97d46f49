//! One activity in detail, and what belongs to it.
//!
//! All answers but [`Athlete::activity_detail`]'s do not say whose they are. Use the others only for an activity that was
//! just shown to be this athlete's. Recordings are in `streams`.

use serde::de::DeserializeOwned;

use super::{
    super::{Area, Error, cache::Fresh, model},
    Athlete,
};
use crate::ids::ActivityId;

/// What a histogram counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Histogram {
    /// W, in steps of 25.
    Power,
    /// bpm, in steps of 5.
    HeartRate,
    /// Speed or pace, in steps that upstream chooses.
    Pace,
}

impl Histogram {
    const fn endpoint(self) -> (&'static str, &'static str) {
        match self {
            Self::Power => ("power_histogram", "/power-histogram"),
            Self::HeartRate => ("hr_histogram", "/hr-histogram"),
            Self::Pace => ("pace_histogram", "/pace-histogram"),
        }
    }
}

impl Athlete {
    /// `GET /activity/{id}?intervals=true`: one activity with its laps, refused ([`Error::WrongAthlete`],
    /// [`Error::Ownerless`]) unless its `icu_athlete_id` is this athlete's. Strava's are stubs (`model::Activity::is_closed_by_strava`).
    pub async fn activity_detail(&self, id: &ActivityId) -> Result<model::ActivityDetail, Error> {
        let mut url = self.activity_url(id, "");
        url.query_pairs_mut().append_pair("intervals", "true");
        let read = |body: &[u8]| {
            let detail = model::ActivityDetail {
                own: model::own_fields(body),
                ..model::ActivityDetail::from_json(body)?
            };
            self.must_own(&detail.activity)?;
            if detail.activity.id.as_deref() != Some(id.as_str()) {
                return Err(Error::Garbled);
            }
            let laps = detail.icu_intervals.as_ref().map_or(0, Vec::len);
            let groups = detail.icu_groups.as_ref().map_or(0, Vec::len);
            let weight = body.len()
                + size_of::<model::ActivityDetail>()
                + laps * size_of::<model::Interval>()
                + groups * size_of::<model::IntervalGroup>();
            Ok(Fresh {
                value: detail,
                weight,
            })
        };
        self.ask("activity_detail", Area::Activity, url, read).await
    }

    /// `GET /activity/{id}/power-histogram`, `hr-histogram` or `pace-histogram`: the bars from the lowest up.
    pub async fn histogram(&self, id: &ActivityId, of: Histogram) -> Result<Vec<model::Bucket>, Error> {
        let (name, path) = of.endpoint();
        let url = self.activity_url(id, path);
        let read = |body: &[u8]| {
            let mut bars: Vec<model::Bucket> = Self::rows_or_none(name, body)?;
            bars.retain(|bar| bar.min.is_some() && bar.secs.is_some());
            bars.sort_by(|a, b| a.min.partial_cmp(&b.min).unwrap_or(std::cmp::Ordering::Equal));
            let weight = bars.len() * size_of::<model::Bucket>();
            Ok(Fresh { value: bars, weight })
        };
        self.ask(name, Area::Activity, url, read).await
    }

    /// `GET /activity/{id}/weather-summary`.
    pub async fn weather(&self, id: &ActivityId) -> Result<model::Weather, Error> {
        let url = self.activity_url(id, "/weather-summary");
        let read = |body: &[u8]| {
            let weather: model::Weather = super::lenient::object(body)?;
            let weight = size_of::<model::Weather>() + weather.description.as_ref().map_or(0, String::len);
            Ok(Fresh {
                value: weather,
                weight,
            })
        };
        self.ask("weather", Area::Activity, url, read).await
    }

    /// `GET /activity/{id}/messages`: the comments that were not deleted, oldest first.
    pub async fn comments(&self, id: &ActivityId) -> Result<Vec<model::Comment>, Error> {
        let url = self.activity_url(id, "/messages");
        let read = |body: &[u8]| {
            let mut comments: Vec<model::Comment> = Self::rows_or_none("messages", body)?;
            comments.retain(|comment| comment.deleted.is_none() && comment.deleted_by_id.is_none());
            comments.sort_by_key(|comment| comment.created);
            let count = comments.len();
            Ok(super::weighed(comments, body, count))
        };
        self.ask("messages", Area::Activity, url, read).await
    }

    /// A list; `null`, which upstream sends if it never analysed the activity, is an empty one.
    pub(super) fn rows_or_none<T: DeserializeOwned>(
        endpoint: &'static str,
        body: &[u8],
    ) -> Result<Vec<T>, Error> {
        if body.trim_ascii() == b"null" {
            return Ok(Vec::new());
        }
        Self::rows(endpoint, body)
    }
}
