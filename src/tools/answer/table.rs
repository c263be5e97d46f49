//! Tables as TSV under one header line: a list of rows and a list of columns. A column that no row fills is left out.
//!
//! Cells arrive formatted and cleaned; this module only guards the shape.

use std::borrow::Cow;

use crate::tools::arguments::Detail;

/// A column of a table whose rows are `R`.
struct Column<'a, R> {
    header: Cow<'a, str>,
    only_in_full: bool,
    cell: Box<dyn Fn(&R) -> String + 'a>,
}

/// The columns of a table whose rows are `R`. Units are in the headers; an empty cell means "not recorded".
pub(crate) struct Columns<'a, R>(Vec<Column<'a, R>>);

impl<R> Default for Columns<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, R> Columns<'a, R> {
    /// No columns yet.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a column.
    #[must_use]
    pub(crate) fn column(self, header: impl Into<Cow<'a, str>>, cell: impl Fn(&R) -> String + 'a) -> Self {
        self.and(false, header.into(), Box::new(cell))
    }

    /// Adds a column that only `detail: full` shows.
    #[must_use]
    pub(crate) fn in_full(self, header: impl Into<Cow<'a, str>>, cell: impl Fn(&R) -> String + 'a) -> Self {
        self.and(true, header.into(), Box::new(cell))
    }

    fn and(mut self, only_in_full: bool, header: Cow<'a, str>, cell: Box<dyn Fn(&R) -> String + 'a>) -> Self {
        self.0.push(Column {
            header,
            only_in_full,
            cell,
        });
        self
    }

    /// Adds these columns at the end.
    #[must_use]
    pub(crate) fn then(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// All cells of a row.
    pub(crate) fn cells(&self, row: &R) -> impl Iterator<Item = String> {
        self.0.iter().map(|column| (column.cell)(row))
    }

    /// Whether the row fills any column.
    pub(crate) fn show_any_of(&self, row: &R) -> bool {
        self.cells(row).any(|cell| !cell.is_empty())
    }

    /// The table as text: header and rows, without empty columns or trailing tabs. Empty without rows.
    pub(crate) fn table(&self, rows: &[R]) -> String {
        self.table_in(Detail::Full, rows)
    }

    /// The same, with the columns of a concise answer or with all.
    pub(crate) fn table_in(&self, detail: Detail, rows: &[R]) -> String {
        let shown = self
            .0
            .iter()
            .filter(|column| detail == Detail::Full || !column.only_in_full);
        let filled: Vec<(&str, Vec<String>)> = shown
            .map(|column| {
                (
                    &*column.header,
                    rows.iter().map(|row| (column.cell)(row)).collect(),
                )
            })
            .filter(|(_, cells): &(_, Vec<String>)| cells.iter().any(|cell| !cell.is_empty()))
            .collect();
        if filled.is_empty() {
            return String::new();
        }
        let header = line(filled.iter().map(|(header, _)| *header));
        let rows = (0..rows.len()).map(|at| line(filled.iter().map(|(_, cells)| cells[at].as_str())));
        std::iter::once(header).chain(rows).collect::<Vec<_>>().join("\n")
    }
}

/// The first text that is short enough, made with one width after the other; otherwise the last.
pub(crate) fn first_within<W: Copy>(bytes: usize, widths: &[W], text: impl Fn(W) -> String) -> String {
    let mut last = String::new();
    for width in widths {
        last = text(*width);
        if last.len() <= bytes {
            break;
        }
    }
    last
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.map(one_cell).collect();
    cells.join("\t").trim_end_matches('\t').to_owned()
}

/// The last guard of the shape: whatever a cell contains, it remains one cell of one row.
fn one_cell(cell: &str) -> String {
    cell.replace(
        |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'),
        " ",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Columns with these names that show a row's cells in order.
    fn columns<'a>(names: &[&'a str]) -> Columns<'a, Vec<&'a str>> {
        names
            .iter()
            .enumerate()
            .fold(Columns::new(), |columns, (at, name)| {
                columns.column(*name, move |row| {
                    row.get(at).copied().unwrap_or_default().to_owned()
                })
            })
    }

    #[test]
    fn columns_that_no_row_fills_are_left_out() {
        let columns = columns(&["date", "NP W", "HR", "note", "id"]);
        let rows = [
            vec!["2026-11-20 Fri", "", "152", "", "i1"],
            vec!["2026-11-19 Thu", "", "", "", "i2"],
        ];
        assert_eq!(
            columns.table(&rows),
            "date\tHR\tid\n2026-11-20 Fri\t152\ti1\n2026-11-19 Thu\t\ti2"
        );
        assert!(columns.show_any_of(&rows[0]) && !columns.show_any_of(&vec!["", ""]));
        assert_eq!(columns.table(&[]), "");
    }

    #[test]
    fn some_columns_are_only_in_a_full_table() {
        let columns = Columns::<u8>::new()
            .column("n", u8::to_string)
            .in_full("double", |n| (n * 2).to_string());
        assert_eq!(columns.table_in(Detail::Concise, &[1, 2]), "n\n1\n2");
        assert_eq!(columns.table_in(Detail::Full, &[1, 2]), "n\tdouble\n1\t2\n2\t4");
    }

    #[test]
    fn trailing_empty_cells_leave_no_tabs() {
        let rows = [vec!["1", "2", "3"], vec!["1"]];
        assert_eq!(columns(&["a", "b", "c"]).table(&rows), "a\tb\tc\n1\t2\t3\n1");
    }

    #[test]
    fn long_texts_are_shortened_step_by_step() {
        let text = |width| "x".repeat(width);
        assert_eq!(first_within(5, &[9, 4, 2], text), "xxxx");
        assert_eq!(first_within(1, &[9, 4, 2], text), "xx");
    }

    proptest! {
        #[test]
        fn no_cell_breaks_the_table(rows in prop::collection::vec(prop::collection::vec(any::<String>(), 0..6), 1..8)) {
            let rows: Vec<Vec<&str>> = rows
                .iter()
                .map(|row| std::iter::once("x").chain(row.iter().map(String::as_str)).collect())
                .collect();
            let text = columns(&["first", "b", "c", "last"]).table(&rows);
            let lines: Vec<&str> = text.lines().collect();
            prop_assert_eq!(lines.len(), rows.len() + 1);
            let width = lines[0].split('\t').count();
            for line in &lines {
                prop_assert!(line.split('\t').count() <= width);
                prop_assert!(!line.chars().any(|c| c.is_control() && c != '\t'));
            }
        }
    }
}
