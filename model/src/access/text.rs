//! What a statement's text says before anything is known of its tables.
//!
//! Anything that is not listed here as understood is [`Shape::Opaque`]: a function that is not known to be one
//! of its arguments (`random()`, `date('now')`), a common table expression, a table-valued function, a
//! statement that is seldom seen.

use super::table::{Table, key_columns};
use crate::statement::Value;
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, CreateIndex, Delete, Expr, FromTable, Function, Ident, Insert,
    ObjectName, ObjectNamePart, ObjectType, OnInsert, Query, SetExpr, SqliteOnConflict, Statement,
    TableFactor, TableObject, TableWithJoins, TransactionModifier, UnaryOperator, Update, Value as Literal,
    Visit, Visitor,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Texts that a thread remembers: a workload that builds its texts from values has no end of them.
const TEXTS_KEPT: usize = 4_096;

thread_local! {
    /// A shape is a function of its text alone, so runs may share it.
    static SHAPES: RefCell<BTreeMap<String, Rc<Shape>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The tables that are read, each with what is certain to hold of every row that matters; a table that is
/// named more than once is read as a whole.
pub(crate) type Reads = BTreeMap<String, Vec<Equality>>;

/// What a text says.
#[derive(Debug)]
pub(crate) enum Shape {
    Begin {
        immediate: bool,
    },
    Commit,
    Rollback,
    Savepoint,
    Reads(Reads),
    Inserts {
        table: String,
        replaces: bool,
        reads: Reads,
    },
    Updates {
        table: String,
        columns: Vec<String>,
        replaces: bool,
        place: Vec<Equality>,
        reads: Reads,
    },
    Deletes {
        table: String,
        place: Vec<Equality>,
        reads: Reads,
    },
    Defines(Table),
    /// These columns of a table are now a key.
    Keys {
        table: String,
        columns: Vec<String>,
    },
    /// This is no table, nor can one refer to it.
    Hides(String),
    /// Of what has one of these names nothing is certain any more.
    Forgets(Vec<String>),
    /// Not understood; `obscures` where other statements may mean something else from now on.
    Opaque {
        obscures: bool,
    },
}

/// A column is equal to a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Equality {
    pub column: String,
    pub constant: Constant,
}

/// A constant of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Value(Value),
    /// The parameter of this number, the first being 1.
    Param(usize),
}

/// What the text says.
pub(crate) fn shape(sql: &str) -> Rc<Shape> {
    SHAPES.with_borrow_mut(|shapes| {
        if let Some(shape) = shapes.get(sql) {
            return shape.clone();
        }
        if shapes.len() == TEXTS_KEPT {
            shapes.clear();
        }
        let shape = Rc::new(read(sql));
        shapes.insert(sql.to_owned(), shape.clone());
        shape
    })
}

fn read(sql: &str) -> Shape {
    let parsed = Parser::parse_sql(&SQLiteDialect {}, sql);
    let understood = match parsed.as_deref() {
        Ok([statement]) => understand(statement),
        _ => None,
    };
    understood.unwrap_or_else(|| Shape::Opaque { obscures: !is_tame(sql) })
}

/// Whether a text that is not understood leaves the meaning of others alone, by its first word. Settings are
/// not tame: `PRAGMA journal_mode` changes who waits for whom.
fn is_tame(sql: &str) -> bool {
    const TAME: [&str; 12] = [
        "SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "EXPLAIN", "ANALYZE", "REINDEX",
        "VACUUM", "BEGIN",
    ];
    const TAME_SETTINGS: [&str; 10] = [
        "foreign_keys",
        "foreign_key_list",
        "foreign_key_check",
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "integrity_check",
        "quick_check",
        "user_version",
    ];
    let mut words =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let tame = |words: &[&str], word: &str| words.iter().any(|tame| tame.eq_ignore_ascii_case(word));
    // A word that a comment begins with says nothing.
    let commented = sql.contains("--") || sql.contains("/*");
    let setting = first.eq_ignore_ascii_case("PRAGMA").then(|| words.next().unwrap_or_default());
    !commented && setting.map_or_else(|| tame(&TAME, first), |setting| tame(&TAME_SETTINGS, setting))
}

fn understand(statement: &Statement) -> Option<Shape> {
    let inventory = || Inventory::of(statement);
    match statement {
        Statement::StartTransaction { modes, statements, modifier, exception: None, .. }
            if modes.is_empty() && statements.is_empty() =>
        {
            match modifier {
                None | Some(TransactionModifier::Deferred) => Some(Shape::Begin { immediate: false }),
                Some(TransactionModifier::Immediate | TransactionModifier::Exclusive) => {
                    Some(Shape::Begin { immediate: true })
                }
                Some(_) => None,
            }
        }
        Statement::Commit { chain: false, modifier: None, .. } | Statement::ReleaseSavepoint { .. } => {
            Some(Shape::Commit)
        }
        Statement::Rollback { chain: false, savepoint: None } => Some(Shape::Rollback),
        Statement::Rollback { chain: false, savepoint: Some(_) } | Statement::Savepoint { .. } => {
            Some(Shape::Savepoint)
        }
        Statement::Query(query) => Some(Shape::Reads(read_places(query, inventory()?))),
        Statement::Insert(insert) => understand_insert(insert, inventory()?),
        Statement::Update(update) => understand_update(update, inventory()?),
        Statement::Delete(delete) => understand_delete(delete, inventory()?),
        Statement::CreateTable(create) if !create.temporary => Some(match Table::read(create) {
            Some(table) => Shape::Defines(table),
            None => Shape::Forgets(vec![name(&create.name)?]),
        }),
        Statement::CreateView(view) if !view.temporary => Some(Shape::Hides(name(&view.name)?)),
        Statement::CreateVirtualTable { name: table, .. } => Some(Shape::Hides(name(table)?)),
        Statement::CreateIndex(index) => understand_index(index),
        Statement::AlterTable(alter) => Some(Shape::Forgets(vec![name(&alter.name)?])),
        Statement::Drop { object_type: ObjectType::Table | ObjectType::View, names, .. } => {
            Some(Shape::Forgets(names.iter().map(name).collect::<Option<_>>()?))
        }
        Statement::Drop { object_type: ObjectType::Index, .. } => Some(Shape::Forgets(Vec::new())),
        _ => None,
    }
}

fn read_places(query: &Query, inventory: Inventory) -> Reads {
    let mut reads = inventory.reads();
    if let SetExpr::Select(select) = &*query.body
        && let [from] = &select.from[..]
        && let Some(table) = Target::of(from)
        && let Some(place) = reads.get_mut(&table.name)
        && inventory.count(&table.name) == 1
    {
        *place = table.place(select.selection.as_ref());
    }
    reads
}

fn understand_insert(insert: &Insert, mut inventory: Inventory) -> Option<Shape> {
    let TableObject::TableName(table) = &insert.table else { return None };
    let table = name(table)?;
    if insert.or == Some(SqliteOnConflict::Rollback) || !insert.assignments.is_empty() {
        return None;
    }
    // DO NOTHING comes as this too: nobody loses much by that.
    let upserts = matches!(&insert.on, Some(OnInsert::OnConflict(conflict)) if !is_nothing(conflict));
    if insert.on.is_some() && !matches!(insert.on, Some(OnInsert::OnConflict(_))) {
        return None;
    }
    let replaces = insert.or == Some(SqliteOnConflict::Replace) || insert.replace_into || upserts;
    inventory.forget(&table);
    Some(Shape::Inserts { table, replaces, reads: inventory.reads() })
}

fn is_nothing(conflict: &sqlparser::ast::OnConflict) -> bool {
    matches!(conflict.action, sqlparser::ast::OnConflictAction::DoNothing)
}

fn understand_update(update: &Update, mut inventory: Inventory) -> Option<Shape> {
    let target = Target::of(&update.table)?;
    let unusual = update.from.is_some() || !update.order_by.is_empty() || update.limit.is_some();
    if unusual || update.or == Some(SqliteOnConflict::Rollback) {
        return None;
    }
    let mut columns = Vec::new();
    for assignment in &update.assignments {
        match &assignment.target {
            AssignmentTarget::ColumnName(column) => columns.push(name(column)?),
            AssignmentTarget::Tuple(tuple) => {
                columns.extend(tuple.iter().map(name).collect::<Option<Vec<_>>>()?)
            }
        }
    }
    let replaces = update.or == Some(SqliteOnConflict::Replace);
    let place = target.place(update.selection.as_ref());
    inventory.forget(&target.name);
    Some(Shape::Updates { table: target.name, columns, replaces, place, reads: inventory.reads() })
}

fn understand_delete(delete: &Delete, mut inventory: Inventory) -> Option<Shape> {
    let FromTable::WithFromKeyword(from) = &delete.from else { return None };
    let [from] = &from[..] else { return None };
    let unusual = delete.using.is_some() || !delete.order_by.is_empty() || delete.limit.is_some();
    if unusual || !delete.tables.is_empty() {
        return None;
    }
    let target = Target::of(from)?;
    let place = target.place(delete.selection.as_ref());
    inventory.forget(&target.name);
    Some(Shape::Deletes { table: target.name, place, reads: inventory.reads() })
}

/// Which rows a unique index compares may hang on any expression: then nothing is certain of its table.
fn understand_index(index: &CreateIndex) -> Option<Shape> {
    let table = name(&index.table_name)?;
    if !index.unique {
        return Some(Shape::Forgets(Vec::new()));
    }
    Some(match key_columns(&index.columns) {
        Some(columns) if index.predicate.is_none() => Shape::Keys { table, columns },
        _ => Shape::Forgets(vec![table]),
    })
}

/// The one table that a statement is about, under the names that it has in it.
struct Target {
    name: String,
    alias: Option<String>,
}

impl Target {
    fn of(from: &TableWithJoins) -> Option<Target> {
        let TableFactor::Table { name: table, alias, .. } = &from.relation else { return None };
        if !from.joins.is_empty() {
            return None;
        }
        let alias = match alias {
            Some(alias) => Some(single(&alias.name)?),
            None => None,
        };
        Some(Target { name: name(table)?, alias })
    }

    /// What holds of every row that the condition holds of. Nothing is said of a condition that could fail on
    /// some row: whether it does hangs on rows that it does not hold of.
    fn place(&self, condition: Option<&Expr>) -> Vec<Equality> {
        let mut place = Vec::new();
        if let Some(condition) = condition
            && never_fails(condition)
        {
            self.add_equalities(condition, &mut place);
        }
        place
    }

    fn add_equalities(&self, condition: &Expr, place: &mut Vec<Equality>) {
        match condition {
            Expr::Nested(inner) => self.add_equalities(inner, place),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.add_equalities(left, place);
                self.add_equalities(right, place);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                place.extend(self.equality(left, right).or_else(|| self.equality(right, left)));
            }
            Expr::InList { expr, list, negated: false } => {
                if let [one] = &list[..] {
                    place.extend(self.equality(expr, one));
                }
            }
            _ => (),
        }
    }

    fn equality(&self, column: &Expr, constant: &Expr) -> Option<Equality> {
        let column = match column {
            Expr::Identifier(column) => single(column)?,
            Expr::CompoundIdentifier(names) => {
                let [table, column] = &names[..] else { return None };
                if single(table)? != *self.alias.as_ref().unwrap_or(&self.name) {
                    return None;
                }
                single(column)?
            }
            _ => return None,
        };
        Some(Equality { column, constant: constant_of(constant)? })
    }
}

fn constant_of(expr: &Expr) -> Option<Constant> {
    let text = |text: &str| Some(Constant::Value(Value::Text(text.to_owned())));
    match expr {
        Expr::Value(literal) => match &literal.value {
            Literal::Number(number, _) => Some(Constant::Value(Value::Int(number.parse().ok()?))),
            Literal::SingleQuotedString(string) => text(string),
            // A bare `?` counts from what stands before it in the text, which the tree no longer knows.
            Literal::Placeholder(name) => Some(Constant::Param(name.get(1..)?.parse().ok()?)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match constant_of(expr)? {
            Constant::Value(Value::Int(n)) => Some(Constant::Value(Value::Int(n.checked_neg()?))),
            _ => None,
        },
        _ => None,
    }
}

/// Comparisons and arithmetic give a value for any row; functions and patterns may give an error.
fn never_fails(expr: &Expr) -> bool {
    use BinaryOperator::{And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus};
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => true,
        Expr::Nested(expr) | Expr::IsNull(expr) | Expr::IsNotNull(expr) => never_fails(expr),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not, expr } => {
            never_fails(expr)
        }
        Expr::BinaryOp { left, op, right } => {
            let plain = [And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus];
            plain.contains(op) && never_fails(left) && never_fails(right)
        }
        Expr::Between { expr, low, high, .. } => [expr, low, high].into_iter().all(|expr| never_fails(expr)),
        Expr::InList { expr, list, .. } => never_fails(expr) && list.iter().all(never_fails),
        _ => false,
    }
}

/// The tables that a statement names, wherever it does, if nothing in it is beyond what is understood.
#[derive(Default)]
struct Inventory {
    names: Vec<String>,
}

impl Inventory {
    fn of(statement: &Statement) -> Option<Inventory> {
        let mut inventory = Inventory::default();
        match statement.visit(&mut inventory) {
            ControlFlow::Continue(()) => Some(inventory),
            ControlFlow::Break(()) => None,
        }
    }

    fn count(&self, table: &str) -> usize {
        self.names.iter().filter(|name| *name == table).count()
    }

    /// Leaves out the one place where a statement names the table that it writes.
    fn forget(&mut self, table: &str) {
        if let Some(place) = self.names.iter().position(|name| name == table) {
            self.names.remove(place);
        }
    }

    fn reads(&self) -> Reads {
        self.names.iter().map(|name| (name.clone(), Vec::new())).collect()
    }
}

fn go_on_if(understood: bool) -> ControlFlow<()> {
    if understood { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

impl Visitor for Inventory {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = name(relation);
        self.names.extend(name.clone());
        go_on_if(name.is_some())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        go_on_if(match factor {
            TableFactor::Table { args, .. } => args.is_none(),
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => true,
            _ => false,
        })
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        go_on_if(query.with.is_none())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        go_on_if(match expr {
            Expr::Identifier(name) => !name.value.to_ascii_lowercase().starts_with("current_"),
            Expr::Function(function) => is_function_of_arguments(function),
            Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Nested(_) | Expr::Tuple(_) => true,
            Expr::IsFalse(_) | Expr::IsNotFalse(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) => true,
            Expr::IsNull(_) | Expr::IsNotNull(_) => true,
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => true,
            Expr::InList { .. } | Expr::InSubquery { .. } | Expr::Between { .. } | Expr::Like { .. } => true,
            Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::Cast { .. } | Expr::Collate { .. } => true,
            Expr::Case { .. } | Expr::Exists { .. } | Expr::Subquery(_) => true,
            Expr::Substring { .. } | Expr::Trim { .. } => true,
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => true,
            _ => false,
        })
    }
}

/// Whether the function's value comes from its arguments, or from the rows, and from nothing else.
fn is_function_of_arguments(function: &Function) -> bool {
    const KNOWN: [&str; 27] = [
        "abs",
        "avg",
        "char",
        "coalesce",
        "count",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "instr",
        "length",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "quote",
        "replace",
        "round",
        "rtrim",
        "sign",
        "substr",
        "sum",
        "total",
        "trim",
        "typeof",
        "upper",
    ];
    name(&function.name).is_some_and(|name| KNOWN.contains(&&*name))
}

/// An identifier, as SQLite compares it.
pub(crate) fn single(ident: &Ident) -> Option<String> {
    // A string in the place of a name is SQLite's own habit.
    (ident.quote_style != Some('\'')).then(|| ident.value.to_ascii_lowercase())
}

/// The name of a table of the database itself.
pub(crate) fn name(name: &ObjectName) -> Option<String> {
    match &name.0[..] {
        [ObjectNamePart::Identifier(table)] => single(table),
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(table)] => {
            (single(schema)? == "main").then(|| single(table)).flatten()
        }
        _ => None,
    }
}
