//! Undoes what a statement, a savepoint or a transaction did: the catalog, the settings, the numbers of its versions.

use crate::bug::Bug;
use crate::change::Checks;
use crate::database::Database;
use crate::ids::Xid;
use crate::options::Isolation;
use crate::session::{Block, Draft, Level};
use crate::store::Locker;
use drawloom_model::SessionId;

impl Database {
    /// A statement has failed: what its transaction, or the last savepoint, did is undone at once.
    pub fn fail(&mut self, session: SessionId) {
        let leaves_entry = self.has(Bug::LeftoverCatalogEntry);
        let Database { sessions, catalog, .. } = self;
        let state = sessions.get_mut(session).expect("the server knows its sessions");
        let Some(transaction) = &mut state.transaction else { return };
        if transaction.block == Block::Implicit {
            if let Some(draft) = transaction.draft.as_ref().filter(|_| leaves_entry) {
                catalog.apply(&draft.changes);
            }
            self.roll_back(session);
            return;
        }
        if transaction.block == Block::Failed {
            return;
        }
        transaction.block = Block::Failed;
        transaction.checks = Checks::default();
        transaction.reads_latest = false;
        let depth = transaction.depth();
        let level = std::mem::take(transaction.level());
        // ROLLBACK TO goes back to where the savepoint was set, and may do so again.
        let (settings, savepoint) = (level.settings.clone(), level.savepoint.clone());
        *transaction.level() = Level { settings, savepoint, ..Level::default() };
        let draft = transaction.draft.take();
        let watched =
            if depth == 1 && transaction.isolation == Isolation::Serializable { level.xid } else { None };
        if depth == 1 {
            transaction.snapshot = None;
        }
        if let Some(xid) = watched {
            self.ssi.get_mut().aborted(xid);
        }
        self.undo(session, level, draft);
        self.locks.borrow_mut().release_since(session, depth);
    }

    /// Undoes a level: its numbers are those of transactions that never were, and the catalog and the settings are
    /// as they were before it.
    pub fn undo(&mut self, session: SessionId, level: Level, draft: Option<Draft>) {
        let xids: Vec<Xid> = level.xid.into_iter().chain(level.released).collect();
        if !xids.is_empty() {
            self.footprints.undo(session);
        }
        if level.savepoint.is_some() && self.has(Bug::LockKeptByRollbackTo) {
            self.keep_row_locks(session, &xids);
        }
        for xid in xids {
            self.transactions.abort(xid);
        }
        let Database { catalog: committed, sessions, .. } = self;
        let state = sessions.get_mut(session).expect("the server knows its sessions");
        if let Some(settings) = level.settings {
            state.settings = settings;
        }
        let Some(transaction) = &mut state.transaction else { return };
        let savepoint = level.savepoint;
        transaction.announcements.truncate(savepoint.as_ref().map_or(0, |savepoint| savepoint.announced));
        let had = savepoint
            .and_then(|savepoint| savepoint.changes)
            .filter(|changes| draft.is_some() && !changes.is_empty());
        transaction.draft = had.map(|changes| {
            let mut catalog = committed.clone();
            catalog.apply(&changes);
            Draft { base: committed.version(), catalog, changes }
        });
    }

    /// Keeps the row locks of a level that is undone, as [`Bug::LockKeptByRollbackTo`] does.
    fn keep_row_locks(&mut self, session: SessionId, undone: &[Xid]) {
        if self.session(session).transaction.as_ref().is_none_or(|transaction| transaction.levels.is_empty())
        {
            return;
        }
        let heir = self.xid(session);
        for tuple in self.files.values_mut().flat_map(|file| file.heap.iter_mut()) {
            if let Some(end) = tuple.end.filter(|end| undone.contains(&end.xid)) {
                tuple.lockers.push(Locker { xid: heir, mode: end.mode });
            }
            tuple.lockers.iter_mut().filter(|it| undone.contains(&it.xid)).for_each(|it| it.xid = heir);
        }
    }
}
