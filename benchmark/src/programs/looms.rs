//! The programs on Loom.

use super::Program;
use super::threads::on_threads;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

on_threads!(loom);

/// How many executions Loom takes with at most `preemptions`: until nothing is left, or, if `stop`, until
/// the bug shows.
pub fn executions(program: Program, preemptions: usize, stop: bool) -> u64 {
    static EXECUTIONS: AtomicU64 = AtomicU64::new(0);
    static LOST: AtomicBool = AtomicBool::new(false);
    EXECUTIONS.store(0, SeqCst);
    LOST.store(false, SeqCst);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_threads = 4;
    std::panic::set_hook(Box::new(|_| ()));
    let checked = std::panic::catch_unwind(move || {
        builder.check(move || {
            EXECUTIONS.fetch_add(1, SeqCst);
            let lost = lost(program);
            LOST.fetch_or(lost, SeqCst);
            assert!(!(stop && lost), "found");
        });
    });
    let _ = std::panic::take_hook();
    assert_eq!(checked.is_err(), stop && LOST.load(SeqCst));
    EXECUTIONS.load(SeqCst)
}
