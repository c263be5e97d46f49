//! Who calls, and what they may do: ways in and second factors, identities, sessions, link tokens, the policy in force,
//! grants, rosters, rate limits. Rights are types that only this room builds.
//!
//! No HTML, no tool logic, no upstream calls except those that a right depends on.

pub mod accounts;
pub(crate) mod by_hand;
pub(crate) mod caller;
pub(crate) mod clients;
pub(crate) mod coach_code;
pub(crate) mod coach_session;
pub mod coaches;
pub mod connection;
pub mod connector;
pub(crate) mod cookie;
pub(crate) mod door;
pub(crate) mod factors;
pub(crate) mod file_link;
pub(crate) mod grant;
pub mod identities;
pub(crate) mod identity_offer;
pub mod journal;
pub(crate) mod limits;
pub(crate) mod link;
pub mod log_buffer;
mod lookups;
mod member;
pub(crate) mod offer;
pub(crate) mod own;
pub mod passkeys;
pub mod policy;
pub(crate) mod presets;
pub(crate) mod profile;
pub(crate) mod progress;
pub mod recovery;
pub mod refused;
pub(crate) mod roster;
pub(crate) mod session;
pub mod sign_ins;
pub(crate) mod totp;
pub(crate) mod touched;
pub(crate) mod tries;

pub(crate) use caller::{AthleteCard, Caller, Units};
pub(crate) use grant::{Ask, Granted};
pub(crate) use member::Member;
pub(crate) use roster::Roster;
