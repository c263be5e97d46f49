//! IcuSync connects intervals.icu accounts to Claude and other MCP clients through one URL.
//!
//! The map of the house; data flows through it one way:
//! request → [`routes`]/`layers` → [`guard`] (who) → [`mcp`] (call) → [`guard::grant`] (may they) → [`tools`] →
//! [`intervals`] → answer.

pub mod app;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod guard;
pub mod ids;
pub mod intervals;
pub mod queries;
pub mod secrets;
pub mod time;
pub mod tools;
