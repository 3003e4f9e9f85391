//! Counts over tickets: maintained as they change, recomputable from their histories.
use chassis::faults::Fault;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    followers::Told,
    store::{self, figure::Difference},
};

/// The counters, in the order of the SQL function `tickets.counters`; the last stands beside them, for it hangs on other tickets.
pub const COUNTERS: [&str; 25] = [
    "reported",
    "withdrawn",
    "invalid",
    "merged",
    "claimed_on_time",
    "claimed_late",
    "dispatched",
    "resolved_on_time",
    "resolved_late",
    "overdue",
    "refusals",
    "coordinated",
    "answered",
    "solved",
    "satisfied",
    "closed",
    "first_time_fixed",
    "returned",
    "reopened",
    "recurred",
    "solved_by_compound",
    "solved_by_community",
    "solved_by_subdistrict",
    "solved_by_district",
    "recurrences",
];

/// Tickets that are counted in one statement when everything is counted anew.
const CHUNK: i64 = 5_000;

/// A sum, readable by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(pub Vec<i64>);

impl Figures {
    /// The counter of a name.
    pub fn get(&self, name: &str) -> i64 {
        let at = COUNTERS.iter().position(|counter| *counter == name);
        at.and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }

    /// One in hundredths of a percent of another; none where there is nothing to divide by.
    pub fn rate(&self, part: &str, of: i64) -> Option<i32> {
        share(self.get(part), of)
    }

    /// Everything that was not withdrawn.
    pub fn standing(&self) -> i64 {
        self.get("reported") - self.get("withdrawn")
    }

    /// The sum of two.
    pub fn plus(&self, other: &Self) -> Self {
        let of = |list: &[i64], at: usize| list.get(at).copied().unwrap_or(0);
        Self((0..COUNTERS.len()).map(|at| of(&self.0, at) + of(&other.0, at)).collect())
    }
}

/// A share in hundredths of a percent.
pub fn share(part: i64, of: i64) -> Option<i32> {
    (of > 0).then(|| i32::try_from(part * 10_000 / of).unwrap_or(i32::MAX))
}

/// Counts the tickets of these changes as they are now.
pub async fn keep(connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    let (districts, tickets): (Vec<_>, Vec<_>) = told.iter().map(|told| (told.district_id, told.ticket_id)).unzip();
    Ok(store::figure::keep(connection, &districts, &tickets).await?)
}

/// Counts everything again from the histories and says where the kept sums differ.
pub async fn verify(pool: &PgPool) -> Result<Vec<Difference>, Fault> {
    let mut connection = pool.acquire().await?;
    Ok(store::figure::compare(&mut connection).await?)
}

/// Counts every ticket anew, in one transaction; answers how many.
pub async fn recount(pool: &PgPool) -> Result<usize, Fault> {
    let mut transaction = chassis::db::begin(pool).await?;
    store::figure::forget(&mut transaction).await?;
    let (mut after, mut counted) = ((Uuid::nil(), Uuid::nil()), 0);
    loop {
        let next = store::figure::tickets_after(&mut transaction, after, CHUNK).await?;
        let Some(last) = next.last() else { break };
        (after, counted) = (*last, counted + next.len());
        let (districts, tickets): (Vec<_>, Vec<_>) = next.into_iter().unzip();
        store::figure::keep(&mut transaction, &districts, &tickets).await?;
    }
    transaction.commit().await?;
    Ok(counted)
}

/// What may be shown of a group without telling of anybody in it.
pub const LEAST_SHOWN: i64 = 5;

/// Which groups are held back: those that are small, and one more where a single one could be worked out from the total.
pub fn held_back(sizes: &[i64]) -> Vec<bool> {
    let mut held: Vec<bool> = sizes.iter().map(|size| *size < LEAST_SHOWN && *size > 0).collect();
    let of_held = |held: &[bool]| {
        let sizes = sizes.iter().zip(held).filter(|(_, held)| **held).map(|(size, _)| *size);
        (held.iter().filter(|held| **held).count(), sizes.sum::<i64>())
    };
    loop {
        let (many, sum) = of_held(&held);
        if many == 0 || many > 1 && sum >= LEAST_SHOWN {
            return held;
        }
        let shown = sizes.iter().enumerate().filter(|(at, size)| !held[*at] && **size > 0);
        match shown.min_by_key(|(_, size)| **size).map(|(at, _)| at) {
            Some(at) => held[at] = true,
            None => return held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_group_takes_another_with_it_so_that_the_total_tells_nothing() {
        assert_eq!(held_back(&[40, 9, 3, 20]), [false, true, true, false]);
        assert_eq!(held_back(&[40, 4, 3, 20]), [false, true, true, false]);
        assert_eq!(held_back(&[40, 1, 2, 20]), [false, true, true, true], "3 reports in all are still few");
        assert_eq!(held_back(&[3]), [true]);
        assert_eq!(held_back(&[40, 0, 20]), [false, false, false], "nothing is no secret");
    }

    #[test]
    fn rates_are_of_those_who_answered() {
        let mut figures = Figures(vec![0; COUNTERS.len()]);
        let mut set = |name: &str, value| {
            figures.0[COUNTERS.iter().position(|counter| *counter == name).unwrap()] = value;
        };
        set("reported", 10);
        set("withdrawn", 2);
        set("answered", 3);
        set("satisfied", 2);
        assert_eq!(figures.rate("satisfied", figures.get("answered")), Some(6_666));
        assert_eq!((figures.standing(), figures.rate("closed", 0)), (8, None));
    }
}
