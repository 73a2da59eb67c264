//! The links between clients and the server: how late a message is, and whether it is lost.
//!
//! TCP is the model: nothing is delivered twice or out of order; a connection is reset before the server
//! saw the request, or after it was executed and before the answer arrived. A cut link holds messages back
//! until it heals, and resets the connection if that takes too long.

use crate::decisions::Lane;
use crate::sim::Sim;
use crate::units::{Actor, Odds, SimDuration, SimTime};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// How the network behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A statement is one turn, nothing is delayed: for search.
    Direct,
    /// Small delays.
    Lan,
    /// Delays of very different lengths, and connections that are reset.
    Flaky,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 3] = [Profile::Direct, Profile::Lan, Profile::Flaky];

    /// The profile's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Direct => "direct",
            Profile::Lan => "lan",
            Profile::Flaky => "flaky",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a message may be lost"]
pub enum Transit {
    /// It arrived.
    Arrived,
    /// The connection was reset on the way.
    Lost,
}

/// How long a message waits at a cut before the connection is given up.
const CUT_TIMEOUT: SimDuration = SimDuration::secs(2);
/// A flaky link's chance to reset, for each message.
const RESET: Odds = Odds::new(1, 40);
/// The shortest delay of a message that is not direct.
const DELAY_MIN: SimDuration = SimDuration::micros(100);
/// How many lengths of delay a small network has: 0.1 to 0.4 ms.
const LAN_DELAYS: u32 = 4;
/// How many a flaky one has, each twice the one before: 0.1 to 12.8 ms.
const FLAKY_DELAYS: u32 = 8;

/// The network of one run.
pub struct Network {
    profile: Cell<Profile>,
    cuts: RefCell<BTreeMap<Actor, SimTime>>,
}

impl Network {
    /// A network that behaves like this.
    pub fn new(profile: Profile) -> Network {
        Network { profile: Cell::new(profile), cuts: RefCell::default() }
    }

    /// Whether a message is one with the turn that sends it.
    pub fn is_direct(&self) -> bool {
        self.profile.get() == Profile::Direct && self.cuts.borrow().is_empty()
    }

    /// From now on nothing is delayed or lost, and every cut is gone.
    pub fn heal(&self) {
        self.profile.set(Profile::Direct);
        self.cuts.borrow_mut().clear();
    }

    /// From now on the network behaves like this.
    pub fn set_profile(&self, profile: Profile) {
        self.profile.set(profile);
    }

    /// Cuts the client's link until `until`.
    pub fn cut(&self, client: Actor, until: SimTime) {
        self.cuts.borrow_mut().insert(client, until);
    }

    fn cut_until(&self, client: Actor, now: SimTime) -> Option<SimTime> {
        let mut cuts = self.cuts.borrow_mut();
        let until = *cuts.get(&client)?;
        if until <= now {
            cuts.remove(&client);
            return None;
        }
        Some(until)
    }

    /// Carries one message over the client's link, in either direction. Takes no turn on a direct link.
    pub async fn carry(&self, sim: &Sim, client: Actor) -> Transit {
        let profile = self.profile.get();
        let mut lost = false;
        if profile != Profile::Direct {
            let delays = if profile == Profile::Flaky { FLAKY_DELAYS } else { LAN_DELAYS };
            let length = sim.choose(Lane::Link, "delay", delays);
            let delay = match profile {
                Profile::Flaky => DELAY_MIN.0 << length,
                _ => DELAY_MIN.0 * u64::from(1 + length),
            };
            lost = profile == Profile::Flaky && sim.chance(Lane::Link, "reset", RESET);
            sim.sleep(SimDuration(delay)).await;
        }
        if let Some(until) = self.cut_until(client, sim.now()) {
            let give_up = sim.now() + CUT_TIMEOUT;
            sim.sleep_until(until.min(give_up)).await;
            lost |= until > give_up;
        }
        if lost { Transit::Lost } else { Transit::Arrived }
    }
}
