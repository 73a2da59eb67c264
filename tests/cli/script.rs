//! `drawloom script`, end to end.

use crate::place::Place;
use std::fs;

const SCRIPT: &str = "# Two updates of one row.
setup> CREATE TABLE test (id int PRIMARY KEY, value int)
setup> INSERT INTO test VALUES (1, 10)
T1> BEGIN
T1> UPDATE test SET value = value + 1
T2> UPDATE test SET value = value * 2
T1> COMMIT
T2> SELECT *, NULL AS nothing FROM test
T2> SELECT 1 / 0
";

const PLAYED: &str = "# Two updates of one row.
setup> CREATE TABLE test (id int PRIMARY KEY, value int)
setup> INSERT INTO test VALUES (1, 10)
    1 row
T1> BEGIN
T1> UPDATE test SET value = value + 1
    1 row
T2> UPDATE test SET value = value * 2
    waits
T1> COMMIT
    T2 goes on: 1 row
T2> SELECT *, NULL AS nothing FROM test
    (1, 22, NULL)
T2> SELECT 1 / 0
    ERROR 22012 division by zero
";

#[test]
fn what_comes_of_a_script_stands_below_each_line() {
    let place = Place::new();
    place.write("a.script", SCRIPT);
    assert_eq!(place.drawloom("script a.script").exits(0).out, PLAYED);
    place.drawloom("script a.script --write").exits(0);
    assert_eq!(place.drawloom("script a.script a.script").exits(0).out, PLAYED.repeat(2));
    assert_eq!(place.drawloom("script a.script --check").exits(0).out, "");
}

#[test]
fn a_difference_is_named_and_counts() {
    let place = Place::new();
    place.write("a.script", PLAYED.replace("22, NULL", "20, NULL"));
    let checked = place.drawloom("script a.script --check").exits(1);
    assert_eq!(checked.out, "a.script, line 13: it says \"(1, 20, NULL)\", and gives \"(1, 22, NULL)\"\n");
    place.write("long.script", PLAYED.to_owned() + "    and more\n");
    let checked = place.drawloom("script long.script --check").exits(1);
    assert_eq!(checked.out, "long.script, line 16: it says \"and more\", and gives \"\"\n");
}

#[test]
fn a_folder_stands_for_the_scripts_below_it() {
    let place = Place::new();
    fs::create_dir_all(place.path("all/deep/er")).unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    let says = |number: u32| format!("T1> SELECT {number}\n    ({number})\n");
    for (number, file) in [(3, "all/z.script"), (2, "all/deep/er/b.script"), (1, "all/deep/b.script")] {
        place.write(file, says(number));
    }
    place.write("all/notes.txt", "no script\n");
    let folder_and_file = place.drawloom("script all all/z.script").exits(0);
    assert_eq!(folder_and_file.out, [1, 2, 3, 3].map(says).concat());
    place.write("all/deep/er/b.script", says(4).replace("(4)", "(5)"));
    let checked = place.drawloom("script all --check").exits(1);
    assert_eq!(checked.out, "all/deep/er/b.script, line 2: it says \"(5)\", and gives \"(4)\"\n");
    place.drawloom("script all --write").exits(0);
    place.drawloom("script all --check").exits(0);
    place.drawloom("script empty").exits(2).says_only(&["empty: no scripts (*.script) below"]);
}

#[test]
fn what_cannot_be_played_is_named() {
    let place = Place::new();
    for (script, message) in [
        ("T1> SELECT 1\nnonsense\n", "a.script, line 2: neither"),
        ("cancel T1\n", "a.script, line 1: T1 has said nothing yet"),
        (
            &format!("{SCRIPT}T1> BEGIN\nT1> LOCK TABLE test\nT2> SELECT * FROM test\nT2> SELECT 1\n"),
            "line 13: T2 waits",
        ),
    ] {
        place.write("a.script", script);
        place.drawloom("script a.script").exits(2).says_only(&[message]);
    }
    place.drawloom("script none.script").exits(2).says_only(&["none.script: No such file"]);
    place.drawloom("script").exits(2);
}
