//! The proof that the service works, through its real front doors: HTTP, MCP, SMTP, PostgreSQL and a browser.
//!
//! One file per flow; `world/` is the real app on a fresh database with a simulated intervals.icu.

#![expect(
    unreachable_pub,
    reason = "nothing of a test binary can be reached from outside"
)]

mod accept_loop;
mod accessibility;
mod accounts;
mod activity;
mod address;
mod another_athlete;
mod apps;
mod arrows;
mod browser;
mod changes;
mod clients;
mod coach_mails;
mod coach_path;
mod coaches;
mod conformance;
mod connections;
mod contract;
mod dashboard;
mod database;
mod delete;
mod demo_command;
mod docs;
mod door_pages;
mod drafts;
mod export;
mod factors;
mod files;
mod for_coaches;
mod grid;
mod inbox;
mod intervals;
mod languages;
mod library_pages;
mod links;
mod log_batches;
mod mail;
mod mcp_bench;
mod mcp_calls;
mod mcp_connections;
mod mcp_paths;
mod mcp_wire;
mod meanings;
mod memory;
mod mutations;
mod oauth_attacker;
mod oauth_clients;
mod oauth_discovery;
mod oauth_documents;
mod oauth_metadata;
mod oauth_named;
mod oauth_people;
mod oauth_registration;
mod oauth_token;
mod oidc_lies;
mod oidc_people;
mod oidc_provider;
mod pages;
mod passkeys;
mod plans;
mod policy;
mod purge;
mod resilience;
mod roster;
mod roster_model;
mod roster_overview;
mod rotation;
mod sent;
mod serve_command;
mod sessions;
mod settings;
mod sign_in_log;
mod smtp;
mod tools;
mod upstream;
mod ways_in;
mod words;
mod worker;
mod world;
mod writes;
mod writes_activities;
mod writes_beside;
mod writes_events;
mod writes_faults;
mod writes_library;
mod writes_settings;
mod writes_text;
mod writes_wellness;
mod writes_words;
mod writing;
