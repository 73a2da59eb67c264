//! Isolation specs: PostgreSQL's own are read as its isolation tester reads them.

use crate::suite::{Entry, specs};
use drawloom_replays::isolation::spec::{Marker, Turn};
use drawloom_replays::isolation::{Spec, rows};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn the_specs_of_postgresql_have_the_permutations_that_it_runs() {
    for Entry { name, text, expected } in specs() {
        let printed = &expected[0];
        let spec = Spec::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let head = format!("Parsed test spec with {} sessions", spec.sessions.len());
        assert!(printed.lines().any(|line| line == head), "{name}: {head}");
        let line = |turns: Vec<Turn>| {
            let names: Vec<&str> = turns.iter().map(|turn| spec.step(turn).name.as_str()).collect();
            format!("starting permutation: {}", names.join(" "))
        };
        let ours: Vec<String> = spec.permutations().map(line).collect();
        let theirs: Vec<&str> =
            printed.lines().filter(|line| line.starts_with("starting permutation: ")).collect();
        assert_eq!(ours, theirs, "{name}");
        let used: BTreeSet<_> = spec.permutations().flatten().map(|turn| (turn.session, turn.step)).collect();
        for (session, step) in used {
            let step = &spec.sessions[session].steps[step];
            let shown = format!("\nstep {}: {}", step.name, step.sql);
            assert!(printed.contains(&shown), "{name}: {shown:?}");
        }
    }
}

/// A printed table.
struct Table<'a> {
    columns: Vec<&'a str>,
    rows: Vec<Vec<Option<String>>>,
    shown: String,
}

/// A table among these lines, whose second one is its border.
fn table<'a>(lines: &[&'a str]) -> Option<Table<'a>> {
    let widths: Vec<usize> = lines.get(1)?.split('+').map(str::len).collect();
    let is_border = !lines[1].is_empty() && lines[1].bytes().all(|byte| matches!(byte, b'-' | b'+'));
    let end = lines
        .iter()
        .position(|line| line.starts_with('(') && line.ends_with(" rows)") || *line == "(1 row)")?;
    if !is_border || lines[2..end].iter().any(|line| line.len() != lines[1].len()) {
        return None; // a value of several lines
    }
    let fields = |line: &'a str| {
        let mut start = 0;
        let fields = widths.iter().map(move |width| {
            let field = line.get(start..start + width)?;
            start += width + 1;
            Some(field)
        });
        fields.collect::<Option<Vec<&str>>>()
    };
    let rows = lines[2..end].iter().map(|line| fields(line)).collect::<Option<Vec<_>>>()?;
    // Blanks before a text on the left are its own.
    let on_the_left =
        |column: usize| rows.iter().any(|row| row[column].ends_with(' ') && !row[column].trim().is_empty());
    let value = |(column, field): (usize, &str)| {
        Some(if on_the_left(column) { field.trim_end() } else { field.trim() }.to_owned())
    };
    let rows = rows.iter().map(|row| row.iter().copied().enumerate().map(value).collect()).collect();
    let columns = fields(lines[0])?.into_iter().map(str::trim).collect();
    Some(Table { columns, rows, shown: lines[..=end].join("\n") + "\n\n" })
}

#[test]
fn rows_are_printed_as_postgresql_s_isolation_tester_prints_them() {
    let (mut same, mut all) = (0, 0);
    for Entry { name, expected, .. } in specs() {
        let printed = &expected[0];
        let lines: Vec<&str> = printed.lines().collect();
        for start in 0..lines.len() {
            let Some(Table { columns, rows, shown }) = table(&lines[start..]) else { continue };
            all += 1;
            let ours = rows::print(&columns, &rows);
            assert!(ours == shown, "{name}, line {}: expected\n{shown}ours\n{ours}", start + 1);
            same += 1;
        }
    }
    println!("{same} of {all} tables");
    assert!(all == 0 || all > 1_000, "{all} tables");
}

#[test]
fn what_looks_like_numbers_stands_on_the_right() {
    let field = |text: &str| Some(text.to_owned());
    let rows = [vec![field("1"), None, field("e1")], vec![field("-20.5"), field("x"), field("1e")]];
    assert_eq!(
        rows::print(&["n", "text", "e"], &rows),
        "    n|text|e \n-----+----+--\n    1|    |e1\n-20.5|x   |1e\n(2 rows)\n\n"
    );
    assert_eq!(rows::print(&["a"], &[]), "a\n-\n(0 rows)\n\n");
}

const SMALL: &str = "
# two sessions
setup { CREATE TABLE t (a int); }
setup { INSERT INTO t VALUES (1); }
teardown{DROP TABLE t;}
session \"first one\"
setup { BEGIN; }
step r { SELECT * FROM t; }   # reads
step \"a \"\"b\"\"\" {
  COMMIT;
}
teardown { ROLLBACK; }
session s2 step w { UPDATE t SET a = 2; }
permutation r w(*) \"a \"\"b\"\"\"
permutation r(w, w notices 2) w
";

#[test]
fn everything_that_the_format_has_is_read() {
    let spec = Spec::parse(SMALL).unwrap();
    assert_eq!(spec.setups, ["CREATE TABLE t (a int);", "INSERT INTO t VALUES (1);"]);
    assert_eq!(spec.teardown.as_deref(), Some("DROP TABLE t;"));
    let first = &spec.sessions[0];
    assert_eq!((first.name.as_str(), first.setup.as_deref()), ("first one", Some("BEGIN;")));
    assert_eq!((first.steps[1].name.as_str(), first.steps[1].sql.as_str()), ("a \"b\"", "\n  COMMIT;\n"));
    assert_eq!(first.teardown.as_deref(), Some("ROLLBACK;"));
    let turn = |session, step, markers: &[Marker]| Turn { session, step, markers: markers.to_vec() };
    let (after, notices) = (Marker::After { step: (1, 0) }, Marker::Notices { step: (1, 0), count: 2 });
    assert_eq!(
        spec.named,
        [
            vec![turn(0, 0, &[]), turn(1, 0, &[Marker::Waits]), turn(0, 1, &[])],
            vec![turn(0, 0, &[after, notices]), turn(1, 0, &[])],
        ]
    );
}

#[test]
fn without_permutations_there_are_all() {
    let spec = Spec::parse(&SMALL[..SMALL.find("permutation").unwrap()]).unwrap();
    let orders: Vec<Vec<usize>> =
        spec.permutations().map(|turns| turns.iter().map(|turn| turn.session).collect()).collect();
    assert_eq!(orders, [[0, 0, 1], [0, 1, 0], [1, 0, 0]]);
}

#[test]
fn what_is_no_spec_is_refused_with_its_line() {
    for (text, expected) in [
        ("", "line 1: expected \"setup\", \"teardown\" or \"session\", found the end"),
        ("session s", "line 1: expected \"step\": a session has at least one, found the end"),
        ("session s\nstep a", "line 2: expected SQL in braces, found the end"),
        ("session s\nstep a {", "line 2: this SQL has no closing \"}\""),
        ("session \"s\nstep a {}", "line 1: this name has no closing quote in its line"),
        ("session s step a {}\npermutation b", "line 2: there is no step \"b\""),
        ("session s step a {}\npermutation a(\n", "line 2: expected the name of a step, found the end"),
        ("session s step a {}\npermutation a(a a)", "line 2: expected \",\" or \")\", found \"a\""),
        ("session s step a {}\npermutation a(a notices x)", "line 2: expected how many notices, found \"x\""),
        ("session s step a {}\npermutation", "line 2: expected the name of a step, found the end"),
        (
            "session s step a {} session t step b {}\npermutation a(b)",
            "line 2: step \"a\" waits for \"b\", which is not in this permutation",
        ),
        (
            "session s step a {} step b {}\npermutation a(b) b",
            "line 2: step \"a\" cannot wait for \"b\", which is of its own session",
        ),
        ("session s step a {} step a {}", "line 1: there are two steps \"a\"; give each a name of its own"),
        (
            "session s step a {} session s step b {}",
            "line 1: two sessions have the same name; give each one of its own",
        ),
        ("session s step a {}\n\n%", "line 3: expected a name, a keyword or SQL in braces, found \"%\""),
        (
            "session s step a {} 7",
            "line 1: expected \"session\", \"step\", \"teardown\" or \"permutation\", found 7",
        ),
        ("session s step a {} 99999999999", "line 1: expected a number below 4294967295"),
    ] {
        assert_eq!(Spec::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(setup|session|step|permutation|teardown|[a-c\"*(),#\\n {}0-9üé%]){0,40}") {
        let _ = Spec::parse(&text);
    }
}
