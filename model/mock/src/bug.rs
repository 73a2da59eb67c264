//! Known bugs, each on a switch: a test of whatever looks for bugs. One entry of the list below is one bug.

macro_rules! bugs {
    ($($bug:ident {
        name: $name:literal,
        sentence: $sentence:literal,
        oracle: $oracle:literal,
        workload: $workload:literal,
    })*) => {
        /// A way in which the engine is wrong when it is told to be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $sentence] $bug,)*
        }

        impl Bug {
            /// Every bug.
            pub const ALL: &[Bug] = &[$(Bug::$bug),*];

            /// The bug's name, as one types it.
            pub fn name(self) -> &'static str {
                match self { $(Bug::$bug => $name),* }
            }

            /// What it does.
            pub fn sentence(self) -> &'static str {
                match self { $(Bug::$bug => $sentence),* }
            }

            /// The oracle that should see it, with its finding; or else its symptom.
            pub fn oracle(self) -> &'static str {
                match self { $(Bug::$bug => $oracle),* }
            }

            /// The workload that finds it, as the arguments of `drawloom run`, without backend and bug.
            pub fn workload(self) -> &'static str {
                match self { $(Bug::$bug => $workload),* }
            }
        }
    };
}

bugs! {
    DirtyRead {
        name: "dirty-read",
        sentence: "A query reads what other transactions have written and not committed.",
        oracle: "invariant: the total is conserved",
        workload: "bank",
    }
    LostUpdate {
        name: "lost-update",
        sentence: "An UPDATE that waited for a row computes the new version from the one of before the wait.",
        oracle: "invariant: the total is conserved",
        workload: "bank",
    }
    SkippedEvalPlanQual {
        name: "skipped-eval-plan-qual",
        sentence: "At READ COMMITTED, a row that changed while a statement waited for it is not tested against WHERE again.",
        oracle: "invariant: a job finishes exactly once",
        workload: "queue",
    }
    NoFirstUpdaterWins {
        name: "no-first-updater-wins",
        sentence: "At REPEATABLE READ, a row that changed after the snapshot is overwritten, where 40001 is due.",
        oracle: "invariant: the total is conserved",
        workload: "bank --variant read-modify-write-tx --isolation repeatable-read",
    }
    WriteSkew {
        name: "write-skew",
        sentence: "At SERIALIZABLE, two transactions commit of which each read what the other one wrote.",
        oracle: "invariant: a shift keeps at least one doctor",
        workload: "oncall --variant unlocked --isolation serializable",
    }
    LockKeptByRollbackTo {
        name: "lock-kept-by-rollback-to",
        sentence: "ROLLBACK TO keeps the row locks that were taken after the savepoint.",
        oracle: "invariant: asking in turn ends in no deadlock",
        workload: "oncall",
    }
    StalePlan {
        name: "stale-plan",
        sentence: "A statement that was planned before an ALTER TABLE is executed as it was planned.",
        oracle: "invariant: a column that was added is there",
        workload: "migration",
    }
    DroppedTable {
        name: "dropped-table",
        sentence: "A session goes on using a table that another one has dropped.",
        oracle: "invariant: a replaced report is gone",
        workload: "migration",
    }
    NonAtomicRename {
        name: "non-atomic-rename",
        sentence: "Renaming a table takes the old name away before it gives the new one.",
        oracle: "invariant: there is always a report",
        workload: "migration",
    }
    IndexMissesRow {
        name: "index-misses-row",
        sentence: "The new version of an updated row is left out of an index.",
        oracle: "invariant: the total is conserved",
        workload: "bank",
    }
    UncheckedUniqueKey {
        name: "unchecked-unique-key",
        sentence: "A unique key is checked against the rows that one's own transaction sees, and no others.",
        oracle: "invariant: access is granted exactly once",
        workload: "signup",
    }
    EarlyAcknowledgement {
        name: "early-acknowledgement",
        sentence: "COMMIT answers before the transaction is durable.",
        oracle: "invariant: a stored document is kept",
        workload: "ids --faults crash",
    }
    HalfRecovery {
        name: "half-recovery",
        sentence: "Recovery brings back a part of what a transaction wrote.",
        oracle: "invariant: the total is conserved",
        workload: "bank --faults crash",
    }
    RepeatedSequenceValue {
        name: "repeated-sequence-value",
        sentence: "A sequence hands out one value twice.",
        oracle: "invariant: an entry has an id of its own",
        workload: "report",
    }
    CancelledInForce {
        name: "cancelled-in-force",
        sentence: "A statement that was cancelled answers 57014, and what it wrote stays.",
        oracle: "invariant: no update is lost",
        workload: "counter --yields --faults cancel",
    }
    LostWakeup {
        name: "lost-wakeup",
        sentence: "A statement is not told that the lock it waits for was released.",
        oracle: "progress: workers wait for ever",
        workload: "bank",
    }
    UndetectedDeadlock {
        name: "undetected-deadlock",
        sentence: "Transactions that wait for each other wait for ever.",
        oracle: "progress: workers wait for ever",
        workload: "bank",
    }
    CursorPhantom {
        name: "cursor-phantom",
        sentence: "A cursor shows rows that were committed after it was opened.",
        oracle: "invariant: a report adds up to its total",
        workload: "report",
    }
    WrongRowCount {
        name: "wrong-row-count",
        sentence: "An UPDATE counts a row that it waited for and then did not change.",
        oracle: "invariant: the total is conserved",
        workload: "bank",
    }
    LeftoverCatalogEntry {
        name: "leftover-catalog-entry",
        sentence: "A schema change that fails leaves its entry in the catalog.",
        oracle: "invariant: a column that is there was added",
        workload: "migration",
    }
    CopyLosesLastRow {
        name: "copy-loses-last-row",
        sentence: "COPY stores all rows but the last one, and counts that one too.",
        oracle: "invariant: what was loaded is there",
        workload: "report",
    }
    StaleMaterializedView {
        name: "stale-materialized-view",
        sentence: "REFRESH MATERIALIZED VIEW misses the last commit.",
        oracle: "invariant: a refreshed view is its query",
        workload: "report",
    }
    UnfencedFailover {
        name: "unfenced-failover",
        sentence: "After a failover the old primary goes on acknowledging commits.",
        oracle: "invariant: a stored document is kept",
        workload: "ids --faults failover",
    }
    StatementPanic {
        name: "statement-panic",
        sentence: "The engine panics inside a statement.",
        oracle: "panics: a turn panics",
        workload: "bank",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_one_each_and_can_be_typed() {
        let names: BTreeSet<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        assert_eq!(names.len(), Bug::ALL.len());
        let typed = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(names.iter().all(|name| name.chars().all(typed)), "{names:?}");
    }

    #[test]
    fn what_it_does_is_a_sentence() {
        for bug in Bug::ALL {
            let sentence = bug.sentence();
            assert!(sentence.starts_with(char::is_uppercase) && sentence.ends_with('.'), "{sentence}");
            assert!(!bug.oracle().is_empty() && !bug.oracle().ends_with('.'), "{}", bug.oracle());
        }
    }
}
