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
use http::{HeaderMap, header::SET_COOKIE};
use wish::{Row, Wish};

use super::{
    Fields, Frame, FromNetwork, authorize,
    draft::{self, Kept, Typed},
    form::Mistake,
    frame::page,
    home::is_signed,
    mail_link::AskedFor,
    provider,
    sent::{SendAgain, Sent},
    site::{About, FOR_COACHES},
    steps::{Link, Steps, placeholder},
};
use crate::{
    app::App,
    error::Problem,
    guard::policy::{self, Admission},
    mail::Address,
    permissions::{self, Access, Permission},
    policy::Policy,
    queries::{self, coaches::Coach, grants::Member},
    text::names,
    tools::{ROSTER, RosterTool},
    words::Way,
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
    forms: Vec<Asked>,
    /// Whether the policy has connector URLs.
    has_links: bool,
    /// Whether coaches sign in with a code or a link by email.
    by_email: bool,
    /// What people call the outside identity provider, if one can continue with it.
    provider: Option<String>,
    mistake: Option<Mistake>,
    contact: Option<String>,
}

/// A form with its one field.
pub(super) struct Asked {
    /// What it is for.
    pub(super) row: Row,
    /// What is in the field.
    pub(super) email: String,
    /// Why that is not an address.
    pub(super) wrong: Option<String>,
}

impl Asked {
    /// The form of `wish` with this address in it.
    pub(super) fn new(wish: Wish, email: String) -> Self {
        Self {
            row: wish.row(),
            email,
            wrong: None,
        }
    }
}

impl ForCoaches {
    /// With what was typed and is not an address, and the address of the last email.
    fn of(app: &App, policy: &Policy, signed: bool, kept: &Kept, sent: Option<&Sent>) -> Self {
        let mistake = kept.mistake();
        let asked = |wish: Wish| {
            let (row, sent) = (wish.row(), sent.filter(|sent| sent.what == wish.row().request));
            if kept.form() == row.action() {
                Asked {
                    row,
                    email: kept.text_or("email", sent),
                    wrong: mistake.as_ref().map(|mistake| mistake.text.clone()),
                }
            } else {
                Asked::new(wish, sent.map(|sent| sent.email.clone()).unwrap_or_default())
            }
        };
        Self {
            frame: Frame::of(signed),
            about: &FOR_COACHES,
            steps: Steps::for_coaches(&app.config, Some(Link::Shown(&placeholder(app)))).under(policy),
            has_links: policy.has_links(),
            by_email: policy.allows(Way::Email).allowed,
            roster: ROSTER,
            reads: tools(Access::Read),
            writes: tools(Access::Write),
            forms: Wish::with(policy).into_iter().map(asked).collect(),
            provider: provider::name(app).filter(|_| policy.allows(Way::Provider).allowed),
            mistake,
            contact: app.config.support_email.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/for_coaches_sent.html")]
struct SentPage {
    frame: Frame,
    again: Option<SendAgain>,
}

/// `GET /for-coaches`. It works without the database.
pub(crate) async fn show(
    State(app): State<App>,
    typed: Typed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (policy, signed) = tokio::join!(policy::for_everyone(&app), is_signed(&app, &headers));
    let (kept, sent) = (typed.by_anyone(), last_sent(&app, &headers));
    let response = page(&ForCoaches::of(&app, &policy, signed, &kept, sent.as_ref()))?;
    Ok(match app.provider {
        Some(_) => authorize::leading_anywhere(response),
        None => response,
    })
}

/// The last email that was requested here in this browser.
fn last_sent(app: &App, headers: &HeaderMap) -> Option<Sent> {
    let kinds = Wish::ALL.map(|wish| wish.row().request);
    Sent::read(app, headers, &kinds, None)
}

/// `GET /for-coaches/sent`: the same words for every wish and every address.
pub(crate) async fn sent(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let again = last_sent(&app, &headers).map(|sent| {
        let wishes = Wish::ALL.map(Wish::row).into_iter();
        let field = wishes
            .filter(|row| row.request == sent.what)
            .map(|row| row.field)
            .next();
        let form = format!("/for-coaches#{}", field.unwrap_or_default());
        SendAgain::of(&app, &sent, "/for-coaches/again", String::new(), form)
    });
    page(&SentPage {
        frame: Frame::of(is_signed(&app, &headers).await),
        again,
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
    let row = wish.row();
    let typed = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let location = format!("/for-coaches#{}", row.field);
            return Ok(draft::wrong(location, Mistake::new(row.field, &error)));
        }
    };
    app.limits.attempt(from.0)?;
    mail_a_link(&app, wish, typed).await?;
    let sent = Sent::note(&app, &headers, row.request, &email, None);
    Ok(([(SET_COOKIE, sent)], Redirect::to("/for-coaches/sent")).into_response())
}

/// `POST /for-coaches/again`: the last wish once more, for the same address, unless that was a moment ago.
pub(crate) async fn send_again(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(sent) = last_sent(&app, &headers) else {
        return Ok(Redirect::to("/for-coaches").into_response());
    };
    let to_sent = Redirect::to("/for-coaches/sent");
    let wish = Wish::ALL.into_iter().find(|wish| wish.row().request == sent.what);
    let (None, Some(wish), Ok(typed)) = (sent.wait(&app), wish, Address::parse(&sent.email)) else {
        return Ok(to_sent.into_response());
    };
    app.limits.attempt(from.0)?;
    mail_a_link(&app, wish, typed).await?;
    let sent = Sent::note(&app, &headers, sent.what, &sent.email, None);
    Ok(([(SET_COOKIE, sent)], to_sent).into_response())
}

/// Emails the link of a wish, if the address is a coach's and the policy leaves the wish.
async fn mail_a_link(app: &App, wish: Wish, typed: Address) -> Result<(), Problem> {
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let coach = queries::coaches::by_email(&mut *db, &typed.key).await?;
    let is_left = Wish::with(&*policy::of_now(&mut *db, app).await?).contains(&wish);
    let id = coach.as_ref().map(|coach| coach.id);
    let admission = policy::lets_coach_in(&mut *db, app, id, Way::Email).await?;
    let (row, wanted) = (
        wish.row(),
        coach.is_some() && is_left && admission == Admission::In,
    );
    // The email goes to the address that an athlete once gave, never to what a stranger types.
    let to = coach.as_ref().map_or(typed, address_of);
    let asked = AskedFor {
        to: &to,
        account: None,
        wanted,
        stranger: None,
        request: None,
    };
    row.page.ask(transaction, app, asked, row.mail).await
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
