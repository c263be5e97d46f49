//! Requests for gear: bikes, shoes, their parts and reminders.
//!
//! No change is ever sent twice from here; what upstream says it did is not what it did: callers read back.

use http::Method;
use serde_json::{Map, Value};

use super::{
    super::{
        Area, Error, lenient,
        model::{Gear, Values},
    },
    Athlete, weighed,
};

impl Athlete {
    /// `GET /athlete/{id}/gear`: bikes, shoes and their parts, with what is due for them.
    pub async fn gear(&self) -> Result<Vec<Gear>, Error> {
        let url = self.url("/gear");
        let read = |body: &[u8]| {
            let mut rows = Self::rows::<Gear>("gear", body)?;
            self.all_mine(rows.iter().map(|row| &row.athlete_id))?;
            Self::each_once("gear", &mut rows, |row| row.id.clone());
            let count = rows.len();
            Ok(weighed(rows, body, count))
        };
        self.ask("gear", Area::Activity, url, read).await
    }

    /// `POST /athlete/{id}/gear/{gearId}/replace`: retires a part today and puts a copy of it, with these fields and the same
    /// reminders, where it was. Answers the id of the new one, if upstream told.
    pub async fn replace_gear(&self, id: &str, values: &Values) -> Result<Option<String>, Error> {
        let url = self.url(&format!("/gear/{id}/replace"));
        let body = Some(Value::Object(values.body()));
        self.change("replace_gear", Area::Activity, Method::POST, url, body, |body| {
            let both: Vec<Map<String, Value>> = lenient::rows(body)?.rows;
            both.iter()
                .try_for_each(|piece| self.may_be_mine(piece, "athlete_id"))?;
            let mut ids = both.iter().filter_map(|piece| piece.get("id")?.as_str());
            Ok(ids.find(|new| *new != id).map(str::to_owned))
        })
        .await
    }

    /// `PUT /athlete/{id}/gear/{gearId}/reminder/{reminderId}?reset=&snoozeDays=`: these fields; begins to count anew with
    /// `resets`, and is put off for so many days, 0 for not at all.
    pub async fn change_reminder(
        &self,
        id: &str,
        values: &Values,
        resets: bool,
        snooze_days: i64,
    ) -> Result<(), Error> {
        let mut url = self.url(&reminder_path(id));
        url.query_pairs_mut()
            .append_pair("reset", if resets { "true" } else { "false" })
            .append_pair("snoozeDays", &snooze_days.to_string());
        let body = Some(Value::Object(values.body()));
        self.change(
            "change_reminder",
            Area::Activity,
            Method::PUT,
            url,
            body,
            |body| self.may_be_mine(&lenient::object(body)?, "athlete_id"),
        )
        .await
    }
}

/// The path of a reminder from its id here, `gear/number`.
pub(super) fn reminder_path(id: &str) -> String {
    let (gear, reminder) = id.split_once('/').unwrap_or((id, ""));
    format!("/gear/{gear}/reminder/{reminder}")
}
