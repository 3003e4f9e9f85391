use chrono::NaiveDate;
use sqlx::PgPool;
use uuid::Uuid;

/// A person with a current post, and a point in the area of the post.
pub struct Row {
    pub person_id: Uuid,
    pub name: String,
    pub phone_sealed: Vec<u8>,
    pub role: String,
    pub department_id: Option<Uuid>,
    pub place_id: Uuid,
    pub place_name: String,
    pub district_id: Uuid,
    pub district_name: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
}

/// The first people of every role and district, in the order their posts were made, the main district first. The point is
/// the middle of the first compound in their area, else of the nearest place above that has a boundary.
pub async fn people(pool: &PgPool, per_role: i64, today: NaiveDate) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with ranked as (
              select post.*, row_number() over (partition by post.district_id, post.role
                 order by (post.role = 'resident' and place.level < 7), post.post_id) as rank
              from residents.post post join residents.place place using (district_id, place_id)
              where post.ended_at is null and post.from_date <= $2 and (post.until_date is null or post.until_date >= $2)
           )
           select person.person_id, person.name, person.phone_sealed, post.role, post.department_id, place.place_id,
              place.full_name as place_name, district.district_id, district.name as district_name,
              coalesce(below.center_lng, above.center_lng) as "lng?", coalesce(below.center_lat, above.center_lat) as "lat?"
           from ranked post
           join residents.person person using (person_id)
           join residents.district district on district.district_id = post.district_id
           join residents.place place on place.district_id = post.district_id and place.place_id = post.place_id
           left join lateral (
              select center_lng, center_lat from residents.place compound
              where compound.district_id = post.district_id and compound.level = 4 and compound.boundary is not null
                 and (compound.path = place.path or compound.path > place.path || '.' and compound.path < place.path || '/')
              order by compound.path limit 1
           ) below on true
           left join lateral (
              select center_lng, center_lat from residents.place holder
              where holder.district_id = post.district_id and holder.boundary is not null
                 and (holder.path = place.path or starts_with(place.path, holder.path || '.'))
              order by holder.level desc limit 1
           ) above on true
           where post.rank <= $1
           order by district.is_main desc, district.code, post.role, post.rank"#,
        per_role,
        today
    )
    .fetch_all(pool)
    .await
}
