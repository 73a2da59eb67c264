//! The tables that the benchmark prints.

/// Rows of what was measured, beside what is asked for.
#[derive(Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One measurement: what, ours, what it stands beside, their ratio, and what is asked of it.
    pub fn row(&mut self, what: &str, ours: String, beside: String, ratio: String, asked: &str) {
        eprintln!("{what}: {ours} beside {beside}: {ratio}");
        self.rows.push(vec![what.to_owned(), ours, beside, ratio, asked.to_owned()]);
    }

    /// Prints every row as Markdown.
    pub fn print(self) {
        print(&["what", "drawloom", "beside", "measured", "asked"], self.rows);
    }
}

/// Prints rows under their head as Markdown.
pub fn print(head: &[&str], rows: Vec<Vec<String>>) {
    let head: Vec<String> = head.iter().copied().map(str::to_owned).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("| {} |", cells.join(" | "));
    };
    line(&head);
    line(&widths.iter().map(|width| "-".repeat(*width)).collect());
    rows.iter().for_each(line);
}

/// A rate for people: `12.3 M/s`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        n if n >= 1e6 => format!("{:.2} M/s", n / 1e6),
        n if n >= 1e3 => format!("{:.1} k/s", n / 1e3),
        n => format!("{n:.0} /s"),
    }
}
