use chrono::TimeDelta;
use peer::wechat::{BillState, Notice, keys};
use proto::finance::v1::payout::State;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use tonic::Code;

use super::rig::Rig;
use crate::harness::reason;

/// A notice, and what is to become of it.
#[derive(Clone)]
enum Sent {
    Good(Notice),
    Bad(Notice),
}

/// Of every payout 1 to 5 copies of its end and of states before, in any order, with probes, forged and replayed ones in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_notices_has_one_effect_each() {
    let seed = rand::random::<u64>();
    let mut random = StdRng::seed_from_u64(seed);
    let rig = Rig::new(400_000).await;
    let mut people = Vec::new();
    for rank in 1..=40 {
        people.push(rig.claimed(rank, 10_000).await);
    }
    rig.pass().await;
    let recorded = rig.world.now();
    rig.world.state.clock.advance(TimeDelta::minutes(6));
    let (now, mut storm) = (rig.world.now(), Vec::new());
    for (number, (_, id)) in people.iter().enumerate() {
        let no = rig.bills(*id).await[0].out_bill_no.clone();
        let end = [BillState::Success, BillState::Success, BillState::Cancelled, BillState::Fail][number % 4];
        rig.peer.go(&no, end).unwrap();
        for state in [end, BillState::WaitUserConfirm, BillState::Transfering] {
            for _ in 0..random.random_range(1..=5) {
                storm.push(Sent::Good(rig.peer.notice(&no, state, now).unwrap()));
            }
        }
        let good = || rig.peer.notice(&no, BillState::Success, now).unwrap();
        storm.push(Sent::Bad(good().forged()));
        storm.push(Sent::Bad(good().probing()));
        storm.push(Sent::Bad(rig.peer.notice(&no, BillState::Success, recorded).unwrap()));
    }
    storm.shuffle(&mut random);
    assert!(storm.len() >= 240, "{}", storm.len());
    for some in storm.chunks(40) {
        let heard = some.iter().map(|sent| async {
            match sent {
                Sent::Good(notice) => rig.hear(notice).await.unwrap(),
                Sent::Bad(notice) => {
                    let refused = rig.hear(notice).await.unwrap_err();
                    assert_eq!(
                        (refused.code(), reason(&refused)),
                        (Code::Unauthenticated, "WECHAT_NOTICE_REFUSED".into())
                    );
                }
            }
        });
        tokio::join!(futures::future::join_all(heard), rig.pass(), rig.pass());
    }
    for (number, (person, _)) in people.iter().enumerate() {
        let wanted = if number % 4 < 2 { State::Paid } else { State::Ready };
        rig.until(*person, wanted).await;
    }
    for (kind, many) in [("PAY", 20), ("RELEASE", 20), ("HOLD", 60)] {
        let query = sqlx::query_scalar("select count(*) from finance.transfer where kind = $1").bind(kind);
        let found: i64 = query.fetch_one(&rig.world.pool).await.unwrap();
        assert_eq!(found, many, "{kind}, seed {seed}");
    }
    rig.audit().await;
}

#[tokio::test]
async fn a_notice_that_differs_from_the_record_moves_nothing() {
    let rig = Rig::new(5_000).await;
    let (person, id) = rig.claimed(1, 5_000).await;
    rig.pass().await;
    let no = rig.bills(id).await[0].out_bill_no.clone();
    let told = |no: &str, mch_id: &str, fen: i64| {
        let resource = json!({"mch_id": mch_id, "out_bill_no": no, "state": "SUCCESS", "transfer_amount": fen});
        rig.peer.notice_of(resource, rig.world.now()).unwrap()
    };
    for (notice, expected) in [
        (told(&no, keys::MCH_ID, 4_999), "WECHAT_TRANSFER_DIFFERS"),
        (told(&no, "1900000002", 5_000), "WECHAT_TRANSFER_DIFFERS"),
        (told("0123456789abcdef0123456789abcdef", keys::MCH_ID, 5_000), "WECHAT_TRANSFER_UNKNOWN"),
        (rig.peer.notice_of(json!({"state": "SUCCESS"}), rig.world.now()).unwrap(), "WECHAT_NOTICE_INVALID"),
    ] {
        assert_eq!(reason(&rig.hear(&notice).await.unwrap_err()), expected);
        assert_eq!(rig.pass().await, 0, "it is not even asked about");
    }
    // true to the letter, but not so at WeChat: a notice is a hint, the answer decides
    rig.hear(&told(&no, keys::MCH_ID, 5_000)).await.unwrap();
    assert_eq!(rig.pass().await, 1);
    assert_eq!(rig.payout(person).await.state(), State::Sent);
    rig.audit().await;
}

#[tokio::test]
async fn nothing_changes_an_end() {
    let rig = Rig::new(10_000).await;
    let ((paid, one), (back, two)) = (rig.claimed(1, 5_000).await, rig.claimed(2, 5_000).await);
    rig.pass().await;
    let (one, two) = (rig.bills(one).await[0].out_bill_no.clone(), rig.bills(two).await[0].out_bill_no.clone());
    rig.peer.confirm(&one).unwrap();
    rig.peer.expire(&two).unwrap();
    rig.pass_after(TimeDelta::minutes(1)).await;
    for state in [BillState::Fail, BillState::Cancelled, BillState::Success, BillState::WaitUserConfirm] {
        for no in [&one, &two] {
            rig.hear(&rig.peer.notice(no, state, rig.world.now()).unwrap()).await.unwrap();
        }
        assert_eq!(rig.pass().await, 0);
    }
    assert_eq!((rig.payout(paid).await.state(), rig.payout(back).await.state()), (State::Paid, State::Ready));
    rig.audit().await;
}
