//! The programs on threads and locks: one text, for every library whose threads and locks are named like
//! the standard library's.

/// Defines `lost`, a run of a program on this library: whether money was lost.
macro_rules! on_threads {
    ($library:ident) => {
        fn lost(program: $crate::programs::Program) -> bool {
            use $crate::programs::{act, script};
            use $library::sync::{Arc, Mutex};

            let account = |_| Mutex::new(100);
            let accounts: Arc<Vec<Mutex<i64>>> = Arc::new((0..program.accounts()).map(account).collect());
            let work = move |worker, accounts: Arc<Vec<Mutex<i64>>>| {
                let mut remembered = 0;
                for transfer in script(program, worker) {
                    for (place, todo) in transfer {
                        let mut balance = accounts[place].lock().expect("nobody panics holding it");
                        if !act(todo, &mut balance, &mut remembered) {
                            break;
                        }
                    }
                }
            };
            let spawn = |worker| {
                let accounts = accounts.clone();
                $library::thread::spawn(move || work(worker, accounts))
            };
            let workers: Vec<_> = (0..3).map(spawn).collect();
            for worker in workers {
                worker.join().expect("a worker does not panic");
            }
            let balance = |account: &Mutex<i64>| *account.lock().expect("nobody panics holding it");
            accounts.iter().map(balance).sum::<i64>() != program.total()
        }
    };
}

pub(super) use on_threads;
