//! Window functions and their windows.

use super::function::is_star;
use super::{Binder, Bound};
use crate::catalog::identifier;
use crate::error::{error, unsupported};
use crate::expression::{Edge, Expr, Frame, Offset, SortKey, Units, WindowFunction, Windowed};
use crate::functions;
use crate::place;
use crate::types::cast::Context;
use crate::types::{Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// A function that is no aggregate: what it is, what it gives, and what it takes.
type Known = (WindowFunction, Type, Vec<Type>);

/// Whether it is a function of windows alone.
pub(super) fn is_window_function(name: &str) -> bool {
    known(name, Type::TEXT).is_some()
}

fn known(name: &str, first: Type) -> Option<Known> {
    let (int4, int8, float8) = (Type::of(Scalar::Int4), Type::of(Scalar::Int8), Type::of(Scalar::Float8));
    Some(match name {
        "row_number" => (WindowFunction::RowNumber, int8, vec![]),
        "rank" => (WindowFunction::Rank, int8, vec![]),
        "dense_rank" => (WindowFunction::DenseRank, int8, vec![]),
        "percent_rank" => (WindowFunction::PercentRank, float8, vec![]),
        "cume_dist" => (WindowFunction::CumeDist, float8, vec![]),
        "ntile" => (WindowFunction::Ntile, int4, vec![int4]),
        "lag" => (WindowFunction::Shift(-1), first, vec![first, int4, first]),
        "lead" => (WindowFunction::Shift(1), first, vec![first, int4, first]),
        "first_value" => (WindowFunction::FirstValue, first, vec![first]),
        "last_value" => (WindowFunction::LastValue, first, vec![first]),
        "nth_value" => (WindowFunction::NthValue, first, vec![first, int4]),
        _ => return None,
    })
}

impl Binder<'_> {
    /// WINDOW: the windows that have names.
    ///
    /// # Errors
    /// `42P20`: a name is taken; and as for every window.
    pub fn named_windows(&mut self, named: &[ast::NamedWindowDefinition]) -> Result<(), SqlError> {
        for ast::NamedWindowDefinition(name, spec) in named {
            let name = identifier(name);
            let spec = match spec {
                ast::NamedWindowExpr::NamedWindow(_) => return Err(unsupported("WINDOW AS a name")),
                ast::NamedWindowExpr::WindowSpec(spec) => self.completed(spec)?,
            };
            if self.windows.iter().any(|(other, _)| *other == name) {
                return Err(error("42P20", format!("window \"{name}\" is already defined")));
            }
            self.windows.push((name, spec));
        }
        Ok(())
    }

    fn named_window(&self, name: &str) -> Result<&ast::WindowSpec, SqlError> {
        let found = self.windows.iter().find(|(other, _)| **other == *name);
        let missing = || error("42704", format!("window \"{name}\" does not exist"));
        found.map(|(_, spec)| spec).ok_or_else(missing)
    }

    /// A window with what it takes over from the one that it names.
    fn completed(&self, spec: &ast::WindowSpec) -> Result<ast::WindowSpec, SqlError> {
        let Some(name) = &spec.window_name else { return Ok(spec.clone()) };
        let name = identifier(name);
        let base = self.named_window(&name)?;
        let refused = |clause: &str| {
            Err(error("42P20", format!("cannot override {clause} clause of window \"{name}\"")))
        };
        if !spec.partition_by.is_empty() {
            return refused("PARTITION BY");
        }
        if !spec.order_by.is_empty() && !base.order_by.is_empty() {
            return refused("ORDER BY");
        }
        if base.window_frame.is_some() {
            let message = format!("cannot copy window \"{name}\" because it has a frame clause");
            return Err(error("42P20", message));
        }
        let order_by = if spec.order_by.is_empty() { &base.order_by } else { &spec.order_by }.clone();
        let (partition_by, window_frame) = (base.partition_by.clone(), spec.window_frame.clone());
        Ok(ast::WindowSpec { window_name: None, partition_by, order_by, window_frame })
    }

    /// A call of a function over a window, in which no function may give rows.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn window(
        &mut self,
        name: &Rc<str>,
        function: &ast::Function,
        list: Option<&ast::FunctionArgumentList>,
        over: &ast::WindowType,
    ) -> Result<Bound, SqlError> {
        let series = self.series.take();
        let place = std::mem::replace(&mut self.place, "window definitions".to_owned());
        let window = self.window_without_series(name, function, list, over);
        (self.place, self.series) = (place, series);
        window
    }

    fn window_without_series(
        &mut self,
        name: &Rc<str>,
        function: &ast::Function,
        list: Option<&ast::FunctionArgumentList>,
        over: &ast::WindowType,
    ) -> Result<Bound, SqlError> {
        if !self.clause.is_empty() {
            return Err(error("42P20", format!("window functions are not allowed in {}", self.clause)));
        }
        let spec = match over {
            ast::WindowType::WindowSpec(spec) => self.completed(spec)?,
            ast::WindowType::NamedWindow(name) => {
                let window = self.named_window(&identifier(name));
                window.map_err(|failure| failure.at(place::begin(name.span)))?.clone()
            }
        };
        let star = list.is_some_and(is_star);
        let arguments = if star { Vec::new() } else { self.arguments(name, list)? };
        let filter = function.filter.as_ref().map(|filter| self.condition(filter, "FILTER")).transpose()?;
        let (function, result, parameters) = self.window_function(name, &arguments)?;
        let is_aggregate = matches!(function, WindowFunction::Aggregate(_));
        if filter.is_some() && !is_aggregate {
            return Err(error("0A000", "FILTER is not implemented for non-aggregate window functions"));
        }
        if list.is_some_and(|list| list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct)) {
            return Err(error("0A000", "DISTINCT is not implemented for window functions"));
        }
        if list.is_some_and(|list| !list.clauses.is_empty()) {
            return Err(error("0A000", "aggregate ORDER BY is not implemented for window functions"));
        }
        let mut coerced = Vec::new();
        for (argument, ty) in arguments.into_iter().zip(parameters) {
            coerced.push(self.coerce(argument, ty, Context::Implicit)?);
        }
        let mut partition = Vec::new();
        for part in &spec.partition_by {
            let bound = self.expr(part)?;
            partition.push(self.known(bound)?.expr);
        }
        let (order, types) = self.typed_sort_keys(&spec.order_by)?;
        let frame = self.frame(spec.window_frame.as_ref(), &order, &types)?;
        let arguments = coerced.into();
        let windowed = Windowed { function, arguments, filter, partition: partition.into(), order, frame };
        let nested = |expr: &Expr, depth: usize| depth == 0 && matches!(expr, Expr::Window(_));
        if windowed.partition.iter().any(|part| part.any(&nested))
            || windowed.order.iter().any(|key| key.expr.any(&nested))
        {
            return Err(error("42P20", "window functions are not allowed in window definitions"));
        }
        if windowed.parts().any(|part| part.any(&nested)) {
            return Err(error("42P20", "window function calls cannot be nested"));
        }
        Ok(Bound::new(Expr::Window(windowed.into()), result))
    }

    fn window_function(&mut self, name: &str, arguments: &[Bound]) -> Result<Known, SqlError> {
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        let first = types.first().copied().filter(|ty| *ty != Type::UNKNOWN).unwrap_or(Type::TEXT);
        let missing = || {
            let types: Vec<String> = types.iter().map(Type::to_string).collect();
            error("42883", format!("function {name}({}) does not exist", types.join(", ")))
        };
        if let Some((function, result, parameters)) = known(name, first) {
            // `lag` and `lead` may leave out all but the first.
            let least = if matches!(function, WindowFunction::Shift(_)) { 1 } else { parameters.len() };
            if arguments.len() < least || arguments.len() > parameters.len() {
                return Err(missing());
            }
            return Ok((function, result, parameters));
        }
        if let Some(aggregate) = functions::aggregate(name, &types)? {
            let parameters = (0..arguments.len()).map(|place| aggregate.parameter(place)).collect();
            let result = aggregate.result;
            return Ok((WindowFunction::Aggregate(aggregate), result, parameters));
        }
        functions::function(name, &types)?;
        let message =
            format!("OVER specified, but {name} is not a window function nor an aggregate function");
        Err(error("42809", message))
    }

    fn frame(
        &mut self,
        frame: Option<&ast::WindowFrame>,
        order: &[SortKey],
        types: &[Type],
    ) -> Result<Frame, SqlError> {
        let Some(frame) = frame else {
            return Ok(Frame { units: Units::Range, start: Edge::First, end: Edge::Current });
        };
        let units = match frame.units {
            ast::WindowFrameUnits::Rows => Units::Rows,
            ast::WindowFrameUnits::Range => Units::Range,
            ast::WindowFrameUnits::Groups => Units::Groups,
        };
        if units == Units::Groups && order.is_empty() {
            return Err(error("42P20", "GROUPS mode requires an ORDER BY clause"));
        }
        let start = self.edge(&frame.start_bound, units, order, types)?;
        let end = match &frame.end_bound {
            None => Edge::Current,
            Some(bound) => self.edge(bound, units, order, types)?,
        };
        let refused = match (&start, &end) {
            (Edge::Last, _) => "frame start cannot be UNBOUNDED FOLLOWING",
            (_, Edge::First) => "frame end cannot be UNBOUNDED PRECEDING",
            (Edge::Current, Edge::Preceding(_)) => {
                "frame starting from current row cannot have preceding rows"
            }
            (Edge::Following(_), Edge::Preceding(_)) => {
                "frame starting from following row cannot have preceding rows"
            }
            (Edge::Following(_), Edge::Current) => {
                "frame starting from following row cannot end with current row"
            }
            _ => return Ok(Frame { units, start, end }),
        };
        Err(error("42P20", refused))
    }

    fn edge(
        &mut self,
        bound: &ast::WindowFrameBound,
        units: Units,
        order: &[SortKey],
        types: &[Type],
    ) -> Result<Edge, SqlError> {
        use ast::WindowFrameBound::{CurrentRow, Following, Preceding};
        let (offset, precedes) = match bound {
            CurrentRow => return Ok(Edge::Current),
            Preceding(None) => return Ok(Edge::First),
            Following(None) => return Ok(Edge::Last),
            Preceding(Some(offset)) => (offset, true),
            Following(Some(offset)) => (offset, false),
        };
        let offset = if units == Units::Range {
            let ([key], [ty]) = (order, types) else {
                let message = "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column";
                return Err(error("42P20", message));
            };
            let distance = self.expr(offset)?;
            let symbol = if precedes == key.descending { "+" } else { "-" };
            let limit = self.operator(symbol, Bound::new(key.expr.clone(), *ty), distance.clone())?;
            if limit.ty != *ty {
                return Err(unsupported(format!("RANGE by {} over {ty}", distance.ty)));
            }
            Offset { distance: distance.expr, limit: Some(limit.expr) }
        } else {
            Offset { distance: self.expr_as(offset, Type::of(Scalar::Int8))?, limit: None }
        };
        Ok(if precedes { Edge::Preceding(offset) } else { Edge::Following(offset) })
    }
}
