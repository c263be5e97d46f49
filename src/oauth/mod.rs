//! The OAuth 2.1 authorization server for MCP clients, and the metadata of the resource that it protects (`PUBLIC_URL/mcp`).
//!
//! - [`metadata`]: what clients discover; [`resource`]: the names of our one resource
//! - `clients`: who a `client_id` is, from `known` (pinned), `register` (RFC 7591) or `documents` (fetched); `redirects`: where
//!   an answer may go
//! - [`authorize`]: the beginning of a sign-in; [`answer`]: its end, back at the client
//! - [`token`] and [`revoke`]: the endpoints for programs; [`parameters`]: how those are read; `error`: their refusals
//!
//! The person's pages are in [`crate::pages::authorize`], the sign-ins and their tokens in [`crate::guard::sign_ins`]. Nothing of
//! this is on the link host.

pub(crate) mod answer;
pub(crate) mod authorize;
pub(crate) mod clients;
pub mod documents;
pub(crate) mod error;
pub(crate) mod known;
pub(crate) mod metadata;
pub(crate) mod parameters;
pub(crate) mod redirects;
pub(crate) mod register;
pub(crate) mod resource;
pub(crate) mod revoke;
pub(crate) mod token;
