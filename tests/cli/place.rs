//! A working directory, drawloom called in it, and what that did.

use drawloom::search;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The program.
pub const DRAWLOOM: &str = env!("CARGO_BIN_EXE_drawloom");

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
        self
    }

    /// Nothing on stdout, and one line on stderr with all these words.
    #[track_caller]
    pub fn says_only(&self, words: &[&str]) {
        assert_eq!(self.out, "", "{self:#?}");
        assert_eq!(self.err.lines().count(), 1, "{self:#?}");
        self.complains(words);
    }

    #[track_caller]
    pub fn complains(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "no \"{word}\" in {self:#?}");
        }
    }

    #[track_caller]
    pub fn prints(&self, words: &[&str]) {
        for word in words {
            assert!(self.out.contains(word), "no \"{word}\" in {self:#?}");
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The command after this label.
    #[track_caller]
    pub fn command(&self, label: &str) -> &str {
        let command = self.out.lines().find_map(|line| line.strip_prefix(label));
        command.unwrap_or_else(|| panic!("no \"{label}\" in {self:#?}")).trim()
    }
}

/// A working directory of its own.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(DRAWLOOM);
        command.args(arguments).current_dir(self.0.path());
        for name in ["RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    pub fn drawloom(&self, arguments: &str) -> Ran {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.command(&arguments).output().unwrap().into()
    }

    pub fn shell(&self, script: &str) -> Ran {
        let output = Command::new("sh").args(["-c", script]).current_dir(self.0.path()).output();
        output.unwrap().into()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The bytes of a replay with a finding, in `lost.replay`.
    pub fn with_finding(&self) -> Vec<u8> {
        let seed = first_seed("counter", "read-add-write");
        let plan = "counter --variant read-add-write --no-swarm";
        self.drawloom(&format!("run {plan} --seed {seed} --record lost.replay")).exits(1);
        self.read("lost.replay")
    }

    /// What is in this folder of it.
    pub fn names_in(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// The first seed of the usual plan that has a finding.
pub fn first_seed(workload: &str, variant: &str) -> u64 {
    let plan = drawloom::Plan::usual(workload, variant).unwrap();
    search::first_finding(&plan, 0..100).unwrap().unwrap().seed
}
