//! A spec: what its text says, checked.

use super::scanner::{Token, What, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

/// A spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// SQL that prepares the database, one after the other, each sent as a whole.
    pub setups: Vec<String>,
    /// SQL that cleans up.
    pub teardown: Option<String>,
    /// The sessions, in the order of the text.
    pub sessions: Vec<Session>,
    /// The orders of steps that it names; none: all there are.
    pub named: Vec<Vec<Turn>>,
}

/// A session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// SQL that it begins with.
    pub setup: Option<String>,
    /// SQL that it ends with.
    pub teardown: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step: what a session sends at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, one of its own in the whole spec.
    pub name: String,
    /// Its SQL.
    pub sql: String,
}

/// A step where it stands in a permutation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The session, by its place among the sessions.
    pub session: usize,
    /// The step, by its place among the session's.
    pub step: usize,
    /// What is said about when it is done.
    pub markers: Vec<Marker>,
}

/// What is said about when a step is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marker {
    /// It is taken to wait as soon as it was sent: `(*)`.
    Waits,
    /// It is not reported as done before this step of another session is: `(other)`.
    After {
        /// The other step.
        step: (usize, usize),
    },
    /// It is not reported as done before the session of this step got so many notices: `(other notices 2)`.
    Notices {
        /// The other step.
        step: (usize, usize),
        /// How many.
        count: u32,
    },
}

/// Why a text is no spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SpecError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected there.
    pub message: String,
}

impl Spec {
    /// Reads a spec.
    ///
    /// # Errors
    /// See [`SpecError`].
    pub fn parse(text: &str) -> Result<Spec, SpecError> {
        let mut parser = Parser {
            last_line: text.lines().count().max(1),
            tokens: scan(text)?.into_iter().peekable(),
            spec: Spec::default(),
        };
        parser.parse()?;
        Ok(parser.spec)
    }

    /// The orders in which its steps are to be tried: those that it names, or else every one that keeps the order of
    /// each session's steps, the first sessions first.
    pub fn permutations(&self) -> Box<dyn Iterator<Item = Vec<Turn>> + '_> {
        if !self.named.is_empty() {
            return Box::new(self.named.iter().cloned());
        }
        let first = (0..self.sessions.len()).flat_map(|it| vec![it; self.sessions[it].steps.len()]);
        let mut next: Option<Vec<usize>> = Some(first.collect());
        Box::new(std::iter::from_fn(move || {
            let order = next.take()?;
            next = successor(&order);
            Some(self.turns(&order))
        }))
    }

    /// The steps that no permutation has, by name, where permutations are named at all.
    pub fn unused_steps(&self) -> BTreeSet<&str> {
        if self.named.is_empty() {
            return BTreeSet::new();
        }
        let used: BTreeSet<&str> =
            self.named.iter().flatten().map(|turn| self.step(turn).name.as_str()).collect();
        let steps = self.sessions.iter().flat_map(|session| &session.steps);
        steps.map(|step| step.name.as_str()).filter(|name| !used.contains(name)).collect()
    }

    /// The step of a turn.
    pub fn step(&self, turn: &Turn) -> &Step {
        &self.sessions[turn.session].steps[turn.step]
    }

    /// The next step of each of these sessions, in their order.
    fn turns(&self, order: &[usize]) -> Vec<Turn> {
        let mut taken = vec![0; self.sessions.len()];
        let turn = |session: &usize| {
            let step = taken[*session];
            taken[*session] += 1;
            Turn { session: *session, step, markers: Vec::new() }
        };
        order.iter().map(turn).collect()
    }
}

/// The next arrangement of these in ascending order, if there is one.
fn successor(order: &[usize]) -> Option<Vec<usize>> {
    let rise = order.windows(2).rposition(|pair| pair[0] < pair[1])?;
    let mut next = order.to_vec();
    let larger = next.iter().rposition(|it| *it > next[rise]).expect("the one after the rise is");
    next.swap(rise, larger);
    next[rise + 1..].reverse();
    Some(next)
}

struct Parser<T: Iterator<Item = Token>> {
    tokens: Peekable<T>,
    last_line: usize,
    spec: Spec,
}

impl<T: Iterator<Item = Token>> Parser<T> {
    fn parse(&mut self) -> Result<(), SpecError> {
        while self.takes("setup") {
            let sql = self.sql()?;
            self.spec.setups.push(sql);
        }
        if self.takes("teardown") {
            self.spec.teardown = Some(self.sql()?);
        }
        while self.takes("session") {
            let session = self.session()?;
            self.spec.sessions.push(session);
        }
        if self.spec.sessions.is_empty() {
            return Err(self.expected("\"setup\", \"teardown\" or \"session\""));
        }
        let steps = self.steps()?;
        while self.takes("permutation") {
            let turns = self.permutation(&steps)?;
            self.spec.named.push(turns);
        }
        match self.tokens.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("\"session\", \"step\", \"teardown\" or \"permutation\"")),
        }
    }

    fn session(&mut self) -> Result<Session, SpecError> {
        let mut session = Session { name: self.name("the session's name")?, ..Session::default() };
        if self.takes("setup") {
            session.setup = Some(self.sql()?);
        }
        while self.takes("step") {
            session.steps.push(Step { name: self.name("the step's name")?, sql: self.sql()? });
        }
        if session.steps.is_empty() {
            return Err(self.expected("\"step\": a session has at least one"));
        }
        if self.takes("teardown") {
            session.teardown = Some(self.sql()?);
        }
        Ok(session)
    }

    /// Where each step is.
    fn steps(&self) -> Result<BTreeMap<String, (usize, usize)>, SpecError> {
        let mut steps = BTreeMap::new();
        for (session, it) in self.spec.sessions.iter().enumerate() {
            for (step, it) in it.steps.iter().enumerate() {
                if steps.insert(it.name.clone(), (session, step)).is_some() {
                    let message = format!("there are two steps \"{}\"; give each a name of its own", it.name);
                    return Err(SpecError { line: self.last_line, message });
                }
            }
        }
        let names: BTreeSet<&String> = self.spec.sessions.iter().map(|session| &session.name).collect();
        if names.len() < self.spec.sessions.len() {
            let message = "two sessions have the same name; give each one of its own".to_owned();
            return Err(SpecError { line: self.last_line, message });
        }
        Ok(steps)
    }

    fn permutation(&mut self, steps: &BTreeMap<String, (usize, usize)>) -> Result<Vec<Turn>, SpecError> {
        let line = self.line();
        let mut turns = Vec::new();
        while self
            .tokens
            .peek()
            .is_some_and(|token| is_name(&token.what) && !is_word(&token.what, "permutation"))
        {
            let (session, step) = self.step_of(steps)?;
            let markers = if self.takes_sign(&What::Open) { self.markers(steps)? } else { Vec::new() };
            turns.push(Turn { session, step, markers });
        }
        if turns.is_empty() {
            return Err(self.expected("the name of a step"));
        }
        match self.misplaced_marker(&turns) {
            Some(message) => Err(SpecError { line, message }),
            None => Ok(turns),
        }
    }

    /// What is wrong with the first marker that could not come true.
    fn misplaced_marker(&self, turns: &[Turn]) -> Option<String> {
        let markers = turns.iter().flat_map(|turn| turn.markers.iter().map(move |marker| (turn, marker)));
        markers.into_iter().find_map(|(turn, marker)| {
            let (Marker::After { step } | Marker::Notices { step, .. }) = marker else { return None };
            let name = |(session, step): (usize, usize)| &self.spec.sessions[session].steps[step].name;
            let (own, other) = (name((turn.session, turn.step)), name(*step));
            if !turns.iter().any(|turn| (turn.session, turn.step) == *step) {
                return Some(format!(
                    "step \"{own}\" waits for \"{other}\", which is not in this permutation"
                ));
            }
            let message = format!("step \"{own}\" cannot wait for \"{other}\", which is of its own session");
            (turn.session == step.0).then_some(message)
        })
    }

    fn markers(&mut self, steps: &BTreeMap<String, (usize, usize)>) -> Result<Vec<Marker>, SpecError> {
        let mut markers = Vec::new();
        loop {
            if self.takes_sign(&What::Star) {
                markers.push(Marker::Waits);
            } else {
                let step = self.step_of(steps)?;
                markers.push(match self.takes("notices") {
                    true => Marker::Notices { step, count: self.number()? },
                    false => Marker::After { step },
                });
            }
            if self.takes_sign(&What::Close) {
                return Ok(markers);
            }
            if !self.takes_sign(&What::Comma) {
                return Err(self.expected("\",\" or \")\""));
            }
        }
    }

    fn step_of(&mut self, steps: &BTreeMap<String, (usize, usize)>) -> Result<(usize, usize), SpecError> {
        let line = self.line();
        let name = self.name("the name of a step")?;
        let unknown = || SpecError { line, message: format!("there is no step \"{name}\"") };
        steps.get(&name).copied().ok_or_else(unknown)
    }

    fn line(&mut self) -> usize {
        self.tokens.peek().map_or(self.last_line, |token| token.line)
    }

    fn expected(&mut self, what: &str) -> SpecError {
        let found = self.tokens.peek().map_or("the end".to_owned(), |token| token.what.to_string());
        SpecError { line: self.line(), message: format!("expected {what}, found {found}") }
    }

    fn takes(&mut self, keyword: &str) -> bool {
        self.tokens.next_if(|token| is_word(&token.what, keyword)).is_some()
    }

    fn takes_sign(&mut self, sign: &What) -> bool {
        self.tokens.next_if(|token| token.what == *sign).is_some()
    }

    fn name(&mut self, what: &str) -> Result<String, SpecError> {
        match self.tokens.next_if(|token| is_name(&token.what)) {
            Some(Token { what: What::Word(name) | What::Quoted(name), .. }) => Ok(name),
            _ => Err(self.expected(what)),
        }
    }

    fn sql(&mut self) -> Result<String, SpecError> {
        match self.tokens.next_if(|token| matches!(token.what, What::Sql(_))) {
            Some(Token { what: What::Sql(sql), .. }) => Ok(sql),
            _ => Err(self.expected("SQL in braces")),
        }
    }

    fn number(&mut self) -> Result<u32, SpecError> {
        match self.tokens.next_if(|token| matches!(token.what, What::Number(_))) {
            Some(Token { what: What::Number(number), .. }) => Ok(number),
            _ => Err(self.expected("how many notices")),
        }
    }
}

fn is_name(what: &What) -> bool {
    matches!(what, What::Word(_) | What::Quoted(_))
}

fn is_word(what: &What, keyword: &str) -> bool {
    matches!(what, What::Word(word) if word == keyword)
}
