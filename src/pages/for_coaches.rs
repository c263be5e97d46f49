//! For coaches, who have no account: what IcuSync does for them, and three wishes that an email answers (resend the URL,
//! regenerate it, open the roster).
//!
//! Nobody learns here whether an address is a coach's: each wish gets the same answer after the same work, and whatever
//! follows happens behind a link in an email.

pub(crate) mod apps;
pub(crate) mod erase;
pub(crate) mod mailed;
pub(crate) mod my_roster;
pub(crate) mod wish;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use wish::{Row, Wish};

use super::{
    Fields, Frame, FromNetwork,
    form::Mistake,
    frame::{page, with_status},
    home::is_signed,
    mail_link::AskedFor,
    site::{About, FOR_COACHES},
    steps::{Link, Steps, placeholder},
};
use crate::{
    app::App,
    error::Problem,
    mail::{Address, BadAddress},
    permissions::{self, Access, Permission},
    queries::{self, coaches::Coach, grants::Member},
    text::names,
    tools::{ROSTER, RosterTool},
};

/// Longest name that is shown.
const NAME: usize = 80;

/// Tools of one group, for people.
struct Tools {
    group: &'static str,
    tools: Vec<&'static Permission>,
}

/// The tools that read, or those that change something, by group in the order of the list.
fn tools(access: Access) -> Vec<Tools> {
    let mut groups: Vec<Tools> = Vec::new();
    for tool in permissions::ALL
        .iter()
        .copied()
        .filter(|tool| tool.access == access)
    {
        let group = tool.group.title();
        match groups.iter_mut().find(|known| known.group == group) {
            Some(known) => known.tools.push(tool),
            None => groups.push(Tools {
                group,
                tools: vec![tool],
            }),
        }
    }
    groups
}

#[derive(Template)]
#[template(path = "pages/for_coaches.html")]
struct ForCoaches {
    frame: Frame,
    about: &'static About,
    steps: Steps,
    roster: &'static [RosterTool],
    reads: Vec<Tools>,
    writes: Vec<Tools>,
    forms: [Asked; 3],
    mistake: Option<Mistake>,
    contact: Option<String>,
}

/// A form with its one field.
struct Asked {
    row: Row,
    /// What was typed, if it is not an address, and why not.
    wrong: Option<(String, String)>,
}

impl ForCoaches {
    /// `wrong` is what was typed for a wish and is not an address, and why not.
    fn of(app: &App, signed: bool, wrong: Option<&(Wish, String, BadAddress)>) -> Self {
        let asked = |wish: Wish| Asked {
            row: wish.row(),
            wrong: wrong
                .filter(|(wrong, ..)| *wrong == wish)
                .map(|(_, typed, why)| (typed.clone(), why.to_string())),
        };
        Self {
            frame: Frame::of(signed),
            about: &FOR_COACHES,
            steps: Steps::for_coaches(&app.config, Some(Link::Shown(&placeholder(app)))),
            roster: ROSTER,
            reads: tools(Access::Read),
            writes: tools(Access::Write),
            forms: Wish::ALL.map(asked),
            mistake: wrong.map(|(wish, _, why)| Mistake::new(wish.row().field, why)),
            contact: app.config.support_email.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/for_coaches_sent.html")]
struct Sent {
    frame: Frame,
}

/// `GET /for-coaches`. It works without the database.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&ForCoaches::of(&app, is_signed(&app, &headers).await, None))
}

/// `GET /for-coaches/sent`: the same words for every wish and every address.
pub(crate) async fn sent(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(is_signed(&app, &headers).await),
    })
}

/// `GET` of a path that a form posts to: reloading a form that was refused leads back to it.
pub(crate) async fn back(wish: Wish) -> Redirect {
    Redirect::to(&format!("/for-coaches#{}", wish.row().field))
}

/// `POST /for-coaches/{wish}`: the same answer after the same work for any address.
pub(crate) async fn ask(
    State(app): State<App>,
    wish: Wish,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let typed = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let wrong = (wish, email, error);
            let form = ForCoaches::of(&app, is_signed(&app, &headers).await, Some(&wrong));
            return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    app.limits.attempt(from.0)?;
    let mut transaction = app.pool.begin().await?;
    let coach = queries::coaches::by_email(&mut *transaction, &typed.key).await?;
    let wanted = coach.is_some();
    // The email goes to the address that an athlete once gave, never to what a stranger types.
    let to = coach.as_ref().map_or(typed, address_of);
    let asked = AskedFor {
        to: &to,
        account: None,
        wanted,
        stranger: None,
        request: None,
    };
    let row = wish.row();
    row.page.ask(transaction, &app, asked, row.mail).await?;
    Ok(Redirect::to("/for-coaches/sent").into_response())
}

/// The address for emails to this coach.
fn address_of(coach: &Coach) -> Address {
    Address::stored(&coach.email, &coach.email_key)
}

/// The athlete's name as others may see it; the id if there is none.
fn name_of(member: &Member) -> String {
    names::called(&member.athlete_name, &member.athlete_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_on_the_page_once_under_what_it_does() {
        let shown: Vec<&str> = [Access::Read, Access::Write]
            .into_iter()
            .flat_map(tools)
            .flat_map(|group| group.tools)
            .map(|tool| tool.name)
            .collect();
        assert_eq!(shown.len(), permissions::ALL.len());
        assert!(permissions::ALL.iter().all(|tool| shown.contains(&tool.name)));
        assert!(
            tools(Access::Write)
                .iter()
                .all(|group| group.tools.iter().all(|tool| tool.access == Access::Write))
        );
    }
}
