//! Rows as PostgreSQL's isolation tester prints them.

/// The rows of a query under the names of its columns, aligned, with their number: what libpq's `PQprint` prints with
/// a header and `|` between fields (fe-print.c). A null is printed as nothing.
///
/// # Panics
/// A row has another number of fields than there are columns.
pub fn print(columns: &[&str], rows: &[Vec<Option<String>>]) -> String {
    assert!(rows.iter().all(|row| row.len() == columns.len()), "a row has a field for each column");
    let fields = |column: usize| rows.iter().filter_map(move |row| row[column].as_deref());
    let layout: Vec<(usize, bool)> = columns
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let width = fields(column).map(str::len).chain([name.len()]).max().unwrap_or(0);
            (width, fields(column).filter(|field| !field.is_empty()).all(is_number))
        })
        .collect();
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let padded = texts.zip(&layout).map(|(text, (width, is_number))| {
            // As many bytes, not characters, as libpq counts.
            let blanks = " ".repeat(width - text.len());
            if *is_number { blanks + text } else { text.to_owned() + &blanks }
        });
        padded.collect::<Vec<_>>().join("|") + "\n"
    };
    let mut printed = line(&mut columns.iter().copied());
    printed += &layout.iter().map(|(width, _)| "-".repeat(*width)).collect::<Vec<_>>().join("+");
    printed.push('\n');
    for row in rows {
        printed += &line(&mut row.iter().map(|field| field.as_deref().unwrap_or_default()));
    }
    printed + &format!("({} row{})\n\n", rows.len(), if rows.len() == 1 { "" } else { "s" })
}

/// Whether libpq takes this for a number, and moves its column to the right.
fn is_number(field: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'E' | b'e' | b' ' | b'-');
    let bytes = field.as_bytes();
    let (first, last) = (bytes.first(), bytes.last());
    bytes.iter().all(|byte| is_part(*byte))
        && !matches!(first, Some(b'E' | b'e'))
        && last.is_some_and(u8::is_ascii_digit)
}
