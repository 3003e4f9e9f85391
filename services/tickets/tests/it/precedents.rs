use proto::tickets::v1::{
    ListPrecedentsRequest, Precedent, RefuseRequest, RuleRequest, SuggestRequest, Suggestions,
    precedent_service_server::PrecedentService, ticket_service_server::TicketService,
};
use tickets::{followers_consumer, rpc::precedents::PrecedentRpc};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, people::Person, reason, report};

/// A ticket of the courier that is refused and then ruled to be the fire brigade's; its id.
async fn ruled(world: &World, text: &str) -> String {
    let request = proto::tickets::v1::ReportRequest { text: text.into(), ..report(NEEDS_NO_PHOTO) };
    let id = world.report(&world.courier, request).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    let refuse = RefuseRequest { ticket_id: id.clone(), reason: "不属本部门职责".into() };
    answer(world.rpc().refuse(world.handler.asks("Refuse", refuse)).await).unwrap();
    let rule = RuleRequest {
        ticket_id: id.clone(),
        department_id: world.fire.to_string(),
        reason: "消防通道由消防部门牵头".into(),
        ..Default::default()
    };
    answer(world.rpc().rule(Person::coordinator(world.gongnong).asks("Rule", rule)).await).unwrap();
    id
}

async fn suggest(world: &World, person: &Person, id: &str) -> Result<Suggestions, Status> {
    let rpc = PrecedentRpc(world.replicas[0].0.clone());
    let request = SuggestRequest { ticket_id: id.into() };
    answer(rpc.suggest(person.asks_of("PrecedentService", "Suggest", request)).await)
}

async fn list(world: &World, person: &Person, category_code: &str) -> Vec<Precedent> {
    let rpc = PrecedentRpc(world.replicas[0].0.clone());
    let request = ListPrecedentsRequest { category_code: category_code.into(), ..Default::default() };
    let request = person.asks_of("PrecedentService", "ListPrecedents", request);
    answer(rpc.list_precedents(request).await).unwrap().precedents
}

#[tokio::test]
async fn a_ruling_is_kept_once_and_suggested_for_the_next_similar_ticket_with_its_reason() {
    let world = World::new().await;
    let first = ruled(&world, "小区消防通道被货车堵死").await;
    let consumer = followers_consumer(&world.replicas[0].0);
    let heard = world.hear(&consumer, 0).await;
    // a consumer that lost its position hears everything again, and nothing is kept twice
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    assert_eq!(world.count("precedent").await, 1, "{heard} events heard");
    let next =
        proto::tickets::v1::ReportRequest { text: "消防通道又被货车占了".into(), ..report(NEEDS_NO_PHOTO) };
    let next = world.report(&world.courier, next).await.unwrap().ticket_id;
    let told = suggest(&world, &world.liaison, &next).await.unwrap();
    assert_eq!(told.fitting.len(), 1);
    let fitting = &told.fitting[0];
    let precedent = fitting.precedent.as_ref().unwrap();
    assert_eq!((precedent.ticket_id.as_str(), precedent.reason.as_str()), (first.as_str(), "消防通道由消防部门牵头"));
    assert_eq!(precedent.department.as_ref().unwrap().name, "消防救援大队");
    assert!(fitting.score >= 70 && fitting.why.contains("同一类别") && fitting.why.contains("消防"), "{fitting:?}");
    assert!(suggest(&world, &world.liaison, &first).await.unwrap().fitting.is_empty(), "not its own");
    assert_eq!(list(&world, &world.handler, "").await.len(), 1);
    assert!(list(&world, &world.handler, "85002").await.is_empty());
}

#[tokio::test]
async fn the_usual_department_is_the_one_that_closed_such_tickets() {
    let world = World::new().await;
    for _ in 0..3 {
        let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
        world.accept(&world.handler, &id).await.unwrap();
        world.resolve(&world.handler, &id, &[]).await.unwrap();
        world.rate(&world.courier, &id, true, "").await.unwrap();
    }
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let next = world.pooled().await.ticket_id;
    let usual = suggest(&world, &world.liaison, &next).await.unwrap().usual.unwrap();
    assert_eq!((usual.department.unwrap().name.as_str(), usual.closed, usual.of), ("住建局", 3, 3));
    assert!(usual.why.contains("3 件"), "{}", usual.why);
}

#[tokio::test]
async fn suggestions_stay_within_the_street_and_rulings_within_the_district() {
    let world = World::new().await;
    let id = ruled(&world, "消防通道被堵").await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let elsewhere = Person::liaison(world.gongnong, "gn.hq");
    assert_eq!(reason(&suggest(&world, &elsewhere, &id).await.unwrap_err()), "PLACE_NOT_ALLOWED");
    let abroad = Person::coordinator(world.xingshan);
    let unknown = suggest(&world, &abroad, &id).await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "TICKET_NOT_FOUND"));
    assert!(list(&world, &abroad, "").await.is_empty());
    let wrong = suggest(&world, &world.liaison, &Uuid::nil().to_string()).await.unwrap_err();
    assert_eq!(reason(&wrong), "FIELD_INVALID");
}
