//! What the tracker of serializable transactions says of READ ONLY ones, of savepoints, and of tables that change.

use drawloom_mock::ids::{Oid, Tid, Xid};
use drawloom_mock::ssi::{Failure, Part, Safety, Ssi, Target};

const X: Tid = Tid(1);
const Y: Tid = Tid(2);
const TABLE: Oid = Oid(1);
const INDEX: Oid = Oid(2);

fn commit(ssi: &mut Ssi, transaction: Xid) {
    assert_eq!(ssi.prepare_commit(transaction), Ok(()));
    ssi.committed(transaction);
}

#[test]
fn a_snapshot_is_safe_where_nobody_writes() {
    let mut ssi = Ssi::new();
    ssi.begin(Xid(1), true);
    assert_eq!(ssi.safety(Xid(1)), Safety::Safe);
    ssi.read_relation(Xid(1), TABLE);
    assert!(ssi.is_empty());
}

#[test]
fn a_snapshot_is_safe_when_all_have_ended_well() {
    let mut ssi = Ssi::new();
    ssi.begin(Xid(1), false);
    ssi.begin(Xid(2), false);
    ssi.begin(Xid(3), true);
    ssi.read_row(Xid(3), TABLE, X);
    assert_eq!((ssi.safety(Xid(3)), ssi.undecided(Xid(3))), (Safety::Undecided, &[Xid(1), Xid(2)][..]));
    assert_eq!(ssi.undecided(Xid(1)), []);
    ssi.begin(Xid(4), false);
    assert_eq!(ssi.write_row(Xid(1), TABLE, Some(X), false), Ok(()));
    commit(&mut ssi, Xid(1));
    assert_eq!((ssi.safety(Xid(3)), ssi.undecided(Xid(3))), (Safety::Undecided, &[Xid(2)][..]));
    ssi.aborted(Xid(2));
    assert_eq!(ssi.safety(Xid(3)), Safety::Safe);
    assert_eq!(ssi.reads().count(), 0);
    commit(&mut ssi, Xid(3));
    commit(&mut ssi, Xid(4));
    assert!(ssi.is_empty());
}

/// The read-only anomaly, up to where 3 has begun: 2 withdraws without having seen the deposit of 1, which 3 sees
/// without the withdrawal.
fn deposit_and_audit() -> Ssi {
    let mut ssi = Ssi::new();
    ssi.begin(Xid(1), false);
    ssi.begin(Xid(2), false);
    ssi.read_row(Xid(2), TABLE, Y);
    assert_eq!(ssi.write_row(Xid(1), TABLE, Some(Y), false), Ok(()));
    commit(&mut ssi, Xid(1));
    ssi.begin(Xid(3), true);
    ssi
}

#[test]
fn a_snapshot_is_unsafe_when_it_sees_what_one_that_ends_after_it_has_not() {
    let mut ssi = deposit_and_audit();
    assert_eq!(ssi.undecided(Xid(3)), [Xid(2)]);
    assert_eq!(ssi.write_row(Xid(2), TABLE, Some(X), false), Ok(()));
    commit(&mut ssi, Xid(2));
    assert_eq!((ssi.safety(Xid(3)), ssi.undecided(Xid(3))), (Safety::Unsafe, &[][..]));
    // It has waited in vain, and takes another snapshot.
    ssi.aborted(Xid(3));
    ssi.begin(Xid(3), true);
    assert_eq!(ssi.safety(Xid(3)), Safety::Safe);
    assert!(ssi.is_empty());
}

/// 3 has not waited.
#[test]
fn whoever_reads_with_an_unsafe_snapshot_may_fail() {
    let mut ssi = deposit_and_audit();
    assert_eq!(ssi.write_row(Xid(2), TABLE, Some(X), false), Ok(()));
    commit(&mut ssi, Xid(2));
    assert_eq!(ssi.read_past(Xid(3), Xid(2)), Err(Failure::Read(Xid(2))));
}

#[test]
fn what_was_written_need_not_have_been_read_unless_it_may_be_taken_back() {
    for in_savepoint in [false, true] {
        let mut ssi = Ssi::new();
        ssi.begin(Xid(1), false);
        ssi.read_row(Xid(1), TABLE, X);
        assert_eq!(ssi.write_row(Xid(1), TABLE, Some(X), in_savepoint), Ok(()));
        assert_eq!(ssi.reads().count(), usize::from(in_savepoint));
    }
}

#[test]
fn what_was_read_of_a_table_that_changes_is_all_of_it() {
    let mut ssi = Ssi::new();
    ssi.begin(Xid(1), false);
    ssi.begin(Xid(2), false);
    ssi.read_row(Xid(1), TABLE, X);
    ssi.read_row(Xid(1), TABLE, Y);
    ssi.read_index(Xid(2), INDEX, 0);
    ssi.widen(INDEX, TABLE);
    ssi.widen(TABLE, TABLE);
    let whole = Target { relation: TABLE, part: Part::Whole };
    let mut reads: Vec<(Target, Xid)> = ssi.reads().collect();
    reads.sort();
    assert_eq!(reads, [(whole, Xid(1)), (whole, Xid(2))]);
    ssi.aborted(Xid(1));
    ssi.aborted(Xid(2));
    assert!(ssi.is_empty());
}

/// Of a page two rows are locked one by one, of a table 31 of its parts; the lock on a page counts when it is there
/// beside the three on its rows that it replaces, so never more than 30 are left.
#[test]
fn many_small_locks_become_a_great_one() {
    let mut ssi = Ssi::new();
    ssi.begin(Xid(1), false);
    let mut counts = Vec::new();
    for row in 0..200 * 40 {
        ssi.read_row(Xid(1), TABLE, Tid(row));
        counts.push(ssi.reads().count());
    }
    assert_eq!(counts[..4], [1, 2, 1, 1]);
    assert_eq!(*counts.iter().max().unwrap(), 30);
    assert_eq!(ssi.reads().last().unwrap().0.part, Part::Whole);
    ssi.read_row(Xid(1), TABLE, Tid(u32::MAX));
    ssi.read_row(Xid(1), INDEX, Tid(u32::MAX));
    ssi.read_index(Xid(1), INDEX, u32::MAX);
    ssi.aborted(Xid(1));
    assert!(ssi.is_empty());
}
