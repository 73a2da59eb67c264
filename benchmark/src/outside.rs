//! Time, and other processes.

use cpu_time::{ProcessTime, ThreadTime};
use std::process::Command;
use std::time::Duration;

/// The CPU time that this thread takes for something.
pub fn time(work: impl FnOnce()) -> Duration {
    let begun = ThreadTime::now();
    work();
    begun.elapsed()
}

/// The CPU time that all threads take for something.
pub fn time_of_all_threads(work: impl FnOnce()) -> Duration {
    let begun = ProcessTime::now();
    work();
    begun.elapsed()
}

/// Two pieces of work in turns: the best time of each.
pub fn best_of_turns(turns: u32, mut first: impl FnMut(), mut second: impl FnMut()) -> (Duration, Duration) {
    let (mut best_first, mut best_second) = (Duration::MAX, Duration::MAX);
    for _ in 0..turns {
        best_first = best_first.min(time(&mut first));
        best_second = best_second.min(time(&mut second));
    }
    (best_first, best_second)
}

/// The instructions that this program executes when it is called with these arguments, as valgrind's
/// callgrind counts them. `None`: there is no valgrind here.
pub fn instructions(arguments: &[&str]) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args(arguments);
    let output = valgrind.output().ok()?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = report.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}
