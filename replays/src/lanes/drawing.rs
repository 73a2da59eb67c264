//! Rows on a page: a column for each worker, or rails where they are many.

use super::lane::{Change, Lane};
use super::rows::{Place, Row};
use super::text::{self, Page, Paint, Span};
use drawloom_sim::{Actor, Step};
use std::collections::{BTreeMap, BTreeSet};

/// A worker's column is at least this wide, or all workers share one.
const COLUMN_MIN: usize = 21;

/// Where the workers' statements stand.
#[derive(Clone, Copy)]
enum Shape {
    /// In a column for each worker, this wide.
    Columns(usize),
    /// In one column for all; the workers' rails, this far apart, run to its left.
    Rails(usize),
}

/// The workers' part of a page, and the checks' below it.
pub struct Drawing<'a> {
    page: &'a mut Page,
    lanes: BTreeMap<Actor, Lane>,
    shape: Shape,
    legend: String,
    step_width: usize,
    time_width: usize,
}

impl<'a> Drawing<'a> {
    pub fn new(page: &'a mut Page, rows: &[Row]) -> Drawing<'a> {
        let actors: BTreeSet<Actor> = rows.iter().filter_map(|row| row.place.lane()).collect();
        let lanes: BTreeMap<Actor, Lane> = actors.into_iter().map(|actor| (actor, Lane::default())).collect();
        let step_width = rows.iter().map(|row| row.step.to_string().len()).max().unwrap_or(0).max(4);
        let time_width = rows.iter().map(|row| time(row).len()).max().unwrap_or(0).max(6);
        let room = page.width.saturating_sub(step_width + time_width + 3);
        let count = lanes.len().max(1);
        let shape = match room / count {
            width if width >= COLUMN_MIN => Shape::Columns(width),
            _ => Shape::Rails((2usize).min(room / 2 / count)),
        };
        Drawing { page, lanes, shape, legend: legend(rows), step_width, time_width }
    }

    pub fn draw(mut self, rows: &[Row]) {
        let mut in_checks = None;
        let mut previous = None;
        for row in rows {
            let section = match row.place {
                Place::Checks => true,
                Place::Lane(_) => false,
                Place::Across => in_checks.unwrap_or(false),
            };
            if in_checks != Some(section) {
                if section {
                    self.draw_checks_heading()
                } else {
                    self.draw_lanes_heading()
                }
                in_checks = Some(section);
            }
            // Said once for all that happened in one turn at one time.
            let moment = (row.step, time(row));
            let gutter = self.gutter((previous.as_ref() != Some(&moment)).then_some(&moment));
            previous = Some(moment);
            match row.place {
                Place::Lane(actor) => self.draw_in_lane(row, actor, gutter),
                Place::Across => self.draw_across(row, gutter),
                Place::Checks => self.page.paragraph(&[gutter], &row.text),
            }
        }
    }

    fn draw_checks_heading(&mut self) {
        self.page.gap();
        self.page.heading("checks");
    }

    fn draw_lanes_heading(&mut self) {
        self.page.gap();
        let (step_width, time_width) = (self.step_width, self.time_width);
        let gutter = |text: &str| {
            Span::new(Paint::Faint, format!("{text:width$}", width = step_width + time_width + 3))
        };
        let title = format!("{:>step_width$}  {:>time_width$} ", "step", "ms");
        match self.shape {
            Shape::Columns(width) => {
                let names = self.lanes.keys().map(|actor| {
                    Span::new(Paint::Lane(actor.code()), format!("{:width$}", actor.to_string()))
                });
                let line: Vec<Span> = [gutter(&title)].into_iter().chain(names).collect();
                self.page.line(&line);
            }
            Shape::Rails(pitch) => {
                // The workers' numbers, downwards.
                let numbers: Vec<String> = self.lanes.keys().map(|actor| actor.code().to_string()).collect();
                let height = match pitch {
                    0 => 1,
                    _ => numbers.iter().map(String::len).max().unwrap_or(1),
                };
                for row in 0..height {
                    let last = row + 1 == height;
                    let digits = self.lanes.keys().zip(&numbers).map(|(actor, number)| {
                        let digit =
                            (row + number.len()).checked_sub(height).and_then(|at| number.get(at..=at));
                        Span::new(Paint::Lane(actor.code()), format!("{:pitch$.pitch$}", digit.unwrap_or("")))
                    });
                    let mut line = vec![gutter(if last { &title } else { "" })];
                    line.extend(digits);
                    self.page.line(&line);
                }
            }
        }
        self.page.rule(&self.legend);
    }

    fn gutter(&self, moment: Option<&(Step, String)>) -> Span {
        let (step_width, time_width) = (self.step_width, self.time_width);
        let text = match moment {
            Some((step, time)) => format!("{:>step_width$}  {time:>time_width$} ", step.0),
            None => " ".repeat(step_width + time_width + 3),
        };
        Span::new(Paint::Faint, text)
    }

    fn draw_in_lane(&mut self, row: &Row, actor: Actor, gutter: Span) {
        let before = self.lanes.get(&actor).copied().unwrap_or_default().before(row.change);
        let after = before.after(row.change);
        self.lanes.insert(actor, after);
        let label = match self.shape {
            Shape::Columns(_) => String::new(),
            Shape::Rails(_) => format!(" w{:<3} ", actor.code()),
        };
        let blank = self.gutter(None);
        let room = match self.shape {
            Shape::Columns(width) => width - 3,
            Shape::Rails(pitch) => {
                let left = gutter.width() + pitch * self.lanes.len() + label.chars().count();
                self.page.width.saturating_sub(left)
            }
        };
        let lines = text::wrap(&row.text, room);
        for (index, text) in lines.iter().enumerate() {
            let mut line = vec![if index == 0 { gutter.clone() } else { blank.clone() }];
            for (lane, state) in &self.lanes {
                let own = *lane == actor;
                let rail = if own { before.own_rail(after, index, lines.len()) } else { state.rail() };
                let paint = Paint::Lane(lane.code());
                match self.shape {
                    Shape::Columns(width) => {
                        line.push(Span::new(paint, format!("{rail} ")));
                        let text: &[Span] = if own { text } else { &[] };
                        line.extend_from_slice(text);
                        let used: usize = text.iter().map(Span::width).sum();
                        line.push(Span::new(Paint::Plain, " ".repeat(width - 2 - used)));
                    }
                    Shape::Rails(pitch) => line.push(Span::new(paint, format!("{rail:pitch$.pitch$}"))),
                }
            }
            if let Shape::Rails(_) = self.shape {
                let label = if index == 0 { label.clone() } else { " ".repeat(label.chars().count()) };
                line.push(Span::new(Paint::Lane(actor.code()), label));
                line.extend_from_slice(text);
            }
            self.page.line(&line);
        }
    }

    fn draw_across(&mut self, row: &Row, gutter: Span) {
        for lane in self.lanes.values_mut() {
            *lane = lane.after(row.change);
        }
        let blank = self.gutter(None);
        let room = self.page.width.saturating_sub(gutter.width());
        for (index, mut text) in text::wrap(&row.text, room.saturating_sub(6)).into_iter().enumerate() {
            let used: usize = text.iter().map(Span::width).sum();
            let mut line = vec![if index == 0 { gutter.clone() } else { blank.clone() }];
            line.push(Span::new(Paint::Error, "══ "));
            line.append(&mut text);
            line.push(Span::new(Paint::Error, format!(" {}", "═".repeat(room.saturating_sub(used + 4)))));
            self.page.line(&line);
        }
    }
}

/// What the signs mean, of those that occur.
fn legend(rows: &[Row]) -> String {
    let occurs =
        |sign: fn(Change) -> bool| rows.iter().any(|row| row.place.lane().is_some() && sign(row.change));
    let begins = |change| matches!(change, Change::Executed { in_transaction: true, .. });
    let waits = |change| matches!(change, Change::Waits(_));
    let signs = [("┃ in a transaction", occurs(begins)), ("┊ waits", occurs(waits))];
    let occurring = signs.iter().filter(|(_, occurs)| *occurs);
    occurring.map(|(sign, _)| format!(" {sign} ")).collect::<Vec<_>>().join("─")
}

/// Milliseconds.
fn time(row: &Row) -> String {
    row.at.to_string().trim_end_matches("ms").to_owned()
}
