//! Doctors on call.

use crate::{Action, Client, Variant, WRONG_BELOW_SERIALIZABLE, Workload, correct};
use async_trait::async_trait;
use drawloom_model::{Class, Reply, SqlError};

const SHIFTS: i64 = 2;
const DOCTORS: i64 = 4;

/// Doctors leave while others of their shift stay (Cahill, Röhm, Fekete: Serializable Isolation for Snapshot
/// Databases, 2008), and ask others to come, one after another.
pub struct OnCall;

#[async_trait(?Send)]
impl Workload for OnCall {
    fn name(&self) -> &'static str {
        "oncall"
    }

    fn about(&self) -> &'static str {
        "doctors on call leave, come and ask each other: a shift keeps at least one"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] = &[
            correct("updates the shift's row before it counts who is left"),
            Variant {
                name: "unlocked",
                about: "counts who is left, and leaves: of two who leave at once each counts the other",
                wrong_on: WRONG_BELOW_SERIALIZABLE,
            },
        ];
        VARIANTS
    }

    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        let leave = Leave { locks_shift: variant != "unlocked" };
        vec![(6, Box::new(leave)), (4, Box::new(Come)), (4, Box::new(Ask)), (2, Box::new(Roster))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE shifts (id INTEGER PRIMARY KEY, changes INTEGER NOT NULL)", []).await?;
        const CREATE: &str = "CREATE TABLE doctors (id INTEGER PRIMARY KEY, shift INTEGER NOT NULL, \
            on_call INTEGER NOT NULL, asked INTEGER NOT NULL)";
        client.sql(CREATE, []).await?;
        for id in 1..=SHIFTS {
            client.sql("INSERT INTO shifts VALUES ($1, 0)", [id.into()]).await?;
        }
        for id in 1..=DOCTORS {
            client.sql("INSERT INTO doctors VALUES ($1, $2, 1, 0)", [id.into(), shift_of(id).into()]).await?;
        }
        Ok(())
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        Roster.run(client).await
    }
}

fn shift_of(doctor: i64) -> i64 {
    1 + doctor % SHIFTS
}

struct Leave {
    locks_shift: bool,
}

#[async_trait(?Send)]
impl Action for Leave {
    fn name(&self) -> &'static str {
        "leave"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let doctor = client.draw("doctor", 1..=DOCTORS);
        let shift = shift_of(doctor);
        client.begin_to_write().await?;
        if self.locks_shift {
            // FOR UPDATE would not do at REPEATABLE READ: whoever waited for it counts as of before the wait.
            client.sql("UPDATE shifts SET changes = changes + 1 WHERE id = $1", [shift.into()]).await?;
        }
        const LEFT: &str = "SELECT count(*) FROM doctors WHERE shift = $1 AND on_call = 1";
        if client.sql(LEFT, [shift.into()]).await?.int() < Some(2) {
            return client.rollback().await;
        }
        client.sql("UPDATE doctors SET on_call = 0 WHERE id = $1", [doctor.into()]).await?;
        client.commit().await
    }
}

struct Come;

#[async_trait(?Send)]
impl Action for Come {
    fn name(&self) -> &'static str {
        "come"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let doctor = client.draw("doctor", 1..=DOCTORS);
        client.sql("UPDATE doctors SET on_call = 1 WHERE id = $1", [doctor.into()]).await.map(drop)
    }
}

/// Asks one doctor to come, who declines, and then another.
struct Ask;

#[async_trait(?Send)]
impl Action for Ask {
    fn name(&self) -> &'static str {
        "ask"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let first = client.draw("first", 1..=DOCTORS);
        let second = 1 + (first - 1 + client.draw("second", 1..=DOCTORS - 1)) % DOCTORS;
        const ASK: &str = "UPDATE doctors SET asked = asked + 1 WHERE id = $1";
        client.begin_to_write().await?;
        client.sql("SAVEPOINT asking", []).await?;
        client.sql(ASK, [first.into()]).await?;
        client.sql("ROLLBACK TO SAVEPOINT asking", []).await?;
        let asked = client.sql(ASK, [second.into()]).await;
        // The first one's row is free again: who waits here keeps nobody waiting.
        let deadlock = asked.as_ref().err().filter(|error| error.class == Class::Deadlock);
        let actual = deadlock.map_or("asked", |error| &error.message);
        client.expect("asking in turn ends in no deadlock", deadlock.is_none(), "asked", actual, []);
        asked?;
        client.commit().await
    }
}

/// Looks at all shifts at once, at any time.
struct Roster;

#[async_trait(?Send)]
impl Action for Roster {
    fn name(&self) -> &'static str {
        "roster"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        const ROSTER: &str = "SELECT shift, sum(on_call) FROM doctors GROUP BY shift ORDER BY shift";
        let roster = client.sql(ROSTER, []).await?;
        for (shift, doctors) in shifts(&roster) {
            let key = [format!("shift {shift}")];
            client.expect("a shift keeps at least one doctor", doctors > 0, "1 or more", doctors, key);
        }
        Ok(())
    }
}

fn shifts(roster: &Reply) -> impl Iterator<Item = (i64, i64)> {
    roster.rows.iter().filter_map(|row| Some((row[0].as_int()?, row[1].as_int()?)))
}
