//! The name of a run: its seed, and which mutant of that seed's run it is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Seeds are tried in aligned blocks of so many; mutants are made within a block.
pub const BLOCK: u64 = 256;

/// `57` is the pure run of seed 57; `57~3` the third mutant that was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The seed.
    pub seed: u64,
    /// The mutant, from 1; 0 is the pure run.
    pub mutant: u32,
}

impl Name {
    /// The first seed of the aligned block that the seed is in.
    pub fn block(self) -> u64 {
        self.seed - self.seed % BLOCK
    }

    /// The order in which runs are tried: a block's mutants come after all its pure runs.
    fn turn(self) -> (u64, bool, u64, u32) {
        (self.block(), self.mutant > 0, self.seed, self.mutant)
    }
}

impl From<u64> for Name {
    fn from(seed: u64) -> Name {
        Name { seed, mutant: 0 }
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        self.turn().cmp(&other.turn())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutant {
            0 => write!(f, "{}", self.seed),
            mutant => write!(f, "{}~{mutant}", self.seed),
        }
    }
}

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a seed, for example 57, or a mutant of one, for example 57~3")]
pub struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Name, NoName> {
        let (seed, mutant) = match text.split_once('~') {
            Some((_, "0")) => return Err(NoName), // the pure run has a name already
            Some(parts) => parts,
            None => (text, "0"),
        };
        if seed.starts_with('+') || mutant.starts_with('+') {
            return Err(NoName);
        }
        Ok(Name { seed: seed.parse().map_err(|_| NoName)?, mutant: mutant.parse().map_err(|_| NoName)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_as_it_is_written() {
        for text in ["0", "57~3", "18446744073709551615"] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        assert!("57~".parse::<Name>().is_err());
        assert!("~3".parse::<Name>().is_err());
    }

    #[test]
    fn mutants_come_after_their_block() {
        let names = ["3", "255", "3~1", "7~1", "7~2", "256"].map(|text| text.parse::<Name>().unwrap());
        assert!(names.is_sorted());
    }
}
