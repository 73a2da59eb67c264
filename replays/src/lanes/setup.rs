//! What prepared the database, in brief.

use super::text::{Page, Paint, Span};
use super::words;
use drawloom_model::{Executed, History, Observation, Statement};
use drawloom_sim::Actor;

/// Statements in a row that differ only in their values, and what the last of them failed on.
struct Run<'a> {
    statements: Vec<&'a Statement>,
    failure: Option<Span>,
}

/// Draws the setup's statements, if there are any.
pub fn draw(page: &mut Page, history: &History) {
    let runs = runs(history);
    let count: usize = runs.iter().map(|run| run.statements.len()).sum();
    if count == 0 {
        return;
    }
    let plural = if count == 1 { "" } else { "s" };
    page.heading(&format!("setup: {count} statement{plural}"));
    for Run { statements, failure } in runs {
        let spans: Vec<Span> = summary(&statements).into_iter().chain(failure).collect();
        page.paragraph(&[], &spans);
    }
}

fn runs(history: &History) -> Vec<Run<'_>> {
    let mut runs: Vec<Run> = Vec::new();
    for event in history.events.iter().filter(|event| event.actor == Actor::SETUP) {
        match &event.what {
            Observation::Call { statement, .. } => match runs.last_mut() {
                Some(Run { statements, failure: None }) if statements[0].sql == statement.sql => {
                    statements.push(statement);
                }
                _ => runs.push(Run { statements: vec![statement], failure: None }),
            },
            Observation::Answer { executed: Executed { result: Err(error), .. }, .. } => {
                if let Some(run) = runs.last_mut() {
                    run.failure = Some(words::failed(error, ""));
                }
            }
            _ => (),
        }
    }
    runs
}

fn summary(run: &[&Statement]) -> Option<Span> {
    const SHOWN_MAX: usize = 8;
    let text = match run {
        [] => return None,
        [statement] => words::sql(statement),
        [first, ..] if first.params.is_empty() => format!("{} times: {}", run.len(), words::sql(first)),
        [first, ..] => {
            let mut shown: Vec<String> =
                run.iter().map(|statement| words::tuple(&statement.params)).collect();
            if shown.len() > SHOWN_MAX {
                shown.splice(SHOWN_MAX - 2..run.len() - 1, ["…".to_owned()]);
            }
            let values = words::shorten(&shown.join(", "), words::TEXT_MAX);
            format!("{} times: {}  with {values}", run.len(), words::one_line(&first.sql))
        }
    };
    Some(Span::new(Paint::Plain, text))
}
