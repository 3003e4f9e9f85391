use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Residents, district::District, error::Error, person::Person, phone::Phone, post::HeldPost, store};

/// The caller in their district.
pub async fn get_me(residents: &Residents, person_id: Uuid, district_id: Uuid) -> Result<Person, Error> {
    let mut connection = residents.pool.acquire().await?;
    let posts = store::post::current(&mut connection, person_id, residents.clock.today()).await?;
    person_in(residents, &mut connection, person_id, district_id, posts).await
}

/// A person with those of their posts that are in a district; without any they count as a resident without a household.
pub async fn person_in(
    residents: &Residents,
    connection: &mut PgConnection,
    person_id: Uuid,
    district_id: Uuid,
    mut posts: Vec<HeldPost>,
) -> Result<Person, Error> {
    let stored = store::person::get(connection, person_id).await?.ok_or(Error::RefreshTokenInvalid)?;
    let district = store::district::get(connection, district_id).await?.ok_or(Error::NoDistrict)?;
    posts.retain(|post| post.district_id == district_id);
    if posts.is_empty() {
        posts.push(without_household(residents, person_id, &district));
    }
    let digits =
        residents.vault.open(store::person::PHONE, &stored.phone_sealed).map_err(chassis::faults::Fault::from)?;
    let phone = Phone::parse(&digits)?.masked();
    Ok(Person { person_id, name: stored.name, phone, district_id, district_name: district.name, posts })
}

fn without_household(residents: &Residents, person_id: Uuid, district: &District) -> HeldPost {
    HeldPost {
        district_id: district.district_id,
        post_id: None,
        person_id,
        role: "resident".to_owned(),
        place_id: district.root_place_id,
        place_name: district.name.clone(),
        place_path: district.code.clone(),
        level: 1,
        department_id: None,
        department_name: None,
        from_date: residents.clock.today(),
        until_date: None,
    }
}
