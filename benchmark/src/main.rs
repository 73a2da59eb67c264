//! drawloom beside its peers and beside bare SQLite: one command, one table, ratios within one run.
//!
//! Every pair is measured in turns, in thread CPU time, and the best turn of each counts: what else the
//! machine does only ever adds.

mod divergences;
mod kernel;
mod outside;
mod programs;
mod recording;
mod runs;
mod search;
mod sqlite;
mod table;

use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => all(),
        ["divergences", runs] => divergences::count(runs.parse().expect("a number of runs")),
        ["search"] => searches(),
        ["divergences"] => divergences::count(100_000),
        // What valgrind counts the instructions of: see `recording`.
        ["toy", runs] => kernel::repeat(runs.parse().expect("a number of runs")),
        ["bank", runs] => sqlite::repeat(runs.parse().expect("a number of runs")),
        ["runs", kind, runs] => recording::repeat(kind, runs.parse().expect("a number of runs")),
        _ => {
            eprintln!("usage: benchmark [search | divergences [RUNS]]");
            std::process::exit(2);
        }
    }
}

fn searches() {
    let mut table = Table::default();
    search::measure(&mut table);
    table.print();
}

fn all() {
    let mut table = Table::default();
    kernel::measure(&mut table);
    search::measure(&mut table);
    sqlite::measure(&mut table);
    runs::measure(&mut table);
    recording::measure(&mut table);
    table.print();
}
