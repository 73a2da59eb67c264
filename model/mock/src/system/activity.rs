//! What goes on: locks, sessions, settings.

use super::System;
use super::value::*;
use crate::catalog::{DATABASE, PG_CATALOG};
use crate::cursor::Cursor;
use crate::ids::Oid;
use crate::locks::{AdvisoryKey, Row, Tag};
use crate::session::{Block, Session};
use crate::types::Datum;
use drawloom_model::SessionId;
use std::rc::Rc;

/// `pg_locks`
pub(super) static LOCKS: System = System {
    oid: Oid(12_010),
    schema: PG_CATALOG,
    name: "pg_locks",
    is_view: true,
    columns: &[
        ("locktype", TEXT),
        ("database", OID),
        ("relation", OID),
        ("page", INT4),
        ("tuple", INT2),
        ("transactionid", INT8),
        ("classid", OID),
        ("objid", OID),
        ("objsubid", INT2),
        ("pid", INT4),
        ("mode", TEXT),
        ("granted", BOOL),
    ],
    rows: |world| world.database.locks.borrow().rows().into_iter().map(lock).collect(),
};

fn lock(row: Row) -> Vec<Datum> {
    let (mut relation, mut tuple, mut transaction) = (Datum::Null, Datum::Null, Datum::Null);
    let mut database = oid(DATABASE);
    let mut object = [Datum::Null, Datum::Null, Datum::Null];
    let number = |number: u64| Datum::Int(i64::try_from(number & 0xffff_ffff).expect("it has 32 bits"));
    match row.tag {
        Tag::Relation(of) => relation = oid(of),
        Tag::Tuple(of, tid) => {
            relation = oid(of);
            tuple = Datum::Int(tid.0.into());
        }
        Tag::Transaction(xid) | Tag::Speculative(xid, _) => {
            transaction = Datum::Int(xid.0.into());
            database = Datum::Null;
        }
        Tag::Object(of) => object = [oid(Oid(2615)), oid(of), Datum::Int(0)],
        Tag::Advisory(AdvisoryKey::Big(key)) => {
            let key = key.cast_unsigned();
            object = [number(key >> 32), number(key), Datum::Int(1)];
        }
        Tag::Advisory(AdvisoryKey::Pair(first, second)) => {
            let half = |half: i32| Datum::Int(half.cast_unsigned().into());
            object = [half(first), half(second), Datum::Int(2)];
        }
    }
    let page = if tuple.is_null() { Datum::Null } else { Datum::Int(0) };
    let [class, number, part] = object;
    vec![
        text(row.tag.kind()),
        database,
        relation,
        page,
        tuple,
        transaction,
        class,
        number,
        part,
        Datum::Int(row.owner.0.into()),
        text(row.mode.name()),
        Datum::Bool(row.granted),
    ]
}

/// `pg_stat_activity`
pub(super) static ACTIVITY: System = System {
    oid: Oid(12_011),
    schema: PG_CATALOG,
    name: "pg_stat_activity",
    is_view: true,
    columns: &[
        ("datid", OID),
        ("datname", NAME),
        ("pid", INT4),
        ("usename", NAME),
        ("application_name", TEXT),
        ("wait_event_type", TEXT),
        ("state", TEXT),
        ("backend_type", TEXT),
    ],
    rows: |world| {
        let row = |(id, session): (SessionId, &Session)| {
            let waits = world.database.locks.borrow().is_waiting(id);
            let setting = |name| session.settings.get(name).map_or(Datum::Null, Datum::Text);
            vec![
                oid(DATABASE),
                name_of(catalog(world), DATABASE),
                Datum::Int(id.0.into()),
                setting("session_authorization"),
                setting("application_name"),
                if waits { text("Lock") } else { Datum::Null },
                text(state(session, waits || id == world.session)),
                text("client backend"),
            ]
        };
        let is_client = |(id, _): &(SessionId, &Session)| !world.database.prepared.has(*id);
        world.database.sessions.iter().filter(is_client).map(row).collect()
    },
};

fn state(session: &Session, is_active: bool) -> &'static str {
    match session.transaction.as_ref().map(|transaction| transaction.block) {
        _ if is_active => "active",
        None | Some(Block::Implicit) => "idle",
        Some(Block::Open) => "idle in transaction",
        Some(Block::Failed) => "idle in transaction (aborted)",
    }
}

/// `pg_settings`
pub(super) static SETTINGS: System = System {
    oid: Oid(12_012),
    schema: PG_CATALOG,
    name: "pg_settings",
    is_view: true,
    columns: &[("name", TEXT), ("setting", TEXT)],
    rows: |world| {
        let settings = &world.database.session(world.session).settings;
        let row = |(name, value): (&'static str, Rc<str>)| vec![text(name), Datum::Text(value)];
        settings.all().map(row).collect()
    },
};

/// `pg_prepared_xacts`, without when they were prepared
pub(super) static PREPARED_TRANSACTIONS: System = System {
    oid: Oid(12_013),
    schema: PG_CATALOG,
    name: "pg_prepared_xacts",
    is_view: true,
    columns: &[("gid", TEXT), ("owner", NAME), ("database", NAME)],
    rows: |world| {
        let row = |(gid, session): (&Rc<str>, SessionId)| {
            let session = world.database.session(session);
            let owner = session.settings.get("session_authorization").map_or(Datum::Null, Datum::Text);
            vec![name(gid), owner, name_of(catalog(world), DATABASE)]
        };
        world.database.prepared.all().map(row).collect()
    },
};

/// `pg_prepared_statements`, without their texts
pub(super) static PREPARED_STATEMENTS: System = System {
    oid: Oid(12_014),
    schema: PG_CATALOG,
    name: "pg_prepared_statements",
    is_view: true,
    columns: &[("name", TEXT), ("from_sql", BOOL)],
    rows: |world| {
        let prepared = &world.database.session(world.session).prepared;
        prepared.keys().map(|statement| vec![name(statement), Datum::Bool(true)]).collect()
    },
};

/// `pg_cursors`, without their texts
pub(super) static CURSORS: System = System {
    oid: Oid(12_015),
    schema: PG_CATALOG,
    name: "pg_cursors",
    is_view: true,
    columns: &[("name", TEXT), ("is_holdable", BOOL), ("is_binary", BOOL), ("is_scrollable", BOOL)],
    rows: |world| {
        let cursors = &world.database.session(world.session).cursors;
        let row = |(own, cursor): (&Rc<str>, &Cursor)| {
            let [is_held, scrolls] = [cursor.is_held, cursor.scrolls].map(Datum::Bool);
            vec![name(own), is_held, Datum::Bool(false), scrolls]
        };
        cursors.iter().map(row).collect()
    },
};
