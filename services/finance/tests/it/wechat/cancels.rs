use chrono::TimeDelta;
use peer::wechat::{BillState, Call, Mode};
use proto::finance::v1::{
    CancelTransferRequest, Payout, payout::State, payout_service_server::PayoutService,
    wechat_transfer::State as Transfer,
};
use uuid::Uuid;

use super::rig::Rig;
use crate::{
    harness::{field, reason},
    payouts::{Answer, fund},
};

async fn cancel(rig: &Rig, by: Uuid, id: Uuid) -> Answer<Payout> {
    cancel_for(rig, by, id, "获奖人更换手机号").await
}

async fn cancel_for(rig: &Rig, by: Uuid, id: Uuid, why: &str) -> Answer<Payout> {
    let request = CancelTransferRequest { payout_id: id.to_string(), reason: why.into() };
    let request = rig.world.admin(by, "PayoutService/CancelTransfer", request);
    Ok(rig.world.payouts().cancel_transfer(request).await?.into_inner())
}

#[tokio::test]
async fn what_nobody_confirms_is_taken_back_and_its_money_with_it() {
    let rig = Rig::new(5_000).await;
    let (person, id) = rig.claimed(1, 5_000).await;
    assert_eq!(reason(&cancel(&rig, rig.admin, id).await.unwrap_err()), "PAYOUT_MOVED", "it is not sent yet");
    rig.until_transfer(person, Transfer::WaitUserConfirm).await;
    assert_eq!(reason(&cancel(&rig, person, id).await.unwrap_err()), "OWN_PAYOUT");
    assert_eq!(reason(&cancel(&rig, rig.admin, Uuid::now_v7()).await.unwrap_err()), "PAYOUT_NOT_FOUND");
    assert_eq!(field(&cancel_for(&rig, rig.admin, id, " ").await.unwrap_err()), "reason");
    for why in ["获奖人更换手机号", "获奖人更换手机号", "另一位管理员的原因"] {
        let asked = cancel_for(&rig, rig.admin, id, why).await.unwrap();
        assert!(asked.state() == State::Sent && asked.wechat.unwrap().cancel_asked);
    }
    let logged =
        "select count(*) from finance.audit where act = 'CANCEL_TRANSFER' and detail->>'reason' = '获奖人更换手机号'";
    assert_eq!(rig.count(logged).await, 1);
    rig.pass().await;
    assert_eq!(rig.bills(id).await[0].state, BillState::Cancelled);
    // WeChat has taken it back; the money follows when it says so
    assert_eq!((rig.transfer(person).await.state(), fund(&rig.world).await.held_fen), (Transfer::Canceling, 5_000));
    rig.pass_after(TimeDelta::minutes(1)).await;
    let back = rig.payout(person).await;
    assert_eq!(back.state(), State::Ready);
    assert_eq!(back.reason, "区管理员撤销了转账：获奖人更换手机号。请重新选择领取方式。", "the first reason stays");
    assert_eq!(rig.returned_by(id).await, Some(rig.admin));
    assert_eq!(reason(&cancel(&rig, rig.admin, id).await.unwrap_err()), "PAYOUT_MOVED");
    rig.audit().await;
    rig.claim(person, id, &format!("demo:{person}:2")).await.unwrap();
    rig.until_transfer(person, Transfer::WaitUserConfirm).await;
    assert!(!rig.transfer(person).await.cancel_asked, "the next one is a new one");
    rig.peer.confirm(&rig.bills(id).await[1].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    rig.audit().await;
}

#[tokio::test]
async fn a_member_who_was_faster_is_paid() {
    let rig = Rig::new(5_000).await;
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.until_transfer(person, Transfer::WaitUserConfirm).await;
    cancel(&rig, rig.admin, id).await.unwrap();
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    assert_eq!(rig.peer.calls(Call::Cancel), 0, "there was nothing to take back");
    rig.audit().await;
}

#[tokio::test]
async fn however_the_taking_back_fails_it_is_done_once() {
    let rig = Rig::new(1_000_000).await;
    for mode in [Mode::Silent, Mode::Late, Mode::Lost, Mode::Broken, Mode::Limited, Mode::Refusing, Mode::Missigned] {
        let (person, id) = rig.claimed(1, 5_000).await;
        rig.until_transfer(person, Transfer::WaitUserConfirm).await;
        rig.peer.behave(Call::Cancel, mode, 2);
        cancel(&rig, rig.admin, id).await.unwrap();
        rig.until(person, State::Ready).await;
        assert_eq!(rig.bills(id).await[0].state, BillState::Cancelled, "{mode:?}");
        rig.peer.behave(Call::Cancel, Mode::Honest, 0);
    }
    rig.audit().await;
}

#[tokio::test]
async fn what_wechat_never_knew_is_not_asked_for_again() {
    let rig = Rig::new(5_000).await;
    rig.peer.behave(Call::Create, Mode::Lost, 1);
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    cancel(&rig, rig.admin, id).await.unwrap();
    rig.pass().await;
    assert_eq!(rig.payout(person).await.state(), State::Sent, "the request may still be on its way");
    rig.until(person, State::Ready).await;
    assert_eq!((rig.bills(id).await.len(), rig.peer.calls(Call::Create)), (0, 1));
    let told = "区管理员在微信受理前撤销了转账：获奖人更换手机号。请重新选择领取方式。";
    assert_eq!((rig.payout(person).await.reason.as_str(), rig.returned_by(id).await), (told, Some(rig.admin)));
    rig.audit().await;
}

#[tokio::test]
async fn what_wechat_refused_before_it_was_given_up_is_told_as_that() {
    let rig = Rig::new(5_000).await;
    rig.peer.behave(Call::Create, Mode::Refusing, 1);
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    cancel(&rig, rig.admin, id).await.unwrap();
    rig.until(person, State::Ready).await;
    let told = "微信未受理，请重新选择领取方式。";
    assert_eq!((rig.payout(person).await.reason.as_str(), rig.returned_by(id).await), (told, None));
    rig.audit().await;
}
