//! The arguments of every subcommand, and the way from one to its file.

use crate::engine::{EngineArgs, named, names};
use crate::exit::{Exit, Failure};
use crate::{corpus, explain, export, isolation, list, outside, replay, run, script, shrink};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use drawloom_replays::name::NoName;
use drawloom_replays::{Engine, Name, Plan, Swarm, plan};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::source::Strategy;
use drawloom_sim::{Actor, Profile};
use drawloom_workloads::{Variant, Workload};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

/// Deterministic simulation of SQL under concurrency: find the interleaving that fails, shrink it, replay it.
#[derive(Debug, Parser)]
#[command(name = "drawloom", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 nothing found, 1 a finding, 2 usage or an unreadable file, \
    3 the machine failed, 4 a replay diverged or is not for this drawloom, 5 a search ended without its proof, 130 interrupted.\n\
    Logs: RUST_LOG=debug shows every event with its simulated time, RUST_LOG=trace every turn.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Try seeds until one has a finding, and keep its replay
    Run(Box<RunArgs>),
    /// Run a replay again and prove that it is the same
    Replay(ReplayArgs),
    /// Cut a failing replay down to the few statements that matter
    Shrink(ShrinkArgs),
    /// Draw the interleaving of a replay
    Explain(ExplainArgs),
    /// List what there is to choose from
    List(ListArgs),
    /// Keep replays as regression tests
    Corpus(CorpusArgs),
    /// Write a replay in a form that others understand
    Export(ExportArgs),
    /// Run PostgreSQL's isolation specs
    Isolation(IsolationArgs),
    /// Play scripts of sessions on the mock
    Script(ScriptArgs),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document.
    Json,
}

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What the workers do (see `drawloom list workloads`)
    pub workload: String,
    /// The way they do it (`drawloom list workloads` says where which is wrong)
    #[arg(long, default_value = "correct")]
    pub variant: String,
    /// One seed, or a mutant that a search made of one (57~3)
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = parse_name)]
    pub seed: Option<Name>,
    /// Seeds from A up to, and without, B [default: 0..1000]
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    pub seeds: Option<Range<u64>>,
    /// How many workers there are [default: each seed draws 2 to 4]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=i64::from(Actor::WORKERS_MAX)))]
    pub threads: Option<u16>,
    /// How many actions each worker has [default: each seed draws 1 to 25]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub actions: Option<u32>,
    /// The kinds of action that there are, with commas between them [default: each seed draws some]
    #[arg(long, value_name = "ACTIONS", value_delimiter = ',')]
    pub mix: Vec<String>,
    /// Draw nothing: 4 workers, 25 actions each of every kind, a small network, no faults, unless options say
    /// otherwise
    #[arg(long)]
    pub no_swarm: bool,
    /// Try seeds alone, and no mutants of those that show something new
    #[arg(long)]
    pub no_feedback: bool,
    /// Show how many runs reached what
    #[arg(long)]
    pub coverage: bool,
    /// How schedules are searched: random | pct:D (D = 1 to 4) | urw | surw | pos | bounded:P (P = 0 to 8) |
    /// portfolio
    #[arg(long, value_name = "STRATEGY", default_value = "portfolio")]
    pub schedule: Strategy,
    /// How many runs `bounded` begins at most for each seed [default: 100000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub executions: Option<u64>,
    /// Leave findings as they were found
    #[arg(long)]
    pub no_shrink: bool,
    /// How the network behaves [default: each seed draws it; direct for `bounded`]
    #[arg(long, value_parser = names(Profile::ALL.map(Profile::name)))]
    pub network: Option<String>,
    /// What breaks: `none`, `swarm` (each seed draws its own), or kinds with commas between them; `failover` goes
    /// with --backend mock alone [default: each seed draws; none for `bounded`]
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = fault_names())]
    pub faults: Vec<String>,
    /// The engine.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Go on after a finding; keep one replay of every kind of finding
    #[arg(long)]
    pub keep_going: bool,
    /// How many worker processes try seeds [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// The folder that replays of findings go to
    #[arg(long, value_name = "DIR", default_value = "found")]
    pub out: PathBuf,
    /// Keep the replay of the run in FILE, whether or not there is a finding; goes with --seed
    #[arg(long, value_name = "FILE", requires = "seed", conflicts_with = "seeds")]
    pub record: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Be one of the processes that `--jobs` starts
    #[arg(long, hide = true)]
    pub as_job: bool,
}

/// The arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The replay
    pub file: PathBuf,
    /// Stop after this step
    #[arg(long, value_name = "STEP")]
    pub until: Option<u32>,
    /// Leave the database, as it is where the run stops, in FILE: an SQLite file; on the mock a script for psql
    #[arg(long, value_name = "FILE")]
    pub dump: Option<PathBuf>,
    /// Record the replayed run in FILE
    #[arg(long, value_name = "FILE", conflicts_with = "until")]
    pub record: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The arguments of `shrink`.
#[derive(Debug, Args)]
pub struct ShrinkArgs {
    /// The replay of a failing run
    pub file: PathBuf,
    /// Where the shrunk replay goes [default: FILE, with `-shrunk.replay` for `.replay`]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The replay
    pub file: PathBuf,
    /// How wide the drawing may be
    #[arg(long, value_name = "COLUMNS", default_value_t = 100, value_parser = clap::value_parser!(u16).range(60..=1000))]
    pub width: u16,
    /// Say first why it fails: the two statements whose order decides. This runs it many times
    #[arg(long)]
    pub why: bool,
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Of what
    #[arg(value_enum, default_value_t = ListWhat::Workloads)]
    pub what: ListWhat,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The arguments of `corpus`.
#[derive(Debug, Args)]
pub struct CorpusArgs {
    #[command(subcommand)]
    pub(crate) command: CorpusCommand,
}

/// What is done with the corpus.
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Add a replay that is the same run now and has a finding
    Add(CorpusAddArgs),
    /// List the replays, and whether each is still the same run
    List(CorpusListArgs),
}

/// The arguments of `corpus add`.
#[derive(Debug, Args)]
pub struct CorpusAddArgs {
    /// The replay
    pub file: PathBuf,
    /// The corpus [default: replays/corpus if there is one, else corpus]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// The arguments of `corpus list`.
#[derive(Debug, Args)]
pub struct CorpusListArgs {
    /// The corpus [default: replays/corpus if there is one, else corpus]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The replay
    pub file: PathBuf,
    /// In which form: SQL for a bug report, JSON for a program, Rust for a test, a spec for PostgreSQL's isolation
    /// tester
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Where it goes [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The arguments of `isolation`.
#[derive(Debug, Args)]
pub struct IsolationArgs {
    /// The specs
    #[arg(required_unless_present = "summary")]
    pub files: Vec<PathBuf>,
    /// The engine
    #[arg(long, default_value = "mock", value_parser = PossibleValuesParser::new(Engine::NAMES))]
    pub backend: String,
    /// Compare with what is expected: a file, or a folder with NAME.out (or NAME_1.out, ...) for NAME.spec
    #[arg(long, value_name = "PATH")]
    pub expected: Option<PathBuf>,
    /// Compare every spec of DIR/specs with DIR/expected, and print a line for each
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "expected"])]
    pub summary: Option<PathBuf>,
    /// How the summary is printed [default: human]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

/// The arguments of `script`.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// The scripts, and folders: every *.script below one
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Print where they first differ from what comes of them, instead of what comes
    #[arg(long)]
    pub check: bool,
    /// Write what comes of them into the files, instead of printing it
    #[arg(long, conflicts_with = "check")]
    pub write: bool,
}

/// The forms that a replay is exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// What the server executed, as scripts for each session.
    Sql,
    /// Everything that the replay holds.
    Json,
    /// A test that fails until the bug is fixed.
    Rust,
    /// A spec for PostgreSQL's isolation tester.
    Spec,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListWhat {
    /// Workloads and their variants.
    Workloads,
    /// Engines.
    Backends,
    /// Bugs that the mock can have.
    Bugs,
    /// Kinds of fault.
    Faults,
    /// Behaviours of the network.
    Networks,
}

fn fault_names() -> PossibleValuesParser {
    PossibleValuesParser::new(["none"].into_iter().chain(Fault::ALL.map(Fault::name)).chain(["swarm"]))
}

fn parse_name(text: &str) -> Result<Name, String> {
    text.parse().map_err(|error: NoName| error.to_string())
}

fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let expected = || "expected A..B with A below B, for example 0..1000".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let range = from.parse().map_err(|_| expected())?..to.parse().map_err(|_| expected())?;
    if range.is_empty() { Err(expected()) } else { Ok(range) }
}

impl RunArgs {
    /// The plan that the arguments describe.
    ///
    /// # Errors
    /// A name that stands for nothing, with the nearest valid ones; an option of another engine.
    pub fn plan(&self) -> Result<Plan, Failure> {
        let workload = plan::workload(&self.workload)?;
        let variant = plan::variant(workload, &self.variant)?;
        let usual = Plan::usual(workload.name(), variant.name)?;
        let engine = self.engine.engine(workload, usual.engine)?;
        Ok(Plan {
            workers: self.threads.unwrap_or(usual.workers),
            actions: self.actions.unwrap_or(usual.actions),
            left_out: self.left_out(workload, variant)?,
            network: self.profile(),
            faults: self.fault_plan(&engine)?,
            engine,
            ..usual
        })
    }

    /// How many runs a systematic search begins at most.
    pub fn executions(&self) -> u64 {
        self.executions.unwrap_or(100_000)
    }

    /// Refuses options that would have no effect.
    ///
    /// # Errors
    /// The first of them.
    pub fn refuse_idle_options(&self) -> Result<(), Failure> {
        let bounded = self.is_bounded();
        let mutant = self.seed.is_some_and(|name| name.mutant > 0);
        let idle = [
            ("--executions", !bounded && self.executions.is_some(), "goes with --schedule bounded:P alone"),
            ("--seed", bounded && mutant, "names a mutant, and --schedule bounded:P makes none: give a seed"),
            (
                "--record",
                bounded && self.record.is_some(),
                "keeps one run, and --schedule bounded:P has many",
            ),
            (
                "--keep-going",
                bounded && self.keep_going,
                "does not go with --schedule bounded:P, which ends at a finding",
            ),
            ("--coverage", bounded && self.coverage, "does not go with --schedule bounded:P"),
            (
                "--jobs",
                bounded && self.jobs.is_some(),
                "does not go with --schedule bounded:P, which is one process",
            ),
        ];
        let first = idle.into_iter().find(|(_, is_idle, _)| *is_idle);
        first.map_or(Ok(()), |(option, _, why)| Err(Failure::usage(format!("{option} {why}"))))
    }

    /// What each seed draws for itself: what no option says.
    pub fn swarm(&self) -> Swarm {
        if self.no_swarm || self.is_bounded() {
            return Swarm::NONE;
        }
        Swarm {
            workers: self.threads.is_none(),
            actions: self.actions.is_none(),
            network: self.network.is_none(),
            faults: self.faults.is_empty(),
            mix: self.mix.is_empty(),
        }
    }

    fn is_bounded(&self) -> bool {
        matches!(self.schedule, Strategy::Bounded { .. })
    }

    fn left_out(&self, workload: &dyn Workload, variant: &Variant) -> Result<Vec<&'static str>, Failure> {
        if self.mix.iter().any(String::is_empty) {
            return Err(Failure::usage("--mix: expected the names of actions with commas between them"));
        }
        let actions = workload.actions(variant.name);
        let names = || actions.iter().map(|(_, action)| action.name());
        if let Some(unknown) = self.mix.iter().find(|name| names().all(|known| known != name.as_str())) {
            return Err(plan::unknown("action", unknown, names()).into());
        }
        let is_left_out = |name: &&str| !self.mix.is_empty() && self.mix.iter().all(|kept| kept != name);
        Ok(names().filter(is_left_out).collect())
    }

    fn profile(&self) -> Profile {
        match &self.network {
            Some(name) => named(&Profile::ALL, Profile::name, name),
            // Elsewhere no two steps commute, and there are too many schedules to explore.
            None if self.is_bounded() => Profile::Direct,
            None => Profile::Lan,
        }
    }

    fn fault_plan(&self, engine: &Engine) -> Result<FaultPlan, Failure> {
        let says = |name: &str| self.faults.iter().any(|fault| fault == name);
        if says("none") && self.faults.len() > 1 {
            return Err(Failure::usage("--faults: `none` goes with nothing else"));
        }
        let swarm = says("swarm");
        let all = swarm && self.faults.len() == 1;
        let can_have = |kind: &Fault| engine.faults().contains(kind);
        if let Some(kind) = Fault::ALL.iter().find(|kind| says(kind.name()) && !can_have(kind)) {
            let (kind, engine) = (kind.name(), engine.name());
            return Err(Failure::usage(format!(
                "--faults {kind}: {engine} has no standby; --backend mock has one"
            )));
        }
        let kinds = Fault::ALL.into_iter().filter(can_have).filter(|kind| all || says(kind.name())).collect();
        Ok(FaultPlan { kinds, swarm })
    }

    /// The seeds to try.
    pub fn seeds(&self) -> Range<u64> {
        match (self.seed, &self.seeds) {
            (Some(name), _) => name.seed..name.seed.saturating_add(1),
            (None, Some(seeds)) => seeds.clone(),
            // One program takes many runs.
            (None, None) if self.is_bounded() => 0..1,
            (None, None) => 0..1_000,
        }
    }
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    outside::prepare_process();
    let done = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Replay(args) => replay::replay(args),
        Command::Shrink(args) => shrink::shrink(args),
        Command::Explain(args) => explain::explain(args),
        Command::List(args) => list::list(args),
        Command::Corpus(args) => corpus::corpus(args),
        Command::Export(args) => export::export(args),
        Command::Isolation(args) => isolation::isolation(args),
        Command::Script(args) => script::script(args),
    };
    let exit = done.unwrap_or_else(|failure| {
        outside::complain(&failure.message);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

/// Nothing is left to say.
pub(crate) type Done = Result<Exit, Failure>;
