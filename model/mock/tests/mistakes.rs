//! Statements that are wrong, against what PostgreSQL 15 says of them and where: `mistakes/statements.txt`, written by
//! `mistakes/generate.py`.

mod server;

use server::Server;
use std::fmt::Write;

#[test]
fn mistakes_are_found_where_they_are() {
    let mut server = Server::new();
    for statement in include_str!("queries/tables.txt").lines() {
        server.lines(statement, Vec::new());
    }
    let mut lines = include_str!("mistakes/statements.txt").lines().peekable();
    let (mut differences, mut count, mut wrong) = (String::new(), 0, 0);
    while let Some(statement) = lines.next() {
        if statement.starts_with('#') {
            continue;
        }
        let expected = lines.next().and_then(|line| line.strip_prefix("    ")).expect("an answer");
        let own = lines.next_if(|line| line.starts_with("    ! ")).map(|line| &line[6..]);
        server.lines("begin", Vec::new());
        let actual = match server.execute(&statement.replace("\\n", "\n"), Vec::new()) {
            Ok(_) => "no error".to_owned(),
            Err(failure) => {
                let position = failure.position.map_or("-".to_owned(), |position| position.to_string());
                format!("{} {position} {}", failure.sqlstate, failure.message)
            }
        };
        server.lines("rollback", Vec::new());
        count += 1;
        // A difference that is gone is one as well.
        if actual != own.unwrap_or(expected) || own == Some(expected) {
            wrong += 1;
            writeln!(differences, "{statement}\n    {expected}\n    ! {actual}")
                .expect("a String takes everything");
        }
    }
    assert!(differences.is_empty(), "of {count} statements {wrong} differ:\n{differences}");
}

/// What a statement executes that is no part of its text has no place in it.
#[test]
fn what_is_stored_is_elsewhere() {
    let mut server = Server::new();
    for statement in [
        "create table t (id int)",
        "prepare find as select                id from t",
        "alter table t rename column id to number",
    ] {
        server.lines(statement, Vec::new());
    }
    let failure = server.execute("execute find", Vec::new()).expect_err("the column has another name");
    assert_eq!((failure.sqlstate.as_str(), failure.position), ("42703", None));
}

/// What is stored sees neither the session nor the time, nor parameters, nor other tables: asking is an error.
#[test]
fn what_is_stored_asks_for_nothing() {
    let mut server = Server::new();
    for statement in ["create table t (id int)", "insert into t values (1)"] {
        server.lines(statement, Vec::new());
    }
    for (statement, sqlstate) in [
        ("create index on t (random())", "42P17"),
        ("create index on t (id) where (select 1) is not null", "0A000"),
        ("create index on t ((ctid::text))", "0A000"),
        ("alter table t add check (random() > 0)", "0A000"),
        ("create table u (at timestamptz check (at < now()))", "0A000"),
        ("alter table t add column note text default $1", "42P02"),
        ("create table u as select $1 as note", "42P02"),
    ] {
        let failure = server.execute(statement, Vec::new()).expect_err(statement);
        assert_eq!(failure.sqlstate.as_str(), sqlstate, "{statement}");
    }
}
