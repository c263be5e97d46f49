//! Making, changing and deleting what gets its id from upstream: [`Shelf`] says where it is.
//!
//! No change is ever sent twice from here; what upstream says it did is not what it did: callers read back.

use chrono::NaiveDate;
use http::Method;
use serde_json::{Map, Value};

use super::{
    super::{
        Area, Error, lenient,
        model::{ENTERED, Item, Shelf, Values},
    },
    ALWAYS, Athlete, fields,
    gear::reminder_path,
    weighed,
};
use crate::ids::ActivityId;

impl Athlete {
    /// `POST /athlete/{id}/folders`, `…/workouts`, `…/gear`, `…/gear/{gearId}/reminder` or `…/activities/manual/bulk`, which finds
    /// an activity of ours again by its `external_id`: a new item. Answers its id, if upstream
    /// told; of a reminder it does not.
    pub async fn make_item(&self, at: Shelf, values: &Values) -> Result<Option<String>, Error> {
        let (endpoint, path) = match at {
            Shelf::Folder => ("make_folder", "/folders".to_owned()),
            Shelf::Template => ("make_workout", "/workouts".to_owned()),
            Shelf::Gear => ("make_gear", "/gear".to_owned()),
            Shelf::Reminder => (
                "make_reminder",
                format!("/gear/{}/reminder", values.text("gear_id")),
            ),
            Shelf::Activity => ("enter_activity", "/activities/manual/bulk".to_owned()),
        };
        let values = values.only(|name| at != Shelf::Reminder || name != "gear_id");
        let body = Value::Object(values.body());
        let body = Some(if at == Shelf::Activity {
            Value::from(vec![body])
        } else {
            body
        });
        let url = self.url(&path);
        self.change(endpoint, at.area(), Method::POST, url, body, |body| {
            let (made, owner): (Map<String, Value>, _) = match at {
                Shelf::Activity => {
                    let mut rows = lenient::rows(body)?.rows;
                    (rows.pop().unwrap_or_default(), "icu_athlete_id")
                }
                _ => (lenient::object(body)?, "athlete_id"),
            };
            self.may_be_mine(&made, owner)?;
            Ok(match (at, made.get("id")) {
                (Shelf::Folder | Shelf::Template, Some(Value::Number(id))) => Some(id.to_string()),
                (Shelf::Gear | Shelf::Activity, Some(Value::String(id))) => Some(id.clone()),
                _ => None,
            })
        })
        .await
    }

    /// `PUT /athlete/{id}/folders/{folderId}`, `…/workouts/{workoutId}` or `…/gear/{gearId}`: these fields and nothing else. A
    /// reminder is changed by [`Athlete::change_reminder`].
    pub async fn change_item(&self, at: Shelf, id: &str, values: &Values) -> Result<(), Error> {
        let (endpoint, path) = match at {
            Shelf::Folder => ("change_folder", format!("/folders/{id}")),
            Shelf::Template => ("change_workout", format!("/workouts/{id}")),
            Shelf::Gear => ("change_gear", format!("/gear/{id}")),
            Shelf::Reminder => return self.change_reminder(id, values, false, 0).await,
            Shelf::Activity => {
                let id: ActivityId = id.parse().map_err(|_| Error::NotFound)?;
                return self.change_activity(&id, values).await;
            }
        };
        let body = Some(Value::Object(values.body()));
        let url = self.url(&path);
        self.change(endpoint, at.area(), Method::PUT, url, body, |body| {
            self.may_be_mine(&lenient::object(body)?, "athlete_id")
        })
        .await
    }

    /// `DELETE /athlete/{id}/workouts/{workoutId}`, `…/gear/{gearId}` or `…/gear/{gearId}/reminder/{reminderId}`: this one and no
    /// others; `DELETE /athlete/{id}/folders/{folderId}`: the folder with everything in it.
    pub async fn delete_item(&self, at: Shelf, id: &str) -> Result<(), Error> {
        let (endpoint, path) = match at {
            Shelf::Folder => ("delete_folder", format!("/folders/{id}")),
            Shelf::Template => ("delete_library_workout", format!("/workouts/{id}")),
            Shelf::Gear => ("delete_gear", format!("/gear/{id}")),
            Shelf::Reminder => ("delete_reminder", reminder_path(id)),
            Shelf::Activity => {
                let id: ActivityId = id.parse().map_err(|_| Error::NotFound)?;
                let url = self.activity_url(&id, "");
                return self
                    .change(
                        "delete_activity",
                        at.area(),
                        Method::DELETE,
                        url,
                        None,
                        |_| Ok(()),
                    )
                    .await;
            }
        };
        let url = self.url(&path);
        self.change(endpoint, at.area(), Method::DELETE, url, None, |_| Ok(()))
            .await
    }

    /// `GET /athlete/{id}/activities`: those that begin on these days, as [`Shelf::Activity`] has them, with `source`. Of an
    /// activity from Strava upstream sends little more than that.
    pub async fn activities_to_write(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
    ) -> Result<Vec<Item>, Error> {
        let mut url = self.ranged("/activities", oldest, newest);
        url.query_pairs_mut()
            .append_pair("fields", &fields(&ALWAYS, &ENTERED));
        let read = |body: &[u8]| {
            let rows: Vec<Map<String, Value>> = Self::rows("activities", body)?;
            let count = rows.len();
            let mut items = Vec::new();
            for mut row in rows {
                self.may_be_mine(&row, "icu_athlete_id")?;
                let Some(Value::String(id)) = row.remove("id") else {
                    continue;
                };
                if let Some(Value::Object(gear)) = row.get_mut("gear") {
                    gear.retain(|name, _| name == "id");
                }
                let is_kept = |name: &str| name == "source" || ENTERED.contains(&name);
                items.push(Item {
                    shelf: Shelf::Activity,
                    id,
                    values: row.into_iter().filter(|(name, _)| is_kept(name)).collect(),
                    event: None,
                    contents: Vec::new(),
                });
            }
            Ok(weighed(items, body, count))
        };
        self.ask("activities", Area::Activity, url, read).await
    }
}
