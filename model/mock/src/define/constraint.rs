//! SET CONSTRAINTS.

use crate::catalog::{Catalog, ConstraintKind, Naming, Object, identifier};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::place;
use crate::spelling::CONSTRAINTS;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    /// Says when keys are checked; what is not put off any more is checked now.
    ///
    /// # Errors
    /// `42704`: there is no such constraint; `42809`: it cannot be deferred; those of the checks.
    pub(super) async fn set_constraints(&self, values: &[ast::Expr]) -> Result<Reply, SqlError> {
        if !self.is_in_transaction() {
            self.warning("SET CONSTRAINTS can only be used in transaction blocks");
        }
        let Some((timing, names)) = values.split_last() else { return Err(unsupported("SET CONSTRAINTS")) };
        let deferred = match timing.to_string().to_ascii_lowercase().as_str() {
            "deferred" => true,
            "immediate" => false,
            other => {
                let failure = error("42601", format!("syntax error at or near \"{other}\""));
                return Err(failure.at(place::expression(timing)));
            }
        };
        let all = matches!(names, [ast::Expr::Identifier(ident)] if ident.value == CONSTRAINTS);
        let keys = self.with(|database| {
            let catalog = database.catalog(self.session);
            let naming = &database.session(self.session).naming;
            let keys = names.iter().map(|name| keys(catalog, naming, name));
            if all { Ok(None) } else { keys.collect::<Result<Vec<_>, _>>().map(Some) }
        })?;
        let keys = keys.map(|keys| keys.concat());
        self.with(|database| {
            let checks = &mut database.session_mut(self.session).transaction_mut().checks;
            checks.set_deferred(keys.as_deref(), deferred);
        });
        if !deferred {
            self.check_deferred(false).await?;
        }
        Ok(Reply::default())
    }
}

/// The keys of this name, in the first schema that has one.
fn keys(catalog: &Catalog, naming: &Naming, name: &ast::Expr) -> Result<Vec<Oid>, SqlError> {
    let (schemas, name): (Vec<Oid>, Rc<str>) = match name {
        ast::Expr::Identifier(name) => (naming.path.clone(), identifier(name)),
        ast::Expr::CompoundIdentifier(parts) if parts.len() == 2 => {
            (catalog.schema(&identifier(&parts[0])).into_iter().collect(), identifier(&parts[1]))
        }
        other => {
            let failure = error("42601", format!("syntax error at or near \"{other}\""));
            return Err(failure.at(place::expression(other)));
        }
    };
    let mut found = Vec::new();
    for schema in schemas {
        for (_, object) in catalog.objects() {
            let Object::Table(table) = object else { continue };
            if table.schema != schema {
                continue;
            }
            for constraint in table.constraints.iter().filter(|constraint| constraint.name == name) {
                match &constraint.kind {
                    ConstraintKind::ForeignKey(key) if key.deferral.is_some() => found.push(key.oid),
                    ConstraintKind::PrimaryKey { index } | ConstraintKind::Unique { index }
                        if catalog.index(*index).is_some_and(|index| index.deferral.is_some()) =>
                    {
                        found.push(*index);
                    }
                    ConstraintKind::Check { .. } => (),
                    _ => return Err(error("42809", format!("constraint \"{name}\" is not deferrable"))),
                }
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(error("42704", format!("constraint \"{name}\" does not exist")))
}
