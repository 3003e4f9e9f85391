use std::time::Duration;

use chrono::TimeDelta;
use finance::payer;
use peer::wechat::{Call, Mode};
use proto::finance::v1::{payout::State, wechat_transfer::State as Transfer};

use super::rig::Rig;

/// Kills a payer while WeChat keeps it waiting.
async fn killed(rig: &Rig) {
    let pass = payer::pass(&rig.world.state, &rig.adapter);
    tokio::time::timeout(Duration::from_millis(200), pass).await.expect_err("killed before the answer");
}

#[tokio::test]
async fn a_payer_killed_between_the_written_try_and_its_answer_makes_one_transfer() {
    for mode in [Mode::Silent, Mode::Lost] {
        let rig = Rig::new(5_000).await;
        let (person, id) = rig.claimed(1, 5_000).await;
        rig.peer.behave(Call::Create, mode, 1);
        killed(&rig).await;
        assert_eq!(rig.transfer(person).await.state(), Transfer::Tried, "it was written first");
        assert_eq!(rig.bills(id).await.len(), usize::from(mode == Mode::Silent));
        assert_eq!(rig.pass().await, 0, "nobody else touches it for a while");
        // and killed again in the question
        rig.peer.behave(Call::Query, Mode::Lost, 1);
        rig.world.state.clock.advance(TimeDelta::seconds(60));
        killed(&rig).await;
        let asked = rig.peer.calls(Call::Query);
        assert_eq!((asked, rig.peer.calls(Call::Create)), (1, 1), "it is asked about before it is asked for again");
        rig.until_transfer(person, Transfer::WaitUserConfirm).await;
        rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
        rig.until(person, State::Paid).await;
        assert_eq!(rig.peer.bills().len(), 1, "{mode:?}");
        rig.audit().await;
    }
}

#[tokio::test]
async fn a_payer_killed_before_it_writes_the_end_is_followed_by_another() {
    let rig = Rig::new(5_000).await;
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.peer.behave(Call::Query, Mode::Silent, 1);
    rig.world.state.clock.advance(TimeDelta::minutes(1));
    killed(&rig).await;
    assert_eq!(rig.payout(person).await.state(), State::Sent);
    rig.until(person, State::Paid).await;
    rig.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_payers_at_once_make_one_transfer_each() {
    let rig = Rig::new(200_000).await;
    let mut people = Vec::new();
    for rank in 1..=12 {
        people.push(rig.claimed(rank, 10_000).await);
    }
    let touched = futures::future::join_all((0..4).map(|_| rig.pass())).await;
    assert_eq!(touched.iter().sum::<usize>(), 12, "each was begun by one payer");
    assert_eq!((rig.peer.bills().len(), rig.peer.calls(Call::Create)), (12, 12));
    for (_, id) in &people {
        rig.peer.confirm(&rig.bills(*id).await[0].out_bill_no).unwrap();
    }
    rig.world.state.clock.advance(TimeDelta::minutes(1));
    futures::future::join_all((0..4).map(|_| rig.pass())).await;
    for (person, _) in people {
        rig.until(person, State::Paid).await;
    }
    assert_eq!(rig.count("select count(*) from finance.transfer where kind = 'PAY'").await, 12);
    rig.audit().await;
}

/// A payer that read a payout before the member changed their mind finds it gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_mind_and_a_payer_never_both_win() {
    use proto::finance::v1::payout::Method;
    let rig = Rig::new(1_000_000).await;
    for rank in 1..=20 {
        let (person, id) = rig.claimed(rank, 10_000).await;
        let media = rig.world.state.media.mint(rig.world.district, rig.admin, rig.world.now());
        let bank = rig.claim_as(person, id, Method::Bank, "");
        let cash = crate::payouts::pay(&rig.world, rig.admin, id, media);
        let (_, bank, cash) = tokio::join!(rig.pass(), bank, cash);
        let bills = rig.bills(id).await.len();
        let now = rig.payout(person).await;
        assert_eq!((now.state() == State::Sent, bills), (bills == 1, bills), "{bank:?} {cash:?}");
        assert_eq!(cash.is_ok(), now.state() == State::Paid);
    }
    rig.audit().await;
}

#[tokio::test]
async fn one_payout_that_cannot_be_sent_keeps_no_other_waiting() {
    let rig = Rig::new(20_000).await;
    let (broken, _) = rig.claimed(1, 5_000).await;
    let (followed, id) = rig.claimed(2, 5_000).await;
    sqlx::query("update finance.payout set openid_sealed = 'x' where person_id = $1")
        .bind(broken)
        .execute(&rig.world.pool)
        .await
        .unwrap();
    payer::pass(&rig.world.state, &rig.adapter).await.unwrap_err();
    rig.peer.confirm(&rig.bills(id).await[0].out_bill_no).unwrap();
    rig.world.state.clock.advance(TimeDelta::minutes(1));
    payer::pass(&rig.world.state, &rig.adapter).await.unwrap_err();
    assert_eq!(rig.payout(followed).await.state(), State::Paid);
    assert_eq!(rig.payout(broken).await.state(), State::Ready, "nothing was sent");
    rig.audit().await;
}

/// Another merchant would not know the number, and would pay it a second time.
#[tokio::test]
async fn a_transfer_of_another_merchant_is_left_to_that_merchant_and_told_of() {
    let mut rig = Rig::new(5_000).await;
    let (person, _) = rig.claimed(1, 5_000).await;
    rig.peer.behave(Call::Create, Mode::Lost, 1);
    rig.pass().await;
    for column in ["mch_id", "app_id"] {
        let statement = format!("update finance.wechat_transfer set {column} = 'other'");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&rig.world.pool).await.unwrap();
        assert_eq!(rig.pass_after(TimeDelta::hours(1)).await, 0, "{column}");
        let found = finance::strangers::count(&rig.world.state).await.unwrap();
        assert_eq!(found.iter().map(|of| of.transfers).collect::<Vec<_>>(), [1], "and told: {found:?}");
    }
    assert_eq!((rig.peer.bills().len(), rig.payout(person).await.state()), (0, State::Sent));
    let own = "update finance.wechat_transfer set mch_id = $1, app_id = $2";
    let own = sqlx::query(own).bind(rig.adapter.mch_id()).bind(rig.adapter.app_id());
    own.execute(&rig.world.pool).await.unwrap();
    assert_eq!(finance::strangers::count(&rig.world.state).await.unwrap(), []);
    rig.world.state = rig.world.state.clone().with_wechat(None);
    assert_eq!(
        finance::strangers::count(&rig.world.state).await.unwrap().len(),
        1,
        "where no merchant is set up, all are"
    );
}
