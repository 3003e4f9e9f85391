use futures::future::join_all;
use proto::{
    api::v1::post::{Level, Role},
    finance::v1::fund_entry::Kind,
};
use tonic::Code;
use uuid::Uuid;

use crate::{
    harness::{ANOTHER, COMPOUND, World, ask, fact, reason},
    ledger::audit,
};

#[tokio::test]
async fn income_and_spending_move_the_balance_of_their_purpose() {
    let world = World::new().await;
    let income = world.record(world.entry(Kind::Income, "REPAIR", 3_300_000)).await.unwrap();
    assert_eq!((income.kind(), income.amount_fen, income.balance_after_fen), (Kind::Income, 3_300_000, 3_300_000));
    let spending = world.record(world.entry(Kind::Spending, "REPAIR", 300_000)).await.unwrap();
    assert_eq!(
        (spending.kind(), spending.amount_fen, spending.balance_after_fen),
        (Kind::Spending, 300_000, 3_000_000)
    );
    assert_eq!(spending.recorded_by_name, "王经理");
    assert_eq!(spending.recorded_at, Some(chassis::clock::timestamp(world.now())));
    audit(&world.pool).await;
}

#[tokio::test]
async fn spending_beyond_its_purpose_is_refused() {
    let world = World::new().await;
    world.record(world.entry(Kind::Income, "REPAIR", 1000)).await.unwrap();
    world.record(world.entry(Kind::Income, "LIVELIHOOD", 9000)).await.unwrap();
    for (purpose, holds) in [("REPAIR", "1000"), ("PROPERTY_SERVICE", "0")] {
        let refusal = world.record(world.entry(Kind::Spending, purpose, 1001)).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "FUNDS_INSUFFICIENT"));
        assert_eq!((fact(&refusal, "purpose").as_str(), fact(&refusal, "balance_fen").as_str()), (purpose, holds));
    }
    world.record(world.entry(Kind::Spending, "REPAIR", 1000)).await.unwrap();
    audit(&world.pool).await;
}

#[tokio::test]
async fn many_spenders_at_once_never_overdraw() {
    let world = World::new().await;
    world.record(world.entry(Kind::Income, "REPAIR", 1050)).await.unwrap();
    let attempts = join_all((0..40).map(|_| world.record(world.entry(Kind::Spending, "REPAIR", 100)))).await;
    let (spent, refused): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Result::is_ok);
    assert_eq!((spent.len(), refused.len()), (10, 30));
    assert!(refused.into_iter().all(|refusal| reason(&refusal.unwrap_err()) == "FUNDS_INSUFFICIENT"));
    world.record(world.entry(Kind::Income, "LIVELIHOOD", 4000)).await.unwrap();
    let attempts = join_all((0..40).map(|_| world.record(world.entry(Kind::Spending, "LIVELIHOOD", 100)))).await;
    assert!(attempts.iter().all(Result::is_ok), "what is held can be spent");
    let fund = world.read(world.district, (Role::Auditor, "gn", Level::District), world.place).await.unwrap();
    assert_eq!(fund.balance_fen, 50);
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_same_entry_twenty_times_is_one() {
    let world = World::new().await;
    for kind in [Kind::Income, Kind::Spending] {
        let entry = world.entry(kind, "REPAIR", 1000);
        let answers = join_all((0..20).map(|_| world.record(entry.clone()))).await;
        let first = answers[0].as_ref().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    }
    let fund = world.read(world.district, (Role::Auditor, "gn", Level::District), world.place).await.unwrap();
    assert_eq!(fund.balance_fen, 0);
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let world = World::new().await;
    let entry = world.entry(Kind::Income, "REPAIR", 1000);
    world.record(entry.clone()).await.unwrap();
    let mut others = vec![entry.clone(); 4];
    others[0].amount_fen = 1;
    others[1].text = "别的".to_owned();
    others[2].purpose = "LIVELIHOOD".to_owned();
    others[3].set_kind(Kind::Spending);
    for other in others {
        let refusal = world.record(other).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::AlreadyExists, "ID_REUSED"));
    }
    let colleague = world.record_as((Role::PropertyManager, COMPOUND, Level::Compound), Uuid::now_v7(), entry).await;
    assert_eq!(reason(&colleague.unwrap_err()), "ID_REUSED");
    audit(&world.pool).await;
}

#[tokio::test]
async fn only_the_office_of_the_compound_records() {
    let world = World::new().await;
    let entry = || world.entry(Kind::Income, "REPAIR", 1000);
    let post = (Role::PropertyManager, ANOTHER, Level::Compound);
    let refusal = world.record_as(post, Uuid::now_v7(), entry()).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "PLACE_NOT_ALLOWED"));
    let post = (Role::PropertyManager, COMPOUND, Level::Compound);
    let request = ask(Uuid::now_v7(), world.office, post, "FundService/RecordEntry", entry());
    let funds = world.funds();
    let refusal =
        proto::finance::v1::fund_service_server::FundService::record_entry(&funds, request).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "FUND_NOT_FOUND"));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_voucher_must_be_the_recorders_own_photo() {
    let world = World::new().await;
    let mut entry = world.entry(Kind::Income, "REPAIR", 1000);
    for (district, person) in [(world.district, Uuid::now_v7()), (Uuid::now_v7(), world.office)] {
        entry.voucher_media_id = Some(world.state.media.mint(district, person, world.now()).to_string());
        let refusal = world.record(entry.clone()).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, "MEDIA_NOT_YOURS"));
    }
    let media = world.state.media.mint(world.district, world.office, world.now());
    entry.voucher_media_id = Some(media.to_string());
    let recorded = world.record(entry).await.unwrap();
    assert_eq!(recorded.voucher_url, world.state.media.address(media, world.now()));
    audit(&world.pool).await;
}
