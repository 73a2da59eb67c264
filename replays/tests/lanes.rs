//! What `drawloom explain` and `drawloom shrink` print, compared with the files in `lanes/`. `UPDATE_GOLDENFILES=1` rewrites them.

use drawloom_model::{
    Class, Event, Executed, FaultEvent, Finding, History, Note, Observation, Phase, Reply, SessionId,
    SqlError, Statement, Value, Violation, oracle,
};
use drawloom_replays::lanes::{Style, brief, draw};
use drawloom_sim::{Actor, SimTime, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A history that is told by hand. A statement takes a turn and a millisecond, as on a direct link.
#[derive(Default)]
struct Story {
    history: History,
    step: u32,
    us: u64,
    /// Each actor's newest session.
    sessions: BTreeMap<Actor, SessionId>,
    opened: u32,
    /// The sessions inside a transaction.
    open: BTreeSet<SessionId>,
}

type Answer = Result<Reply, SqlError>;

impl Story {
    /// Two accounts of 100 each.
    fn of_a_bank() -> Story {
        let mut story = Story::default();
        story.tell(Actor::SETUP, Observation::Phase(Phase::Setup));
        let ddl = "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)";
        story.sql(Actor::SETUP, ddl, &[], none());
        for id in 1..=2 {
            story.sql(Actor::SETUP, "INSERT INTO accounts VALUES ($1, $2)", &[id, 100], changed(1));
        }
        story.tell(Actor::SETUP, Observation::Phase(Phase::Work));
        story
    }

    fn turn(&mut self) -> Step {
        self.step += 1;
        Step(self.step)
    }

    fn tell(&mut self, actor: Actor, what: Observation) {
        self.history.events.push(Event { step: Step(self.step), at: SimTime(self.us), actor, what });
    }

    fn action(&mut self, actor: Actor, name: &'static str) {
        self.tell(actor, Observation::Action { name: name.into() });
    }

    /// The actor's session, opened when it is first used.
    fn session(&mut self, actor: Actor) -> SessionId {
        if let Some(session) = self.sessions.get(&actor) {
            return *session;
        }
        self.opened += 1;
        let session = SessionId(self.opened);
        self.sessions.insert(actor, session);
        self.tell(actor, Observation::Connected { session });
        session
    }

    fn call(&mut self, actor: Actor, sql: &'static str, params: &[i64]) {
        let session = self.session(actor);
        let params = params.iter().copied().map(Value::Int).collect();
        let statement = Statement { sql: sql.into(), params }.into();
        self.tell(actor, Observation::Call { session, statement });
    }

    /// The server finishes the statement that the session last sent.
    fn execute(&mut self, session: SessionId, answer: Answer) -> Executed {
        let step = self.turn();
        self.us += 1_000;
        self.executed(step, session, answer)
    }

    fn executed(&mut self, step: Step, session: SessionId, answer: Answer) -> Executed {
        let sql = self.history.events.iter().rev().find_map(|event| match &event.what {
            Observation::Call { session: caller, statement } if *caller == session => Some(&*statement.sql),
            _ => None,
        });
        match sql.and_then(|sql| sql.split(' ').next()) {
            Some("BEGIN") if answer.is_ok() => drop(self.open.insert(session)),
            Some("COMMIT" | "ROLLBACK") => drop(self.open.remove(&session)),
            _ => (),
        }
        let in_transaction = self.open.contains(&session);
        Executed { step, at: SimTime(self.us), in_transaction, result: answer.map(Into::into) }
    }

    fn answer(&mut self, actor: Actor, executed: Executed) {
        let session = self.session(actor);
        self.tell(actor, Observation::Answer { session, executed });
    }

    /// The session breaks; the actor's next statement opens another.
    fn lose(&mut self, actor: Actor, executed: Option<Executed>) {
        self.turn();
        let session = self.session(actor);
        self.sessions.remove(&actor);
        self.tell(actor, Observation::Lost { session, executed });
    }

    /// The worker dies; returns the session that it leaves behind.
    fn kill(&mut self, worker: Actor) -> SessionId {
        let session = self.session(worker);
        self.fault(FaultEvent::WorkerCrashed(worker));
        self.sessions.remove(&worker);
        session
    }

    /// The fate of what a dead worker had under way.
    fn leave(&mut self, worker: Actor, session: SessionId, executed: Option<Executed>) {
        self.turn();
        self.tell(worker, Observation::Lost { session, executed });
    }

    fn sql(&mut self, actor: Actor, sql: &'static str, params: &[i64], answer: Answer) {
        let step = self.turn();
        self.call(actor, sql, params);
        self.us += 1_000;
        let session = self.session(actor);
        let executed = self.executed(step, session, answer);
        self.answer(actor, executed);
    }

    fn block(&mut self, actor: Actor, sql: &'static str, params: &[i64], on: &'static str) {
        self.turn();
        self.call(actor, sql, params);
        let session = self.session(actor);
        self.tell(actor, Observation::Blocked { session, on: on.into() });
    }

    fn unblock(&mut self, actor: Actor, answer: Answer) {
        let session = self.session(actor);
        let executed = self.execute(session, answer);
        self.answer(actor, executed);
    }

    fn fault(&mut self, fault: FaultEvent) {
        self.turn();
        self.tell(Actor::FAULTS, Observation::Fault(fault));
    }

    fn violate(&mut self, actor: Actor, expected: &str, actual: &str, keys: &[&str]) {
        self.tell(
            actor,
            Observation::Violation(Box::new(Violation {
                invariant: "the total is conserved".into(),
                expected: expected.into(),
                actual: actual.into(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            })),
        );
    }

    /// The checks' look at the accounts, and what they think of it.
    fn check(&mut self, balances: [i64; 2]) {
        self.tell(Actor::CHECKS, Observation::Phase(Phase::Probe));
        let rows = rows(&["id", "balance"], &[&[1, balances[0]], &[2, balances[1]]]);
        self.sql(Actor::CHECKS, "SELECT id, balance FROM accounts ORDER BY id", &[], rows);
        let total: i64 = balances.iter().sum();
        if total != 200 {
            let [first, second] = balances;
            let keys = [format!("account 1 has {first}"), format!("account 2 has {second}")];
            self.violate(Actor::CHECKS, "200", &total.to_string(), &[&keys[0], &keys[1]]);
        }
    }

    fn findings(&self) -> Vec<Finding> {
        oracle::judge(&self.history)
    }

    fn brief(&self, width: usize, color: bool) -> String {
        brief(&self.history, &oracle::judge(&self.history), &Style { width, color })
    }

    fn draw(&self, width: usize, color: bool) -> String {
        draw(&self.history, &self.findings(), &Style { width, color })
    }
}

fn w(number: u16) -> Actor {
    Actor::worker(number)
}

fn none() -> Answer {
    Ok(Reply::default())
}

fn changed(affected: u64) -> Answer {
    Ok(Reply { affected, ..Reply::default() })
}

fn rows(columns: &[&str], rows: &[&[i64]]) -> Answer {
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let rows = rows.iter().map(|row| row.iter().copied().map(Value::Int).collect()).collect();
    Ok(Reply { columns: columns.into(), rows, affected: 0 })
}

fn one(n: i64) -> Answer {
    rows(&["balance"], &[&[n]])
}

const READ: &str = "SELECT balance FROM accounts WHERE id = $1";
const WRITE: &str = "UPDATE accounts SET balance = $1 WHERE id = $2";
const ADD: &str = "UPDATE accounts SET balance = balance + $1 WHERE id = $2";

fn lost_update() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), READ, &[1], one(100));
    story.sql(w(0), READ, &[2], one(100));
    story.action(w(1), "transfer");
    story.sql(w(1), READ, &[1], one(100));
    story.sql(w(1), READ, &[2], one(100));
    story.sql(w(1), WRITE, &[40, 1], changed(1));
    story.sql(w(1), WRITE, &[160, 2], changed(1));
    story.sql(w(0), WRITE, &[90, 1], changed(1));
    story.action(w(1), "audit");
    story.sql(
        w(1),
        "SELECT id, balance FROM accounts ORDER BY id",
        &[],
        rows(&["id", "balance"], &[&[1, 90], &[2, 160]]),
    );
    story.violate(w(1), "200", "250", &["account 1 has 90", "account 2 has 160"]);
    story.sql(w(0), WRITE, &[110, 2], changed(1));
    story.check([90, 110]);
    story
}

fn busy() -> SqlError {
    SqlError::new("55P03", Class::LockTimeout, "database is locked")
}

/// As on a link with delays: a statement travels in turns of its own.
fn lost_answer() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "deposit");
    story.turn();
    story.call(w(0), ADD, &[10, 1]);
    story.action(w(1), "deposit");
    story.turn();
    story.call(w(1), ADD, &[5, 2]);
    let session = story.session(w(0));
    let executed = story.execute(session, changed(1));
    story.us += 400;
    story.lose(w(0), Some(executed));
    story.lose(w(1), None);
    let refused = SqlError::connection_refused();
    story.tell(w(1), Observation::ConnectFailed { error: refused.clone() });
    story.turn();
    story.tell(w(1), Observation::ConnectFailed { error: refused.clone() });
    story.tell(w(1), Observation::ActionFailed { error: refused });
    story.us += 300;
    story.turn();
    story.call(w(0), ADD, &[10, 1]);
    let session = story.session(w(0));
    let executed = story.execute(session, changed(1));
    story.us += 200;
    story.turn();
    story.answer(w(0), executed);
    story.tell(w(0), Observation::Note(Note { label: "deposited".into(), values: vec![Value::Int(10)] }));
    story.action(w(1), "deposit");
    story.turn();
    story.call(w(1), ADD, &[5, 2]);
    let session = story.session(w(1));
    let executed = story.execute(session, Err(busy()));
    story.lose(w(1), Some(executed));
    story.tell(w(1), Observation::ActionFailed { error: SqlError::connection_lost() });
    story.check([120, 100]);
    story
}

fn blocked() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN IMMEDIATE", &[], none());
    story.sql(w(0), READ, &[1], one(100));
    story.action(w(1), "transfer");
    story.block(w(1), "BEGIN IMMEDIATE", &[], "the write lock");
    story.sql(w(0), WRITE, &[40, 1], changed(1));
    story.fault(FaultEvent::Paused { worker: w(2), until: SimTime(20_000) });
    story.sql(w(0), WRITE, &[160, 2], changed(1));
    story.sql(w(0), "COMMIT", &[], none());
    story.unblock(w(1), none());
    story.sql(w(1), READ, &[1], one(40));
    story.block(w(2), ADD, &[1, 1], "the write lock");
    story.sql(w(1), ADD, &[5, 1], changed(1));
    story.unblock(w(2), Err(busy()));
    story.tell(w(2), Observation::ActionFailed { error: busy() });
    story.sql(w(1), "ROLLBACK", &[], none());
    story.check([40, 160]);
    story
}

fn crash() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN", &[], none());
    story.sql(w(0), ADD, &[-30, 1], changed(1));
    story.action(w(1), "transfer");
    story.sql(w(1), "BEGIN", &[], none());
    story.block(w(1), ADD, &[10, 1], "a row lock");
    story.sql(w(0), ADD, &[30, 2], changed(1));
    let step = story.turn();
    story.call(w(0), "COMMIT", &[]);
    story.us += 1_000;
    let session = story.session(w(0));
    let executed = story.executed(step, session, none());
    story.fault(FaultEvent::DatabaseCrashed);
    story.lose(w(1), None);
    story.tell(w(1), Observation::ActionFailed { error: SqlError::connection_lost() });
    story.lose(w(0), Some(executed));
    story.us += 4_000;
    story.fault(FaultEvent::DatabaseStarted);
    story.check([70, 100]);
    story
}

/// Workers die, and what they had sent goes on without them.
fn dead_workers() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN", &[], none());
    story.sql(w(0), ADD, &[-30, 1], changed(1));
    story.action(w(1), "deposit");
    story.sql(w(1), "BEGIN", &[], none());
    story.block(w(1), ADD, &[1, 1], "a row lock");
    // Nobody commits this: the session that it ends with is dead.
    story.turn();
    story.call(w(0), ADD, &[30, 2]);
    let dead = story.kill(w(0));
    story.action(w(0), "transfer");
    // What waits is cancelled at once.
    let cancelled = story.kill(w(1));
    story.leave(w(1), cancelled, None);
    let executed = story.execute(dead, changed(1));
    story.open.remove(&dead);
    story.sql(w(0), "BEGIN", &[], none());
    // Must not end what the worker's new session began.
    story.leave(w(0), dead, Some(executed));
    story.sql(w(0), ADD, &[5, 1], changed(1));
    story.turn();
    story.call(w(0), ADD, &[5, 2]);
    let dead = story.session(w(0));
    let executed = story.execute(dead, changed(1));
    // The answer is on its way when its client dies.
    story.kill(w(0));
    story.us += 500;
    story.leave(w(0), dead, Some(executed));
    story.action(w(1), "deposit");
    story.turn();
    story.call(w(1), ADD, &[1, 1]);
    let dead = story.kill(w(1));
    let executed = story.execute(dead, Err(busy()));
    story.leave(w(1), dead, Some(executed));
    story.check([100, 100]);
    story
}

/// The run is halted while a statement is under way.
fn halted() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN", &[], none());
    story.turn();
    story.call(w(0), ADD, &[-30, 1]);
    story.action(w(1), "deposit");
    story.turn();
    story.call(w(1), ADD, &[5, 2]);
    story.kill(w(1));
    story
}

fn crowd(workers: u16) -> Story {
    let mut story = Story::of_a_bank();
    for number in 0..workers {
        story.action(w(number), "deposit");
        story.sql(w(number), "BEGIN", &[], none());
        if number == 0 {
            story.sql(w(0), ADD, &[1, 1], changed(1));
        } else if number % 4 == 1 {
            story.block(w(number), ADD, &[i64::from(number), 1], "a row lock");
        } else {
            story.sql(w(number), ADD, &[1, 2], changed(1));
            story.sql(w(number), "COMMIT", &[], none());
        }
    }
    story.sql(w(0), "COMMIT", &[], none());
    for number in (1..workers).filter(|number| number % 4 == 1) {
        story.unblock(w(number), changed(1));
        story.sql(w(number), "COMMIT", &[], none());
    }
    story.check([150, 100]);
    story
}

fn panic() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN", &[], none());
    let gone = rows(&["balance"], &[]);
    story.sql(
        w(0),
        "SELECT balance\n    FROM accounts\n    WHERE id = $1 AND note <> '\u{1b}[31mred\n'",
        &[7],
        gone,
    );
    let message = "every account has a balance\u{1b}]0;title\u{7}".to_owned();
    story.tell(w(0), Observation::Panic { message });
    story.check([100, 90]);
    story
}

fn deadlock() -> Story {
    let mut story = Story::of_a_bank();
    story.action(w(0), "transfer");
    story.sql(w(0), "BEGIN", &[], none());
    story.sql(w(0), ADD, &[-30, 1], changed(1));
    story.action(w(1), "transfer");
    story.sql(w(1), "BEGIN", &[], none());
    story.sql(w(1), ADD, &[-10, 2], changed(1));
    story.block(w(1), ADD, &[10, 1], "a row lock of worker 0");
    story.block(w(0), ADD, &[30, 2], "a row lock of worker 1");
    let waiting = vec![(w(0), "worker".into()), (w(1), "worker".into())];
    story.tell(Actor::CLOCK, Observation::Deadlock { waiting });
    story
}

/// Each with the name of its file.
fn stories() -> Vec<(&'static str, Story)> {
    vec![
        ("lost_update", lost_update()),
        ("lost_answer", lost_answer()),
        ("blocked", blocked()),
        ("crash", crash()),
        ("dead_workers", dead_workers()),
        ("halted", halted()),
        ("twelve_workers", crowd(12)),
        ("panic", panic()),
        ("deadlock", deadlock()),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's golden files are rewritten on request")]
fn stories_are_drawn_as_in_the_files() {
    let update = std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1");
    for (name, story) in stories() {
        for (kind, text) in [("", story.draw(100, false)), ("-brief", story.brief(100, false))] {
            let file = format!("tests/lanes/{name}{kind}.txt");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            if update {
                std::fs::write(&path, &text).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(text, golden, "{file} differs; UPDATE_GOLDENFILES=1 rewrites it");
        }
    }
}

#[test]
fn what_is_brief_stays_so() {
    let brief = crowd(150).brief(100, false);
    let lines: Vec<&str> = brief.lines().collect();
    assert!(lines[0].starts_with("… ") && lines[0].ends_with(" lines before"), "{brief}");
    assert_eq!(lines.len(), 41, "{brief}");
}

#[test]
fn no_line_is_too_wide() {
    let crowds = [1, 2, 3, 4, 5, 16, 40, 150].map(|workers| ("crowd", crowd(workers)));
    for (name, story) in stories().into_iter().chain(crowds) {
        for width in 60..=100 {
            for text in [story.draw(width, false), story.brief(width, false)] {
                let longest = text.lines().map(|line| line.chars().count()).max();
                assert!(longest <= Some(width), "{name} at {width}: {longest:?}\n{text}");
            }
        }
    }
}

#[test]
fn colours_add_nothing_but_escapes() {
    for (name, story) in stories() {
        let texts = |color| [story.draw(100, color), story.brief(100, color)];
        for (plain, colored) in texts(false).into_iter().zip(texts(true)) {
            assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
            assert_ne!(colored, plain);
            assert_eq!(stripped(&colored), plain, "{name}");
        }
    }
}

fn stripped(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').expect("an escape ends").1)
}

#[test]
fn odd_histories_are_drawn_too() {
    for (name, story) in stories() {
        let whole = story.history.events;
        for skipped in 0..whole.len() {
            let mut events = whole.clone();
            events.remove(skipped);
            events.swap(skipped / 2, skipped.min(whole.len() - 2));
            let history = History { events };
            let findings = oracle::judge(&history);
            for text in [draw, brief].map(|text| text(&history, &findings, &Style { width: 0, color: true }))
            {
                assert!(!text.is_empty(), "{name}");
            }
        }
    }
    for text in [draw, brief] {
        assert_eq!(text(&History::default(), &[], &Style { width: 100, color: false }), "nothing found\n");
    }
}
