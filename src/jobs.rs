//! The processes that try seeds: SQLite's random generator is global to a process, so simulations never
//! share one.
//!
//! ```text
//! parent --"0 256\n"--> job            a block of seeds, in ascending order, then its mutants
//! parent <--{"Tried":...}-- job        a run
//! parent <--{"Found":...}-- job        it has a finding
//! parent <--{"Done":...}-- job         the block is done, and what its runs reached
//! ```
//!
//! Blocks are handed out in ascending order. After a finding no later block is handed out, and the earlier
//! ones are waited for, so the first finding is that of the lowest seed, however many jobs there are; and
//! what is counted are the blocks up to that one, so that every count is a function of the arguments too.

use crate::exit::Failure;
use crate::outside::{self, Job, Progress};
use drawloom_replays::feedback::{self, Block};
use drawloom_replays::name::BLOCK;
use drawloom_replays::search::Search;
use drawloom_replays::{Coverage, Name, Run, RunError};
use drawloom_sim::{Host, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::ops::Range;
use std::sync::mpsc::{Receiver, channel};

/// How many seeds a job gets at a time where there is no feedback, which needs whole blocks.
const FEW: u64 = 16;

/// How seeds are tried.
#[derive(Clone, Copy, Debug)]
pub struct Trying {
    /// Go on after a finding.
    pub keep_going: bool,
    /// Try mutants too.
    pub feedback: bool,
}

/// A run that has a finding, and by what that is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The run.
    pub name: Name,
    /// The signature of its first finding.
    pub signature: String,
}

/// What a job tells its parent.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Tried { mutant: bool, simulated_us: u64 },
    Found(Hit),
    Done(Coverage),
    Failed { message: String },
}

/// How much was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many mutants were run beside them.
    pub mutants: u64,
    /// Simulated time, all runs together.
    pub simulated: SimDuration,
    /// What the runs reached.
    pub coverage: Coverage,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.seeds += other.seeds;
        self.mutants += other.mutants;
        self.simulated.0 += other.simulated.0;
        self.coverage.merge(other.coverage);
    }
}

/// What came of trying seeds.
#[derive(Debug, Default)]
pub struct Tried {
    /// How much was tried.
    pub tally: Tally,
    /// The hits, in the order of their names. Without `keep_going`, only the first is certain to be the first.
    pub hits: BTreeMap<Name, Hit>,
    /// The user had enough.
    pub interrupted: bool,
}

/// Tries a block of seeds on this thread, and its mutants; stops after the first hit unless it is to go on.
fn try_block(
    search: &Search,
    seeds: Range<u64>,
    trying: Trying,
    tell: impl Fn(&Message),
) -> Result<Coverage, RunError> {
    let mut coverage = Coverage::default();
    let mut goes_on_after = |name: Name, run: &Run| {
        coverage.add(&run.history);
        tell(&Message::Tried { mutant: name.mutant > 0, simulated_us: run.duration.0 });
        let Some(finding) = run.findings.first() else { return true };
        tell(&Message::Found(Hit { name, signature: finding.signature.to_string() }));
        trying.keep_going
    };
    let whole = trying.feedback && feedback::is_block(&seeds);
    let mut block = whole.then(|| Block::new(search, Host::best()));
    for seed in seeds {
        let run = match &mut block {
            Some(block) => block.pure(seed)?,
            None => search.run(Host::best(), seed, false)?,
        };
        if !goes_on_after(seed.into(), &run) {
            return Ok(coverage);
        }
    }
    while let Some(block) = &mut block
        && let Some((name, run)) = block.mutant()?
        && goes_on_after(name, &run)
    {}
    Ok(coverage)
}

/// The life of a job: blocks come in on stdin until it is closed.
pub fn serve(search: &Search, trying: Trying) -> Result<(), Failure> {
    outside::leave_interrupts_to_parent();
    let tell = |message: &Message| {
        let line = serde_json::to_string(message).expect("a message is plain data");
        let mut out = std::io::stdout().lock();
        // A parent that is gone closes stdin too, which ends the job.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [start, end] = numbers[..] else { return Err(Failure::usage("--as-job is for drawloom itself")) };
        tell(&match try_block(search, start..end, trying, tell) {
            Ok(coverage) => Message::Done(coverage),
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
struct Jobs<'a> {
    jobs: Vec<Job>,
    /// What each job has in hand, and how much of it was tried.
    in_hand: Vec<Option<(Range<u64>, Tally)>>,
    /// Blocks that are done, with an earlier one still in hand.
    ahead: BTreeMap<u64, Tally>,
    next: u64,
    end: u64,
    trying: Trying,
    tried: Tried,
    progress: &'a mut Progress,
}

/// Tries seeds in `jobs` processes, showing progress.
///
/// # Errors
/// A process cannot be started, or dies.
pub fn try_seeds(
    seeds: Range<u64>,
    trying: Trying,
    jobs: u16,
    progress: &mut Progress,
) -> Result<Tried, Failure> {
    let (sender, events) = channel();
    outside::tell_on_interrupt(sender.clone(), || Event::Interrupted);
    let mut parent = Jobs {
        jobs: Vec::new(),
        in_hand: Vec::new(),
        ahead: BTreeMap::new(),
        next: seeds.start,
        end: seeds.end,
        trying,
        tried: Tried::default(),
        progress,
    };
    for job in 0..usize::from(jobs) {
        if parent.is_all_handed_out() {
            break;
        }
        let started = outside::start_job(
            "--as-job",
            sender.clone(),
            move |line| Event::Said { job, line },
            move || Event::Ended { job },
        );
        parent
            .jobs
            .push(started.map_err(|error| Failure::infrastructure(format!("cannot start a job: {error}")))?);
        parent.in_hand.push(None);
        parent.hand_out(job);
    }
    parent.listen(&events)?;
    Ok(parent.end())
}

impl Jobs<'_> {
    /// The first hit, if there is to be no other.
    fn last_wanted(&self) -> Option<Name> {
        self.tried.hits.keys().next().copied().filter(|_| !self.trying.keep_going)
    }

    fn is_all_handed_out(&self) -> bool {
        self.next >= self.end || self.last_wanted().is_some_and(|hit| Name::from(self.next) > hit)
    }

    fn hand_out(&mut self, job: usize) {
        if self.is_all_handed_out() {
            return;
        }
        let whole = self.next..self.next.saturating_add(BLOCK);
        let few = self.next..self.end.min(self.next.saturating_add(FEW));
        let fits = self.trying.feedback && whole.end <= self.end && feedback::is_block(&whole);
        let block = if fits { whole } else { few };
        self.jobs[job].tell(&format!("{} {}", block.start, block.end));
        self.next = block.end;
        self.in_hand[job] = Some((block, Tally::default()));
    }

    /// Whether something is under way that can still matter.
    fn is_waiting(&self) -> bool {
        let last = self.last_wanted();
        let matters = |start: u64| last.is_none_or(|hit| Name::from(start) <= hit);
        self.in_hand.iter().flatten().any(|(block, _)| matters(block.start))
    }

    fn listen(&mut self, events: &Receiver<Event>) -> Result<(), Failure> {
        while self.is_waiting() {
            match events.recv().expect("the sender for interrupts is never dropped") {
                Event::Interrupted => {
                    self.tried.interrupted = true;
                    break;
                }
                Event::Ended { job } => {
                    let block = self.in_hand[job].take().map_or(0..0, |(block, _)| block);
                    return Err(Failure::infrastructure(format!(
                        "a job died while it tried seeds {}..{}; try them alone with --seeds {}..{} --jobs 1",
                        block.start, block.end, block.start, block.end
                    )));
                }
                Event::Said { job, line } => self.hear(job, &line)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, job: usize, line: &str) -> Result<(), Failure> {
        let message = serde_json::from_str(line);
        let message =
            message.map_err(|error| Failure::infrastructure(format!("a job said \"{line}\": {error}")))?;
        let (_, tally) = self.in_hand[job].as_mut().expect("a job speaks of the block that it has in hand");
        match message {
            Message::Tried { mutant, simulated_us } => {
                *(if mutant { &mut tally.mutants } else { &mut tally.seeds }) += 1;
                tally.simulated.0 += simulated_us;
                self.progress.ran(mutant, SimDuration(simulated_us), self.tried.hits.len());
            }
            Message::Found(hit) => {
                self.tried.hits.insert(hit.name, hit);
            }
            Message::Done(coverage) => {
                tally.coverage = coverage;
                let (block, tally) = self.in_hand[job].take().expect("it was there just now");
                self.ahead.insert(block.start, tally);
                self.hand_out(job);
                if self.last_wanted().is_none() {
                    self.count_up_to(self.in_hand.iter().flatten().map(|(block, _)| block.start).min());
                }
            }
            Message::Failed { message } => return Err(Failure::infrastructure(message)),
        }
        Ok(())
    }

    /// Counts what is done and begins before this seed; everything that is done, if there is none.
    fn count_up_to(&mut self, seed: Option<u64>) {
        let later = seed.map(|seed| self.ahead.split_off(&seed)).unwrap_or_default();
        std::mem::replace(&mut self.ahead, later).into_values().for_each(|tally| self.tried.tally.add(tally));
    }

    fn end(mut self) -> Tried {
        if self.tried.interrupted {
            let under_way = self.in_hand.iter_mut().filter_map(Option::take);
            self.ahead.extend(under_way.map(|(block, tally)| (block.start, tally)));
        }
        if let Some(last) = self.last_wanted().filter(|_| !self.tried.interrupted) {
            // How far other jobs had got by then is chance.
            self.tried.hits.retain(|name, _| *name == last);
            self.ahead.retain(|start, _| Name::from(*start) <= last);
        }
        self.count_up_to(None);
        self.tried
    }
}

/// One hit of every kind, the first ones.
pub fn one_of_each(hits: &BTreeMap<Name, Hit>) -> Vec<Name> {
    let mut seen = BTreeSet::new();
    hits.values().filter(|hit| seen.insert(hit.signature.clone())).map(|hit| hit.name).collect()
}
