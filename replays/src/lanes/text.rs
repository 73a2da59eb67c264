//! Text of a known width: printable, wrapped, painted.

use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Faint,
    Heading,
    Answer,
    Wait,
    Error,
    /// What belongs to the worker with this number.
    Lane(u16),
}

impl Paint {
    fn style(self) -> Style {
        const LANES: [AnsiColor; 4] =
            [AnsiColor::Cyan, AnsiColor::Magenta, AnsiColor::Blue, AnsiColor::BrightCyan];
        match self {
            Paint::Plain => Style::new(),
            Paint::Faint => Style::new().dimmed(),
            Paint::Heading => Style::new().bold(),
            Paint::Answer => AnsiColor::Green.on_default(),
            Paint::Wait => AnsiColor::Yellow.on_default(),
            Paint::Error => AnsiColor::Red.on_default().bold(),
            Paint::Lane(number) => LANES[usize::from(number) % LANES.len()].on_default(),
        }
    }
}

/// A piece of text in one paint, without control characters.
#[derive(Clone, Debug)]
pub struct Span {
    paint: Paint,
    text: String,
}

impl Span {
    /// Whatever `text` holds, it is made printable.
    pub fn new(paint: Paint, text: impl AsRef<str>) -> Span {
        Span { paint, text: printable(text.as_ref()) }
    }

    /// In columns of the terminal, every character counted as one.
    pub fn width(&self) -> usize {
        self.text.chars().count()
    }

    /// Whether it is in this paint.
    pub fn is(&self, paint: Paint) -> bool {
        self.paint == paint
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// In this many columns, with its end cut off where it is longer.
    pub fn cut(&self, width: usize) -> Span {
        self.without_middle(width, width.saturating_sub(1))
    }

    /// In this many columns, with a piece behind the middle cut out where it is longer.
    pub fn elided(&self, width: usize) -> Span {
        self.without_middle(width, width * 2 / 3)
    }

    /// In this many columns; where it is longer, with this much of its head.
    fn without_middle(&self, width: usize, head: usize) -> Span {
        let length = self.width();
        if length <= width {
            return self.clone();
        }
        let tail = width.saturating_sub(head + 1);
        let kept = |from: usize, count: usize| self.text.chars().skip(from).take(count).collect::<String>();
        let text = format!("{}…{}", kept(0, head), kept(length - tail, tail));
        Span { paint: self.paint, text }
    }
}

/// Control characters, and those that reorder or hide text, are written as escapes: what a database holds
/// must not command a terminal.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || hidden {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Breaks spans into lines. A span stands behind the one before it if it fits there as a whole, else it
/// begins a line. Every line but the first is indented.
pub fn wrap(spans: &[Span], width: usize) -> Vec<Vec<Span>> {
    const INDENT: usize = 2;
    const WIDTH_MIN: usize = 8;
    let width = width.max(WIDTH_MIN);
    let mut lines: Vec<Vec<Span>> = Vec::new();
    for span in spans {
        if let Some(line) = lines.last_mut() {
            let used: usize = line.iter().map(Span::width).sum();
            if used + 2 + span.width() <= width {
                line.push(Span { paint: span.paint, text: format!("  {}", span.text) });
                continue;
            }
        }
        let first = if lines.is_empty() { 0 } else { INDENT };
        for (index, text) in fold(&span.text, width - first, width - INDENT).into_iter().enumerate() {
            let indent = if index == 0 { first } else { INDENT };
            lines.push(vec![Span { paint: span.paint, text: format!("{:indent$}{text}", "") }]);
        }
    }
    lines
}

/// Breaks text between words, before a clause if one begins late in the line, and within words that are
/// longer than a line.
fn fold(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<String> = Vec::new();
    for mut word in words(text) {
        loop {
            let width = if lines.is_empty() { first } else { rest };
            if length(&line) + usize::from(!line.is_empty()) + word.chars().count() <= width {
                break;
            }
            if line.is_empty() {
                let end = word.char_indices().nth(width).map_or(word.len(), |(end, _)| end);
                let tail = word.split_off(end);
                lines.push(std::mem::replace(&mut word, tail));
                continue;
            }
            let clause = line.iter().rposition(|word| CLAUSES.contains(&word.as_str()));
            let clause = clause.filter(|at| length(&line[..*at]) >= width / 2);
            let tail = line.split_off(clause.unwrap_or(line.len()));
            lines.push(std::mem::replace(&mut line, tail).join(" "));
        }
        line.push(word);
    }
    lines.push(line.join(" "));
    lines
}

const CLAUSES: [&str; 12] =
    ["AND", "FROM", "GROUP", "JOIN", "LEFT", "LIMIT", "ON", "ORDER", "RETURNING", "SET", "VALUES", "WHERE"];

/// Of words with a blank between any two.
fn length(words: &[String]) -> usize {
    let letters: usize = words.iter().map(|word| word.chars().count()).sum();
    letters + words.len().saturating_sub(1)
}

/// Where text may break: not behind an operator or within a short row, so that `= 1` and `(1, 100)` stay
/// together.
fn words(text: &str) -> Vec<String> {
    const OPERATORS: [&str; 12] = ["=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "||", "→"];
    const ROW_MAX: usize = 12;
    let mut words: Vec<String> = Vec::new();
    let mut glued = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if glued => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
        let in_row = |row: &String| row.starts_with('(') && row.ends_with(',') && row.len() < ROW_MAX;
        glued = OPERATORS.contains(&word) || words.last().is_some_and(in_row);
    }
    words
}

/// Lines, painted or not.
pub struct Page {
    pub width: usize,
    color: bool,
    out: String,
}

impl Page {
    pub fn new(width: usize, color: bool) -> Page {
        Page { width, color, out: String::new() }
    }

    pub fn finish(self) -> String {
        self.out
    }

    pub fn line(&mut self, spans: &[Span]) {
        for Span { paint, text } in spans {
            let style = paint.style();
            // Blanks are never painted, so that the end of a line can be trimmed.
            let (ink, blanks) = text.split_at(text.trim_end().len());
            if self.color && !ink.is_empty() && *paint != Paint::Plain {
                write!(self.out, "{style}{ink}{style:#}{blanks}").expect("a String takes everything");
            } else {
                self.out.push_str(text);
            }
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// Text beside a margin.
    pub fn paragraph(&mut self, margin: &[Span], text: &[Span]) {
        let used: usize = margin.iter().map(Span::width).sum();
        for (index, mut line) in wrap(text, self.width.saturating_sub(used)).into_iter().enumerate() {
            let blank = [Span { paint: Paint::Plain, text: " ".repeat(used) }];
            let mut whole = if index == 0 { margin.to_vec() } else { blank.to_vec() };
            whole.append(&mut line);
            self.line(&whole);
        }
    }

    pub fn heading(&mut self, title: &str) {
        let rest = self.width.saturating_sub(title.chars().count() + 4);
        let rule = |text: String| Span::new(Paint::Faint, text);
        self.line(&[
            rule("── ".into()),
            Span::new(Paint::Heading, title),
            rule(format!(" {}", "─".repeat(rest))),
        ]);
    }

    /// A line across the page with a legend at its end.
    pub fn rule(&mut self, legend: &str) {
        let rest = self.width.saturating_sub(legend.chars().count() + 2);
        self.line(&[Span::new(Paint::Faint, format!("{}{legend}──", "─".repeat(rest)))]);
    }

    /// An empty line, except at the top.
    pub fn gap(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }
}
