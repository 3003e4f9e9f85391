//! Shares that look strange are decided as awards are.
use incentives::ledger::reconcile;
use proto::incentives::v1::{
    AppealAwardRequest, Award, DecideAwardRequest, award::State, award_service_server::AwardService,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    awards::held,
    harness::World,
    shares::{merged, pool},
};

async fn decide(world: &World, ticket: Uuid, earned: bool) -> Award {
    let (ticket_id, rule) = (ticket.to_string(), "CO_REPORT".to_owned());
    let request = DecideAwardRequest { ticket_id, rule, earned, reason: "已电话核实".into() };
    let request = world.admin(Uuid::now_v7(), "AwardService/DecideAward", request);
    world.awards().decide_award(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_appeal_about_a_share_is_granted_as_its_parent_stands() {
    let world = World::new().await;
    let mut rules = world.rules().await;
    rules["signals"] = json!({"same_place": 0, "burst": 1, "same_pair": 0, "same_photo": 0});
    world.put_rules(rules).await;
    // one appeal is decided before the parent is closed, one after
    for early in [true, false] {
        let [parent, child, reporter, neighbour] = [(); 4].map(|()| Uuid::now_v7());
        let others = [(child, neighbour)];
        pool(&world, parent, reporter, &others).await;
        merged(&world, parent, reporter, ("T2", "POOL", "CLAIMED"), &others).await;
        world.hear(5).await;
        assert_eq!(decide(&world, child, false).await.state(), State::Void);
        let (ticket_id, rule) = (child.to_string(), "CO_REPORT".to_owned());
        let request = AppealAwardRequest { ticket_id, rule, text: "是我先看到的".into() };
        let request = world.ask(neighbour, "AwardService/AppealAward", request);
        world.awards().appeal_award(request).await.unwrap();
        if early {
            assert_eq!(decide(&world, child, true).await.state(), State::Pending);
        }
        merged(&world, parent, reporter, ("T19", "FEEDBACK", "CLOSED"), &others).await;
        world.hear(1).await;
        if !early {
            assert_eq!(decide(&world, child, true).await.state(), State::Active);
        }
        assert_eq!(held(&world, neighbour).await, (5, 0, 0));
        assert_eq!(reconcile(&world.pool).await.unwrap(), []);
    }
}
