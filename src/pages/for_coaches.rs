//! For coaches, who have no account: what IcuSync is to them, and three wishes that a mail answers (the URL again, another
//! URL, a look at the own roster).
//!
//! Whether an address is a coach's is told to nobody here: each wish is answered with the same words after the same work,
//! and whatever follows happens behind a link in a mail.

pub mod erase;
pub mod my_roster;
pub mod regenerate;
pub mod resend;
pub mod roster;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::{
    Fields, Frame, From, Visitor,
    form::Mistake,
    frame::{page, with_status},
    home::is_signed,
    mail_link::{self, AskedFor, MailPage, REGENERATE_PAGE, RESEND_PAGE, ROSTER_PAGE},
    site::{About, FOR_COACHES},
    steps::{Steps, placeholder},
};
use crate::{
    app::App,
    error::Problem,
    guard::coaches::asleep,
    mail::{self, Address, BadAddress, Mail},
    permissions::{self, Access, Permission},
    queries::{self, coaches::Coach, grants::Member},
    text::names,
    tools::{ROSTER, RosterTool},
    words::MemberStatus,
};

/// Longest name that is shown.
const NAME: usize = 80;

/// What somebody may have a mail for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The same URL once more.
    Resend,
    /// A new URL, and the end of the old one.
    Regenerate,
    /// The roster page.
    Roster,
}

impl Wish {
    const ALL: [Self; 3] = [Self::Resend, Self::Regenerate, Self::Roster];

    /// The kind of the one-time link, with what belongs to it.
    const fn page(self) -> MailPage {
        match self {
            Self::Resend => RESEND_PAGE,
            Self::Regenerate => REGENERATE_PAGE,
            Self::Roster => ROSTER_PAGE,
        }
    }

    /// Its word in paths.
    const fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Regenerate => "regenerate",
            Self::Roster => "roster",
        }
    }

    /// Id of its form's field.
    const fn field(self) -> &'static str {
        match self {
            Self::Resend => "resend-email",
            Self::Regenerate => "regenerate-email",
            Self::Roster => "roster-email",
        }
    }

    /// The mail with its link.
    fn mail(self, link: String) -> Mail {
        match self {
            Self::Resend => Mail::CoachResend(mail::CoachResend { link }),
            Self::Regenerate => Mail::CoachRegenerate(mail::CoachRegenerate { link }),
            Self::Roster => Mail::CoachRoster(mail::CoachRoster { link }),
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Resend => "Resend my MCP URL",
            Self::Regenerate => "Regenerate my token",
            Self::Roster => "My roster",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Resend => {
                "You lost the mail with your URL. You get the same one again; nothing changes in Claude."
            }
            Self::Regenerate => {
                "Somebody may have seen your URL. The old one stops working at once, and a new one comes by mail."
            }
            Self::Roster => {
                "See who granted you what, leave an athlete, refuse invites, or have your address erased."
            }
        }
    }

    const fn button(self) -> &'static str {
        match self {
            Self::Resend => "Resend my URL",
            Self::Regenerate => "Regenerate my token",
            Self::Roster => "Open my roster",
        }
    }
}

/// One wish as a type, so that each has routes of its own and all share their handlers.
pub trait Wanted: Send + 'static {
    /// Which.
    const WISH: Wish;
}

/// Tools of one group, for people.
struct Tools {
    group: &'static str,
    tools: Vec<&'static Permission>,
}

/// The tools that look, or those that change, by group in the order of the list.
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
    wish: Wish,
    /// What was typed, when it is no address, and why.
    wrong: Option<(String, String)>,
}

impl ForCoaches {
    /// With what was typed for a wish and why it is no address, when it was not.
    fn of(app: &App, signed: bool, wrong: Option<&(Wish, String, BadAddress)>) -> Self {
        let asked = |wish: Wish| Asked {
            wish,
            wrong: wrong
                .filter(|(wrong, ..)| *wrong == wish)
                .map(|(_, typed, why)| (typed.clone(), why.to_string())),
        };
        Self {
            frame: Frame::of(signed),
            about: &FOR_COACHES,
            steps: Steps::for_coaches(&placeholder(app)),
            roster: ROSTER,
            reads: tools(Access::Read),
            writes: tools(Access::Write),
            forms: Wish::ALL.map(asked),
            mistake: wrong.map(|(wish, _, why)| Mistake::new(wish.field(), why)),
            contact: app.config.support_email.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/for_coaches_sent.html")]
struct Sent {
    frame: Frame,
}

/// `GET /for-coaches`. It stands while the database is away.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&ForCoaches::of(&app, is_signed(&app, &headers).await, None))
}

/// `GET /for-coaches/sent`: the same words for every wish and every address.
pub async fn sent(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(is_signed(&app, &headers).await),
    })
}

/// `GET` of a path that a form posts to: whoever reloads a form that was refused is led back to it.
pub async fn back<W: Wanted>() -> Redirect {
    Redirect::to(&format!("/for-coaches#{}", W::WISH.field()))
}

/// `POST /for-coaches/resend` and the like: the same answer after the same work for any address.
pub async fn ask<W: Wanted>(
    State(app): State<App>,
    from: From,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let wish = W::WISH;
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
    // Mail goes to the address that an athlete once gave, never to what a stranger types.
    let to = coach.as_ref().map_or(typed, address_of);
    let asked = AskedFor {
        to: &to,
        account: None,
        wanted,
        stranger: None,
    };
    wish.page()
        .ask(&mut transaction, &app, asked, |link| wish.mail(link))
        .await?;
    transaction.commit().await?;
    Ok(Redirect::to("/for-coaches/sent").into_response())
}

/// `GET /for-coaches/resend/{token}` and the like, the link in the mail.
pub async fn open_link<W: Wanted>(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    W::WISH
        .page()
        .open(&app, token.as_deref().map_or("", String::as_str))
}

#[derive(Template)]
#[template(path = "pages/for_coaches_confirm.html")]
struct Confirm {
    frame: Frame,
    wish: Wish,
    email: String,
    form: String,
}

/// `GET /for-coaches/resend/confirm` and the like: the page with the button. Looking at it spends nothing.
pub async fn confirm_page<W: Wanted>(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    match W::WISH.page().peek(&app.pool, &app, &headers).await? {
        Some((token, link)) => page(&Confirm {
            frame: Frame::of(signed),
            wish: W::WISH,
            email: link.email,
            form: mail_link::form_id(&token),
        }),
        None => mail_link::gone(signed),
    }
}

/// Spends the link whose page was sent back, and locks its coach until `db`'s transaction ends: of many buttons at once, one
/// gets it. Nothing when the link no longer works, or the coach is gone; then nothing was written either.
async fn spend(
    wish: Wish,
    db: &mut sqlx::PgConnection,
    app: &App,
    headers: &HeaderMap,
    sent: &str,
) -> Result<Option<Coach>, Problem> {
    let Some((token, link)) = wish.page().pressed(&mut *db, app, headers, sent).await? else {
        return Ok(None);
    };
    // The coach before the link: whoever ends all links of a coach holds the coach already, and two that took them in
    // different order would wait for each other.
    let Some(coach) = queries::coaches::locked_by_email(&mut *db, &link.email_key).await? else {
        return Ok(None);
    };
    let spending = wish.page().spend(db, app, &token).await?;
    Ok(spending.map(|_| coach))
}

/// A page that says how a wish ended.
#[derive(Template)]
#[template(path = "pages/for_coaches_done.html")]
struct Done {
    frame: Frame,
    end: End,
}

/// How a wish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The URL is on its way.
    Resent,
    /// The new URL is on its way, and the old one is dead.
    Regenerated,
    /// Nothing was done: the address has had its share of such mails, and without the mail it would be worth nothing.
    TooMany,
    /// The URL cannot be opened any more.
    Unreadable,
}

fn done(end: End, signed: bool) -> Result<Response, Problem> {
    let status = match end {
        End::Resent | End::Regenerated | End::Unreadable => StatusCode::OK,
        End::TooMany => StatusCode::TOO_MANY_REQUESTS,
    };
    let frame = Frame::of(signed);
    with_status(status, &Done { frame, end })
}

/// Where mail to this coach goes.
fn address_of(coach: &Coach) -> Address {
    Address {
        typed: coach.email.clone(),
        key: coach.email_key.clone(),
    }
}

/// The athlete's name as others may see it; the id where there is none.
fn name_of(member: &Member) -> String {
    names::called(&member.athlete_name, &member.athlete_id)
}

/// Whom the coach's URL covers at the moment, by name.
async fn covered(
    db: &mut sqlx::PgConnection,
    coach: &Coach,
    now: DateTime<Utc>,
) -> Result<Vec<mail::Theirs>, Problem> {
    let roster = queries::grants::roster_of(db, coach.id, now).await?;
    let awake = roster.iter().filter(|member| {
        member.status != MemberStatus::Replaced && !asleep(member.invited_at, member.first_used_at, now)
    });
    Ok(awake.map(|member| name_of(member).into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_stands_on_the_page_once_under_what_it_does() {
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

    #[test]
    fn each_wish_has_a_field_and_a_mail_of_its_own() {
        let fields: std::collections::BTreeSet<_> = Wish::ALL.map(Wish::field).into();
        let mails: std::collections::BTreeSet<_> =
            Wish::ALL.map(|wish| wish.mail(String::new()).name()).into();
        assert_eq!((fields.len(), mails.len()), (3, 3));
        for name in mails {
            assert!(
                mail::TO_COACHES.contains(&name),
                "{name} must go with the address"
            );
        }
    }
}
