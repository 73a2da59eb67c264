//! Expressions, against what PostgreSQL 15 answers: `expressions/*.txt`, written by `expressions/generate.py`.

mod evaluator;

use std::fmt::Write;

fn check(golden: &str) {
    let mut differences = String::new();
    let mut count = 0;
    for line in golden.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expression, expected) = line.split_once(" => ").expect("a line is `expression => answer`");
        let actual = evaluator::answer(expression);
        count += 1;
        if actual != expected {
            writeln!(differences, "{expression}\n  expected  {expected}\n  actual    {actual}")
                .expect("a String takes everything");
        }
    }
    assert!(count > 0, "no expression");
    assert!(differences.is_empty(), "of {count} expressions these differ:\n{differences}");
}

macro_rules! golden {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("expressions/", stringify!($name), ".txt")));
        })*
    };
}

golden! {
    numbers
    array_functions
    json_functions
    moment_functions
    moments
    number_functions
    overloads
    text_functions
    texts
}
