//! Tables that change while they are used.

use crate::{Action, Client, MOCK, POSTGRES, Variant, Workload, correct};
use async_trait::async_trait;
use drawloom_model::{Dialect, SqlError};

/// Columns come and go, and a report is built anew beside the old one, whose name it is then given. All of this is
/// transactional in PostgreSQL, and in no other dialect here.
pub struct Migration;

#[async_trait(?Send)]
impl Workload for Migration {
    fn name(&self) -> &'static str {
        "migration"
    }

    fn about(&self) -> &'static str {
        "tables change while they are used: what was added is there, what failed is not, and names always stand"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("gives the old report's name to the new one in one transaction"),
            Variant {
                name: "two-transactions",
                about: "takes the name from the old report in one transaction, and gives it to the new one in the next",
                wrong_on: &[POSTGRES, MOCK],
            },
        ];
        VARIANTS
    }

    fn dialects(&self) -> &'static [Dialect] {
        &[Dialect::Postgres]
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let rebuild = Rebuild { in_one_transaction: variant != "two-transactions" };
        vec![
            (5, Box::new(Order)),
            (5, Box::new(List)),
            (3, Box::new(AddColumn)),
            (2, Box::new(DropColumn)),
            (2, Box::new(FailHalfway)),
            (5, Box::new(Report)),
            (3, Box::new(rebuild)),
        ]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE orders (id INTEGER PRIMARY KEY)", []).await?;
        client.sql("INSERT INTO orders VALUES (0)", []).await?;
        client.sql(create_report("report", 0), []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        List.run(client).await?;
        Report.run(client).await?;
        let orders: Vec<i64> = client.sql("SELECT id FROM orders", []).await?.ints().collect();
        for id in client.noted("ordered") {
            let kept = orders.contains(&id);
            client.expect("an order is kept", kept, "an order", "none", [format!("order {id}")]);
        }
        Ok(())
    }
}

struct Order;

#[async_trait(?Send)]
impl Action for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let id = client.unique();
        client.sql("INSERT INTO orders VALUES ($1)", [id.into()]).await?;
        client.note("ordered", [id.into()]);
        Ok(())
    }
}

/// Reads every column that there is.
struct List;

#[async_trait(?Send)]
impl Action for List {
    fn name(&self) -> &'static str {
        "list"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let mut added = client.noted("added");
        let orders = client.sql("SELECT * FROM orders", []).await?;
        // Meanwhile some may have gone, and others may have come.
        let dropping = client.noted("dropping");
        added.retain(|number| !dropping.contains(number));
        for column in added.into_iter().map(column) {
            let is_there = orders.columns.contains(&column);
            client.expect("a column that was added is there", is_there, "there", "gone", [column]);
        }
        let known: Vec<String> = client.noted("adding").into_iter().map(column).collect();
        for name in orders.columns.iter().filter(|name| *name != "id") {
            let was_added = known.contains(name);
            client.expect("a column that is there was added", was_added, "gone", "there", [name.clone()]);
        }
        Ok(())
    }
}

fn column(number: i64) -> String {
    format!("column_{number}")
}

/// Gives the column its name when it is ready.
struct AddColumn;

#[async_trait(?Send)]
impl Action for AddColumn {
    fn name(&self) -> &'static str {
        "add column"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let number = client.unique();
        client.note("adding", [number.into()]);
        client.begin().await?;
        client.sql("ALTER TABLE orders ADD COLUMN draft INTEGER DEFAULT 0", []).await?;
        client.sql(format!("ALTER TABLE orders RENAME COLUMN draft TO {}", column(number)), []).await?;
        client.commit().await?;
        client.note("added", [number.into()]);
        Ok(())
    }
}

/// Drops the oldest column that nobody drops.
struct DropColumn;

#[async_trait(?Send)]
impl Action for DropColumn {
    fn name(&self) -> &'static str {
        "drop column"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let dropping = client.noted("dropping");
        let stands = |number: &i64| !dropping.contains(number);
        let Some(number) = client.noted("added").into_iter().find(stands) else { return Ok(()) };
        client.note("dropping", [number.into()]);
        client.sql(format!("ALTER TABLE orders DROP COLUMN {}", column(number)), []).await.map(drop)
    }
}

/// Adds a column, and a constraint that the orders break: neither may stay.
struct FailHalfway;

#[async_trait(?Send)]
impl Action for FailHalfway {
    fn name(&self) -> &'static str {
        "fail halfway"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        const CHANGE: &str = "ALTER TABLE orders ADD COLUMN halfway INTEGER, ADD CHECK (id < 0)";
        let failed = client.sql(CHANGE, []).await.is_err();
        client.expect("a constraint that is broken is refused", failed, "an error", "done", []);
        Ok(())
    }
}

/// Reads the report, whichever has the name.
struct Report;

#[async_trait(?Send)]
impl Action for Report {
    fn name(&self) -> &'static str {
        "report"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        read_report(client).await.map(drop)
    }
}

/// The report's version. Nothing, if it was built after this transaction's snapshot.
async fn read_report(client: &mut Client) -> Result<Option<i64>, SqlError> {
    let replaced = client.noted("replaced");
    let report = client.sql("SELECT version FROM report", []).await;
    let missing = report.as_ref().is_err_and(|error| error.sqlstate.as_str() == "42P01");
    client.expect("there is always a report", !missing, "a report", "none", []);
    let version = report?.int();
    let outdated = version.filter(|version| replaced.contains(version));
    let key = outdated.map(|version| format!("report {version}"));
    client.expect("a replaced report is gone", outdated.is_none(), "a newer one", "the old one", key);
    Ok(version)
}

fn create_report(name: &str, version: i64) -> String {
    format!("CREATE TABLE {name} AS SELECT {version} AS version, count(*) AS orders FROM orders")
}

struct Rebuild {
    in_one_transaction: bool,
}

#[async_trait(?Send)]
impl Action for Rebuild {
    fn name(&self) -> &'static str {
        "rebuild"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let old = read_report(client).await?;
        let new = client.unique();
        client.begin().await?;
        client.sql(create_report(&format!("report_{new}"), new), []).await?;
        client.sql("ALTER TABLE report RENAME TO old_report", []).await?;
        if !self.in_one_transaction {
            client.commit().await?;
            client.begin().await?;
        }
        client.sql(format!("ALTER TABLE report_{new} RENAME TO report"), []).await?;
        client.sql("DROP TABLE old_report", []).await?;
        client.commit().await?;
        if let Some(old) = old {
            client.note("replaced", [old.into()]);
        }
        Ok(())
    }
}
