use chrono::TimeDelta;
use peer::wechat::{Call, Mode};
use proto::finance::v1::payout::{Method, State};
use uuid::Uuid;

use super::rig::Rig;
use crate::{
    harness::{fact, field, reason},
    payouts::{export, result},
};

#[tokio::test]
async fn a_code_is_taken_once_and_the_same_claim_again_answers_the_same() {
    let rig = Rig::new(100_000).await;
    let person = Uuid::now_v7();
    let id = rig.world.award(person, 1, 5_000).await;
    for _ in 0..3 {
        assert_eq!(rig.claim(person, id, "demo:li").await.unwrap().method(), Method::Wechat);
    }
    assert_eq!(rig.peer.calls(Call::Login), 1);
    rig.pass().await;
    assert_eq!(rig.claim(person, id, "demo:li").await.unwrap().state(), State::Sent, "a late repetition");
    let moved = rig.claim(person, id, "demo:li:2").await.unwrap_err();
    assert_eq!((reason(&moved), rig.peer.calls(Call::Login)), ("PAYOUT_MOVED".into(), 1), "no code is wasted");
    let openid = rig.bills(id).await[0].openid.clone();
    let kept: Vec<(Option<Vec<u8>>, String)> =
        sqlx::query_as("select openid_sealed, p::text from finance.payout p").fetch_all(&rig.world.pool).await.unwrap();
    let text = kept[0].1.clone();
    assert!(kept[0].0.is_some() && !text.contains(&openid) && !text.contains("demo:li"), "it is sealed");
    let shown = format!("{:?}", rig.payout(person).await);
    assert!(!shown.contains(&openid), "it is never shown");

    let other = Uuid::now_v7();
    let next = rig.world.award(other, 2, 5_000).await;
    for code in ["demo:li", "wrong", "demo:"] {
        let refused = rig.claim(other, next, code).await.unwrap_err();
        assert_eq!((reason(&refused), field(&refused)), ("WECHAT_CODE_INVALID".into(), "js_code".into()), "{code}");
    }
    for code in ["", "a&secret=1", &"x".repeat(129)] {
        assert_eq!(field(&rig.claim(other, next, code).await.unwrap_err()), "js_code");
    }
    assert_eq!(reason(&rig.claim(other, id, "demo:wang").await.unwrap_err()), "PAYOUT_NOT_FOUND");
    for mode in [Mode::Busy, Mode::Broken, Mode::Lost] {
        rig.peer.behave(Call::Login, mode, 1);
        let busy = rig.claim(other, next, "demo:wang").await.unwrap_err();
        assert_eq!(busy.code(), tonic::Code::Unavailable, "{mode:?}");
    }
    assert_eq!(rig.claim(other, next, "demo:wang").await.unwrap().method(), Method::Wechat);
}

#[tokio::test]
async fn what_is_claimed_while_wechat_is_slow_stays() {
    let rig = Rig::waiting(100_000, std::time::Duration::from_secs(20)).await;
    let person = Uuid::now_v7();
    let id = rig.world.award(person, 1, 5_000).await;
    rig.peer.behave(Call::Login, Mode::Late, 1);
    let newer = async {
        while rig.peer.calls(Call::Login) == 0 {
            tokio::task::yield_now().await;
        }
        rig.claim_as(person, id, Method::Bank, "").await.unwrap()
    };
    let (slow, newer) = tokio::join!(rig.claim(person, id, "demo:li"), newer);
    assert_eq!((reason(&slow.unwrap_err()).as_str(), newer.method()), ("PAYOUT_MOVED", Method::Bank));
    assert_eq!(rig.payout(person).await.method(), Method::Bank);
    // the member may still change their mind
    assert_eq!(rig.claim(person, id, "demo:li:2").await.unwrap().method(), Method::Wechat);
}

#[tokio::test]
async fn too_little_too_much_and_no_merchant_name_the_other_ways() {
    let mut rig = Rig::new(10_000_000).await;
    for (fen, good) in [(9, false), (10, true), (199_999, true), (200_000, false)] {
        let person = Uuid::now_v7();
        let id = rig.world.award(person, 1, fen).await;
        let claimed = rig.claim(person, id, &format!("demo:{person}")).await;
        assert_eq!(claimed.is_ok(), good, "{fen}");
        if let Err(refused) = claimed {
            assert_eq!((reason(&refused), fact(&refused, "net_fen")), ("WECHAT_AMOUNT".into(), fen.to_string()));
            assert!(refused.message().contains("BANK and IN_PERSON"), "{refused}");
        }
    }
    rig.world.state = rig.world.state.clone().with_wechat(None);
    let person = Uuid::now_v7();
    let id = rig.world.award(person, 1, 5_000).await;
    let refused = rig.claim(person, id, "demo:x").await.unwrap_err();
    assert_eq!((reason(&refused), refused.message().contains("BANK")), ("WECHAT_NOT_CONFIGURED".into(), true));
    rig.claim_as(person, id, Method::Bank, "").await.unwrap();
}

/// A bank's word on an old batch says nothing about what is now under way by WeChat.
#[tokio::test]
async fn an_old_bank_batch_cannot_pay_what_wechat_is_paying() {
    let rig = Rig::new(5_000).await;
    let (person, batch) = (Uuid::now_v7(), Uuid::now_v7());
    let id = rig.world.award(person, 1, 5_000).await;
    rig.claim_as(person, id, Method::Bank, "").await.unwrap();
    export(&rig.world, rig.admin, batch).await;
    result(&rig.world, rig.admin, id, batch, false).await.unwrap();
    rig.claim(person, id, "demo:li").await.unwrap();
    rig.pass().await;
    for paid in [true, false] {
        let refused = result(&rig.world, rig.admin, id, batch, paid).await.unwrap_err();
        assert_eq!(reason(&refused), "PAYOUT_MOVED");
    }
    assert_eq!(export(&rig.world, rig.admin, Uuid::now_v7()).await.payouts, 0);
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.until(person, State::Paid).await;
    rig.audit().await;
}

#[tokio::test]
async fn who_waits_for_money_is_paid_by_wechat_when_there_is_some() {
    let rig = Rig::new(0).await;
    let (person, _) = rig.claimed(1, 5_000).await;
    assert_eq!((rig.pass().await, rig.payout(person).await.state()), (0, State::Waiting));
    crate::payouts::add(&rig.world, rig.admin, Uuid::now_v7(), 5_000).await.unwrap();
    assert_eq!(rig.pass_after(TimeDelta::seconds(1)).await, 1);
    assert_eq!(rig.payout(person).await.state(), State::Sent);
    rig.audit().await;
}
