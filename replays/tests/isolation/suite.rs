//! PostgreSQL's own specs, and which of them a backend runs exactly as PostgreSQL does.

use drawloom_model::Backend;
use drawloom_replays::isolation::Spec;
use drawloom_replays::isolation::comparison::differences;
use drawloom_replays::isolation::summary::{self, Line, Verdict};
use drawloom_sim::Host;
use std::fmt::Write;
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

/// The backend that is measured.
pub fn backend() -> Box<dyn Backend> {
    drawloom_replays::Engine::usual("mock").unwrap().backend()
}

fn run(entry: Entry) -> Line {
    let Entry { name, text, expected } = entry;
    let entry = summary::Entry { name, spec: Spec::parse(&text).unwrap(), expected };
    Host::best().run(|| entry.run(backend(), &|| false)).unwrap().expect("nobody interrupts")
}

/// `exact.txt` names those whose every permutation is printed as PostgreSQL prints it, byte for byte.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's golden files are rewritten on request")]
fn the_specs_that_are_exact_are_those_of_the_list() {
    let lines: Vec<Line> = specs().into_iter().map(run).collect();
    if lines.is_empty() {
        return;
    }
    let is_exact = |line: &&Line| line.verdict() == Verdict::Exact;
    let exact: String = lines.iter().filter(is_exact).map(|line| format!("{}\n", line.name)).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/isolation/exact.txt");
    if std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1") {
        fs::write(&file, &exact).unwrap();
        return;
    }
    let golden = fs::read_to_string(&file).unwrap();
    let mut report = String::new();
    for line in &lines {
        let is_listed = golden.lines().any(|name| name == line.name);
        match (is_listed, is_exact(&line)) {
            (true, false) => {
                let differences = differences(&line.printed, &line.expected);
                let _ = writeln!(report, "{} is not exact any more:\n{differences}", line.name);
            }
            (false, true) => {
                let _ = writeln!(report, "{} is exact now: UPDATE_GOLDENFILES=1 adds it", line.name);
            }
            _ => (),
        }
    }
    assert!(report.is_empty(), "{report}");
    assert_eq!(golden, exact, "the list names specs that there are not; UPDATE_GOLDENFILES=1 rewrites it");
}
