//! How long what an expression says stays true.

use super::Expr;
use crate::functions::Volatility;

impl Expr {
    /// Whether what it says of a row stays true at least so long.
    pub fn lasts(&self, long: Volatility) -> bool {
        !self.any(&|part, _| part.own_volatility() > long)
    }

    /// That of it without its parts.
    fn own_volatility(&self) -> Volatility {
        match self {
            Expr::Call(called) | Expr::IsDistinct(called) | Expr::NullIf(called) => called.call.volatility,
            Expr::Quantified { comparison, .. } => comparison.call.volatility,
            Expr::Cast(converted) if converted.cast.asks_settings() => Volatility::Settings,
            Expr::Engine(..) | Expr::Subquery(_) => Volatility::Stable,
            _ => Volatility::Immutable,
        }
    }
}
