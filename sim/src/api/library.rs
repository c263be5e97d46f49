//! The workout library: folders, plans, workouts.
//!
//! The seeded one and what becomes of a write are in `library` above.

use std::collections::BTreeSet;

use axum::Json;
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    fault::Fault,
    library::{Laying, Shelf, blank, blank_folder},
    refusal::Refusal,
    schema::text,
    world::id_of,
};

/// The id in the path.
fn number(ask: &Ask, name: &str) -> Result<i64, Refusal> {
    let id = ask.which();
    id.parse()
        .map_err(|_| Refusal::mismatch(name, "java.lang.Integer", id))
}

/// Whether the athlete may change the folder: it is the athlete's own.
fn is_own(ask: &Ask, object: &Object) -> bool {
    text(object, "athlete_id") == ask.person.athlete_id
}

/// The folder with this id, to be changed.
fn own_folder(ask: &Ask, shelf: &Shelf, id: i64) -> Result<Object, Refusal> {
    let folder = shelf.folders.get(&id).ok_or_else(Refusal::missing)?;
    if is_own(ask, folder) {
        Ok(folder.clone())
    } else {
        Err(Refusal::denied())
    }
}

/// The workout that the path names, to be changed.
fn own_workout(ask: &Ask, shelf: &Shelf) -> Result<Object, Refusal> {
    let id = number(ask, "workoutId")?;
    let workout = shelf.workouts.get(&id).ok_or_else(Refusal::missing)?;
    if is_own(ask, workout) {
        Ok(workout.clone())
    } else {
        Err(Refusal::denied())
    }
}

/// `GET /athlete/{id}/folders`.
pub(super) fn folders(ask: &Ask) -> Json<Vec<Object>> {
    let shelf = ask.world.shelf(ask.person);
    let with_children = |(id, folder): (&i64, &Object)| {
        let mut folder = folder.clone();
        let inside: Vec<Object> = shelf.inside(*id).cloned().collect();
        folder.insert("num_workouts".into(), json!(inside.len()));
        folder.insert("children".into(), json!(inside));
        folder
    };
    Json(shelf.folders.iter().map(with_children).collect())
}

/// `POST /athlete/{id}/folders`.
pub(super) fn create_folder(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    ask.refuse_ordered("workout", text(&body, "name"))?;
    let _writing = ask.world.writing();
    let id = ask.world.new_event_id();
    let mut folder = blank_folder(ask.person, id);
    Laying::folder(&mut folder, body)?;
    if !ask.forgets(text(&folder, "name")) {
        let kept = folder.clone();
        ask.world
            .on_shelf(ask.person, |shelf| shelf.folders.insert(id, kept));
    }
    Ok(Json(folder))
}

/// `PUT /athlete/{id}/folders/{folderId}`.
pub(super) fn update_folder(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let id = number(ask, "folderId")?;
    let _writing = ask.world.writing();
    let mut folder = own_folder(ask, &ask.world.shelf(ask.person), id)?;
    Laying::folder(&mut folder, body)?;
    if !ask.forgets(text(&folder, "name")) {
        let kept = folder.clone();
        ask.world
            .on_shelf(ask.person, |shelf| shelf.folders.insert(id, kept));
    }
    Ok(Json(folder))
}

/// `DELETE /athlete/{id}/folders/{folderId}`: with everything in it, whoever shares it.
pub(super) fn delete_folder(ask: &Ask) -> Answer<Value> {
    let id = number(ask, "folderId")?;
    let _writing = ask.world.writing();
    let folder = own_folder(ask, &ask.world.shelf(ask.person), id)?;
    if !ask.forgets(text(&folder, "name")) {
        ask.world.on_shelf(ask.person, |shelf| {
            shelf.folders.remove(&id);
            shelf
                .workouts
                .retain(|_, workout| workout["folder_id"].as_i64() != Some(id));
        });
    }
    Ok(Json(json!({})))
}

/// `GET /athlete/{id}/folders/{folderId}/shared-with`.
pub(super) fn shared_with(ask: &Ask) -> Answer<Vec<Value>> {
    let id = number(ask, "folderId")?;
    let folder = own_folder(ask, &ask.world.shelf(ask.person), id)?;
    let count = folder["sharedWithCount"].as_u64().unwrap_or_default();
    let one =
        |at: u64| json!({"id": format!("i95000{at}"), "name": format!("Club member {at}"), "canEdit": false});
    Ok(Json((0..count).map(one).collect()))
}

/// `GET /athlete/{id}/workouts`.
pub(super) fn workouts(ask: &Ask) -> Json<Vec<Object>> {
    let shelf = ask.world.shelf(ask.person);
    Json(
        shelf
            .workouts
            .into_values()
            .filter(|workout| is_own(ask, workout))
            .collect(),
    )
}

/// `GET /athlete/{id}/workouts/{workoutId}`.
pub(super) fn workout(ask: &Ask) -> Answer<Object> {
    let id = number(ask, "workoutId")?;
    let found = ask.world.shelf(ask.person).workouts.remove(&id);
    found.map(Json).ok_or_else(Refusal::missing)
}

/// A workout as it is after `body`, or why that cannot be. It is not kept yet.
fn laid(ask: &Ask, shelf: &Shelf, mut workout: Object, body: Object) -> Result<Object, Refusal> {
    let name = text(
        if body.contains_key("name") {
            &body
        } else {
            &workout
        },
        "name",
    )
    .to_owned();
    ask.refuse_ordered("workout", &name)?;
    let laying = Laying {
        person: ask.person,
        sports: &ask.world.sports(ask.person),
        today: ask.today(),
        now: ask.world.now(),
        loss: ask.ordered(&name).and_then(Fault::loss),
    };
    laying.workout(&mut workout, body)?;
    own_folder(ask, shelf, workout["folder_id"].as_i64().unwrap_or_default())?;
    Ok(workout)
}

/// Keeps a workout unless it is to be forgotten.
fn keep(ask: &Ask, workout: &Object) {
    let kept = workout.clone();
    if let Some(id) = id_of(workout).filter(|_| !ask.forgets(text(workout, "name"))) {
        ask.world
            .on_shelf(ask.person, |shelf| shelf.workouts.insert(id, kept));
    }
}

/// `POST /athlete/{id}/workouts`.
pub(super) fn create(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let new = blank(ask.person, ask.world.new_event_id(), ask.world.now());
    let workout = laid(ask, &ask.world.shelf(ask.person), new, body)?;
    keep(ask, &workout);
    Ok(Json(workout))
}

/// `POST /athlete/{id}/workouts/bulk`: all of them, or none.
pub(super) fn create_bulk(ask: &Ask) -> Answer<Vec<Object>> {
    let bodies: Vec<Object> = ask.body()?;
    let _writing = ask.world.writing();
    let shelf = ask.world.shelf(ask.person);
    let new = || blank(ask.person, ask.world.new_event_id(), ask.world.now());
    let made: Result<Vec<Object>, Refusal> = bodies
        .into_iter()
        .map(|body| laid(ask, &shelf, new(), body))
        .collect();
    let made = made?;
    for workout in &made {
        keep(ask, workout);
    }
    Ok(Json(made))
}

/// `PUT /athlete/{id}/workouts/{workoutId}`.
pub(super) fn update(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let shelf = ask.world.shelf(ask.person);
    let workout = laid(ask, &shelf, own_workout(ask, &shelf)?, body)?;
    keep(ask, &workout);
    Ok(Json(workout))
}

/// `DELETE /athlete/{id}/workouts/{workoutId}`: answers the ids of what was deleted.
pub(super) fn delete(ask: &Ask) -> Answer<Vec<i64>> {
    let _writing = ask.world.writing();
    let workout = own_workout(ask, &ask.world.shelf(ask.person))?;
    let id = id_of(&workout).unwrap_or_default();
    if !ask.forgets(text(&workout, "name")) {
        ask.world.on_shelf(ask.person, |shelf| shelf.workouts.remove(&id));
    }
    Ok(Json(vec![id]))
}

/// `GET /athlete/{id}/workout-tags`.
pub(super) fn tags(ask: &Ask) -> Json<BTreeSet<String>> {
    let shelf = ask.world.shelf(ask.person);
    let tags = shelf
        .workouts
        .values()
        .flat_map(|workout| workout["tags"].as_array().cloned().unwrap_or_default());
    Json(tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
}
