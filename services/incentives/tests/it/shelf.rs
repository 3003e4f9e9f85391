use proto::incentives::v1::{
    ListPrizesRequest, Prize, PutPrizeRequest, RecordStockTakeRequest, Redemption, StockTake, TakeBackRequest,
    prize_service_server::PrizeService, put_prize_request::PhotoList, redemption::State,
    redemption_service_server::RedemptionService,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    awards::held,
    hand_over::{hand_over, reserved},
    harness::{COMMUNITY, ELSEWHERE, World, fact, field, reason},
    redeem::{redeem, stock},
};

pub async fn put(
    world: &World,
    by: Uuid,
    prize: Uuid,
    change: impl FnOnce(&mut PutPrizeRequest),
) -> Result<Prize, Status> {
    let (prize_id, pickup_hours) = (prize.to_string(), "周一至周五 9:00–17:00".to_owned());
    let mut request =
        PutPrizeRequest { prize_id, points: 10, hold_hours: 72, pickup_hours, active: true, ..Default::default() };
    change(&mut request);
    Ok(world.prizes().put_prize(world.admin(by, "PrizeService/PutPrize", request)).await?.into_inner())
}

pub async fn count(world: &World, by: Uuid, place: &str, ids: (Uuid, Uuid), counted: i64) -> Result<StockTake, Status> {
    let (stock_take_id, prize_id) = (ids.0.to_string(), ids.1.to_string());
    let request =
        RecordStockTakeRequest { prize_id, stock_take_id, counted, note: "月末盘点".into(), ..Default::default() };
    let request = world.worker(by, place, "PrizeService/RecordStockTake", request);
    Ok(world.prizes().record_stock_take(request).await?.into_inner())
}

pub async fn take_back(world: &World, by: Uuid, place: &str, id: &str, restock: bool) -> Result<Redemption, Status> {
    let request = TakeBackRequest { redemption_id: id.to_owned(), restock, reason: "拉链坏了".into() };
    let request = world.worker(by, place, "RedemptionService/TakeBack", request);
    Ok(world.redemptions().take_back(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_a_month_holds_also_for_many_at_once() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    world.earn(person, 200).await;
    let prize = world.prize("大米", 10, 50).await;
    put(&world, admin, prize, |edit| edit.per_person_month = 3).await.unwrap();
    let wanted = (0..10).map(|_| redeem(&world, person, Uuid::now_v7(), prize, 1));
    let answers = futures::future::join_all(wanted).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 3);
    for refusal in refused {
        let refusal = refusal.unwrap_err();
        assert_eq!((reason(&refusal).as_str(), fact(&refusal, "limit").as_str()), ("PRIZE_LIMIT", "3"));
    }
    let cancelled = done.into_iter().next().unwrap().unwrap().redemption_id.parse().unwrap();
    crate::cancel::cancel(&world, person, cancelled).await.unwrap();
    redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    world.state.clock.advance(chrono::TimeDelta::days(10));
    redeem(&world, person, Uuid::now_v7(), prize, 3).await.unwrap();
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_prize_shows_its_photo_and_hours_until_it_is_taken_off() {
    let world = World::new().await;
    let [admin, other] = [(); 2].map(|()| Uuid::now_v7());
    let prize = world.prize("大米", 10, 50).await;
    let photo = world.state.media.mint(world.district, admin, world.now());
    let shown = put(&world, admin, prize, |edit| edit.photo_media_id = Some(photo.to_string())).await.unwrap();
    assert!(shown.photo_url.contains(&photo.to_string()), "{}", shown.photo_url);
    // left out, it stays
    let shown = put(&world, other, prize, |edit| edit.points = 12).await.unwrap();
    assert_eq!(
        (shown.photo_url.is_empty(), shown.points, shown.pickup_hours.as_str()),
        (false, 12, "周一至周五 9:00–17:00")
    );
    let unknown = world.state.media.mint(world.district, admin, world.now()).to_string();
    let theirs = put(&world, other, prize, |edit| edit.photo_media_id = Some(unknown)).await.unwrap_err();
    assert_eq!(field(&theirs), "photos");
    // more photos in an order, of which it keeps what it has
    let second = world.state.media.mint(world.district, other, world.now());
    let list = |ids: &[Uuid]| Some(PhotoList { media_ids: ids.iter().map(Uuid::to_string).collect() });
    for order in [[second, photo], [photo, second]] {
        let shown = put(&world, other, prize, |edit| edit.photos = list(&order)).await.unwrap();
        let ids: Vec<_> = shown.photos.iter().map(|photo| photo.media_id.parse::<Uuid>().unwrap()).collect();
        assert_eq!((ids, shown.photo_url), (order.to_vec(), shown.photos[0].url.clone()));
    }
    assert_eq!(
        field(&put(&world, other, prize, |edit| edit.photos = list(&[photo, photo])).await.unwrap_err()),
        "photos"
    );
    assert_eq!(put(&world, other, prize, |edit| edit.photos = list(&[])).await.unwrap().photo_url, "");
    assert_eq!(reason(&put(&world, admin, Uuid::now_v7(), |_| {}).await.unwrap_err()), "PRIZE_NOT_FOUND");
    assert_eq!(field(&put(&world, admin, prize, |edit| edit.points = 0).await.unwrap_err()), "points");
    assert_eq!(
        field(&put(&world, admin, prize, |edit| edit.per_person_month = 100).await.unwrap_err()),
        "per_person_month"
    );
    put(&world, admin, prize, |edit| edit.active = false).await.unwrap();
    let request = world.ask(other, "PrizeService/ListPrizes", ListPrizesRequest::default());
    assert_eq!(world.prizes().list_prizes(request).await.unwrap().into_inner().prizes, []);
    assert_eq!(reason(&redeem(&world, other, Uuid::now_v7(), prize, 1).await.unwrap_err()), "PRIZE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_the_stock_and_the_difference_is_kept() {
    let world = World::new().await;
    let (prize, _, _) = reserved(&world).await;
    let [worker, id] = [(); 2].map(|()| Uuid::now_v7());
    let before = stock(&world, prize).await;
    let counts = (0..6).map(|_| count(&world, worker, COMMUNITY, (id, prize), before - 1));
    for taken in futures::future::join_all(counts).await {
        let taken = taken.unwrap();
        assert_eq!((taken.expected, taken.difference), (before + 1, -2));
    }
    assert_eq!(stock(&world, prize).await, before - 2);
    assert_eq!(reason(&count(&world, worker, COMMUNITY, (id, prize), 9).await.unwrap_err()), "ID_REUSED");
    let fewer = count(&world, worker, COMMUNITY, (Uuid::now_v7(), prize), 0).await.unwrap_err();
    assert_eq!((reason(&fewer).as_str(), fact(&fewer, "reserved").as_str()), ("STOCK_BELOW_RESERVED", "1"));
    let elsewhere = count(&world, worker, ELSEWHERE, (Uuid::now_v7(), prize), 9).await.unwrap_err();
    assert_eq!(reason(&elsewhere), "NOT_YOUR_PICKUP_POINT");
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prize_comes_back_once_and_its_points_with_it() {
    for restock in [true, false] {
        let world = World::new().await;
        let (prize, person, redemption) = reserved(&world).await;
        let worker = Uuid::now_v7();
        let id = redemption.redemption_id.as_str();
        let early = take_back(&world, worker, COMMUNITY, id, restock).await.unwrap_err();
        assert_eq!((reason(&early).as_str(), fact(&early, "state").as_str()), ("REDEMPTION_ENDED", "RESERVED"));
        hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap();
        let before = (stock(&world, prize).await, held(&world, person).await);
        assert_eq!(
            reason(&take_back(&world, worker, ELSEWHERE, id, restock).await.unwrap_err()),
            "NOT_YOUR_PICKUP_POINT"
        );
        assert_eq!(reason(&take_back(&world, person, COMMUNITY, id, restock).await.unwrap_err()), "OWN_REDEMPTION");
        let taken = (0..5).map(|_| take_back(&world, worker, COMMUNITY, id, restock));
        for taken in futures::future::join_all(taken).await {
            assert_eq!(taken.unwrap().state(), State::Returned);
        }
        for other in [
            take_back(&world, worker, COMMUNITY, id, !restock).await,
            take_back(&world, Uuid::now_v7(), COMMUNITY, id, restock).await,
        ] {
            let refused = other.unwrap_err();
            assert_eq!((reason(&refused).as_str(), fact(&refused, "state").as_str()), ("REDEMPTION_ENDED", "RETURNED"));
        }
        assert_eq!(stock(&world, prize).await, before.0 + i64::from(restock));
        assert_eq!(held(&world, person).await.0, before.1.0 + redemption.points);
        audit(&world.pool).await;
        assert_eq!(incentives::ledger::reconcile(&world.pool).await.unwrap(), []);
    }
}

#[tokio::test]
async fn after_a_week_it_is_theirs() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let worker = Uuid::now_v7();
    hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap();
    world.state.clock.advance(chrono::TimeDelta::days(7));
    let late = take_back(&world, worker, COMMUNITY, &redemption.redemption_id, true).await.unwrap_err();
    assert_eq!((reason(&late).as_str(), fact(&late, "state").as_str()), ("REDEMPTION_ENDED", "HANDED_OVER"));
}
