use chrono::TimeDelta;
use peer::wechat::{BillState, Call, Mode};
use proto::finance::v1::{
    CancelTransferRequest, Payout, payout::State, payout_service_server::PayoutService,
    wechat_transfer::State as Transfer,
};
use uuid::Uuid;

use super::rig::Rig;
use crate::{
    harness::reason,
    payouts::{Answer, fund},
};

async fn cancel(rig: &Rig, by: Uuid, id: Uuid) -> Answer<Payout> {
    let request = CancelTransferRequest { payout_id: id.to_string() };
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
    for _ in 0..2 {
        let asked = cancel(&rig, rig.admin, id).await.unwrap();
        assert!(asked.state() == State::Sent && asked.wechat.unwrap().cancel_asked);
    }
    rig.pass().await;
    assert_eq!(rig.bills(id).await[0].state, BillState::Cancelled);
    // WeChat has taken it back; the money follows when it says so
    assert_eq!((rig.transfer(person).await.state(), fund(&rig.world).await.held_fen), (Transfer::Canceling, 5_000));
    rig.pass_after(TimeDelta::minutes(1)).await;
    let back = rig.payout(person).await;
    assert!(back.state() == State::Ready && back.reason.contains("撤销"), "{back:?}");
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
    rig.audit().await;
}
