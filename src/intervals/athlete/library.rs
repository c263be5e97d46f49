//! Requests for the workout library.

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
