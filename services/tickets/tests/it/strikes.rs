//! Reports in bad faith: what two people found is kept, told, counted, and lifted by an appeal.
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        AppealRequest, ConfirmInvalidRequest, DismissAppealRequest, ListStrikesRequest, ProposeInvalidRequest,
        RuleRequest, Strike, case_service_server::CaseService, ticket_service_server::TicketService,
    },
};
use tickets::{followers_consumer, rpc::casework::CaseRpc};
use tonic::Status;

use crate::{
    harness::{World, answer, people::Person, reason},
    inbox::inbox,
};

/// A report of the courier that two people found to be none; answers its ticket.
async fn invalid(world: &World, malicious: bool) -> String {
    let id = world.pooled().await.ticket_id;
    let propose = ProposeInvalidRequest { ticket_id: id.clone(), reason: "照片系伪造".into(), malicious };
    world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose)).await.unwrap();
    let mate = Person::liaison(world.gongnong, "gn.xy");
    let confirm = ConfirmInvalidRequest { ticket_id: id.clone() };
    world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", confirm)).await.unwrap();
    id
}

async fn appeal(world: &World, id: &str) {
    let request = AppealRequest { ticket_id: id.into(), reason: "确有其事".into() };
    world.rpc().appeal(world.courier.asks("Appeal", request)).await.unwrap();
}

async fn strikes(world: &World, person: &Person, of: Option<&Person>) -> Result<Vec<Strike>, Status> {
    let rpc = CaseRpc(world.replicas[0].0.clone());
    let request = ListStrikesRequest { person_id: of.map(|of| of.id.to_string()), ..ListStrikesRequest::default() };
    Ok(answer(rpc.list_strikes(person.asks_of("CaseService", "ListStrikes", request)).await)?.strikes)
}

async fn texts(world: &World) -> Vec<String> {
    inbox(world, &world.courier).await.messages.into_iter().map(|message| message.text).collect()
}

#[tokio::test]
async fn a_report_in_bad_faith_is_kept_told_and_counted_where_the_next_is_claimed() {
    let world = World::new().await;
    let consumer = followers_consumer(&world.replicas[0].0);
    let (id, _) = (invalid(&world, true).await, invalid(&world, false).await);
    let heard = world.hear(&consumer, 0).await;
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    let own = strikes(&world, &world.courier, None).await.unwrap();
    assert_eq!(own.len(), 1, "only the one in bad faith, however often it is heard");
    assert_eq!((own[0].ticket_id.as_str(), own[0].reason.as_str()), (id.as_str(), "照片系伪造"));
    assert!(own[0].lifted_at.is_none());
    let told: Vec<_> = texts(&world).await.into_iter().filter(|text| text.contains("恶意上报")).collect();
    assert!(told.len() == 1 && told[0].contains("72 小时内可对该工单申诉，申诉成立即撤销"), "{told:?}");
    // the staff of the area see it, others do not, and nobody sees another's
    assert_eq!(strikes(&world, &world.liaison, Some(&world.courier)).await.unwrap(), own);
    let elsewhere = Person::liaison(world.gongnong, "gn.hq");
    assert_eq!(strikes(&world, &elsewhere, Some(&world.courier)).await.unwrap(), []);
    let abroad = Person::new(world.xingshan, Role::Coordinator, "xs", None);
    assert_eq!(strikes(&world, &abroad, Some(&world.courier)).await.unwrap(), []);
    let neighbour = Person::courier(world.gongnong);
    assert_eq!(reason(&strikes(&world, &neighbour, Some(&world.courier)).await.unwrap_err()), "NOT_YOURS");
    // at the next report the liaison sees how often; the reporter and the public do not
    let next = world.pooled().await.ticket_id;
    let claimed = world.claim(&world.liaison, &next).await.unwrap();
    assert_eq!(claimed.reporter_strikes, Some(1));
    for (person, seen) in [(&world.liaison, Some(1)), (&world.courier, None), (&neighbour, None)] {
        assert_eq!(world.get(person, &next).await.unwrap().reporter_strikes, seen);
    }
    sqlx::query("update tickets.strike set at = at - interval '13 months'").execute(&world.pool).await.unwrap();
    assert_eq!(world.get(&world.liaison, &next).await.unwrap().reporter_strikes, Some(0), "of 12 months");
    assert!(heard > 0);
}

#[tokio::test]
async fn an_appeal_that_is_granted_lifts_it_and_one_that_is_dismissed_does_not() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let consumer = followers_consumer(&world.replicas[0].0);
    let (granted, dismissed) = (invalid(&world, true).await, invalid(&world, true).await);
    for id in [&granted, &dismissed] {
        appeal(&world, id).await;
    }
    let rule = RuleRequest {
        ticket_id: granted.clone(),
        department_id: world.housing.to_string(),
        reason: "现场属实".into(),
        ..RuleRequest::default()
    };
    let dismiss = DismissAppealRequest { ticket_id: dismissed.clone(), reason: "仍无现场".into() };
    world.rpc().dismiss_appeal(coordinator.asks("DismissAppeal", dismiss)).await.unwrap();
    let heard = world.hear(&consumer, 0).await;
    let open = strikes(&world, &world.courier, None).await.unwrap();
    assert!(
        open.iter().all(|strike| strike.lifted_at.is_none() && strike.appealed),
        "asked for, not granted: {open:?}"
    );
    world.rpc().rule(coordinator.asks("Rule", rule)).await.unwrap();
    world.hear(&consumer, heard).await;
    let own = strikes(&world, &world.courier, None).await.unwrap();
    let lifted: Vec<_> =
        own.iter().filter(|strike| strike.lifted_at.is_some()).map(|strike| strike.ticket_id.as_str()).collect();
    assert_eq!((own.len(), lifted), (2, vec![granted.as_str()]));
    let told: Vec<_> = texts(&world).await.into_iter().filter(|text| text.contains("记录已撤销")).collect();
    assert!(told.len() == 1 && told[0].contains("申诉成立"), "{told:?}");
    assert_eq!(world.get(&world.liaison, &world.pooled().await.ticket_id).await.unwrap().reporter_strikes, Some(1));
}
