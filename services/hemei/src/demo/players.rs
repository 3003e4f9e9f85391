//! The cast with the ids the services know them by.
use std::collections::HashMap;

use anyhow::{Context, Result};
use chassis::access::Caller;
use proto::api::v1::post::Role;
use residents::{import::Target, store};
use uuid::Uuid;

use super::{
    cast::Cast,
    funds::Office,
    land::District,
    reports::{Players, caller},
};

/// What the residents service calls the people and departments of a district.
pub struct Ids {
    people: HashMap<String, Uuid>,
    departments: HashMap<String, Uuid>,
}

impl Ids {
    /// Asks for everybody in the cast.
    pub async fn of(target: &Target<'_>, cast: &Cast) -> Result<Self> {
        let mut connection = target.pool.acquire().await?;
        let blind = |phone: &str| target.vault.blind(store::person::PHONE, phone);
        let phones: HashMap<Vec<u8>, &str> =
            cast.people.iter().map(|person| (blind(&person.phone), &*person.phone)).collect();
        let blinds: Vec<Vec<u8>> = phones.keys().cloned().collect();
        let known = store::person::by_blinds(&mut connection, &blinds).await?.into_iter();
        let people =
            known.filter_map(|(blind, person_id)| Some(((*phones.get(&blind)?).to_owned(), person_id))).collect();
        let departments = store::department::all(&mut connection, target.district_id).await?.into_iter();
        let departments = departments.map(|department| (department.code, department.department_id)).collect();
        Ok(Self { people, departments })
    }

    fn callers(&self, district_id: Uuid, cast: &Cast, role: Role) -> Result<Vec<(String, String, Caller)>> {
        let posts = cast.of(role.as_str_name());
        let caller = |post: &residents::import::PostRow| {
            let person_id = *self.people.get(&post.phone).context("everybody was imported")?;
            let department = self.departments.get(&post.department_code).copied();
            let caller = caller(district_id, person_id, role, &post.place_path, department);
            Ok((post.place_path.clone(), post.department_code.clone(), caller))
        };
        posts.map(caller).collect()
    }
}

/// Who acts in the stories of a district.
pub fn players(district_id: Uuid, land: District, cast: &Cast, ids: &Ids) -> Result<Players> {
    let callers = |role| ids.callers(district_id, cast, role);
    let couriers = callers(Role::Courier)?.into_iter().map(|(.., caller)| caller);
    let observers = callers(Role::HomeObserver)?.into_iter().map(|(.., caller)| caller).step_by(4);
    let reporters = couriers.chain(observers).collect();
    let mut liaisons = HashMap::new();
    for (street, _, caller) in callers(Role::Liaison)? {
        liaisons.entry(street).or_insert(caller);
    }
    let mut handlers = HashMap::new();
    for (_, code, caller) in callers(Role::DepartmentHandler)? {
        let department_id = *ids.departments.get(&code).context("every department was imported")?;
        handlers.entry(code).or_insert((caller, department_id));
    }
    Ok(Players { land, reporters, liaisons, handlers })
}

/// An administrator of the district.
pub fn admin(district_id: Uuid, cast: &Cast, ids: &Ids) -> Result<Caller> {
    let (.., caller) = ids.callers(district_id, cast, Role::DistrictAdmin)?.pop().context("a district admin")?;
    Ok(caller)
}

/// The first courier of the district, who tries most things first.
pub fn first_courier(district_id: Uuid, cast: &Cast, ids: &Ids) -> Result<Caller> {
    let (.., caller) = ids.callers(district_id, cast, Role::Courier)?.into_iter().next().context("a courier")?;
    Ok(caller)
}

/// The property offices of the compounds of the first community.
pub async fn offices(target: &Target<'_>, land: &District, cast: &Cast, ids: &Ids) -> Result<Vec<Office>> {
    let paths: Vec<String> = land.communities[0].compounds.iter().map(|compound| compound.path.clone()).collect();
    let mut connection = target.pool.acquire().await?;
    let places = store::place::by_paths(&mut connection, target.district_id, &paths).await?;
    let mut managers: HashMap<String, Caller> = HashMap::new();
    for (path, _, caller) in ids.callers(target.district_id, cast, Role::PropertyManager)? {
        managers.insert(path, caller);
    }
    let office =
        |(path, compound_id, _): (String, Uuid, i16)| Some(Office { manager: managers.remove(&path)?, compound_id });
    Ok(places.into_iter().filter_map(office).collect())
}
