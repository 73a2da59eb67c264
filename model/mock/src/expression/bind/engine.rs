//! Functions that ask the engine, or change what it keeps.

use super::{Binder, Bound};
use crate::error::{error, unsupported};
use crate::expression::{EngineCall, Expr};
use crate::functions;
use crate::types::cast::Context;
use crate::types::{Datum, Scalar, Type};
use drawloom_model::SqlError;

impl Binder<'_> {
    /// What only the engine knows.
    pub(super) fn engine(&mut self, name: &str, arguments: &[Bound]) -> Result<Option<Bound>, SqlError> {
        if name == crate::spelling::CURRENT_OF {
            // The table that is changed comes first.
            let target = self.scopes.last().and_then(|scope| scope.relations.first()?.table);
            let (Some((oid, slot)), [cursor]) = (target, arguments) else {
                return Err(unsupported("WHERE CURRENT OF on what is no table"));
            };
            let table = Expr::Literal(Datum::Int(oid.0.into()));
            let arguments = [cursor.expr.clone(), table, Expr::Column(slot)];
            return Ok(Some(Bound::scalar(
                Expr::Engine(EngineCall::CurrentOf, arguments.into()),
                Scalar::Bool,
            )));
        }
        use Scalar::{Bool, Float8, Int4, Int8, Name, Oid, Regclass, Text, Void};
        let one_key = arguments.len() == 1;
        let keys: &[Scalar] = if one_key { &[Int8] } else { &[Int4, Int4] };
        let names: &[Scalar] = if arguments.len() == 3 { &[Name, Text, Text] } else { &[Text, Text] };
        let lock = |shared, session, wait| EngineCall::AdvisoryLock { shared, session, wait };
        let (call, parameters, result): (EngineCall, &[Scalar], Scalar) = match name {
            "nextval" => (EngineCall::Nextval, &[Regclass], Int8),
            "currval" => (EngineCall::Currval, &[Regclass], Int8),
            "lastval" => (EngineCall::Lastval, &[], Int8),
            "setval" if arguments.len() == 3 => (EngineCall::Setval, &[Regclass, Int8, Bool], Int8),
            "setval" => (EngineCall::Setval, &[Regclass, Int8], Int8),
            "current_database" => (EngineCall::CurrentDatabase, &[], Name),
            "current_schema" => (EngineCall::CurrentSchema, &[], Name),
            "current_schemas" => {
                let call = EngineCall::CurrentSchemas;
                let argument = match arguments {
                    [argument] => self.coerce(argument.clone(), Type::of(Bool), Context::Implicit)?,
                    _ => return Err(error("42883", "function current_schemas() does not exist")),
                };
                let expr = Expr::Engine(call, [argument].into());
                return Ok(Some(Bound::new(expr, Type::array_of(Name))));
            }
            "pg_get_userbyid" => (EngineCall::RoleName, &[Oid], Name),
            "to_regclass" => (EngineCall::RelationNamed, &[Text], Regclass),
            "format_type" => (EngineCall::FormatType, &[Oid, Int4], Text),
            "pg_table_is_visible" => (EngineCall::TableIsVisible, &[Oid], Bool),
            "obj_description" if one_key => (EngineCall::Description, &[Oid], Text),
            "obj_description" => (EngineCall::Description, &[Oid, Name], Text),
            "col_description" => (EngineCall::Description, &[Oid, Int4], Text),
            "has_table_privilege" => (EngineCall::HasPrivilege("table"), names, Bool),
            "has_sequence_privilege" => (EngineCall::HasPrivilege("sequence"), names, Bool),
            "has_schema_privilege" => (EngineCall::HasPrivilege("schema"), names, Bool),
            "has_database_privilege" => (EngineCall::HasPrivilege("database"), names, Bool),
            "pg_backend_pid" => (EngineCall::BackendPid, &[], Int4),
            "txid_current" | "pg_current_xact_id" => (EngineCall::TransactionId, &[], Int8),
            "pg_advisory_lock" => (lock(false, true, true), keys, Void),
            "pg_advisory_lock_shared" => (lock(true, true, true), keys, Void),
            "pg_advisory_xact_lock" => (lock(false, false, true), keys, Void),
            "pg_advisory_xact_lock_shared" => (lock(true, false, true), keys, Void),
            "pg_try_advisory_lock" => (lock(false, true, false), keys, Bool),
            "pg_try_advisory_lock_shared" => (lock(true, true, false), keys, Bool),
            "pg_try_advisory_xact_lock" => (lock(false, false, false), keys, Bool),
            "pg_try_advisory_xact_lock_shared" => (lock(true, false, false), keys, Bool),
            "pg_advisory_unlock" => (EngineCall::AdvisoryUnlock { shared: false }, keys, Bool),
            "pg_advisory_unlock_shared" => (EngineCall::AdvisoryUnlock { shared: true }, keys, Bool),
            "pg_advisory_unlock_all" => (EngineCall::AdvisoryUnlockAll, &[], Void),
            "pg_sleep" => (EngineCall::Sleep, &[Float8], Void),
            "random" => (EngineCall::Random, &[], Float8),
            "current_setting" if arguments.len() == 2 => (EngineCall::CurrentSetting, &[Text, Bool], Text),
            "current_setting" => (EngineCall::CurrentSetting, &[Text], Text),
            "pg_notify" => (EngineCall::Notify, &[Text, Text], Void),
            "set_config" => (EngineCall::SetConfig, &[Text, Text, Bool], Text),
            _ => return Ok(None),
        };
        if parameters.len() != arguments.len() {
            let types: Vec<String> = arguments.iter().map(|bound| bound.ty.to_string()).collect();
            return Err(error("42883", format!("function {name}({}) does not exist", types.join(", "))));
        }
        let mut coerced = Vec::new();
        for (argument, scalar) in arguments.iter().zip(parameters) {
            coerced.push(match scalar {
                Regclass => self.regclass(argument.clone())?,
                _ => self.coerce(argument.clone(), Type::of(*scalar), Context::Implicit)?,
            });
        }
        Ok(Some(Bound::scalar(Expr::Engine(call, coerced.into()), result)))
    }

    /// A relation by its name or its number.
    pub(super) fn regclass(&mut self, bound: Bound) -> Result<Expr, SqlError> {
        if let Expr::Literal(Datum::Text(text)) = &bound.expr
            && !text.bytes().all(|byte| byte.is_ascii_digit())
        {
            let found = crate::sql::relation_name(text)
                .and_then(|name| Ok(self.catalog.resolve(self.naming, &name)?.0));
            let oid = found.map_err(|failure| failure.at(bound.place))?;
            return Ok(Expr::Literal(Datum::Int(oid.0.into())));
        }
        if bound.ty == Type::of(Scalar::Text) {
            return Ok(Expr::Engine(
                EngineCall::RelationNamed,
                [bound.expr, Expr::Literal(Datum::Bool(true))].into(),
            ));
        }
        self.coerce(bound, Type::of(Scalar::Regclass), Context::Explicit)
    }

    /// What PostgreSQL's grammar has as names of their own.
    pub(super) fn niladic(&mut self, name: &str) -> Option<Bound> {
        let engine = |call| Bound::scalar(Expr::Engine(call, [].into()), Scalar::Name);
        match name {
            "current_user" | "user" | "current_role" => Some(engine(EngineCall::CurrentUser)),
            "session_user" => Some(engine(EngineCall::SessionUser)),
            "current_catalog" => Some(engine(EngineCall::CurrentDatabase)),
            "current_schema" => Some(engine(EngineCall::CurrentSchema)),
            "current_timestamp" | "current_date" | "current_time" | "localtimestamp" | "localtime" => {
                let call = functions::function(name, &[]).ok()?;
                let result = call.result;
                Some(Bound::new(Expr::Call(self.called(name, call, Vec::new()).ok()?.into()), result))
            }
            _ => None,
        }
    }
}
