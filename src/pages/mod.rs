//! The pages: one file a screen, each with its templates in `templates/pages`. Handlers extract, decide, query, respond.
//!
//! No SQL and no permission rules here, and nothing that a tool needs.

pub mod accounts;
pub mod activity;
pub mod address;
pub mod assets;
pub mod check;
pub mod coach_project;
pub mod coaches;
pub mod connections;
pub mod dashboard;
pub mod delete;
mod device;
mod done;
pub mod export;
pub mod for_coaches;
mod form;
mod frame;
pub mod health;
pub mod home;
pub mod links;
pub(crate) mod mail_link;
mod next;
pub mod password;
pub mod problem;
mod proof;
pub mod reset;
pub mod sessions;
pub mod settings;
mod signed;
pub mod site;
pub mod status;
pub mod steps;
pub mod support;
mod when;

pub use form::Fields;
pub use frame::Frame;
pub use next::NextPage;
pub use signed::{FromNetwork, MaybeSigned, Signed};
