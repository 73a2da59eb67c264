//! What is printed of steps that wait, fail and talk, on a toy engine and on SQLite.

use crate::toy::Toy;
use drawloom_model::Backend;
use drawloom_replays::isolation::{Ended, Said, Spec, Tested, test};
use drawloom_sim::Host;
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
step u1 { UNLOCK a; }
step r1 { ROW x 1; }
session s2
step l2 { LOCK a; ROW 2; }
step u2 { UNLOCK a; }
session s3
step l3 { LOCK a; FAIL oh; ROW never; }
step w3 { UNLOCK a; }
session s4
step t4 { LOCK a 5000 }
step q4 { LOCK a 5 }
step n4 { NOTICE hi; NOTICE ho; ROW 4; NOTICE bye; }
step m4 { NOTICE one; LOCK a; NOTICE two }
";

#[test]
fn what_waits_is_reported_when_it_goes_on() {
    assert_steps(
        LOCKS,
        "l1 l2 r1 u1 u2",
        "step l1: LOCK a;\nstep l2: LOCK a; ROW 2; <waiting ...>\nstep r1: ROW x 1;\n\
         c0|c1\n--+--\nx | 1\n(1 row)\n\n\
         step u1: UNLOCK a;\nstep l2: <... completed>\nc0\n--\n 2\n(1 row)\n\nstep u2: UNLOCK a;\n",
    );
}
