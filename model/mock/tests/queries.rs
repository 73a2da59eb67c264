//! Queries, against what PostgreSQL 15 answers: `queries/*.txt`, written by `queries/generate.py`.

mod server;

use drawloom_model::Value;
use server::Server;
use std::fmt::Write;

/// The tables that every file's queries are about.
const TABLES: &str = include_str!("queries/tables.txt");

fn check(golden: &str) {
    let mut server = Server::new();
    for statement in TABLES.lines() {
        let lines = server.lines(statement, Vec::new());
        assert!(lines.is_empty(), "{statement}: {lines:?}");
    }
    let mut differences = String::new();
    let (mut count, mut wrong) = (0, 0);
    let mut lines = golden.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
            expected.push(line[4..].to_owned());
        }
        // `query -- first parameter, second parameter`
        let (query, parameters) =
            line.split_once(" -- ").map_or((line, None), |(query, it)| (query, Some(it)));
        let parameters = parameters.into_iter().flat_map(|it| it.split(", ")).map(|text| match text {
            "NULL" => Value::Null,
            text => Value::Text(text.to_owned()),
        });
        let actual = server.lines(query, parameters.collect());
        count += 1;
        if actual != expected {
            wrong += 1;
            let (expected, actual) = (expected.join("\n    "), actual.join("\n    "));
            writeln!(differences, "{line}\n  expected\n    {expected}\n  actual\n    {actual}")
                .expect("a String takes everything");
        }
    }
    assert!(count > 0, "no query");
    assert!(differences.is_empty(), "of {count} queries {wrong} differ:\n{differences}");
}

macro_rules! golden {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("queries/", stringify!($name), ".txt")));
        })*
    };
}

golden! {
    changes
    explain
    groups
    joins
    merge
    order
    parameters
    ranges
    sets
    subqueries
    syntax
    truths
    windows
}

/// Otherwise it would look at nine million rows, which is more than a statement may.
#[test]
fn a_join_by_equality_reads_each_side_once() {
    let mut server = Server::new();
    server.lines("create table large (a int, b int)", Vec::new());
    server.lines("insert into large select g, g % 10 from generate_series(1, 3000) g", Vec::new());
    for query in [
        "select count(*) from large x join large y on x.a = y.a",
        "select count(*) from large x left join large y on y.a = x.a and y.b = x.b",
        "select count(*) from large x where exists (select from large y where y.a = x.a)",
    ] {
        assert_eq!(server.lines(query, Vec::new()), ["count", "3000"], "{query}");
    }
}

#[test]
fn plans_are_told() {
    check(include_str!("plans.txt"));
}
