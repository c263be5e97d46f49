//! Best-effort curves, reduced to what is shown: upstream's answers can have hundreds of kilobytes.
//!
//! Both the shapes on the wire and what they become; no requests here.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Deserializer, de::MapAccess};
use serde_with::apply;

use crate::intervals::lenient::{self, Element, Lenient, Object};

/// Bytes of a name to keep; longer ones are cut when shown anyway.
const NAME: usize = 1024;

/// The curves in one answer of `GET /athlete/{id}/{power,hr,pace}-curves`, and the activities behind their points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// In upstream's order.
    pub(crate) list: Vec<Curve>,
    /// Each activity that a point names, once.
    pub(crate) activities: Vec<Effort>,
}

/// The best efforts of one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// The spec of the request, such as `42d` or `r.2026-01-01.2026-03-31`.
    pub(crate) id: Option<String>,
    /// First local day.
    pub(crate) oldest: Option<NaiveDate>,
    /// Last local day.
    pub(crate) newest: Option<NaiveDate>,
    /// kJ of work before the efforts, for a fatigued curve.
    pub(crate) after_kj: Option<f64>,
    /// kg, behind W/kg.
    pub(crate) weight: Option<f64>,
    /// By duration or distance, shortest first, each once.
    pub(crate) points: Vec<Point>,
    /// Upstream's models of a power curve.
    pub(crate) power_models: Vec<PowerModel>,
    /// Upstream's models of a pace curve.
    pub(crate) pace_models: Vec<PaceModel>,
    /// ml/kg/min, upstream's estimate from five-minute power.
    pub(crate) vo2max_5m: Option<f64>,
}

/// One best effort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Duration in s, or distance in m.
    pub(crate) at: f64,
    /// W, bpm, or s over the distance; above zero.
    pub(crate) value: f64,
    /// Its index in [`Curves::activities`].
    pub(crate) activity: Option<usize>,
    /// The best W/kg, above zero; it may be from another activity.
    pub(crate) per_kg: Option<f64>,
    /// The index in [`Curves::activities`] of the activity that the W/kg is from.
    pub(crate) per_kg_activity: Option<usize>,
}

/// An activity behind a curve's point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effort {
    /// Activity id.
    pub(crate) id: String,
    /// Athlete-local; None if the answer does not describe the activity.
    pub(crate) start_date_local: Option<NaiveDateTime>,
    /// Title, as written.
    pub(crate) name: Option<String>,
    /// The service it came from.
    pub(crate) source: Option<String>,
    /// Recording device.
    pub(crate) device_name: Option<String>,
}

/// A model that upstream fitted to a power curve.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PowerModel {
    /// `MS_2P`, `MORTON_3P`, `FFT_CURVES` or `ECP`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// W.
    #[serde(rename = "criticalPower")]
    pub(crate) critical_power: Option<f64>,
    /// J.
    #[serde(rename = "wPrime")]
    pub(crate) w_prime: Option<f64>,
    /// W.
    #[serde(rename = "pMax")]
    pub(crate) p_max: Option<f64>,
    /// W, the estimated FTP.
    pub(crate) ftp: Option<f64>,
}

impl Object for PowerModel {}

/// A model that upstream fitted to a pace curve.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PaceModel {
    /// `CS`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// m/s.
    #[serde(rename = "criticalSpeed")]
    pub(crate) critical_speed: Option<f64>,
    /// m.
    #[serde(rename = "dPrime")]
    pub(crate) d_prime: Option<f64>,
    /// Goodness of fit, 0–1.
    pub(crate) r2: Option<f64>,
}

impl Object for PaceModel {}

impl Curves {
    /// Estimated bytes in memory.
    pub(in crate::intervals) fn weight(&self) -> usize {
        let curves: usize = self
            .list
            .iter()
            .map(|curve| {
                size_of::<Curve>()
                    + curve.points.len() * size_of::<Point>()
                    + curve.power_models.len() * (size_of::<PowerModel>() + 16)
                    + curve.pace_models.len() * (size_of::<PaceModel>() + 16)
            })
            .sum();
        let activities: usize = self
            .activities
            .iter()
            .map(|effort| {
                let texts = [&effort.name, &effort.source, &effort.device_name];
                let texts: usize = texts.into_iter().flatten().map(String::len).sum();
                size_of::<Effort>() + effort.id.len() + texts
            })
            .sum();
        curves + activities
    }
}

/// The answer as upstream sends it.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Default, Deserialize)]
pub(in crate::intervals) struct CurvesBody {
    list: Option<Vec<CurveBody>>,
    activities: Option<HashMap<String, ActivityBody>>,
}

#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Default, Deserialize)]
struct CurveBody {
    id: Option<String>,
    start_date_local: Option<NaiveDate>,
    end_date_local: Option<NaiveDate>,
    after_kj: Option<f64>,
    weight: Option<f64>,
    secs: Option<Vec<Option<f64>>>,
    distance: Option<Vec<Option<f64>>>,
    values: Option<Vec<Option<f64>>>,
    watts: Option<Vec<Option<f64>>>,
    activity_id: Option<Vec<Option<String>>>,
    watts_per_kg: Option<Vec<Option<f64>>>,
    wkg_activity_id: Option<Vec<Option<String>>>,
    #[serde(rename = "powerModels")]
    power_models: Option<Vec<PowerModel>>,
    #[serde(rename = "paceModels")]
    pace_models: Option<Vec<PaceModel>>,
    vo2max_5m: Option<f64>,
}

#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Default, Deserialize)]
struct ActivityBody {
    icu_athlete_id: Option<String>,
    start_date_local: Option<NaiveDateTime>,
    name: Option<String>,
    source: Option<String>,
    device_name: Option<String>,
}

impl Object for CurveBody {}

impl Object for ActivityBody {}

/// A map of activities; odd ones are left out.
impl Lenient for HashMap<String, ActivityBody> {
    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Self>, D::Error> {
        lenient::alone(json)
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut activities = Self::new();
        while let Some((id, Element(activity))) = object.next_entry()? {
            activities.extend(activity.map(|activity| (id, activity)));
        }
        Ok(Some(activities))
    }
}

impl CurvesBody {
    /// The owners that the activities name.
    pub(in crate::intervals) fn owners(&self) -> impl Iterator<Item = &Option<String>> {
        self.activities
            .iter()
            .flat_map(HashMap::values)
            .map(|activity| &activity.icu_athlete_id)
    }
}

impl From<CurvesBody> for Curves {
    fn from(body: CurvesBody) -> Self {
        let mut named = Named {
            known: body.activities.unwrap_or_default(),
            places: HashMap::new(),
            efforts: Vec::new(),
        };
        let list = body
            .list
            .unwrap_or_default()
            .into_iter()
            .map(|curve| curve.read(&mut named))
            .collect();
        Self {
            list,
            activities: named.efforts,
        }
    }
}

/// The activities that points have named so far. An id of twenty bytes, named by hundreds of points, is kept once.
struct Named {
    known: HashMap<String, ActivityBody>,
    places: HashMap<String, usize>,
    efforts: Vec<Effort>,
}

impl Named {
    fn place(&mut self, id: Option<&str>) -> Option<usize> {
        let id = id.filter(|id| !id.is_empty() && id.len() <= 64)?;
        if let Some(place) = self.places.get(id) {
            return Some(*place);
        }
        let known = self.known.remove(id).unwrap_or_default();
        let short = |text: Option<String>| text.map(|text| text.chars().take(NAME).collect());
        self.efforts.push(Effort {
            id: id.to_owned(),
            start_date_local: known.start_date_local,
            name: short(known.name),
            source: short(known.source),
            device_name: short(known.device_name),
        });
        self.places.insert(id.to_owned(), self.efforts.len() - 1);
        Some(self.efforts.len() - 1)
    }
}

impl CurveBody {
    fn read(self, named: &mut Named) -> Curve {
        let some = |list: Option<Vec<Option<f64>>>| list.filter(|list| !list.is_empty());
        let axis = some(self.secs).or(some(self.distance)).unwrap_or_default();
        let values = some(self.values).or(some(self.watts)).unwrap_or_default();
        let per_kg = self.watts_per_kg.unwrap_or_default();
        let ids = self.activity_id.unwrap_or_default();
        let per_kg_ids = self.wkg_activity_id.unwrap_or_default();
        // Upstream sends 0 where there is no effort that long.
        let positive =
            |list: &[Option<f64>], at: usize| list.get(at).copied().flatten().filter(|value| *value > 0.0);
        let mut points: Vec<Point> = (0..axis.len().min(values.len()))
            .filter_map(|at| {
                let per_kg = positive(&per_kg, at);
                Some(Point {
                    at: positive(&axis, at)?,
                    value: positive(&values, at)?,
                    activity: named.place(ids.get(at).and_then(Option::as_deref)),
                    per_kg,
                    per_kg_activity: per_kg
                        .and_then(|_| named.place(per_kg_ids.get(at).and_then(Option::as_deref))),
                })
            })
            .collect();
        points.sort_by(|a, b| a.at.total_cmp(&b.at));
        points.dedup_by(|a, b| a.at.total_cmp(&b.at).is_eq());
        points.shrink_to_fit();
        Curve {
            id: self.id.filter(|id| id.len() <= 64),
            oldest: self.start_date_local,
            newest: self.end_date_local,
            after_kj: self.after_kj,
            weight: self.weight.filter(|weight| *weight > 0.0),
            points,
            power_models: self.power_models.unwrap_or_default(),
            pace_models: self.pace_models.unwrap_or_default(),
            vo2max_5m: self.vo2max_5m.filter(|value| *value > 0.0),
        }
    }
}

#[cfg(test)]
impl Curves {
    /// Reads an answer.
    pub(crate) fn read(body: &serde_json::Value) -> Self {
        lenient::object::<CurvesBody>(body.to_string().as_bytes())
            .unwrap()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_with_gaps_zeros_and_other_lengths_keep_their_places() {
        let curves = Curves::read(&json!({
            "list": [{"id": "42d", "secs": [5, 60, 300, 1200, 3600, 7200], "values": [700, 0, null, 250, "240"],
                "activity_id": ["i1", "i1", "i1", null, "i9"], "watts_per_kg": [10.9, 6, 4, 0],
                "wkg_activity_id": ["i2"], "weight": 0, "start_date_local": "2026-10-11T00:00:00"}],
            "activities": {"i1": {"id": "i1", "name": "Sprints", "start_date_local": "2026-11-04T17:30:10"}, "i3": 7},
        }));
        let curve = &curves.list[0];
        let seen: Vec<(f64, f64)> = curve.points.iter().map(|point| (point.at, point.value)).collect();
        assert_eq!(seen, [(5.0, 700.0), (1200.0, 250.0), (3600.0, 240.0)]);
        let ids: Vec<&str> = curves
            .activities
            .iter()
            .map(|effort| effort.id.as_str())
            .collect();
        assert_eq!(ids, ["i1", "i2", "i9"]);
        assert_eq!(
            (curve.points[0].activity, curve.points[0].per_kg_activity),
            (Some(0), Some(1))
        );
        assert_eq!((curve.points[1].activity, curve.points[1].per_kg), (None, None));
        assert_eq!(curve.weight, None);
        assert_eq!(curve.oldest, Some("2026-10-11".parse().unwrap()));
        assert_eq!(curves.activities[0].name.as_deref(), Some("Sprints"));
        assert_eq!(curves.activities[2].start_date_local, None);
    }

    #[test]
    fn power_may_be_called_watts_and_lists_may_be_null() {
        let curves = Curves::read(&json!({"list": [
            {"id": "all", "secs": [5, 60], "values": null, "watts": [900, 500], "powerModels": [{"type": "ECP", "ftp": 251}, 3]},
            {"id": "1y", "secs": null, "values": null, "activity_id": null, "powerModels": null},
            null,
        ], "activities": null}));
        assert_eq!(curves.list.len(), 2);
        let minute = curves.list[0].points.get(1).map(|point| point.value);
        assert_eq!(minute, Some(500.0));
        assert_eq!(curves.list[0].power_models[0].ftp, Some(251.0));
        assert!(curves.list[1].points.is_empty() && curves.activities.is_empty());
        assert_eq!(Curves::read(&json!({"list": null})), Curves::default());
        assert_eq!(
            Curves::read(&json!({"activities": [1], "list": "none"})),
            Curves::default()
        );
    }

    #[test]
    fn little_is_kept() {
        let count = 700;
        let ids: Vec<String> = (0..count).map(|at| format!("i18880{:04}", at / 100)).collect();
        let body = json!({"list": [{"id": "1y", "secs": (1..=count).collect::<Vec<_>>(), "values": vec![250; count],
            "activity_id": ids, "wkg_activity_id": ids, "watts_per_kg": vec![4.25; count], "submax_values": vec![vec![240; 8]; count],
            "mapPlot": {"x": vec![1.5; 2000]}}],
            "activities": {"i188800001": {"name": "x".repeat(1_000_000)}}});
        let curves = Curves::read(&body);
        assert_eq!((curves.list[0].points.len(), curves.activities.len()), (700, 7));
        assert!(curves.weight() < 700 * 64 + 5000, "{}", curves.weight());
    }

    proptest! {
        #[test]
        fn no_arrays_panic_and_every_point_can_be_shown(
            secs in prop::collection::vec(any::<Option<f64>>(), 0..30),
            values in prop::collection::vec(any::<Option<f64>>(), 0..30),
            ids in prop::collection::vec(prop::option::of(".{0,80}"), 0..30),
        ) {
            let curves = Curves::read(&json!({"list": [{"secs": secs, "values": values, "activity_id": ids, "watts_per_kg": values,
                "wkg_activity_id": ids}]}));
            let points = &curves.list[0].points;
            prop_assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at));
            for point in points {
                prop_assert!(point.value > 0.0 && point.at > 0.0 && point.value.is_finite());
                prop_assert!(point.activity.is_none_or(|at| at < curves.activities.len()));
                prop_assert!(point.per_kg_activity.is_none_or(|at| at < curves.activities.len()));
            }
        }
    }
}
