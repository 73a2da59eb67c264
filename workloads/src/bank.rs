//! Accounts and transfers between them.

use crate::{Action, Client, Variant, WRONG_AT_READ_COMMITTED, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::{Reply, SqlError};

const ACCOUNTS: i64 = 5;
const BALANCE: i64 = 100;
const AMOUNT_MAX: i64 = 60;

/// Transfers; the total is conserved and no balance goes negative.
pub struct Bank;

#[async_trait(?Send)]
impl Workload for Bank {
    fn name(&self) -> &'static str {
        "bank"
    }

    fn about(&self) -> &'static str {
        "transfers between accounts: the total is conserved, no balance goes negative"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("debits only what is there, in one statement; credits in the same transaction"),
            wrong("read-modify-write", "reads, computes and writes in separate autocommit statements"),
            Variant {
                name: "read-modify-write-tx",
                about: "reads, computes and writes in one transaction, without locking what it read",
                wrong_on: WRONG_AT_READ_COMMITTED,
            },
            wrong("check-then-debit", "checks the balance first, debits afterwards, without a lock"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let transfer: Box<dyn Action> = match variant {
            "read-modify-write" => Box::new(ReadModifyWrite { in_transaction: false }),
            "read-modify-write-tx" => Box::new(ReadModifyWrite { in_transaction: true }),
            "check-then-debit" => Box::new(CheckThenDebit),
            _ => Box::new(Transfer),
        };
        vec![(24, transfer), (6, Box::new(Audit))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", []).await?;
        for id in 1..=ACCOUNTS {
            client.sql("INSERT INTO accounts VALUES ($1, $2)", [id.into(), BALANCE.into()]).await?;
        }
        Ok(())
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        Audit.run(client).await
    }
}

/// The transfer that both variants of every bank have in common: from, to, how much.
fn draw_transfer(client: &Client) -> (i64, i64, i64) {
    let from = client.draw("from", 1..=ACCOUNTS);
    let to = 1 + (from - 1 + client.draw("to", 1..=ACCOUNTS - 1)) % ACCOUNTS;
    (from, to, client.draw("amount", 1..=AMOUNT_MAX))
}

async fn add(client: &mut Client, account: i64, amount: i64) -> Result<(), SqlError> {
    const ADD: &str = "UPDATE accounts SET balance = balance + $1 WHERE id = $2";
    client.sql(ADD, [amount.into(), account.into()]).await.map(drop)
}

struct Transfer;

#[async_trait(?Send)]
impl Action for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (from, to, amount) = draw_transfer(client);
        client.begin().await?;
        const DEBIT: &str = "UPDATE accounts SET balance = balance - $1 WHERE id = $2 AND balance >= $1";
        if client.sql(DEBIT, [amount.into(), from.into()]).await?.affected == 0 {
            return client.rollback().await;
        }
        add(client, to, amount).await?;
        client.commit().await
    }
}

struct ReadModifyWrite {
    in_transaction: bool,
}

#[async_trait(?Send)]
impl Action for ReadModifyWrite {
    fn name(&self) -> &'static str {
        "transfer"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (from, to, amount) = draw_transfer(client);
        if self.in_transaction {
            client.begin().await?;
        }
        let source = read_balance(client, from).await?;
        let target = read_balance(client, to).await?;
        if source < amount {
            return client.rollback().await;
        }
        write_balance(client, from, source - amount).await?;
        write_balance(client, to, target + amount).await?;
        if self.in_transaction { client.commit().await } else { Ok(()) }
    }
}

async fn read_balance(client: &mut Client, account: i64) -> Result<i64, SqlError> {
    let reply = client.sql("SELECT balance FROM accounts WHERE id = $1", [account.into()]).await?;
    Ok(reply.int().expect("every account has a balance"))
}

async fn write_balance(client: &mut Client, account: i64, balance: i64) -> Result<(), SqlError> {
    const WRITE: &str = "UPDATE accounts SET balance = $1 WHERE id = $2";
    client.sql(WRITE, [balance.into(), account.into()]).await.map(drop)
}

struct CheckThenDebit;

#[async_trait(?Send)]
impl Action for CheckThenDebit {
    fn name(&self) -> &'static str {
        "transfer"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let (from, to, amount) = draw_transfer(client);
        if read_balance(client, from).await? < amount {
            return Ok(());
        }
        client.begin().await?;
        add(client, from, -amount).await?;
        add(client, to, amount).await?;
        client.commit().await
    }
}

/// Looks at all accounts at once, at any time.
struct Audit;

#[async_trait(?Send)]
impl Action for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let accounts = client.sql("SELECT id, balance FROM accounts ORDER BY id", []).await?;
        let total: i64 = balances(&accounts).map(|(_, balance)| balance).sum();
        let expected = ACCOUNTS * BALANCE;
        client.expect(
            "the total is conserved",
            total == expected,
            expected,
            total,
            named(balances(&accounts)),
        );
        let overdrawn = || balances(&accounts).filter(|(_, balance)| *balance < 0);
        let holds = overdrawn().next().is_none();
        let least = overdrawn().map(|(_, balance)| balance).min().unwrap_or(0);
        client.expect("no balance goes negative", holds, "0 or more", least, named(overdrawn()));
        Ok(())
    }
}

fn balances(accounts: &Reply) -> impl Iterator<Item = (i64, i64)> {
    accounts.rows.iter().filter_map(|row| Some((row[0].as_int()?, row[1].as_int()?)))
}

fn named(accounts: impl Iterator<Item = (i64, i64)>) -> impl Iterator<Item = String> {
    accounts.map(|(id, balance)| format!("account {id} has {balance}"))
}
