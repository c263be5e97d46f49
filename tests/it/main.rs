//! Temporary root of this branch.
mod arrows;
