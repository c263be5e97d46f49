//! History and summary: sums, zones, what is not counted.
