//! What an expression says.

use super::Explainer;
use super::node::Node;
use super::source::flatten;
use crate::expression::{Called, EngineCall, Expr, Subquery, SubqueryKind};
use crate::types::{self, Array, Datum, Scalar, Type};

impl Explainer<'_> {
    /// Conditions that must all hold.
    pub(super) fn condition(&mut self, parts: &[Expr]) -> String {
        let mut all = Vec::new();
        parts.iter().for_each(|part| flatten(Some(part), &mut all));
        let texts: Vec<String> = all.iter().map(|part| self.text(part)).collect();
        match texts.as_slice() {
            [only] => only.clone(),
            _ => format!("({})", texts.join(" AND ")),
        }
    }

    /// Gives a node the subqueries of its expressions.
    pub(super) fn taking(&mut self, mut node: Node) -> Node {
        for (name, subplan) in std::mem::take(&mut self.loose) {
            let once = name.starts_with("InitPlan");
            if once { &mut node.before } else { &mut node.after }.push((name, subplan));
        }
        node
    }

    /// An expression over the innermost row.
    pub(super) fn text(&mut self, expr: &Expr) -> String {
        match expr {
            Expr::Literal(datum) => literal(datum, None),
            Expr::Column(column) => self.column(0, *column),
            Expr::Outer { level, column } => self.column(*level, *column),
            Expr::Parameter(number) => format!("${}", number + 1),
            Expr::Call(called) => self.call(called),
            Expr::Cast(converted) => {
                format!("({})::{}", self.text(&converted.expr), converted.to)
            }
            Expr::And(parts) => self.condition(parts),
            Expr::Or(parts) => self.any_of(parts).unwrap_or_else(|| {
                let parts: Vec<String> = parts.iter().map(|part| self.text(part)).collect();
                format!("({})", parts.join(" OR "))
            }),
            Expr::Not(part) => match &**part {
                Expr::IsNull(part) => format!("({} IS NOT NULL)", self.text(part)),
                part => format!("(NOT {})", self.text(part)),
            },
            Expr::IsNull(part) => format!("({} IS NULL)", self.text(part)),
            Expr::Is(part, truth) => {
                format!("({} IS {})", self.text(part), if *truth { "TRUE" } else { "FALSE" })
            }
            Expr::IsDistinct(called) => self.infix(called, "IS DISTINCT FROM"),
            Expr::Case { branches, otherwise } => {
                let mut text = "CASE".to_owned();
                for (when, then) in branches {
                    text += &format!(" WHEN {} THEN {}", self.text(when), self.text(then));
                }
                format!("{text} ELSE {} END", self.text(otherwise))
            }
            Expr::Coalesce(parts) => self.listed("COALESCE", parts),
            Expr::NullIf(called) => self.listed("NULLIF", &called.arguments),
            Expr::Extreme { greatest, of } => self.listed(if *greatest { "GREATEST" } else { "LEAST" }, of),
            Expr::Quantified { comparison, all } => {
                let (left, right) = (&comparison.arguments[0], &comparison.arguments[1]);
                let word = if *all { "ALL" } else { "ANY" };
                format!("({} {} {word} ({}))", self.text(left), comparison.name, self.text(right))
            }
            Expr::Array { of, scalar } => {
                let value = |part: &Expr| match part {
                    Expr::Literal(datum) => Some(datum.clone()),
                    _ => None,
                };
                if let Some(values) = of.iter().map(value).collect() {
                    let array = Datum::Array(Array::row(*scalar, values).into());
                    return literal(&array, Some(Type::array_of(*scalar)));
                }
                let parts: Vec<String> = of.iter().map(|part| self.text(part)).collect();
                format!("ARRAY[{}]", parts.join(", "))
            }
            Expr::Element(parts) => format!("{}[{}]", self.text(&parts.0), self.text(&parts.1)),
            Expr::Subquery(subquery) => self.subquery(subquery),
            Expr::Engine(call, parts) => self.listed(&engine(*call), parts),
            Expr::Aggregate(aggregated) if aggregated.arguments.is_empty() => {
                format!("{}(*)", aggregated.name)
            }
            Expr::Aggregate(aggregated) => {
                let name = if aggregated.distinct { "(DISTINCT " } else { "(" };
                let parts: Vec<String> = aggregated.arguments.iter().map(|part| self.text(part)).collect();
                format!("{}{name}{})", aggregated.name, parts.join(", "))
            }
            Expr::Window(windowed) => {
                windowed.parts().for_each(|part| drop(self.text(part)));
                "(?) OVER (?)".to_owned()
            }
        }
    }

    fn column(&self, level: usize, column: usize) -> String {
        let row = self.rows.len().checked_sub(level + 1).and_then(|place| self.rows[place].get(column));
        let name = row.map_or("?", String::as_str);
        let is_bare = level == 0 && self.bare.contains(&column);
        let column = name.rsplit_once('.').filter(|_| is_bare).map_or(name, |(_, column)| column);
        column.to_owned()
    }

    fn call(&mut self, called: &Called) -> String {
        let is_operator = !called.name.starts_with(|first: char| first.is_alphanumeric() || first == '_');
        match &*called.arguments {
            [_, _] if is_operator => self.infix(called, &called.name),
            [only] if is_operator => format!("({} {})", called.name, self.text(only)),
            parts => {
                let parts: Vec<String> =
                    parts.iter().enumerate().map(|(place, part)| self.typed(part, called, place)).collect();
                format!("{}({})", called.name, parts.join(", "))
            }
        }
    }

    fn infix(&mut self, called: &Called, symbol: &str) -> String {
        let (left, right) = (&called.arguments[0], &called.arguments[1]);
        format!("({} {symbol} {})", self.typed(left, called, 0), self.typed(right, called, 1))
    }

    /// A call's argument.
    fn typed(&mut self, part: &Expr, called: &Called, place: usize) -> String {
        match part {
            Expr::Literal(datum) => literal(datum, Some(called.call.parameter(place))),
            part => self.text(part),
        }
    }

    fn listed(&mut self, name: &str, parts: &[Expr]) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.text(part)).collect();
        format!("{name}({})", parts.join(", "))
    }

    /// `a IN (1, 2)`
    fn any_of(&mut self, parts: &[Expr]) -> Option<String> {
        let mut same: Option<&Called> = None;
        let mut values = Vec::new();
        for part in parts {
            let Expr::Call(called) = part else { return None };
            let [left, Expr::Literal(value)] = &*called.arguments else { return None };
            if *called.name != *"=" || same.is_some_and(|same| same.arguments[0] != *left) {
                return None;
            }
            same = Some(called);
            values.push(types::output(value, called.call.parameter(1)));
        }
        let called = same.filter(|_| parts.len() > 1)?;
        let array = Type::array_of(called.call.parameter(1).scalar);
        let left = self.text(&called.arguments[0]);
        Some(format!("({left} = ANY ('{{{}}}'::{array}))", values.join(",")))
    }

    fn subquery(&mut self, subquery: &Subquery) -> String {
        self.subplans += 1;
        let number = self.subplans;
        let (loose, bare) = (std::mem::take(&mut self.loose), std::mem::take(&mut self.bare));
        let node = self.query(&subquery.query);
        (self.loose, self.bare) = (loose, bare);
        let is_value = matches!(subquery.kind, SubqueryKind::Scalar);
        if subquery.once.is_some() && is_value {
            let place = number - 1;
            self.loose.push((format!("InitPlan {number} (returns ${place})"), node));
            return format!("${place}");
        }
        self.loose.push((format!("SubPlan {number}"), node));
        if let SubqueryKind::Quantified { comparison, .. } = &subquery.kind {
            // What it is compared with may have subqueries too.
            drop(self.text(&comparison.arguments[0]));
        }
        let hashed = if subquery.once.is_some() { "hashed " } else { "" };
        format!("({hashed}SubPlan {number})")
    }
}

/// A value as SQL has it.
fn literal(datum: &Datum, ty: Option<Type>) -> String {
    let ty = ty.unwrap_or(match datum {
        Datum::Null | Datum::Text(_) => Type::TEXT,
        Datum::Padded(_) => Type::of(Scalar::Char),
        Datum::Bool(_) => Type::of(Scalar::Bool),
        Datum::Int(_) => Type::of(Scalar::Int4),
        Datum::Float(_) => Type::of(Scalar::Float8),
        Datum::Numeric(_) => Type::of(Scalar::Numeric),
        Datum::Bytes(_) => Type::of(Scalar::Bytea),
        Datum::Uuid(_) => Type::of(Scalar::Uuid),
        Datum::Date(_) => Type::of(Scalar::Date),
        Datum::Time(_) => Type::of(Scalar::Time),
        Datum::Timestamp(_) => Type::of(Scalar::Timestamp),
        Datum::Interval(_) => Type::of(Scalar::Interval),
        Datum::Jsonb(_) => Type::of(Scalar::Jsonb),
        Datum::Array(array) => Type::array_of(array.element),
    });
    match datum {
        Datum::Null => format!("NULL::{ty}"),
        Datum::Bool(truth) => truth.to_string(),
        Datum::Int(number) if *number >= 0 && ty == Type::of(Scalar::Int4) => number.to_string(),
        // What would be read as another type has its own behind it.
        Datum::Numeric(_) => match types::output(datum, ty) {
            number if number.starts_with('-') || !number.contains('.') => format!("'{number}'::{ty}"),
            number => number,
        },
        datum => format!("'{}'::{ty}", types::output(datum, ty).replace('\'', "''")),
    }
}

/// A function that the engine answers.
fn engine(call: EngineCall) -> String {
    let name = format!("{call:?}");
    name.chars().take_while(|letter| letter.is_alphanumeric()).collect::<String>().to_ascii_lowercase()
}
