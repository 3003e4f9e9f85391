use proto::{
    api::v1::post::Role,
    residents::v1::{ListSandboxPeopleRequest, sandbox_service_server::SandboxService},
};
use residents::import::{self, PersonRow, PostRow};
use tonic::{Code, Request};

use crate::harness::{Town, phone};

#[tokio::test]
async fn people_are_listed_with_a_phone_and_a_point_in_their_area() {
    let town = Town::new().await;
    town.build_places().await;
    let phone = phone();
    let person = PersonRow { line: 1, phone: phone.clone(), name: "孙住户".into() };
    import::people(&town.target(), &[person]).await.unwrap();
    let post = |role: &str, path: &str| PostRow {
        line: 1,
        phone: phone.clone(),
        role: role.into(),
        place_path: path.into(),
        ..PostRow::default()
    };
    let posts = [post("resident", "gn.xy.sh.1.12"), post("liaison", "gn.xy")];
    assert_eq!(import::posts(&town.target(), &posts).await.unwrap(), []);
    let answer = town.rpc.list_sandbox_people(Request::new(ListSandboxPeopleRequest { per_role: 0 })).await.unwrap();
    let people = answer.into_inner().people;
    let roles: Vec<Role> = people.iter().map(|person| person.role()).collect();
    assert_eq!(roles, [Role::DistrictAdmin, Role::Liaison, Role::Resident]);
    for person in &people[1..] {
        let point = person.location.clone().unwrap();
        assert_eq!((person.phone.as_str(), point.crs.as_str()), (phone.as_str(), "GCJ02"));
        assert!((130.2805..=130.2895).contains(&point.lng) && (47.34..=47.344).contains(&point.lat), "{point:?}");
    }
}

#[tokio::test]
async fn outside_a_sandbox_nobody_is_listed() {
    let town = Town::with_sandbox(false).await;
    let asked = Request::new(ListSandboxPeopleRequest { per_role: 0 });
    assert_eq!(town.rpc.list_sandbox_people(asked).await.unwrap_err().code(), Code::PermissionDenied);
}
