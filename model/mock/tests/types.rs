//! Names of types, against what PostgreSQL 15 prints: `types.txt`.

use drawloom_mock::types::name;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

#[test]
fn names_are_printed_as_postgresql_prints_them() {
    for line in include_str!("types.txt").lines().filter(|line| !line.starts_with('#')) {
        let (written, expected) = line.split_once(" => ").expect("a line is `type => name`");
        let dialect = PostgreSqlDialect {};
        let parsed = Parser::new(&dialect)
            .try_with_sql(written)
            .and_then(|mut parser| parser.parse_data_type())
            .expect("the types are in sqlparser's grammar");
        let actual = match name::parse(&parsed) {
            Ok((of, modifier)) => name::print(of, modifier),
            Err(refusal) => format!("ERROR {} {}", refusal.sqlstate, refusal.message),
        };
        assert_eq!(actual, expected, "{written}");
    }
}
