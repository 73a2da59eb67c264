//! SQLite's operating system, as far as SQLite can tell: files, locks, shared memory, time and entropy, all
//! answered by a [`Disk`].
//!
//! ```text
//! Connection --SQL--> SQLite --xOpen, xRead, xWrite, xSync, xLock, xShmLock--> this VFS --> Handle --> Disk
//!                            --xRandomness, xCurrentTime---------------------> this VFS --> current Disk
//!                            --any path that is not ours---------------------> this VFS --> the VFS before
//! ```
//!
//! The VFS "drawloom" is registered once per process, **as the default**: SQLite seeds its one generator, from
//! which `random()`, rowids and WAL salts come, from the default VFS, whatever VFS a connection uses. So other
//! users of SQLite in this process come by here too. What is not ours goes to the VFS that was the default
//! before, and a thread without a mounted disk gets the host's time and entropy as if we were not there.
//!
//! A disk is mounted on a thread, under a path of its own: `/drawloom-0/main.db` is `main.db` on the disk with
//! the mount id 0. An id is free again when its disk is unmounted and the last handle on it is closed, so
//! that a connection which outlives its mount never finds files of another disk by name. Ids are the lowest
//! that are free, so that a run mounts under the same paths every time.
//!
//! What must never happen here: a wait (a refused lock is `SQLITE_BUSY`, and nothing sleeps while a disk is
//! mounted), a host's file, clock or random number in a simulation, and a panic that unwinds into C. The
//! functions below are `extern "C"`, so a panic in them, which would be a bug of ours, aborts the process.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{Ordering, compiler_fence};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use crate::disk::{Disk, DiskFull, Handle};
use crate::locks::{Level, REGION_BYTES, Refused, Slots};

/// The name of this VFS.
pub const NAME: &CStr = c"drawloom";

/// What all paths of mounted disks begin with; the mount id and a slash follow.
const PREFIX: &[u8] = b"/drawloom-";

/// From the beginning of SQLite's time, noon of 24 November 4714 BC, to 1970, in milliseconds.
const JULIAN_MS_AT_1970: i64 = 210_866_760_000_000;

/// Registers the VFS and makes it the default, once per process; [`mount`] does it too.
///
/// # Panics
///
/// If SQLite cannot be initialised.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a null name asks for the default VFS, which lives as long as the process.
        let before = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        assert!(!before.is_null(), "the bundled SQLite has a default VFS");
        // SAFETY: not null, and SQLite keeps a registered VFS valid.
        let (file_bytes_before, path_bytes_before) = unsafe { ((*before).szOsFile, (*before).mxPathname) };
        let vfs = ffi::sqlite3_vfs {
            iVersion: 2,
            // xOpen may be passed on, so there must be room for either kind of file.
            szOsFile: (size_of::<SimFile>() as c_int).max(file_bytes_before),
            mxPathname: path_bytes_before.max(512),
            pNext: ptr::null_mut(),
            zName: NAME.as_ptr(),
            pAppData: before.cast(),
            xOpen: Some(vfs_open),
            xDelete: Some(vfs_delete),
            xAccess: Some(vfs_access),
            xFullPathname: Some(vfs_full_pathname),
            xDlOpen: Some(vfs_dl_open),
            xDlError: Some(vfs_dl_error),
            xDlSym: Some(vfs_dl_sym),
            xDlClose: Some(vfs_dl_close),
            xRandomness: Some(vfs_randomness),
            xSleep: Some(vfs_sleep),
            xCurrentTime: Some(vfs_current_time),
            xGetLastError: Some(vfs_get_last_error),
            xCurrentTimeInt64: Some(vfs_current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        // SAFETY: leaked, so that it stays valid for as long as SQLite may use it.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 1) };
        assert_eq!(code, ffi::SQLITE_OK, "registering a VFS only fails without memory");
    });
}

/// Forgets the state of SQLite's generator, so that it is seeded again from the thread's current disk at its
/// next use. There is one generator in a process: two simulations on two threads disturb each other's.
pub fn reseed() {
    register();
    // SAFETY: no bytes are asked for; SQLite documents this as the way to reset its generator.
    unsafe { ffi::sqlite3_randomness(0, ptr::null_mut()) };
}

/// Opens, and if need be makes, the database `name` on a mounted disk.
///
/// SQLite's own busy handler is off: it would wait for a lock that nobody can release while it waits.
///
/// # Errors
///
/// What SQLite says, for instance `SQLITE_CANTOPEN` for an empty name.
pub fn open(mount: &Mount, name: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(mount.path(name), flags, NAME)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// Mounts `disk` on this thread, and makes it the thread's current disk.
#[must_use = "dropping the mount unmounts the disk"]
pub fn mount(disk: Rc<Disk>) -> Mount {
    register();
    let id = MOUNTS.with_borrow_mut(|mounts| mounts.add(Rc::clone(&disk)));
    Mount { id, disk }
}

/// A disk mounted on this thread, until this is dropped.
///
/// Connections still open then can use the files they have open, and find no others.
#[derive(Debug)]
pub struct Mount {
    id: usize,
    disk: Rc<Disk>,
}

impl Mount {
    /// The mount's id, unique on this thread while it is in use.
    #[must_use]
    pub fn id(&self) -> usize {
        self.id
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &Rc<Disk> {
        &self.disk
    }

    /// The path under which SQLite finds the file `name` of this disk.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        format!("/drawloom-{}/{name}", self.id)
    }

    /// Makes this the thread's current disk: the one that answers for time and entropy, and that holds
    /// temporary files. The disk mounted last is current unless this is called, and when the current disk is
    /// unmounted, the one that was current before it is current again.
    pub fn make_current(&self) {
        MOUNTS.with_borrow_mut(|mounts| mounts.make_current(self.id));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A thread that ends may have dropped the table first; then there is nothing to remove it from.
        let _ = MOUNTS.try_with(|mounts| mounts.borrow_mut().remove(self.id));
    }
}

thread_local! {
    static MOUNTS: RefCell<Mounts> = const { RefCell::new(Mounts { places: Vec::new(), recent: Vec::new() }) };
}

/// The disks mounted on one thread.
struct Mounts {
    /// By mount id.
    places: Vec<Option<Place>>,
    /// The ids of mounted disks, the current one last.
    recent: Vec<usize>,
}

struct Place {
    disk: Rc<Disk>,
    /// Off for a disk that keeps its id only because handles are open on it.
    mounted: bool,
}

impl Mounts {
    fn add(&mut self, disk: Rc<Disk>) -> usize {
        let free = |place: &Option<Place>| {
            place.as_ref().is_none_or(|place| !place.mounted && place.disk.open_handles() == 0)
        };
        let id = self.places.iter().position(free).unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[id] = Some(Place { disk, mounted: true });
        self.recent.push(id);
        id
    }

    fn remove(&mut self, id: usize) {
        self.recent.retain(|other| *other != id);
        let place = self.places[id].as_mut().expect("a mount's id is in use");
        place.mounted = false;
        if place.disk.open_handles() == 0 {
            self.places[id] = None;
        }
    }

    fn make_current(&mut self, id: usize) {
        self.recent.retain(|other| *other != id);
        self.recent.push(id);
    }

    fn mounted(&self, id: usize) -> Option<Rc<Disk>> {
        let place = self.places.get(id)?.as_ref()?;
        place.mounted.then(|| Rc::clone(&place.disk))
    }
}

/// The thread's current disk, if one is mounted.
fn current() -> Option<Rc<Disk>> {
    // `try_with`: a connection kept in another thread-local may be closed after the table is gone.
    MOUNTS.try_with(|mounts| mounts.borrow().mounted(*mounts.borrow().recent.last()?)).ok().flatten()
}

/// Where a path leads.
enum Whereabouts<'p> {
    /// To a file of a mounted disk.
    Disk(Rc<Disk>, &'p str),
    /// To a disk that is not mounted here (any more).
    Nowhere,
    /// To another VFS.
    Elsewhere,
}

fn locate(path: &CStr) -> Whereabouts<'_> {
    let Some(ours) = path.to_bytes().strip_prefix(PREFIX) else { return Whereabouts::Elsewhere };
    let found = str::from_utf8(ours).ok().and_then(|ours| {
        let (id, name) = ours.split_once('/').filter(|(_, name)| !name.is_empty())?;
        let id = id.parse().ok()?;
        let disk = MOUNTS.try_with(|mounts| mounts.borrow().mounted(id)).ok().flatten()?;
        Some((disk, name))
    });
    found.map_or(Whereabouts::Nowhere, |(disk, name)| Whereabouts::Disk(disk, name))
}

/// The VFS that was the default before this one.
///
/// # Safety
///
/// `vfs` is the one that [`register`] made.
unsafe fn before(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: `register` put a VFS there that is never unregistered.
    unsafe { (*vfs).pAppData.cast() }
}

/// Passes a call on to the VFS before ours. Evaluates to the given value if that has no such method.
macro_rules! pass_on {
    ($vfs:ident . $method:ident ( $($argument:expr),* ) or $otherwise:expr) => {{
        // SAFETY: SQLite calls with the VFS that `register` made, and the one behind it stays valid.
        let (before, method) = unsafe { let before = before($vfs); (before, (*before).$method) };
        match method {
            // SAFETY: the arguments are SQLite's own, passed on unchanged, with the VFS they then belong to.
            Some(method) => unsafe { method(before, $($argument),*) },
            None => $otherwise,
        }
    }};
}

// The VFS's methods. SQLite calls each with the VFS that `register` made, and with pointers that are valid as
// its header says (sqlite3.h, "OS Interface Object"): this is what the SAFETY comments below lean on.

unsafe extern "C" fn vfs_open(
    vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let handle = if path.is_null() {
        let Some(disk) = current() else {
            return pass_on!(vfs.xOpen(path, file, flags, out_flags) or ffi::SQLITE_CANTOPEN);
        };
        Some(disk.scratch())
    } else {
        // SAFETY: not null, so it is a C string.
        match locate(unsafe { CStr::from_ptr(path) }) {
            Whereabouts::Disk(disk, name) => open_named(&disk, name, flags),
            Whereabouts::Nowhere => None,
            Whereabouts::Elsewhere => {
                return pass_on!(vfs.xOpen(path, file, flags, out_flags) or ffi::SQLITE_CANTOPEN);
            }
        }
    };
    // SAFETY: SQLite gives room for `szOsFile` bytes, aligned as malloc aligns; null methods mean "not open".
    unsafe { (*file).pMethods = ptr::null() };
    let Some(handle) = handle else { return ffi::SQLITE_CANTOPEN };
    let sim_file = SimFile {
        base: ffi::sqlite3_file { pMethods: &raw const METHODS },
        thread: this_thread(),
        handle: MaybeUninit::new(handle),
    };
    // SAFETY: as above; `SimFile` starts with a `sqlite3_file` and is no larger than `szOsFile`.
    unsafe { file.cast::<SimFile>().write(sim_file) };
    if !out_flags.is_null() {
        // SAFETY: not null, so SQLite wants it written.
        unsafe { *out_flags = flags };
    }
    ffi::SQLITE_OK
}

fn open_named(disk: &Rc<Disk>, name: &str, flags: c_int) -> Option<Handle> {
    let wants = |flag| flags & flag != 0;
    let handle = match (wants(ffi::SQLITE_OPEN_CREATE), wants(ffi::SQLITE_OPEN_EXCLUSIVE)) {
        (true, true) if disk.len_of(name).is_some() => None,
        (true, _) => Some(disk.create(name)),
        (false, _) => disk.open(name),
    }?;
    if wants(ffi::SQLITE_OPEN_DELETEONCLOSE) {
        // The handle keeps the file: as good as deleting it later, and as the unix VFS does it.
        disk.delete(name);
    }
    Some(handle)
}

unsafe extern "C" fn vfs_delete(vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_dir: c_int) -> c_int {
    // SAFETY: SQLite passes a C string.
    match locate(unsafe { CStr::from_ptr(path) }) {
        Whereabouts::Disk(disk, name) => {
            if !disk.delete(name) {
                return ffi::SQLITE_IOERR_DELETE_NOENT;
            }
            if sync_dir != 0 {
                disk.sync_directory();
            }
            ffi::SQLITE_OK
        }
        Whereabouts::Nowhere => ffi::SQLITE_IOERR_DELETE_NOENT,
        Whereabouts::Elsewhere => pass_on!(vfs.xDelete(path, sync_dir) or ffi::SQLITE_IOERR_DELETE),
    }
}

unsafe extern "C" fn vfs_access(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    let len = match locate(unsafe { CStr::from_ptr(path) }) {
        Whereabouts::Disk(disk, name) => disk.len_of(name),
        Whereabouts::Nowhere => None,
        Whereabouts::Elsewhere => return pass_on!(vfs.xAccess(path, flags, out) or ffi::SQLITE_IOERR_ACCESS),
    };
    // As the unix VFS has it: a journal cut to nothing does not exist.
    let exists = len.is_some_and(|len| len > 0 || flags != ffi::SQLITE_ACCESS_EXISTS);
    // SAFETY: SQLite wants the answer here.
    unsafe { *out = c_int::from(exists) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn vfs_full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    out_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if !bytes.starts_with(PREFIX) {
        return pass_on!(vfs.xFullPathname(path, out_bytes, out) or ffi::SQLITE_CANTOPEN);
    }
    if usize::try_from(out_bytes).is_ok_and(|room| bytes.len() <= room) {
        // SAFETY: there is room for `out_bytes`, in a buffer of SQLite's that is not the path.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_CANTOPEN
    }
}

unsafe extern "C" fn vfs_randomness(vfs: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    let Some(disk) = current() else { return pass_on!(vfs.xRandomness(bytes, out) or 0) };
    let len = usize::try_from(bytes).unwrap_or(0);
    for start in (0..len).step_by(8) {
        let random = disk.random().to_le_bytes();
        // SAFETY: SQLite wants `bytes` bytes here, of which these are the ones from `start` on.
        unsafe {
            ptr::copy_nonoverlapping(random.as_ptr().cast(), out.add(start), random.len().min(len - start))
        };
    }
    bytes
}

unsafe extern "C" fn vfs_sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    match current() {
        // Simulated time is the caller's to move, and nobody else could run meanwhile.
        Some(_) => microseconds,
        None => pass_on!(vfs.xSleep(microseconds) or 0),
    }
}

unsafe extern "C" fn vfs_current_time(vfs: *mut ffi::sqlite3_vfs, out_days: *mut f64) -> c_int {
    let Some(disk) = current() else { return pass_on!(vfs.xCurrentTime(out_days) or ffi::SQLITE_ERROR) };
    // SAFETY: SQLite wants the answer here.
    unsafe { *out_days = disk.now_ms().saturating_add(JULIAN_MS_AT_1970) as f64 / 86_400_000.0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn vfs_current_time_int64(
    vfs: *mut ffi::sqlite3_vfs,
    out_ms: *mut ffi::sqlite3_int64,
) -> c_int {
    let Some(disk) = current() else {
        return pass_on!(vfs.xCurrentTimeInt64(out_ms) or ffi::SQLITE_ERROR);
    };
    // SAFETY: SQLite wants the answer here.
    unsafe { *out_ms = disk.now_ms().saturating_add(JULIAN_MS_AT_1970) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn vfs_get_last_error(vfs: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    match current() {
        // The host's errno says nothing about a simulated disk.
        Some(_) => 0,
        None => pass_on!(vfs.xGetLastError(bytes, out) or 0),
    }
}

unsafe extern "C" fn vfs_dl_open(vfs: *mut ffi::sqlite3_vfs, path: *const c_char) -> *mut c_void {
    pass_on!(vfs.xDlOpen(path) or ptr::null_mut())
}

unsafe extern "C" fn vfs_dl_error(vfs: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) {
    pass_on!(vfs.xDlError(bytes, out) or ())
}

type Symbol = unsafe extern "C" fn(*mut ffi::sqlite3_vfs, *mut c_void, *const c_char);

unsafe extern "C" fn vfs_dl_sym(
    vfs: *mut ffi::sqlite3_vfs,
    library: *mut c_void,
    name: *const c_char,
) -> Option<Symbol> {
    pass_on!(vfs.xDlSym(library, name) or None)
}

unsafe extern "C" fn vfs_dl_close(vfs: *mut ffi::sqlite3_vfs, library: *mut c_void) {
    pass_on!(vfs.xDlClose(library) or ())
}

/// What SQLite knows as an open file. SQLite allocates it; it is ours from `vfs_open` to `file_close`.
#[repr(C)]
struct SimFile {
    base: ffi::sqlite3_file,
    /// Where the file was opened. A rusqlite `Connection` is `Send`, a [`Handle`] is not.
    thread: usize,
    handle: MaybeUninit<Handle>,
}

/// Tells threads apart, for the price of an address.
fn this_thread() -> usize {
    thread_local! { static HERE: Cell<u8> = const { Cell::new(0) }; }
    HERE.with(|here| ptr::from_ref(here).addr())
}

/// The handle behind an open file, or `None` on another thread than the one that opened it.
///
/// # Safety
///
/// `file` was opened by `vfs_open`, with [`METHODS`], and is not closed while the reference lives.
unsafe fn handle<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Handle> {
    let file = file.cast::<SimFile>();
    // SAFETY: the caller promises that it is one of ours; `vfs_open` wrote the handle.
    unsafe { ((*file).thread == this_thread()).then(|| (*file).handle.assume_init_ref()) }
}

/// Gets the handle of a file, or returns the error that SQLite has for misuse.
macro_rules! handle {
    ($file:ident) => {
        // SAFETY: SQLite calls the methods of a file that is open, and `METHODS` are only on files of ours.
        match unsafe { handle($file) } {
            Some(handle) => handle,
            None => return ffi::SQLITE_MISUSE,
        }
    };
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(file_close),
    xRead: Some(file_read),
    xWrite: Some(file_write),
    xTruncate: Some(file_truncate),
    xSync: Some(file_sync),
    xFileSize: Some(file_size),
    xLock: Some(file_lock),
    xUnlock: Some(file_unlock),
    xCheckReservedLock: Some(file_check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(file_sector_size),
    xDeviceCharacteristics: Some(file_device_characteristics),
    xShmMap: Some(file_shm_map),
    xShmLock: Some(file_shm_lock),
    xShmBarrier: Some(file_shm_barrier),
    xShmUnmap: Some(file_shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn file_close(file: *mut ffi::sqlite3_file) -> c_int {
    // On another thread the handle is leaked rather than touched.
    let _ = handle!(file);
    let file = file.cast::<SimFile>();
    // SAFETY: open until now, and SQLite does not use a file after xClose.
    unsafe {
        (*file).base.pMethods = ptr::null();
        (*file).handle.assume_init_drop();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    bytes: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let handle = handle!(file);
    let (Ok(len), Ok(offset)) = (usize::try_from(bytes), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    let found = handle.read(offset, len);
    let out = out.cast::<u8>();
    // SAFETY: SQLite gives room for `len` bytes, outside of our files, and `found` is at most as long.
    unsafe { ptr::copy_nonoverlapping(found.as_ptr(), out, found.len()) };
    if found.len() == len {
        return ffi::SQLITE_OK;
    }
    // SAFETY: as above; SQLite wants the rest zeroed.
    unsafe { ptr::write_bytes(out.add(found.len()), 0, len - found.len()) };
    ffi::SQLITE_IOERR_SHORT_READ
}

unsafe extern "C" fn file_write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let handle = handle!(file);
    let (Ok(len), Ok(offset)) = (usize::try_from(bytes), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite passes `len` bytes to write, and leaves them alone meanwhile.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len) };
    full_or_ok(handle.write(offset, bytes))
}

unsafe extern "C" fn file_truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    let handle = handle!(file);
    u64::try_from(len).map_or(ffi::SQLITE_IOERR_TRUNCATE, |len| full_or_ok(handle.truncate(len)))
}

unsafe extern "C" fn file_sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    handle!(file).sync();
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    let len = i64::try_from(handle!(file).len()).expect("a file is no larger than FILE_BYTES_MAX");
    // SAFETY: SQLite wants the answer here.
    unsafe { *out = len };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let handle = handle!(file);
    busy_or_ok(handle.lock(level(wanted)))
}

unsafe extern "C" fn file_unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    handle!(file).unlock(level(wanted));
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    let reserved = handle!(file).is_reserved();
    // SAFETY: SQLite wants the answer here.
    unsafe { *out = c_int::from(reserved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _op: c_int,
    _argument: *mut c_void,
) -> c_int {
    // All of them are optional: size hints, pragmas for the VFS, whether the file was moved.
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn file_sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    // What the unix VFS says.
    4096
}

unsafe extern "C" fn file_device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    // As the unix VFS has it: a write torn by a power loss harms no byte next to it. Without this promise
    // every commit to a WAL is padded to a whole sector.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn file_shm_map(
    file: *mut ffi::sqlite3_file,
    index: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let handle = handle!(file);
    let Some(index) = usize::try_from(index).ok().filter(|_| usize::try_from(bytes) == Ok(REGION_BYTES))
    else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    let region = handle.map(index, extend != 0);
    // The pointer outlives this count: the disk keeps the region where it is while anybody maps it.
    let place = region.map_or(ptr::null_mut(), |region| Rc::as_ptr(&region).cast_mut().cast());
    // SAFETY: SQLite wants the answer here.
    unsafe { *out = place };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let handle = handle!(file);
    let slots = u8::try_from(first).ok().zip(u8::try_from(count).ok());
    let Some(slots) = slots.and_then(|(first, count)| Slots::range(first, count)) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        handle.unlock_slots(slots);
        ffi::SQLITE_OK
    } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
        busy_or_ok(handle.lock_slots_shared(slots))
    } else {
        busy_or_ok(handle.lock_slots_exclusive(slots))
    }
}

unsafe extern "C" fn file_shm_barrier(_file: *mut ffi::sqlite3_file) {
    // One thread: only the compiler could reorder anything.
    compiler_fence(Ordering::SeqCst);
}

unsafe extern "C" fn file_shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    handle!(file).unmap();
    ffi::SQLITE_OK
}

fn level(level: c_int) -> Level {
    match level {
        ffi::SQLITE_LOCK_NONE => Level::Unlocked,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

fn busy_or_ok(granted: Result<(), Refused>) -> c_int {
    granted.map_or(ffi::SQLITE_BUSY, |()| ffi::SQLITE_OK)
}

fn full_or_ok(written: Result<(), DiskFull>) -> c_int {
    written.map_or(ffi::SQLITE_FULL, |()| ffi::SQLITE_OK)
}
