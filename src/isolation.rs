//! `drawloom isolation`: PostgreSQL's isolation specs on a backend.

use crate::cli::{Done, Format, IsolationArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::outside::{self, Status};
use drawloom_model::Backend;
use drawloom_replays::Engine;
use drawloom_replays::isolation::comparison::differences;
use drawloom_replays::isolation::summary::{self, Entry, Line, Verdict};
use drawloom_replays::isolation::{Ended, Said, Spec, test};
use drawloom_replays::outside::files_in;
use drawloom_replays::report::counted;
use drawloom_sim::Host;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A backend that was not started yet.
fn backend(name: &str) -> Box<dyn Backend> {
    Engine::usual(name).expect("the argument parser lets only valid names through").backend()
}

/// Runs specs, and prints or compares what comes of it.
pub fn isolation(args: &IsolationArgs) -> Done {
    outside::tell_panics();
    if args.format.is_some() && args.summary.is_none() {
        return Err(Failure::usage("--format goes with --summary alone"));
    }
    outside::heed_interrupts(|interrupted| match (&args.summary, &args.expected) {
        (Some(folder), _) => summarise(args, folder, interrupted),
        (None, Some(expected)) => compare(args, expected, interrupted),
        (None, None) => print(args, interrupted),
    })
}

/// Prints what PostgreSQL's isolation tester prints.
fn print(args: &IsolationArgs, interrupted: &dyn Fn() -> bool) -> Done {
    // All are read before any is run.
    let specs = args.files.iter().map(|file| read_spec(file)).collect::<Result<Vec<Spec>, Failure>>()?;
    for (file, spec) in args.files.iter().zip(&specs) {
        let mut listener = |said: Said<'_>| {
            match said {
                Said::Result(text) => outside::print(text),
                Said::Remark(text) => outside::remark(text.trim_end_matches('\n')),
            }
            if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let tested = Host::best().run(|| test(spec, backend(&args.backend), &mut listener));
        match tested.map_err(|error| cannot_start(&args.backend, &error))?.ended {
            Ended::Whole => (),
            Ended::Stopped => return Ok(Exit::Interrupted),
            Ended::GaveUp => {
                return Err(Failure::infrastructure(format!("{}: not run to the end", file.display())));
            }
        }
    }
    Ok(Exit::Nothing)
}

/// Compares with what PostgreSQL prints.
fn compare(args: &IsolationArgs, expected: &Path, interrupted: &dyn Fn() -> bool) -> Done {
    if args.files.len() > 1 && !expected.is_dir() {
        return Err(Failure::usage("--expected: give a folder where there are several specs"));
    }
    let entry = |file: &PathBuf| {
        let name = name_of(file);
        let expected = match expected.is_dir() {
            true => read_expected(expected, &name)?,
            false => vec![read(expected)?],
        };
        Ok(Entry { spec: read_spec(file)?, name, expected })
    };
    let entries = args.files.iter().map(entry).collect::<Result<Vec<Entry>, Failure>>()?;
    let Some(lines) = run(args, &entries, interrupted)? else { return Ok(Exit::Interrupted) };
    for line in &lines {
        let permutations = counted(line.comparison.permutations as u64, "permutation");
        outside::print(&match line.verdict() {
            Verdict::Exact => format!("{}: {permutations} as expected\n", line.name),
            _ => format!(
                "{}: {} of {permutations} as expected; - expected, + printed\n{}",
                line.name,
                line.comparison.equal,
                differences(&line.printed, &line.expected)
            ),
        });
    }
    let all_exact = lines.iter().all(|line| line.verdict() == Verdict::Exact);
    Ok(if all_exact { Exit::Nothing } else { Exit::Finding })
}

/// A line for each spec of a folder.
fn summarise(args: &IsolationArgs, folder: &Path, interrupted: &dyn Fn() -> bool) -> Done {
    let entries = read_folder(folder)?;
    let Some(lines) = run(args, &entries, interrupted)? else { return Ok(Exit::Interrupted) };
    outside::print(&match args.format.unwrap_or(Format::Human) {
        Format::Human => summary::text(&lines),
        Format::Json => output::document(&summary::json(&lines)),
    });
    Ok(Exit::Nothing)
}

/// Runs all of them. `None`: the user interrupted.
fn run(
    args: &IsolationArgs,
    entries: &[Entry],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Vec<Line>>, Failure> {
    let status = Status::new();
    let mut lines = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        status.show(|| format!("{} of {}: {}", index + 1, entries.len(), entry.name));
        let ran = Host::best().run(|| entry.run(backend(&args.backend), interrupted));
        match ran.map_err(|error| cannot_start(&args.backend, &error))? {
            Some(line) => lines.push(line),
            None => return Ok(None),
        }
    }
    status.end();
    Ok(Some(lines))
}

fn cannot_start(backend: &str, error: &drawloom_model::SqlError) -> Failure {
    Failure::infrastructure(format!("{backend} does not start: {error}"))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

fn read_spec(path: &Path) -> Result<Spec, Failure> {
    Spec::parse(&read(path)?).map_err(|error| Failure::usage(format!("{}, {error}", path.display())))
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What PostgreSQL may print of a spec: `NAME.out`, `NAME_1.out` and so on.
fn read_expected(folder: &Path, name: &str) -> Result<Vec<String>, Failure> {
    let others = (1..).map(|number| folder.join(format!("{name}_{number}.out")));
    let others = others.take_while(|path| path.exists()).map(|path| read(&path));
    [read(&folder.join(format!("{name}.out")))].into_iter().chain(others).collect()
}

/// The specs of a folder that is laid out as PostgreSQL's, by name.
fn read_folder(folder: &Path) -> Result<Vec<Entry>, Failure> {
    let specs = folder.join("specs");
    let unreadable = |error: std::io::Error| Failure::usage(format!("{}: {error}", specs.display()));
    let paths = files_in(&specs, "spec").map_err(unreadable)?;
    if paths.is_empty() {
        return Err(Failure::usage(format!("{}: no specs (*.spec) here", specs.display())));
    }
    let entry = |path: &PathBuf| {
        let name = name_of(path);
        let expected = read_expected(&folder.join("expected"), &name)?;
        Ok(Entry { spec: read_spec(path)?, name, expected })
    };
    paths.iter().map(entry).collect()
}
