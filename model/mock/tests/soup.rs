//! No text makes the mock panic, overflow its stack or run away, and what it refuses has an SQLSTATE of its own and a
//! place in the text: soups of words, queries with a part missing, doubled or exchanged, and what is nested deeply.

mod server;

use drawloom_model::Class;
use proptest::prelude::*;
use server::Server;

/// Whole queries to take apart.
const QUERIES: &[&str] = &[
    include_str!("queries/joins.txt"),
    include_str!("queries/groups.txt"),
    include_str!("queries/order.txt"),
    include_str!("queries/sets.txt"),
    include_str!("queries/subqueries.txt"),
    include_str!("queries/truths.txt"),
    include_str!("queries/windows.txt"),
    include_str!("queries/changes.txt"),
];

const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "group by",
    "having",
    "order by",
    "limit",
    "offset",
    "union",
    "all",
    "except",
    "with",
    "recursive",
    "r",
    "as",
    "(",
    ")",
    "(",
    ")",
    ",",
    "t",
    "u",
    "v",
    "id",
    "a",
    "b",
    "t.id",
    "*",
    "+",
    "-",
    "=",
    "<",
    "||",
    "::",
    "int",
    "text",
    "null",
    "1",
    "2.5",
    "'x'",
    "'2'",
    "$1",
    "and",
    "or",
    "not",
    "is",
    "in",
    "any",
    "exists",
    "case",
    "when",
    "then",
    "else",
    "end",
    "join",
    "left join",
    "full join",
    "using",
    "on",
    "natural",
    "lateral",
    "over",
    "partition by",
    "count(*)",
    "sum(",
    "max(a)",
    "rank()",
    "row_number()",
    "generate_series(1, 3)",
    "unnest(",
    "array[",
    "]",
    "distinct",
    "distinct on",
    "for update",
    "values",
    "insert into t",
    "update t set",
    "delete from t",
    "returning",
    "on conflict do nothing",
    "default",
    "between",
    "like",
    "interval",
    "coalesce(",
    "nullif(",
    "row(",
];

fn tables() -> Server {
    let mut server = Server::new();
    for statement in include_str!("queries/tables.txt").lines() {
        server.lines(statement, Vec::new());
    }
    server
}

/// The words of a query, parentheses and commas for themselves.
fn words(query: &str) -> Vec<String> {
    let apart = query.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    apart.split_whitespace().map(str::to_owned).collect()
}

fn a_query() -> impl Strategy<Value = Vec<String>> {
    let all: Vec<Vec<String>> = QUERIES
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.starts_with("    ") && !line.is_empty())
        .map(words)
        .collect();
    prop::sample::select(all)
}

/// What is done to a query's words: one is left out, one is doubled, two change places, one is another.
fn mutated(mut words: Vec<String>, changes: &[(u8, usize, usize, usize)]) -> String {
    for (kind, first, second, word) in changes {
        if words.is_empty() {
            break;
        }
        let (first, second) = (first % words.len(), second % words.len());
        match kind {
            0 => drop(words.remove(first)),
            1 => words.insert(first, words[second].clone()),
            2 => words.swap(first, second),
            _ => words[first] = WORDS[word % WORDS.len()].to_owned(),
        }
    }
    words.join(" ")
}

/// Executes any text.
fn execute(server: &mut Server, sql: &str) {
    let Err(failure) = server.execute(sql, Vec::new()) else { return };
    assert_ne!(failure.class, Class::Internal, "{sql}: {failure}");
    let end = sql.chars().count() + 1;
    let is_inside = failure.position.is_none_or(|place| (1..=end).contains(&(place as usize)));
    assert!(is_inside, "{sql}: {failure}");
    let is_syntax = failure.message.starts_with("syntax error at");
    assert!(failure.position.is_some() || !is_syntax, "{sql}: {failure}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn soups_do_not_panic(soup in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        let mut server = tables();
        execute(&mut server, &format!("select {}", soup.join(" ")));
        execute(&mut server, &soup.join("\n"));
    }

    #[test]
    fn mutated_queries_do_not_panic(
        words in a_query(),
        changes in prop::collection::vec((0..5_u8, any::<usize>(), any::<usize>(), any::<usize>()), 1..4),
    ) {
        let mut server = tables();
        execute(&mut server, &mutated(words, &changes));
    }

    #[test]
    fn crossed_queries_do_not_panic(one in a_query(), other in a_query(), at in any::<usize>()) {
        let mut server = tables();
        let (left, right) = (at % (one.len() + 1), at % (other.len() + 1));
        let crossed: Vec<String> = one[..left].iter().chain(&other[right..]).cloned().collect();
        execute(&mut server, &crossed.join(" "));
    }
}

#[test]
fn what_is_deep_is_refused() {
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        format!("select {}{middle}{}", open.repeat(depth), close.repeat(depth))
    };
    for depth in [10, 100, 1_000, 20_000] {
        let mut server = tables();
        let texts = [
            nested("(", "1", ")", depth),
            nested("(select ", "1", ")", depth),
            nested("not ", "true", "", depth),
            nested("- ", "1", "", depth),
            nested("coalesce(", "1", ")", depth),
            nested("case when ", "true", " then true end", depth),
            nested("array[", "1", "]", depth),
            nested("1 + ", "1", "", depth),
            nested("", "1", " + 1", depth),
            nested("", "true", " and true", depth),
            nested("", "1", "::int", depth),
            nested("", "true", " is true", depth),
            nested("", "1", " union all select 1", depth),
            nested("", "1 from t", " , t", depth),
            nested("", "1 from t", " natural join t", depth),
            nested("", "id from t where id in (1", ", 1", depth) + ")",
            nested("* from (select ", "1 as x", ") s", depth),
            format!("with a as (select 1) {}", nested("", "1 from a", " union select 1 from a", depth)),
            nested("exists (select 1 where ", "true", ")", depth),
        ];
        for text in texts {
            execute(&mut server, &text);
        }
    }
}

#[test]
fn what_is_large_is_refused() {
    let mut server = tables();
    let refused = "ERROR 54000 a statement may look at 4000000 rows";
    for text in [
        "select count(*) from generate_series(1, 1000000000) g",
        "select count(*) from generate_series(1, 3000) a, generate_series(1, 3000) b",
    ] {
        assert_eq!(server.lines(text, Vec::new()), [refused], "{text}");
    }
}
