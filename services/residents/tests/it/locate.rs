use chassis::geo;
use proto::residents::v1::{LocatePlaceRequest, LocatedPlace, location::Crs, place_service_server::PlaceService};
use residents::import::{self, PlaceRow};
use tonic::Status;

use crate::harness::{Town, field, reason};

/// In the first compound, 60 m from its western edge.
const POINT: (f64, f64) = (130.2813, 47.342);

async fn locate(town: &Town, point: (f64, f64), crs: Crs) -> Result<LocatedPlace, Status> {
    let asked = LocatePlaceRequest { lng: Some(point.0), lat: Some(point.1), crs: crs.into(), accuracy_m: Some(20.0) };
    town.rpc.locate_place(town.as_admin(asked).await).await.map(tonic::Response::into_inner)
}

fn name(place: Option<proto::residents::v1::Place>) -> String {
    place.map(|place| place.name).unwrap_or_default()
}

#[tokio::test]
async fn both_coordinate_systems_find_the_same_compound() {
    let town = Town::new().await;
    town.build_places().await;
    let receiver = geo::gcj02_to_wgs84(POINT);
    assert!(geo::distance_m(receiver, POINT) > 600.0);
    for (point, crs) in [(POINT, Crs::Gcj02), (receiver, Crs::Wgs84)] {
        let located = locate(&town, point, crs).await.unwrap();
        assert_eq!(located.nearest[0].distance_m, 0.0);
        let found = [located.place, located.compound, located.community, located.subdistrict].map(name);
        assert_eq!(found, ["一号小区", "一号小区", "松鹤社区", "向阳街道"]);
        assert_eq!(name(located.nearest[1].place.clone()), "二号小区");
    }
    // the same numbers taken for the other system lie hundreds of metres away
    let mistaken = locate(&town, POINT, Crs::Wgs84).await;
    assert!(mistaken.map_or(true, |located| name(located.compound) != "一号小区"));
}

#[tokio::test]
async fn a_road_lies_in_the_community_and_in_no_compound() {
    let town = Town::new().await;
    town.build_places().await;
    let located = locate(&town, (130.29, 47.342), Crs::Gcj02).await.unwrap();
    assert!(located.compound.is_none());
    assert_eq!(name(located.place), "松鹤社区");
    let metres: Vec<i64> = located.nearest.iter().map(|near| near.distance_m.round() as i64).collect();
    assert_eq!(metres, [38, 38]);
}

#[tokio::test]
async fn what_cannot_be_located_is_refused_by_name() {
    let town = Town::new().await;
    town.build_places().await;
    assert_eq!(reason(&locate(&town, (130.4, 47.342), Crs::Gcj02).await.unwrap_err()), "OUTSIDE_DISTRICT");
    let refused = locate(&town, POINT, Crs::Unspecified).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("COORDINATE_SYSTEM_REQUIRED", "crs"));
    for (point, wrong) in [((47.34, 130.29), "lng"), ((130.29, 90.0), "lat"), ((f64::NAN, 47.0), "lng")] {
        assert_eq!(field(&locate(&town, point, Crs::Gcj02).await.unwrap_err()), wrong);
    }
    let nothing = LocatePlaceRequest { crs: Crs::Gcj02.into(), ..LocatePlaceRequest::default() };
    let refused = town.rpc.locate_place(town.as_admin(nothing).await).await.unwrap_err();
    assert_eq!(field(&refused), "lng");
}

#[tokio::test]
async fn a_moved_boundary_counts_at_once() {
    let town = Town::new().await;
    town.build_places().await;
    assert_eq!(name(locate(&town, POINT, Crs::Gcj02).await.unwrap().compound), "一号小区");
    let moved = PlaceRow {
        line: 1,
        path: "gn.xy.sh.1".into(),
        name: "一号小区".into(),
        level: "小区".into(),
        boundary: "130.285 47.34;130.2895 47.34;130.2895 47.344".into(),
    };
    assert_eq!(import::places(&town.target(), &[moved]).await.unwrap(), []);
    assert_eq!(name(locate(&town, POINT, Crs::Gcj02).await.unwrap().place), "松鹤社区");
}
