//! What a step touches, so that a search can tell which steps commute.

use std::rc::Rc;

/// What a step reads, writes, locks and publishes. Resources are opaque names given by whoever runs the
/// step (a table, a key, a lock); two steps commute when their footprints do not conflict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Footprint {
    /// Nothing is known: conflicts with everything but [`Footprint::Nothing`].
    #[default]
    Unknown,
    /// Touches nothing that another actor could see.
    Nothing,
    /// Exactly these accesses.
    Known(Rc<[Access]>),
}

/// One access of a step to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The resource's name, equal for two steps that touch the same thing.
    pub resource: u64,
    /// Whether another step's access to the resource could tell the difference.
    pub writes: bool,
}

impl Footprint {
    /// Whether the order of two steps with these footprints can matter.
    pub fn conflicts(&self, other: &Footprint) -> bool {
        match (self, other) {
            (Footprint::Nothing, _) | (_, Footprint::Nothing) => false,
            (Footprint::Unknown, _) | (_, Footprint::Unknown) => true,
            (Footprint::Known(a), Footprint::Known(b)) => {
                a.iter().any(|a| b.iter().any(|b| a.resource == b.resource && (a.writes || b.writes)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(accesses: &[(u64, bool)]) -> Footprint {
        Footprint::Known(accesses.iter().map(|&(resource, writes)| Access { resource, writes }).collect())
    }

    #[test]
    fn two_reads_commute_and_a_write_does_not() {
        assert!(!known(&[(1, false)]).conflicts(&known(&[(1, false)])));
        assert!(known(&[(1, false)]).conflicts(&known(&[(1, true)])));
        assert!(!known(&[(1, true)]).conflicts(&known(&[(2, true)])));
    }

    #[test]
    fn unknown_conflicts_with_all_that_touches_something() {
        assert!(Footprint::Unknown.conflicts(&known(&[])));
        assert!(Footprint::Unknown.conflicts(&Footprint::Unknown));
        assert!(!Footprint::Unknown.conflicts(&Footprint::Nothing));
    }
}
