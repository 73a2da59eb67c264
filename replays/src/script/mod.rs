//! Scripts: which session says what, in this order, and what came of it. One text is the test and its documentation.
//!
//! ```text
//! # PostgreSQL's manual, 13.2.1.              for the reader
//! isolation: read-committed                   an option of the engine
//!
//! T1> UPDATE test                             what a session says
//! > SET value = 11                            and goes on to say
//!     2 rows                                  what came of it
//! T2> DELETE FROM test WHERE value = 20
//!     waits
//! T1> COMMIT
//!     T2 goes on: 0 rows
//! ```
//!
//! ```text
//! text --line--> options, turns --player--> a driven mock --> the same text with what comes now
//! ```
//!
//! What came of a line is indented below it, and is not read: playing a script gives the text that is right now, to be
//! compared with the one that was.

mod line;
mod player;

use drawloom_model::SqlError;
use drawloom_sim::Host;
use line::{INDENT, Line};
use player::Player;

/// Why a script cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// The script with what comes of it on the mock.
///
/// # Errors
/// See [`ScriptError`].
pub fn play(script: &str) -> Result<String, ScriptError> {
    let at = |index: usize| move |message| ScriptError { line: index + 1, message };
    let mut options = drawloom_mock::Options::default();
    let mut lines: Vec<(usize, String, Line<'_>)> = Vec::new();
    for (index, text) in script.lines().enumerate().filter(|(_, text)| !text.starts_with(INDENT)) {
        let line = Line::parse(text, &mut options).map_err(at(index))?;
        let Line::GoesOn(more) = line else {
            lines.push((index, text.to_owned(), line));
            continue;
        };
        let Some((_, above, Line::Says { sql, .. })) = lines.last_mut() else {
            return Err(at(index)("no statement stands above that could go on".to_owned()));
        };
        *sql.to_mut() += &format!("\n{more}");
        *above += &format!("\n{text}");
    }
    Host::best().run(|| {
        let mut player = Player::start(options).map_err(|error| at(0)(error.to_string()))?;
        let mut played = String::new();
        for (index, text, line) in lines {
            played += &format!("{text}\n");
            for said in player.take(line).map_err(at(index))? {
                played += &format!("{INDENT}{said}\n");
            }
        }
        Ok(played)
    })
}

/// Where a script first says something else than comes of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: it says {said:?}, and gives {given:?}")]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// What stands there; nothing if the script is over.
    pub said: String,
    /// What comes instead; nothing if nothing comes.
    pub given: String,
}

/// Where a script differs from what came of it.
pub fn difference(script: &str, played: &str) -> Option<Difference> {
    let same = script.lines().zip(played.lines()).take_while(|(said, given)| said == given).count();
    let line = |text: &str| text.lines().nth(same).map(|line| line.trim().to_owned());
    let (said, given) = (line(script), line(played));
    if said.is_none() && given.is_none() {
        return None;
    }
    Some(Difference { line: same + 1, said: said.unwrap_or_default(), given: given.unwrap_or_default() })
}

/// A failure, as a script shows it.
fn failure(error: &SqlError) -> String {
    format!("ERROR {} {}", error.sqlstate, error.message)
}
