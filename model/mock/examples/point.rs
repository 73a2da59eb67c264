//! How many point statements the mock executes in a second, and how long a fresh database takes.
//!
//! `cargo run --release -p drawloom-mock --example point`

use drawloom_mock::{Mock, Options};
use drawloom_model::{Backend, Cx, Progress, SessionId, Statement, Value};
use drawloom_sim::source::Random;
use drawloom_sim::{Executor, RunShape};

const ROWS: i64 = 1_000;
const STATEMENTS: u32 = 300_000;

fn main() {
    let shape = RunShape { workers: 1, actions: 1 };
    let sim = Executor::new(Box::new(Random::new(0)), &shape, false, 1).sim();
    let cx = Cx::new(&sim);
    let began = busy_us();
    for _ in 0..1_000 {
        let mut mock = Mock::new(Options::default());
        mock.start(&cx).expect("a mock starts");
    }
    println!("fresh  {:>9.2} us", (busy_us() - began) / 1e3);

    let mut mock = Mock::new(Options::default());
    mock.start(&cx).expect("a mock starts");
    let session = mock.open(&cx).expect("a mock takes everybody");
    let mut once = |sql: &'static str, params: Vec<Value>| {
        run(&mut mock, &cx, session, &Statement { sql: sql.into(), params });
    };
    once("CREATE TABLE account (id int PRIMARY KEY, owner text, balance int)", vec![]);
    for id in 0..ROWS {
        once("INSERT INTO account VALUES ($1, 'somebody', 100)", vec![Value::Int(id)]);
    }
    let measures = [
        ("SELECT", "SELECT balance FROM account WHERE id = $1"),
        ("UPDATE", "UPDATE account SET balance = balance + 1 WHERE id = $1"),
        ("INSERT", "INSERT INTO account VALUES ($1, 'somebody', 100)"),
    ];
    for (name, sql) in measures {
        let mut statement = Statement { sql: sql.into(), params: vec![Value::Int(0)] };
        let began = busy_us();
        for number in 0..i64::from(STATEMENTS) {
            let id = if name == "INSERT" { ROWS + number } else { number * 7 % ROWS };
            statement.params[0] = Value::Int(id);
            run(&mut mock, &cx, session, &statement);
        }
        println!("{name} {:>9.0} per s", f64::from(STATEMENTS) / (busy_us() - began) * 1e6);
    }
}

/// How long the processor has worked on this program: others may have it meanwhile.
fn busy_us() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux says it");
    let busy_ns = schedstat.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
    busy_ns.expect("the first number is the time") / 1e3
}

fn run(mock: &mut Mock, cx: &Cx<'_>, session: SessionId, statement: &Statement) {
    match mock.submit(cx, session, statement) {
        Progress::Done { reply: Ok(_), .. } => (),
        other => panic!("{statement}: {other:?}"),
    }
}
