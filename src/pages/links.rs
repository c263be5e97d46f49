//! The connector: its URL, shown to its owner and regenerated on demand, and the groups of tools that it offers.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::HeaderMap;

use super::{
    Fields, Frame, FromNetwork, NextPage, Signed,
    apps::end_apps_ticked,
    connections::{self, ask},
    done::Done,
    factor,
    frame::page,
    library,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        connector::{self, Minted},
        log_buffer,
        session::Session,
        sign_ins::{self, From},
    },
    permissions::{self, Access, Group, Permission},
    queries::{self, connectors::Link, oauth_states::Bound, sign_ins::Owner},
    words::ConsentPurpose,
};

#[derive(Template)]
#[template(path = "pages/regenerate.html")]
struct Regenerate {
    frame: Frame,
    /// Whether there is a URL now.
    on: bool,
    last_used: Option<String>,
    last_client: Option<String>,
}

/// The account's link and its URL in the clear; no URL if it is switched off, was sealed with a sealing key that is gone, or the
/// policy has none.
pub(crate) async fn url_of(app: &App, session: &Session) -> Result<(Option<Link>, Option<String>), Problem> {
    let link = queries::connectors::of_account(&app.pool, session.account).await?;
    let shown = link.as_ref().filter(|_| session.policy.has_links());
    let url = shown.and_then(|link| connector::url(app, link));
    Ok((link, url))
}

/// The page of the connector for somebody who wants a URL where the policy has none: it says so.
fn without_links(session: &Session) -> Option<Response> {
    (!session.policy.has_links()).then(|| Redirect::to("/connector").into_response())
}

/// A connector URL without its secret part.
pub(super) fn masked(app: &App) -> String {
    app.config.connector_url("icul_••••••••••••")
}

/// A group of tools as the form shows it.
pub(super) struct Offered {
    /// The group.
    pub(super) group: Group,
    /// Whether the connector offers it.
    pub(super) on: bool,
    /// Its tools, in the order of the list.
    pub(super) tools: Vec<&'static Permission>,
}

impl Offered {
    /// What its tools do, in words.
    pub(super) fn words(&self) -> &'static str {
        if self.tools.iter().any(|tool| tool.access == Access::Write) {
            "reads and changes"
        } else {
            "reads"
        }
    }
}

/// Every group that has tools, in the order of the list; the groups in `off` are switched off.
pub(super) fn offered(off: &[String]) -> Vec<Offered> {
    let mut groups: Vec<Offered> = Vec::new();
    for tool in permissions::ALL.iter().copied() {
        let known = groups.iter_mut().find(|offered| offered.group == tool.group);
        if let Some(offered) = known {
            offered.tools.push(tool);
        } else {
            groups.push(Offered {
                group: tool.group,
                on: !off.iter().any(|word| word == tool.group.word()),
                tools: vec![tool],
            });
        }
    }
    groups
}

/// `POST /link/tools`: sets which groups the athlete's connector offers. It takes effect at the next request, on every
/// instance. Where the library is on and intervals.icu does not share it, it leads there. The form says which groups it showed: a group that a new version added meanwhile stays as it is.
pub(crate) async fn choose_tools(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let link = queries::connectors::of_account(&app.pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let off = chosen_off(link.groups_off, &mut fields)?;
    queries::connectors::set_groups_off(&app.pool, account, &off).await?;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let is_on = !off.iter().any(|word| word == Group::Library.word());
    if is_on
        && app.config.offers_oauth()
        && library::is_unshared(&app, account, connection.as_ref(), &grants).await?
    {
        let wanted = ask::wanted(&app, account, false).await?;
        let begun = connections::begun(ConsentPurpose::Connect, None, NextPage::Connector);
        return ask::go(&app, Bound::Session(signed.0.hash), &begun, wanted).await;
    }
    Ok(Done::ToolsChosen.answer())
}

/// The words of the groups that a connector begins without.
pub(super) fn off_at_first() -> Vec<String> {
    permissions::OFF_AT_FIRST.map(str::to_owned).to_vec()
}

/// The words of the groups that a form shows, as [`chosen_off`] reads them.
pub(super) fn shown(groups: &[Offered]) -> String {
    let words: Vec<&str> = groups.iter().map(|offered| offered.group.word()).collect();
    words.join(",")
}

/// The groups that are off after a form with a box for each group that it showed. A group that it did not show stays as it is.
pub(super) fn chosen_off(mut off: Vec<String>, fields: &mut Fields) -> Result<Vec<String>, Problem> {
    let shown = fields.take("shown")?;
    for Offered { group, .. } in offered(&[]) {
        let word = group.word();
        if !shown.split(',').any(|shown| shown == word) {
            continue;
        }
        off.retain(|known| known != word);
        if fields.optional(word).is_none() {
            off.push(word.to_owned());
        }
    }
    Ok(off)
}

/// `GET /link/regenerate`: what it means, before it happens.
pub(crate) async fn regenerate_page(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    if let Some(elsewhere) = without_links(&signed.0) {
        return Ok(elsewhere);
    }
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Regenerate).await? {
        return Ok(first);
    }
    log_buffer::flush(&app).await;
    let link = queries::connectors::of_account(&app.pool, signed.0.account).await?;
    let now = app.clock.now();
    let last_used = link
        .as_ref()
        .and_then(|link| Some(super::when::ago(now, link.last_used_at?)));
    page(&Regenerate {
        frame: Frame::of(true),
        on: link.as_ref().is_some_and(|link| link.token_sealed.is_some()),
        last_used,
        last_client: link.and_then(|link| link.last_client),
    })
}

/// `POST /link/regenerate`: the old URL, if there is one, stops working with the commit, on every instance; if the box is ticked, all
/// connected apps end with it.
pub(crate) async fn regenerate(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = without_links(&signed.0) {
        return Ok(elsewhere);
    }
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Regenerate).await? {
        return Ok(first);
    }
    let account = signed.0.account;
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let link = queries::connectors::of_account(&mut *db, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let Minted { hash, sealed, .. } = connector::mint(&app, link.id);
    queries::connectors::regenerate(&mut *db, link.id, account, hash, &sealed, app.clock.now()).await?;
    let ended = if end_apps_ticked(&mut fields) {
        let from = From::of(from.0, &headers);
        sign_ins::end_all(db, &app, Owner::Account(account), &from).await?
    } else {
        0
    };
    transaction.commit().await?;
    let done = match (ended, link.token_sealed) {
        (1.., _) => Done::RegeneratedAppsEnded,
        (0, Some(_)) => Done::Regenerated,
        (0, None) => Done::LinkOn,
    };
    Ok(done.answer())
}

/// `POST /link/off`: the URL opens nothing from the commit on, until a new one is made. Connected apps stay.
pub(crate) async fn switch_off(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    queries::connectors::switch_off(&app.pool, signed.0.account).await?;
    Ok(Done::LinkOff.answer())
}
