//! Statements of PostgreSQL's that neither the parser nor this database knows: said to be unsupported, and not to be
//! mistakes.

use crate::error::unsupported;
use drawloom_model::SqlError;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// How they begin, and what they have further on.
const UNKNOWN: &[(&str, &str)] = &[
    ("DO", ""),
    ("CALL", ""),
    ("TABLE", ""),
    ("LOAD", ""),
    ("SECURITY LABEL", ""),
    ("IMPORT FOREIGN SCHEMA", ""),
    ("REASSIGN OWNED", ""),
    ("DROP OWNED", ""),
    ("ALTER DEFAULT PRIVILEGES", ""),
    ("ALTER SYSTEM", ""),
    ("ALTER TABLE", "SET STORAGE"),
    ("ALTER TABLE", "SET COMPRESSION"),
    ("ALTER TABLE", "SET STATISTICS"),
    ("ALTER TABLE", "CLUSTER ON"),
    ("ALTER TABLE", "SET WITHOUT CLUSTER"),
    ("ALTER TABLE", "SET TABLESPACE"),
    ("ALTER TABLE", "SET ACCESS METHOD"),
    ("ALTER TABLE", "SET LOGGED"),
    ("ALTER TABLE", "SET UNLOGGED"),
    ("CREATE VIEW", "WITH ("),
    ("ALTER TABLE", "DROP IDENTITY"),
    ("ALTER TABLE", "DROP EXPRESSION"),
    ("ALTER TABLE", "INHERIT"),
    ("ALTER TABLE", "ATTACH PARTITION"),
    ("ALTER TABLE", "DETACH PARTITION"),
    ("ALTER INDEX", "SET"),
    ("ALTER INDEX", "RESET"),
    ("ALTER INDEX", "ATTACH PARTITION"),
];

/// What may stand anywhere in a statement, and what it is.
const INSIDE: &[(&str, &str)] = &[
    ("ROWS FROM", "ROWS FROM"),
    ("CHECK OPTION", "WITH CHECK OPTION"),
    ("RECURSIVE VIEW", "CREATE RECURSIVE VIEW"),
    ("INCLUDING", "LIKE ... INCLUDING"),
    ("EXCLUDING", "LIKE ... EXCLUDING"),
    ("SEARCH DEPTH FIRST", "SEARCH"),
    ("SEARCH BREADTH FIRST", "SEARCH"),
    (") CYCLE", "CYCLE"),
    ("COLLATION FOR", "COLLATION FOR"),
    ("( VARIADIC", "VARIADIC"),
    (", VARIADIC", "VARIADIC"),
    ("XMLELEMENT", "xmlelement"),
    (". * IS", "a row as a value"),
    (". * =", "a row as a value"),
    (". * <>", "a row as a value"),
    ("SELECT EOF", "an empty SELECT list"),
    ("SELECT ;", "an empty SELECT list"),
    ("SELECT )", "an empty SELECT list"),
    ("SELECT UNION", "an empty SELECT list"),
];

/// Kinds of objects that there are not here, and what is done with those.
const KINDS: &[&str] = &[
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DOMAIN",
    "EVENT TRIGGER",
    "EXTENSION",
    "FOREIGN",
    "FUNCTION",
    "LANGUAGE",
    "OPERATOR",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROUTINE",
    "RULE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "TABLESPACE",
    "TEXT SEARCH",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "ACCESS METHOD",
    "LARGE OBJECT",
];

/// The refusal of a statement that PostgreSQL would know.
pub(crate) fn refusal(tokens: &[TokenWithSpan]) -> Option<SqlError> {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        Token::Whitespace(_) => None,
        other => Some(other.to_string()),
    };
    let words: Vec<String> = tokens.iter().filter_map(word).collect();
    let has = |from: usize, phrase: &str| {
        let phrase = phrase.split(' ');
        words.iter().skip(from).zip(phrase.clone()).filter(|(word, wanted)| *word == wanted).count()
            == phrase.count()
    };
    let unknown = UNKNOWN.iter().find(|(begin, inside)| {
        has(0, begin) && (inside.is_empty() || (0..words.len()).any(|from| has(from, inside)))
    });
    if let Some((begin, inside)) = unknown {
        return Some(unsupported(format!("{begin} {inside}").trim_end_matches([' ', '('])));
    }
    let inside = |(phrase, _): &&(&str, &str)| (0..words.len()).any(|from| has(from, phrase));
    if let Some((_, construct)) = INSIDE.iter().find(inside) {
        return Some(unsupported(construct));
    }
    let verb = ["CREATE OR REPLACE", "CREATE", "ALTER", "DROP", "COMMENT ON"]
        .into_iter()
        .find(|verb| has(0, verb))?;
    let kind = KINDS.iter().find(|kind| has(verb.split(' ').count(), kind))?;
    Some(unsupported(format!("{verb} {kind}")))
}

#[cfg(test)]
mod tests {
    use crate::sql::parse;

    #[test]
    fn what_postgresql_knows_is_no_mistake() {
        let refused = |sql: &str| parse(sql).unwrap_err().to_string();
        assert_eq!(refused("DO $$ BEGIN END $$"), "DO is not supported by the mock (0A000)");
        assert_eq!(
            refused("ALTER TABLE t ALTER a SET STORAGE EXTERNAL"),
            "ALTER TABLE SET STORAGE is not supported by the mock (0A000)"
        );
        assert_eq!(
            refused("create or replace rule"),
            "CREATE OR REPLACE RULE is not supported by the mock (0A000)"
        );
        for (sql, construct) in [
            ("SELECT", "an empty SELECT list"),
            ("SELECT t.* IS NULL FROM t", "a row as a value"),
            ("SELECT * FROM ROWS FROM (f(), g())", "ROWS FROM"),
            ("CREATE VIEW v AS SELECT 1 WITH LOCAL CHECK OPTION", "WITH CHECK OPTION"),
            ("CREATE VIEW v WITH (security_barrier) AS SELECT 1", "CREATE VIEW WITH"),
            ("CREATE TABLE u (LIKE t INCLUDING ALL)", "LIKE ... INCLUDING"),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION"),
        ] {
            assert_eq!(refused(sql), format!("{construct} is not supported by the mock (0A000)"));
        }
        assert_eq!(refused("DOO 1"), "syntax error at or near \"DOO\" (42601, at character 1)");
    }
}
