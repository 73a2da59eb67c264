//! What a line of a script means.

use crate::engine;
use crate::plan::unknown;
use drawloom_mock::{Isolation, Options};
use drawloom_sim::SimDuration;
use std::borrow::Cow;

/// What came of a line stands below it, and further to the right.
pub const INDENT: &str = "    ";

/// A line that is no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// It is for the reader, or was an option.
    Silent,
    /// A session says something: `T1> SELECT 1`.
    Says { session: &'a str, sql: Cow<'a, str> },
    /// The statement above goes on: `> FROM test`.
    GoesOn(&'a str),
    /// Time passes: `wait 5s`, `wait 200ms`.
    Wait(SimDuration),
    /// Somebody cancels the statement of a session: `cancel T1`.
    Cancel(&'a str),
    /// A session's client goes away: `disconnect T1`.
    Disconnect(&'a str),
    /// The server loses power, and comes back: `crash`.
    Crash,
    /// The server is shut down in good order, and comes back: `restart`.
    Restart,
}

impl<'a> Line<'a> {
    /// Reads a line. What it says of the engine goes into `options`.
    ///
    /// # Errors
    /// It means nothing.
    pub fn parse(text: &'a str, options: &mut Options) -> Result<Line<'a>, String> {
        if text.trim().is_empty() || text.starts_with('#') {
            return Ok(Line::Silent);
        }
        if let Some((session, sql)) = text.split_once('>').filter(|(name, _)| is_name(name)) {
            return Ok(Line::Says { session, sql: sql.trim().into() });
        }
        if let Some(more) = text.strip_prefix('>') {
            return Ok(Line::GoesOn(more.strip_prefix(' ').unwrap_or(more)));
        }
        if let Some((name, value)) = text.split_once(':') {
            option(name, value.trim(), options)?;
            return Ok(Line::Silent);
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["wait", time] => duration(time).map(Line::Wait),
            ["cancel", session] if is_name(session) => Ok(Line::Cancel(session)),
            ["disconnect", session] if is_name(session) => Ok(Line::Disconnect(session)),
            ["crash"] => Ok(Line::Crash),
            ["restart"] => Ok(Line::Restart),
            _ => Err("neither a session's statement (T1> ...), nor an option (isolation: ...), nor one of wait, cancel, \
                      disconnect, crash, restart"
                .to_owned()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn option(name: &str, value: &str, options: &mut Options) -> Result<(), String> {
    match name {
        "isolation" => {
            let level = Isolation::ALL.into_iter().find(|level| level.name() == value);
            let names = Isolation::ALL.into_iter().map(Isolation::name);
            options.isolation = level.ok_or_else(|| unknown("isolation", value, names).to_string())?;
        }
        "bug" => {
            options.bugs.insert(engine::bug(value).map_err(|error| error.to_string())?);
        }
        _ => return Err(unknown("option", name, ["isolation", "bug"].into_iter()).to_string()),
    }
    Ok(())
}

fn duration(text: &str) -> Result<SimDuration, String> {
    let units = [("ms", 1_000), ("s", 1_000_000)];
    units
        .into_iter()
        .find_map(|(unit, us)| text.strip_suffix(unit)?.parse::<u32>().ok().map(|n| u64::from(n) * us))
        .map(SimDuration::micros)
        .ok_or_else(|| format!("{text} is no time; one is 5s, or 200ms"))
}

#[cfg(test)]
mod tests {
    use super::Line;
    use drawloom_mock::Options;
    use drawloom_sim::SimDuration;
    use proptest::prelude::*;

    #[test]
    fn every_line_means_one_thing() {
        for (text, line) in [
            ("", Line::Silent),
            ("# T1> SELECT 1", Line::Silent),
            ("isolation: strict", Line::Silent),
            ("bug: lost-update", Line::Silent),
            ("T1> SELECT 2 > 1", Line::Says { session: "T1", sql: "SELECT 2 > 1".into() }),
            (">   1\t ", Line::GoesOn("  1\t ")),
            (">", Line::GoesOn("")),
            ("wait 5s", Line::Wait(SimDuration::secs(5))),
            ("wait 20ms", Line::Wait(SimDuration::millis(20))),
            ("cancel T1", Line::Cancel("T1")),
            ("disconnect T1", Line::Disconnect("T1")),
            ("crash", Line::Crash),
            ("restart", Line::Restart),
        ] {
            assert_eq!(Line::parse(text, &mut Options::default()), Ok(line), "{text}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (text, part) in [
            ("SELECT 1", "neither a session's statement"),
            ("T 1> SELECT 1", "neither"),
            ("isolation: strikt", "strict"),
            ("isolated: strict", "isolation"),
            ("bug: lost-updates", "lost-update"),
            ("wait 5", "5 is no time"),
            ("wait s", "s is no time"),
            ("wait 99999999999s", "is no time"),
            ("cancel T-1", "neither"),
        ] {
            let error = Line::parse(text, &mut Options::default()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(text in ".*") {
            let _ = Line::parse(&text, &mut Options::default());
        }
    }
}
