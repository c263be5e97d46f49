//! Requests for the workout library.
//!
//! No change is ever sent twice from here; what upstream says it did is not what it did: callers read back.

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    super::{
        Area, Error,
        cache::Fresh,
        lenient,
        model::{Event, Folder, Template, Values, library::TEMPLATE},
    },
    Athlete,
};

impl Athlete {
    /// `GET /athlete/{id}/folders`: every folder and plan with the workouts in it, also those that others share with the athlete
    /// ([`Folder::is_of_another`]), as upstream orders them.
    pub async fn library(&self) -> Result<Vec<Folder>, Error> {
        let url = self.url("/folders");
        let read = |body: &[u8]| {
            let rows = lenient::rows_or_odd(body, folder)?;
            let mut folders = Self::counted("library", rows);
            Self::only("library", &mut folders, |folder| folder.id.is_some());
            Self::each_once("library", &mut folders, |folder| folder.id);
            Ok(Fresh {
                value: folders,
                weight: 3 * body.len(),
            })
        };
        self.ask("library", Area::Library, url, read).await
    }

    /// `GET /athlete/{id}/folders/{folderId}/shared-with`: with how many athletes a folder or plan is shared.
    pub async fn folder_is_shared_with(&self, id: &str) -> Result<usize, Error> {
        let url = self.url(&format!("/folders/{id}/shared-with"));
        let read = |body: &[u8]| {
            let rows = lenient::rows_or_odd(body, lenient::object::<Map<String, Value>>)?;
            Ok(Fresh {
                value: rows.rows.len() + rows.odd,
                weight: 64,
            })
        };
        self.ask("shared_with", Area::Library, url, read).await
    }

    /// `GET /athlete/{id}/training-plan`: the plan that the athlete's calendar follows, if it follows one.
    pub async fn plan_in_use(&self) -> Result<Option<i64>, Error> {
        let url = self.url("/training-plan");
        let read = |body: &[u8]| {
            let plan: Map<String, Value> = match body.trim_ascii() {
                b"" | b"null" => Map::new(),
                body => lenient::object(body)?,
            };
            self.may_be_mine(&plan, "athlete_id")?;
            Ok(Fresh {
                value: plan.get("training_plan_id").and_then(Value::as_i64),
                weight: 64,
            })
        };
        self.ask("training_plan", Area::Library, url, read).await
    }

    /// `POST /athlete/{id}/workouts/bulk`: new workouts of the library.
    pub async fn make_templates(&self, all: &[Values]) -> Result<(), Error> {
        let body = all.iter().map(|values| Value::Object(values.body())).collect();
        let url = self.url("/workouts/bulk");
        self.change(
            "make_workouts",
            Area::Library,
            Method::POST,
            url,
            Some(body),
            |body| {
                let made: Vec<Map<String, Value>> = lenient::rows(body)?.rows;
                made.iter()
                    .try_for_each(|made| self.may_be_mine(made, "athlete_id"))
            },
        )
        .await
    }
}

/// What is in a folder, beside its own fields.
#[derive(Deserialize)]
struct Inside<'a> {
    #[serde(borrow, default)]
    children: Option<&'a RawValue>,
}

fn folder(body: &[u8]) -> Result<Folder, Error> {
    let mut folder: Folder = lenient::object(body)?;
    let inside: Inside<'_> = serde_json::from_slice(body).map_err(|_| Error::Garbled)?;
    let children = inside
        .children
        .map(RawValue::get)
        .filter(|text| text.starts_with('['));
    if let Some(children) = children {
        let rows = lenient::rows_or_odd(children.as_bytes(), template)?;
        folder.templates = Athlete::counted("templates", rows);
        Athlete::each_once("templates", &mut folder.templates, |template| Some(template.id));
    }
    Ok(folder)
}

/// A workout of the library, as `GET /athlete/{id}/workouts/{workoutId}` has it too.
fn template(body: &[u8]) -> Result<Template, Error> {
    let event: Event = lenient::object(body)?;
    let fields: Map<String, Value> = lenient::object(body)?;
    let number = |name: &str| fields.get(name).and_then(Value::as_i64);
    let day = number("day");
    let for_week = fields.get("for_week") == Some(&Value::Bool(true));
    let is_allowed = |(name, _): &(String, Value)| TEMPLATE.contains(&name.as_str());
    Ok(Template {
        id: event.id.ok_or(Error::Garbled)?,
        day,
        for_week,
        event: Event {
            category: Some("WORKOUT".to_owned()),
            ..event
        },
        values: fields.into_iter().filter(is_allowed).collect::<Values>(),
    })
}
