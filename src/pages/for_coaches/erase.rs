//! Erasing a coach's address: the URL, the grants and every trace that names it are deleted immediately.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::my_roster::{Visit, end_grants, visiting};
use crate::{
    app::App,
    error::Problem,
    guard::coach_session,
    mail::{How, outbox},
    pages::{Frame, MaybeSigned, frame::page},
    queries::{self, grants::Leave},
};

#[derive(Template)]
#[template(path = "pages/for_coaches_erase.html")]
struct Form {
    frame: Frame,
    email: String,
}

#[derive(Template)]
#[template(path = "pages/for_coaches_erased.html")]
struct Erased {
    frame: Frame,
}

/// `GET /for-coaches/my-roster/erase`: what it means, before it happens.
pub(crate) async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    match visiting(&app, &headers, signed).await? {
        Ok(visiting) => page(&Form {
            frame: Frame::of(signed),
            email: visiting.coach.email,
        }),
        Err(page) => Ok(page),
    }
}

/// `POST /for-coaches/my-roster/erase`: one transaction queues the emails to the athletes, removes the name from their
/// logs, deletes what waits in the queue for this coach, and deletes the coach's row with its link, grants, refusals and
/// visits. An account with the same address is another role of its owner and stays as it is.
pub(crate) async fn erase(
    State(app): State<App>,
    Visit(mut transaction, coach): Visit,
) -> Result<Response, Problem> {
    end_grants(&mut transaction, &app, &coach, Leave::All, How::Erased).await?;
    outbox::forget_coach(&mut transaction, &super::address_of(&coach)).await?;
    queries::mail_links::end_of_coach(&mut *transaction, &coach.email_key).await?;
    // The row is deleted before the names in the logs: after that, a call that ends meanwhile finds no coach to name.
    queries::coaches::erase(&mut *transaction, coach.id).await?;
    queries::activity_log::forget_coach(&mut *transaction, coach.id).await?;
    queries::changes::forget_coach(&mut *transaction, coach.id).await?;
    transaction.commit().await?;
    metrics::counter!("icusync_coaches_erased_total").increment(1);
    tracing::info!("a coach's address was erased by its owner");
    let forgotten = [(SET_COOKIE, coach_session::forget(&app))];
    Ok((forgotten, Redirect::to("/for-coaches/erased")).into_response())
}

/// `GET /for-coaches/erased`: says that it is done.
pub(crate) async fn done(MaybeSigned(session): MaybeSigned) -> Result<Response, Problem> {
    page(&Erased {
        frame: Frame::of(session.is_some()),
    })
}
