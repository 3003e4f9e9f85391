//! What the staff decide is logged once: by whom, in which role, about what.
use futures::future::join_all;
use proto::{
    api::v1::post::Role,
    incentives::v1::{PutCashAwardRequest, month_service_server::MonthService},
};
use uuid::Uuid;

use crate::{
    actions::actions,
    corrections, doubts,
    harness::World,
    month_returns,
    months::{self, november, tier},
    rules,
};

/// Does the same three times at once and once more, all of which succeed; it is logged once, as this person's.
macro_rules! once {
    ($world:ident, $by:ident, $act:literal, $subject:expr, $deed:expr) => {
        for done in join_all((0..3).map(|_| $deed)).await {
            done.unwrap();
        }
        $deed.await.unwrap();
        logged(&$world, $by, $act, &$subject, 1).await;
    };
}

/// The newest of so many rows of this kind about a subject is this admin's.
async fn logged(world: &World, by: Uuid, act: &str, subject: &str, rows: usize) {
    let found: Vec<_> = actions(world, subject).await.into_iter().filter(|action| action.act == act).collect();
    assert_eq!(found.len(), rows, "{act} of {subject}: {found:?}");
    let who = (found[0].actor_id.as_str(), found[0].actor_role());
    assert_eq!(who, (by.to_string().as_str(), Role::DistrictAdmin), "{act}");
}

#[tokio::test(flavor = "multi_thread")]
async fn points_given_and_rules_set_are_logged_once() {
    let world = World::new().await;
    let [admin, activity, person] = [(); 3].map(|()| Uuid::now_v7());
    let people = [person];
    once!(world, admin, "GRANT_POINTS", activity.to_string(), corrections::grant(&world, admin, activity, 5, &people));
    let mut edited = rules::get(&world).await;
    edited.lines.push(rules::line("10101", 25));
    once!(world, admin, "PUT_EARNING_RULES", "1", rules::put(&world, admin, edited.clone()));
    assert_eq!(actions(&world, "").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_about_awards_are_logged_once() {
    let world = World::new().await;
    let (person, ticket) = doubts::doubted(&world).await;
    let [first, second] = [(); 2].map(|()| Uuid::now_v7());
    let award = format!("{ticket} REPORT");
    once!(world, first, "DECIDE_AWARD", award, doubts::decide(&world, first, ticket, false));
    doubts::appeal(&world, person, ticket).await.unwrap();
    once!(world, second, "DECIDE_AWARD_APPEAL", award, doubts::decide(&world, second, ticket, true));
    assert_eq!(actions(&world, "").await.len(), 2, "what the member says is no action of the staff");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_about_a_month_are_logged_once() {
    let world = World::new().await;
    let [.., third] = november(&world).await;
    let [admin, other, appeal] = [(); 3].map(|()| Uuid::now_v7());
    once!(world, admin, "PUT_MONTH_TERMS", "2", months::put_terms(&world, admin, 1, vec![tier(1, 1, 40_000)]));
    let put = async || {
        let reason = "复核后调整".to_owned();
        let request = PutCashAwardRequest { month: "2026-11".into(), rank: 2, gross_fen: 20_000, reason };
        world.months().put_cash_award(world.admin(admin, "MonthService/PutCashAward", request)).await
    };
    once!(world, admin, "PUT_CASH_AWARD", "2026-11 2", put());
    once!(world, admin, "APPROVE_MONTH", "2026-11", months::approve(&world, admin));
    let version = months::get(&world, admin).await.unwrap().version;
    once!(world, other, "RETURN_MONTH", "2026-11", month_returns::give_back(&world, other, version));
    for (by, rows) in [(admin, 2), (other, 3)] {
        months::approve(&world, by).await.unwrap();
        logged(&world, by, "APPROVE_MONTH", "2026-11", rows).await;
    }
    months::appeal(&world, third, appeal).await.unwrap();
    let subject = appeal.to_string();
    once!(world, admin, "DECIDE_MONTH_APPEAL", subject, months::decide(&world, admin, appeal, true));
    // the terms of the month before were put as well
    assert_eq!(actions(&world, "").await.len(), 8);
}
