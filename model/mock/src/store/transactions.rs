//! Which transactions there are, how they ended, and what one sees of another.

use crate::ids::Xid;

/// How far a transaction or a subtransaction came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It runs, inside this transaction or as it.
    Running { top: Xid },
    /// It committed, inside this transaction or as it, as the so-manieth of all.
    Committed { sequence: u64, top: Xid },
    /// It was rolled back.
    Aborted,
}

/// Every transaction's state.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// By xid, which begin at 1.
    states: Vec<State>,
    commits: u64,
}

/// Who looks at a row, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// It sees the commits up to this one.
    pub sequence: u64,
    /// Its own transaction, if that has written something.
    pub top: Option<Xid>,
    /// It sees what its own transaction's commands before this one wrote.
    pub command: u32,
    /// It sees what others have not committed.
    pub dirty: bool,
}

impl Transactions {
    /// A new transaction, or a subtransaction of `top`.
    pub fn begin(&mut self, top: Option<Xid>) -> Xid {
        let xid =
            Xid(u32::try_from(self.states.len() + 1).expect("a run has fewer than 4 billion transactions"));
        self.states.push(State::Running { top: top.unwrap_or(xid) });
        xid
    }

    /// All of these commit, as one.
    pub fn commit(&mut self, xids: impl IntoIterator<Item = Xid>) -> u64 {
        self.commits += 1;
        for xid in xids {
            let top = self.running(xid).expect("a transaction ends once");
            self.set(xid, State::Committed { sequence: self.commits, top });
        }
        self.commits
    }

    /// It is rolled back.
    pub fn abort(&mut self, xid: Xid) {
        self.set(xid, State::Aborted);
    }

    fn set(&mut self, xid: Xid, state: State) {
        let slot = &mut self.states[xid.0 as usize - 1];
        assert!(matches!(slot, State::Running { .. }), "a transaction ends once");
        *slot = state;
    }

    /// How far it came.
    pub fn state(&self, xid: Xid) -> State {
        self.states[xid.0 as usize - 1]
    }

    /// Whether it was rolled back.
    pub fn is_aborted(&self, xid: Xid) -> bool {
        self.state(xid) == State::Aborted
    }

    /// The transactions after a crash: those that ran, but these, were rolled back.
    pub fn survivors(&self, prepared: &[Xid]) -> Transactions {
        let survives = |(at, state): (usize, &State)| match state {
            State::Running { .. } if prepared.iter().all(|xid| xid.0 as usize != at + 1) => State::Aborted,
            state => *state,
        };
        Transactions { states: self.states.iter().enumerate().map(survives).collect(), commits: self.commits }
    }

    /// The transaction that it runs in, if it runs.
    pub fn running(&self, xid: Xid) -> Option<Xid> {
        match self.state(xid) {
            State::Running { top } => Some(top),
            State::Committed { .. } | State::Aborted => None,
        }
    }

    /// How many have committed: who begins to read now sees these.
    pub fn commits(&self) -> u64 {
        self.commits
    }
}

impl Reader {
    /// One that sees nothing uncommitted: who changes a row changes a committed one.
    pub fn clean(self) -> Reader {
        Reader { dirty: false, ..self }
    }

    /// Whether it sees what this transaction did in that command.
    pub fn sees(&self, transactions: &Transactions, xid: Xid, command: u32) -> bool {
        match transactions.state(xid) {
            State::Running { top } if Some(top) == self.top => command < self.command,
            State::Running { .. } => self.dirty,
            State::Committed { sequence, .. } => sequence <= self.sequence,
            State::Aborted => false,
        }
    }
}
