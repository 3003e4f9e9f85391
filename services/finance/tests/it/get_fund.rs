use proto::{
    api::v1::post::{Level, Role},
    finance::v1::fund_entry::Kind,
};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{ANOTHER, COMPOUND, World, reason};

#[tokio::test]
async fn residents_and_those_who_manage_or_oversee_read_the_fund() {
    let world = World::new().await;
    world.record(world.entry(Kind::Income, "REPAIR", 700)).await.unwrap();
    world.record(world.entry(Kind::Income, "LIVELIHOOD", 300)).await.unwrap();
    let home = format!("{COMPOUND}.03.2.301");
    for post in [
        (Role::Resident, home.as_str(), Level::Household),
        (Role::PropertyManager, COMPOUND, Level::Compound),
        (Role::PropertyManager, "gn.xy.sh", Level::Community),
        (Role::DistrictAdmin, "gn", Level::District),
        (Role::Auditor, "gn", Level::District),
    ] {
        let fund = world.read(world.district, post, world.place).await.unwrap();
        assert_eq!((fund.balance_fen, fund.place_name.as_str()), (1000, "小区 gn.xy.sh.01"));
        let held: Vec<_> = fund.purposes.iter().map(|held| (held.purpose.as_str(), held.balance_fen)).collect();
        assert_eq!(held, [("LIVELIHOOD", 300), ("REPAIR", 700)]);
    }
}

#[tokio::test]
async fn a_resident_of_another_compound_is_refused() {
    let world = World::new().await;
    let home = format!("{ANOTHER}.03.2.301");
    for post in [(Role::Resident, home.as_str(), Level::Household), (Role::PropertyManager, ANOTHER, Level::Compound)] {
        let refusal = world.read(world.district, post, world.place).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "PLACE_NOT_ALLOWED"));
    }
}

#[tokio::test]
async fn a_fund_of_another_district_and_a_place_without_a_fund_do_not_exist() {
    let world = World::new().await;
    let post = (Role::Auditor, "gn", Level::District);
    let community =
        sqlx::query_scalar::<_, i64>("select count(*) from finance.fund").fetch_one(&world.pool).await.unwrap();
    assert_eq!(community, 2);
    for (district, place) in [(Uuid::now_v7(), world.place), (world.district, Uuid::now_v7())] {
        let refusal = world.read(district, post, place).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "FUND_NOT_FOUND"));
    }
}
