//! A coach's roster.
