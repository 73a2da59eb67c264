//! What the documentation shows is what drawloom prints.

use crate::place::Place;
use std::fs;
use std::path::Path;

/// In this order: what one leaves, the next ones may use.
const PAGES: [&str; 9] = [
    "README.md",
    "docs/shrinking.md",
    "docs/explaining.md",
    "docs/search.md",
    "docs/replays.md",
    "docs/isolation.md",
    "docs/sqlite.md",
    "docs/workloads.md",
    "ARCHITECTURE.md",
];

/// The commands that a page shows, and what it shows of their output: all of it, or its beginning.
fn shown(page: &str) -> Vec<(String, String)> {
    let blocks = page.split("```text\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("a split has a first part"));
    let command = |block: &str| {
        let (line, output) = block.split_once('\n')?;
        let arguments = line.strip_prefix("$ drawloom ").or(line.strip_prefix("$ cargo run --release -- "))?;
        Some((arguments.to_owned(), output.to_owned()))
    };
    blocks.filter_map(command).collect()
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let place = Place::new();
    let mut tried = 0;
    for page in PAGES {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        for (arguments, output) in shown(&text) {
            let printed =
                place.drawloom(&arguments).out.replace(crate::place::DRAWLOOM, "target/release/drawloom");
            assert!(
                printed.starts_with(&output),
                "{page}, {arguments}: expected\n{output}\nprinted\n{printed}"
            );
            tried += 1;
        }
    }
    assert!(tried >= 10, "only {tried} commands are shown");
}
