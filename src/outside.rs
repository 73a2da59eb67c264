//! Contact with the world: the terminal, processes, signals, the wall clock.

use crate::exit::{Exit, Failure};
use drawloom_replays::outside::write_whole;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Stamps log lines with simulated time; outside a run there is none.
struct SimulatedTime;

impl FormatTime for SimulatedTime {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        match drawloom_sim::host::stamp() {
            Some(now) => write!(out, "{now:>12}", now = now.to_string()),
            None => write!(out, "{:>12}", "-"),
        }
    }
}

/// Logs go to stderr; a panic inside a run is a finding, not a message.
pub fn prepare_process() {
    // madsim's spans say nothing here that the simulated time does not.
    let quiet = "madsim=off".parse().expect("the directive is valid");
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env().add_directive(quiet));
    let color = std::io::stderr().is_terminal();
    logs.with_timer(SimulatedTime).with_writer(std::io::stderr).with_ansi(color).init();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if drawloom_sim::host::stamp().is_none() {
            report(panic);
        }
    }));
}

/// Panics are messages again: where nothing is searched, there is no finding to tell of them.
pub fn tell_panics() {
    drop(std::panic::take_hook());
}

/// Prints a result. A reader that has had enough, such as `head`, is no error.
pub fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a whole file, or nothing.
///
/// # Errors
/// The disk is full, and the like: the machine's failure.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, bytes).map_err(|error| {
        Failure::infrastructure(format!(
            "cannot write {}: {error}; nothing was written there, run again with --out, --record or --dump elsewhere",
            path.display()
        ))
    })
}

/// Says what went wrong.
pub fn complain(message: &str) {
    let _ = writeln!(anstream::stderr(), "drawloom: {message}");
}

/// Says something about the progress, to people.
pub fn remark(message: &str) {
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// A command of drawloom's, as it was itself called, to be pasted into a shell.
pub fn command(arguments: &[&str]) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "drawloom".to_owned());
    let words: Vec<&str> = [program.as_str()].into_iter().chain(arguments.iter().copied()).collect();
    // A word of a command line has no NUL byte, which is all that cannot be quoted.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

/// How many processes can run at once.
pub fn cores() -> u16 {
    std::thread::available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX))
}

/// The user has interrupted.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Something is under way that ends early by itself.
static HEEDED: AtomicBool = AtomicBool::new(false);

/// Ends the process when the user interrupts, except while [`heed_interrupts`] does something about it.
pub fn exit_on_interrupt() {
    // A second handler is refused, and the first one does.
    let _ = ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        if !HEEDED.load(Ordering::SeqCst) {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

/// Tells `events` when the user interrupts.
pub fn tell_on_interrupt<T: Send + 'static>(events: Sender<T>, event: impl Fn() -> T + Send + 'static) {
    let _ = ctrlc::set_handler(move || {
        INTERRUPTED.store(true, Ordering::SeqCst);
        let _ = events.send(event());
    });
}

/// Does work that looks now and then whether the user has interrupted, and then ends with what it has.
pub fn heed_interrupts<T>(work: impl FnOnce(&dyn Fn() -> bool) -> T) -> T {
    HEEDED.store(true, Ordering::SeqCst);
    // Only now, so that no interrupt that is caught goes unheeded.
    exit_on_interrupt();
    let done = work(&is_interrupted);
    HEEDED.store(false, Ordering::SeqCst);
    done
}

/// Whether the user has interrupted.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Lets the process that started this one decide what an interrupt means.
pub fn leave_interrupts_to_parent() {
    let _ = ctrlc::set_handler(|| ());
}

/// Starts this program again, with the same arguments and one more option, and sends every line that it prints
/// to `events`, then the end.
///
/// # Errors
/// The process cannot be started.
pub fn start_job<T: Send + 'static>(
    extra: &str,
    events: Sender<T>,
    line: impl Fn(String) -> T + Send + 'static,
    end: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Job> {
    // The subcommand comes first; what follows may end the options with `--`.
    let mut process = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1).take(1))
        .arg(extra)
        .args(std::env::args_os().skip(2))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdin = process.stdin.take().expect("stdin is piped");
    let stdout = process.stdout.take().expect("stdout is piped");
    #[expect(clippy::disallowed_methods, reason = "it waits for another process; no simulation runs on it")]
    std::thread::spawn(move || {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            if events.send(line(text)).is_err() {
                return;
            }
        }
        let _ = events.send(end());
    });
    Ok(Job { process, stdin: Some(stdin) })
}

/// A process that tries seeds.
pub struct Job {
    process: Child,
    stdin: Option<ChildStdin>,
}

impl Job {
    /// Sends it a line. That it is dead is seen by its end.
    pub fn tell(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            let _ = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures how long something takes, and shows how far it is.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    runs: u64,
    simulated: drawloom_sim::SimDuration,
}

impl Progress {
    /// Of this many seeds. It shows only on a terminal, on stderr.
    pub fn of(seeds: u64) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(seeds), ProgressDrawTarget::stderr());
        let style = "{bar:30} {pos}/{len} seeds, {msg} [{elapsed}]";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is valid"));
        #[expect(clippy::disallowed_methods, reason = "the user waits in wall time; no run sees it")]
        Progress { bar, begun: Instant::now(), runs: 0, simulated: drawloom_sim::SimDuration(0) }
    }

    /// One more run, of a seed or of a mutant.
    pub fn ran(&mut self, mutant: bool, simulated: drawloom_sim::SimDuration, findings: usize) {
        self.runs += 1;
        self.simulated.0 += simulated.0;
        if self.bar.is_hidden() {
            return;
        }
        self.bar.inc(u64::from(!mutant));
        let rate = self.runs as f64 / self.begun.elapsed().as_secs_f64().max(1e-3);
        let simulated = self.simulated.0 / 1_000_000;
        self.bar.set_message(format!("{rate:.0} runs/s, {simulated} s simulated, {findings} findings"));
    }

    /// Clears the line; how long it took.
    pub fn end(&self) -> Duration {
        self.bar.finish_and_clear();
        self.begun.elapsed()
    }
}

/// Shows how far work is whose end nobody knows.
pub struct Status(ProgressBar);

impl Status {
    /// It shows only on a terminal, on stderr.
    pub fn new() -> Status {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} [{elapsed}]").expect("the template is valid"),
        );
        Status(bar)
    }

    /// What there is to say now.
    pub fn show(&self, text: impl FnOnce() -> String) {
        if !self.0.is_hidden() {
            self.0.set_message(text());
            self.0.tick();
        }
    }

    /// Clears the line.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
