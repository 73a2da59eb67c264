//! Specs of our own, and what PostgreSQL 15's isolation tester prints of them (its `isolationtester`, in a new
//! database). The mock prints the same.

use super::suite::backend;
use drawloom_replays::isolation::Spec;
use drawloom_replays::isolation::comparison::differences;
use drawloom_replays::isolation::summary::{Entry, Verdict};
use drawloom_sim::Host;
use std::fs;
use std::path::Path;

#[test]
fn the_mock_prints_what_postgresql_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/isolation/own");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut specs: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "spec")).collect();
    specs.sort();
    assert!(!specs.is_empty(), "there are specs in {}", folder.display());
    for path in specs {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let spec = Spec::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let expected = vec![fs::read_to_string(path.with_extension("out")).unwrap()];
        let entry = Entry { name: name.clone(), spec, expected };
        let line = Host::best().run(|| entry.run(backend(), &|| false)).unwrap().expect("nobody interrupts");
        let differences = differences(&line.printed, &line.expected);
        assert!(line.verdict() == Verdict::Exact, "{name}:\n{differences}");
    }
}
