//! Two replicas of a table of tags, `a` and `b`, and what carries changes between them.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::{Reply, SqlError, Value};
use std::collections::BTreeSet;

const DOCUMENTS: i64 = 3;
/// The replicas' tables, and the other of each.
const REPLICAS: [(&str, &str); 2] = [("a", "b"), ("b", "a")];

/// Replicas end equal, and no tag is lost.
pub struct Sync;

#[async_trait(?Send)]
impl Workload for Sync {
    fn name(&self) -> &'static str {
        "sync"
    }

    fn about(&self) -> &'static str {
        "tags added at two replicas and carried over: the replicas end equal, no record is lost"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("a row a tag, numbered in its own transaction, carried over by number"),
            wrong("last-write-wins", "a row a document, and the one with the later clock replaces the other"),
            wrong("cursor-by-timestamp", "carries over what is newer than the newest timestamp seen so far"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let tag: Box<dyn Action> = match variant {
            "last-write-wins" => Box::new(TagInPlace),
            "cursor-by-timestamp" => Box::new(TagByTimestamp),
            _ => Box::new(Tag),
        };
        vec![(10, tag), (5, carrier(variant))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        for (replica, _) in REPLICAS {
            let table = match client.variant() {
                "last-write-wins" => {
                    format!(
                        "CREATE TABLE {replica} (document INTEGER PRIMARY KEY, tags TEXT, changed INTEGER)"
                    )
                }
                _ => format!(
                    "CREATE TABLE {replica} (tag INTEGER PRIMARY KEY, document INTEGER, changed INTEGER)"
                ),
            };
            client.sql(table, []).await?;
            if client.variant() == "last-write-wins" {
                for document in 1..=DOCUMENTS {
                    client
                        .sql(format!("INSERT INTO {replica} VALUES ($1, ' ', 0)"), [document.into()])
                        .await?;
                }
            }
        }
        client
            .sql("CREATE TABLE changes (replica TEXT PRIMARY KEY, number INTEGER, carried INTEGER)", [])
            .await?;
        client.sql("INSERT INTO changes VALUES ('a', 0, 0), ('b', 0, 0)", []).await.map(drop)
    }

    /// Carries over what is left, both ways, then compares.
    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        carrier(client.variant()).run(client).await?;
        let columns = if client.variant() == "last-write-wins" { "document, tags" } else { "tag, document" };
        let a = client.sql(format!("SELECT {columns} FROM a ORDER BY 1"), []).await?;
        let b = client.sql(format!("SELECT {columns} FROM b ORDER BY 1"), []).await?;
        let of_one = a.rows.iter().chain(&b.rows).filter(|row| a.rows.contains(row) != b.rows.contains(row));
        let keys: Vec<String> = of_one.map(|row| format!("{} {}", a.columns[0], row[0])).collect();
        client.expect("the replicas end equal", a.rows == b.rows, show(&a), show(&b), keys);
        let kept = tags(&a);
        for tag in client.noted("tagged") {
            let holds = kept.contains(&tag) && tags(&b).contains(&tag);
            client.expect("no record is lost", holds, "at both replicas", "lost", [format!("tag {tag}")]);
        }
        Ok(())
    }
}

fn show(replica: &Reply) -> String {
    format!("{} rows with {} tags", replica.rows.len(), tags(replica).len())
}

/// Every tag that a replica has, whichever way it keeps them.
fn tags(replica: &Reply) -> BTreeSet<i64> {
    let in_row = |row: &Vec<Value>| match &row[1] {
        Value::Text(tags) => tags.split_whitespace().filter_map(|tag| tag.parse().ok()).collect(),
        _ => row[0].as_int().into_iter().collect::<Vec<i64>>(),
    };
    replica.rows.iter().flat_map(in_row).collect()
}

fn carrier(variant: &str) -> Box<dyn Action> {
    match variant {
        "last-write-wins" => Box::new(LastWriteWins),
        "cursor-by-timestamp" => Box::new(CarryByTimestamp),
        _ => Box::new(Carry),
    }
}

/// The replica to tag at, and the document to tag.
fn draw_place(client: &Client) -> (&'static str, i64) {
    let (replica, _) = REPLICAS[client.draw("replica", 0..=1) as usize];
    (replica, client.draw("document", 1..=DOCUMENTS))
}

/// Numbers the change and makes it in one transaction: numbers are committed in order.
struct Tag;

#[async_trait(?Send)]
impl Action for Tag {
    fn name(&self) -> &'static str {
        "tag"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (tag, (replica, document)) = (client.unique(), draw_place(client));
        client.begin().await?;
        const NUMBER: &str = "UPDATE changes SET number = number + 1 WHERE replica = $1 RETURNING number";
        let number = client.sql(NUMBER, [replica.into()]).await?.int().expect("a replica has a number");
        let insert = format!("INSERT INTO {replica} VALUES ($1, $2, $3)");
        client.sql(insert, [tag.into(), document.into(), number.into()]).await?;
        client.commit().await?;
        client.note("tagged", [tag.into()]);
        Ok(())
    }
}

/// Carries over by number, under a lock on the cursor's row.
struct Carry;

#[async_trait(?Send)]
impl Action for Carry {
    fn name(&self) -> &'static str {
        "carry"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        for (from, to) in REPLICAS {
            client.begin().await?;
            const CURSOR: &str =
                "UPDATE changes SET number = number WHERE replica = $1 RETURNING number, carried";
            let cursor = client.sql(CURSOR, [from.into()]).await?.rows[0].clone();
            // What was carried over has number 0, and is never carried back.
            let copy = format!(
                "INSERT INTO {to} SELECT tag, document, 0 FROM {from} WHERE changed > $1 ON CONFLICT (tag) DO NOTHING"
            );
            client.sql(copy, [cursor[1].clone()]).await?;
            let advance = "UPDATE changes SET carried = $1 WHERE replica = $2";
            client.sql(advance, [cursor[0].clone(), from.into()]).await?;
            client.commit().await?;
        }
        Ok(())
    }
}

struct TagByTimestamp;

#[async_trait(?Send)]
impl Action for TagByTimestamp {
    fn name(&self) -> &'static str {
        "tag"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (tag, (replica, document)) = (client.unique(), draw_place(client));
        let (insert, now) = (format!("INSERT INTO {replica} VALUES ($1, $2, $3)"), client.clock_us());
        client.sql(insert, [tag.into(), document.into(), now.into()]).await?;
        client.note("tagged", [tag.into()]);
        Ok(())
    }
}

struct CarryByTimestamp;

#[async_trait(?Send)]
impl Action for CarryByTimestamp {
    fn name(&self) -> &'static str {
        "carry"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        for (from, to) in REPLICAS {
            client.begin().await?;
            let copy = format!(
                "INSERT INTO {to} SELECT tag, document, 0 FROM {from} WHERE changed > \
                (SELECT carried FROM changes WHERE replica = $1) ON CONFLICT (tag) DO NOTHING"
            );
            client.sql(copy, [from.into()]).await?;
            let advance = format!(
                "UPDATE changes SET carried = (SELECT coalesce(max(changed), 0) FROM {from}) WHERE replica = $1"
            );
            client.sql(advance, [from.into()]).await?;
            client.commit().await?;
        }
        Ok(())
    }
}

struct TagInPlace;

#[async_trait(?Send)]
impl Action for TagInPlace {
    fn name(&self) -> &'static str {
        "tag"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (tag, (replica, document)) = (client.unique(), draw_place(client));
        let (now, text) = (client.clock_us(), format!("{tag} "));
        let change = format!("UPDATE {replica} SET tags = tags || $1, changed = $2 WHERE document = $3");
        client.sql(change, [text.into(), now.into(), document.into()]).await?;
        client.note("tagged", [tag.into()]);
        Ok(())
    }
}

struct LastWriteWins;

#[async_trait(?Send)]
impl Action for LastWriteWins {
    fn name(&self) -> &'static str {
        "carry"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        for (from, to) in REPLICAS {
            let replace = format!(
                "UPDATE {to} SET tags = (SELECT f.tags FROM {from} f WHERE f.document = {to}.document), \
                changed = (SELECT f.changed FROM {from} f WHERE f.document = {to}.document) \
                WHERE changed < (SELECT f.changed FROM {from} f WHERE f.document = {to}.document)"
            );
            client.sql(replace, []).await?;
        }
        Ok(())
    }
}
