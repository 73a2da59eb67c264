//! Golden scripts: each line is a command, the indented lines below it are what came of it. Lines that begin with `#`
//! and empty ones are for the reader. `UPDATE_GOLDENFILES=1` writes what comes now.

use std::path::{Path, PathBuf};

/// Runs every script of the folder `tests/{folder}`, each with an interpreter of its own.
pub fn check<I: FnMut(&str) -> Vec<String>>(folder: &str, interpreter: impl Fn() -> I) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "no scripts in {}", folder.display());
    for script in scripts {
        check_script(&script, interpreter());
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's golden files are rewritten on request")]
fn check_script(script: &Path, mut run: impl FnMut(&str) -> Vec<String>) {
    let golden = std::fs::read_to_string(script).unwrap();
    let mut text = String::new();
    for line in golden.lines().filter(|line| !line.starts_with("    ")) {
        text.push_str(line);
        text.push('\n');
        if !line.is_empty() && !line.starts_with('#') {
            for output in run(line) {
                text.push_str(&format!("    {output}\n"));
            }
        }
    }
    if std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1") {
        return std::fs::write(script, &text).unwrap();
    }
    let name = script.file_name().unwrap().to_string_lossy();
    assert!(text == golden, "{name} differs; UPDATE_GOLDENFILES=1 rewrites it. It is now:\n{text}");
}
