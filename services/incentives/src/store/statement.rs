//! What came and went in a time.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// The entries of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: String,
    pub entries: i64,
    /// Signed.
    pub points: i64,
}

/// What a member's available points became by each kind of entry, from one time to another.
pub async fn lines(
    pool: &PgPool,
    (district_id, person_id): (Uuid, Uuid),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as!(
        Line,
        r#"select t.kind, count(*) as "entries!",
            sum(case when t.credit_purpose = 'AVAILABLE' then t.amount else -t.amount end)::bigint as "points!"
        from incentives.transfer t
        where t.district_id = $1 and t.person_id = $2 and t.at >= $3 and t.at < $4
            and (t.credit_purpose = 'AVAILABLE' or t.debit_purpose = 'AVAILABLE')
        group by t.kind order by t.kind"#,
        district_id,
        person_id,
        from,
        to
    )
    .fetch_all(pool)
    .await
}
