//! What `icusync demo` and the tests stand on: a simulated intervals.icu.
//!
//! Nothing of the real service may depend on this room; the image is built without it.

pub mod sim;
