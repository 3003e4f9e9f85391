use proto::{
    api::v1::post::Level,
    residents::v1::{
        ListDepartmentsRequest, ListPlacesRequest, ListPlacesResponse, department_service_server::DepartmentService,
        place_service_server::PlaceService,
    },
};
use residents::import::{self, PlaceRow};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{Town, field, reason};

async fn list(town: &Town, parent_id: &str, page_size: i32, page_token: &str) -> Result<ListPlacesResponse, Status> {
    let (parent_id, page_token) = (parent_id.to_owned(), page_token.to_owned());
    let request = town.as_admin(ListPlacesRequest { parent_id, page_size, page_token }).await;
    town.rpc.list_places(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn the_tree_is_read_from_the_district_down() {
    let town = Town::new().await;
    town.build_places().await;
    let mut parent = String::new();
    let mut names = Vec::new();
    while let Some(place) = list(&town, &parent, 0, "").await.unwrap().places.first().cloned() {
        names.push((place.full_name, place.level));
        parent = place.place_id;
    }
    let level = |level: Level| i32::from(level);
    let expected = [
        ("工农区", level(Level::District)),
        ("向阳街道", level(Level::Subdistrict)),
        ("向阳街道 松鹤社区", level(Level::Community)),
        ("向阳街道 松鹤社区 一号小区", level(Level::Compound)),
        ("向阳街道 松鹤社区 一号小区 12 栋", level(Level::Building)),
    ];
    assert_eq!(names.iter().map(|(name, level)| (name.as_str(), *level)).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn pages_give_every_child_once_in_order() {
    let town = Town::new().await;
    let row = |number: usize| PlaceRow {
        line: number,
        path: format!("gn.{number:03}"),
        name: format!("{number} 街道"),
        level: "街道".into(),
        boundary: String::new(),
    };
    let rows: Vec<PlaceRow> = (0..107).map(row).collect();
    assert_eq!(import::places(&town.target(), &rows).await.unwrap(), []);
    let (root, mut token, mut paths) = (town.place_id("gn").await, String::new(), Vec::new());
    loop {
        let page = list(&town, &root, 25, &token).await.unwrap();
        paths.extend(page.places.into_iter().map(|place| place.path));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paths, rows.into_iter().map(|row| row.path).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_place_of_another_district_does_not_exist() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let statement = "select place_id from residents.place where district_id = $1";
    let foreign: Uuid = sqlx::query_scalar(statement).bind(other).fetch_one(town.pool()).await.unwrap();
    for parent in [foreign.to_string(), Uuid::now_v7().to_string()] {
        let refused = list(&town, &parent, 0, "").await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("PLACE_NOT_FOUND", "parent_id"));
    }
    assert_eq!(reason(&list(&town, &town.place_id("gn").await, 0, "x").await.unwrap_err()), "PAGE_TOKEN_INVALID");
    let (nul, root) = (chassis::paging::encode(&"gn\0"), town.place_id("gn").await);
    assert_eq!(reason(&list(&town, &root, 0, &nul).await.unwrap_err()), "PAGE_TOKEN_INVALID");
    let asked = ListDepartmentsRequest { page_token: nul, ..ListDepartmentsRequest::default() };
    let refused = town.rpc.list_departments(town.as_admin(asked).await).await.unwrap_err();
    assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
}
