//! Scores: what members earned by reports, by month.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::ranking::{Board, Page, Place};

/// A member's month and the year it is in, with where they stand.
#[derive(Clone, Debug)]
pub struct Scored {
    pub tx: i64,
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub month: NaiveDate,
    pub points: i64,
    pub reached_at: DateTime<Utc>,
    pub year_points: i64,
    pub year_reached_at: DateTime<Utc>,
    /// Takes part, and is no staff.
    pub visible: bool,
    /// Of the posts held, and of those held before.
    pub paths: Vec<String>,
    pub left_paths: Vec<String>,
}

/// Where a follower of the scores stands.
pub type Position = (i64, Uuid, Uuid, NaiveDate);

/// Scores written after a position, in the order of their transactions, none of which can still come before the last.
pub async fn since(pool: &PgPool, after: Option<Position>, today: NaiveDate, limit: i64) -> sqlx::Result<Vec<Scored>> {
    let (tx, district_id, person_id, month) = after.unwrap_or((0, Uuid::nil(), Uuid::nil(), NaiveDate::MIN));
    let month = month.max(NaiveDate::default());
    sqlx::query_as!(
        Scored,
        r#"with fresh as materialized (
            select * from incentives.score s
            where (s.tx, s.district_id, s.person_id, s.month) > ($1, $2, $3, $4)
                and s.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            order by s.tx, s.district_id, s.person_id, s.month limit $6)
        select s.tx, s.district_id, s.person_id, s.month, s.points, s.reached_at, y.points as "year_points!",
            y.reached_at as "year_reached_at!",
            not coalesce(m.hidden, false) and not coalesce(h.staff, false) as "visible!",
            coalesce(h.paths, '{}') as "paths!", coalesce(h.left_paths, '{}') as "left_paths!"
        from fresh s
        cross join lateral (
            select sum(o.points)::bigint as points, max(o.reached_at) as reached_at from incentives.score o
            where o.district_id = s.district_id and o.person_id = s.person_id
                and o.month between date_trunc('year', s.month)::date and (date_trunc('year', s.month) + interval '11 months')::date) y
        left join incentives.member m on m.district_id = s.district_id and m.person_id = s.person_id
        cross join lateral (
            select bool_or(p.staff and p.held) as staff,
                array_agg(p.place_path) filter (where not p.staff and p.held) as paths,
                array_agg(p.place_path) filter (where p.staff or not p.held) as left_paths
            from (select o.staff, o.place_path, o.from_date <= $5 and (o.until_date is null or o.until_date >= $5) as held
                from incentives.held_post o where o.district_id = s.district_id and o.person_id = s.person_id) p) h
        order by s.tx, s.district_id, s.person_id, s.month"#,
        tx,
        district_id,
        person_id,
        month,
        today,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The scores of people whose posts began or ended since a day are ranked again.
pub async fn renew(pool: &PgPool, since: NaiveDate, today: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!(
        "update incentives.score s set tx = pg_current_xact_id()::text::bigint
        from (select distinct p.district_id, p.person_id from incentives.held_post p
            where p.from_date > $1 and p.from_date <= $2 or p.until_date >= $1 and p.until_date < $2) m
        where s.district_id = m.district_id and s.person_id = m.person_id",
        since,
        today
    )
    .execute(pool)
    .await
    .map(drop)
}

/// A page of a board, and what is around a member, counted from the scores.
pub async fn page(
    pool: &PgPool,
    board: &Board,
    (first, size, around): (i64, i64, i64),
    person: Uuid,
    today: NaiveDate,
) -> sqlx::Result<Page> {
    let rows = sqlx::query!(
        r#"with summed as (
            select s.person_id, sum(s.points)::bigint as points, max(s.reached_at) as reached_at
            from incentives.score s where s.district_id = $1 and s.month between $2 and $3 group by 1 having sum(s.points) > 0
        ),
        ranked as materialized (
            select row_number() over (order by s.points desc, date_trunc('second', s.reached_at), s.person_id) as rank,
                count(*) over () as members, s.person_id, s.points
            from summed s
            left join incentives.member m on m.district_id = $1 and m.person_id = s.person_id
            where not coalesce(m.hidden, false)
                and not exists (select from incentives.held_post p where p.district_id = $1 and p.person_id = s.person_id and p.staff
                    and p.from_date <= $9 and (p.until_date is null or p.until_date >= $9))
                and ($4 = '' or exists (select from incentives.held_post p where p.district_id = $1 and p.person_id = s.person_id
                    and not p.staff and p.from_date <= $9 and (p.until_date is null or p.until_date >= $9)
                    and starts_with(p.place_path || '.', $4 || '.')))
        )
        select r.rank as "rank!", r.members as "members!", r.person_id as "person_id!", r.points as "points!",
            r.rank >= $5 and r.rank < $5 + $6 as "listed!"
        from ranked r
        where r.rank >= $5 and r.rank < $5 + $6
            or abs(r.rank - (select o.rank from ranked o where o.person_id = $7)) <= $8
        order by r.rank"#,
        board.district_id,
        board.first_month,
        board.last_month,
        board.place_path,
        first,
        size,
        person,
        around,
        today
    );
    let rows = rows.fetch_all(pool).await?;
    let mut page = Page { members: rows.first().map_or(0, |row| row.members), ..Page::default() };
    let place = |rank, person_id, points| Place { rank, person_id, points };
    let mine = rows.iter().find(|row| row.person_id == person).map(|row| row.rank);
    for row in rows {
        let one = place(row.rank, row.person_id, row.points);
        if mine.is_some_and(|mine| (row.rank - mine).abs() <= around) {
            page.around.push(one);
        }
        page.rows.extend(row.listed.then_some(one));
    }
    Ok(page)
}
