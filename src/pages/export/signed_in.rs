//! What an export says about sign-ins: the apps that are signed in, what was chosen for each, the log. No hash and no token.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    app::App,
    error::Problem,
    queries::{
        self,
        grants::Member,
        identities::Exported,
        sign_in_log::{Choice, Entry},
        sign_ins::{Listed, Owner},
    },
};

/// All about the sign-ins of an athlete, or of a coach.
#[derive(Serialize)]
pub(super) struct SignedIn {
    /// At the outside identity provider.
    identities: Vec<Exported>,
    connected_apps: Vec<ConnectedApp>,
    /// What was chosen last for each client.
    sign_in_choices: Vec<Choice>,
    /// Newest first.
    sign_in_log: Vec<Entry>,
}

#[derive(Serialize)]
struct ConnectedApp {
    name: String,
    client_id: String,
    /// Null for one that registered itself.
    vouched_for_by: Option<String>,
    sent_to: String,
    allowed_at_first: String,
    /// Groups of tools that are switched off.
    groups_off: Vec<String>,
    may_change_calendar: bool,
    allowed_at: DateTime<Utc>,
    first_used_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_client: Option<String>,
    ends_at: DateTime<Utc>,
    /// The athlete whom a coach selected last through it.
    selected: Option<String>,
    selected_at: Option<DateTime<Utc>>,
}

/// What there is about `owner`; `roster` are the athletes whom a coach may have selected.
pub(super) async fn of(app: &App, owner: Owner, roster: &[Member]) -> Result<SignedIn, Problem> {
    let pool = &app.pool;
    let mut connected_apps = Vec::new();
    // Those that ended a moment ago and are not purged yet are there too.
    for listed in queries::sign_ins::all_of(pool, owner, DateTime::UNIX_EPOCH).await? {
        let selection = queries::connectors::selection_of(pool, listed.id).await?;
        let selected = roster
            .iter()
            .find(|member| selection.is_some_and(|it| it.grant_id == member.grant_id));
        let (name, at) = (
            selected.map(|member| member.athlete_name.clone()),
            selection.map(|it| it.at),
        );
        connected_apps.push(ConnectedApp::of(listed, name, at));
    }
    Ok(SignedIn {
        identities: queries::identities::exported(pool, owner).await?,
        connected_apps,
        sign_in_choices: queries::sign_in_log::choices(pool, owner).await?,
        sign_in_log: queries::sign_in_log::of(pool, owner, i64::MAX).await?,
    })
}

impl ConnectedApp {
    fn of(listed: Listed, selected: Option<String>, selected_at: Option<DateTime<Utc>>) -> Self {
        Self {
            name: listed.client_name,
            client_id: listed.client_id,
            vouched_for_by: listed.client_host,
            sent_to: listed.redirect_host,
            allowed_at_first: listed.scope,
            groups_off: listed.groups_off,
            may_change_calendar: listed.may_write,
            allowed_at: listed.created_at,
            first_used_at: listed.first_used_at,
            last_used_at: listed.last_used_at,
            last_client: listed.last_client,
            ends_at: listed.ends_at,
            selected,
            selected_at,
        }
    }
}
