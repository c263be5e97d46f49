//! How answers are shaped: tables, dates, units, cleaned text.

/// What a tool says: short markdown and TSV, one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text as the model reads it.
    pub text: String,
}
