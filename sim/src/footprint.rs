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

/// One access of a step to a resource, or to a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The resource's name (a table, a lock), equal for two steps that touch the same thing.
    pub resource: u64,
    /// The part of it that is touched; `None` is all of it.
    pub part: Option<Part>,
    /// Whether another step's access to the resource could tell the difference.
    pub writes: bool,
}

/// What of a resource is touched: all that has this value in this dimension (the rows of a table with
/// this value in this column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The name of the dimension.
    pub dimension: u64,
    /// The value, as a digest: that two values share one only makes the footprint larger.
    pub value: u64,
}

impl Access {
    /// Whether the order of these two accesses can matter.
    pub fn conflicts(&self, other: &Access) -> bool {
        self.resource == other.resource && (self.writes || other.writes) && self.overlaps(other)
    }

    /// Two parts are known to be apart only where they differ in the same dimension.
    fn overlaps(&self, other: &Access) -> bool {
        match (self.part, other.part) {
            (Some(a), Some(b)) => a.dimension != b.dimension || a.value == b.value,
            _ => true,
        }
    }
}

impl Footprint {
    /// The footprint of a step that reads this resource.
    pub fn reads(resource: u64) -> Footprint {
        Footprint::Known(Rc::new([Access { resource, part: None, writes: false }]))
    }

    /// The footprint of a step that writes this resource.
    pub fn writes(resource: u64) -> Footprint {
        Footprint::Known(Rc::new([Access { resource, part: None, writes: true }]))
    }

    /// Whether the order of two steps with these footprints can matter.
    pub fn conflicts(&self, other: &Footprint) -> bool {
        match (self, other) {
            (Footprint::Nothing, _) | (_, Footprint::Nothing) => false,
            (Footprint::Unknown, _) | (_, Footprint::Unknown) => true,
            (Footprint::Known(a), Footprint::Known(b)) => a.iter().any(|a| b.iter().any(|b| a.conflicts(b))),
        }
    }

    /// Whether a step that intended this may turn out to have touched that.
    pub fn covers(&self, touched: &Footprint) -> bool {
        let covered = |access: &Access| {
            self.accesses().iter().any(|wider| {
                wider.resource == access.resource
                    && (wider.writes || !access.writes)
                    && (wider.part.is_none() || wider.part == access.part)
            })
        };
        *self == Footprint::Unknown
            || (*touched != Footprint::Unknown && touched.accesses().iter().all(covered))
    }

    /// The footprint of a step that touches both.
    pub fn join(self, other: Footprint) -> Footprint {
        match (self, other) {
            (Footprint::Nothing, it) | (it, Footprint::Nothing) => it,
            (Footprint::Unknown, _) | (_, Footprint::Unknown) => Footprint::Unknown,
            (Footprint::Known(a), Footprint::Known(b)) => {
                let mut all: Vec<Access> = a.iter().chain(b.iter()).copied().collect();
                all.sort_unstable();
                all.dedup();
                Footprint::Known(all.into())
            }
        }
    }

    /// What is touched, if that is known.
    pub fn accesses(&self) -> &[Access] {
        match self {
            Footprint::Known(accesses) => accesses,
            Footprint::Unknown | Footprint::Nothing => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(accesses: &[(u64, bool)]) -> Footprint {
        let access = |&(resource, writes): &(u64, bool)| Access { resource, part: None, writes };
        Footprint::Known(accesses.iter().map(access).collect())
    }

    fn part(dimension: u64, value: u64) -> Footprint {
        let part = Some(Part { dimension, value });
        Footprint::Known(Rc::new([Access { resource: 1, part, writes: true }]))
    }

    #[test]
    fn two_reads_commute_and_a_write_does_not() {
        assert!(!known(&[(1, false)]).conflicts(&known(&[(1, false)])));
        assert!(known(&[(1, false)]).conflicts(&known(&[(1, true)])));
        assert!(!known(&[(1, true)]).conflicts(&known(&[(2, true)])));
    }

    #[test]
    fn parts_are_apart_only_in_the_same_dimension() {
        assert!(!part(1, 7).conflicts(&part(1, 8)));
        assert!(part(1, 7).conflicts(&part(1, 7)));
        assert!(part(1, 7).conflicts(&part(2, 8)));
        assert!(part(1, 7).conflicts(&known(&[(1, false)])));
    }

    #[test]
    fn what_touches_both_conflicts_with_what_either_does() {
        let both = known(&[(1, false)]).join(known(&[(2, true)]));
        assert!(both.conflicts(&known(&[(1, true)])));
        assert!(both.conflicts(&known(&[(2, false)])));
        assert!(!both.conflicts(&known(&[(3, true)])));
        assert_eq!(both.clone().join(Footprint::Nothing), both);
        assert_eq!(both.join(Footprint::Unknown), Footprint::Unknown);
    }

    #[test]
    fn unknown_conflicts_with_all_that_touches_something() {
        assert!(Footprint::Unknown.conflicts(&known(&[])));
        assert!(Footprint::Unknown.conflicts(&Footprint::Unknown));
        assert!(!Footprint::Unknown.conflicts(&Footprint::Nothing));
    }
}
