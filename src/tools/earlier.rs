//! The earlier period that a range is compared with, in the same words in every tool.

use chrono::{Days, Months};

use super::{
    arguments::{self, Range},
    curves,
};
use crate::tool_error::ToolError;

/// The words for one, as a parameter lists them.
const WORDS: &str = "previous, last_year or two days such as 2026-01-01..2026-03-31";

/// The period that `compare` means: `previous` (as long, just before), `last_year` (the same dates), or two days. It is of at
/// most `longest` days, and begins before the range.
pub(super) fn earlier(word: &str, range: Range, longest: i64) -> Result<Range, ToolError> {
    let found = match word.to_ascii_lowercase().as_str() {
        "previous" => {
            let days = range.days().unsigned_abs();
            range
                .oldest
                .checked_sub_days(Days::new(days))
                .zip(range.oldest.pred_opt())
        }
        "last_year" => range
            .oldest
            .checked_sub_months(Months::new(12))
            .zip(range.newest.checked_sub_months(Months::new(12))),
        _ => curves::dates(word).map(|range| (range.oldest, range.newest)),
    };
    let found = found.map(|(oldest, newest)| Range { oldest, newest });
    let found = found.ok_or_else(|| arguments::wrong("compare", &format!("must be {WORDS}")))?;
    if found.oldest >= range.oldest {
        return Err(arguments::wrong("compare", "must begin before oldest"));
    }
    if found.days() > longest {
        let wanted = format!("must be at most {longest} days long");
        return Err(arguments::wrong("compare", &wanted));
    }
    Ok(found)
}
