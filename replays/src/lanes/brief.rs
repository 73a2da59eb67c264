//! A run in brief: a line for each thing that matters, and one for what was found. What is shrunk fits on a few
//! lines, and `explain` draws the rest.

use super::rows::{Place, Row};
use super::statements::Statements;
use super::text::{Page, Paint, Span};
use super::{Style, WIDTH_MIN, rows, words};
use drawloom_model::{Finding, History};
use drawloom_sim::Actor;
use std::collections::{BTreeMap, BTreeSet};

/// More lines are not brief any more: the last ones stay.
const LINES_MAX: usize = 40;
/// So far a worker's lines are moved beyond those of the one before, where there is room.
const PITCH_MAX: usize = 4;
/// So far the last worker's lines are moved at most.
const OFFSET_MAX: usize = 24;

/// Tells the run in lines that are never wrapped: `step  worker  SQL  → answer`. An action is named in the line in
/// which it begins, each worker's lines are moved a little further than those of the one before, and the last line
/// is the finding. What prepared the database, what was noted, and what the checks read is left out.
pub fn brief(history: &History, findings: &[Finding], style: &Style) -> String {
    let mut page = Page::new(style.width.max(WIDTH_MIN), style.color);
    let statements = Statements::of(history);
    let rows = rows::rows(history, &statements, findings);
    let told: Vec<(&Row, Option<String>)> = told(&rows);
    let cut = if told.len() > LINES_MAX { told.len() - LINES_MAX + 1 } else { 0 };
    if cut > 0 {
        page.line(&[Span::new(Paint::Faint, format!("… {cut} lines before"))]);
    }
    let margins = Margins::of(&rows);
    for (row, action) in &told[cut..] {
        draw_row(&mut page, &margins, row, action.as_deref());
    }
    for finding in findings {
        let line = Span::new(Paint::Error, conclusion(finding));
        let width = page.width;
        page.line(&[line.elided(width)]);
    }
    if findings.is_empty() {
        page.line(&[Span::new(Paint::Plain, "nothing found")]);
    }
    page.finish()
}

/// The rows that get a line, each with the name of the action that begins with it.
fn told(rows: &[Row]) -> Vec<(&Row, Option<String>)> {
    let mut begun: BTreeMap<Actor, String> = BTreeMap::new();
    let mut told = Vec::new();
    for row in rows {
        let first = row.text.first();
        match (row.place, first) {
            (Place::Checks, _) | (_, None) => (),
            (Place::Lane(actor), Some(span)) if span.is(Paint::Heading) => {
                begun.insert(actor, span.text().to_owned());
            }
            // A note, and what the last line says.
            (_, Some(span)) if span.is(Paint::Faint) || row.is_finding => (),
            (Place::Lane(actor), _) => told.push((row, begun.remove(&actor))),
            (Place::Across, _) => told.push((row, None)),
        }
    }
    told
}

/// Where the lines of each worker begin.
struct Margins {
    lanes: Vec<Actor>,
    pitch: usize,
    step_width: usize,
    name_width: usize,
}

impl Margins {
    fn of(rows: &[Row]) -> Margins {
        let lanes: BTreeSet<Actor> = rows.iter().filter_map(|row| row.place.lane()).collect();
        Margins {
            pitch: PITCH_MAX.min(OFFSET_MAX / lanes.len().max(1)),
            step_width: rows.iter().map(|row| row.step.to_string().len()).max().unwrap_or(0).max(4),
            name_width: lanes.iter().map(|actor| actor.to_string().len()).max().unwrap_or(0),
            lanes: lanes.into_iter().collect(),
        }
    }

    fn before(&self, row: &Row) -> Vec<Span> {
        let step = Span::new(Paint::Faint, format!("{:>width$}  ", row.step.0, width = self.step_width));
        let Some(actor) = row.place.lane() else { return vec![step] };
        let index = self.lanes.binary_search(&actor).expect("every lane is known");
        let name = format!(
            "{}{:width$}  ",
            " ".repeat(self.pitch * index),
            actor.to_string(),
            width = self.name_width
        );
        vec![step, Span::new(Paint::Lane(actor.code()), name)]
    }
}

fn draw_row(page: &mut Page, margins: &Margins, row: &Row, action: Option<&str>) {
    let mut line = margins.before(row);
    if let Some(action) = action {
        line.push(Span::new(Paint::Heading, format!("{action}  ")));
    }
    if row.place == Place::Across {
        line.push(Span::new(Paint::Error, "══ "));
    }
    let used: usize = line.iter().map(Span::width).sum();
    line.extend(fit(&row.text, page.width.saturating_sub(used)));
    page.line(&line);
}

/// The statement and what became of it in one line; what became of it is sure of its share.
fn fit(text: &[Span], width: usize) -> Vec<Span> {
    const GAP: &str = "  ";
    let Some((first, rest)) = text.split_first() else { return Vec::new() };
    let after: usize = rest.iter().map(|span| GAP.len() + span.width()).sum();
    // That something went wrong is worth as much as what it was.
    let share = if rest.iter().any(|span| span.is(Paint::Error)) { width / 2 } else { width / 3 };
    let mut line = vec![first.elided(width.saturating_sub(after.min(share)))];
    let mut left = width.saturating_sub(line[0].width());
    for span in rest {
        let room = left.saturating_sub(GAP.len());
        if room == 0 {
            break;
        }
        let span = span.cut(room);
        left = room - span.width();
        line.extend([Span::new(Paint::Plain, GAP), span]);
    }
    line
}

/// `✗ the total is conserved: expected 500, actual 499 (worker 1, step 16)`
fn conclusion(finding: &Finding) -> String {
    let Finding { signature, expected, actual, actor, step, .. } = finding;
    let facts = if expected.is_empty() && actual.is_empty() {
        String::new()
    } else {
        format!(": expected {expected}, actual {actual}")
    };
    words::one_line(&format!("✗ {}{facts} ({actor}, step {step})", signature.name))
}
