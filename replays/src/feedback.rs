//! Feedback: a run whose interleaving shows something new is kept, and runs much like it are tried too.
//!
//! ```text
//! an aligned block of seeds --pure runs--> who handed over what to whom: new in this block? --> kept
//! the last one kept --mutant--> run --new?--> kept                   until the block's mutants are used up
//! ```
//!
//! What is new is new within the block, so the mutants are a function of the block and of nothing else:
//! whoever tries the block, alone or among many processes, makes the same ones under the same names.
//! (Coverage-guided fuzzing, with the handoffs in place of the branches; the last kept comes first, because
//! what is new late is rare.)

use crate::name::{BLOCK, Name};
use crate::run::{Run, RunError, RunOptions, run};
use crate::search::Search;
use drawloom_sim::source::{Handoff, Mutant, Source, WithHandoffs};
use drawloom_sim::{Host, Tape};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A block has at most so many mutants.
const MUTANTS_MAX: u32 = 64;
/// What is kept has so many mutants.
const MUTANTS_OF_EACH: usize = 8;

/// The runs of one block: first its seeds in ascending order, then its mutants.
pub struct Block<'a> {
    search: &'a Search,
    host: Host,
    /// The kinds of handoff that runs of the block showed.
    seen: BTreeSet<u64>,
    kept: Vec<Kept>,
    /// How many mutants were made of each seed.
    made: BTreeMap<u64, u32>,
}

/// A run that showed something new.
struct Kept {
    seed: u64,
    tape: Tape,
    /// What was new, and was not turned round yet.
    new: Vec<Handoff>,
}

/// Whether these seeds are a whole block: only those have mutants.
pub fn is_block(seeds: &Range<u64>) -> bool {
    seeds.start.is_multiple_of(BLOCK) && seeds.end - seeds.start == BLOCK
}

impl Block<'_> {
    /// Nothing was run yet.
    pub fn new(search: &Search, host: Host) -> Block<'_> {
        Block { search, host, seen: BTreeSet::new(), kept: Vec::new(), made: BTreeMap::new() }
    }

    /// The pure run of a seed of the block. They come in ascending order, and all before the first mutant.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn pure(&mut self, seed: u64) -> Result<Run, RunError> {
        assert!(self.made.is_empty(), "pure runs come before mutants");
        self.watch(seed, self.search.source(seed))
    }

    /// The next mutant, until there are enough, or nothing is left to mutate.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn mutant(&mut self) -> Result<Option<(Name, Run)>, RunError> {
        if self.made.values().sum::<u32>() == MUTANTS_MAX {
            return Ok(None);
        }
        let (seed, tape, handoff) = loop {
            let Some(parent) = self.kept.last_mut() else { return Ok(None) };
            match parent.new.pop() {
                Some(handoff) => break (parent.seed, parent.tape.clone(), handoff),
                None => drop(self.kept.pop()),
            }
        };
        let number = self.made.entry(seed).or_default();
        *number += 1;
        let name = Name { seed, mutant: *number };
        let run = self.watch(seed, Box::new(Mutant::new(tape, handoff)))?;
        Ok(Some((name, run)))
    }

    fn watch(&mut self, seed: u64, source: Box<dyn Source>) -> Result<Run, RunError> {
        let (source, handoffs) = WithHandoffs::new(source);
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = self.host.run(|| run(&self.search.plan_of(seed), Box::new(source), options))?;
        let mut new = Vec::new();
        for (kind, handoff) in handoffs.take() {
            if self.seen.insert(kind) {
                new.push(handoff);
            }
        }
        // What fails would fail in the same way again.
        if !new.is_empty() && run.findings.is_empty() {
            new.sort_by_key(|handoff| Reverse(handoff.picks));
            new.truncate(MUTANTS_OF_EACH);
            let tape = run.tape.clone().expect("it was recorded");
            self.kept.push(Kept { seed, tape, new });
        }
        Ok(run)
    }
}

/// The decisions of a mutant, found by trying its block up to there; `None`, if the block has no such mutant.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn tape_of(search: &Search, host: Host, name: Name) -> Result<Option<Tape>, RunError> {
    let mut block = Block::new(search, host);
    let Some(end) = name.block().checked_add(BLOCK) else { return Ok(None) };
    for seed in name.block()..end {
        block.pure(seed)?;
    }
    while let Some((made, run)) = block.mutant()? {
        if made == name {
            return Ok(run.tape);
        }
    }
    Ok(None)
}
