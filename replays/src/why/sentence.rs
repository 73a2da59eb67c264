//! What decided, in one sentence.

use super::deed::{Came, Deed, Deeds, What};
use crate::lanes::words;
use drawloom_model::access::name::{Rows, Verb};
use drawloom_model::{FaultEvent, Value};

/// Longer values and texts are cut.
const TEXT_MAX: usize = 40;

/// The sentence about two deeds: it fails where `first` comes before `second`. `second` is one of the deeds, if
/// `recorded` says which; else it would have come.
///
/// Nobody reads well about two points in time, but everybody about a point between two others. So the sentence names
/// a deed on the other side as well, where there is one that touches the same rows in the same action.
pub fn sentence(deeds: &Deeds, first: usize, second: &Deed, recorded: Option<usize>) -> String {
    let deed = &deeds.0[first];
    if let Some(before) = enclosing(&deeds.0[..first], deed, second).last() {
        let (left, right) = (noun(before, Some(deed)), noun(second, Some(deed)));
        let right = place(&right, second, recorded.is_some());
        let whose = second.subject().map_or(String::new(), |actor| actor.to_string());
        let (whose, its) = match deed.subject() == second.subject() {
            true => ("its".to_owned(), "its"),
            false => (format!("{whose}'s"), "its"),
        };
        return format!(
            "{} at step {}, between {whose} {left} (step {}) and {its} {right}.",
            capital(&clause(deed)),
            deed.step,
            before.step
        );
    }
    if let Some(second_at) = recorded
        && let Some(after) = enclosing(&deeds.0[second_at + 1..], second, deed).next()
    {
        let whose = deed.subject().map_or(String::new(), |actor| format!("{actor}'s "));
        let (left, right) = (noun(deed, Some(second)), noun(after, Some(second)));
        return format!(
            "{} at step {}, between {whose}{left} (step {}) and its {right} (step {}).",
            capital(&clause(second)),
            second.step,
            deed.step,
            after.step
        );
    }
    let later = match recorded {
        Some(_) => format!("{} (step {})", clause(second), second.step),
        None => {
            let subject = second.subject();
            let what = subject.map_or_else(|| clause(second), |it| format!("{it}'s {}", noun(second, None)));
            format!("{what} in the run that passes")
        }
    };
    format!("{} at step {}, before {later}.", capital(&clause(deed)), deed.step)
}

/// Of these deeds, those in the action of `partner` that matter to `deed`: of those that conflict with it, or else
/// touch the same rows, or, if it touches none, all.
fn enclosing<'a>(side: &'a [Deed], deed: &Deed, partner: &Deed) -> std::vec::IntoIter<&'a Deed> {
    let of_partner = |it: &&Deed| {
        it.actor == partner.actor
            && partner.actor.as_worker().is_some()
            && it.action == partner.action
            && !matches!(it.verb(), Some(Verb::Begins | Verb::RollsBack) | None)
    };
    let near: Vec<&Deed> = side.iter().filter(of_partner).collect();
    let those =
        |matter: &dyn Fn(&Deed) -> bool| near.iter().copied().filter(|it| matter(it)).collect::<Vec<_>>();
    let chosen = [those(&|it| it.conflicts(deed)), those(&|it| it.meets(deed))];
    let chosen = chosen.into_iter().find(|those| !those.is_empty());
    let unknown = deed.rows().is_empty();
    chosen.unwrap_or(if unknown { near } else { Vec::new() }).into_iter()
}

/// `write of account 1 (step 9)`; where it is none of the recorded ones it is one of the run that passes.
fn place(noun: &str, deed: &Deed, recorded: bool) -> String {
    if recorded { format!("{noun} (step {})", deed.step) } else { format!("{noun} in the run that passes") }
}

/// `the database lost power at step 12, after worker 0's write of counter 1 (step 8)`
pub fn with_last(deeds: &Deeds, fault: &Deed) -> String {
    let own = |deed: &&Deed| fault.subject().is_none_or(|worker| deed.actor == worker);
    let tells = |deed: &&Deed| !matches!(deed.verb(), None | Some(Verb::Begins));
    let before = deeds.0.iter().take_while(|deed| deed.step < fault.step).filter(own).filter(tells);
    let when = format!("{} at step {}", clause(fault), fault.step);
    match before.last() {
        None => when,
        Some(last) if fault.subject().is_some() => {
            format!("{when}, after its {} (step {})", noun(last, None), last.step)
        }
        Some(last) => format!("{when}, after {}'s {} (step {})", last.actor, noun(last, None), last.step),
    }
}

/// `worker 1 read account 1`
pub fn clause(deed: &Deed) -> String {
    match &deed.what {
        What::Time => "time passed".to_owned(),
        What::Fault(fault) => of_fault(fault),
        What::Statement { statement, named, came } => {
            let actor = deed.actor;
            let rows = objects(&named.rows, named.verb);
            let done = match (named.verb, came) {
                (Verb::Reads, _) if named.rows.is_empty() => "ran a query".to_owned(),
                (Verb::Reads, Came::Done | Came::Nothing) => format!("read {rows}"),
                (Verb::Updates, Came::Done) => format!("wrote {rows}"),
                (Verb::Inserts, Came::Done) => match objects(&named.rows, Verb::Reads) {
                    source if source.is_empty() => format!("inserted into {rows}"),
                    source => format!("inserted into {rows} what it read of {source}"),
                },
                (Verb::Deletes, Came::Done) => format!("deleted from {rows}"),
                (Verb::Updates, Came::Nothing) => format!("found nothing to write in {rows}"),
                (Verb::Inserts, Came::Nothing) => format!("found nothing to insert into {rows}"),
                (Verb::Deletes, Came::Nothing) => format!("found nothing to delete from {rows}"),
                (Verb::Reads, Came::Failed) => format!("failed to read {rows}"),
                (Verb::Updates, Came::Failed) => format!("tried in vain to write {rows}"),
                (Verb::Inserts, Came::Failed) => format!("tried in vain to insert into {rows}"),
                (Verb::Deletes, Came::Failed) => format!("tried in vain to delete from {rows}"),
                (Verb::Begins, _) => "began a transaction".to_owned(),
                (Verb::Commits, Came::Failed) => "failed to commit".to_owned(),
                (Verb::Commits, _) if rows.is_empty() => "committed".to_owned(),
                (Verb::Commits, _) => format!("committed its writes of {rows}"),
                (Verb::RollsBack, _) => "rolled back".to_owned(),
                (Verb::Other, _) => format!("ran {}", words::shorten(&words::sql(statement), TEXT_MAX)),
            };
            format!("{actor} {done}")
        }
    }
}

/// `read of account 1`; the rows are left out where they are those of `beside`.
fn noun(deed: &Deed, beside: Option<&Deed>) -> String {
    let What::Statement { statement, named, came } = &deed.what else { return clause(deed) };
    let rows = objects(&named.rows, named.verb);
    let said = beside.is_some_and(|it| it.verb().is_some_and(|verb| objects(it.rows(), verb) == rows));
    let of = |noun: &str, word: &str| match said || rows.is_empty() {
        true => noun.to_owned(),
        false => format!("{noun} {word} {rows}"),
    };
    let noun = match named.verb {
        Verb::Reads => of("read", "of"),
        Verb::Updates => of("write", "of"),
        Verb::Inserts => of("insert", "into"),
        Verb::Deletes => of("delete", "from"),
        Verb::Begins => "BEGIN".to_owned(),
        Verb::Commits => "commit".to_owned(),
        Verb::RollsBack => "rollback".to_owned(),
        Verb::Other => words::shorten(&words::sql(statement), TEXT_MAX),
    };
    match came {
        Came::Done => noun,
        Came::Nothing => format!("empty {noun}"),
        Came::Failed => format!("attempted {noun}"),
    }
}

pub fn of_fault(fault: &FaultEvent) -> String {
    match fault {
        FaultEvent::DatabaseCrashed => "the database lost power".to_owned(),
        FaultEvent::DatabaseStopped => "the database shut down".to_owned(),
        FaultEvent::FailedOver => "the standby took over".to_owned(),
        FaultEvent::OldPrimaryStopped => "the old primary was stopped".to_owned(),
        FaultEvent::DatabaseStarted => "the database came back".to_owned(),
        FaultEvent::WorkerCrashed(worker) => format!("{worker} died"),
        FaultEvent::Paused { worker, .. } => format!("{worker} stood still"),
        FaultEvent::Partitioned { worker, .. } => format!("{worker}'s link was cut"),
        FaultEvent::Cancelled(worker) => format!("{worker}'s statement was cancelled"),
    }
}

/// The rows in words, at most three kinds: what is written, if anything is.
fn objects(rows: &[Rows], verb: Verb) -> String {
    let writes = verb != Verb::Reads;
    let mut names: Vec<String> = Vec::new();
    for rows in rows.iter().filter(|rows| rows.written == writes) {
        let name = object(rows);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match &names[..] {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, third] => format!("{one}, {other} and {third}"),
        [one, ..] => format!("{one} and more"),
    }
}

/// `account 1`, `accounts with address 'x'`, `accounts`
fn object(rows: &Rows) -> String {
    let Rows { table, values, .. } = rows;
    if let Some((_, Value::Int(id))) = values.iter().find(|(column, _)| column == "id") {
        return format!("{} {id}", singular(table));
    }
    // What is called `a` would be read as an article.
    let table = if table.len() <= 2 { format!("table {table}") } else { table.clone() };
    match values.first() {
        Some((column, value)) => {
            format!("{table} with {column} {}", words::shorten(&value.to_string(), TEXT_MAX))
        }
        None => table,
    }
}

fn singular(table: &str) -> String {
    if let Some(stem) = table.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let doubled = ["sses", "xes", "ches", "shes"].iter().any(|end| table.ends_with(end));
    let stem = if doubled { table.strip_suffix("es") } else { table.strip_suffix('s') };
    stem.filter(|stem| doubled || !stem.ends_with('s')).unwrap_or(table).to_owned()
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use drawloom_model::Statement;
    use drawloom_model::access::name::named;
    use drawloom_sim::{Actor, SimTime, Step};

    /// What workers did: each line is who, in which of its actions, and what.
    fn deeds(lines: &[(u16, usize, &'static str)]) -> Deeds {
        let deed = |(index, (worker, action, sql)): (usize, &(u16, usize, &'static str))| {
            let statement = Statement { sql: (*sql).into(), params: Vec::new() };
            let what = What::Statement { named: named(&statement), statement, came: Came::Done };
            Deed { actor: Actor::worker(*worker), step: Step(index as u32 + 1), action: *action, what }
        };
        Deeds(lines.iter().enumerate().map(deed).collect())
    }

    #[track_caller]
    fn says(deeds: &Deeds, first: usize, second: usize, expected: &str) {
        assert_eq!(sentence(deeds, first, &deeds.0[second], Some(second)), expected);
    }

    const READ: &str = "SELECT balance FROM accounts WHERE id = 1";
    const WRITE: &str = "UPDATE accounts SET balance = 7 WHERE id = 1";

    #[test]
    fn a_deed_stands_between_two_of_another_worker() {
        let lost = deeds(&[(0, 1, READ), (1, 1, READ), (0, 1, WRITE), (1, 1, WRITE)]);
        says(
            &lost,
            1,
            2,
            "Worker 1 read account 1 at step 2, between worker 0's read (step 1) and its write (step 3).",
        );
        let other = "UPDATE accounts SET balance = 7 WHERE id = 2";
        let skewed = deeds(&[(0, 1, WRITE), (1, 1, "SELECT sum(balance) FROM accounts"), (0, 1, other)]);
        let expected = "Worker 1 read accounts at step 2, between worker 0's write of account 1 (step 1) and its write \
                        of account 2 (step 3).";
        says(&skewed, 1, 2, expected);
        // The worker that was interrupted may be the first of the two.
        let interrupted = deeds(&[(0, 1, READ), (1, 1, WRITE), (0, 1, WRITE)]);
        let expected =
            "Worker 1 wrote account 1 at step 2, between worker 0's read (step 1) and its write (step 3).";
        says(&interrupted, 0, 1, expected);
    }

    #[test]
    fn a_deed_in_another_action_or_of_other_rows_encloses_nothing() {
        let apart = deeds(&[(0, 1, READ), (1, 1, READ), (0, 2, WRITE)]);
        says(&apart, 1, 2, "Worker 1 read account 1 at step 2, before worker 0 wrote account 1 (step 3).");
        let elsewhere = deeds(&[(0, 1, "SELECT 1 FROM items"), (1, 1, READ), (0, 1, WRITE)]);
        says(
            &elsewhere,
            1,
            2,
            "Worker 1 read account 1 at step 2, before worker 0 wrote account 1 (step 3).",
        );
    }

    #[test]
    fn what_never_came_has_no_step() {
        let deeds = deeds(&[(0, 1, WRITE), (1, 1, "INSERT INTO b SELECT * FROM entries")]);
        let fault = What::Fault(FaultEvent::Paused { worker: Actor::worker(1), until: SimTime(7) });
        let dies = Deed { actor: Actor::FAULTS, step: Step(9), action: 0, what: fault };
        let said = sentence(&deeds, 0, &deeds.0[1], None);
        assert_eq!(
            said,
            "Worker 0 wrote account 1 at step 1, before worker 1's insert into table b in the run that passes."
        );
        assert_eq!(clause(&deeds.0[1]), "worker 1 inserted into table b what it read of entries");
        let expected = "worker 1 stood still at step 9, after its insert into table b (step 2)";
        assert_eq!(with_last(&deeds, &dies), expected);
    }

    #[test]
    fn rows_have_a_name() {
        for (table, one) in [
            ("accounts", "account"),
            ("entries", "entry"),
            ("boxes", "box"),
            ("classes", "class"),
            ("names", "name"),
        ] {
            assert_eq!(singular(table), one);
        }
        assert_eq!((singular("access"), singular("data")), ("access".to_owned(), "data".to_owned()));
    }
}
