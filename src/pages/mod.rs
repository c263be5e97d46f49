//! The pages: one file a screen, each with its templates in `templates/pages`. Handlers extract, decide, query, respond.
//!
//! No SQL and no permission rules here, and nothing that a tool needs.

pub(crate) mod accounts;
pub(crate) mod activity;
pub(crate) mod address;
pub(crate) mod apps;
pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod coach_project;
pub(crate) mod coaches;
pub(crate) mod connections;
pub(crate) mod connector;
pub(crate) mod dashboard;
pub(crate) mod delete;
mod done;
pub(crate) mod draft;
mod entered;
pub(crate) mod export;
pub(crate) mod factor;
pub(crate) mod factors;
pub(crate) mod files;
pub(crate) mod for_coaches;
mod form;
pub(crate) mod frame;
pub(crate) mod health;
pub(crate) mod home;
mod kept_out;
mod library;
pub(crate) mod links;
pub(crate) mod mail_link;
mod next;
pub(crate) mod passkeys;
pub(crate) mod password;
pub mod problem;
mod proof;
pub(crate) mod provider;
pub(crate) mod reset;
mod sealed;
mod sent;
pub(crate) mod sessions;
pub(crate) mod settings;
mod signed;
pub(crate) mod site;
pub(crate) mod status;
pub(crate) mod steps;
pub(crate) mod support;
pub(crate) mod ways;
mod when;
pub(crate) mod with_intervals;

pub(crate) use crate::guard::limits::FromNetwork;
pub(crate) use form::Fields;
pub(crate) use frame::Frame;
pub(crate) use next::NextPage;
pub(crate) use signed::{MaybeSigned, Signed};
