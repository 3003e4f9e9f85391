use chassis::clock::timestamp;
use chrono::TimeDelta;
use incentives::ledger::{chain, reconcile};
use proto::incentives::v1::{
    EstimatePointsRequest, GetPointsRequest, GetStatementRequest, Points, points_service_server::PointsService,
};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{World, field};

async fn points(world: &World, person: Uuid, request: GetPointsRequest) -> Result<Points, Status> {
    let request = world.ask(person, "PointsService/GetPoints", request);
    Ok(world.points().get_points(request).await?.into_inner())
}

#[tokio::test]
async fn a_balance_is_known_as_of_any_time() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    let before = world.now();
    world.state.clock.advance(TimeDelta::minutes(10));
    world.earn(person, 30).await;
    let between = world.now();
    world.state.clock.advance(TimeDelta::minutes(10));
    world.earn(person, 12).await;
    let as_of = |at| GetPointsRequest { as_of: Some(timestamp(at)) };
    for (at, available) in [(before, 0), (between, 30), (world.now(), 42)] {
        assert_eq!(points(&world, person, as_of(at)).await.unwrap().available, available, "{at}");
    }
    assert_eq!(points(&world, person, GetPointsRequest::default()).await.unwrap().available, 42);
    let future = points(&world, person, as_of(world.now() + TimeDelta::minutes(1))).await.unwrap_err();
    assert_eq!(field(&future), "as_of");
}

#[tokio::test]
async fn a_changed_transfer_breaks_the_chain_and_a_changed_balance_is_named() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 30).await;
    world.earn(person, 12).await;
    let pool = &world.state.pool;
    let chain = chain(pool);
    let many: i64 = sqlx::query_scalar("select count(*) from incentives.transfer").fetch_one(pool).await.unwrap();
    let sealed = async {
        let mut sealed = 0;
        while sealed < usize::try_from(many).unwrap() {
            sealed += chain.seal(world.now()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.expect("everything is sealed");
    let whole = chain.verify(|_| {}).await.unwrap();
    assert_eq!((whole.rows, whole.unsealed, whole.broken), (many, 0, None));
    assert_eq!(reconcile(pool).await.unwrap(), []);
    sqlx::query("update incentives.account set posted = posted + 5 where purpose = 'AVAILABLE'")
        .execute(pool)
        .await
        .unwrap();
    let found = reconcile(pool).await.unwrap();
    // it differs from its transfers and from its lots
    assert_eq!(found.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["AVAILABLE", "LOTS"]);
    assert_eq!((found[0].subject_id, found[0].kept.as_str(), found[0].told.as_str()), (person, "47", "42"));
    sqlx::query("alter table incentives.transfer disable trigger user").execute(pool).await.unwrap();
    sqlx::query("update incentives.transfer set amount = amount + 1 where kind = 'AWARD'").execute(pool).await.unwrap();
    let broken = chain.verify(|_| {}).await.unwrap().broken.expect("it is found");
    assert!(broken.starts_with("seal 1 over"), "{broken}");
}

#[tokio::test]
async fn a_courier_is_told_what_a_report_brings_and_what_the_next_prize_lacks() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 30).await;
    world.prize("手套", 20, 5).await;
    world.prize("大米 5 kg", 70, 5).await;
    world.prize("充电宝", 50, 0).await;
    let withdrawn = world.prize("雨伞", 40, 5).await;
    offer(&world, withdrawn, false).await;
    let request = EstimatePointsRequest { category_code: "10001".into(), ..Default::default() };
    let request = world.ask(person, "PointsService/EstimatePoints", request);
    let told = world.points().estimate_points(request).await.unwrap().into_inner();
    assert_eq!((told.report, told.co_report, told.missing, told.next_prize_points), (10, 5, 40, 70));
    assert_eq!(told.text, "这次上报预计 +10 分，再有 40 分可兑换大米 5 kg");
    offer(&world, withdrawn, true).await;
    let request = EstimatePointsRequest { category_code: "10001".into(), ..Default::default() };
    let request = world.ask(person, "PointsService/EstimatePoints", request);
    let told = world.points().estimate_points(request).await.unwrap().into_inner();
    assert_eq!(
        (told.missing, told.next_prize_name.as_str(), told.next_prize_id),
        (10, "雨伞", Some(withdrawn.to_string()))
    );
}

/// Takes a prize out of the offer, or puts it back.
async fn offer(world: &World, prize: Uuid, active: bool) {
    let statement = "update incentives.prize set active = $3 where district_id = $1 and prize_id = $2";
    let query = sqlx::query(statement).bind(world.district).bind(prize).bind(active);
    assert_eq!(query.execute(&world.pool).await.unwrap().rows_affected(), 1);
}

#[tokio::test]
async fn a_month_is_told_as_a_statement_that_adds_up() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 30).await;
    world.state.clock.advance(TimeDelta::days(10));
    let prize = world.prize("手套", 20, 5).await;
    crate::redeem::redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    world.earn(person, 12).await;
    let get = async |month: &str| {
        let request = GetStatementRequest { month: month.to_owned() };
        let request = world.ask(person, "PointsService/GetStatement", request);
        world.points().get_statement(request).await.map(tonic::Response::into_inner)
    };
    let told = get("2026-11").await.unwrap();
    assert_eq!((told.opening, told.closing), (0, 30));
    assert_eq!(told.share_text, "11月我上报的1件问题已办结，获得30积分，全区第1名。和美家园，随手拍，一起让家园更好。");
    let told = get("").await.unwrap();
    assert_eq!((told.month.as_str(), told.opening, told.closing), ("2026-12", 30, 22));
    let lines: Vec<_> = told.lines.iter().map(|line| (line.kind.as_str(), line.entries, line.points)).collect();
    assert_eq!(lines, [("ACTIVATE", 1, 12), ("RESERVE", 1, -20)]);
    assert_eq!(field(&get("2027-01").await.unwrap_err()), "month");
}
