//! The steps to a connector in use, each ticked by what has happened.

use crate::{
    app::App,
    ids::AccountId,
    queries::{self, activity_log::Filter, connectors::Link},
    words::Outcome,
};

/// The steps, as `parts/checklist.html` shows them.
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each step, each ticked by itself"
)]
pub(super) struct Checklist {
    /// intervals.icu is connected and shares something.
    pub(super) connected: bool,
    /// A client was added: an app signed in, or the connector URL was used.
    pub(super) client: bool,
    /// The athlete's own client has asked something and got an answer.
    pub(super) asked: bool,
    /// A coach was invited, which is optional.
    pub(super) coach: bool,
}

impl Checklist {
    /// Of an account: `apps` are its connected apps, `coaches` the coaches that it invited.
    pub(super) async fn of(
        app: &App,
        account: AccountId,
        connected: bool,
        (apps, link): (usize, Option<&Link>),
        coaches: usize,
    ) -> sqlx::Result<Self> {
        let own = Filter {
            own: Some(true),
            outcomes: Some(vec![Outcome::Ok]),
            ..Filter::default()
        };
        let calls = queries::activity_log::page_of(&app.pool, account, &own, None, 1).await?;
        let asked = !calls.is_empty();
        let link_was_used = link.is_some_and(|link| link.last_used_at.is_some());
        Ok(Self {
            connected,
            // A call is proof of a client, also of one that has been removed since.
            client: asked || apps > 0 || link_was_used,
            asked,
            coach: coaches > 0,
        })
    }

    /// Whether everything but the optional step is done.
    pub(super) fn is_all_set(&self) -> bool {
        self.connected && self.client && self.asked
    }

    /// The number of the first step to do; 0 if all are done.
    pub(super) fn current(&self) -> usize {
        let steps = [self.connected, self.client, self.asked];
        steps.iter().position(|done| !done).map_or(0, |at| at + 1)
    }
}
