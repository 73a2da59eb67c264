//! `drawloom list`: what there is to choose from.

use crate::cli::{Done, Format, ListArgs, ListWhat};
use crate::exit::Exit;
use crate::{output, outside};
use drawloom_mock::Bug;
use drawloom_replays::engine::Engine;
use drawloom_sim::Profile;
use drawloom_sim::faults::Fault;
use drawloom_workloads::{ALL, Variant, Workload, WrongOn};
use serde_json::{Value, json};
use std::fmt::Write;

/// Prints the list.
pub fn list(args: &ListArgs) -> Done {
    let simple = |names: Vec<&'static str>| (names.join("\n") + "\n", json!(names));
    let (text, document) = match args.what {
        ListWhat::Workloads => (workloads_text(), workloads_json()),
        ListWhat::Backends => (backends_text(), backends_json()),
        ListWhat::Bugs => (bugs_text(), bugs_json()),
        ListWhat::Faults => simple(Fault::ALL.map(Fault::name).to_vec()),
        ListWhat::Networks => simple(Profile::ALL.map(Profile::name).to_vec()),
    };
    outside::print(&match args.format {
        Format::Human => text,
        Format::Json => output::document(&document),
    });
    Ok(Exit::Nothing)
}

fn workloads_text() -> String {
    let mut text = String::new();
    for workload in ALL {
        let _ = writeln!(text, "{}: {}", workload.name(), workload.about());
        if !Engine::default().speaks(*workload) {
            let _ = writeln!(text, "  {:<24} runs on {}", "", speaking(*workload).join(", "));
        }
        for variant in workload.variants() {
            let _ = writeln!(text, "  {:<24} {}", variant.name, variant.about);
            if !variant.is_correct() {
                let _ = writeln!(text, "  {:<24} wrong on {}", "", wrong_on_text(variant));
            }
        }
    }
    text
}

/// The names of the engines that speak its SQL.
fn speaking(workload: &dyn Workload) -> Vec<&'static str> {
    Engine::speaking(workload).map(|engine| engine.name()).collect()
}

fn backends() -> impl Iterator<Item = Engine> {
    Engine::NAMES.into_iter().map(|name| Engine::usual(name).expect("an engine has its name"))
}

fn backends_text() -> String {
    backends().map(|engine| format!("{:<8}{}\n", engine.name(), engine.fingerprint())).collect()
}

fn backends_json() -> Value {
    let backend = |engine: Engine| {
        let (name, fingerprint) = (engine.name(), engine.fingerprint());
        json!({ "name": name, "fingerprint": fingerprint, "options": engine.options() })
    };
    backends().map(backend).collect()
}

/// The search that finds the bug.
fn command(bug: Bug) -> String {
    let workload = bug.workload().split(' ');
    let arguments = ["run"].into_iter().chain(workload).chain(["--backend", "mock", "--bug", bug.name()]);
    outside::command(&arguments.collect::<Vec<_>>())
}

fn bugs_text() -> String {
    let mut text = String::new();
    for &bug in Bug::ALL {
        let _ = writeln!(text, "{:<24} {}", bug.name(), bug.sentence());
        let _ = writeln!(text, "{:<24} seen by {}", "", bug.oracle());
        let _ = writeln!(text, "{:<24} {}", "", command(bug));
    }
    text
}

fn bugs_json() -> Value {
    let bug = |bug: Bug| {
        let (name, sentence, oracle) = (bug.name(), bug.sentence(), bug.oracle());
        json!({ "name": name, "about": sentence, "seen_by": oracle, "command": command(bug) })
    };
    Bug::ALL.iter().copied().map(bug).collect()
}

fn wrong_on_text(variant: &Variant) -> String {
    variant.wrong_on.iter().map(WrongOn::to_string).collect::<Vec<_>>().join(", ")
}

fn workloads_json() -> Value {
    let variant = |variant: &Variant| {
        let wrong_on = variant.wrong_on.iter();
        let wrong_on = wrong_on.map(|wrong| json!({ "backend": wrong.backend, "levels": wrong.levels }));
        json!({
            "name": variant.name,
            "about": variant.about,
            "correct": variant.is_correct(),
            "wrong_on": wrong_on.collect::<Vec<_>>(),
        })
    };
    let workloads = ALL.iter().map(|workload| {
        let variants: Vec<Value> = workload.variants().iter().map(variant).collect();
        json!({
            "name": workload.name(),
            "about": workload.about(),
            "backends": speaking(*workload),
            "variants": variants,
        })
    });
    Value::Array(workloads.collect())
}
