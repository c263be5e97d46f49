//! The proof that the service works, through its real front doors: HTTP, MCP, SMTP, PostgreSQL and a browser.
//!
//! One file a flow; `world/` is the real app on a fresh database with a simulated intervals.icu.

mod arrows;
mod browser;
mod clients;
mod demo_command;
mod mail;
mod serve_command;
mod world;
