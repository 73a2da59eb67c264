//! Every script below tests/scripts gives what it says. `UPDATE_GOLDENFILES=1` writes what comes now.
//!
//! What the scripts say is what PostgreSQL says, wherever it has the level: tests/scripts/postgresql.py asks a server.
//! `differs.txt` names those that the mock does not play like PostgreSQL yet; they are not rewritten.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's golden files are rewritten on request")]
fn scripts_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let listed = fs::read_to_string(folder.join("differs.txt")).unwrap();
    let is_rewritten = std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1");
    let (mut report, mut differ) = (String::new(), String::new());
    let files = scripts(&folder);
    assert!(!files.is_empty(), "no scripts in {}", folder.display());
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let script = fs::read_to_string(&file).unwrap();
        let played = drawloom_replays::script::play(&script);
        let is_listed = listed.lines().any(|line| line == name);
        match played {
            Ok(played) if played == script && is_listed => {
                report += &format!("{name}: gives what it says now; take it out of differs.txt\n");
            }
            Ok(played) if played == script => (),
            _ if is_listed => differ += &format!("{name}\n"),
            Ok(played) if is_rewritten => fs::write(&file, played).unwrap(),
            Ok(played) => report += &difference(name, &script, &played),
            Err(error) => report += &format!("{name}:{}: {}\n", error.line, error.message),
        }
    }
    assert!(report.is_empty(), "UPDATE_GOLDENFILES=1 rewrites scripts:\n{report}");
    assert_eq!(listed, differ, "differs.txt names what there is not, or not in order");
}

/// The scripts of a folder and of those in it, in order.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => scripts(&path),
        false => path.extension().is_some_and(|it| it == "script").then_some(path).into_iter().collect(),
    };
    paths.into_iter().flat_map(below).collect()
}

/// The first line that differs, and what comes there.
fn difference(name: &str, script: &str, played: &str) -> String {
    let same = script.lines().zip(played.lines()).take_while(|(said, came)| said == came).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or_default().trim().to_owned();
    format!("{name}:{}: it says {:?}, and gives {:?}\n", same + 1, line(script), line(played))
}
