//! The order of `jsonb` (PostgreSQL's manual, section 8.14.4; `compareJsonbContainers`).

use super::Json;
use std::cmp::Ordering;

impl Json {
    fn rank(&self) -> u8 {
        match self {
            Json::Null => 0,
            Json::Text(_) => 1,
            Json::Number(_) => 2,
            Json::Bool(_) => 3,
            Json::Array(_) => 4,
            Json::Object(_) => 5,
        }
    }

    fn order(&self, other: &Json) -> Ordering {
        match (self, other) {
            (Json::Bool(left), Json::Bool(right)) => left.cmp(right),
            (Json::Number(left), Json::Number(right)) => left.cmp(right),
            (Json::Text(left), Json::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
            (Json::Array(left), Json::Array(right)) => left
                .len()
                .cmp(&right.len())
                .then_with(|| each(left.iter().zip(right), |(left, right)| left.order(right))),
            (Json::Object(left), Json::Object(right)) => left.len().cmp(&right.len()).then_with(|| {
                each(left.iter().zip(right), |(left, right)| {
                    left.0.as_bytes().cmp(right.0.as_bytes()).then_with(|| left.1.order(&right.1))
                })
            }),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn is_empty_array(&self) -> bool {
        matches!(self, Json::Array(elements) if elements.is_empty())
    }
}

/// The first that decides.
fn each<T>(mut pairs: impl Iterator<Item = T>, order: impl Fn(T) -> Ordering) -> Ordering {
    pairs.find_map(|pair| Some(order(pair)).filter(|order| order.is_ne())).unwrap_or(Ordering::Equal)
}

impl Ord for Json {
    /// An empty array that stands alone is less than everything: an old slip of PostgreSQL's, kept for the sake of
    /// its indexes.
    fn cmp(&self, other: &Json) -> Ordering {
        let is_scalar = |json: &Json| json.rank() < 4;
        if self.is_empty_array() && is_scalar(other) {
            Ordering::Less
        } else if other.is_empty_array() && is_scalar(self) {
            Ordering::Greater
        } else {
            self.order(other)
        }
    }
}

impl PartialOrd for Json {
    fn partial_cmp(&self, other: &Json) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Json {}
