//! PostgreSQL's own specs.

use std::fs;
use std::path::{Path, PathBuf};

/// A spec with what PostgreSQL's isolation tester may print of it.
pub struct Entry {
    pub name: String,
    pub text: String,
    /// One at least.
    pub expected: Vec<String>,
}

/// PostgreSQL's specs, by name; none where they are not at hand.
pub fn specs() -> Vec<Entry> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/pg-isolation");
    let Ok(entries) = fs::read_dir(folder.join("specs")) else {
        eprintln!(
            "SKIPPED: PostgreSQL's isolation specs are not at hand, in shared/pg-isolation beside this tree"
        );
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.into_iter().map(|name| entry(&folder, name)).collect()
}

fn entry(folder: &Path, name: String) -> Entry {
    let text = fs::read_to_string(folder.join(format!("specs/{name}.spec"))).unwrap();
    let others =
        (1..).map_while(|n| fs::read_to_string(folder.join(format!("expected/{name}_{n}.out"))).ok());
    let first = fs::read_to_string(folder.join(format!("expected/{name}.out"))).unwrap();
    Entry { text, expected: [first].into_iter().chain(others).collect(), name }
}
