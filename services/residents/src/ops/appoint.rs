use chassis::token::hash_secret;
use chrono::NaiveDate;
use proto::api::v1::post::Role;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Residents,
    error::Error,
    person,
    phone::Phone,
    post::{HeldPost, misplaced},
    store::{self, audit::Deed, post::Columns},
};

/// A post to be given.
#[derive(Clone, Debug)]
pub struct Appointment {
    pub post_id: Uuid,
    pub phone: Phone,
    pub name: String,
    pub role: Role,
    pub place_id: Uuid,
    pub department_id: Option<Uuid>,
    /// None: today.
    pub from_date: Option<NaiveDate>,
    pub until_date: Option<NaiveDate>,
}

impl Appointment {
    /// What tells this request from another one under the same id.
    fn hash(&self) -> [u8; 32] {
        let (phone, role) = (self.phone.digits(), self.role.as_str_name());
        let body = (phone, &self.name, role, self.place_id, self.department_id, self.from_date, self.until_date);
        hash_secret(&format!("{body:?}"))
    }
}

/// Gives a person a post, making the person where the phone is new.
pub async fn appoint(
    residents: &Residents,
    actor: Uuid,
    district_id: Uuid,
    asked: Appointment,
) -> Result<HeldPost, Error> {
    let (now, hash) = (residents.clock.now(), asked.hash());
    let from = asked.from_date.unwrap_or(residents.clock.today());
    let mut transaction = chassis::db::begin(&residents.pool).await?;
    if let Some((post, known)) = store::post::get(&mut transaction, district_id, asked.post_id).await? {
        return if known.as_deref() == Some(&hash) { Ok(post) } else { Err(Error::PostIdReused) };
    }
    check(&asked, from)?;
    let place = store::place::get(&mut *transaction, district_id, asked.place_id).await?;
    let place = place.ok_or(Error::PlaceNotFound("place_id"))?;
    if let Some((levels, _)) = misplaced(asked.role, place.level) {
        let role = asked.role.as_str_name();
        return Err(Error::field("place_id", format!("must be a {} for a {role}", levels.join(" or "))));
    }
    if let Some(department_id) = asked.department_id
        && !store::department::exists(&mut transaction, district_id, department_id).await?
    {
        return Err(Error::DepartmentNotFound);
    }
    let person_id = store::person::ensure(&mut transaction, &residents.vault, &asked.phone, &asked.name, now).await?;
    store::person::join_district(&mut transaction, district_id, &[person_id], now).await?;
    if store::post::add_all(&mut transaction, district_id, &columns(&asked, person_id, from, hash), now).await? == 1 {
        let detail = json!({"person_id": person_id, "role": asked.role.as_str_name(), "place_id": asked.place_id});
        let deed = Deed { district_id, actor: Some(actor), action: "appoint", subject_id: asked.post_id, detail };
        store::audit::note(&mut transaction, deed, now).await?;
    }
    let (post, known) =
        store::post::get(&mut transaction, district_id, asked.post_id).await?.ok_or(Error::PostNotFound)?;
    if known.as_deref() != Some(&hash) {
        // Another request took the id a moment ago.
        return Err(Error::PostIdReused);
    }
    transaction.commit().await?;
    residents.waker.wake();
    Ok(post)
}

fn check(asked: &Appointment, from: NaiveDate) -> Result<(), Error> {
    if person::name(&asked.name).is_none() {
        return Err(Error::field("name", person::NAME));
    }
    if (asked.role == Role::DepartmentHandler) != asked.department_id.is_some() {
        return Err(Error::field("department_id", "must be given for a department_handler, and for no other role"));
    }
    if asked.until_date.is_some_and(|until| until < from) {
        return Err(Error::field("until_date", format!("must not be before from_date, {from}")));
    }
    Ok(())
}

fn columns(asked: &Appointment, person_id: Uuid, from: NaiveDate, hash: [u8; 32]) -> Columns {
    Columns {
        ids: vec![asked.post_id],
        persons: vec![person_id],
        roles: vec![asked.role.as_str_name().to_owned()],
        places: vec![asked.place_id],
        departments: vec![asked.department_id],
        from: vec![from],
        until: vec![asked.until_date],
        hashes: vec![Some(hash.to_vec())],
    }
}
