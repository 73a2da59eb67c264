//! drawloom beside its peers and beside bare SQLite: one command, one table, ratios within one run.
//!
//! Every pair is measured in turns, in thread CPU time, and the best turn of each counts: what else the
//! machine does only ever adds.
//!
//! ```text
//! main.rs         what is measured when: all of it, or by argument one part
//! kernel.rs       turns a second, beside Shuttle
//! search.rs       schedules a second, and schedules to the bug, beside Shuttle and Loom
//! programs.rs     the three programs that search.rs and shrinking.rs run, each with a bug
//!   ours.rs         on drawloom's kernel
//!   threads.rs      on threads and locks: one text for Shuttle and Loom
//!   shuttles.rs     on Shuttle
//!   looms.rs        on Loom
//! shrinking.rs    what failures shrink to, and how fast
//! sqlite.rs       statements a second, beside bare rusqlite on the same VFS
//! mock.rs         the mock's statements a second, beside SQLite's, and its runs beside Shuttle's
//! runs.rs         whole runs a second, and what their replays weigh
//! recording.rs    what recording costs in instructions, and replaying in time
//! seeds.rs        seeds to the first finding, strategy by strategy, in every wrong variant
//! divergences.rs  many runs, each replayed: is any another run?
//! table.rs        the tables that are printed
//! outside.rs      time, and other processes
//! ```

mod divergences;
mod kernel;
mod mock;
mod outside;
mod programs;
mod recording;
mod runs;
mod search;
mod seeds;
mod shrinking;
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
        ["search"] => one(search::measure),
        ["shrink"] => one(shrinking::measure),
        ["mock"] => one(mock::measure),
        ["seeds"] => seeds::print(),
        ["divergences"] => divergences::count(100_000),
        // What valgrind counts the instructions of: see `recording`.
        ["toy", runs] => kernel::repeat(runs.parse().expect("a number of runs")),
        ["bank", runs] => sqlite::repeat(runs.parse().expect("a number of runs")),
        ["mock", what, times] => mock::repeat(what, times.parse().expect("a number of times")),
        ["runs", kind, runs] => recording::repeat(kind, runs.parse().expect("a number of runs")),
        _ => {
            eprintln!("usage: benchmark [search | shrink | mock | seeds | divergences [RUNS]]");
            std::process::exit(2);
        }
    }
}

fn one(measure: fn(&mut Table)) {
    let mut table = Table::default();
    measure(&mut table);
    table.print();
}

fn all() {
    let mut table = Table::default();
    kernel::measure(&mut table);
    search::measure(&mut table);
    shrinking::measure(&mut table);
    sqlite::measure(&mut table);
    mock::measure(&mut table);
    runs::measure(&mut table);
    recording::measure(&mut table);
    table.print();
    println!();
    seeds::print();
}
