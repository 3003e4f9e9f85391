//! What the liaison and the departments say before and beside a ruling.
use proto::tickets::v1::{
    DispatchRequest, FileStatementRequest, FinishPartRequest, MarkUnclearRequest, RefuseRequest, RuleRequest, Ticket,
    ticket::State, ticket_service_server::TicketService,
};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, fact, people::Person, reason, state};

async fn unclear(world: &World, person: &Person, id: &str, reason: &str) -> Result<Ticket, Status> {
    let request = MarkUnclearRequest { ticket_id: id.into(), reason: reason.into() };
    answer(world.rpc().mark_unclear(person.asks("MarkUnclear", request)).await)
}

async fn say(world: &World, person: &Person, id: &str, text: &str) -> Result<Ticket, Status> {
    let request = FileStatementRequest { ticket_id: id.into(), text: text.into() };
    answer(world.rpc().file_statement(person.asks("FileStatement", request)).await)
}

async fn finish(world: &World, person: &Person, id: &str, text: &str) -> Result<Ticket, Status> {
    let request = FinishPartRequest { ticket_id: id.into(), text: text.into() };
    answer(world.rpc().finish_part(person.asks("FinishPart", request)).await)
}

#[tokio::test]
async fn the_claimer_who_cannot_tell_whose_duty_it_is_hands_it_to_coordination() {
    let world = World::new().await;
    let (coordinator, mate) = (Person::coordinator(world.gongnong), Person::liaison(world.gongnong, "gn.xy"));
    assert!([&world.courier, &world.handler, &coordinator].iter().all(|person| !person.may("MarkUnclear")));
    let id = world.pooled().await.ticket_id;
    let why = "两个部门均称不属其职责";
    let early = unclear(&world, &world.liaison, &id, why).await.unwrap_err();
    assert_eq!((reason(&early).as_str(), fact(&early, "state").as_str()), ("STATE_CONFLICT", "POOL"));
    world.claim(&world.liaison, &id).await.unwrap();
    let elsewhere = Person::liaison(world.gongnong, "gn.hq");
    for (person, why, refused) in [
        (&world.liaison, " ", "REASON_REQUIRED"),
        (&elsewhere, why, "PLACE_NOT_ALLOWED"),
        (&mate, why, "NOT_THE_CLAIMER"),
    ] {
        assert_eq!(reason(&unclear(&world, person, &id, why).await.unwrap_err()), refused);
    }
    let marked = unclear(&world, &world.liaison, &id, why).await.unwrap();
    assert_eq!((state(&marked), marked.coordination_reason.as_str()), (State::Coordination, "UNCLEAR"));
    assert_eq!((marked.held_by.as_str(), marked.deadlines[0].kind.as_str()), ("coordinator", "COORD"));
    assert_eq!(unclear(&world, &world.liaison, &id, why).await.unwrap().etag, marked.etag, "a repetition");
    assert_eq!(reason(&unclear(&world, &world.liaison, &id, "别的话").await.unwrap_err()), "STATE_CONFLICT");
    let told = world.events(&coordinator, &id).await;
    let rows: Vec<_> = told.iter().map(|event| (event.transition.as_str(), event.text.as_str())).collect();
    assert_eq!(rows[1..], [("T2", ""), ("T8", why)]);
}

#[tokio::test]
async fn the_parties_of_a_dispute_say_their_view_while_it_is_coordinated_and_nobody_else_does() {
    let world = World::new().await;
    let (coordinator, fire) = (Person::coordinator(world.gongnong), Person::handler(world.gongnong, world.fire));
    assert!([&world.courier, &coordinator].iter().all(|person| !person.may("FileStatement")));
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let early = say(&world, &world.handler, &id, "管线不归我局").await.unwrap_err();
    assert_eq!((reason(&early).as_str(), fact(&early, "state").as_str()), ("STATE_CONFLICT", "DISPATCHED"));
    let refuse = RefuseRequest { ticket_id: id.clone(), reason: "不属本部门职责".into() };
    let refused = answer(world.rpc().refuse(world.handler.asks("Refuse", refuse)).await).unwrap();
    assert_eq!(reason(&say(&world, &world.handler, &id, " ").await.unwrap_err()), "TEXT_REQUIRED");
    let elsewhere = Person::liaison(world.gongnong, "gn.hq");
    for stranger in [&fire, &elsewhere] {
        assert_eq!(reason(&say(&world, stranger, &id, "与我无关").await.unwrap_err()), "NOT_YOURS");
    }
    for _ in 0..2 {
        let said = say(&world, &world.handler, &id, "管线不归我局").await.unwrap();
        assert_eq!((state(&said), &said.deadlines), (State::Coordination, &refused.deadlines), "no deadline moves");
    }
    say(&world, &world.liaison, &id, "去年由该局处置").await.unwrap();
    let told = world.events(&coordinator, &id).await;
    let said: Vec<_> = told.iter().filter(|event| event.transition == "T33").map(|event| event.text.as_str()).collect();
    assert_eq!(said, ["管线不归我局", "去年由该局处置"], "each once, for the coordinator to read");
    let department_id = world.fire.to_string();
    let rule =
        RuleRequest { ticket_id: id.clone(), department_id, reason: "按责任清单".into(), ..Default::default() };
    world.rpc().rule(coordinator.asks("Rule", rule)).await.unwrap();
    let late = say(&world, &world.handler, &id, "管线不归我局").await.unwrap_err();
    assert_eq!(reason(&late), "STATE_CONFLICT", "it has moved on");
}

#[tokio::test]
async fn an_assisting_department_finishes_its_part_once_and_the_lead_and_others_do_not() {
    let world = World::new().await;
    let fire = Person::handler(world.gongnong, world.fire);
    assert!([&world.courier, &world.liaison].iter().all(|person| !person.may("FinishPart")));
    let id = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    assert_eq!(reason(&finish(&world, &fire, &id, "已封控").await.unwrap_err()), "NOT_YOURS", "not sent to it yet");
    let dispatch = DispatchRequest {
        ticket_id: id.clone(),
        department_id: world.housing.to_string(),
        assisting_ids: vec![world.fire.to_string()],
        ..Default::default()
    };
    let sent = answer(world.rpc().dispatch(world.liaison.asks("Dispatch", dispatch)).await).unwrap();
    let lead = finish(&world, &world.handler, &id, "已封控").await.unwrap_err();
    assert_eq!(reason(&lead), "STATE_CONFLICT", "the lead resolves");
    let other = Person::handler(world.gongnong, Uuid::now_v7());
    assert_eq!(reason(&finish(&world, &other, &id, "已封控").await.unwrap_err()), "NOT_YOURS");
    let done = finish(&world, &fire, &id, "已封控").await.unwrap();
    let legs: Vec<_> = done.legs.iter().map(|leg| (leg.lead, leg.state.as_str(), leg.text.as_str())).collect();
    assert_eq!(legs, [(true, "OPEN", ""), (false, "DONE", "已封控")]);
    assert_eq!((state(&done), &done.deadlines), (State::Dispatched, &sent.deadlines), "no deadline moves");
    assert_eq!(finish(&world, &fire, &id, "已封控").await.unwrap().etag, done.etag, "a repetition");
    assert_eq!(reason(&finish(&world, &fire, &id, "又一次").await.unwrap_err()), "STATE_CONFLICT");
    assert_eq!(world.count("event where transition = 'T34'").await, 1);
}
