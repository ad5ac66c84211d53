//! Columns that line up.

use console::{measure_text_width, style};

const GAP: &str = "  ";
const INDENT: &str = "  ";

/// Rows under a heading each column.
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Table {
        Table {
            headings: headings.iter().map(|text| (*text).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, headings first; none when there are no rows.
    pub(crate) fn lines(&self, widths: &[usize]) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let heading = line(&self.headings, widths);
        std::iter::once(style(heading).dim().to_string())
            .chain(self.rows.iter().map(|row| line(row, widths)))
            .collect()
    }
}

/// The widths at which all tables line up with each other.
pub(crate) fn widths(tables: &[Table]) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for row in tables.iter().filter(|table| !table.rows.is_empty()).flat_map(all_rows) {
        for (column, cell) in row.iter().enumerate() {
            let width = measure_text_width(cell);
            match widths.get_mut(column) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    widths
}

fn all_rows(table: &Table) -> impl Iterator<Item = &Vec<String>> {
    std::iter::once(&table.headings).chain(&table.rows)
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from(INDENT);
    for (column, cell) in cells.iter().enumerate() {
        line.push_str(cell);
        if column + 1 < cells.len() {
            let width = widths.get(column).copied().unwrap_or(0);
            let missing = width.saturating_sub(measure_text_width(cell));
            line.push_str(&" ".repeat(missing));
            line.push_str(GAP);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_over_tables() {
        let mut one = Table::new(&["MACHINE", "TYPE"]);
        one.row(vec!["orders".to_owned(), "STANDARD".to_owned()]);
        let mut two = Table::new(&["FUNCTION", "RUNTIME"]);
        two.row(vec!["reserve-stock".to_owned(), "python3.12".to_owned()]);
        let tables = [one, two, Table::new(&["A VERY LONG HEADING OF NOTHING"])];
        let widths = widths(&tables);
        let lines: Vec<String> = tables
            .iter()
            .flat_map(|table| table.lines(&widths))
            .map(|line| console::strip_ansi_codes(&line).into_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "  MACHINE        TYPE",
                "  orders         STANDARD",
                "  FUNCTION       RUNTIME",
                "  reserve-stock  python3.12",
            ]
        );
    }
}
