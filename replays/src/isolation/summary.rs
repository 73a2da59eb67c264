//! Many specs, each in a line: whether a backend does what PostgreSQL does.

use super::comparison::{self, Comparison};
use super::spec::Spec;
use super::tester::{Ended, test};
use super::transcript::Said;
use crate::report::{counted, printable};
use drawloom_model::{Backend, SqlError};
use serde_json::{Value, json};
use std::fmt::Write;
use std::ops::ControlFlow;

/// A spec with the texts one of which should be printed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The spec.
    pub spec: Spec,
    /// What may be printed; one text at least.
    pub expected: Vec<String>,
}

/// How a spec went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The spec's name.
    pub name: String,
    /// What was printed, remarks and all.
    pub printed: String,
    /// The expected text that is nearest to it.
    pub expected: String,
    /// The two beside each other.
    pub comparison: Comparison,
    /// What the backend said first that it does not support.
    pub lacks: Option<Box<str>>,
}

/// In a word, how a spec went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As expected, byte for byte.
    Exact,
    /// The backend does not support something that it needs.
    Lacks,
    /// Otherwise.
    Differs,
}

impl Verdict {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Exact => "exact",
            Verdict::Lacks => "lacks",
            Verdict::Differs => "differs",
        }
    }
}

impl Entry {
    /// Runs it. `None`: it was interrupted.
    ///
    /// # Errors
    /// The backend does not start, or refuses a session.
    pub fn run(
        &self,
        backend: Box<dyn Backend>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Line>, SqlError> {
        let mut printed = String::new();
        let mut listener = |said: Said<'_>| {
            printed += said.text();
            if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let tested = test(&self.spec, backend, &mut listener)?;
        if tested.ended == Ended::Stopped {
            return Ok(None);
        }
        let (expected, comparison) = comparison::compare(&printed, &self.expected);
        let (name, expected) = (self.name.clone(), expected.to_owned());
        Ok(Some(Line { name, printed, expected, comparison, lacks: tested.lacks }))
    }
}

impl Line {
    /// How it went.
    pub fn verdict(&self) -> Verdict {
        match (&self.comparison.first, &self.lacks) {
            (None, _) => Verdict::Exact,
            (Some(_), Some(_)) => Verdict::Lacks,
            (Some(_), None) => Verdict::Differs,
        }
    }

    /// What is lacked, or where it differs first.
    fn remark(&self) -> String {
        match (self.verdict(), &self.comparison.first) {
            (Verdict::Lacks, _) => self.lacks.as_deref().unwrap_or_default().to_owned(),
            (Verdict::Differs, Some(spot)) => match &spot.permutation {
                Some(permutation) => format!("line {}, permutation {permutation}", spot.line),
                None => format!("line {}", spot.line),
            },
            _ => String::new(),
        }
    }
}

/// How many specs went which way, and how many permutations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    exact: usize,
    lacks: usize,
    differs: usize,
    equal: usize,
    permutations: usize,
}

impl Totals {
    /// Of these.
    pub fn of(lines: &[Line]) -> Totals {
        let mut totals = Totals::default();
        for line in lines {
            match line.verdict() {
                Verdict::Exact => totals.exact += 1,
                Verdict::Lacks => totals.lacks += 1,
                Verdict::Differs => totals.differs += 1,
            }
            totals.equal += line.comparison.equal;
            totals.permutations += line.comparison.permutations;
        }
        totals
    }
}

/// A line for each spec, and one for them all.
pub fn text(lines: &[Line]) -> String {
    let name_width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let Comparison { equal, permutations, .. } = line.comparison;
        let row = format!(
            "{:name_width$}  {:7}  {:>11}  {}",
            line.name,
            line.verdict().name(),
            format!("{equal} of {permutations}"),
            printable(&line.remark())
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    let Totals { exact, lacks, differs, equal, permutations } = Totals::of(lines);
    let specs = counted(lines.len() as u64, "spec");
    let _ = writeln!(
        text,
        "{specs}: {exact} exact, {lacks} lack something, {differs} differ; {equal} of {} equal",
        counted(permutations as u64, "permutation")
    );
    text
}

/// The same for a program.
pub fn json(lines: &[Line]) -> Value {
    let line = |line: &Line| {
        let first = line.comparison.first.as_ref().map(|spot| {
            json!({
                "permutation": spot.permutation,
                "line": spot.line,
                "expected": spot.expected,
                "printed": spot.printed,
            })
        });
        json!({
            "name": line.name,
            "verdict": line.verdict().name(),
            "permutations": line.comparison.permutations,
            "permutations_equal": line.comparison.equal,
            "first_difference": first,
            "lacks": line.lacks,
        })
    };
    let Totals { exact, lacks, differs, equal, permutations } = Totals::of(lines);
    json!({
        "specs": lines.iter().map(line).collect::<Vec<_>>(),
        "exact": exact,
        "lacks": lacks,
        "differs": differs,
        "permutations": permutations,
        "permutations_equal": equal,
    })
}
