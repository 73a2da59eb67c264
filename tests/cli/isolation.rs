//! `drawloom isolation`, end to end.

use crate::place::Place;
use crate::process::interrupted;
use serde_json::json;

const SPEC: &str = "
setup { CREATE TABLE t (a int); INSERT INTO t VALUES (0); }
teardown { DROP TABLE t; }
session s1
step w1 { UPDATE t SET a = 1; }
step n1 { NONSENSE; }
session s2
step r2 { SELECT a FROM t; }
permutation w1 r2
permutation r2 w1
";
const HEAD: &str = "unused step name: n1\nParsed test spec with 2 sessions\n";

fn permutation(names: &str, steps: [String; 2]) -> String {
    format!("\nstarting permutation: {names}\n{}", steps.concat())
}

fn write() -> String {
    "step w1: UPDATE t SET a = 1;\n".to_owned()
}

fn read(n: u32) -> String {
    format!("step r2: SELECT a FROM t;\na\n-\n{n}\n(1 row)\n\n")
}

/// What is printed of it, remarks and all.
fn printed() -> String {
    HEAD.to_owned() + &permutation("w1 r2", [write(), read(1)]) + &permutation("r2 w1", [read(0), write()])
}

#[test]
fn a_spec_prints_what_postgresql_s_tester_prints() {
    let place = Place::new();
    place.write("t.spec", SPEC);
    let ran = place.drawloom("isolation t.spec").exits(0);
    assert_eq!(ran.err.clone() + &ran.out, printed());
    assert_eq!(place.drawloom("isolation t.spec t.spec").exits(0).out, ran.out.repeat(2));
}

#[test]
fn a_difference_is_shown_and_counts() {
    let place = Place::new();
    place.write("t.spec", SPEC);
    place.write("right", printed());
    assert_eq!(
        place.drawloom("isolation t.spec --expected right").exits(0).out,
        "t: 2 permutations as expected\n"
    );
    place.write("wrong", printed().replace("\n0\n", "\n7\n"));
    assert_eq!(
        place.drawloom("isolation t.spec --expected wrong").exits(1).out,
        "t: 1 of 2 permutations as expected; - expected, + printed\n starting permutation: r2 w1\n \
         step r2: SELECT a FROM t;\n a\n -\n-7\n+0\n (1 row)\n \n step w1: UPDATE t SET a = 1;\n"
    );
    // The second of two is as good as the first.
    std::fs::create_dir(place.path("expected")).unwrap();
    place.write("expected/t.out", "nothing");
    place.write("expected/t_1.out", printed());
    place.drawloom("isolation t.spec --expected expected").exits(0);
}

#[test]
fn a_folder_is_summarised() {
    let place = Place::new();
    for folder in ["specs", "expected"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    place.write("specs/same.spec", SPEC);
    place.write("expected/same.out", printed());
    place.write("specs/other.spec", SPEC);
    place.write("expected/other.out", printed().replace("\n0\n", "\n7\n"));
    assert_eq!(
        place.drawloom("isolation --summary .").exits(0).out,
        "other  differs       1 of 2  line 17, permutation r2 w1\nsame   exact         2 of 2\n\
         2 specs: 1 exact, 0 lack something, 1 differ; 3 of 4 permutations equal\n"
    );
    let json = place.drawloom("isolation --summary . --format json").exits(0).json();
    assert_eq!(
        json["specs"][0],
        json!({
            "name": "other", "verdict": "differs", "permutations": 2, "permutations_equal": 1, "lacks": null,
            "first_difference": { "permutation": "r2 w1", "line": 17, "expected": "7", "printed": "0" },
        })
    );
    assert_eq!(json["specs"][1]["first_difference"], json!(null));
    for (key, expected) in
        [("exact", 1), ("differs", 1), ("lacks", 0), ("permutations", 4), ("permutations_equal", 3)]
    {
        assert_eq!(json[key], expected, "{key}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = Place::new();
    place.write("bad.spec", "session s\nstep a { SELECT 1 }\npermutation b\n");
    place.write("good.spec", "session s step a { SELECT 1 }");
    // Nothing is run before all are read.
    place
        .drawloom("isolation good.spec bad.spec")
        .exits(2)
        .says_only(&["bad.spec, line 3: there is no step \"b\""]);
    place.drawloom("isolation none.spec").exits(2).says_only(&["none.spec: No such file"]);
    place.drawloom("isolation --summary .").exits(2).says_only(&["./specs: No such file"]);
    place.drawloom("isolation good.spec --expected .").exits(2).says_only(&["./good.out: No such file"]);
    place.drawloom("isolation good.spec good.spec --expected bad.spec").exits(2).says_only(&["a folder"]);
    std::fs::create_dir(place.path("specs")).unwrap();
    place.drawloom("isolation --summary .").exits(2).says_only(&["no specs"]);
    for arguments in ["", "good.spec --format json", "good.spec --summary .", "--summary . --expected x"] {
        place.drawloom(&format!("isolation {arguments}")).exits(2);
    }
}

#[test]
fn a_setup_that_fails_says_so() {
    let place = Place::new();
    place.write("t.spec", "setup { NONSENSE } session s step a { SELECT 1 }");
    let ran = place.drawloom("isolation t.spec").exits(3);
    assert_eq!(ran.out, "Parsed test spec with 1 sessions\n\nstarting permutation: a\n");
    ran.complains(&[
        "setup failed: ERROR:  syntax error at or near \"NONSENSE\"",
        "t.spec: not run to the end",
    ]);
}

#[test]
fn an_interrupt_ends_it_between_two_permutations() {
    let place = Place::new();
    let steps = |session: u32| -> String {
        (0..20).map(|step| format!("step s{session}_{step} {{ SELECT 1 }}\n")).collect()
    };
    // It says on stderr that it is under way.
    let spec = format!("teardown {{ NONSENSE }} session s1\n{}session s2\n{}", steps(1), steps(2));
    place.write("long.spec", spec);
    interrupted(&place, &["isolation", "long.spec"]).exits(130);
}
