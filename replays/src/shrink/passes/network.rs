//! Calms the network: no delays and no losses at all, or at least fewer.

use super::attempt_same_order;
use crate::shrink::case::Case;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::{Lane, Profile};

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    for network in Profile::ALL {
        let case = &trials.smallest.case;
        if network as u8 >= case.network as u8 {
            break;
        }
        let calmer = Case { network, ..case.clone() };
        let done = match network {
            // A message that takes no time arrives in another order: that of the statements is kept instead.
            Profile::Direct => attempt_same_order(trials, calmer.clone())? || trials.attempt(calmer)?,
            _ => trials.attempt(calmer)?,
        };
        if done {
            break;
        }
    }
    let messages = |case: &Case| -> Vec<_> {
        case.details().into_iter().filter(|(lane, ..)| *lane == Lane::Link).collect()
    };
    trials.leave_out(
        |smallest| messages(&smallest.case),
        |trials, kept| {
            let case = &trials.smallest.case;
            let others = case.details().into_iter().filter(|(lane, ..)| *lane != Lane::Link);
            let kept: Vec<_> = others.chain(kept.iter().copied()).collect();
            let candidate = case.with_details(&kept);
            trials.attempt(candidate)
        },
    )
}
