//! What was found, below the drawing.

use super::statements::{Sent, Statements};
use super::text::{Page, Paint, Span};
use super::words;
use drawloom_model::{Event, Finding, History, Observation};
use drawloom_sim::Actor;
use std::collections::BTreeMap;

/// How a finding is referred to: by nothing where there is only one.
pub fn number(findings: &[Finding], index: usize) -> String {
    if findings.len() > 1 { format!(" [{}]", index + 1) } else { String::new() }
}

/// Draws every finding with what is needed to understand it.
pub fn draw(page: &mut Page, history: &History, statements: &Statements, findings: &[Finding]) {
    if findings.is_empty() {
        page.gap();
        page.line(&[Span::new(Paint::Plain, "nothing found")]);
    }
    for (index, finding) in findings.iter().enumerate() {
        page.gap();
        let number = number(findings, index);
        let title = format!("✗{number} {}: {}", finding.signature.kind.name(), finding.signature.name);
        page.paragraph(&[], &[Span::new(Paint::Error, title)]);
        draw_fact(page, "expected", &finding.expected);
        draw_fact(page, "actual", &finding.actual);
        match stuck(history, statements, finding) {
            Some(actors) => {
                for (index, actor) in actors.iter().enumerate() {
                    draw_fact(page, if index == 0 { "who" } else { "" }, actor);
                }
            }
            None => draw_fact(page, "concerns", &finding.keys.join(", ")),
        }
        draw_fact(page, "noticed", &format!("by {}, step {}, {}", finding.actor, finding.step, finding.at));
    }
}

fn draw_fact(page: &mut Page, name: &str, fact: &str) {
    if !fact.is_empty() {
        let name = Span::new(Paint::Faint, format!("    {name:<10}"));
        page.paragraph(&[name], &[Span::new(Paint::Plain, fact)]);
    }
}

/// Who does not end, if the finding is that, each with the statement that it has under way.
fn stuck(history: &History, statements: &Statements, finding: &Finding) -> Option<Vec<String>> {
    let here = |(_, event): &(usize, &Event)| (event.step, event.actor) == (finding.step, finding.actor);
    let found = history.events.iter().enumerate().filter(here).find_map(|(index, event)| match &event.what {
        Observation::Deadlock { waiting } => Some((index, waiting)),
        Observation::Livelock { running } => Some((index, running)),
        _ => None,
    });
    let (index, slots) = found?;
    let mut actors: BTreeMap<Actor, Vec<&str>> = BTreeMap::new();
    for (actor, slot) in slots {
        actors.entry(*actor).or_default().push(slot);
    }
    let mut lines = Vec::new();
    for (actor, slots) in actors {
        let before = lines.len();
        lines.extend(statements.under_way(actor, index).map(under_way));
        if lines.len() == before {
            lines.push(format!("{actor}: {}", slots.join(", ")));
        }
    }
    Some(lines)
}

fn under_way(sent: &Sent) -> String {
    let Sent { actor, statement, .. } = sent;
    match sent.wait {
        Some((_, on)) => format!("{actor} waits for {on}: {}", words::sql(statement)),
        None => format!("{actor}, under way: {}", words::sql(statement)),
    }
}
