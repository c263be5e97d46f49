//! What a handler receives: who asks, whether they may, about which athlete, with which parameters. An endpoint is then a
//! row of the router and a function that takes an [`Ask`].
//!
//! No endpoint's own behaviour.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, OriginalUri, Path, Query, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::Object;
use crate::{
    fault::{Fault, Mode},
    front::{Caller, Via},
    params::Params,
    people::{PEOPLE, Person},
    refusal::Refusal,
    tokens::{Area, Scope},
    training::{Done, Source},
    world::World,
};

/// A handler's answer, as JSON.
pub(super) type Answer<T> = Result<Json<T>, Refusal>;

/// What a path names. The path of an activity names no athlete: it is the caller's own.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Names {
    athlete: String,
    activity: String,
    which: String,
    part: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            athlete: "0".to_owned(),
            activity: String::new(),
            which: String::new(),
            part: String::new(),
        }
    }
}

/// A request whose caller may make it.
pub(crate) struct Ask {
    pub(super) world: Arc<World>,
    /// The athlete it is about.
    pub(crate) person: &'static Person,
    /// How the caller proved who they are.
    pub(super) via: Via,
    pub(crate) params: Params,
    names: Names,
    body: Bytes,
    fault: Option<Fault>,
}

/// What `front` was ordered to do to the entries that a request writes.
struct Ordered(Option<Fault>);

impl<S: Sync> FromRequestParts<S> for Ordered {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.remove()))
    }
}

/// `GET`, for callers who may read the area.
pub(super) fn read<T: IntoResponse + Send + 'static>(
    area: Area,
    answer: fn(&Ask) -> T,
) -> MethodRouter<Arc<World>> {
    asked(MethodFilter::GET, Scope { area, write: false }, answer)
}

/// A method that changes something, for callers who may write the area.
pub(super) fn write<T: IntoResponse + Send + 'static>(
    method: MethodFilter,
    area: Area,
    answer: fn(&Ask) -> T,
) -> MethodRouter<Arc<World>> {
    asked(method, Scope { area, write: true }, answer)
}

fn asked<T: IntoResponse + Send + 'static>(
    method: MethodFilter,
    scope: Scope,
    answer: fn(&Ask) -> T,
) -> MethodRouter<Arc<World>> {
    let handler = async move |State(world): State<Arc<World>>,
                              OriginalUri(uri): OriginalUri,
                              caller: Caller,
                              Path(names): Path<Names>,
                              Query(params): Query<Params>,
                              Ordered(fault): Ordered,
                              body: Bytes| {
        let person = caller.may(&names.athlete, scope)?;
        let ask = Ask {
            world,
            person,
            via: caller.via,
            params,
            names,
            body,
            fault,
        };
        let given = (!scope.write).then(|| ask.world.given(person)).flatten();
        if let Some(answer) = given.and_then(|given| given.answer(&ask, uri.path())) {
            return answer;
        }
        let answer = beside(move || answer(&ask)).await?;
        Ok::<Response, Refusal>(answer.into_response())
    };
    on(method, handler)
}

/// Works on a thread of its own, because the first answer about a year takes a while.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|failed| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, failed.to_string()))
}

impl Ask {
    /// What the path names after the athlete: a day, an event, a sport.
    pub(super) fn which(&self) -> &str {
        &self.names.which
    }

    /// What the path names inside that: a reminder.
    pub(super) fn part(&self) -> &str {
        &self.names.part
    }

    /// The number or id of what is asked for, of an activity or of something of the athlete's.
    pub(super) fn number(&self) -> &str {
        if self.names.activity.is_empty() {
            &self.names.which
        } else {
            &self.names.activity
        }
    }

    /// The local time of the person.
    pub(super) fn now(&self) -> NaiveDateTime {
        self.world.local(self.person)
    }

    /// The person's today.
    pub(super) fn today(&self) -> NaiveDate {
        self.now().date()
    }

    /// The body, which must be JSON of this shape, as upstream takes it.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let mut body: Value = serde_json::from_slice(&self.body).map_err(|_| Refusal::unreadable())?;
        let objects = match &mut body {
            Value::Array(objects) => objects.as_mut_slice(),
            object => std::slice::from_mut(object),
        };
        for object in objects.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(fault) = &self.fault {
                fault.bend(object);
            }
        }
        serde_json::from_value(body).map_err(|_| Refusal::unreadable())
    }

    /// Whether what is written about the thing with this name is to be forgotten.
    pub(super) fn forgets(&self, name: &str) -> bool {
        self.ordered(name).is_some_and(|fault| fault.mode == Mode::Forget)
    }

    /// The body, which must be a JSON object.
    pub(super) fn object(&self) -> Result<Object, Refusal> {
        self.body()
    }

    /// What was ordered for an entry with this name.
    pub(super) fn ordered(&self, name: &str) -> Option<&Fault> {
        self.fault.as_ref().filter(|fault| fault.concerns(name))
    }

    /// The ordered refusal of the thing with this name; `kind` is upstream's word for such things.
    pub(super) fn refuse_ordered(&self, kind: &str, name: &str) -> Result<(), Refusal> {
        match self.ordered(name).filter(|fault| fault.mode == Mode::RefuseEntry) {
            Some(fault) => {
                let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
                Err(Refusal::new(
                    status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
                    format!("Invalid {kind} [{name}]"),
                ))
            }
            None => Ok(()),
        }
    }

    /// The activity that the path names: another athlete's is refused, an unknown one is missing.
    pub(super) fn done(&self) -> Result<Done, Refusal> {
        let of = |person| {
            let wanted = |done: &Done| (done.id == self.names.activity).then(|| done.clone());
            self.world.activities(person, wanted).pop()
        };
        match of(self.person) {
            Some(done) => Ok(done),
            None if PEOPLE.iter().any(|other| of(other).is_some()) => Err(Refusal::denied()),
            None => Err(Refusal::missing()),
        }
    }

    /// The same, to see inside: Strava's are closed.
    pub(super) fn open(&self) -> Result<Done, Refusal> {
        let done = self.done()?;
        if done.source == Source::Strava {
            return Err(Refusal::unprocessable(
                "Cannot read Strava activities via the API",
            ));
        }
        Ok(done)
    }
}
