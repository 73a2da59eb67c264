//! A tape in a replay: grouped by actor and action, so that a decision takes about three bytes.
//!
//! ```text
//! overrides of each actor, decisions of each (lane, actor): tracks
//!   track:   actions
//!     action:  how many after the one before, entries
//!       entry:  how many ordinals after the one before, then the chosen actor | site, arity, answer
//! ```

use super::ReadError;
use super::wire::{Reader, Writer, malformed};
use drawloom_sim::{Actor, Decision, Lane, Place, Tape, Track};
use std::borrow::Cow;

pub(super) fn write<'a>(out: &mut Writer<'a>, tape: &'a Tape) {
    out.count(tape.overrides.len());
    for (actor, track) in &tape.overrides {
        out.number(actor.code().into());
        write_track(out, track, |out, chosen| out.number(chosen.code().into()));
    }
    out.count(tape.decisions.len());
    for ((lane, actor), track) in &tape.decisions {
        out.byte(*lane as u8);
        out.number(actor.code().into());
        write_track(out, track, |out, decision| {
            out.text(&decision.site);
            out.number(decision.arity.into());
            out.number(decision.index.into());
        });
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Tape, ReadError> {
    let mut tape = Tape::default();
    for _ in 0..reader.count()? {
        let actor = read_actor(reader)?;
        tape.overrides.insert(actor, read_track(reader, read_actor)?);
    }
    for _ in 0..reader.count()? {
        let lane = reader.one_of(&Lane::ALL)?;
        let actor = read_actor(reader)?;
        let track = read_track(reader, |reader| {
            let (site, arity, index) = (reader.text()?, reader.number32()?, reader.number32()?);
            if index == 0 || index >= arity {
                return Err(malformed());
            }
            Ok(Decision { site: Cow::Owned(site), arity, index })
        })?;
        tape.decisions.insert((lane, actor), track);
    }
    Ok(tape)
}

pub(super) fn read_actor(reader: &mut Reader<'_>) -> Result<Actor, ReadError> {
    let code = u16::try_from(reader.number()?).map_err(|_| malformed())?;
    Actor::from_code(code).ok_or_else(malformed)
}

fn write_track<'a, T>(
    out: &mut Writer<'a>,
    track: &'a Track<T>,
    mut write: impl FnMut(&mut Writer<'a>, &'a T),
) {
    let actions = || track.entries().chunk_by(|(a, _), (b, _)| a.action == b.action);
    out.count(actions().count());
    let mut action_before = 0;
    for of_action in actions() {
        let action = of_action[0].0.action;
        out.number((action - action_before).into());
        action_before = action;
        out.count(of_action.len());
        let mut ordinal_before = 0;
        for (place, value) in of_action {
            out.number((place.ordinal - ordinal_before).into());
            ordinal_before = place.ordinal;
            write(out, value);
        }
    }
}

fn read_track<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, ReadError>,
) -> Result<Track<T>, ReadError> {
    let mut track = Track::default();
    let mut action = 0u32;
    for _ in 0..reader.count()? {
        action = action.checked_add(reader.number32()?).ok_or_else(malformed)?;
        let mut ordinal = 0u32;
        for _ in 0..reader.count()? {
            ordinal = ordinal.checked_add(reader.number32()?).ok_or_else(malformed)?;
            track.push(Place { action, ordinal }, read(reader)?).map_err(|_| malformed())?;
        }
    }
    Ok(track)
}
