//! What decided, in one sentence.

use super::deed::{Deed, Deeds, What};
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
        None => second
            .subject()
            .map_or_else(|| clause(second), |actor| format!("{actor}'s {}", noun(second, None))),
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

/// `write of account 1 (step 9)`; that it never came where there is no such step.
fn place(noun: &str, deed: &Deed, recorded: bool) -> String {
    if recorded { format!("{noun} (step {})", deed.step) } else { noun.to_owned() }
}

/// `worker 1 read account 1`
pub fn clause(deed: &Deed) -> String {
    match &deed.what {
        What::Time => "time passed".to_owned(),
        What::Fault(fault) => of_fault(fault),
        What::Statement { statement, named, in_vain } => {
            let actor = deed.actor;
            let rows = objects(&named.rows, named.verb);
            let done = match (named.verb, in_vain) {
                (Verb::Reads, _) if named.rows.is_empty() => "ran a query".to_owned(),
                (Verb::Reads, false) => format!("read {rows}"),
                (Verb::Updates, false) => format!("wrote {rows}"),
                (Verb::Inserts, false) => match objects(&named.rows, Verb::Reads) {
                    source if source.is_empty() => format!("inserted into {rows}"),
                    source => format!("copied {source} into {rows}"),
                },
                (Verb::Deletes, false) => format!("deleted from {rows}"),
                (Verb::Reads, true) => format!("failed to read {rows}"),
                (Verb::Updates, true) => format!("tried in vain to write {rows}"),
                (Verb::Inserts, true) => format!("tried in vain to insert into {rows}"),
                (Verb::Deletes, true) => format!("tried in vain to delete from {rows}"),
                (Verb::Begins, _) => "began a transaction".to_owned(),
                (Verb::Commits, true) => "failed to commit".to_owned(),
                (Verb::Commits, false) if rows.is_empty() => "committed".to_owned(),
                (Verb::Commits, false) => format!("committed its writes of {rows}"),
                (Verb::RollsBack, _) => "rolled back".to_owned(),
                (Verb::Other, _) => format!("ran {}", words::shorten(&words::sql(statement), TEXT_MAX)),
            };
            format!("{actor} {done}")
        }
    }
}

/// `read of account 1`; the rows are left out where they are those of `beside`.
fn noun(deed: &Deed, beside: Option<&Deed>) -> String {
    let What::Statement { statement, named, in_vain } = &deed.what else { return clause(deed) };
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
    if *in_vain { format!("vain {noun}") } else { noun }
}

pub fn of_fault(fault: &FaultEvent) -> String {
    match fault {
        FaultEvent::DatabaseCrashed => "the database lost power".to_owned(),
        FaultEvent::DatabaseStopped => "the database shut down".to_owned(),
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
    match (table.strip_suffix("ies"), table.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) if !stem.ends_with('s') && stem.len() > 2 => stem.to_owned(),
        _ => table.to_owned(),
    }
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
