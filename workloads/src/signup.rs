//! Accounts by e-mail address.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::SqlError;

const ADDRESSES: i64 = 40;

/// One account an address, access granted exactly once.
pub struct Signup;

#[async_trait(?Send)]
impl Workload for Signup {
    fn name(&self) -> &'static str {
        "signup"
    }

    fn about(&self) -> &'static str {
        "people sign up with their address: one account an address, access granted exactly once"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("inserts under a unique key and grants access in the same transaction"),
            wrong("check-then-insert", "looks for the address first and inserts later, without a unique key"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let sign_up: Box<dyn Action> = match variant {
            "check-then-insert" => Box::new(CheckThenInsert),
            _ => Box::new(SignUp),
        };
        vec![(15, sign_up)]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        let accounts = match client.variant() {
            "check-then-insert" => "CREATE TABLE accounts (address TEXT NOT NULL)",
            _ => "CREATE TABLE accounts (address TEXT PRIMARY KEY)",
        };
        client.sql(accounts, []).await?;
        client.sql("CREATE TABLE grants (address TEXT NOT NULL)", []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        const COUNTS: &str = "SELECT address, count(*), (SELECT count(*) FROM grants g \
            WHERE g.address = a.address) FROM accounts a GROUP BY address ORDER BY address";
        let counts = client.sql(COUNTS, []).await?;
        for row in &counts.rows {
            let address = || [row[0].to_string()];
            let one = |column: usize| row[column].as_int() == Some(1);
            client.expect("one account an address", one(1), 1, &row[1], address());
            client.expect("access is granted exactly once", one(2), 1, &row[2], address());
        }
        Ok(())
    }
}

fn draw_address(client: &Client) -> String {
    format!("p{}@example.org", client.draw("address", 1..=ADDRESSES))
}

struct SignUp;

#[async_trait(?Send)]
impl Action for SignUp {
    fn name(&self) -> &'static str {
        "sign up"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let address = draw_address(client);
        client.begin().await?;
        const INSERT: &str = "INSERT INTO accounts VALUES ($1) ON CONFLICT (address) DO NOTHING";
        if client.sql(INSERT, [address.clone().into()]).await?.affected == 0 {
            return client.rollback().await;
        }
        client.sql("INSERT INTO grants VALUES ($1)", [address.into()]).await?;
        client.commit().await
    }
}

struct CheckThenInsert;

#[async_trait(?Send)]
impl Action for CheckThenInsert {
    fn name(&self) -> &'static str {
        "sign up"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let address = draw_address(client);
        const LOOK: &str = "SELECT count(*) FROM accounts WHERE address = $1";
        if client.sql(LOOK, [address.clone().into()]).await?.int() != Some(0) {
            return Ok(());
        }
        client.begin().await?;
        client.sql("INSERT INTO accounts VALUES ($1)", [address.clone().into()]).await?;
        client.sql("INSERT INTO grants VALUES ($1)", [address.into()]).await?;
        client.commit().await
    }
}
