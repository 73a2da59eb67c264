//! Counters that everybody increments.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::SqlError;

const COUNTERS: i64 = 2;

/// Increments; none is lost.
pub struct Counter;

#[async_trait(?Send)]
impl Workload for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn about(&self) -> &'static str {
        "increments of shared counters: no update is lost"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("adds in the database, in one statement"),
            wrong("read-add-write", "reads, adds in the client, and writes, in separate statements"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let increment: Box<dyn Action> = match variant {
            "read-add-write" => Box::new(ReadAddWrite),
            _ => Box::new(Increment),
        };
        vec![(15, increment)]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)", []).await?;
        for id in 1..=COUNTERS {
            client.sql("INSERT INTO counters VALUES ($1, 0)", [id.into()]).await?;
        }
        Ok(())
    }

    /// Every acknowledged increment counts, and at most those of unknown fate beside them.
    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        for id in 1..=COUNTERS {
            let reply = client.sql("SELECT value FROM counters WHERE id = $1", [id.into()]).await?;
            let value = reply.int().unwrap_or(-1);
            let count = |label| client.noted(label).iter().filter(|noted| **noted == id).count() as i64;
            let (least, most) = (count("incremented"), count("incrementing") - count("refused"));
            let holds = (least..=most).contains(&value);
            let expected = if least == most { format!("{least}") } else { format!("{least} to {most}") };
            client.expect("no update is lost", holds, expected, value, [format!("counter {id}")]);
        }
        Ok(())
    }
}

struct Increment;

#[async_trait(?Send)]
impl Action for Increment {
    fn name(&self) -> &'static str {
        "increment"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let id = client.draw("counter", 1..=COUNTERS);
        client.note("incrementing", [id.into()]);
        let done = client.sql("UPDATE counters SET value = value + 1 WHERE id = $1", [id.into()]).await;
        client.note_fate(&done, "incremented", "refused", [id.into()]);
        done.map(drop)
    }
}

struct ReadAddWrite;

#[async_trait(?Send)]
impl Action for ReadAddWrite {
    fn name(&self) -> &'static str {
        "increment"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let id = client.draw("counter", 1..=COUNTERS);
        let reply = client.sql("SELECT value FROM counters WHERE id = $1", [id.into()]).await?;
        let value = reply.int().expect("every counter has a value") + 1;
        client.note("incrementing", [id.into()]);
        let done =
            client.sql("UPDATE counters SET value = $1 WHERE id = $2", [value.into(), id.into()]).await;
        client.note_fate(&done, "incremented", "refused", [id.into()]);
        done.map(drop)
    }
}
