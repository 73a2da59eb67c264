//! What SQLite locks: a file, in five levels, and eight slots of the memory that WAL connections share.
//!
//! In a real process the kernel keeps these locks. Here they are plain tables of who holds what, so that a
//! refusal is an answer and never a wait, and so that the rules stand where a test can reach them.
//!
//! ```text
//! rollback journal:  Unlocked -> Shared -> Reserved -> (Pending) -> Exclusive      FileLock
//! WAL:               slot 0 write, 1 checkpoint, 2 recover, 3..7 read marks        SharedMemory
//! ```
//!
//! A table lists its holders instead of counting them: an owner that goes away is removed, and nothing can
//! be left over. A few connections share a file, so a scan of the list costs nanoseconds.
//!
//! Source: `os_unix.c` (`unixLock`, `unixShmLock`) and <https://sqlite.org/lockingv3.html>.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// How many lock slots a shared memory has (`SQLITE_SHM_NLOCK`).
pub const SLOTS: u8 = 8;

/// Size of one region of shared memory, in bytes: what SQLite's WAL index asks for.
pub const REGION_BYTES: usize = 32 * 1024;

/// Who holds a lock: one open handle, unique on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(pub(crate) u32);

/// How much of a file an owner has locked, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Unlocked,
    /// May read; any number of owners.
    Shared,
    /// Means to write, and lets others go on reading; one owner.
    Reserved,
    /// Waits for the readers to leave, and lets no new one in; one owner.
    Pending,
    /// Writes; the only owner.
    Exclusive,
}

/// A lock request that another owner stands in the way of. Asking again helps once that owner has let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// The lock of one file.
#[derive(Debug, Default)]
pub struct FileLock {
    /// Owners above [`Level::Unlocked`], in no order that matters.
    holders: Vec<(Owner, Level)>,
}

impl FileLock {
    /// What `owner` holds.
    #[must_use]
    pub fn level(&self, owner: Owner) -> Level {
        self.holders.iter().find(|(holder, _)| *holder == owner).map_or(Level::Unlocked, |(_, level)| *level)
    }

    /// Whether anybody means to write: holds [`Level::Reserved`] or more.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.holders.iter().any(|(_, level)| *level >= Level::Reserved)
    }

    /// Raises the lock of `owner` to `wanted`; one that is already there stays.
    ///
    /// # Errors
    ///
    /// [`Refused`] if another owner is in the way. Whoever is refused [`Level::Exclusive`] because of readers
    /// keeps [`Level::Pending`], so that no new reader starves it.
    pub fn raise(&mut self, owner: Owner, wanted: Level) -> Result<(), Refused> {
        if self.level(owner) >= wanted {
            return Ok(());
        }
        let others = self.highest_of_others(owner);
        match wanted {
            Level::Unlocked => {}
            Level::Shared => grant(others < Level::Pending)?,
            Level::Reserved | Level::Pending => grant(others < Level::Reserved)?,
            Level::Exclusive => {
                grant(others < Level::Reserved)?;
                if others == Level::Shared {
                    self.set(owner, Level::Pending);
                    return Err(Refused);
                }
            }
        }
        self.set(owner, wanted);
        Ok(())
    }

    /// Lowers the lock of `owner` to `wanted`, and says whether that freed anything.
    pub fn lower(&mut self, owner: Owner, wanted: Level) -> bool {
        let lowers = self.level(owner) > wanted;
        if lowers {
            self.set(owner, wanted);
        }
        lowers
    }

    fn highest_of_others(&self, owner: Owner) -> Level {
        let others = self.holders.iter().filter(|(holder, _)| *holder != owner);
        others.map(|(_, level)| *level).max().unwrap_or(Level::Unlocked)
    }

    fn set(&mut self, owner: Owner, level: Level) {
        let place = self.holders.iter().position(|(holder, _)| *holder == owner);
        match (place, level) {
            (Some(place), Level::Unlocked) => drop(self.holders.swap_remove(place)),
            (Some(place), _) => self.holders[place].1 = level,
            (None, Level::Unlocked) => {}
            (None, _) => self.holders.push((owner, level)),
        }
    }
}

fn grant(free: bool) -> Result<(), Refused> {
    if free { Ok(()) } else { Err(Refused) }
}

/// A set of lock slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots(u8);

impl Slots {
    /// All of them.
    pub const ALL: Slots = Slots(u8::MAX);

    /// The slots `first .. first + count`, or `None` if there are not that many.
    #[must_use]
    pub fn range(first: u8, count: u8) -> Option<Slots> {
        let end = first.checked_add(count).filter(|end| *end <= SLOTS)?;
        let below = |end: u8| ((1_u16 << end) - 1) as u8;
        Some(Slots(below(end) & !below(first)))
    }

    /// The slots' numbers, the lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..SLOTS).filter(move |slot| self.0 >> slot & 1 == 1)
    }

    fn lowest(self) -> Option<u8> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as u8)
    }
}

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// One region of shared memory: counted, so that it stays where it is for as long as anybody maps it, and of
/// cells, because SQLite writes to it through its own pointers.
pub type Region = Rc<[Cell<u64>; REGION_BYTES / 8]>;

/// The memory that the WAL connections of one file share, and the locks on it.
#[derive(Debug, Default)]
pub struct SharedMemory {
    regions: Vec<Region>,
    /// Who has it mapped, in no order that matters.
    members: Vec<Member>,
}

/// One owner's part in a [`SharedMemory`].
#[derive(Debug)]
struct Member {
    owner: Owner,
    shared: u8,
    exclusive: u8,
}

impl SharedMemory {
    /// Maps region `index` for `owner`. A region that does not exist yet is made, zeroed, if `extend` says so
    /// (with those before it), and is `None` otherwise.
    pub fn map(&mut self, owner: Owner, index: usize, extend: bool) -> Option<Region> {
        let joined = self.join(owner, Slots::default(), |_| 0);
        debug_assert!(joined.is_ok(), "no slots were asked for");
        while extend && self.regions.len() <= index {
            self.regions.push(Rc::new([const { Cell::new(0) }; REGION_BYTES / 8]));
        }
        self.regions.get(index).cloned()
    }

    /// Locks `slots` for `owner`, shared with other readers of them.
    ///
    /// # Errors
    ///
    /// The first slot that another owner holds exclusively; nothing is locked then.
    pub fn lock_shared(&mut self, owner: Owner, slots: Slots) -> Result<(), u8> {
        self.join(owner, slots, |other| other.exclusive)?.shared |= slots.0;
        Ok(())
    }

    /// Locks `slots` for `owner` alone.
    ///
    /// # Errors
    ///
    /// The first slot that another owner holds at all; nothing is locked then.
    pub fn lock_exclusive(&mut self, owner: Owner, slots: Slots) -> Result<(), u8> {
        self.join(owner, slots, |other| other.exclusive | other.shared)?.exclusive |= slots.0;
        Ok(())
    }

    /// Unlocks `slots` for `owner`, and names those it held.
    pub fn unlock(&mut self, owner: Owner, slots: Slots) -> Slots {
        let Some(member) = self.members.iter_mut().find(|member| member.owner == owner) else {
            return Slots::default();
        };
        let held = Slots((member.shared | member.exclusive) & slots.0);
        member.shared &= !slots.0;
        member.exclusive &= !slots.0;
        held
    }

    /// Unmaps the memory for `owner`, and names the slots it still held. With the last owner the content goes
    /// too: whoever comes next rebuilds it from the log.
    pub fn leave(&mut self, owner: Owner) -> Slots {
        let held = self.unlock(owner, Slots::ALL);
        self.members.retain(|member| member.owner != owner);
        if self.members.is_empty() {
            self.regions.clear();
        }
        held
    }

    /// Whether an owner holds this slot exclusively.
    #[must_use]
    pub fn is_exclusive(&self, slot: u8) -> bool {
        self.members.iter().any(|member| member.exclusive & (1 << slot) != 0)
    }

    /// How many owners have it mapped.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The member that `owner` is (from now on), unless what another one has of `slots` is in the way. One
    /// pass, because every statement on a WAL database comes by here twice.
    fn join(
        &mut self,
        owner: Owner,
        slots: Slots,
        in_the_way: impl Fn(&Member) -> u8,
    ) -> Result<&mut Member, u8> {
        let (mut taken, mut place) = (0, None);
        for (index, member) in self.members.iter().enumerate() {
            if member.owner == owner {
                place = Some(index);
            } else {
                taken |= in_the_way(member);
            }
        }
        if let Some(slot) = Slots(taken & slots.0).lowest() {
            return Err(slot);
        }
        let place = place.unwrap_or_else(|| {
            self.members.push(Member { owner, shared: 0, exclusive: 0 });
            self.members.len() - 1
        });
        Ok(&mut self.members[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);
    const C: Owner = Owner(3);

    #[test]
    fn a_writer_waits_for_readers_and_lets_no_new_one_in() {
        let mut lock = FileLock::default();
        assert_eq!(lock.raise(A, Level::Shared), Ok(()));
        assert_eq!(lock.raise(B, Level::Shared), Ok(()));
        assert_eq!(lock.raise(A, Level::Reserved), Ok(()));
        assert_eq!(lock.raise(B, Level::Reserved), Err(Refused));
        assert_eq!(lock.raise(C, Level::Shared), Ok(()), "a reserved lock lets readers in");
        assert_eq!(lock.raise(A, Level::Exclusive), Err(Refused));
        assert_eq!(lock.level(A), Level::Pending);
        assert!(lock.lower(C, Level::Unlocked));
        assert_eq!(lock.raise(C, Level::Shared), Err(Refused), "a pending lock lets no reader in");
        assert!(lock.lower(B, Level::Unlocked));
        assert_eq!(lock.raise(A, Level::Exclusive), Ok(()));
        assert_eq!(lock.raise(B, Level::Shared), Err(Refused));
        assert!(lock.lower(A, Level::Shared));
        assert_eq!(lock.raise(B, Level::Shared), Ok(()));
        assert!(!lock.lower(A, Level::Shared), "nothing was freed twice");
        assert!(!lock.is_reserved());
    }

    #[test]
    fn a_reserved_owner_keeps_another_from_rolling_back_a_journal() {
        let mut lock = FileLock::default();
        lock.raise(A, Level::Reserved).expect("nobody else is here");
        lock.raise(B, Level::Shared).expect("readers may come in");
        assert_eq!(lock.raise(B, Level::Exclusive), Err(Refused));
        assert_eq!(lock.level(B), Level::Shared, "pending would shut out the owner of the reserved lock");
    }

    #[test]
    fn slots_are_shared_or_exclusive_one_by_one() {
        let mut memory = SharedMemory::default();
        let slots = |first, count| Slots::range(first, count).expect("within the eight slots");
        assert_eq!(Slots::range(5, 4), None);
        assert_eq!(slots(0, 8), Slots::ALL);
        assert_eq!(memory.lock_exclusive(A, slots(0, 1)), Ok(()));
        assert_eq!(memory.lock_exclusive(B, slots(0, 1)), Err(0));
        assert_eq!(memory.lock_shared(A, slots(4, 1)), Ok(()));
        assert_eq!(memory.lock_shared(B, slots(4, 1)), Ok(()));
        assert_eq!(memory.lock_exclusive(B, slots(3, 5)), Err(4));
        assert_eq!(memory.unlock(A, slots(3, 5)), slots(4, 1));
        assert_eq!(memory.lock_exclusive(B, slots(3, 5)), Ok(()), "one's own shared lock is no obstacle");
        assert_eq!(memory.lock_shared(C, slots(7, 1)), Err(7));
        assert_eq!(memory.leave(A), slots(0, 1));
        assert_eq!(memory.lock_exclusive(C, slots(0, 1)), Ok(()));
    }

    #[test]
    fn regions_stay_in_place_until_the_last_owner_leaves() {
        let mut memory = SharedMemory::default();
        assert!(memory.map(A, 0, false).is_none());
        let first = memory.map(A, 0, true).expect("made");
        first[7].set(7);
        for index in 1..100 {
            memory.map(B, index, true).expect("made");
        }
        assert!(Rc::ptr_eq(&first, &memory.map(B, 0, false).expect("still there")));
        memory.leave(A);
        assert_eq!(memory.map(B, 0, false).expect("still there")[7].get(), 7);
        memory.leave(B);
        assert!(memory.map(C, 0, false).is_none(), "the content went with the last owner");
        assert_eq!(memory.members(), 1);
    }
}
