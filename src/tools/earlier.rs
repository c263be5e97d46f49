//! The earlier period that a range is compared with, in the same words in every tool.

use chrono::{Days, Months};

use super::{
    arguments::{self, Range},
    curves,
};
use crate::tool_error::ToolError;

/// The words for one, as a parameter lists them.
const WORDS: &str = "previous, last_year, none or two days such as 2026-01-01..2026-03-31";

/// The period that `compare` means: `previous` (as long, just before), `last_year` (the same dates), two days, or `none`. It is of
/// at most `longest` days, and ends before the range.
pub(super) fn earlier(word: &str, range: Range, longest: i64) -> Result<Option<Range>, ToolError> {
    let word = word.to_ascii_lowercase();
    let found = match word.as_str() {
        "none" => return Ok(None),
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
        _ => curves::dates(&word).map(|range| (range.oldest, range.newest)),
    };
    let found = found.map(|(oldest, newest)| Range { oldest, newest });
    let found = found.ok_or_else(|| arguments::wrong("compare", &format!("must be {WORDS}")))?;
    if found.newest >= range.oldest {
        let wanted = if word == "last_year" {
            "must not be last_year for more than a year: use previous, or a shorter range".to_owned()
        } else {
            format!("must end before oldest, {}", range.oldest)
        };
        return Err(arguments::wrong("compare", &wanted));
    }
    if found.days() > longest {
        let wanted = format!("must be at most {longest} days long");
        return Err(arguments::wrong("compare", &wanted));
    }
    Ok(Some(found))
}
