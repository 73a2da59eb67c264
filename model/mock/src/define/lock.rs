//! LOCK TABLE.

use crate::catalog::{Privilege, QualifiedName};
use crate::error::error;
use crate::executor::Executor;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    pub(super) async fn lock_tables(&self, lock: &ast::Lock) -> Result<Reply, SqlError> {
        if !self.is_in_transaction() {
            return Err(error("25P01", "LOCK TABLE can only be used in transaction blocks"));
        }
        use ast::LockTableMode as Ast;
        let mode = match lock.lock_mode {
            None | Some(Ast::AccessExclusive) => Mode::AccessExclusive,
            Some(Ast::AccessShare) => Mode::AccessShare,
            Some(Ast::RowShare) => Mode::RowShare,
            Some(Ast::RowExclusive) => Mode::RowExclusive,
            Some(Ast::ShareUpdateExclusive) => Mode::ShareUpdateExclusive,
            Some(Ast::Share) => Mode::Share,
            Some(Ast::ShareRowExclusive) => Mode::ShareRowExclusive,
            Some(Ast::Exclusive) => Mode::Exclusive,
        };
        for target in &lock.tables {
            let name = QualifiedName::of(&target.name)?;
            let oid = self.with(|database| {
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                let (oid, _) = catalog.resolve(naming, &name)?;
                // One of them is enough.
                match privileges(mode).iter().any(|one| catalog.allows(naming.user, oid, *one)) {
                    true => Ok(oid),
                    false => catalog.require(naming.user, oid, privileges(mode)[0]).map(|()| oid),
                }
            })?;
            if lock.nowait {
                let taken = self.with(|database| {
                    let depth = database.session(self.session).transaction().depth();
                    database.locks.get_mut().try_acquire(self.session, Tag::Relation(oid), mode, depth)
                });
                if !taken {
                    let message = format!("could not obtain lock on relation \"{}\"", name.name);
                    return Err(error("55P03", message));
                }
            } else {
                self.lock(Tag::Relation(oid), mode, "a table's lock").await?;
            }
            self.with(|database| database.refresh(self.session));
            if self.with(|database| database.catalog(self.session).object(oid).is_none()) {
                return Err(error("42P01", format!("relation \"{name}\" does not exist")));
            }
        }
        Ok(Reply::default())
    }
}

/// What lets a user lock a table (PostgreSQL's LockTableAclCheck).
fn privileges(mode: Mode) -> &'static [Privilege] {
    match mode {
        Mode::AccessShare => &[Privilege::Select],
        Mode::RowExclusive => &[Privilege::Insert, Privilege::Update, Privilege::Delete, Privilege::Truncate],
        _ => &[Privilege::Update, Privilege::Delete, Privilege::Truncate],
    }
}
