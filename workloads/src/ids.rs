//! Documents that need an id of their own.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::SqlError;

/// No two documents have the same id.
pub struct Ids;

#[async_trait(?Send)]
impl Workload for Ids {
    fn name(&self) -> &'static str {
        "ids"
    }

    fn about(&self) -> &'static str {
        "documents stored under new ids: no id is given twice"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("takes the id from a counter row, in one statement"),
            wrong("max-plus-one", "takes max(id) + 1"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let take_id = match variant {
            "max-plus-one" => "SELECT coalesce(max(id), 0) + 1 FROM documents",
            _ => "UPDATE next_ids SET id = id + 1 RETURNING id",
        };
        vec![(15, Box::new(Store { take_id }))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE documents (id INTEGER NOT NULL, author INTEGER NOT NULL)", []).await?;
        client.sql("CREATE TABLE next_ids (id INTEGER NOT NULL)", []).await?;
        client.sql("INSERT INTO next_ids VALUES (0)", []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        let counts = client.sql("SELECT id, count(*) FROM documents GROUP BY id ORDER BY id", []).await?;
        for row in &counts.rows {
            let once = row[1].as_int() == Some(1);
            client.expect("no id is given twice", once, 1, &row[1], [format!("id {}", row[0])]);
        }
        let stored: Vec<i64> = counts.ints().collect();
        for id in client.noted("stored") {
            let kept = stored.contains(&id);
            client.expect("a stored document is kept", kept, "a document", "none", [format!("id {id}")]);
        }
        Ok(())
    }
}

struct Store {
    take_id: &'static str,
}

#[async_trait(?Send)]
impl Action for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let id = client.sql(self.take_id, []).await?.int().expect("an id is a number");
        client.sql("INSERT INTO documents VALUES ($1, $2)", [id.into(), client.worker().into()]).await?;
        client.note("stored", [id.into()]);
        Ok(())
    }
}
