//! Prizes that lie at several pick-up points, and when those are open.
use futures::future::join_all;
use incentives::ledger::reconcile;
use proto::incentives::v1::{
    ListPickUpPointsRequest, OpeningTimes, PickUpPoint, Prize, PutPickUpPointRequest, RecordStockTakeRequest,
    RedeemRequest, Redemption, StockTake, SupplyPointRequest,
    opening_times::{Day, Weekly},
    prize_service_server::PrizeService,
    redemption_service_server::RedemptionService,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    hand_over::hand_over,
    harness::{COMMUNITY, ELSEWHERE, PICKUP, World, fact, field, reason},
};

pub async fn place(world: &World, path: &str) -> Uuid {
    let id = sqlx::query_scalar("select place_id from incentives.place where path = $1 and district_id = $2");
    id.bind(path).bind(world.district).fetch_one(&world.pool).await.unwrap()
}

pub async fn supply(world: &World, prize: Uuid, place: Uuid, supplied: i64) -> Result<Prize, Status> {
    let request =
        SupplyPointRequest { prize_id: prize.to_string(), place_id: place.to_string(), supplied: Some(supplied) };
    let request = world.admin(Uuid::now_v7(), "PrizeService/SupplyPoint", request);
    world.prizes().supply_point(request).await.map(tonic::Response::into_inner)
}

async fn redeem(
    world: &World,
    (person, id): (Uuid, Uuid),
    prize: Uuid,
    place: Option<Uuid>,
) -> Result<Redemption, Status> {
    let (redemption_id, prize_id) = (id.to_string(), prize.to_string());
    let pickup_place_id = place.map(|place| place.to_string());
    let request = RedeemRequest { redemption_id, prize_id, quantity: 1, pickup_place_id };
    let request = world.ask(person, "RedemptionService/Redeem", request);
    world.redemptions().redeem(request).await.map(tonic::Response::into_inner)
}

async fn count(world: &World, at: &str, prize: Uuid, place: Option<Uuid>, counted: i64) -> Result<StockTake, Status> {
    let (stock_take_id, prize_id) = (Uuid::now_v7().to_string(), prize.to_string());
    let place_id = place.map(|place| place.to_string());
    let request = RecordStockTakeRequest { prize_id, stock_take_id, counted, place_id, ..Default::default() };
    let request = world.worker(Uuid::now_v7(), at, "PrizeService/RecordStockTake", request);
    world.prizes().record_stock_take(request).await.map(tonic::Response::into_inner)
}

/// What is left at each point, the first one first.
async fn left(world: &World, prize: Uuid) -> Vec<i64> {
    let stock = sqlx::query_scalar(
        "select s.stock from incentives.prize_point s join incentives.prize p using (district_id, prize_id)
         where s.prize_id = $1 order by s.place_id <> p.pickup_place_id",
    );
    stock.bind(prize).fetch_all(&world.pool).await.unwrap()
}

/// A prize with two pieces at the first point and one at the second, and the places of both.
async fn two_points(world: &World) -> (Uuid, Uuid, Uuid) {
    let (first, second) = (place(world, PICKUP).await, place(world, ELSEWHERE).await);
    let prize = world.prize("大米", 10, 2).await;
    let shown = supply(world, prize, second, 1).await.unwrap();
    let shelves: Vec<_> =
        shown.pickup_points.iter().map(|shelf| (shelf.point.as_ref().unwrap().place_id.clone(), shelf.stock)).collect();
    assert_eq!(shelves, [(first.to_string(), 2), (second.to_string(), 1)]);
    assert_eq!((shown.stock, shown.pickup_place_id), (3, first.to_string()));
    (prize, first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_piece_of_a_point_goes_to_one_though_there_are_more_elsewhere() {
    let world = World::new().await;
    let (prize, _, second) = two_points(&world).await;
    let people: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
    for person in &people {
        world.earn(*person, 10).await;
    }
    let wanted = people.iter().map(|person| redeem(&world, (*person, Uuid::now_v7()), prize, Some(second)));
    let (done, refused): (Vec<_>, Vec<_>) = join_all(wanted).await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for refusal in refused {
        let refusal = refusal.unwrap_err();
        assert_eq!((reason(&refusal).as_str(), fact(&refusal, "stock").as_str()), ("OUT_OF_STOCK", "0"));
    }
    assert_eq!(left(&world, prize).await, [2, 0]);
    let person = Uuid::now_v7();
    let unclear = redeem(&world, (person, Uuid::now_v7()), prize, None).await.unwrap_err();
    assert_eq!(field(&unclear), "pickup_place_id");
    let nowhere = redeem(&world, (person, Uuid::now_v7()), prize, Some(Uuid::now_v7())).await.unwrap_err();
    assert_eq!(field(&nowhere), "pickup_place_id");
    audit(&world.pool).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_reserved_at_a_point_is_handed_over_and_given_back_there() {
    let world = World::new().await;
    let (prize, first, second) = two_points(&world).await;
    let person = Uuid::now_v7();
    world.earn(person, 40).await;
    let id = Uuid::now_v7();
    let there = redeem(&world, (person, id), prize, Some(second)).await.unwrap();
    assert_eq!(there.pickup_place_name, ELSEWHERE);
    // the same again is the same; the same id at another point is not
    assert_eq!(redeem(&world, (person, id), prize, Some(second)).await.unwrap(), there);
    assert_eq!(reason(&redeem(&world, (person, id), prize, Some(first)).await.unwrap_err()), "ID_REUSED");
    assert_eq!(left(&world, prize).await, [2, 0]);
    let worker = Uuid::now_v7();
    let refused = hand_over(&world, worker, COMMUNITY, &there.code).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_YOUR_PICKUP_POINT");
    cancel(&world, person, id).await.unwrap();
    assert_eq!(left(&world, prize).await, [2, 1]);
    let again = redeem(&world, (person, Uuid::now_v7()), prize, Some(second)).await.unwrap();
    hand_over(&world, worker, ELSEWHERE, &again.code).await.unwrap();
    redeem(&world, (person, Uuid::now_v7()), prize, Some(first)).await.unwrap();
    assert_eq!(left(&world, prize).await, [1, 0]);
    world.state.clock.advance(chrono::TimeDelta::hours(73));
    incentives::sweep::sweep(&world.state).await.unwrap();
    assert_eq!(left(&world, prize).await, [2, 0]);
    audit(&world.pool).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
}

#[tokio::test]
async fn each_point_is_counted_and_supplied_by_itself() {
    let world = World::new().await;
    let (prize, first, second) = two_points(&world).await;
    let person = Uuid::now_v7();
    world.earn(person, 10).await;
    redeem(&world, (person, Uuid::now_v7()), prize, Some(second)).await.unwrap();
    assert_eq!(reason(&count(&world, COMMUNITY, prize, Some(second), 1).await.unwrap_err()), "NOT_YOUR_PICKUP_POINT");
    let fewer = count(&world, ELSEWHERE, prize, Some(second), 0).await.unwrap_err();
    assert_eq!((reason(&fewer).as_str(), fact(&fewer, "reserved").as_str()), ("STOCK_BELOW_RESERVED", "1"));
    let taken = count(&world, ELSEWHERE, prize, Some(second), 4).await.unwrap();
    assert_eq!((taken.expected, taken.difference), (1, 3));
    assert_eq!(count(&world, COMMUNITY, prize, None, 1).await.unwrap().difference, -1);
    assert_eq!(left(&world, prize).await, [1, 3]);
    // the count stays when more is brought, and the same figure brings nothing
    for _ in 0..2 {
        supply(&world, prize, second, 6).await.unwrap();
        assert_eq!(supply(&world, prize, first, 5).await.unwrap().stock, 12);
        assert_eq!(left(&world, prize).await, [4, 8]);
    }
    let gone = supply(&world, prize, first, 0).await.unwrap_err();
    assert_eq!(reason(&gone), "STOCK_BELOW_RESERVED");
    let left_out = SupplyPointRequest { prize_id: prize.to_string(), place_id: second.to_string(), supplied: None };
    let left_out = world.admin(Uuid::now_v7(), "PrizeService/SupplyPoint", left_out);
    assert_eq!(crate::harness::field(&world.prizes().supply_point(left_out).await.unwrap_err()), "supplied");
    assert_eq!(left(&world, prize).await, [4, 8], "no figure takes nothing away");
    let nowhere = supply(&world, prize, Uuid::now_v7(), 5).await.unwrap_err();
    assert_eq!(reason(&nowhere), "PLACE_NOT_FOUND");
    assert_eq!(reason(&supply(&world, Uuid::now_v7(), first, 5).await.unwrap_err()), "PRIZE_NOT_FOUND");
    let voucher = world.voucher("早餐券", 3).await;
    assert_eq!(reason(&supply(&world, voucher, first, 5).await.unwrap_err()), "VOUCHER_NOT_COUNTED");
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_was_named_by_mistake_is_none_any_more_when_nothing_was_brought_there() {
    let world = World::new().await;
    let (prize, elsewhere) = (world.prize("大米", 10, 2).await, place(&world, ELSEWHERE).await);
    let person = Uuid::now_v7();
    world.earn(person, 10).await;
    assert_eq!(supply(&world, prize, elsewhere, 5).await.unwrap().pickup_points.len(), 2);
    let unclear = redeem(&world, (person, Uuid::now_v7()), prize, None).await.unwrap_err();
    assert_eq!(crate::harness::field(&unclear), "pickup_place_id");
    for _ in 0..2 {
        let shown = supply(&world, prize, elsewhere, 0).await.unwrap();
        assert_eq!((shown.stock, shown.pickup_points.len()), (2, 1));
    }
    redeem(&world, (person, Uuid::now_v7()), prize, None).await.unwrap();
    assert_eq!(left(&world, prize).await, [1, 0]);
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
}

pub async fn put(world: &World, change: impl FnOnce(&mut PutPickUpPointRequest)) -> Result<PickUpPoint, Status> {
    let weekly = |weekday| Weekly { weekday, from: "9:00".into(), to: "18:00".into() };
    let mut request = PutPickUpPointRequest {
        place_id: place(world, PICKUP).await.to_string(),
        name: "上海嘉园服务站".into(),
        address: "向阳路 5 号".into(),
        phone: "0454-123456".into(),
        lng: Some(130.2985),
        lat: Some(47.3502),
        opening: Some(OpeningTimes { week: (1..=5).map(weekly).collect(), days: vec![] }),
    };
    change(&mut request);
    let request = world.admin(Uuid::now_v7(), "PrizeService/PutPickUpPoint", request);
    world.prizes().put_pick_up_point(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn people_see_whether_a_point_is_open() {
    let world = World::new().await;
    let prize = world.prize("大米", 10, 2).await;
    let list = async || {
        let request = world.ask(Uuid::now_v7(), "PrizeService/ListPickUpPoints", ListPickUpPointsRequest::default());
        world.prizes().list_pick_up_points(request).await.unwrap().into_inner().pickup_points
    };
    let [before] = list().await.try_into().unwrap();
    assert_eq!((before.name.as_str(), before.open_now, before.opening_text.as_str()), (PICKUP, None, ""));
    // a Tuesday, 4 o'clock
    let shown = put(&world, |_| ()).await.unwrap();
    assert_eq!((shown.name.as_str(), shown.opening_text.as_str()), ("上海嘉园服务站", "周一至周五 9:00–18:00"));
    let at = |hours| Some(chassis::clock::timestamp(world.now() + chrono::TimeDelta::hours(hours)));
    assert_eq!((shown.open_now, shown.open_until, shown.opens_at), (Some(false), None, at(5)));
    let closed = Day { date: "2026-11-24".into(), hours: vec![], note: "盘库".into() };
    let shown = put(&world, |edit| edit.opening.as_mut().unwrap().days.push(closed)).await.unwrap();
    assert_eq!((shown.open_now, shown.opens_at), (Some(false), at(29)));
    world.state.clock.advance(chrono::TimeDelta::hours(30));
    let [now] = list().await.try_into().unwrap();
    assert_eq!(
        (now.open_now, now.open_until, now.opens_at),
        (Some(true), Some(chassis::clock::timestamp(world.now() + chrono::TimeDelta::hours(8))), None)
    );
    let shown = supply(&world, prize, place(&world, PICKUP).await, 2).await.unwrap();
    assert_eq!(shown.pickup_hours, "周一至周五 9:00–18:00");
    assert_eq!(shown.pickup_points[0].point.as_ref(), Some(&now));
}

#[tokio::test]
async fn what_cannot_be_said_of_a_point_is_refused() {
    let world = World::new().await;
    let field_of = async |change: fn(&mut PutPickUpPointRequest)| field(&put(&world, change).await.unwrap_err());
    assert_eq!(field_of(|edit| edit.name = String::new()).await, "name");
    assert_eq!(field_of(|edit| edit.phone = "电话".into()).await, "phone");
    assert_eq!(field_of(|edit| edit.name = "服务\u{202e}站".into()).await, "name");
    assert_eq!(field_of(|edit| edit.address = "一层\u{7}".into()).await, "address");
    let home = Uuid::now_v7();
    let household =
        "insert into incentives.place (district_id, place_id, path, name) values ($1, $2, 'gn.xy.sh.03.101', '101')";
    sqlx::query(household).bind(world.district).bind(home).execute(&world.pool).await.unwrap();
    let somebodys = put(&world, |edit| edit.place_id = home.to_string()).await.unwrap_err();
    assert_eq!(field(&somebodys), "place_id");
    let prize = world.prize("大米", 10, 2).await;
    assert_eq!(field(&supply(&world, prize, home, 5).await.unwrap_err()), "place_id");
    assert_eq!(field_of(|edit| edit.lat = None).await, "lng");
    assert_eq!(field_of(|edit| edit.opening.as_mut().unwrap().week[1].from = "9".into()).await, "opening.week[1].from");
    assert_eq!(field_of(|edit| edit.opening.as_mut().unwrap().week[1].weekday = 1).await, "opening.week");
    let nowhere = put(&world, |edit| edit.place_id = Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!(reason(&nowhere), "PLACE_NOT_FOUND");
}
