//! Where the live service is known to differ from its own document. An entry that nothing uses fails the test.

/// One known difference.
pub struct Exception {
    /// The violation's sentence, or its beginning with a star behind.
    pub what: &'static str,
    /// How it is known.
    pub why: &'static str,
}

pub const EXCEPTIONS: &[Exception] = &[];
