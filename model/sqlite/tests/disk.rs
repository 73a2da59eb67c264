//! What the simulated disk promises: exactly what was not synced is lost, SQLite on it keeps SQLite's own
//! durability and locking promises, and a seed gives the same bytes again.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use drawloom_sqlite::disk::{Disk, DiskFull, FILE_BYTES_MAX, Handle, LockKind, LockName};
use drawloom_sqlite::locks::Level;
use drawloom_sqlite::vfs::{self, Mount};
use proptest::prelude::*;
use rusqlite::{Connection, Error};

const DATABASE: &str = "main.db";

/// SQLite has one generator in a process, so tests that open databases take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn mounted(seed: u64) -> Mount {
    let disk = Disk::new(seed);
    disk.set_now(1_700_000_000_000);
    vfs::mount(Rc::new(disk))
}

fn open(mount: &Mount) -> Connection {
    vfs::open(mount, DATABASE).expect("a mounted disk takes a database")
}

fn open_in(mount: &Mount, journal_mode: &str, synchronous: &str) -> Connection {
    let connection = open(mount);
    let mode: String = ask(&connection, &format!("PRAGMA journal_mode={journal_mode}"));
    assert_eq!(mode, journal_mode.to_lowercase());
    connection.execute_batch(&format!("PRAGMA synchronous={synchronous}")).expect("a known setting");
    connection
}

fn ask<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> T {
    try_ask(connection, sql).expect(sql)
}

fn try_ask<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> rusqlite::Result<T> {
    connection.query_row(sql, [], |row| row.get(0))
}

// ---------------------------------------------------------------- the disk against a trivially simple one

/// The same disk in the most obvious way: whole copies, made when they become durable.
#[derive(Default)]
struct Reference {
    live: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// Live and durable content, by inode.
    files: Vec<(Vec<u8>, Vec<u8>)>,
}

type Images = BTreeMap<String, Vec<u8>>;

impl Reference {
    fn create(&mut self, name: &str) -> usize {
        let files = &mut self.files;
        *self.live.entry(name.to_owned()).or_insert_with(|| {
            files.push(Default::default());
            files.len() - 1
        })
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let live = &mut self.files[file].0;
        live.resize(live.len().max(offset + bytes.len()), 0);
        live[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn sync(&mut self, file: usize) {
        let (live, durable) = &mut self.files[file];
        durable.clone_from(live);
        self.durable = self.live.clone();
    }

    fn live(&self) -> Images {
        self.live.iter().map(|(name, file)| (name.clone(), self.files[*file].0.clone())).collect()
    }

    fn crash(&self) -> Images {
        self.durable.iter().map(|(name, file)| (name.clone(), self.files[*file].1.clone())).collect()
    }
}

fn images(disk: &Disk) -> Images {
    disk.names().into_iter().map(|name| (name.clone(), disk.content(&name).expect("just listed"))).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Write { file: usize, offset: usize, bytes: Vec<u8> },
    Append { file: usize, bytes: Vec<u8> },
    Truncate { file: usize, len: usize },
    Sync { file: usize },
    SyncDirectory,
    Delete { file: usize },
    Reopen { file: usize },
    Crash,
}

const FILES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let bytes = || proptest::collection::vec(1..=u8::MAX, 0..24);
    prop_oneof![
        6 => (0..FILES, 0..96_usize, bytes()).prop_map(|(file, offset, bytes)| Step::Write { file, offset, bytes }),
        4 => (0..FILES, bytes()).prop_map(|(file, bytes)| Step::Append { file, bytes }),
        3 => (0..FILES, 0..96_usize).prop_map(|(file, len)| Step::Truncate { file, len }),
        3 => (0..FILES).prop_map(|file| Step::Sync { file }),
        1 => Just(Step::SyncDirectory),
        1 => (0..FILES).prop_map(|file| Step::Delete { file }),
        2 => (0..FILES).prop_map(|file| Step::Reopen { file }),
        1 => Just(Step::Crash),
    ]
}

fn open_all(disk: &Rc<Disk>, reference: &mut Reference) -> Vec<(Handle, usize)> {
    let open = |file: usize| {
        let name = format!("f{file}");
        (disk.create(&name), reference.create(&name))
    };
    (0..FILES).map(open).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn exactly_what_was_not_synced_is_lost(steps in proptest::collection::vec(step(), 1..80)) {
        let (mut disk, mut reference) = (Rc::new(Disk::new(0)), Reference::default());
        let mut open = open_all(&disk, &mut reference);
        for step in steps {
            match step {
                Step::Write { file, offset, bytes } => {
                    let (handle, file) = &open[file];
                    // An empty write moves no end.
                    if !bytes.is_empty() {
                        handle.write(offset as u64, &bytes).expect("small");
                        reference.write(*file, offset, &bytes);
                    }
                }
                Step::Append { file, bytes } => {
                    let (handle, file) = &open[file];
                    let end = handle.len();
                    handle.write(end, &bytes).expect("small");
                    reference.write(*file, end as usize, &bytes);
                }
                Step::Truncate { file, len } => {
                    let (handle, file) = &open[file];
                    handle.truncate(len as u64).expect("small");
                    reference.files[*file].0.resize(len, 0);
                }
                Step::Sync { file } => {
                    open[file].0.sync();
                    reference.sync(open[file].1);
                }
                Step::SyncDirectory => {
                    disk.sync_directory();
                    reference.durable = reference.live.clone();
                }
                Step::Delete { file } => {
                    let name = format!("f{file}");
                    prop_assert_eq!(disk.delete(&name), reference.live.remove(&name).is_some());
                }
                Step::Reopen { file } => {
                    let name = format!("f{file}");
                    open[file] = (disk.create(&name), reference.create(&name));
                }
                Step::Crash => {
                    let found = reference.crash();
                    disk = Rc::new(disk.crash());
                    prop_assert_eq!(&images(&disk), &found);
                    reference = Reference::default();
                    for (name, image) in found {
                        let file = reference.create(&name);
                        reference.files[file] = (image.clone(), image);
                    }
                    reference.durable = reference.live.clone();
                    open = open_all(&disk, &mut reference);
                }
            }
            prop_assert_eq!(images(&disk), reference.live());
            prop_assert_eq!(images(&disk.clone_live()), reference.live());
            prop_assert_eq!(images(&disk.crash()), reference.crash());
        }
    }
}

#[test]
fn a_file_has_a_largest_size() {
    let handle = Rc::new(Disk::new(0)).scratch();
    assert_eq!(handle.write(FILE_BYTES_MAX, b"x"), Err(DiskFull));
    assert_eq!(handle.write(u64::MAX, b"x"), Err(DiskFull));
    assert_eq!(handle.truncate(FILE_BYTES_MAX + 1), Err(DiskFull));
    assert_eq!(&*handle.read(u64::MAX, 5), b"");
    assert!(handle.is_empty());
}

#[test]
fn refused_and_released_locks_are_named() {
    let disk = Rc::new(Disk::new(0));
    let (a, b) = (disk.create("f"), disk.create("f"));
    let lock = LockName { file: a.file(), kind: LockKind::File };
    a.lock(Level::Exclusive).expect("nobody else is here");
    assert!(b.lock(Level::Shared).is_err());
    assert_eq!(disk.take_refused(), Some(lock));
    assert_eq!(disk.take_refused(), None);
    a.unlock(Level::Shared);
    assert_eq!(disk.take_released(), [], "nobody was waiting");
    disk.watch(true);
    a.unlock(Level::Unlocked);
    a.lock(Level::Shared).expect("free");
    drop(a);
    assert_eq!(disk.take_released(), [lock], "each lock once, and a dropped handle lets go");
    assert_eq!(disk.open_handles(), 1);
}

// ---------------------------------------------------------------- power loss under SQLite

#[derive(Debug, Default, PartialEq, Eq)]
struct Losses {
    /// Crashes after which a commit that was acknowledged was gone.
    lost: u32,
    /// Crashes after which the database could not be read, or was not whole.
    corrupt: u32,
}

const CRASHES: u32 = 60;

/// Loses power between two statements of a run of small commits, once for each seed.
fn crash_many_times(journal_mode: &str, synchronous: &str) -> Losses {
    let mut losses = Losses::default();
    for seed in 0..u64::from(CRASHES) {
        let draws = Disk::new(seed ^ 0xC4A5);
        let mount = mounted(seed);
        let connection = open_in(&mount, journal_mode, synchronous);
        connection
            .execute_batch(
                "PRAGMA wal_autocheckpoint=7; PRAGMA cache_size=5;
                 CREATE TABLE t(id INTEGER PRIMARY KEY, v, pad); CREATE INDEX tv ON t(v);
                 WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<40)
                 INSERT INTO t SELECT i, 0, hex(zeroblob(200)) FROM c;",
            )
            .expect("the disk is well");
        let commits = i64::try_from(1 + draws.random() % 30).expect("small");
        for commit in 1..=commits {
            connection.execute("UPDATE t SET v=?1", [commit]).expect("nobody else is here");
        }
        // Half of the crashes hit an open transaction, with pages of it already written: the cache is small.
        if draws.random().is_multiple_of(2) {
            connection
                .execute_batch("BEGIN; UPDATE t SET v=-1; UPDATE t SET v=-2")
                .expect("nobody else is here");
        }
        let after = vfs::mount(Rc::new(mount.disk().crash()));
        drop(connection);
        let connection = open(&after);
        let sane =
            try_ask::<String>(&connection, "PRAGMA integrity_check").is_ok_and(|answer| answer == "ok");
        let whole =
            try_ask::<bool>(&connection, "SELECT min(v) = max(v) AND min(v) >= 0 AND count(*) = 40 FROM t");
        let found = try_ask::<i64>(&connection, "SELECT min(v) FROM t");
        // A database from which even the table is missing is whole: it is the one before CREATE TABLE.
        let empty = try_ask::<i64>(&connection, "SELECT count(*) FROM sqlite_schema") == Ok(0);
        let before_insert = try_ask::<i64>(&connection, "SELECT count(*) FROM t") == Ok(0);
        if !sane || !(whole == Ok(true) || empty || before_insert) {
            losses.corrupt += 1;
        }
        if found != Ok(commits) {
            losses.lost += 1;
        }
    }
    losses
}

#[test]
fn what_is_promised_to_be_durable_survives_a_power_loss() {
    let _turn = turn();
    for (journal_mode, synchronous) in
        [("WAL", "FULL"), ("WAL", "EXTRA"), ("TRUNCATE", "FULL"), ("TRUNCATE", "EXTRA"), ("DELETE", "EXTRA")]
    {
        let losses = crash_many_times(journal_mode, synchronous);
        assert_eq!(losses, Losses::default(), "{journal_mode} {synchronous}");
    }
}

#[test]
fn what_is_not_promised_is_lost_but_never_half_of_it() {
    let _turn = turn();
    for (journal_mode, synchronous) in [
        ("WAL", "NORMAL"),
        ("WAL", "OFF"),
        ("DELETE", "FULL"),
        ("DELETE", "NORMAL"),
        ("DELETE", "OFF"),
        ("TRUNCATE", "NORMAL"),
        ("TRUNCATE", "OFF"),
    ] {
        let losses = crash_many_times(journal_mode, synchronous);
        assert!(losses.lost > 0, "{journal_mode} {synchronous} lost nothing: the disk keeps too much");
        if synchronous != "OFF" {
            assert_eq!(losses.corrupt, 0, "{journal_mode} {synchronous}");
        }
    }
}

// ---------------------------------------------------------------- the same seed, the same bytes

#[test]
fn a_seed_gives_the_same_bytes_again() {
    let _turn = turn();
    let run = |seed: u64, journal_mode: &str| {
        let mount = mounted(seed);
        vfs::reseed();
        let connection = open_in(&mount, journal_mode, "FULL");
        connection
            .execute_batch(
                "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, x, y DEFAULT (random()), z DEFAULT CURRENT_TIMESTAMP);
                 INSERT INTO a(x) VALUES (1), (2), (3);
                 CREATE INDEX ax ON a(x, y);
                 ANALYZE;
                 CREATE TABLE b(id INTEGER PRIMARY KEY);
                 INSERT INTO b VALUES (9223372036854775807);
                 INSERT INTO b VALUES (NULL);",
            )
            .expect("the disk is well");
        let numbers: (i64, String) = connection
            .query_row("SELECT random(), hex(randomblob(16))", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("no table is needed");
        let now: String = ask(&connection, "SELECT datetime('now')");
        assert_eq!(now, "2023-11-14 22:13:20");
        (numbers, images(mount.disk()), mount.id())
    };
    for journal_mode in ["WAL", "DELETE"] {
        let first = run(42, journal_mode);
        assert_eq!(run(42, journal_mode), first);
        let other = run(43, journal_mode);
        assert_ne!(other.0, first.0);
        assert_ne!(other.1, first.1);
    }
}

// ---------------------------------------------------------------- locks, as SQLite sees them

/// `ok`, or SQLite's extended code.
fn code<T>(result: rusqlite::Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(Error::SqliteFailure(error, _)) => error.extended_code.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Runs lines such as `a: BEGIN -> ok` and `b? SELECT v FROM t -> 5` on two connections.
fn check_script(journal_mode: &str, script: &str) {
    let mount = mounted(7);
    let connections = [(); 2].map(|()| open_in(&mount, journal_mode, "FULL"));
    connections[0]
        .execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 0), (2, 0)")
        .expect("nobody else is here");
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (left, expected) = line.split_once(" -> ").expect("a line says what it expects");
        let (who, sql) = left.split_at(2);
        let connection = &connections[usize::from(who.starts_with('b'))];
        let actual = if who.ends_with('?') {
            try_ask::<i64>(connection, sql.trim())
                .map_or_else(|error| code::<()>(Err(error)), |v| v.to_string())
        } else {
            code(connection.execute_batch(sql.trim()))
        };
        assert_eq!(actual, expected, "{journal_mode}: {line}");
    }
}

#[test]
fn there_is_one_writer_and_nobody_sees_what_it_has_not_committed() {
    let _turn = turn();
    for journal_mode in ["WAL", "DELETE"] {
        check_script(
            journal_mode,
            "a: BEGIN IMMEDIATE -> ok
             b: BEGIN IMMEDIATE -> 5
             a: UPDATE t SET v=1 WHERE id=1 -> ok
             b? SELECT v FROM t WHERE id=1 -> 0
             a: COMMIT -> ok
             b? SELECT v FROM t WHERE id=1 -> 1",
        );
    }
}

#[test]
fn wal_readers_and_one_writer() {
    let _turn = turn();
    check_script(
        "WAL",
        "a: BEGIN -> ok
         a? SELECT v FROM t WHERE id=1 -> 0
         b: UPDATE t SET v=5 WHERE id=1 -> ok
         a? SELECT v FROM t WHERE id=1 -> 0
         a: UPDATE t SET v=v+1 WHERE id=1 -> 517
         a: COMMIT -> ok
         b? SELECT v FROM t WHERE id=1 -> 5",
    );
    check_script(
        "WAL",
        "a: BEGIN -> ok
         b: BEGIN -> ok
         a? SELECT v FROM t WHERE id=1 -> 0
         b? SELECT v FROM t WHERE id=1 -> 0
         a: UPDATE t SET v=v+1 WHERE id=1 -> ok
         b: UPDATE t SET v=v+10 WHERE id=1 -> 5
         a: COMMIT -> ok
         b: UPDATE t SET v=v+10 WHERE id=1 -> 517
         b: ROLLBACK -> ok",
    );
}

#[test]
fn rollback_journal_commits_wait_for_readers() {
    let _turn = turn();
    check_script(
        "DELETE",
        "a: BEGIN -> ok
         a? SELECT v FROM t WHERE id=1 -> 0
         b: UPDATE t SET v=5 WHERE id=1 -> 5
         a: COMMIT -> ok
         b: UPDATE t SET v=5 WHERE id=1 -> ok",
    );
    check_script(
        "DELETE",
        "a: BEGIN -> ok
         b: BEGIN -> ok
         a? SELECT v FROM t WHERE id=1 -> 0
         b? SELECT v FROM t WHERE id=1 -> 0
         a: UPDATE t SET v=v+1 WHERE id=1 -> ok
         b: UPDATE t SET v=v+10 WHERE id=1 -> 5
         a: COMMIT -> 5
         b: COMMIT -> ok
         b? SELECT v FROM t WHERE id=1 -> 5
         a: COMMIT -> ok
         b? SELECT v FROM t WHERE id=1 -> 1",
    );
}

#[test]
fn a_busy_writer_learns_what_it_waits_for() {
    let _turn = turn();
    for (journal_mode, kind) in [("WAL", LockKind::Slot(0)), ("DELETE", LockKind::File)] {
        let mount = mounted(7);
        let [a, b] = [(); 2].map(|()| open_in(&mount, journal_mode, "FULL"));
        a.execute_batch("CREATE TABLE t(v); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").expect("free");
        let _ = mount.disk().take_refused();
        assert_eq!(code(b.execute_batch("BEGIN IMMEDIATE")), "5");
        let lock = mount.disk().take_refused().expect("busy has a reason");
        assert_eq!(lock.kind, kind);
        mount.disk().watch(true);
        a.execute_batch("COMMIT").expect("no reader is in the way");
        assert!(mount.disk().take_released().contains(&lock));
        b.execute_batch("BEGIN IMMEDIATE; COMMIT").expect("the lock is free");
    }
}

// ---------------------------------------------------------------- the VFS

#[test]
fn wal_connections_share_memory_until_the_last_one_closes() {
    let _turn = turn();
    let mount = mounted(1);
    let connections: Vec<Connection> = (0..4).map(|_| open_in(&mount, "WAL", "FULL")).collect();
    connections[0].execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, v)").expect("free");
    for (turn, connection) in connections.iter().cycle().take(3_000).enumerate() {
        let id = i64::try_from(turn).expect("small");
        connection.execute("INSERT INTO t VALUES (?1, hex(zeroblob(1000)))", [id]).expect("free");
    }
    let counts = || connections.iter().map(|c| ask(c, "SELECT count(*) FROM t")).collect::<Vec<i64>>();
    assert_eq!(counts(), [3_000; 4]);
    // More than 32 KiB of index, so more than one region.
    let busy: i64 = ask(&connections[1], "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(busy, 0);
    assert_eq!(mount.disk().len_of("main.db-wal"), Some(0));
    assert_eq!(counts(), [3_000; 4]);
    connections[2].execute_batch("DELETE FROM t WHERE id >= 1000").expect("free");
    assert_eq!(counts(), [1_000; 4]);
    let integrity: String = ask(&connections[3], "PRAGMA integrity_check");
    assert_eq!(integrity, "ok");

    let witness = mount.disk().open(DATABASE).expect("it exists");
    assert_eq!(witness.mapped_by(), 4);
    drop(connections);
    assert_eq!(witness.mapped_by(), 0);
    assert_eq!(mount.disk().open_handles(), 1);
    assert_eq!(mount.disk().names(), [DATABASE], "the last one to leave checkpoints and removes the log");
    let count: i64 = ask(&open(&mount), "SELECT count(*) FROM t");
    assert_eq!(count, 1_000);
}

#[test]
fn a_copy_is_read_without_disturbing_the_original() {
    let _turn = turn();
    let mount = mounted(1);
    let connection = open_in(&mount, "WAL", "NORMAL");
    connection
        .execute_batch("CREATE TABLE t(v); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)")
        .expect("free");
    let before = (images(mount.disk()), mount.disk().counters());
    let copy = vfs::mount(Rc::new(mount.disk().clone_live()));
    let count: i64 = ask(&open(&copy), "SELECT count(*) FROM t");
    assert_eq!(count, 1, "committed, though not synced");
    assert_eq!((images(mount.disk()), mount.disk().counters()), before);
}

#[test]
fn temporary_files_stay_on_the_disk() {
    let _turn = turn();
    let mount = mounted(1);
    let connection = open(&mount);
    connection
        .execute_batch(
            "PRAGMA temp_store=FILE; PRAGMA cache_size=5; CREATE TEMP TABLE t(v);
             WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<2000)
             INSERT INTO t SELECT hex(randomblob(500)) FROM c;
             CREATE INDEX temp.tv ON t(v);",
        )
        .expect("the disk is well");
    assert!(mount.disk().counters().bytes_written > 1_000_000, "spilled to the simulated disk");
    assert_eq!(mount.disk().names(), [DATABASE], "temporary files have no name");
}

#[test]
fn a_connection_that_outlives_its_mount_finds_no_other_disk() {
    let _turn = turn();
    let first = mounted(1);
    let id = first.id();
    let connection = open_in(&first, "DELETE", "FULL");
    connection.execute_batch("CREATE TABLE t(v)").expect("free");
    drop(first);
    let second = mounted(2);
    assert_ne!(second.id(), id, "the id is still in use");
    assert_eq!(code(connection.execute_batch("INSERT INTO t VALUES (1)")), "14", "no journal can be opened");
    drop(connection);
    assert_eq!(second.disk().names(), [""; 0]);
    let third = mounted(3);
    assert_eq!(third.id(), id, "and now it is free");
}

#[test]
fn the_disk_mounted_last_is_current_unless_told_otherwise() {
    let _turn = turn();
    let (early, late) = (mounted(1), mounted(2));
    early.disk().set_now(0);
    let connection = open(&early);
    let year = || ask::<String>(&connection, "SELECT strftime('%Y', 'now')");
    assert_eq!(year(), "2023");
    early.make_current();
    assert_eq!(year(), "1970");
    drop(late);
    assert_eq!(year(), "1970");
    let last = mounted(3);
    assert_eq!(year(), "2023");
    drop(last);
    assert_eq!(year(), "1970");
}

#[test]
fn another_thread_cannot_touch_the_disk() {
    let _turn = turn();
    let mount = mounted(1);
    let connection = open(&mount);
    connection.execute_batch("CREATE TABLE t(v)").expect("free");
    #[expect(clippy::disallowed_methods, reason = "the point of the test")]
    let answer =
        std::thread::spawn(move || code(connection.execute_batch("INSERT INTO t VALUES (1)"))).join();
    assert_ne!(answer.expect("no panic"), "ok");
}

#[test]
fn real_files_are_left_to_the_vfs_before() {
    let _turn = turn();
    vfs::register();
    let check = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&path);
        let connection = Connection::open(&path).expect("a real file");
        let mode: String = ask(&connection, "PRAGMA journal_mode=WAL");
        assert_eq!(mode, "wal");
        connection
            .execute_batch(
                "PRAGMA temp_store=FILE; CREATE TABLE t(v); INSERT INTO t VALUES (random());
                            CREATE TEMP TABLE u AS SELECT * FROM t; ATTACH '' AS scratch;
                            CREATE TABLE scratch.w AS SELECT * FROM t",
            )
            .expect("a real file");
        let count: i64 = ask(&Connection::open(&path).expect("again"), "SELECT count(*) FROM t");
        assert_eq!(count, 1);
        assert!(path.exists());
        drop(connection);
        std::fs::remove_file(&path).expect("it is there");
        // Without a mounted disk the host's clock is the clock; with one, the disk's is.
        ask::<i64>(&Connection::open_in_memory().expect("no file"), "SELECT unixepoch()")
    };
    let host = check("without-a-disk.db");
    let mount = mounted(1);
    assert_eq!(check("with-a-disk.db"), 1_700_000_000);
    assert!(host > 1_700_000_000);
    assert_eq!(mount.disk().names(), [""; 0]);
}

#[test]
fn what_is_not_there_is_not_opened() {
    let _turn = turn();
    let mount = mounted(1);
    assert_eq!(code(vfs::open(&mount, "")), "14");
    let gone = mount.path(DATABASE);
    drop(mount);
    assert_eq!(code(Connection::open(gone)), "14");
    assert_eq!(code(Connection::open("/drawloom-99999999999999999999/main.db")), "14");
}
