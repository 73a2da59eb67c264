//! What expressions ask the engine itself: who the session is, what a setting is, what a sequence gives next.

use crate::bug::Bug;
use crate::catalog::{Object, Privilege};
use crate::database::Database;
use crate::error::{error, unsupported};
use crate::expression::EngineCall;
use crate::ids::Oid;
use crate::types::Datum;
use drawloom_model::{SessionId, SqlError};

impl Database {
    /// What the engine knows.
    ///
    /// # Errors
    /// As PostgreSQL's function of that name.
    pub fn call(&self, session: SessionId, call: EngineCall, arguments: &[Datum]) -> Result<Datum, SqlError> {
        Ok(match (call, arguments) {
            (EngineCall::CurrentUser, _) => {
                let user = self.catalog(session).object(self.session(session).naming.user);
                user.map_or(Datum::Null, |role| Datum::Text(role.name()))
            }
            (EngineCall::SessionUser, _) => {
                Datum::Text(self.session(session).settings.get("session_authorization")?)
            }
            (EngineCall::CurrentDatabase, _) => Datum::text("postgres"),
            (EngineCall::CurrentSchema, _) => {
                let path = &self.session(session).naming.named;
                let name = path.first().and_then(|schema| self.catalog(session).object(*schema));
                name.map_or(Datum::Null, |schema| Datum::Text(schema.name()))
            }
            (EngineCall::BackendPid, _) => Datum::Int(session.0.into()),
            (EngineCall::RowVersion, [Datum::Int(tid)]) => Datum::text(format!("(0,{tid})")),
            (EngineCall::CurrentSetting, [Datum::Text(name), rest @ ..])
                if !rest.iter().any(Datum::is_null) =>
            {
                match self.session(session).setting(name) {
                    // Told so, it says nothing of a setting that there is not.
                    Err(failure) if failure.sqlstate.as_str() == "42704" && *rest == [Datum::Bool(true)] => {
                        Datum::Null
                    }
                    setting => Datum::Text(setting?),
                }
            }
            (EngineCall::Nextval, [Datum::Int(oid)]) => {
                let oid = relation(*oid)?;
                self.footprints.touch_sequence(oid, true);
                self.require_any(session, oid, &[Privilege::Usage, Privilege::Update])?;
                self.refuse_read_only(session, oid, "nextval")?;
                if self.has(Bug::RepeatedSequenceValue)
                    && let Some(value) =
                        self.sequences.borrow_mut().repeat(self.catalog(session), session, oid)
                {
                    return Ok(Datum::Int(value));
                }
                let (value, logged) =
                    self.sequences.borrow_mut().next(self.catalog(session), session, oid)?;
                if let Some((file, state)) = logged {
                    self.log_sequence(session, file, state);
                }
                Datum::Int(value)
            }
            (EngineCall::Currval, [Datum::Int(oid)]) => {
                let oid = relation(*oid)?;
                self.require_any(session, oid, &[Privilege::Usage, Privilege::Select])?;
                Datum::Int(self.sequences.borrow().current(self.catalog(session), session, oid)?)
            }
            (EngineCall::Lastval, []) => {
                Datum::Int(self.sequences.borrow().last(self.catalog(session), session)?)
            }
            (EngineCall::Setval, [Datum::Int(oid), Datum::Int(value), rest @ ..]) => {
                let called = !matches!(rest, [Datum::Bool(false)]);
                let oid = relation(*oid)?;
                self.footprints.touch_sequence(oid, true);
                self.require_any(session, oid, &[Privilege::Update])?;
                self.refuse_read_only(session, oid, "setval")?;
                let (file, state) =
                    self.sequences.borrow_mut().set(self.catalog(session), session, oid, *value, called)?;
                self.log_sequence(session, file, state);
                Datum::Int(*value)
            }
            (_, arguments) if arguments.iter().any(Datum::is_null) && call != EngineCall::FormatType => {
                Datum::Null
            }
            (call, arguments) if let Some(answer) = self.ask(session, call, arguments)? => answer,
            (call, _) => return Err(unsupported(format!("the function behind {call:?}"))),
        })
    }

    /// Refuses the user who may do none of these with a sequence.
    fn require_any(&self, session: SessionId, oid: Oid, privileges: &[Privilege]) -> Result<(), SqlError> {
        let catalog = self.catalog(session);
        let sequence = crate::sequence::find(catalog, oid)?;
        let user = self.session(session).naming.user;
        if privileges.iter().any(|privilege| catalog.allows(user, oid, *privilege)) {
            return Ok(());
        }
        Err(error("42501", format!("permission denied for sequence {}", sequence.name)))
    }

    /// Refuses to take from a sequence in a transaction that may not write, unless it is the session's own.
    fn refuse_read_only(&self, session: SessionId, oid: Oid, function: &str) -> Result<(), SqlError> {
        let state = self.session(session);
        let catalog = self.catalog(session);
        let place = catalog.object(oid).and_then(Object::place);
        let is_own = place.is_some() && place == self.temporary_schema(session);
        if state.transaction().is_read_only && !is_own {
            let message = format!("cannot execute {function}() in a read-only transaction");
            return Err(error("25006", message));
        }
        Ok(())
    }
}

fn relation(number: i64) -> Result<Oid, SqlError> {
    let oid = u32::try_from(number).map(Oid);
    oid.map_err(|_| error("42P01", format!("could not open relation with OID {number}")))
}
