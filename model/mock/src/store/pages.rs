//! What belongs to row versions, by their numbers.

use crate::ids::Tid;

/// How many stand together.
const PAGE_PLACES: usize = 64;

/// Things by the numbers of row versions, which are given in the order in which those are written; where all of a page
/// are forgotten, so is the page.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<Page<T>>,
    written: u32,
    len: usize,
}

/// Those with numbers that follow on each other.
#[derive(Debug)]
struct Page<T> {
    places: Vec<Option<T>>,
    len: usize,
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { pages: Vec::new(), written: 0, len: 0 }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Page<T> {
        Page { places: Vec::new(), len: 0 }
    }
}

impl<T> Page<T> {
    fn forget(&mut self, slot: usize) -> Option<T> {
        let thing = self.places.get_mut(slot)?.take()?;
        self.len -= 1;
        if self.len == 0 && self.places.len() == PAGE_PLACES {
            self.places = Vec::new();
        }
        Some(thing)
    }
}

/// The page of a number, and its place there.
fn place(tid: Tid) -> (usize, usize) {
    let before = (tid.0 as usize).wrapping_sub(1);
    (before / PAGE_PLACES, before % PAGE_PLACES)
}

impl<T> Pages<T> {
    /// The number that the next one will have.
    pub fn next(&self) -> Tid {
        Tid(self.written + 1)
    }

    /// Puts something at the next number.
    pub fn push(&mut self, thing: T) -> Tid {
        let tid = self.next();
        self.written = tid.0;
        self.len += 1;
        let (page, _) = place(tid);
        if page == self.pages.len() {
            self.pages.push(Page::default());
        }
        let page = &mut self.pages[page];
        page.places.push(Some(thing));
        page.len += 1;
        tid
    }

    /// Puts something at this number, where it was before.
    pub fn restore(&mut self, tid: Tid, thing: T) {
        self.written = self.written.max(tid.0);
        let (page, slot) = place(tid);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, Page::default);
        }
        let page = &mut self.pages[page];
        if slot >= page.places.len() {
            page.places.resize_with(slot + 1, || None);
        }
        if page.places[slot].replace(thing).is_none() {
            page.len += 1;
            self.len += 1;
        }
    }

    pub fn get(&self, tid: Tid) -> Option<&T> {
        let (page, slot) = place(tid);
        self.pages.get(page)?.places.get(slot)?.as_ref()
    }

    pub fn get_mut(&mut self, tid: Tid) -> Option<&mut T> {
        let (page, slot) = place(tid);
        self.pages.get_mut(page)?.places.get_mut(slot)?.as_mut()
    }

    pub fn remove(&mut self, tid: Tid) -> Option<T> {
        let (page, slot) = place(tid);
        let thing = self.pages.get_mut(page)?.forget(slot)?;
        self.len -= 1;
        Some(thing)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Tid, &T)> {
        self.pages.iter().zip(0..).flat_map(|(page, number)| {
            let tids = (number * PAGE_PLACES as u32 + 1..).map(Tid);
            page.places.iter().zip(tids).filter_map(|(thing, tid)| Some((tid, thing.as_ref()?)))
        })
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pages.iter_mut().flat_map(|page| page.places.iter_mut().flatten())
    }

    pub fn len(&self) -> usize {
        self.len
    }
}
