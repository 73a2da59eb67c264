//! Draws a recorded interleaving for a terminal: who did what, in which order, and what went wrong.
//!
//! ```text
//! History --statements--> what became of each --rows--> rows in the server's order
//!         --drawing--> columns, or rails for many workers --text--> lines
//!         --brief-->   a line each                        --text--> lines
//! ```
//!
//! A statement stands where the server executed it, for that order is what a bug depends on; when its answer
//! reached the client does not show. What the history does not know is drawn as unknown, never guessed.

mod brief;
mod drawing;
mod findings;
mod lane;
mod rows;
mod setup;
pub(crate) mod statements;
pub(crate) mod text;
pub(crate) mod words;

pub use brief::brief;

use drawing::Drawing;
use drawloom_model::{Finding, History};
use statements::Statements;
use text::Page;

/// Narrower is not drawn.
const WIDTH_MIN: usize = 40;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// How many columns a line has at most; fewer than 40 are taken for 40.
    pub width: usize,
    /// Whether to add ANSI colours. They repeat what the characters say.
    pub color: bool,
}

/// Draws the run: what prepared the database, what the workers did, the checks, and what was found.
pub fn draw(history: &History, findings: &[Finding], style: &Style) -> String {
    let mut page = Page::new(style.width.max(WIDTH_MIN), style.color);
    setup::draw(&mut page, history);
    let statements = Statements::of(history);
    let rows = rows::rows(history, &statements, findings);
    Drawing::new(&mut page, &rows).draw(&rows);
    findings::draw(&mut page, history, &statements, findings);
    page.finish()
}
