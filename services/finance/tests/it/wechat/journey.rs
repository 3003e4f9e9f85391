use chrono::TimeDelta;
use peer::wechat::{BillState, keys};
use proto::finance::v1::{
    payout::{Method, State},
    wechat_transfer,
};
use uuid::Uuid;

use super::rig::Rig;
use crate::payouts::{fund, give_back, listed, offer};

async fn history(rig: &Rig, id: Uuid) -> Vec<String> {
    let query = sqlx::query_scalar("select state from finance.payout_event where payout_id = $1 order by sequence");
    query.bind(id).fetch_all(&rig.world.pool).await.unwrap()
}

/// What the other services are told: state, method, reason.
async fn told(rig: &Rig, id: Uuid) -> Vec<(String, Option<String>, String)> {
    let query = "select payload->>'state', payload->>'method', payload->>'reason' from finance.outbox
        where subject_id = $1 and type = 'hemei.finance.v1.PayoutChanged' order by tx, event_id";
    sqlx::query_as(query).bind(id).fetch_all(&rig.world.pool).await.unwrap()
}

#[tokio::test]
async fn a_member_claims_confirms_and_is_paid_once() {
    let rig = Rig::new(100_000).await;
    let (person, id) = rig.claimed(1, 66_600).await;
    assert_eq!(rig.pass().await, 1);
    let sent = rig.payout(person).await;
    assert_eq!((sent.state(), sent.method()), (State::Sent, Method::Wechat));
    let bill = rig.bills(id).await.pop().unwrap();
    let shown = sent.wechat.unwrap();
    assert_eq!(shown.state(), wechat_transfer::State::WaitUserConfirm);
    assert_eq!((shown.mch_id.as_str(), shown.app_id.as_str()), (keys::MCH_ID, keys::APP_ID));
    assert_eq!((shown.package, bill.amount), (bill.package.clone(), 66_600));
    let confirm_by = (rig.world.now() + TimeDelta::hours(24)).timestamp();
    assert_eq!(shown.confirm_by.unwrap().seconds, confirm_by);
    let seen = listed(&rig.world, State::Sent).await.pop().unwrap().wechat.unwrap();
    assert_eq!((seen.package, seen.mch_id), (String::new(), String::new()), "nobody else can confirm it");
    assert_eq!(seen.state, i32::from(wechat_transfer::State::WaitUserConfirm));

    rig.peer.confirm(&bill.out_bill_no).unwrap();
    assert_eq!(rig.payout(person).await.state(), State::Sent, "sent is not paid");
    let notice = rig.peer.notice(&bill.out_bill_no, BillState::Success, rig.world.now()).unwrap();
    rig.hear(&notice).await.unwrap();
    assert_eq!(rig.pass().await, 1, "the notice lets it be asked about at once");
    let paid = rig.payout(person).await;
    assert_eq!((paid.state(), paid.wechat.unwrap().package), (State::Paid, String::new()));
    rig.hear(&notice).await.unwrap();
    assert_eq!(rig.pass().await, 0);
    assert_eq!(history(&rig, id).await, ["WAITING", "READY", "SENT", "PAID"]);
    let now = fund(&rig.world).await;
    assert_eq!((now.available_fen, now.held_fen, now.paid_fen), (33_400, 0, 66_600));
    let kept = rig
        .count(
            "select (select count(*) from finance.payout where openid_sealed is not null or code_blind is not null)
                + (select count(*) from finance.wechat_transfer where request_sealed is not null or package_sealed is not null)",
        )
        .await;
    assert_eq!(kept, 0, "what is paid keeps no openid");
    rig.audit().await;
}

#[tokio::test]
async fn it_is_paid_where_no_notice_ever_comes() {
    let rig = Rig::new(100_000).await;
    let (person, id) = rig.claimed(1, 10).await;
    rig.pass().await;
    let no = rig.bills(id).await[0].out_bill_no.clone();
    for state in [BillState::Transfering, BillState::Canceling] {
        rig.peer.go(&no, state).unwrap();
        rig.pass_after(TimeDelta::minutes(10)).await;
        let shown = rig.transfer(person).await;
        assert_eq!(shown.package, "", "it cannot be confirmed any more");
    }
    rig.peer.go(&no, BillState::Success).unwrap();
    rig.until(person, State::Paid).await;
    rig.audit().await;
}

#[tokio::test]
async fn what_nobody_confirms_is_offered_again_and_paid_under_a_new_number() {
    let rig = Rig::new(66_600).await;
    let (person, id) = rig.claimed(1, 66_600).await;
    rig.pass().await;
    rig.pass_after(TimeDelta::hours(24) - TimeDelta::seconds(1)).await;
    assert_eq!(rig.payout(person).await.state(), State::Sent);
    rig.pass_after(TimeDelta::seconds(2)).await;
    let back = rig.payout(person).await;
    assert_eq!((back.state(), back.method()), (State::Ready, Method::Unspecified), "{back:?}");
    assert!(back.reason.contains("24 小时") && back.wechat.is_none(), "{back:?}");
    assert_eq!(rig.pass_after(TimeDelta::days(1)).await, 0, "it does not spin");
    let now = fund(&rig.world).await;
    assert_eq!((now.available_fen, now.held_fen, now.paid_fen), (0, 66_600, 0));
    rig.audit().await;

    rig.claim(person, id, &format!("demo:{person}:again")).await.unwrap();
    rig.pass().await;
    let bills = rig.bills(id).await;
    assert_eq!(bills.len(), 2);
    assert_ne!(bills[0].out_bill_no, bills[1].out_bill_no);
    assert_eq!((bills[0].state, bills[0].openid == bills[1].openid), (BillState::Fail, true));
    rig.peer.confirm(&bills[1].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    let expected = ["WAITING", "READY", "SENT", "RETURNED", "WAITING", "READY", "SENT", "PAID"];
    assert_eq!(history(&rig, id).await, expected);
    let late = |told: &&(String, Option<String>, String)| told.2.contains("24 小时");
    let told = told(&rig, id).await;
    assert!(told.iter().map(|(state, ..)| state).eq(expected), "{told:?}");
    let by: Vec<_> = told.iter().filter(|(_, method, _)| method.as_deref() == Some("WECHAT")).collect();
    assert_eq!(by.iter().map(|told| told.0.as_str()).collect::<Vec<_>>(), ["SENT", "SENT", "PAID"]);
    let why: Vec<_> = told.iter().filter(late).map(|told| told.0.as_str()).collect();
    assert_eq!(why, ["RETURNED", "WAITING", "READY"]);
    let now = fund(&rig.world).await;
    assert_eq!((now.available_fen, now.held_fen, now.paid_fen, now.difference_fen), (0, 0, 66_600, 0));
    rig.audit().await;
}

#[tokio::test]
async fn what_comes_back_pays_first_who_waited_longer() {
    let rig = Rig::new(50_000).await;
    let first = Uuid::now_v7();
    let one = rig.world.award(first, 1, 50_000).await;
    give_back(&rig.world, rig.admin, one).await.unwrap();
    rig.world.state.clock.advance(TimeDelta::seconds(1));
    let (second, two) = rig.claimed(2, 50_000).await;
    rig.pass().await;
    assert_eq!(offer(&rig.world, rig.admin, one).await.unwrap().state(), State::Waiting);
    rig.peer.expire(&rig.bills(two).await[0].out_bill_no).unwrap();
    rig.pass_after(TimeDelta::minutes(1)).await;
    assert_eq!(rig.payout(first).await.state(), State::Ready);
    let waits = rig.payout(second).await;
    assert_eq!((waits.state(), waits.method()), (State::Waiting, Method::Unspecified));
    assert!(waits.reason.contains("24 小时"), "{waits:?}");
    rig.audit().await;
}
