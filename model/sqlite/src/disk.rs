//! One simulated disk: what was written, and what of it would survive a power loss.
//!
//! A real disk forgets what was not synced, and says so only when the power fails. This one keeps both sides
//! of every file, so that a run can lose power at any point, and see exactly what an engine promised too early.
//!
//! ```text
//! write, truncate --> data  --sync: the dirty ranges-->  durable   --crash-->  a new Disk
//! create, delete  --> live names --any sync, of any file--> durable names
//! ```
//!
//! Names follow ext4: metadata is ordered, so any sync takes every earlier creation and deletion along. A file
//! that was created and never synced is then there after a crash, and empty. A deletion that no sync followed
//! is undone by a crash: this is how SQLite's `synchronous=FULL` loses a commit in `journal_mode=DELETE`.
//!
//! Nothing here may know SQLite's types, and nothing may come from outside: time and entropy are set by the
//! caller. A [`Disk`] is shared by the [`Handle`]s open on it and is meant for one thread.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::locks::{FileLock, Level, Owner, Refused, Region, SharedMemory, Slots};

/// The largest file, in bytes. No simulated database comes near; a corrupt one may ask for a page at any
/// offset, and must be told that the disk is full before the host's memory is.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// A write or truncation beyond [`FILE_BYTES_MAX`]. The file is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFull;

/// A file of one disk, whatever its name is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A lock that may be refused, and waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockName {
    /// Whose lock.
    pub file: FileId,
    /// Which of its locks.
    pub kind: LockKind,
}

/// Which lock of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockKind {
    /// The file's own lock, in five levels.
    File,
    /// A slot of its shared memory.
    Slot(u8),
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockKind::File => write!(f, "file lock"),
            LockKind::Slot(0) => write!(f, "write lock"),
            LockKind::Slot(1) => write!(f, "checkpoint lock"),
            LockKind::Slot(2) => write!(f, "recovery lock"),
            LockKind::Slot(slot) => write!(f, "read lock {}", slot.saturating_sub(3)),
        }
    }
}

/// What a disk was asked to do since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Syncs, of files and of the directory.
    pub syncs: u64,
}

/// One simulated disk.
#[derive(Debug)]
pub struct Disk {
    directory: RefCell<Directory>,
    entropy: Cell<u64>,
    now_ms: Cell<i64>,
    counters: Cell<Counters>,
    waits: Waits,
    /// The next file's id and the next handle's owner.
    next_file: Cell<u32>,
    next_owner: Cell<u32>,
    open_handles: Cell<u32>,
}

impl Disk {
    /// An empty disk, at the start of 1970, whose random numbers come from `entropy_seed`.
    #[must_use]
    pub fn new(entropy_seed: u64) -> Disk {
        Disk {
            directory: RefCell::default(),
            entropy: Cell::new(entropy_seed),
            now_ms: Cell::new(0),
            counters: Cell::default(),
            waits: Waits::default(),
            next_file: Cell::new(0),
            next_owner: Cell::new(0),
            open_handles: Cell::new(0),
        }
    }

    /// Opens the file `name`, or `None` if there is none.
    #[must_use]
    pub fn open(self: &Rc<Self>, name: &str) -> Option<Handle> {
        let file = self.directory.borrow().live.get(name).cloned()?;
        Some(self.handle(file))
    }

    /// Opens the file `name`, which is made, empty, if there is none.
    #[must_use]
    pub fn create(self: &Rc<Self>, name: &str) -> Handle {
        self.open(name).unwrap_or_else(|| {
            let file = self.new_file(Vec::new());
            self.directory.borrow_mut().link(name, Rc::clone(&file));
            self.handle(file)
        })
    }

    /// Opens a new file that has no name, and is gone when its handle is.
    #[must_use]
    pub fn scratch(self: &Rc<Self>) -> Handle {
        self.handle(self.new_file(Vec::new()))
    }

    /// Removes the name `name`, and says whether there was one. Open handles keep the file.
    pub fn delete(&self, name: &str) -> bool {
        self.directory.borrow_mut().unlink(name)
    }

    /// Makes all creations and deletions durable, and no content.
    pub fn sync_directory(&self) {
        self.count(|counters| counters.syncs += 1);
        self.directory.borrow_mut().sync();
    }

    /// The length of the file `name` in bytes, or `None` if there is none.
    #[must_use]
    pub fn len_of(&self, name: &str) -> Option<u64> {
        self.directory.borrow().live.get(name).map(|file| file.content.borrow().data.len() as u64)
    }

    /// The names of all files, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.directory.borrow().live.keys().map(|name| name.to_string()).collect()
    }

    /// The content of the file `name` as the running system sees it, or `None` if there is none.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        self.directory.borrow().live.get(name).map(|file| file.content.borrow().data.clone())
    }

    /// The disk as a machine finds it after a power loss: exactly what is durable, and no locks.
    ///
    /// This disk goes on as it was, for the connections that are open on it. Time and entropy go on where they
    /// stand.
    #[must_use]
    pub fn crash(&self) -> Disk {
        self.copy(&self.directory.borrow().durable, |content| content.durable.clone())
    }

    /// A copy of what the running system sees, as if all of it had been synced, and without locks: a database
    /// can be read from it without disturbing this one.
    #[must_use]
    pub fn clone_live(&self) -> Disk {
        self.copy(&self.directory.borrow().live, |content| content.data.clone())
    }

    /// Makes durable all that there is, as time does.
    pub fn settle(&self) {
        for file in self.directory.borrow().live.values() {
            file.content.borrow_mut().sync();
        }
        self.sync_directory();
    }

    /// The next random number (SplitMix64).
    pub fn random(&self) -> u64 {
        let state = self.entropy.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.entropy.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Sets the wall clock, in milliseconds since 1970.
    #[inline]
    pub fn set_now(&self, unix_ms: i64) {
        self.now_ms.set(unix_ms);
    }

    /// The wall clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    /// What was asked of the disk so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.get()
    }

    /// How many handles are open.
    #[must_use]
    pub fn open_handles(&self) -> u32 {
        self.open_handles.get()
    }

    /// The lock that was refused last since the last call.
    ///
    /// SQLite also asks for locks that it can do without (a checkpoint after a commit does), so this names what
    /// a statement waits for only if the statement failed with plain `SQLITE_BUSY`. Take it before a statement
    /// to forget what an earlier one left.
    #[must_use]
    #[inline]
    pub fn take_refused(&self) -> Option<LockName> {
        self.waits.refused.take()
    }

    /// Whether nobody else can have this lock now, in any mode: somebody holds it alone. A file's own lock is
    /// never said to be taken, for some of its levels may still be had.
    #[must_use]
    pub fn is_taken(&self, lock: LockName) -> bool {
        let LockKind::Slot(slot) = lock.kind else { return false };
        let directory = self.directory.borrow();
        let file = directory.live.values().find(|file| file.id == lock.file);
        file.is_some_and(|file| file.memory.borrow().is_exclusive(slot))
    }

    /// Whether to note which locks are released, from now on. Off, it costs nothing, and forgets what was noted.
    pub fn watch(&self, somebody_waits: bool) {
        self.waits.watched.set(somebody_waits);
        if !somebody_waits {
            self.waits.released.borrow_mut().clear();
        }
    }

    /// The locks that were released, wholly or in part, since the last call, each once, the earliest first.
    /// Empty unless [`watch`](Disk::watch) is on.
    #[must_use]
    pub fn take_released(&self) -> Vec<LockName> {
        self.waits.released.take()
    }

    fn handle(self: &Rc<Self>, file: Rc<File>) -> Handle {
        self.open_handles.update(|open| open + 1);
        Handle { disk: Rc::clone(self), file, owner: Owner(take_next(&self.next_owner)) }
    }

    fn new_file(&self, content: Vec<u8>) -> Rc<File> {
        let content = Content { durable: content.clone(), data: content, dirty: Vec::new() };
        let id = FileId(take_next(&self.next_file));
        Rc::new(File {
            id,
            content: RefCell::new(content),
            lock: RefCell::default(),
            memory: RefCell::default(),
        })
    }

    fn copy(&self, files: &Names, side: impl Fn(&Content) -> Vec<u8>) -> Disk {
        let disk = Disk::new(self.entropy.get());
        disk.set_now(self.now_ms());
        for (name, file) in files {
            let file = disk.new_file(side(&file.content.borrow()));
            disk.directory.borrow_mut().link(name, file);
        }
        disk.directory.borrow_mut().sync();
        disk
    }

    fn count(&self, add: impl FnOnce(&mut Counters)) {
        let mut counters = self.counters.get();
        add(&mut counters);
        self.counters.set(counters);
    }
}

fn take_next(next: &Cell<u32>) -> u32 {
    next.replace(next.get() + 1)
}

/// One open file of a [`Disk`]. What it has locked is released when it is dropped.
#[derive(Debug)]
pub struct Handle {
    disk: Rc<Disk>,
    file: Rc<File>,
    owner: Owner,
}

impl Handle {
    /// Which file this is.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file.id
    }

    /// The file's length, in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.file.content.borrow().data.len() as u64
    }

    /// Whether the file has no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes at `offset .. offset + len`, fewer where the file ends. Let go of them before the next write.
    #[must_use]
    pub fn read(&self, offset: u64, len: usize) -> Ref<'_, [u8]> {
        self.disk.count(|counters| counters.reads += 1);
        Ref::map(self.file.content.borrow(), |content| {
            let data = &content.data[..];
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
            &data[start..data.len().min(start.saturating_add(len))]
        })
    }

    /// Writes `bytes` at `offset`; a gap behind the end of the file is filled with zeros.
    ///
    /// # Errors
    ///
    /// [`DiskFull`] beyond [`FILE_BYTES_MAX`].
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskFull> {
        let end = checked_len(offset.checked_add(bytes.len() as u64))?;
        self.disk.count(|counters| {
            counters.writes += 1;
            counters.bytes_written += bytes.len() as u64;
        });
        self.file.content.borrow_mut().write(end - bytes.len(), bytes);
        Ok(())
    }

    /// Cuts the file to `len` bytes, or fills it up to them with zeros.
    ///
    /// # Errors
    ///
    /// [`DiskFull`] beyond [`FILE_BYTES_MAX`].
    pub fn truncate(&self, len: u64) -> Result<(), DiskFull> {
        let len = checked_len(Some(len))?;
        self.file.content.borrow_mut().truncate(len);
        Ok(())
    }

    /// Makes the file's content durable, and with it all creations and deletions of the disk so far.
    pub fn sync(&self) {
        self.disk.count(|counters| counters.syncs += 1);
        self.disk.directory.borrow_mut().sync();
        self.file.content.borrow_mut().sync();
    }

    /// Raises this handle's lock on the file.
    ///
    /// # Errors
    ///
    /// [`Refused`] if another handle is in the way, see [`FileLock::raise`].
    pub fn lock(&self, wanted: Level) -> Result<(), Refused> {
        let granted = self.file.lock.borrow_mut().raise(self.owner, wanted);
        granted.inspect_err(|_| self.disk.waits.refuse(self.lock_name(LockKind::File)))
    }

    /// Lowers this handle's lock on the file.
    pub fn unlock(&self, wanted: Level) {
        if self.file.lock.borrow_mut().lower(self.owner, wanted) {
            self.disk.waits.release(self.lock_name(LockKind::File));
        }
    }

    /// Whether any handle, this one included, means to write to the file.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.file.lock.borrow().is_reserved()
    }

    /// Maps region `index` of the file's shared memory, see [`SharedMemory::map`].
    #[must_use]
    pub fn map(&self, index: usize, extend: bool) -> Option<Region> {
        self.file.memory.borrow_mut().map(self.owner, index, extend)
    }

    /// Locks `slots` of the shared memory, with other readers.
    ///
    /// # Errors
    ///
    /// [`Refused`] if another handle has one of them for itself.
    pub fn lock_slots_shared(&self, slots: Slots) -> Result<(), Refused> {
        let granted = self.file.memory.borrow_mut().lock_shared(self.owner, slots);
        granted.map_err(|slot| self.refuse_slot(slot))
    }

    /// Locks `slots` of the shared memory, for this handle alone.
    ///
    /// # Errors
    ///
    /// [`Refused`] if another handle has locked one of them at all.
    pub fn lock_slots_exclusive(&self, slots: Slots) -> Result<(), Refused> {
        let granted = self.file.memory.borrow_mut().lock_exclusive(self.owner, slots);
        granted.map_err(|slot| self.refuse_slot(slot))
    }

    /// Unlocks `slots` of the shared memory.
    pub fn unlock_slots(&self, slots: Slots) {
        let released = self.file.memory.borrow_mut().unlock(self.owner, slots);
        self.release_slots(released);
    }

    /// Unmaps the shared memory and unlocks all its slots.
    pub fn unmap(&self) {
        let released = self.file.memory.borrow_mut().leave(self.owner);
        self.release_slots(released);
    }

    /// How many handles have the shared memory mapped.
    #[must_use]
    pub fn mapped_by(&self) -> usize {
        self.file.memory.borrow().members()
    }

    fn refuse_slot(&self, slot: u8) -> Refused {
        self.disk.waits.refuse(self.lock_name(LockKind::Slot(slot)));
        Refused
    }

    fn release_slots(&self, slots: Slots) {
        if self.disk.waits.watched.get() {
            slots.iter().for_each(|slot| self.disk.waits.release(self.lock_name(LockKind::Slot(slot))));
        }
    }

    fn lock_name(&self, kind: LockKind) -> LockName {
        LockName { file: self.file.id, kind }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.unmap();
        self.unlock(Level::Unlocked);
        self.disk.open_handles.update(|open| open - 1);
    }
}

fn checked_len(len: Option<u64>) -> Result<usize, DiskFull> {
    let len = len.filter(|len| *len <= FILE_BYTES_MAX).ok_or(DiskFull)?;
    usize::try_from(len).map_err(|_| DiskFull)
}

/// What an inode is on a real disk.
#[derive(Debug)]
struct File {
    id: FileId,
    content: RefCell<Content>,
    lock: RefCell<FileLock>,
    memory: RefCell<SharedMemory>,
}

type Names = BTreeMap<Rc<str>, Rc<File>>;

/// Which file has which name, now and after a crash.
#[derive(Debug, Default)]
struct Directory {
    live: Names,
    durable: Names,
    /// The names that were created or deleted since the last sync of anything.
    changed: Vec<Rc<str>>,
}

impl Directory {
    fn link(&mut self, name: &str, file: Rc<File>) {
        let name: Rc<str> = name.into();
        self.changed.push(Rc::clone(&name));
        self.live.insert(name, file);
    }

    fn unlink(&mut self, name: &str) -> bool {
        let Some((name, _)) = self.live.remove_entry(name) else { return false };
        self.changed.push(name);
        true
    }

    /// All changes become durable at once, so only what each name stands for in the end matters.
    fn sync(&mut self) {
        for name in self.changed.drain(..) {
            match self.live.get(&name) {
                Some(file) => self.durable.insert(name, Rc::clone(file)),
                None => self.durable.remove(&name),
            };
        }
    }
}

/// The two sides of a file.
///
/// Invariant: where they differ, `dirty` says so, or `durable` is longer. It holds because growth is always
/// marked from the old end on, gap included.
#[derive(Debug)]
struct Content {
    /// What the running system sees.
    data: Vec<u8>,
    /// What survives a power loss.
    durable: Vec<u8>,
    /// Where `data` was written since the last sync: sorted, apart from each other, not empty. A range may
    /// reach beyond the end of `data` after a truncation.
    dirty: Vec<Range<usize>>,
}

impl Content {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let start = offset.min(self.data.len());
        if self.data.len() < offset {
            self.data.resize(offset, 0);
        }
        put(&mut self.data, offset, bytes);
        self.mark(start..offset + bytes.len());
    }

    fn truncate(&mut self, len: usize) {
        let old = self.data.len();
        self.data.resize(len, 0);
        if len > old {
            self.mark(old..len);
        }
    }

    fn sync(&mut self) {
        self.durable.truncate(self.data.len());
        for range in self.dirty.drain(..) {
            let end = range.end.min(self.data.len());
            if range.start < end {
                put(&mut self.durable, range.start, &self.data[range.start..end]);
            }
        }
        debug_assert_eq!(self.data.len(), self.durable.len(), "growth was marked dirty");
    }

    fn mark(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        // A log only grows at its end: nothing to search.
        match self.dirty.last_mut() {
            Some(last) if last.start <= range.start && range.start <= last.end => {
                last.end = last.end.max(range.end);
            }
            Some(last) if range.start <= last.end => self.mark_between(range),
            _ => self.dirty.push(range),
        }
    }

    fn mark_between(&mut self, range: Range<usize>) {
        let first = self.dirty.partition_point(|other| other.end < range.start);
        let after = self.dirty.partition_point(|other| other.start <= range.end);
        let touched = &self.dirty[first..after];
        let start = touched.first().map_or(range.start, |other| other.start.min(range.start));
        let end = touched.last().map_or(range.end, |other| other.end.max(range.end));
        self.dirty.splice(first..after, std::iter::once(start..end));
    }
}

/// Overwrites what is there from `offset` on, and appends the rest.
fn put(into: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let there = (into.len() - offset).min(bytes.len());
    into[offset..offset + there].copy_from_slice(&bytes[..there]);
    into.extend_from_slice(&bytes[there..]);
}

/// What a scheduler needs to know to park who was refused a lock, and to wake them again.
#[derive(Debug, Default)]
struct Waits {
    refused: Cell<Option<LockName>>,
    watched: Cell<bool>,
    released: RefCell<Vec<LockName>>,
}

impl Waits {
    fn refuse(&self, lock: LockName) {
        self.refused.set(Some(lock));
    }

    fn release(&self, lock: LockName) {
        if self.watched.get() {
            let mut released = self.released.borrow_mut();
            if !released.contains(&lock) {
                released.push(lock);
            }
        }
    }
}
