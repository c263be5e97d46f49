//! Making, changing and deleting what gets its id from upstream: [`Shelf`] says where it is.
//!
//! No change is ever sent twice from here; what upstream says it did is not what it did: callers read back.

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::{
        Error, lenient,
        model::{Shelf, Values},
    },
    Athlete,
    gear::reminder_path,
};

impl Athlete {
    /// `POST /athlete/{id}/folders`, `…/workouts`, `…/gear` or `…/gear/{gearId}/reminder`: a new item. Answers its id, if upstream
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
        };
        let values = values.only(|name| at != Shelf::Reminder || name != "gear_id");
        let body = Some(Value::Object(values.body()));
        let url = self.url(&path);
        self.change(endpoint, at.area(), Method::POST, url, body, |body| {
            let made: Map<String, Value> = lenient::object(body)?;
            self.may_be_mine(&made, "athlete_id")?;
            Ok(match (at, made.get("id")) {
                (Shelf::Folder | Shelf::Template, Some(Value::Number(id))) => Some(id.to_string()),
                (Shelf::Gear, Some(Value::String(id))) => Some(id.clone()),
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
        };
        let url = self.url(&path);
        self.change(endpoint, at.area(), Method::DELETE, url, None, |_| Ok(()))
            .await
    }
}
