//! A journal of entries, and reports of it.

use crate::{Action, Client, Variant, WRONG_AT_READ_COMMITTED, Workload, WrongOn, correct};
use async_trait::async_trait;
use drawloom_model::{Dialect, Reply, SqlError};

const ROWS_MAX: i64 = 4;
const AMOUNT_MAX: i64 = 9;
const PAGE: usize = 5;

const TOTAL: &str = "SELECT count(*), coalesce(sum(amount), 0) FROM entries";
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/// Every report is of one moment.
pub struct Report;

#[async_trait(?Send)]
impl Workload for Report {
    fn name(&self) -> &'static str {
        "report"
    }

    fn about(&self) -> &'static str {
        "a journal that is posted to, loaded and read at length: every report is of one moment"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("reads in one REPEATABLE READ transaction, the entries through a cursor"),
            Variant {
                name: "usual-level",
                about: "reads in one transaction of the usual level, the entries through a cursor",
                wrong_on: WRONG_AT_READ_COMMITTED,
            },
            Variant {
                name: "offset",
                about: "reads the entries a page at a time, with OFFSET, in autocommit statements",
                wrong_on: WRONG_WITHOUT_TRANSACTION,
            },
        ];
        VARIANTS
    }

    /// Cursors, COPY and materialized views are PostgreSQL's.
    fn dialects(&self) -> &'static [Dialect] {
        &[Dialect::Postgres]
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let read: Box<dyn Action> = match variant {
            "usual-level" => Box::new(Read { begin: "BEGIN" }),
            "offset" => Box::new(ReadPages),
            _ => Box::new(Read { begin: SNAPSHOT }),
        };
        vec![(8, Box::new(Post)), (4, Box::new(Load)), (6, read), (4, Box::new(Refresh))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        const ENTRIES: &str = "CREATE TABLE entries (id INTEGER GENERATED ALWAYS AS IDENTITY, \
            batch INTEGER NOT NULL, amount INTEGER NOT NULL)";
        client.sql(ENTRIES, []).await?;
        client.sql(format!("CREATE MATERIALIZED VIEW totals AS {TOTAL}"), []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        const TWICE: &str = "SELECT id, count(*) FROM entries GROUP BY id HAVING count(*) > 1 ORDER BY id";
        for row in &client.sql(TWICE, []).await?.rows {
            client.expect("an entry has an id of its own", false, 1, &row[1], [format!("id {}", row[0])]);
        }
        Ok(())
    }
}

const WRONG_WITHOUT_TRANSACTION: &[WrongOn] = &[
    WrongOn { backend: "postgres", levels: &["read-committed", "repeatable-read", "serializable"] },
    WrongOn {
        backend: "mock",
        levels: &["read-uncommitted", "read-committed", "repeatable-read", "serializable", "strict"],
    },
];

struct Post;

#[async_trait(?Send)]
impl Action for Post {
    fn name(&self) -> &'static str {
        "post"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        const POST: &str = "INSERT INTO entries (batch, amount) VALUES ($1, $2)";
        let (batch, amount) = (client.unique(), client.draw("amount", 1..=AMOUNT_MAX));
        client.sql(POST, [batch.into(), amount.into()]).await.map(drop)
    }
}

struct Load;

#[async_trait(?Send)]
impl Action for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (batch, rows) = (client.unique(), client.draw("rows", 1..=ROWS_MAX));
        let mut copy = "COPY entries (batch, amount) FROM STDIN;\n".to_owned();
        for _ in 0..rows {
            copy += &format!("{batch}\t{}\n", client.draw("amount", 1..=AMOUNT_MAX));
        }
        let loaded = i64::try_from(client.sql(copy, []).await?.affected).expect("a batch is small");
        const COUNT: &str = "SELECT count(*) FROM entries WHERE batch = $1";
        let stored = client.sql(COUNT, [batch.into()]).await?.int().expect("a count is a number");
        let batch = [format!("batch {batch}")];
        client.expect("what was loaded is there", stored == loaded, loaded, stored, batch);
        Ok(())
    }
}

/// Reads the total, and then the entries one by one.
struct Read {
    begin: &'static str,
}

#[async_trait(?Send)]
impl Action for Read {
    fn name(&self) -> &'static str {
        "read"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql(self.begin, []).await?;
        let total = total(&*client.sql(TOTAL, []).await?);
        const DECLARE: &str = "DECLARE report CURSOR FOR SELECT amount FROM entries ORDER BY id";
        client.sql(DECLARE, []).await?;
        let mut amounts = Vec::new();
        loop {
            let page = client.sql(format!("FETCH {PAGE} FROM report"), []).await?;
            amounts.extend(page.ints());
            if page.rows.len() < PAGE {
                break;
            }
        }
        client.sql("CLOSE report", []).await?;
        client.commit().await?;
        expect_total(client, total, &amounts);
        Ok(())
    }
}

struct ReadPages;

#[async_trait(?Send)]
impl Action for ReadPages {
    fn name(&self) -> &'static str {
        "read"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let total = total(&*client.sql(TOTAL, []).await?);
        let mut amounts = Vec::new();
        loop {
            let offset = amounts.len();
            let page = format!("SELECT amount FROM entries ORDER BY id LIMIT {PAGE} OFFSET {offset}");
            let page = client.sql(page, []).await?;
            amounts.extend(page.ints());
            if page.rows.len() < PAGE {
                break;
            }
        }
        expect_total(client, total, &amounts);
        Ok(())
    }
}

fn expect_total(client: &Client, total: (i64, i64), amounts: &[i64]) {
    let read = (i64::try_from(amounts.len()).expect("a journal is small"), amounts.iter().sum());
    client.expect("a report adds up to its total", read == total, shown(total), shown(read), []);
}

/// Works the total out anew, and compares what is kept with what is so.
struct Refresh;

#[async_trait(?Send)]
impl Action for Refresh {
    fn name(&self) -> &'static str {
        "refresh"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql(SNAPSHOT, []).await?;
        client.sql("REFRESH MATERIALIZED VIEW totals", []).await?;
        let kept = total(&*client.sql("SELECT * FROM totals", []).await?);
        let total = total(&*client.sql(TOTAL, []).await?);
        client.commit().await?;
        client.expect("a refreshed view is its query", kept == total, shown(total), shown(kept), []);
        Ok(())
    }
}

/// How many entries, and their sum.
fn total(reply: &Reply) -> (i64, i64) {
    let number = |column: usize| reply.rows[0][column].as_int().expect("totals are numbers");
    (number(0), number(1))
}

fn shown((entries, sum): (i64, i64)) -> String {
    format!("{sum} in {entries} entries")
}
