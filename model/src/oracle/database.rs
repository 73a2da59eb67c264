//! A database that says itself that it is broken.

use super::{Finding, FindingKind, Oracle};
use crate::error::{Class, SqlError};
use crate::history::{Executed, History, Observation};

/// Answers that report damage or an internal failure, and a database that does not come back.
pub struct Database;

impl Oracle for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn judge(&self, history: &History) -> Vec<Finding> {
        let broken = history.events.iter().enumerate().filter_map(|(index, event)| match &event.what {
            // Damage is damage, whether or not its report reached a client.
            Observation::Answer { executed: Executed { result: Err(error), .. }, .. }
            | Observation::Lost { executed: Some(Executed { result: Err(error), .. }), .. }
                if is_damage(error) =>
            {
                Some(finding(history, index, "no statement reports damage", error))
            }
            Observation::Unrecovered { error } => {
                Some(finding(history, index, "the database recovers", error))
            }
            _ => None,
        });
        broken.collect()
    }
}

fn is_damage(error: &SqlError) -> bool {
    matches!(error.class, Class::Corruption | Class::Internal)
}

fn finding(history: &History, index: usize, name: &str, error: &SqlError) -> Finding {
    Finding {
        expected: name.to_owned(),
        actual: error.to_string(),
        ..Finding::at(history, index, FindingKind::Corruption, name)
    }
}
