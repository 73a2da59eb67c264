//! Every script below tests/scripts gives what it says. `UPDATE_GOLDENFILES=1` writes what comes now.
//!
//! What the scripts say is what PostgreSQL says, wherever it has the level: tests/scripts/postgresql.py asks a server.
//! `differs.txt` names those that the mock does not play like PostgreSQL yet; they are not rewritten.

use drawloom_replays::outside::files_below;
use drawloom_replays::script::{difference, play};
use std::fs;
use std::path::Path;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's golden files are rewritten on request")]
fn scripts_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let listed = fs::read_to_string(folder.join("differs.txt")).unwrap();
    let is_rewritten = std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1");
    let (mut report, mut differ) = (String::new(), String::new());
    let files = files_below(&folder, "script").unwrap();
    assert!(!files.is_empty(), "no scripts in {}", folder.display());
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let script = fs::read_to_string(&file).unwrap();
        let played = play(&script);
        let is_listed = listed.lines().any(|line| line == name);
        match played.map(|played| (difference(&script, &played), played)) {
            Ok((None, _)) if is_listed => {
                report += &format!("{name}: gives what it says now; take it out of differs.txt\n");
            }
            Ok((None, _)) => (),
            _ if is_listed => differ += &format!("{name}\n"),
            Ok((Some(_), played)) if is_rewritten => fs::write(&file, played).unwrap(),
            Ok((Some(difference), _)) => report += &format!("{name}, {difference}\n"),
            Err(error) => report += &format!("{name}, {error}\n"),
        }
    }
    assert!(report.is_empty(), "UPDATE_GOLDENFILES=1 rewrites scripts:\n{report}");
    assert_eq!(listed, differ, "differs.txt names what there is not, or not in order");
}

#[test]
fn the_documentation_s_scripts_give_what_they_say() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scripts.md")).unwrap();
    let blocks = page.split("```script\n").skip(1).filter_map(|block| block.split_once("```"));
    let scripts: Vec<&str> = blocks.map(|(script, _)| script).collect();
    assert!(!scripts.is_empty(), "the page shows a script");
    for script in scripts {
        assert_eq!(play(script).as_deref(), Ok(script));
    }
}
