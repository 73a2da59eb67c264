//! Where a run takes place: inside a madsim runtime, or on a plain thread. The only module that knows
//! madsim.
//!
//! Nothing a run decides depends on the host, so the bytes of a replay are the same on each. What madsim
//! adds is protection: inside it libc's clock and entropy follow the simulation and a stray
//! `thread::spawn` is refused, in third-party code too.

use crate::units::{SimDuration, SimTime};
use std::cell::Cell;

/// Where a run takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// An ordinary thread.
    Plain,
    /// A madsim runtime with this seed. Any seed gives the same run.
    #[cfg(madsim)]
    Madsim {
        /// The seed of madsim's own generator.
        seed: u64,
    },
}

thread_local! {
    static FOLLOWED: Cell<bool> = const { Cell::new(false) };
    static STAMP: Cell<Option<SimTime>> = const { Cell::new(None) };
}

impl Host {
    /// The best host of this build.
    pub const fn best() -> Host {
        #[cfg(madsim)]
        return Host::Madsim { seed: 0 };
        #[cfg(not(madsim))]
        return Host::Plain;
    }

    /// The host's name, for people. It is never stored: replays do not depend on it.
    pub fn name(self) -> &'static str {
        match self {
            Host::Plain => "plain",
            #[cfg(madsim)]
            Host::Madsim { .. } => "madsim",
        }
    }

    /// Runs a simulation here, on this thread.
    pub fn run<T>(self, simulation: impl FnOnce() -> T) -> T {
        STAMP.set(Some(SimTime::default()));
        let result = match self {
            Host::Plain => simulation(),
            #[cfg(madsim)]
            Host::Madsim { seed } => {
                let runtime = madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default());
                FOLLOWED.set(true);
                let result = runtime.block_on(async { simulation() });
                FOLLOWED.set(false);
                result
            }
        };
        STAMP.set(None);
        result
    }

    /// Runs a simulation here, on a thread of its own. Only there do third-party hash seeds repeat, so a run
    /// that is recorded, replayed or confirmed gets one; it costs about as much as 100 statements.
    pub fn run_fresh<T: Send>(self, simulation: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| self.run(simulation));
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// The simulated time of the run on this thread, for stamping log lines; `None` outside a run.
pub fn stamp() -> Option<SimTime> {
    STAMP.get()
}

/// The simulated clock moved: the host's clock follows.
#[inline]
pub(crate) fn follow(passed: SimDuration, now: SimTime) {
    STAMP.set(Some(now));
    #[cfg(madsim)]
    if FOLLOWED.get() {
        madsim::time::advance(std::time::Duration::from_micros(passed.0));
    }
    let _ = passed;
}
