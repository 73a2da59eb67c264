//! The processes that try seeds: SQLite's random generator is global to a process, so simulations never
//! share one.
//!
//! ```text
//! parent --"0 16\n"--> job          a block of seeds, in ascending order
//! parent <--{"seed":7,...}-- job    a finding
//! parent <--{"block":0,...}-- job   the block is done
//! ```
//!
//! Blocks are handed out in ascending order. After a finding no later block is handed out, and the earlier
//! ones are waited for, so the first finding is that of the lowest seed, however many jobs there are.

use crate::exit::Failure;
use crate::outside::{self, Job, Progress};
use drawloom_replays::RunError;
use drawloom_replays::search::Search;
use drawloom_sim::{Host, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::ops::Range;
use std::sync::mpsc::{Receiver, channel};

/// How many seeds a job gets at a time.
const BLOCK: u64 = 16;

/// A seed whose run has a finding, and by what it is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The seed.
    pub seed: u64,
    /// The signature of its first finding.
    pub signature: String,
}

/// What a job tells its parent.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Found(Hit),
    Done { block: u64, seeds: u64, simulated_us: u64 },
    Failed { message: String },
}

/// What came of trying seeds.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many seeds were run.
    pub seeds: u64,
    /// Simulated time, all runs together.
    pub simulated: SimDuration,
    /// The hits, by seed. Without `keep_going`, only the lowest is certain to be the lowest.
    pub hits: BTreeMap<u64, Hit>,
    /// The user had enough.
    pub interrupted: bool,
}

/// Tries a block of seeds on this thread; stops after the first hit unless `keep_going`.
fn try_block(
    search: &Search,
    seeds: Range<u64>,
    keep_going: bool,
    mut found: impl FnMut(Hit),
) -> Result<(u64, SimDuration), RunError> {
    let (mut tried, mut simulated) = (0, SimDuration::default());
    for seed in seeds {
        let run = search.run(Host::best(), seed, false)?;
        tried += 1;
        simulated.0 += run.duration.0;
        if let Some(finding) = run.findings.first() {
            found(Hit { seed, signature: finding.signature.to_string() });
            if !keep_going {
                break;
            }
        }
    }
    Ok((tried, simulated))
}

/// The life of a job: blocks come in on stdin until it is closed.
pub fn serve(search: &Search, keep_going: bool) -> Result<(), Failure> {
    outside::leave_interrupts_to_parent();
    let tell = |message: &Message| {
        let line = serde_json::to_string(message).expect("a message is plain data");
        let mut out = std::io::stdout().lock();
        // A parent that is gone closes stdin too, which ends the job.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [block, end] = numbers[..] else { return Err(Failure::usage("--as-job is for drawloom itself")) };
        let tried = try_block(search, block..end, keep_going, |hit| tell(&Message::Found(hit)));
        tell(&match tried {
            Ok((seeds, simulated)) => Message::Done { block, seeds, simulated_us: simulated.0 },
            Err(error) => Message::Failed { message: error.to_string() },
        });
    }
    Ok(())
}

enum Event {
    Said { job: usize, line: String },
    Ended { job: usize },
    Interrupted,
}

/// The parent's side.
struct Jobs {
    jobs: Vec<Job>,
    /// What each job has in hand.
    blocks: Vec<Option<Range<u64>>>,
    next: u64,
    end: u64,
    keep_going: bool,
    tried: Tried,
}

/// Tries seeds in `jobs` processes, showing progress.
///
/// # Errors
/// A process cannot be started, or dies.
pub fn try_seeds(
    seeds: Range<u64>,
    keep_going: bool,
    jobs: u16,
    progress: &Progress,
) -> Result<Tried, Failure> {
    let (sender, events) = channel();
    outside::tell_on_interrupt(sender.clone(), || Event::Interrupted);
    let blocks_of_all = (seeds.end - seeds.start).div_ceil(BLOCK);
    let mut parent = Jobs {
        jobs: Vec::new(),
        blocks: Vec::new(),
        next: seeds.start,
        end: seeds.end,
        keep_going,
        tried: Tried::default(),
    };
    for job in 0..usize::from(jobs).min(usize::try_from(blocks_of_all).unwrap_or(usize::MAX)) {
        let started = outside::start_job(
            "--as-job",
            sender.clone(),
            move |line| Event::Said { job, line },
            move || Event::Ended { job },
        );
        parent
            .jobs
            .push(started.map_err(|error| Failure::infrastructure(format!("cannot start a job: {error}")))?);
        parent.blocks.push(None);
        parent.hand_out(job);
    }
    let mut tried = parent.listen(&events, progress)?;
    if !keep_going && let Some((&first, _)) = tried.hits.first_key_value() {
        // How far other jobs had got by then is chance.
        tried.hits.retain(|seed, _| *seed == first);
        tried.seeds = first - seeds.start + 1;
    }
    Ok(tried)
}

impl Jobs {
    fn hand_out(&mut self, job: usize) {
        let first_hit = self.tried.hits.keys().next();
        let useless = !self.keep_going && first_hit.is_some_and(|hit| self.next > *hit);
        if self.next >= self.end || useless {
            return;
        }
        let block = self.next..self.end.min(self.next.saturating_add(BLOCK));
        self.jobs[job].tell(&format!("{} {}", block.start, block.end));
        self.next = block.end;
        self.blocks[job] = Some(block);
    }

    /// Whether something is under way that can still matter.
    fn is_waiting(&self) -> bool {
        let first_hit = self.tried.hits.keys().next();
        let matters = |block: &Range<u64>| self.keep_going || first_hit.is_none_or(|hit| block.start <= *hit);
        self.blocks.iter().flatten().any(matters)
    }

    fn listen(mut self, events: &Receiver<Event>, progress: &Progress) -> Result<Tried, Failure> {
        while self.is_waiting() {
            match events.recv().expect("the sender for interrupts is never dropped") {
                Event::Interrupted => {
                    self.tried.interrupted = true;
                    break;
                }
                Event::Ended { job } => {
                    let block = self.blocks[job].clone().unwrap_or_default();
                    return Err(Failure::infrastructure(format!(
                        "a job died while it tried seeds {}..{}; try them alone with --seeds {}..{} --jobs 1",
                        block.start, block.end, block.start, block.end
                    )));
                }
                Event::Said { job, line } => self.hear(job, &line)?,
            }
            progress.show(self.tried.seeds, self.tried.simulated, self.tried.hits.len());
        }
        Ok(self.tried)
    }

    fn hear(&mut self, job: usize, line: &str) -> Result<(), Failure> {
        match serde_json::from_str(line) {
            Ok(Message::Found(hit)) => {
                self.tried.hits.insert(hit.seed, hit);
            }
            Ok(Message::Done { seeds, simulated_us, .. }) => {
                self.tried.seeds += seeds;
                self.tried.simulated.0 += simulated_us;
                self.blocks[job] = None;
                self.hand_out(job);
            }
            Ok(Message::Failed { message }) => return Err(Failure::infrastructure(message)),
            Err(error) => return Err(Failure::infrastructure(format!("a job said \"{line}\": {error}"))),
        }
        Ok(())
    }
}

/// One hit of every kind, the lowest seeds.
pub fn one_of_each(hits: &BTreeMap<u64, Hit>) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    hits.values().filter(|hit| seen.insert(hit.signature.clone())).map(|hit| hit.seed).collect()
}
