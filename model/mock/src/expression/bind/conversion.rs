//! What has one type is made another one's: by itself, where it is assigned, or where a cast says so.

use super::{Binder, Bound};
use crate::error::error;
use crate::expression::{self, Converted, Expr};
use crate::types::cast::{self, Context};
use crate::types::{self, Datum, Modifier, Scalar, Type, resolve};
use drawloom_model::SqlError;

impl Binder<'_> {
    /// Expressions that shall have one type.
    ///
    /// # Errors
    /// `42804`: there is none for all of them.
    pub fn common(&mut self, bound: Vec<Bound>, construct: &str) -> Result<(Vec<Expr>, Type), SqlError> {
        let types: Vec<Type> = bound.iter().map(|bound| bound.ty).collect();
        let ty = resolve::common(construct, &types).map_err(|failure| {
            // The first that does not go with those before it.
            let fits = |count: &usize| resolve::common(construct, &types[..*count]).is_ok();
            let fault = (1..bound.len()).take_while(fits).last().unwrap_or(0);
            failure.at(bound[fault].place)
        })?;
        let exprs = bound.into_iter().map(|bound| self.coerce(bound, ty, Context::Implicit));
        Ok((exprs.collect::<Result<_, _>>()?, ty))
    }

    /// An expression turned into one of another type.
    ///
    /// # Errors
    /// `42846`, `42804`: there is no such cast, or not in this context.
    pub fn coerce(&mut self, bound: Bound, to: Type, context: Context) -> Result<Expr, SqlError> {
        self.convert(bound, to, None, context)
    }

    /// As [`Binder::coerce`], with a length or a scale.
    ///
    /// # Errors
    /// As there.
    pub fn convert(
        &mut self,
        bound: Bound,
        to: Type,
        modifier: Option<Modifier>,
        context: Context,
    ) -> Result<Expr, SqlError> {
        let unknown = Type::of(Scalar::Unknown);
        let place = bound.place;
        if bound.ty == unknown && to != unknown {
            match &bound.expr {
                Expr::Literal(Datum::Text(text)) => {
                    let datum = match context {
                        Context::Explicit => types::literal(text, to, modifier),
                        _ => types::input(text, to, modifier),
                    };
                    return datum.map(Expr::Literal).map_err(|failure| failure.at(place));
                }
                Expr::Literal(Datum::Null) => return Ok(Expr::NULL),
                Expr::Parameter(number) => {
                    if self.parameters[*number] == unknown {
                        self.parameters[*number] = to;
                    }
                    let parameter = Bound::new(bound.expr.clone(), self.parameters[*number]);
                    return self.convert(parameter, to, modifier, context);
                }
                _ => {
                    let text = Bound::scalar(bound.expr, Scalar::Text);
                    return self.convert(text, to, modifier, Context::Explicit);
                }
            }
        }
        if bound.ty == to && modifier.is_none() {
            return Ok(bound.expr);
        }
        let cast = cast::find(bound.ty, to).filter(|cast| cast.context <= context).ok_or_else(|| {
            let failure = error("42846", format!("cannot cast type {} to {to}", bound.ty));
            // A cast that is written down is wrong itself.
            if context == Context::Explicit { failure } else { failure.at(place) }
        })?;
        let expr = Expr::Cast(Converted { expr: bound.expr, cast, to, modifier }.into());
        Ok(folded(expr))
    }
}

/// A cast of a literal is a literal.
fn folded(expr: Expr) -> Expr {
    if let Expr::Cast(converted) = &expr
        && matches!(converted.expr, Expr::Literal(_))
        && let Ok(datum) = expr.evaluate(&expression::Context::IMMUTABLE, &[])
    {
        return Expr::Literal(datum);
    }
    expr
}
