//! Departments that are asked for their statement while nobody is a party yet.
use chassis::clock::timestamp;
use chrono::TimeDelta;
use proto::tickets::v1::{
    FileStatementRequest, InvitePartiesRequest, ListQueueRequest, MarkUnclearRequest, RuleRequest, Ticket,
    staff_service_server::StaffService, ticket::State, ticket_service_server::TicketService,
};
use tickets::{followers_consumer, rpc::staff::StaffRpc, sweep};
use tonic::Status;
use uuid::Uuid;

use crate::{
    channels::groups::{Groups, street},
    harness::{World, answer, field, people::Person, reason, state},
    inbox::{appoint, inbox},
};

fn asked(id: &str, departments: &[Uuid], text: &str) -> InvitePartiesRequest {
    let department_ids = departments.iter().map(Uuid::to_string).collect();
    InvitePartiesRequest { ticket_id: id.into(), department_ids, text: text.into(), until: None }
}

async fn invite(world: &World, person: &Person, request: InvitePartiesRequest) -> Result<Ticket, Status> {
    answer(world.rpc().invite_parties(person.asks("InviteParties", request)).await)
}

async fn say(world: &World, person: &Person, id: &str, text: &str) -> Result<Ticket, Status> {
    let request = FileStatementRequest { ticket_id: id.into(), text: text.into() };
    answer(world.rpc().file_statement(person.asks("FileStatement", request)).await)
}

async fn queue(world: &World, person: &Person) -> Vec<String> {
    let rpc = StaffRpc(world.replicas[0].0.clone());
    let request = person.asks_of("StaffService", "ListQueue", ListQueueRequest::default());
    let listed = answer(rpc.list_queue(request).await).unwrap();
    listed.tickets.into_iter().map(|ticket| ticket.ticket_id).collect()
}

/// In coordination because nobody claimed it: nobody is a party.
async fn unclaimed(world: &World) -> String {
    let id = world.pooled().await.ticket_id;
    world.clock.advance(TimeDelta::minutes(31));
    sweep::sweep(world.service(), world.clock.now()).await.unwrap();
    id
}

#[tokio::test]
async fn who_is_asked_becomes_a_party_until_the_ruling() {
    let world = World::new().await;
    let (coordinator, fire) = (Person::coordinator(world.gongnong), Person::handler(world.gongnong, world.fire));
    assert!([&world.courier, &world.liaison, &fire].iter().all(|person| !person.may("InviteParties")));
    let id = unclaimed(&world).await;
    assert_eq!(reason(&say(&world, &fire, &id, "属我队").await.unwrap_err()), "NOT_YOURS");
    assert!(!world.get(&fire, &id).await.unwrap().reporter.unwrap().name.starts_with("李春"), "not theirs to read");
    let before = world.get(&coordinator, &id).await.unwrap();
    let request = asked(&id, &[world.fire, world.housing], "消防通道归谁管理");
    let made = invite(&world, &coordinator, request.clone()).await.unwrap();
    assert_eq!(
        (state(&made), &made.deadlines, &made.held_by),
        (State::Coordination, &before.deadlines, &before.held_by)
    );
    assert_eq!(invite(&world, &coordinator, request).await.unwrap().etag, made.etag, "a repetition");
    assert_eq!(queue(&world, &fire).await, std::slice::from_ref(&id));
    assert_eq!(queue(&world, &Person::handler(world.gongnong, Uuid::now_v7())).await, Vec::<String>::new());
    let read = world.get(&fire, &id).await.unwrap();
    assert_eq!(read.reporter.unwrap().name, "李春生");
    assert_eq!(read.invitations[0].text, "消防通道归谁管理");
    let own = world.get(&world.courier, &id).await.unwrap();
    assert!(own.invitations.len() == 2 && own.invitations[0].text.is_empty(), "the words are the departments'");
    for _ in 0..2 {
        say(&world, &fire, &id, "属我队").await.unwrap();
    }
    assert_eq!(queue(&world, &fire).await, Vec::<String>::new(), "it has said its view");
    assert_eq!(queue(&world, &world.handler).await, std::slice::from_ref(&id), "the other one has not");
    let stated: Vec<_> =
        world.get(&coordinator, &id).await.unwrap().invitations.iter().map(|one| one.stated_at.is_some()).collect();
    assert_eq!(stated, [true, false]);
    // asked again, it answers again
    invite(&world, &coordinator, asked(&id, &[world.fire], "请补充依据")).await.unwrap();
    assert_eq!(queue(&world, &fire).await, std::slice::from_ref(&id));
    say(&world, &fire, &id, "属我队").await.unwrap();
    assert_eq!(queue(&world, &fire).await, Vec::<String>::new(), "in the same words as well");
    let rule = RuleRequest {
        ticket_id: id.clone(),
        department_id: world.fire.to_string(),
        reason: "按职责清单".into(),
        ..RuleRequest::default()
    };
    let ruled = answer(world.rpc().rule(coordinator.asks("Rule", rule)).await).unwrap();
    assert!(ruled.invitations.is_empty());
    assert_eq!(queue(&world, &world.handler).await, Vec::<String>::new(), "nobody is asked any more");
    assert_eq!(reason(&say(&world, &world.handler, &id, "迟到").await.unwrap_err()), "NOT_YOURS");
    crate::history::replay(&world, id.parse().unwrap()).await;
}

#[tokio::test]
async fn an_invitation_names_departments_of_the_district_and_a_time_to_come() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let pooled = world.pooled().await.ticket_id;
    let early = invite(&world, &coordinator, asked(&pooled, &[world.fire], "归谁")).await.unwrap_err();
    assert_eq!(reason(&early), "STATE_CONFLICT");
    let id = unclaimed(&world).await;
    let refused = async |request: InvitePartiesRequest| invite(&world, &coordinator, request).await.unwrap_err();
    for departments in [&[][..], &[world.fire; 6][..]] {
        assert_eq!(field(&refused(asked(&id, departments, "归谁")).await), "department_ids");
    }
    assert_eq!(field(&refused(asked(&id, &[world.fire, world.fire], "归谁")).await), "department_ids[1]");
    let unknown = refused(asked(&id, &[world.fire, Uuid::now_v7()], "归谁")).await;
    assert_eq!((reason(&unknown).as_str(), field(&unknown).as_str()), ("DEPARTMENT_NOT_FOUND", "department_ids[1]"));
    assert_eq!(reason(&refused(asked(&id, &[world.fire], " ")).await), "REASON_REQUIRED");
    for until in [TimeDelta::zero(), TimeDelta::days(31)] {
        let until = Some(timestamp(world.clock.now() + until));
        let late = refused(InvitePartiesRequest { until, ..asked(&id, &[world.fire], "归谁") }).await;
        assert_eq!((reason(&late).as_str(), field(&late).as_str()), ("OUT_OF_BOUNDS", "until"));
    }
    let abroad = Person::coordinator(world.xingshan);
    assert_eq!(
        reason(&invite(&world, &abroad, asked(&id, &[world.fire], "归谁")).await.unwrap_err()),
        "DEPARTMENT_NOT_FOUND"
    );
    assert_eq!(world.count("event where transition = 'T40'").await, 0, "nothing has changed");
    // until its time is over it waits for the department
    let until = Some(timestamp(world.clock.now() + TimeDelta::minutes(20)));
    let fire = Person::handler(world.gongnong, world.fire);
    invite(&world, &coordinator, InvitePartiesRequest { until, ..asked(&id, &[world.fire], "归谁") }).await.unwrap();
    assert_eq!(queue(&world, &fire).await, std::slice::from_ref(&id));
    world.clock.advance(TimeDelta::minutes(20));
    assert_eq!(queue(&world, &fire).await, Vec::<String>::new());
    say(&world, &fire, &id, "迟到的意见也听").await.unwrap();
}

#[tokio::test]
async fn two_invitations_at_once_both_count() {
    let world = World::new().await;
    let [one, two] = [(); 2].map(|()| Person::coordinator(world.gongnong));
    let id = unclaimed(&world).await;
    let (first, second) = tokio::join!(
        invite(&world, &one, asked(&id, &[world.fire], "归谁")),
        invite(&world, &two, asked(&id, &[world.housing], "归谁")),
    );
    first.and(second).unwrap();
    assert_eq!(world.get(&one, &id).await.unwrap().invitations.len(), 2);
    assert_eq!(world.count("event where transition = 'T40'").await, 2);
}

#[tokio::test]
async fn whoever_is_asked_hears_it_once_in_inbox_and_group() {
    let groups = Groups::new().await;
    let world = &groups.world;
    for (key, department) in [("robot-of-fire", world.fire), ("robot-of-housing", world.housing)] {
        let channel = proto::tickets::v1::PutChannelRequest {
            tier: "DEPARTMENT".into(),
            place_id: None,
            department_id: Some(department.to_string()),
            robot_key: Some(key.into()),
            ..street(world)
        };
        groups.put(channel).await.unwrap();
    }
    let (coordinator, fire) = (Person::coordinator(world.gongnong), Person::handler(world.gongnong, world.fire));
    for person in [&fire, &world.handler] {
        appoint(world, person).await;
    }
    let id = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let unclear = MarkUnclearRequest { ticket_id: id.clone(), reason: "不清".into() };
    world.rpc().mark_unclear(world.liaison.asks("MarkUnclear", unclear)).await.unwrap();
    let until = Some(timestamp(world.clock.now() + TimeDelta::hours(2)));
    let request = InvitePartiesRequest { until, ..asked(&id, &[world.fire], "通道归谁") };
    invite(world, &coordinator, request).await.unwrap();
    invite(world, &coordinator, asked(&id, &[world.housing], "楼道归谁")).await.unwrap();
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    groups.seconds(5).await;
    let received = groups.wecom.received();
    let heard = [
        (&fire, "robot-of-fire", "请贵单位陈述意见，请于 11月23日 11:00 前答复：通道归谁"),
        (&world.handler, "robot-of-housing", "请贵单位陈述意见：楼道归谁"),
    ];
    for (person, key, words) in heard {
        let texts: Vec<_> = inbox(world, person).await.messages.into_iter().map(|message| message.text).collect();
        assert!(texts.len() == 1 && texts[0].ends_with(words), "{texts:?}");
        let said: Vec<_> = received.iter().filter(|one| one.key == key).map(|one| one.content.as_str()).collect();
        assert!(said.len() == 1 && said[0].contains(words), "{key}: {said:?}");
    }
}
