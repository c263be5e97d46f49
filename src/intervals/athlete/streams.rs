//! What a device recorded, sample by sample.
//!
//! No thinning and no meaning here: that is [`crate::training::streams`].

use super::{
    super::{Area, Error, cache::Fresh, model},
    Athlete,
};
use crate::ids::ActivityId;

impl Athlete {
    /// `GET /activity/{id}/streams.json?types=…`: those of the named streams that were recorded. [`Error::Strava`] if the
    /// activity came from Strava, [`Error::NotFound`] if there is no recording at all, [`Error::TooLarge`] if it is larger
    /// than an answer may be (days at one sample per second).
    ///
    /// The answer does not say whose it is. Only for an activity that [`Athlete::activity_detail`] or
    /// [`Athlete::activity`] has just shown to be this athlete's.
    pub async fn streams(
        &self,
        id: &ActivityId,
        types: &'static [&'static str],
    ) -> Result<Vec<model::Stream>, Error> {
        let mut url = self.activity_url(id, "/streams.json");
        url.query_pairs_mut().append_pair("types", &types.join(","));
        let read = |body: &[u8]| {
            let mut streams: Vec<model::Stream> = Self::rows_or_none("streams", body)?;
            // Streams that were not requested (such as custom ones) would only take memory.
            streams.retain(|stream| {
                let kind = stream.kind.as_deref().unwrap_or_default();
                types.contains(&kind)
            });
            let samples: usize = streams.iter().map(|stream| stream.data.len()).sum();
            let weight = samples * size_of::<Option<f64>>() + streams.len() * size_of::<model::Stream>();
            Ok(Fresh {
                value: streams,
                weight,
            })
        };
        self.ask("streams", Area::Activity, url, read).await
    }
}
