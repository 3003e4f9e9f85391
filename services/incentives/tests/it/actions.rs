//! What the staff do is logged once, with who, and nobody changes it unseen.
use futures::future::join_all;
use proto::incentives::v1::{
    ImportVoucherCodesRequest, ListPointsActionsRequest, PointsAction, points_service_server::PointsService,
    prize_service_server::PrizeService,
};
use uuid::Uuid;

use crate::{
    corrections,
    hand_over::{hand_over, reserved},
    harness::{COMMUNITY, ELSEWHERE, World},
    pickup_points::{place, put as put_point, supply},
    shelf::{count, put, take_back},
};

/// The log as an admin reads it, the newest first.
pub async fn actions(world: &World, subject: &str) -> Vec<PointsAction> {
    let request = ListPointsActionsRequest { subject: subject.into(), page_size: 200, ..Default::default() };
    let request = world.admin(Uuid::now_v7(), "PointsService/ListPointsActions", request);
    world.points().list_points_actions(request).await.unwrap().into_inner().actions
}

async fn acts(world: &World) -> Vec<String> {
    let mut acts: Vec<_> = actions(world, "").await.into_iter().map(|action| action.act).collect();
    acts.reverse();
    acts
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_once_is_logged_once_however_often_it_is_asked_for() {
    let world = World::new().await;
    let (prize, _, redemption) = reserved(&world).await;
    let worker = Uuid::now_v7();
    for given in join_all((0..5).map(|_| hand_over(&world, worker, COMMUNITY, &redemption.code))).await {
        given.unwrap();
    }
    let id = redemption.redemption_id.as_str();
    for taken in join_all((0..5).map(|_| take_back(&world, worker, COMMUNITY, id, true))).await {
        taken.unwrap();
    }
    let take = Uuid::now_v7();
    for counted in join_all((0..5).map(|_| count(&world, worker, COMMUNITY, (take, prize), 7))).await {
        counted.unwrap();
    }
    let admin = Uuid::now_v7();
    for _ in 0..3 {
        put(&world, admin, prize, |edit| edit.points = 12).await.unwrap();
        put_point(&world, |_| ()).await.unwrap();
        supply(&world, prize, place(&world, ELSEWHERE).await, 4).await.unwrap();
    }
    let all = ["HAND_OVER", "TAKE_BACK", "RECORD_STOCK_TAKE", "PUT_PRIZE", "PUT_PICKUP_POINT", "SUPPLY_POINT"];
    assert_eq!(acts(&world).await, all);
    let of_redemption = actions(&world, id).await;
    assert_eq!(of_redemption.len(), 2);
    for action in of_redemption {
        assert_eq!(
            (action.actor_id, action.actor_role),
            (worker.to_string(), proto::api::v1::post::Role::CommunityWorker.into())
        );
        assert!(!action.detail.contains(&redemption.code), "{}", action.detail);
    }
    // what is put back is another action
    put(&world, admin, prize, |_| ()).await.unwrap();
    assert_eq!(acts(&world).await.len(), all.len() + 1);
}

#[tokio::test]
async fn codes_and_corrections_are_logged_without_secrets() {
    let world = World::new().await;
    let (prize, admin, person) = (world.voucher("早餐券", 10).await, Uuid::now_v7(), Uuid::now_v7());
    let import_id = Uuid::now_v7().to_string();
    for _ in 0..2 {
        let codes = vec!["SECRET-0001".into(), "SECRET-0002".into()];
        let (prize_id, import_id) = (prize.to_string(), import_id.clone());
        let request = ImportVoucherCodesRequest { prize_id, import_id, codes, valid_until: None };
        let request = world.admin(admin, "PrizeService/ImportVoucherCodes", request);
        world.prizes().import_voucher_codes(request).await.unwrap();
    }
    world.earn(person, 30).await;
    let entry: i64 = sqlx::query_scalar("select transfer_id from incentives.transfer where kind = 'ACTIVATE'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    for _ in 0..2 {
        corrections::reverse(&world, admin, &format!("{entry}-AVAILABLE")).await.unwrap();
    }
    assert_eq!(acts(&world).await, ["IMPORT_VOUCHER_CODES", "REVERSE_ENTRY"]);
    for action in actions(&world, "").await {
        assert!(!action.detail.contains("SECRET"), "{}", action.detail);
        assert_eq!(action.actor_id, admin.to_string());
    }
}

#[tokio::test]
async fn a_row_that_was_changed_breaks_the_chain() {
    let world = World::new().await;
    let (prize, admin) = (world.prize("大米", 10, 5).await, Uuid::now_v7());
    for points in [11, 12] {
        put(&world, admin, prize, |edit| edit.points = points).await.unwrap();
    }
    let chain = incentives::audit::chain(&world.pool);
    // rows are sealed once no older transaction can still write
    let sealed = async {
        while chain.verify(|_| {}).await.unwrap().rows < 2 {
            chain.seal(world.now()).await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.unwrap();
    assert_eq!(chain.verify(|_| {}).await.unwrap().broken, None);
    let change = "update incentives.audit set actor_id = $1 where detail->>'points' = '11'";
    assert!(sqlx::query(change).bind(Uuid::now_v7()).execute(&world.pool).await.is_err());
    sqlx::query("alter table incentives.audit disable trigger user").execute(&world.pool).await.unwrap();
    sqlx::query(change).bind(Uuid::now_v7()).execute(&world.pool).await.unwrap();
    assert!(chain.verify(|_| {}).await.unwrap().broken.is_some());
}
