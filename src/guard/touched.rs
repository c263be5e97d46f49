//! The athletes whom a call touched: kept while it runs, for the final check before its answer is sent and for their logs.
//!
//! No decisions here.

use std::sync::{Arc, Mutex, PoisonError};

use super::grant::Opened;
use crate::ids::{AccountId, GrantId};

/// The athletes whom one call touched. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Touched(Arc<Mutex<Vec<Touch>>>);

/// One athlete whom a call touched.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The athlete's account, in whose log the row is.
    pub account: AccountId,
    /// The athlete's id at intervals.icu; empty while it is not known.
    pub athlete: String,
    /// The athlete's name with the id, for a coach.
    pub name: String,
    /// The grant that the call depends on; none for an athlete's own call.
    pub grant: Option<GrantId>,
    /// Whether that grant was never used before.
    pub is_first_use: bool,
    /// The tools that were granted for this athlete when the call began to use one: its answer depends on all of them.
    pub tools: Vec<&'static str>,
    /// What was opened.
    pub opened: Vec<Opened>,
    /// Whether upstream refused the connection during the call.
    pub lost: bool,
}

impl Touch {
    /// Nothing opened yet.
    pub fn of(account: AccountId) -> Self {
        Self {
            account,
            athlete: String::new(),
            name: String::new(),
            grant: None,
            is_first_use: false,
            tools: Vec::new(),
            opened: Vec::new(),
            lost: false,
        }
    }

    /// Requests to intervals.icu so far.
    pub fn requests(&self) -> u32 {
        self.opened.iter().map(|opened| opened.intervals.requests()).sum()
    }
}

impl Touched {
    /// Applies `change` to an athlete's entry, which starts as `fresh` if the call has not touched this athlete before.
    pub fn note(&self, fresh: Touch, change: impl FnOnce(&mut Touch)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|touch| touch.account == fresh.account);
        let at = known.unwrap_or_else(|| {
            all.push(fresh);
            all.len() - 1
        });
        change(&mut all[at]);
    }

    /// All athletes so far, in the order in which they were touched.
    pub fn all(&self) -> Vec<Touch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
