//! The mock's own specs, which say what a session can do beside queries: each is printed as PostgreSQL's isolation
//! tester prints it (model/mock/tests/isolation/generate.sh), byte for byte.

use super::suite::backend;
use drawloom_replays::isolation::{Said, Spec, test};
use drawloom_sim::Host;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../model/mock/tests/isolation")
}

fn printed(spec: &str) -> String {
    let spec = Spec::parse(spec).unwrap();
    Host::best().run(|| {
        let mut text = String::new();
        let mut listener = |said: Said<'_>| {
            text.push_str(said.text());
            ControlFlow::Continue(())
        };
        test(&spec, backend(), &mut listener).unwrap();
        text
    })
}

#[test]
fn the_mocks_own_specs_are_printed_as_postgresql_prints_them() {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder().join("specs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(!names.is_empty());
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let expected = fs::read_to_string(folder().join(format!("expected/{name}.out"))).unwrap();
        similar(name, &printed(&fs::read_to_string(&path).unwrap()), &expected);
    }
}

/// Fails with the first line that differs.
fn similar(name: &str, printed: &str, expected: &str) {
    let (mut left, mut right) = (printed.lines(), expected.lines());
    for line in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return,
            (printed, expected) => assert_eq!(printed, expected, "line {line} of {name}"),
        }
    }
}
