//! Where a list is cut: between rows or between days, with the call that continues it.

use chrono::NaiveDate;

use super::words::counted;

/// A list in two parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut<'a, R> {
    /// The rows to show.
    pub(crate) shown: &'a [R],
    /// The rows for another call.
    pub(crate) left: &'a [R],
}

impl<'a, R> Cut<'a, R> {
    /// At most `limit` rows.
    pub(crate) fn after(limit: usize, rows: &'a [R]) -> Self {
        let (shown, left) = rows.split_at(limit.min(rows.len()));
        Self { shown, left }
    }

    /// Whole days, at most `limit` rows; if the first day alone is longer, its first `limit` rows.
    pub(crate) fn by_days(limit: usize, rows: &'a [R], day: impl Fn(&R) -> Option<NaiveDate>) -> Self {
        let whole = (1..=limit.min(rows.len()))
            .rev()
            .find(|at| parts_days(rows, *at, &day));
        Self::after(whole.unwrap_or(limit), rows)
    }

    /// Whole days, at most `limit` rows; if the first day alone is longer, all of it.
    pub(crate) fn by_whole_days(limit: usize, rows: &'a [R], day: impl Fn(&R) -> Option<NaiveDate>) -> Self {
        let down = (1..=limit.min(rows.len()))
            .rev()
            .find(|at| parts_days(rows, *at, &day));
        let whole = down.or_else(|| (limit..=rows.len()).find(|at| parts_days(rows, *at, &day)));
        Self::after(whole.unwrap_or(limit), rows)
    }

    /// `… 3 more rows: use ….`, where `how` names the call from the first row that is left; empty when none is left.
    pub(crate) fn more(&self, one: &str, how: impl FnOnce(&R) -> String) -> String {
        self.left
            .first()
            .map_or_else(String::new, |next| more(self.left.len(), one, &how(next)))
    }
}

/// Whether a day ends before the row at `at`, as it does at the end of the rows.
fn parts_days<R>(rows: &[R], at: usize, day: impl Fn(&R) -> Option<NaiveDate>) -> bool {
    at == 0 || at >= rows.len() || day(&rows[at - 1]) != day(&rows[at])
}

/// `… 3 more rows: use ….`; empty when none is left.
pub(crate) fn more(left: usize, one: &str, how: &str) -> String {
    match left {
        0 => String::new(),
        left => format!(
            "… {}: {how}.",
            counted(left, &format!("more {one}"), &format!("more {one}s"))
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(2026, 11, number)
    }

    #[test]
    fn days_are_whole_unless_one_alone_is_too_long() {
        let rows = [21, 20, 20, 20, 19];
        let shown = |limit| Cut::by_days(limit, &rows, |at| day(*at)).shown.len();
        assert_eq!([1, 2, 3, 4, 5, 9].map(shown), [1, 1, 1, 4, 5, 5]);
        let whole = |limit| Cut::by_whole_days(limit, &rows[1..], |at| day(*at)).shown.len();
        assert_eq!([1, 2, 3, 4, 9].map(whole), [3, 3, 3, 4, 4]);
        assert_eq!(Cut::by_days(2, &rows[1..], |at| day(*at)).shown.len(), 2);
    }

    #[test]
    fn rows_left_are_counted_with_the_call_that_gets_them() {
        let cut = Cut::after(1, &[21, 20, 19]);
        assert_eq!(
            cut.more("row", |next| format!("use newest={next}")),
            "… 2 more rows: use newest=20."
        );
        assert_eq!(Cut::after(3, &[21, 20, 19]).more("row", |_| panic!()), "");
        assert_eq!(
            more(1, "lap", "use detail=full"),
            "… 1 more lap: use detail=full."
        );
    }

    proptest! {
        #[test]
        fn no_row_is_lost_or_shown_twice(rows in prop::collection::vec(1_u32..6, 0..20), limit in 1_usize..25) {
            for cut in [Cut::after(limit, &rows), Cut::by_days(limit, &rows, |at| day(*at)), Cut::by_whole_days(limit, &rows, |at| day(*at))] {
                prop_assert_eq!([cut.shown, cut.left].concat(), rows.clone());
                prop_assert!(rows.is_empty() || !cut.shown.is_empty());
            }
        }
    }
}
