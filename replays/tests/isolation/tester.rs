//! What is printed of steps that wait, fail and talk, on a toy engine and on SQLite.

use crate::toy::Toy;
use drawloom_model::Backend;
use drawloom_replays::isolation::summary::{self, Entry};
use drawloom_replays::isolation::{Ended, Said, Spec, Tested, test};
use drawloom_sim::Host;
use proptest::prelude::*;
use std::ops::ControlFlow;

/// What is printed, remarks after `!`, and how it ended.
fn printed_on(backend: impl FnOnce() -> Box<dyn Backend>, spec: &str) -> (String, Tested) {
    let spec = Spec::parse(spec).unwrap();
    let mut printed = String::new();
    let mut listener = |said: Said<'_>| {
        if matches!(said, Said::Remark(_)) {
            printed.push('!');
        }
        printed += said.text();
        ControlFlow::Continue(())
    };
    let tested = Host::best().run(|| test(&spec, backend(), &mut listener)).unwrap();
    (printed, tested)
}

/// What the toy's test prints of the steps of the one permutation.
#[track_caller]
fn assert_steps(sessions: &str, permutation: &str, expected: &str) {
    let spec = format!("{sessions}\npermutation {permutation}");
    let (printed, tested) = printed_on(|| Box::<Toy>::default(), &spec);
    let (_, steps) = printed.split_once("starting permutation: ").unwrap();
    let (_, steps) = steps.split_once('\n').unwrap();
    assert_eq!(steps, expected);
    assert_eq!(tested.ended, Ended::Whole);
}

const LOCKS: &str = "
session s1
step l1 { LOCK a; }
step b1 { LOCK b; }
step u1 { UNLOCK a; }
step v1 { UNLOCK b; }
step r1 { ROW x 1; }
session s2
step l2 { LOCK a; ROW 2; }
step u2 { UNLOCK a; }
step r2 { ROW 2; }
session s3
step l3 { LOCK a; FAIL oh; ROW never; }
step b3 { LOCK b }
session s4
step t4 { LOCK a 5000 }
step q4 { LOCK a 5 }
step n4 { NOTICE hi; NOTICE ho; ROW 4; NOTICE bye; }
step m4 { NOTICE one; LOCK a; NOTICE two }
";
const WAITS_FOR_A: &str = "step l1: LOCK a;\nstep l2: LOCK a; ROW 2; <waiting ...>\n";
const TWO: &str = "c0\n--\n 2\n(1 row)\n\n";

#[test]
fn what_waits_is_reported_when_it_goes_on() {
    let row = "step r1: ROW x 1;\nc0|c1\n--+--\nx | 1\n(1 row)\n\n";
    let expected =
        format!("{WAITS_FOR_A}{row}step u1: UNLOCK a;\nstep l2: <... completed>\n{TWO}step u2: UNLOCK a;\n");
    assert_steps(LOCKS, "l1 l2 r1 u1 u2", &expected);
}

#[test]
fn those_who_wait_are_reported_in_the_order_in_which_they_began_to() {
    let expected = format!(
        "{WAITS_FOR_A}step l3: LOCK a; FAIL oh; ROW never; <waiting ...>\n\
         step u1: UNLOCK a;\nstep l2: <... completed>\n{TWO}\
         step u2: UNLOCK a;\nstep l3: <... completed>\nERROR:  oh\n"
    );
    assert_steps(LOCKS, "l1 l2 l3 u1 u2", &expected);
}

#[test]
fn a_wait_that_runs_out_takes_simulated_time() {
    // The next step of the session has to wait for it.
    assert_steps(
        LOCKS,
        "l1 t4 q4",
        "step l1: LOCK a;\nstep t4: LOCK a 5000 <waiting ...>\n\
         step t4: <... completed>\nERROR:  canceling statement due to lock timeout\n\
         step q4: LOCK a 5\nERROR:  canceling statement due to lock timeout\n",
    );
}

#[test]
fn a_step_that_nothing_ends_is_canceled() {
    let canceled = "isolationtester: canceling step l2 after 300 seconds\nstep l2: <... completed>\n\
                    ERROR:  canceling statement due to user request\n";
    assert_steps(LOCKS, "l1 l2", &format!("{WAITS_FOR_A}{canceled}"));
    assert_steps(LOCKS, "l1 l2 r2", &format!("{WAITS_FOR_A}{canceled}step r2: ROW 2;\n{TWO}"));
}

#[test]
fn notices_are_told_as_they_come() {
    assert_steps(
        LOCKS,
        "n4",
        "s4: NOTICE:  hi\ns4: NOTICE:  ho\nstep n4: NOTICE hi; NOTICE ho; ROW 4; NOTICE bye;\nc0\n--\n 4\n(1 row)\n\ns4: NOTICE:  bye\n",
    );
}

#[test]
fn a_star_makes_a_step_wait() {
    let expected = "step l1: LOCK a; <waiting ...>\nstep r2: ROW 2;\nc0\n--\n 2\n(1 row)\n\n\
                    step l1: <... completed>\n";
    assert_steps(LOCKS, "l1(*) r2", expected);
}

/// The one that frees it comes after it among those who wait, so they are looked at twice.
#[test]
fn a_step_can_be_held_until_another_is_over() {
    let begin = "step l1: LOCK a;\nstep b1: LOCK b;\nstep b3: LOCK b <waiting ...>\n\
                 step l2: LOCK a; ROW 2; <waiting ...>\nstep v1: UNLOCK b;\n";
    let (b3, l2) = ("step b3: <... completed>\n", format!("step l2: <... completed>\n{TWO}"));
    let unlock = "step u1: UNLOCK a;\n";
    assert_steps(LOCKS, "l1 b1 b3 l2 v1 u1", &format!("{begin}{b3}{unlock}{l2}"));
    assert_steps(LOCKS, "l1 b1 b3(l2) l2 v1 u1", &format!("{begin}{unlock}{l2}{b3}"));
}

#[test]
fn a_step_can_be_held_until_another_session_has_said_so_much() {
    assert_steps(
        LOCKS,
        "l1 m4 r2(m4 notices 1) u1",
        "step l1: LOCK a;\ns4: NOTICE:  one\nstep m4: NOTICE one; LOCK a; NOTICE two <waiting ...>\n\
         step r2: ROW 2; <waiting ...>\nstep u1: UNLOCK a;\n\
         step m4: <... completed>\ns4: NOTICE:  two\nstep r2: <... completed>\nc0\n--\n 2\n(1 row)\n\n",
    );
}

/// What is said of a spec on the toy, after the line that it begins with, and how it ends.
fn said(spec: &str) -> (String, Ended) {
    let (printed, tested) = printed_on(|| Box::<Toy>::default(), spec);
    (printed.split_once("sessions\n").unwrap().1.to_owned(), tested.ended)
}

#[test]
fn a_test_that_cannot_end_is_given_up() {
    let spec = |permutation: &str| {
        format!(
            "session s1 step a {{ROW 1}} step a2 {{ROW 2}} session s2 step b {{ROW 3}} step x {{STUCK}}\n\
             permutation {permutation}"
        )
    };
    let (printed, ended) = said(&spec("a(*, b) b(a)"));
    let begin = "\nstarting permutation: a b\nstep a: ROW 1 <waiting ...>\nstep b: ROW 3 <waiting ...>\n";
    assert_eq!(printed, format!("{begin}!failed to complete permutation due to mutually-blocking steps\n"));
    assert_eq!(ended, Ended::GaveUp);

    let (printed, ended) = said(&spec("a(*, b) b(a) a2"));
    assert!(
        printed.ends_with("waiting ...>\n!step a timed out after 600 seconds\n!active steps are: a b\n"),
        "{printed}"
    );
    assert_eq!(ended, Ended::GaveUp);

    let (printed, ended) = said(&spec("x a"));
    assert!(
        printed.ends_with("canceling step x after 300 seconds\n!step x timed out after 600 seconds\n"),
        "{printed}"
    );
    assert_eq!(ended, Ended::GaveUp);
}

#[test]
fn what_comes_before_and_after_the_steps_is_prepared_and_cleaned_up() {
    let steps = |setup: &str, of_session: &str, teardown: &str| {
        said(&format!(
            "setup {{ROW 1}} setup {{{setup}}} teardown {{ROW 5; ROW 6}}
             session s1 setup {{{of_session}}} step a {{ROW 3}} teardown {{{teardown}}}"
        ))
    };
    let row = |n: u32| format!("c0\n--\n {n}\n(1 row)\n\n");
    let title = "\nstarting permutation: a\n";
    let step = format!("step a: ROW 3\n{}", row(3));
    let (printed, ended) = steps("NOTICE hush", "NOTICE hi; ROW 2", "ROW 4");
    let expected = format!("{title}{}s1: NOTICE:  hi\n{}{step}{}{}", row(1), row(2), row(4), row(6));
    assert_eq!((printed, ended), (expected, Ended::Whole));

    let (printed, ended) = steps("FAIL oh", "ROW 2", "ROW 4");
    assert_eq!((printed, ended), (format!("{title}{}!setup failed: ERROR:  oh\n", row(1)), Ended::GaveUp));
    let (printed, ended) = steps("ROW 1", "FAIL oh", "ROW 4");
    assert!(printed.ends_with("!setup of session s1 failed: ERROR:  oh\n"), "{printed}");
    assert_eq!(ended, Ended::GaveUp);
    let (printed, ended) = steps("NOTICE x", "NOTICE y", "FAIL oh");
    let failed = "!teardown of session s1 failed: ERROR:  oh\n";
    assert_eq!(
        (printed, ended),
        (format!("{title}{}s1: NOTICE:  y\n{step}{failed}{}", row(1), row(6)), Ended::Whole)
    );
}

#[test]
fn a_setup_that_waits_for_a_session_ends_too() {
    let (printed, ended) = said(
        "setup {LOCK a} session s1 step a {ROW 1} session s2 setup {LOCK a 7000000} step b {UNLOCK c}
         permutation a",
    );
    assert_eq!(ended, Ended::GaveUp);
    assert_eq!(
        printed,
        "\nstarting permutation: a\n!setup of session s2 waits for another session; it is canceled\n\
         !setup of session s2 failed: ERROR:  canceling statement due to user request\n"
    );
}

#[test]
fn a_text_of_several_statements_says_so() {
    let (printed, tested) = printed_on(
        || Box::<Toy>::default(),
        "session s1 step a { PART; PART; -- that is all\n } step b { PART }",
    );
    let part = |is_last: &str| format!("last\n----\n{is_last}   \n(1 row)\n\n");
    assert_eq!(
        printed.split_once(" <").map_or(printed.as_str(), |(before, _)| before),
        format!(
            "Parsed test spec with 1 sessions\n\nstarting permutation: a b\n\
             step a: PART; PART; -- that is all\n\n{}{}step b: PART\nERROR:  PART is not supported by the toy\n",
            part("f"),
            part("t")
        )
    );
    assert_eq!(tested.lacks.as_deref(), Some("PART is not supported by the toy"));
}

#[test]
fn a_step_that_no_permutation_has_is_named() {
    let spec = "session s step b {ROW 1} step a {ROW 1} step c {ROW 1} permutation b";
    let (printed, _) = printed_on(|| Box::<Toy>::default(), spec);
    assert!(
        printed.starts_with("!unused step name: a\n!unused step name: c\nParsed test spec with 1 sessions\n"),
        "{printed}"
    );
}

#[test]
fn a_summary_names_what_is_lacking() {
    let line = |name: &str, spec: &str, expected: &str| {
        let expected =
            vec![format!("Parsed test spec with 1 sessions\n\nstarting permutation: a\n{expected}")];
        let entry = Entry { name: name.to_owned(), spec: Spec::parse(spec).unwrap(), expected };
        Host::best().run(|| entry.run(Box::<Toy>::default(), &|| false)).unwrap().unwrap()
    };
    let lines = [
        line("new", "session s step a {MERGE}", "step a: MERGE\n"),
        line("setup", "setup {VACUUM} session s step a {ROW 1}", "step a: ROW 1\n"),
        line("old", "session s step a {FAIL oh}", "step a: FAIL oh\nERROR:  oh\n"),
        line(
            "known",
            "session s step a {MERGE}",
            "step a: MERGE\nERROR:  MERGE is not supported by the toy\n",
        ),
        line("other", "session s step a {FAIL oh}", "step a: FAIL oh\nERROR:  no\n"),
    ];
    assert_eq!(
        summary::text(&lines),
        "new    lacks         0 of 1  MERGE is not supported by the toy\n\
         setup  lacks         0 of 1  VACUUM is not supported by the toy\n\
         old    exact         1 of 1\n\
         known  exact         1 of 1\n\
         other  differs       0 of 1  line 5, permutation a\n\
         5 specs: 2 exact, 2 lack something, 1 differ; 2 of 5 permutations equal\n"
    );
    let json = summary::json(&lines);
    assert_eq!(json["specs"][0]["lacks"], "MERGE is not supported by the toy");
    assert_eq!(json["lacks"], 2);
}

#[test]
fn whoever_listens_can_stop_it() {
    let spec = Spec::parse("session s step a {ROW 1} session t step b {ROW 1}").unwrap();
    let mut permutations = 0;
    let mut listener = |said: Said<'_>| {
        permutations += u32::from(said.text().contains("starting"));
        if permutations == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let tested = Host::best().run(|| test(&spec, Box::<Toy>::default(), &mut listener)).unwrap();
    assert_eq!((tested.ended, permutations), (Ended::Stopped, 1));
}

/// The same sessions on a real engine, whose locks and waits are its own.
#[test]
fn sqlite_runs_specs() {
    let sqlite =
        || -> Box<dyn Backend> { Box::new(drawloom_sqlite::Sqlite::new(drawloom_sqlite::Options::USUAL)) };
    let (printed, tested) = printed_on(sqlite, include_str!("account.spec"));
    assert_eq!(printed, include_str!("account.out"));
    assert_eq!(tested, Tested { ended: Ended::Whole, lacks: None });
}

proptest! {
    /// Whatever waits for whatever: every permutation comes to an end, and each step is reported once.
    #[test]
    fn every_permutation_ends(
        steps in prop::collection::vec((0..15_usize, prop::option::of((0..15_usize, 0..4_u32))), 1..12)
    ) {
        let names = ["l1", "b1", "u1", "v1", "r1", "l2", "u2", "r2", "l3", "b3", "t4", "q4", "n4", "m4", "r1"];
        let turn = |(step, marker): &(usize, Option<(usize, u32)>)| {
            let step = names[*step];
            let other = marker.map(|(other, _)| names[other]).filter(|other| {
                other[1..] != step[1..] && steps.iter().any(|(step, _)| names[*step] == *other)
            });
            match (marker, other) {
                (None, _) => step.to_owned(),
                (Some(_), None) => format!("{step}(*)"),
                (Some((_, 0)), Some(other)) => format!("{step}({other})"),
                (Some((_, count)), Some(other)) => format!("{step}({other} notices {count})"),
            }
        };
        let turns: Vec<String> = steps.iter().map(turn).collect();
        let spec = format!("{LOCKS}\npermutation {}", turns.join(" "));
        let (printed, tested) = printed_on(|| Box::<Toy>::default(), &spec);
        let count = |end: &str| printed.lines().filter(|line| line.starts_with("step ") && line.contains(end)).count();
        let over = count("") - count(" <waiting ...>");
        match tested.ended {
            Ended::Whole => prop_assert_eq!(over, steps.len(), "{}", printed),
            Ended::GaveUp => prop_assert!(over < steps.len(), "{}", printed),
            Ended::Stopped => prop_assert!(false, "nobody stopped it"),
        }
    }
}
