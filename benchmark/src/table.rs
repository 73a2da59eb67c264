//! The table that the benchmark prints.

/// Rows of what was measured, beside what is asked for.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 5]>,
}

impl Table {
    /// One measurement: what, ours, what it stands beside, their ratio, and what is asked of it.
    pub fn row(&mut self, what: &str, ours: String, beside: String, ratio: String, asked: &str) {
        eprintln!("{what}: {ours} beside {beside}: {ratio}");
        self.rows.push([what.to_owned(), ours, beside, ratio, asked.to_owned()]);
    }

    /// Prints every row as Markdown.
    pub fn print(&self) {
        let head = ["what", "drawloom", "beside", "measured", "asked"].map(str::to_owned);
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                self.rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |row: &[String; 5]| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("| {} |", cells.join(" | "));
        };
        line(&head);
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        println!("| {} |", rule.join(" | "));
        self.rows.iter().for_each(line);
    }
}

/// A rate for people: `12.3 M/s`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        n if n >= 1e6 => format!("{:.2} M/s", n / 1e6),
        n if n >= 1e3 => format!("{:.1} k/s", n / 1e3),
        n => format!("{n:.0} /s"),
    }
}
