//! The sessions of a database.

use crate::session::Session;
use drawloom_model::SessionId;
use std::cell::Cell;

/// Sessions by their numbers. They are few, and a statement asks for its own a dozen times: the last one that was
/// asked for is where the search begins.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// In the order of the numbers.
    list: Vec<(SessionId, Box<Session>)>,
    last: Cell<usize>,
}

impl Sessions {
    #[inline]
    fn place(&self, id: SessionId) -> Option<usize> {
        let last = self.last.get();
        if self.list.get(last).is_some_and(|(known, _)| *known == id) {
            return Some(last);
        }
        let place = self.list.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        self.last.set(place);
        Some(place)
    }

    #[inline]
    pub fn get(&self, id: SessionId) -> Option<&Session> {
        self.place(id).map(|place| &*self.list[place].1)
    }

    #[inline]
    pub fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.place(id).map(|place| &mut *self.list[place].1)
    }

    pub fn has(&self, id: SessionId) -> bool {
        self.place(id).is_some()
    }

    /// Adds one, or puts it in the place of another one.
    pub fn insert(&mut self, id: SessionId, session: Session) {
        match self.list.binary_search_by_key(&id, |(known, _)| *known) {
            Ok(place) => *self.list[place].1 = session,
            Err(place) => self.list.insert(place, (id, session.into())),
        }
    }

    pub fn remove(&mut self, id: SessionId) {
        self.list.retain(|(known, _)| *known != id);
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.list.iter().map(|(id, session)| (*id, &**session))
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SessionId, &mut Session)> {
        self.list.iter_mut().map(|(id, session)| (*id, &mut **session))
    }

    pub fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.list.iter().map(|(id, _)| *id)
    }

    /// The oldest commit that anybody may yet have to see undone, after so many.
    pub fn horizon(&self, commits: u64) -> u64 {
        let snapshots = self.list.iter().flat_map(|(_, session)| {
            let snapshot = session.transaction.as_ref().and_then(|transaction| transaction.snapshot);
            let cursors = session.cursors.values().filter_map(|cursor| cursor.reader);
            snapshot.into_iter().chain(cursors.map(|reader| reader.sequence))
        });
        snapshots.min().unwrap_or(commits)
    }
}
