//! What is defined beside tables: specs of the mock's own, with what PostgreSQL's isolation tester prints of them.

use crate::suite::backend;
use drawloom_replays::isolation::Spec;
use drawloom_replays::isolation::comparison::differences;
use drawloom_replays::isolation::summary::{Entry, Verdict};
use drawloom_sim::Host;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/mock/tests/isolation")
}

#[test]
fn definitions_are_those_of_postgresql() {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "spec"));
    names.sort();
    assert!(!names.is_empty(), "there are specs");
    let mut report = String::new();
    for path in names {
        let spec = Spec::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let expected = vec![fs::read_to_string(path.with_extension("out")).unwrap()];
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let entry = Entry { name: name.clone(), spec, expected };
        let line = Host::best().run(|| entry.run(backend(), &|| false)).unwrap().expect("nobody interrupts");
        if line.verdict() != Verdict::Exact {
            report += &format!("{name}:\n{}\n", differences(&line.printed, &line.expected));
        }
    }
    assert!(report.is_empty(), "{report}");
}
