//! A shop: sign in, order, pay. Answers get lost, and clients ask again.

use crate::{Action, Client, Variant, Workload, correct, wrong};
use async_trait::async_trait;
use drawloom_model::{Class, SqlError, Value};

const CUSTOMERS: i64 = 3;
const ITEMS: i64 = 3;
const STOCK: i64 = 12;
const ATTEMPTS_MAX: i64 = 8;

/// Every order is charged exactly once, or not at all.
pub struct Checkout;

#[async_trait(?Send)]
impl Workload for Checkout {
    fn name(&self) -> &'static str {
        "checkout"
    }

    fn about(&self) -> &'static str {
        "sign in, order, pay: charged exactly once, even when an answer is lost and the client retries"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("charges under the order's own key, in the transaction that fills the order"),
            wrong("retry-without-key", "a retry charges again, under a new key"),
            wrong("charge-before-commit", "charges first, and fills the order in a later transaction"),
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(15, Box::new(Buy { pay: Pay::of(variant) }))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        for table in [
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
            "CREATE TABLE items (id INTEGER PRIMARY KEY, stock INTEGER NOT NULL)",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, item INTEGER, paid INTEGER NOT NULL)",
            "CREATE TABLE charges (charge_key TEXT PRIMARY KEY, order_id INTEGER NOT NULL)",
        ] {
            client.sql(table, []).await?;
        }
        for id in 1..=CUSTOMERS {
            let name = Value::from(format!("customer {id}"));
            client.sql("INSERT INTO customers VALUES ($1, $2)", [id.into(), name]).await?;
        }
        for id in 1..=ITEMS {
            client.sql("INSERT INTO items VALUES ($1, $2)", [id.into(), STOCK.into()]).await?;
        }
        Ok(())
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        const ORDERS: &str = "SELECT o.id, o.paid, count(c.order_id) FROM orders o \
            LEFT JOIN charges c ON c.order_id = o.id GROUP BY o.id, o.paid ORDER BY o.id";
        let orders = client.sql(ORDERS, []).await?;
        let confirmed = client.noted("confirmed");
        for row in &orders.rows {
            let [id, paid, charges] = [0, 1, 2].map(|column| row[column].as_int().unwrap_or(-1));
            let order = || [format!("order {id}")];
            client.expect("an order is charged exactly once", charges == paid, paid, charges, order());
            let kept = paid == 1 || !confirmed.contains(&id);
            client.expect("a confirmed order is paid", kept, 1, paid, order());
        }
        let sold = client.sql("SELECT count(*) FROM orders WHERE paid = 1", []).await?.int();
        let taken = client.sql("SELECT $1 - sum(stock) FROM items", [(ITEMS * STOCK).into()]).await?.int();
        let text = |count: Option<i64>| count.map_or("nothing".to_owned(), |count| count.to_string());
        client.expect("what is paid left the stock", sold == taken, text(sold), text(taken), []);
        Ok(())
    }
}

/// How an order is paid for.
#[derive(Clone, Copy, PartialEq)]
enum Pay {
    Once,
    OnceAnAttempt,
    First,
}

impl Pay {
    fn of(variant: &str) -> Pay {
        match variant {
            "retry-without-key" => Pay::OnceAnAttempt,
            "charge-before-commit" => Pay::First,
            _ => Pay::Once,
        }
    }
}

struct Buy {
    pay: Pay,
}

#[async_trait(?Send)]
impl Action for Buy {
    fn name(&self) -> &'static str {
        "buy"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let order = client.unique();
        let (customer, item) = (client.draw("customer", 1..=CUSTOMERS), client.draw("item", 1..=ITEMS));
        for attempt in 1..=ATTEMPTS_MAX {
            match buy(client, self.pay, order, customer, item, attempt).await {
                Ok(paid) => {
                    if paid {
                        client.note("confirmed", [order.into()]);
                    }
                    return Ok(());
                }
                Err(error) if error.class == Class::Connection => client.connect().await?,
                Err(error) if error.is_retryable() => client.rollback().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// One attempt at an order; whether it is paid, rather than sold out.
async fn buy(
    client: &mut Client,
    pay: Pay,
    order: i64,
    customer: i64,
    item: i64,
    attempt: i64,
) -> Result<bool, SqlError> {
    client.sql("SELECT name FROM customers WHERE id = $1", [customer.into()]).await?;
    const ORDER: &str = "INSERT INTO orders VALUES ($1, $2, $3, 0) ON CONFLICT (id) DO NOTHING";
    client.sql(ORDER, [order.into(), customer.into(), item.into()]).await?;
    let key = match pay {
        Pay::Once | Pay::First => format!("order {order}"),
        Pay::OnceAnAttempt => format!("order {order}, attempt {attempt}"),
    };
    if pay != Pay::First {
        client.begin().await?;
    }
    const CHARGE: &str = "INSERT INTO charges VALUES ($1, $2) ON CONFLICT (charge_key) DO NOTHING";
    let charged = client.sql(CHARGE, [key.into(), order.into()]).await?.affected;
    if pay == Pay::First {
        client.begin().await?;
    } else if charged == 0 {
        // An earlier attempt got this far, and all the way: it was one transaction.
        return client.rollback().await.map(|()| true);
    }
    let fill = "UPDATE orders SET paid = 1 WHERE id = $1 AND paid = 0";
    if client.sql(fill, [order.into()]).await?.affected == 0 {
        return client.commit().await.map(|()| true);
    }
    let take = "UPDATE items SET stock = stock - 1 WHERE id = $1 AND stock > 0";
    if client.sql(take, [item.into()]).await?.affected == 0 {
        return client.rollback().await.map(|()| false);
    }
    client.commit().await.map(|()| true)
}
