//! Who asks, and may they: sessions, link tokens, grants, rosters, rate limits. Rights are types that only this room builds.
//!
//! No HTML, no tool logic, no upstream calls but those that a right depends on.

pub mod accounts;
pub mod caller;
pub mod clients;
pub mod coach_session;
pub mod coaches;
pub mod connection;
pub mod connector;
pub mod cookie;
pub mod grant;
pub mod limits;
pub mod link;
mod member;
pub mod offer;
pub mod presets;
pub mod profile;
pub mod refused;
pub mod roster;
pub mod session;
pub mod touched;
pub mod tries;

pub use caller::{AthleteCard, Caller, Units};
pub use grant::{Ask, Granted};
pub use member::Member;
pub use roster::Roster;
