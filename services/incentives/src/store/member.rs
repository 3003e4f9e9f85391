//! Members: their names, what they chose, and the posts they hold.
use chrono::NaiveDate;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A person's name as a district knows it.
#[derive(Clone, Debug)]
pub struct Name {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
}

/// A post somebody holds or held.
#[derive(Clone, Debug)]
pub struct Post {
    pub district_id: Uuid,
    pub post_id: Uuid,
    pub person_id: Uuid,
    pub staff: bool,
    pub place_path: String,
    pub from: NaiveDate,
    pub until: Option<NaiveDate>,
}

/// What a member chose about rankings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub nickname: Option<String>,
    pub hidden: bool,
}

/// Takes names as they are now; the last word on one wins.
pub async fn keep_names(connection: &mut PgConnection, names: &[Name]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = names.iter().map(|one| one.district_id).collect();
    let people: Vec<Uuid> = names.iter().map(|one| one.person_id).collect();
    let said: Vec<&str> = names.iter().map(|one| one.name.as_str()).collect();
    sqlx::query!(
        "insert into incentives.member (district_id, person_id, name)
        select distinct on (n.district_id, n.person_id) n.district_id, n.person_id, n.name
        from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality n (district_id, person_id, name, number)
        order by n.district_id, n.person_id, n.number desc
        on conflict on constraint member_key do update set name = excluded.name",
        &districts,
        &people,
        &said as _
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes posts as they are now; the scores of their people are ranked again.
pub async fn keep_posts(connection: &mut PgConnection, posts: &[Post]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = posts.iter().map(|post| post.district_id).collect();
    let ids: Vec<Uuid> = posts.iter().map(|post| post.post_id).collect();
    let people: Vec<Uuid> = posts.iter().map(|post| post.person_id).collect();
    let staff: Vec<bool> = posts.iter().map(|post| post.staff).collect();
    let paths: Vec<&str> = posts.iter().map(|post| post.place_path.as_str()).collect();
    let from: Vec<NaiveDate> = posts.iter().map(|post| post.from).collect();
    let until: Vec<Option<NaiveDate>> = posts.iter().map(|post| post.until).collect();
    sqlx::query!(
        "with kept as (
            insert into incentives.held_post as h (district_id, post_id, person_id, staff, place_path, from_date, until_date)
            select distinct on (p.district_id, p.post_id) p.district_id, p.post_id, p.person_id, p.staff, p.place_path, p.from_date,
                p.until_date
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::text[], $6::date[], $7::date[]) with ordinality
                p (district_id, post_id, person_id, staff, place_path, from_date, until_date, number)
            order by p.district_id, p.post_id, p.number desc
            on conflict on constraint held_post_key do update set person_id = excluded.person_id, staff = excluded.staff,
                place_path = excluded.place_path, from_date = excluded.from_date, until_date = excluded.until_date
            returning h.district_id, h.person_id)
        update incentives.score s set tx = pg_current_xact_id()::text::bigint
        from (select distinct district_id, person_id from kept) k
        where s.district_id = k.district_id and s.person_id = k.person_id",
        &districts,
        &ids,
        &people,
        &staff,
        &paths as _,
        &from,
        &until as _
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps what a member chose; their scores are ranked again.
pub async fn put_profile(pool: &PgPool, district_id: Uuid, person_id: Uuid, chosen: &Profile) -> sqlx::Result<()> {
    sqlx::query!(
        "with kept as (
            insert into incentives.member as m (district_id, person_id, nickname, hidden) values ($1, $2, $3, $4)
            on conflict on constraint member_key do update set nickname = excluded.nickname, hidden = excluded.hidden
                where (m.nickname, m.hidden) is distinct from (excluded.nickname, excluded.hidden)
            returning m.district_id, m.person_id)
        update incentives.score s set tx = pg_current_xact_id()::text::bigint
        from kept k where s.district_id = k.district_id and s.person_id = k.person_id",
        district_id,
        person_id,
        chosen.nickname,
        chosen.hidden
    )
    .execute(pool)
    .await
    .map(drop)
}

/// What people are called where everybody can see it: their nickname, else their name with all but the first character masked.
pub async fn shown_names(pool: &PgPool, district_id: Uuid, people: &[Uuid]) -> sqlx::Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        r#"select person_id, coalesce(nickname, left(name, 1) || repeat('*', greatest(length(name) - 1, 2))) as "shown!"
        from incentives.member where district_id = $1 and person_id = any($2)"#,
        district_id,
        people
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.person_id, row.shown)).collect())
}
