//! What is too much is refused with PostgreSQL's errors, or with `54000` and `54001` where the limit is the mock's own.

mod server;

use server::Server;

/// `count` times a text, with commas between.
fn list(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(", ")
}

fn columns(count: usize) -> String {
    list(count, |number| format!("c{number} int"))
}

fn names(count: usize) -> String {
    list(count, |number| format!("c{number}"))
}

fn ones(count: usize) -> String {
    list(count, |number| format!("1 as c{number}"))
}

#[track_caller]
fn check(statement: &str, refused: Option<&str>) {
    let mut server = Server::new();
    server.lines(&format!("create table wide ({}, primary key (c0))", columns(40)), Vec::new());
    server.lines(&format!("create table full_up ({})", columns(1_600)), Vec::new());
    let shown: String = statement.chars().take(60).collect();
    let answer = server.execute(statement, Vec::new()).err();
    let answer = answer.map(|failure| format!("{} {}", failure.sqlstate, failure.message));
    assert_eq!(answer.as_deref(), refused, "{shown}");
}

#[test]
fn a_table_has_1600_columns_at_most() {
    let refused = Some("54011 tables can have at most 1600 columns");
    check(&format!("create table x ({})", columns(1_600)), None);
    check(&format!("create table x ({})", columns(1_601)), refused);
    check("alter table full_up add c1600 int", refused);
    check(&format!("create table x as select {}", ones(1_601)), refused);
    check(&format!("create view x as select {}", ones(1_601)), refused);
    check(&format!("create materialized view x as select {}", ones(1_601)), refused);
}

#[test]
fn a_list_has_1664_entries_at_most() {
    let refused = Some("54011 target lists can have at most 1664 entries");
    check(&format!("select {}", ones(1_664)), None);
    check(&format!("select {}", ones(1_665)), refused);
    check(&format!("values ({})", list(1_665, |_| "1".to_owned())), refused);
    check(
        &format!("select 1 from wide order by {}", list(1_664, |number| format!("c0 + {number}"))),
        refused,
    );
    check(
        &format!("select 1 from wide group by {}", list(1_665, |number| format!("c0 + {number}"))),
        refused,
    );
}

#[test]
fn an_index_has_32_columns_at_most() {
    let refused = Some("54011 cannot use more than 32 columns in an index");
    check(&format!("create index on wide ({})", names(32)), None);
    check(&format!("create index on wide ({})", names(33)), refused);
    check(&format!("create table x ({}, primary key ({}))", columns(33), names(33)), refused);
    check(&format!("alter table wide add unique ({})", names(33)), refused);
    let key = format!("foreign key ({}) references wide ({})", names(33), names(33));
    let refused = Some("54011 cannot have more than 32 keys in a foreign key");
    check(&format!("create table x ({}, {key})", columns(33)), refused);
}

#[test]
fn a_function_has_100_arguments_at_most() {
    check(&format!("select concat({})", list(100, |_| "1".to_owned())), None);
    let refused = Some("54023 cannot pass more than 100 arguments to a function");
    check(&format!("select concat({})", list(101, |_| "1".to_owned())), refused);
}

#[test]
fn a_name_has_63_bytes_and_what_is_more_is_cut_off() {
    let mut server = Server::new();
    let name = server.lines(&format!("select 1 as {}", "x".repeat(70)), Vec::new());
    assert_eq!(name, ["x".repeat(63), "1".to_owned()]);
    let name = server.lines(&format!("select 1 as \"{}\"", "ä".repeat(40)), Vec::new());
    assert_eq!(name, ["ä".repeat(31), "1".to_owned()]);
}

#[test]
fn a_statement_has_a_mebibyte_at_most() {
    let text = |bytes: usize| format!("select '{}'", "x".repeat(bytes - 9));
    check(&text(1 << 20), None);
    check(&text((1 << 20) + 1), Some("54000 a statement may be 1048576 bytes long"));
}

#[test]
fn a_value_has_the_size_that_its_type_allows() {
    check("select '1e131072'::numeric", Some("22003 value overflows numeric format"));
    check("select 1::numeric(1001)", Some("22023 NUMERIC precision 1001 must be between 1 and 1000"));
    check("select ''::varchar(10485761)", Some("22023 length for type varchar cannot exceed 10485760"));
    check("select repeat('x', 1 << 30)", Some("54000 requested length too large"));
    let dimensions = Some("54000 number of array dimensions (7) exceeds the maximum allowed (6)");
    check("select '{{{{{{{1}}}}}}}'::int[]", dimensions);
    let deep = format!("select '{}{}'::json", "[".repeat(2_000), "]".repeat(2_000));
    check(&deep, Some("54001 stack depth limit exceeded"));
}
