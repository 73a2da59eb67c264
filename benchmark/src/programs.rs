//! Three programs with a bug each, on drawloom, Shuttle and Loom: three workers move money between accounts
//! that each have a lock, and one transfer reads under one lock and writes under the next.
//!
//! `easy`: every transfer does. `mid`: one of 24 does, and one rival can disturb it. `hard`: the rival
//! does so only if it looks at another account in the one moment in which a third worker has marked it.
//!
//! To take a lock and to release it is a scheduling point each, as on Shuttle.

pub mod looms;
pub mod ours;
pub mod shuttles;
mod threads;

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Easy,
    Mid,
    Hard,
}

impl Program {
    pub const ALL: [Program; 3] = [Program::Easy, Program::Mid, Program::Hard];

    pub fn name(self) -> &'static str {
        match self {
            Program::Easy => "easy",
            Program::Mid => "mid",
            Program::Hard => "hard",
        }
    }

    pub fn accounts(self) -> usize {
        if self == Program::Easy { 3 } else { 4 }
    }

    /// What all accounts hold together, before and after.
    pub fn total(self) -> i64 {
        100 * self.accounts() as i64
    }
}

/// Transfers of each worker in `mid` and `hard`.
const TRANSFERS: usize = 8;

/// What is done under a lock.
#[derive(Clone, Copy)]
enum Act {
    /// Add this.
    Add(i64),
    /// Remember the balance.
    Read,
    /// Write the remembered balance with this added.
    Write(i64),
    /// Write this.
    Set(i64),
    /// Remember the balance; go on with this transfer only if it is the mark.
    IfMarked,
}

/// The balance that marks an account in `hard`.
const MARK: i64 = 7777;

/// What a worker does in its transfer number `index`: acts, each on an account, under its lock.
fn transfer(program: Program, worker: usize, index: usize) -> Vec<(usize, Act)> {
    use Act::{Add, IfMarked, Read, Set, Write};
    let (from, to) = (worker, (worker + 1) % 3);
    match (program, worker, index) {
        (Program::Easy, ..) => vec![(from, Read), (from, Write(-10)), (to, Read), (to, Write(10))],
        (Program::Mid, 0, 3) | (Program::Hard, 0, 6) => vec![(0, Read), (0, Write(-10)), (1, Add(10))],
        (Program::Mid, 1, 3) => vec![(0, Add(-10)), (2, Add(10))],
        (Program::Hard, 1, 0) => vec![(3, IfMarked), (0, Add(-10)), (2, Add(10))],
        (Program::Hard, 2, 7) => vec![(3, Set(MARK)), (3, Set(100))],
        _ => vec![(worker + 1, Add(-1)), (worker + 1, Add(1))],
    }
}

/// Everything that a worker does: transfers, each a row of acts.
fn script(program: Program, worker: usize) -> Vec<Vec<(usize, Act)>> {
    let transfers = if program == Program::Easy { 1 } else { TRANSFERS };
    (0..transfers).map(|index| transfer(program, worker, index)).collect()
}

/// Does one act to the balance; `false` ends the transfer.
fn act(act: Act, balance: &mut i64, remembered: &mut i64) -> bool {
    match act {
        Act::Add(amount) => *balance += amount,
        Act::Read => *remembered = *balance,
        Act::Write(amount) => *balance = *remembered + amount,
        Act::Set(value) => *balance = value,
        Act::IfMarked => return *balance == MARK,
    }
    true
}
