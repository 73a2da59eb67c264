//! Which of several functions of one name is meant (PostgreSQL's manual, sections 10.2 and 10.3; `parse_func.c`).

use super::catalog::{Entry, Kind};
use super::{Call, Volatility};
use crate::error::error;
use crate::types::cast;
use crate::types::resolve::{self, Category};
use crate::types::{Scalar, Type};
use drawloom_model::SqlError;

/// What came of it.
pub(super) enum Choice {
    None,
    One(Call),
    Several,
}

/// Chooses an operator. A literal of no type is first taken to be of the other operand's type.
pub(super) fn operator(entries: &[&'static Entry], operands: &[Type]) -> Result<Choice, SqlError> {
    let assumed: Vec<Type> = match *operands {
        [Type::UNKNOWN, right] => vec![right, right],
        [left, Type::UNKNOWN] => vec![left, left],
        _ => operands.to_vec(),
    };
    choose(entries, operands, &assumed)
}

/// Whether it is a type of floating-point numbers.
pub(super) fn is_float(of: Type) -> bool {
    matches!(of, Type { scalar: Scalar::Float4 | Scalar::Float8, is_array: false })
}

/// Chooses a function.
pub(super) fn function(entries: &[&'static Entry], arguments: &[Type]) -> Result<Choice, SqlError> {
    choose(entries, arguments, arguments)
}

fn choose(entries: &[&'static Entry], arguments: &[Type], assumed: &[Type]) -> Result<Choice, SqlError> {
    let candidates: Vec<Candidate> =
        entries.iter().filter_map(|entry| Candidate::of(entry, arguments.len())).collect();
    let is_exact =
        |candidate: &&Candidate| candidate.kinds.iter().zip(assumed).all(|(kind, of)| *kind == Kind::Is(*of));
    if let Some(exact) = candidates.iter().find(is_exact) {
        return exact.call(arguments).map(Choice::One);
    }
    let fitting: Vec<Candidate> =
        candidates.into_iter().filter(|candidate| candidate.binding(arguments).is_some()).collect();
    match fitting.len() {
        0 => Ok(Choice::None),
        1 => fitting[0].call(arguments).map(Choice::One),
        _ => match best(fitting, arguments) {
            Some(candidate) => candidate.call(arguments).map(Choice::One),
            None => Ok(Choice::Several),
        },
    }
}

/// What the parameters that take any type stand for. None where only literals of no type say so.
#[derive(Clone, Copy, Default)]
struct Binding {
    element: Option<Type>,
    compatible: Option<Type>,
}

/// One function, its last parameter repeated as often as needed.
#[derive(Clone)]
struct Candidate {
    entry: &'static Entry,
    kinds: Vec<Kind>,
}

impl Candidate {
    fn of(entry: &'static Entry, arguments: usize) -> Option<Candidate> {
        let mut kinds = entry.parameters.to_vec();
        if entry.is_variadic {
            let last = kinds.pop()?;
            if arguments <= kinds.len() {
                return None;
            }
            kinds.resize(arguments, last);
        }
        (kinds.len() == arguments).then_some(Candidate { entry, kinds })
    }

    /// None if the arguments do not fit.
    fn binding(&self, arguments: &[Type]) -> Option<Binding> {
        let mut binding = Binding::default();
        let mut compatible = Vec::new();
        for (kind, &of) in self.kinds.iter().zip(arguments) {
            let is_unknown = of == Type::UNKNOWN;
            let element = match kind {
                Kind::Is(to) if of.is_implicitly(*to) => continue,
                Kind::Is(_) => return None,
                Kind::Any => continue,
                _ if is_unknown => continue,
                Kind::AnyRange => return None,
                Kind::AnyElement => of,
                Kind::AnyNonArray if !of.is_array => of,
                Kind::AnyNonArray => return None,
                Kind::AnyArray => of.element()?,
                Kind::AnyCompatible => {
                    compatible.push(of);
                    continue;
                }
                Kind::AnyCompatibleArray => {
                    compatible.push(of.element()?);
                    continue;
                }
            };
            if binding.element.is_some_and(|bound| bound != element) {
                return None;
            }
            binding.element = Some(element);
        }
        if !compatible.is_empty() {
            let common = resolve::common_or_refusal(&compatible).ok()?;
            if !compatible.iter().all(|of| of.is_implicitly(common)) {
                return None;
            }
            binding.compatible = Some(common);
        }
        let array_of_arrays = |of: Option<Type>| of.is_some_and(|of| of.is_array);
        let needs_arrays = |wanted: Kind| self.kinds.contains(&wanted) || self.entry.result == wanted;
        if array_of_arrays(binding.element) && needs_arrays(Kind::AnyArray)
            || array_of_arrays(binding.compatible) && needs_arrays(Kind::AnyCompatibleArray)
        {
            return None;
        }
        Some(binding)
    }

    fn call(&self, arguments: &[Type]) -> Result<Call, SqlError> {
        let binding = self.binding(arguments).unwrap_or_default();
        let undetermined =
            || error("42804", "could not determine polymorphic type because input has type unknown");
        let resolved = |kind: Kind, of: Type| -> Result<Type, SqlError> {
            let compatible = binding.compatible.unwrap_or(Type::TEXT);
            Ok(match kind {
                Kind::Is(to) => to,
                Kind::AnyRange => of,
                Kind::Any if of == Type::UNKNOWN => Type::TEXT,
                Kind::Any => of,
                Kind::AnyElement | Kind::AnyNonArray => binding.element.ok_or_else(undetermined)?,
                Kind::AnyArray => Type { is_array: true, ..binding.element.ok_or_else(undetermined)? },
                Kind::AnyCompatible => compatible,
                Kind::AnyCompatibleArray => Type { is_array: true, ..compatible },
            })
        };
        let parameters: Vec<Type> = self
            .kinds
            .iter()
            .zip(arguments)
            .map(|(kind, of)| resolved(*kind, *of))
            .collect::<Result<_, _>>()?;
        Ok(Call {
            result: resolved(self.entry.result, Type::UNKNOWN)?,
            strict: self.entry.strict,
            volatility: self.volatility(&parameters),
            parameters: parameters.into(),
            body: self.entry.body,
        })
    }

    /// `||` prints what is no text, and is as lasting as that.
    fn volatility(&self, parameters: &[Type]) -> Volatility {
        let is_printed = self.kinds.contains(&Kind::AnyNonArray) && self.entry.name == "||";
        match is_printed && !parameters.iter().any(|of| cast::prints_by_settings(*of)) {
            true => Volatility::Immutable,
            false => self.entry.volatility,
        }
    }

    fn category(&self, at: usize) -> Category {
        match self.kinds[at] {
            Kind::Is(of) => of.category(),
            _ => Category::Pseudo,
        }
    }

    fn is_preferred(&self, at: usize) -> bool {
        matches!(self.kinds[at], Kind::Is(of) if of.is_preferred())
    }
}

/// The rules that choose among functions that all fit, in their order. None if they do not choose one.
fn best(mut candidates: Vec<Candidate>, arguments: &[Type]) -> Option<Candidate> {
    let known = || arguments.iter().enumerate().filter(|(_, of)| **of != Type::UNKNOWN);
    keep_greatest(&mut candidates, |candidate| {
        known().filter(|(at, of)| candidate.kinds[*at] == Kind::Is(**of)).count()
    });
    if candidates.len() == 1 {
        return candidates.pop();
    }
    keep_greatest(&mut candidates, |candidate| {
        let fits = |at: usize, of: Type| {
            candidate.kinds[at] == Kind::Is(of)
                || candidate.category(at) == of.category() && candidate.is_preferred(at)
        };
        known().filter(|(at, of)| fits(*at, **of)).count()
    });
    if candidates.len() == 1 {
        return candidates.pop();
    }
    let unknown: Vec<usize> = (0..arguments.len()).filter(|at| arguments[*at] == Type::UNKNOWN).collect();
    if unknown.is_empty() {
        return None;
    }
    keep_by_category(&mut candidates, &unknown);
    if candidates.len() == 1 {
        return candidates.pop();
    }
    let mut types: Vec<Type> = known().map(|(_, of)| *of).collect();
    types.dedup();
    let &[only] = types.as_slice() else { return None };
    let all = vec![only; arguments.len()];
    candidates.retain(|candidate| candidate.binding(&all).is_some());
    if candidates.len() == 1 { candidates.pop() } else { None }
}

fn keep_greatest(candidates: &mut Vec<Candidate>, score: impl Fn(&Candidate) -> usize) {
    let greatest = candidates.iter().map(&score).max().unwrap_or_default();
    candidates.retain(|candidate| score(candidate) == greatest);
}

/// What literals of no type decide: the kind of types on which all candidates agree, else text if any takes it; and
/// within that kind the preferred type.
fn keep_by_category(candidates: &mut Vec<Candidate>, unknown: &[usize]) {
    let mut slots = Vec::new();
    for &at in unknown {
        let mut categories: Vec<Category> =
            candidates.iter().map(|candidate| candidate.category(at)).collect();
        categories.dedup();
        let category = match categories.as_slice() {
            [category] => *category,
            several if several.contains(&Category::Text) => Category::Text,
            _ => return,
        };
        let is_wanted =
            |candidate: &&Candidate| candidate.category(at) == category && candidate.is_preferred(at);
        slots.push((at, category, candidates.iter().any(|candidate| is_wanted(&candidate))));
    }
    let fits = |candidate: &Candidate| {
        slots.iter().all(|&(at, category, has_preferred)| {
            candidate.category(at) == category && (!has_preferred || candidate.is_preferred(at))
        })
    };
    if candidates.iter().any(fits) {
        candidates.retain(fits);
    }
}
