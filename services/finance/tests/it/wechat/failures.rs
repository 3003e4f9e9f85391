use chrono::TimeDelta;
use peer::wechat::{BillState, Call, Mode};
use proto::finance::v1::{
    payout::{Method, State},
    wechat_transfer::State as Transfer,
};

use super::rig::Rig;

/// However WeChat fails, there is one transfer, and it is paid once.
async fn paid_once(rig: &Rig, (call, mode, times): (Call, Mode, usize)) {
    rig.peer.behave(call, mode, times);
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    if mode == Mode::NotEnough {
        rig.until_transfer(person, Transfer::Processing).await;
        rig.pass_after(TimeDelta::hours(1)).await;
        assert_eq!(rig.transfer(person).await.state(), Transfer::Processing);
        rig.peer.top_up(&rig.bills(id).await[0].out_bill_no).unwrap();
    }
    rig.until_transfer(person, Transfer::WaitUserConfirm).await;
    let bills = rig.bills(id).await;
    assert_eq!((bills.len(), bills[0].package == rig.transfer(person).await.package), (1, true), "{call:?} {mode:?}");
    rig.peer.confirm(&bills[0].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    assert_eq!(rig.bills(id).await.len(), 1, "{call:?} {mode:?}");
}

#[tokio::test]
async fn however_the_request_fails_there_is_one_transfer() {
    let rig = Rig::new(1_000_000).await;
    for mode in [Mode::Silent, Mode::Late, Mode::Lost, Mode::Broken, Mode::Limited, Mode::Missigned, Mode::NotEnough] {
        paid_once(&rig, (Call::Create, mode, 2)).await;
    }
    assert_eq!(rig.peer.bills().len(), 7);
    rig.audit().await;
}

#[tokio::test]
async fn however_the_question_fails_it_is_asked_again() {
    let rig = Rig::new(1_000_000).await;
    for mode in [Mode::Silent, Mode::Late, Mode::Lost, Mode::Broken, Mode::Limited, Mode::Missigned] {
        // the request's answer is lost, so that the question matters
        rig.peer.behave(Call::Query, mode, 3);
        paid_once(&rig, (Call::Create, Mode::Silent, 1)).await;
    }
    assert_eq!(rig.peer.bills().len(), 6);
    rig.audit().await;
}

/// However many cannot be read, those behind them are paid.
#[tokio::test]
async fn a_page_of_broken_orders_keeps_nobody_waiting() {
    let rig = Rig::new(1_000_000).await;
    for rank in 1..=60 {
        rig.claimed(rank, 100).await;
    }
    sqlx::query("update finance.payout set openid_sealed = 'broken'").execute(&rig.world.pool).await.unwrap();
    let (person, _) = rig.claimed(61, 5_000).await;
    assert!(finance::payer::pass(&rig.world.state, &rig.adapter).await.is_err(), "it is told that some are broken");
    assert_eq!(rig.payout(person).await.state(), State::Sent);
}

#[tokio::test]
async fn what_wechat_refuses_for_good_is_offered_again_after_it_surely_was_not_taken() {
    let rig = Rig::new(5_000).await;
    rig.peer.behave(Call::Create, Mode::Refusing, 1);
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    for _ in 0..9 {
        rig.pass_after(TimeDelta::minutes(1)).await;
        assert_eq!(rig.payout(person).await.state(), State::Sent, "no hurry with money");
    }
    rig.pass_after(TimeDelta::minutes(2)).await;
    let back = rig.payout(person).await;
    assert_eq!((back.state(), back.method(), rig.bills(id).await.len()), (State::Ready, Method::Unspecified, 0));
    assert!(back.reason.contains("未受理"), "{back:?}");
    rig.audit().await;
    rig.claim(person, id, &format!("demo:{person}:2")).await.unwrap();
    rig.until_transfer(person, Transfer::WaitUserConfirm).await;
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    rig.audit().await;
}

#[tokio::test]
async fn a_refusal_of_what_was_taken_before_gives_nothing_back() {
    let rig = Rig::new(5_000).await;
    let (person, id) = rig.claimed(1, 5_000).await;
    // taken without an answer; then, while questions fail too, nothing may be given up
    rig.peer.behave(Call::Create, Mode::Silent, 1);
    rig.peer.behave(Call::Query, Mode::Lost, 2);
    rig.pass().await;
    rig.pass_after(TimeDelta::minutes(2)).await;
    rig.peer.behave(Call::Create, Mode::Refusing, 5);
    rig.pass_after(TimeDelta::minutes(2)).await;
    rig.pass_after(TimeDelta::minutes(12)).await;
    assert_eq!(rig.payout(person).await.state(), State::Sent);
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    assert_eq!(rig.bills(id).await.len(), 1);
    rig.audit().await;
}

#[tokio::test]
async fn a_cancelled_or_failed_transfer_gives_its_money_back() {
    let rig = Rig::new(20_000).await;
    for (state, words) in [(BillState::Cancelled, "撤销"), (BillState::Fail, "失败")] {
        let (person, id) = rig.claimed(1, 10_000).await;
        rig.pass().await;
        rig.peer.go(&rig.bills(id).await[0].out_bill_no, state).unwrap();
        rig.pass_after(TimeDelta::minutes(1)).await;
        let back = rig.payout(person).await;
        assert!(back.state() == State::Ready && back.reason.contains(words), "{back:?}");
        rig.audit().await;
    }
}
