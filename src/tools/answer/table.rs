//! Tables as TSV under one header line. A column that no row fills is left out.
//!
//! Cells come formatted and cleaned; this only guards the shape.

/// A table under construction.
#[derive(Debug, Clone)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these headers; units stand in them.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. An empty cell says "nothing recorded"; cells beyond the header are dropped, missing ones are empty.
    pub fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether some row fills the column under `header`.
    pub fn fills(&self, header: &str) -> bool {
        self.header
            .iter()
            .position(|name| name == header)
            .is_some_and(|column| self.filled(column))
    }

    fn filled(&self, column: usize) -> bool {
        self.rows.iter().any(|row| !row[column].is_empty())
    }

    /// The text: header and rows, without the empty columns and without trailing tabs. No rows give no text.
    pub fn render(&self) -> String {
        let columns: Vec<usize> = (0..self.header.len())
            .filter(|&column| self.filled(column))
            .collect();
        if columns.is_empty() {
            return String::new();
        }
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let cells: Vec<String> = columns.iter().map(|&column| one_cell(&row[column])).collect();
            lines.push(cells.join("\t").trim_end_matches('\t').to_owned());
        }
        lines.join("\n")
    }
}

/// The last guard of the shape: whatever a cell holds, it stays one cell of one row.
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

    #[test]
    fn columns_that_no_row_fills_are_left_out() {
        let mut table = Table::new(["date", "NP W", "HR", "note", "id"]);
        table.push(vec![
            "2026-11-20 Fri".into(),
            String::new(),
            "152".into(),
            String::new(),
            "i1".into(),
        ]);
        table.push(vec![
            "2026-11-19 Thu".into(),
            String::new(),
            String::new(),
            String::new(),
            "i2".into(),
        ]);
        assert_eq!(
            table.render(),
            "date\tHR\tid\n2026-11-20 Fri\t152\ti1\n2026-11-19 Thu\t\ti2"
        );
        assert!(table.fills("HR") && !table.fills("NP W") && !table.fills("no such"));
        assert_eq!((table.len(), table.is_empty()), (2, false));
        assert_eq!(Table::new(["a"]).render(), "");
    }

    #[test]
    fn trailing_empty_cells_leave_no_tabs() {
        let mut table = Table::new(["a", "b", "c"]);
        table.push(vec!["1".into(), "2".into(), "3".into()]);
        table.push(vec!["1".into()]);
        assert_eq!(table.render(), "a\tb\tc\n1\t2\t3\n1");
    }

    proptest! {
        #[test]
        fn no_cell_breaks_the_table(rows in prop::collection::vec(prop::collection::vec(any::<String>(), 0..6), 1..8)) {
            let mut table = Table::new(["first", "b", "c", "last"]);
            for row in &rows {
                let mut cells = vec!["x".to_owned()];
                cells.extend(row.iter().cloned());
                table.push(cells);
            }
            let text = table.render();
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
