//! The client of intervals.icu: one for the process, with its wire and its cache.
//!
//! The requests themselves are in [`super::athlete`] and [`super::oauth`].

use std::{fmt, sync::Arc};

use anyhow::Context as _;
use url::Url;

use super::{
    cache::Cache,
    reach::Lately,
    settings::{OAuthApp, Settings},
    wire::Wire,
};
use crate::{secrets::Random, time::Clock};

/// The one client of the process. Cheap to clone.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    base: Url,
    pub(super) app: Option<OAuthApp>,
    pub(super) wire: Wire,
    pub(super) cache: Cache,
}

impl Client {
    /// Builds the client. The process must have installed its TLS provider first.
    pub fn new(settings: Settings, clock: Clock, random: Random) -> anyhow::Result<Self> {
        let base = Url::parse(settings.base.as_str()).context("the address of intervals.icu")?;
        let wire =
            Wire::new(&settings, clock, random).context("building the HTTP client for intervals.icu")?;
        Ok(Self(Arc::new(Parts {
            base,
            wire,
            cache: Cache::new(&settings.limits),
            app: settings.app,
        })))
    }

    /// How upstream has answered this process in the last minutes. Sends no request.
    pub fn lately(&self) -> Lately {
        self.0.wire.lately()
    }
}

impl Parts {
    /// The absolute URL of `path`, which begins with a slash and contains only our own words and checked ids.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
