//! IcuSync connects intervals.icu accounts to Claude and other MCP clients through one URL.
//!
//! The map of the crate. Data flows through it one way: request → [`routes`] and [`layers`] → [`guard`] (who is asking) →
//! [`mcp`] (the call) → `guard::grant` (whether they may) → [`tools`] → [`intervals`] → answer.
//!
//! - [`config`]: every setting, read once at start
//! - [`app`]: the values that every request shares; [`start`] builds them and runs the service; [`server`] accepts
//! - [`routes`]: every URL on one screen; [`layers`]: what wraps each; [`error`]: how a failure is answered
//! - [`permissions`]: everything that can be granted, one row per tool
//! - [`policy`]: who may come in, by which way, and what they may do: the operator's file, pure
//! - [`guard`]: ways in, second factors, sessions, link tokens, grants, rosters, limits: who is asking, and whether they
//!   may
//! - [`oauth`]: signing in over OAuth: the authorization server and its clients
//! - [`oidc`]: the only code that calls the outside identity provider
//! - [`mcp`]: the MCP endpoint: list, call, protocol shims
//! - [`tools`]: the tools and the shape of their answers; [`tool_error`]: why a call has no answer
//! - [`training`]: formulas over training data, pure
//! - [`workout`]: one model of a planned workout, its text and its `workout_doc`, pure
//! - [`intervals`]: the only code that calls intervals.icu
//! - [`pages`]: the screens
//! - [`queries`]: every SQL statement
//! - [`mail`]: the emails, their outbox and transport; [`jobs`]: the queue's worker
//! - [`secrets`]: tokens, sealing, passwords; [`ids`] and [`time`]: ids and the clock as values;
//!   [`text`]: other people's text, made safe to show; [`words`]: the closed sets of words in rows
//! - [`postgres`]: a private database when no other is given
//! - `demo`: seeded athletes and captured mail (feature `demo`); the intervals.icu they live in is `icusync-sim`, a separate
//!   crate in `sim/` that knows nothing of this one

pub mod app;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
mod error;
pub mod guard;
pub mod ids;
pub mod intervals;
pub mod jobs;
pub mod layers;
pub mod mail;
pub mod mcp;
pub mod oauth;
pub mod oidc;
pub mod pages;
pub mod permissions;
pub mod policy;
pub mod postgres;
pub mod queries;
pub mod routes;
pub mod secrets;
pub mod server;
pub mod start;
mod text;
pub mod time;
pub mod tool_error;
pub mod tools;
pub mod training;
pub mod words;
pub mod workout;

/// Makes ring the process's TLS provider. Called once at the start of the program and of each test; later calls change
/// nothing.
pub fn install_crypto() {
    // The only failure is that a provider is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
