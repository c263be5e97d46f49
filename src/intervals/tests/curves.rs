//! Curves: requests, and whose the answer must be.

use super::{
    ana, client, day, handle,
    server::{Server, json},
};
use crate::intervals::{CurveSpec, Error, Fatigue, Scopes, Window};

const BODY: &str = r#"{"list":[{"id":"42d","secs":[5,60],"values":[700,426],"activity_id":["i7","i7"]}],
    "activities":{"i7":{"id":"i7","icu_athlete_id":"i1","name":"Sprints"}}}"#;

fn specs() -> Vec<CurveSpec> {
    vec![
        Window::Days(42).into(),
        Window::Years(1).into(),
        Window::All.into(),
        Window::Season(1).into(),
        CurveSpec {
            window: Window::Dates {
                oldest: day("2026-01-01"),
                newest: day("2026-03-31"),
            },
            fatigue: Fatigue::First,
        },
        CurveSpec {
            window: Window::Days(90),
            fatigue: Fatigue::Second,
        },
    ]
}

#[tokio::test]
async fn curves_are_requested_by_upstreams_names() {
    let server = Server::always(json(BODY)).await;
    let athlete = handle(&server.base);
    let found = athlete.power_curves("Ride", &specs()).await.unwrap();
    assert_eq!(found.activities[0].name.as_deref(), Some("Sprints"));
    athlete
        .hr_curves("NordicSki", &[Window::Days(42).into()])
        .await
        .unwrap();
    for gap in [false, true] {
        athlete
            .pace_curves("Run", &[Window::Days(42).into()], gap)
            .await
            .unwrap();
    }
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/athlete/i1/power-curves?type=Ride&\
             curves=42d%2C1y%2Call%2Cs1%2Cr.2026-01-01.2026-03-31-kj0%2C90d-kj1",
            "GET /api/v1/athlete/i1/hr-curves?type=NordicSki&curves=42d",
            "GET /api/v1/athlete/i1/pace-curves?type=Run&curves=42d",
            "GET /api/v1/athlete/i1/pace-curves?type=Run&curves=42d&gap=true",
        ]
    );
    // The same request within a minute is answered from the cache; one without specs is not sent.
    assert_eq!(athlete.power_curves("Ride", &specs()).await.unwrap(), found);
    assert!(athlete.power_curves("Ride", &[]).await.unwrap().list.is_empty());
    assert_eq!(athlete.requests(), 4);
}

#[tokio::test]
async fn curves_of_another_athletes_activities_are_refused() {
    let server = Server::always(json(
        r#"{"list":[],"activities":{"i7":{"icu_athlete_id":"i1"},"i8":{"icu_athlete_id":"i2"}}}"#,
    ))
    .await;
    let refused = handle(&server.base).power_curves("Ride", &specs()).await;
    assert_eq!(refused.err(), Some(Error::WrongAthlete));
}

#[tokio::test]
async fn anything_but_curves_is_garbled_and_what_is_not_shared_is_not_requested() {
    for body in ["[]", "null", "<html>", r#"{"list":["#, "[[1]]"] {
        let server = Server::always(json(body)).await;
        let refused = handle(&server.base).hr_curves("Run", &specs()).await;
        let error = if body == "<html>" {
            Error::Unavailable
        } else {
            Error::Garbled
        };
        assert_eq!(refused.err(), Some(error), "{body}");
    }
    let server = Server::always(json(BODY)).await;
    let mut of = ana();
    of.scopes = Scopes::Listed(vec!["WELLNESS:READ".to_owned()]);
    let refused = client(&server.base).athlete(of).hr_curves("Run", &specs()).await;
    assert!(matches!(refused, Err(Error::MissingScope(_))), "{refused:?}");
    assert!(server.seen().is_empty());
}
