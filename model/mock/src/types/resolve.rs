//! Which type several expressions have in common (PostgreSQL's manual, section 10.5), and what types are alike.

use super::cast::{self, Context};
use super::{Scalar, Type};
use crate::error::error;
use drawloom_model::SqlError;

/// Kinds of types, between which nothing is converted silently, as in `pg_type.typcategory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// `boolean`
    Boolean,
    /// All kinds of numbers, and numbers of objects
    Number,
    /// Text
    Text,
    /// Dates and timestamps
    Moment,
    /// Intervals
    Span,
    /// Arrays
    Array,
    /// Literals in quotes
    Unknown,
    /// What stands for no type
    Pseudo,
    /// Everything else
    Other,
}

impl Type {
    /// The type's kind.
    pub fn category(self) -> Category {
        if self.is_array {
            return Category::Array;
        }
        match self.scalar {
            Scalar::Unknown => Category::Unknown,
            Scalar::Bool => Category::Boolean,
            Scalar::Int2
            | Scalar::Int4
            | Scalar::Int8
            | Scalar::Float4
            | Scalar::Float8
            | Scalar::Numeric => Category::Number,
            Scalar::Oid | Scalar::Regclass => Category::Number,
            Scalar::Text | Scalar::Varchar | Scalar::Char | Scalar::Name => Category::Text,
            Scalar::Date | Scalar::Time | Scalar::Timestamp | Scalar::Timestamptz => Category::Moment,
            Scalar::Interval => Category::Span,
            Scalar::Bytea | Scalar::Uuid | Scalar::Json | Scalar::Jsonb => Category::Other,
            Scalar::Void => Category::Pseudo,
        }
    }

    /// Whether other types of its kind rather become this one.
    pub fn is_preferred(self) -> bool {
        let preferred =
            [Scalar::Bool, Scalar::Float8, Scalar::Oid, Scalar::Text, Scalar::Timestamptz, Scalar::Interval];
        !self.is_array && preferred.contains(&self.scalar)
    }

    /// Whether a value of this type becomes one of the other silently.
    pub fn is_implicitly(self, other: Type) -> bool {
        cast::find(self, other).is_some_and(|cast| cast.context == Context::Implicit)
    }
}

/// The type of UNION, CASE, VALUES, IN, COALESCE, ... over expressions of these types.
/// `construct` is what PostgreSQL calls the place: `UNION`, `CASE`, `VALUES`, `COALESCE`, `ARRAY`, ...
///
/// # Errors
/// 42804 if they are of different kinds, 42846 if one of them does not become the chosen type.
pub fn common(construct: &str, types: &[Type]) -> Result<Type, SqlError> {
    let chosen = match common_or_refusal(types) {
        Ok(chosen) => chosen,
        Err((one, other)) => {
            return Err(error("42804", format!("{construct} types {one} and {other} cannot be matched")));
        }
    };
    match types.iter().find(|of| !of.is_implicitly(chosen)) {
        None => Ok(chosen),
        Some(of) => Err(error("42846", format!("{construct} could not convert type {of} to {chosen}"))),
    }
}

/// The common type, or the two that have none.
pub(crate) fn common_or_refusal(types: &[Type]) -> Result<Type, (Type, Type)> {
    let mut chosen = Type::UNKNOWN;
    for &of in types {
        if of == Type::UNKNOWN || of == chosen {
            continue;
        }
        if chosen == Type::UNKNOWN {
            chosen = of;
        } else if of.category() != chosen.category() {
            return Err((chosen, of));
        } else if !chosen.is_preferred() && chosen.is_implicitly(of) && !of.is_implicitly(chosen) {
            chosen = of;
        }
    }
    Ok(if chosen == Type::UNKNOWN { Type::TEXT } else { chosen })
}
