//! The programs on Loom.

use super::{Program, act, script};
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

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
            let lost = once(program);
            LOST.fetch_or(lost, SeqCst);
            assert!(!(stop && lost), "found");
        });
    });
    let _ = std::panic::take_hook();
    assert_eq!(checked.is_err(), stop && LOST.load(SeqCst));
    EXECUTIONS.load(SeqCst)
}

fn once(program: Program) -> bool {
    let accounts: Arc<Vec<Mutex<i64>>> = Arc::new((0..program.accounts()).map(|_| Mutex::new(100)).collect());
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let accounts = accounts.clone();
            thread::spawn(move || {
                let mut remembered = 0;
                for transfer in script(program, worker) {
                    for (place, todo) in transfer {
                        let mut balance = accounts[place].lock().expect("nobody panics holding it");
                        if !act(todo, &mut balance, &mut remembered) {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker does not panic");
    }
    let total: i64 = accounts.iter().map(|account| *account.lock().expect("nobody panics")).sum();
    total != program.total()
}
