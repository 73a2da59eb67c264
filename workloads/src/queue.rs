//! A job queue in a table.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::SqlError;

/// Every accepted job finishes exactly once.
pub struct Queue;

#[async_trait(?Send)]
impl Workload for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn about(&self) -> &'static str {
        "jobs submitted and worked off: every accepted job finishes exactly once"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("claims, works and acknowledges in one transaction"),
            wrong("select-then-update", "claims by a SELECT and a later UPDATE"),
            wrong("acknowledge-before-work", "acknowledges the job in a transaction before the work"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(7, Box::new(Submit)), (8, consumer(variant))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL)", []).await?;
        client.sql("CREATE TABLE results (job INTEGER NOT NULL, worker INTEGER NOT NULL)", []).await.map(drop)
    }

    /// Works off what is left, then counts the results.
    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        const LEFT: &str = "SELECT count(*) FROM jobs WHERE state = 'ready'";
        let left = client.sql(LEFT, []).await?.int().unwrap_or(0);
        for _ in 0..left {
            consumer(client.variant()).run(client).await?;
        }
        const RESULTS: &str = "SELECT j.id, count(r.job) FROM jobs j LEFT JOIN results r ON r.job = j.id \
            GROUP BY j.id ORDER BY j.id";
        let results = client.sql(RESULTS, []).await?;
        let stored: Vec<i64> = results.ints().collect();
        for row in &results.rows {
            let finished = row[1].as_int().unwrap_or(-1);
            let job = [format!("job {}", row[0])];
            client.expect("a job finishes exactly once", finished == 1, "1 result", finished, job);
        }
        for job in client.noted("accepted") {
            let kept = stored.contains(&job);
            client.expect("an accepted job is kept", kept, "in the queue", "gone", [format!("job {job}")]);
        }
        Ok(())
    }
}

fn consumer(variant: &str) -> Box<dyn Action> {
    match variant {
        "select-then-update" => Box::new(SelectThenUpdate),
        "acknowledge-before-work" => Box::new(AcknowledgeBeforeWork),
        _ => Box::new(Consume),
    }
}

struct Submit;

#[async_trait(?Send)]
impl Action for Submit {
    fn name(&self) -> &'static str {
        "submit"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let job = client.unique();
        client.sql("INSERT INTO jobs VALUES ($1, 'ready')", [job.into()]).await?;
        client.note("accepted", [job.into()]);
        Ok(())
    }
}

/// The state is asked for twice: in the subselect, and of the row that is updated. At READ COMMITTED the
/// row may have been claimed between the two.
const CLAIM: &str = "UPDATE jobs SET state = 'claimed' WHERE state = 'ready' AND id = \
    (SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 1) RETURNING id";
const WORK: &str = "INSERT INTO results VALUES ($1, $2)";
const ACKNOWLEDGE: &str = "UPDATE jobs SET state = 'done' WHERE id = $1";

struct Consume;

#[async_trait(?Send)]
impl Action for Consume {
    fn name(&self) -> &'static str {
        "consume"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        client.begin().await?;
        let Some(job) = client.sql(CLAIM, []).await?.int() else { return client.rollback().await };
        client.sql(WORK, [job.into(), client.worker().into()]).await?;
        client.sql(ACKNOWLEDGE, [job.into()]).await?;
        client.commit().await
    }
}

struct SelectThenUpdate;

#[async_trait(?Send)]
impl Action for SelectThenUpdate {
    fn name(&self) -> &'static str {
        "consume"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let ready = client.sql("SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 1", []).await?;
        let Some(job) = ready.int() else { return Ok(()) };
        client.begin().await?;
        client.sql("UPDATE jobs SET state = 'claimed' WHERE id = $1", [job.into()]).await?;
        client.sql(WORK, [job.into(), client.worker().into()]).await?;
        client.sql(ACKNOWLEDGE, [job.into()]).await?;
        client.commit().await
    }
}

struct AcknowledgeBeforeWork;

#[async_trait(?Send)]
impl Action for AcknowledgeBeforeWork {
    fn name(&self) -> &'static str {
        "consume"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        client.begin().await?;
        let Some(job) = client.sql(CLAIM, []).await?.int() else { return client.rollback().await };
        client.sql(ACKNOWLEDGE, [job.into()]).await?;
        client.commit().await?;
        client.sql(WORK, [job.into(), client.worker().into()]).await.map(drop)
    }
}
