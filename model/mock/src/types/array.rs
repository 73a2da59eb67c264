//! Arrays: their order and their parts (PostgreSQL's `arrayfuncs.c`).

use super::{Datum, Scalar};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use std::cmp::Ordering;

/// An array has at most so many dimensions.
pub(super) const DIMENSIONS_MAX: usize = 6;

/// An array of one or more dimensions; one without elements has none.
#[derive(Clone, Debug)]
pub struct Array {
    /// What an element is.
    pub element: Scalar,
    /// Of each dimension, from the outermost one.
    pub dimensions: Vec<Dimension>,
    /// All elements, row by row.
    pub values: Vec<Datum>,
}

/// The subscripts of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dimension {
    /// How many elements.
    pub length: usize,
    /// The subscript of the first.
    pub lower: i32,
}

impl Array {
    /// An array of one dimension, counted from 1.
    pub fn row(element: Scalar, values: Vec<Datum>) -> Array {
        let dimensions = match values.len() {
            0 => Vec::new(),
            length => vec![Dimension { length, lower: 1 }],
        };
        Array { element, dimensions, values }
    }

    /// An array of arrays of one shape: they become its rows.
    ///
    /// # Errors
    /// 2202E if their shapes differ.
    pub fn stacked(element: Scalar, rows: &[Datum]) -> Result<Array, SqlError> {
        let uneven = || {
            let message = "multidimensional arrays must have array expressions with matching dimensions";
            error("2202E", message)
        };
        let mut values = Vec::new();
        let mut inner: Option<&[Dimension]> = None;
        for row in rows {
            let Datum::Array(row) = row else { return Err(uneven()) };
            if *inner.get_or_insert(&row.dimensions) != row.dimensions.as_slice() {
                return Err(uneven());
            }
            values.extend(row.values.iter().cloned());
        }
        if values.is_empty() {
            return Ok(Array::row(element, values));
        }
        let mut dimensions = vec![Dimension { length: rows.len(), lower: 1 }];
        dimensions.extend(inner.unwrap_or_default());
        if dimensions.len() > DIMENSIONS_MAX {
            return Err(too_deep(dimensions.len()));
        }
        Ok(Array { element, dimensions, values })
    }

    /// The element at these subscripts, one for each dimension; NULL outside.
    pub fn at(&self, subscripts: &[i64]) -> Datum {
        if subscripts.len() != self.dimensions.len() || subscripts.is_empty() {
            return Datum::Null;
        }
        let mut index = 0;
        for (dimension, subscript) in self.dimensions.iter().zip(subscripts) {
            let offset = subscript.checked_sub(i64::from(dimension.lower)).map(usize::try_from);
            match offset {
                Some(Ok(offset)) if offset < dimension.length => index = index * dimension.length + offset,
                _ => return Datum::Null,
            }
        }
        self.values[index].clone()
    }

    /// `array[lower:upper]` of one dimension: what is within, counted from 1.
    pub fn slice(&self, lower: Option<i64>, upper: Option<i64>) -> Result<Array, SqlError> {
        let [dimension] = self.dimensions.as_slice() else {
            let refusal = || unsupported("a slice of an array of several dimensions");
            return if self.values.is_empty() { Ok(self.clone()) } else { Err(refusal()) };
        };
        let first = i64::from(dimension.lower);
        let last = first + dimension.length as i64 - 1;
        let lower = lower.unwrap_or(first).max(first);
        let upper = upper.unwrap_or(last).min(last);
        let values = if lower > upper {
            &[]
        } else {
            &self.values[(lower - first) as usize..=(upper - first) as usize]
        };
        Ok(Array::row(self.element, values.to_vec()))
    }
}

impl Ord for Array {
    fn cmp(&self, other: &Array) -> Ordering {
        self.values
            .cmp(&other.values)
            .then_with(|| self.dimensions.len().cmp(&other.dimensions.len()))
            .then_with(|| self.dimensions.cmp(&other.dimensions))
    }
}

impl PartialOrd for Array {
    fn partial_cmp(&self, other: &Array) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Array {}

/// What is said of too many dimensions.
pub(super) fn too_deep(depth: usize) -> SqlError {
    error(
        "54000",
        format!("number of array dimensions ({depth}) exceeds the maximum allowed ({DIMENSIONS_MAX})"),
    )
}
