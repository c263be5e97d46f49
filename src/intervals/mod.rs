//! The only code that calls intervals.icu: one HTTP client, its budget, its cache, OAuth, and what upstream sends.
//!
//! No SQL, no answers for people. Callers get typed data for exactly one athlete, or a typed [`Error`].

mod asker;
mod athlete;
mod budget;
mod cache;
mod client;
mod error;
mod lenient;
pub mod model;
mod oauth;
mod pace;
mod reach;
mod scope;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

pub use asker::{CallerKey, Credential, For};
pub use athlete::{
    ActivityQuery, Athlete, Content, CurveSpec, Download, Fatigue, FileId, Histogram, IntensityOf,
    IntervalQuery, Planned, Recording, Window,
};
pub use client::Client;
pub use error::Error;
pub use lenient::Odd;
pub(crate) use lenient::is_part;
pub(crate) use oauth::ExchangeError;
pub use reach::{LATELY, Lately};
pub use scope::{Area, Scopes, Shared};
pub use settings::{Limits, OAuthApp, Settings};
