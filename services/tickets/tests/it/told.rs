//! Who is told what: the inbox of everybody concerned, whatever the groups have.
mod ahead;
mod heads;
mod others;

use chrono::TimeDelta;
use proto::tickets::v1::{
    AppealRequest, CheckRequest, ConfirmInvalidRequest, DismissAppealRequest, DispatchRequest, MediateRequest,
    MergeRequest, ProposeInvalidRequest, PutChannelRequest, RefuseRequest, ReopenRequest, ResumeRequest, RuleRequest,
    ticket_service_server::TicketService,
};
use tickets::followers_consumer;
use uuid::Uuid;

use crate::{
    channels::groups::{Groups, street},
    harness::{NEEDS_NO_PHOTO, World, answer, people::Person, report},
    inbox::{appoint, inbox, timeline},
};

const SMALL: &str = "81003";

/// What a person has in their inbox, the oldest first.
async fn texts(world: &World, person: &Person) -> Vec<String> {
    let messages = inbox(world, person).await.messages;
    messages.into_iter().rev().map(|message| message.text).collect()
}

/// Whether every text of a list holds its part.
fn each(texts: &[String], parts: &[&str]) {
    let held = texts.iter().zip(parts).all(|(text, part)| text.contains(part));
    assert!(texts.len() == parts.len() && held, "{texts:#?} against {parts:?}");
}

async fn hear(world: &World, heard: usize) -> usize {
    world.hear(&followers_consumer(&world.replicas[0].0), heard).await
}

#[tokio::test]
async fn whoever_reported_the_same_hears_that_it_is_invalid_and_stays_so() {
    let world = World::new().await;
    let (mate, coordinator) = (Person::liaison(world.gongnong, "gn.xy"), Person::coordinator(world.gongnong));
    for person in [&world.liaison, &mate, &coordinator] {
        appoint(&world, person).await;
    }
    let neighbour = Person::courier(world.gongnong);
    let id = world.pooled().await.ticket_id;
    let child = world.report(&neighbour, report(NEEDS_NO_PHOTO)).await.unwrap().ticket_id;
    let merge = MergeRequest { ticket_id: child, parent_ticket_id: id.clone() };
    world.rpc().merge(world.liaison.asks("Merge", merge)).await.unwrap();
    let propose = ProposeInvalidRequest { ticket_id: id.clone(), reason: "无现场".into(), malicious: false };
    world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose)).await.unwrap();
    let heard = hear(&world, 0).await;
    for second in [&mate, &coordinator] {
        let told = texts(&world, second).await;
        assert!(told.last().unwrap().ends_with("有人提议不予受理，请另一人确认：无现场"), "{told:?}");
    }
    let own = texts(&world, &world.liaison).await;
    assert!(own.iter().all(|text| !text.contains("不予受理")), "who proposed it knows: {own:?}");
    let confirm = ConfirmInvalidRequest { ticket_id: id.clone() };
    world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", confirm)).await.unwrap();
    let heard = hear(&world, heard).await;
    let last = async |person: &Person| texts(&world, person).await.pop().unwrap();
    assert!(last(&world.courier).await.ends_with("不予受理；72 小时内可申诉一次"));
    assert!(last(&neighbour).await.ends_with("不予受理"), "only the reporter may appeal");
    let appeal = AppealRequest { ticket_id: id.clone(), reason: "现场仍在".into() };
    world.rpc().appeal(world.courier.asks("Appeal", appeal)).await.unwrap();
    let dismiss = DismissAppealRequest { ticket_id: id.clone(), reason: "照片非本地".into() };
    world.rpc().dismiss_appeal(coordinator.asks("DismissAppeal", dismiss)).await.unwrap();
    hear(&world, heard).await;
    for person in [&world.courier, &neighbour] {
        assert!(last(person).await.ends_with("申诉不成立，维持不予受理：照片非本地"));
    }
    let steps = timeline(&world, &world.courier, &id).await.unwrap().steps;
    let step = steps.last().unwrap();
    assert_eq!((step.words.as_str(), step.text.as_str()), ("申诉不成立，维持不予受理", "照片非本地"));
}

/// The group of a community or a department, bound to a robot of its own.
async fn bind(groups: &Groups, key: &str, department: Option<Uuid>) {
    let world = &groups.world;
    let community = sqlx::query_scalar::<_, Uuid>("select place_id from tickets.place where path = 'gn.xy.sh'");
    let request = PutChannelRequest {
        tier: if department.is_some() { "DEPARTMENT" } else { "COMMUNITY" }.into(),
        place_id: Some(community.fetch_one(&world.pool).await.unwrap().to_string()),
        department_id: department.map(|id| id.to_string()),
        robot_key: Some(key.into()),
        ..street(world)
    };
    groups.put(request).await.unwrap();
}

/// All that one robot has said.
fn of_robot(groups: &Groups, key: &str) -> String {
    let received = groups.wecom.received();
    received.iter().filter(|one| one.key == key).map(|one| one.content.as_str()).collect()
}

#[tokio::test]
async fn what_comes_to_a_community_again_reaches_its_people_and_its_group() {
    let groups = Groups::new().await;
    let world = &groups.world;
    bind(&groups, "robot-of-community", None).await;
    let (worker, coordinator) = (Person::worker(world.gongnong), Person::coordinator(world.gongnong));
    let other = Person::worker(world.gongnong);
    for person in [&worker, &other] {
        appoint(world, person).await;
    }
    let id = world.report(&world.courier, report(SMALL)).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let unclear = proto::tickets::v1::MarkUnclearRequest { ticket_id: id.clone(), reason: "不清".into() };
    world.rpc().mark_unclear(world.liaison.asks("MarkUnclear", unclear)).await.unwrap();
    let rule = RuleRequest { ticket_id: id.clone(), reason: "小事".into(), ..Default::default() };
    world.rpc().rule(coordinator.asks("Rule", rule)).await.unwrap();
    let mediate = MediateRequest {
        ticket_id: id.clone(),
        mediation_case_id: Uuid::now_v7().to_string(),
        until: Some(chassis::clock::timestamp(world.clock.now() + TimeDelta::hours(6))),
        text: "邻里纠纷".into(),
        consent: true,
    };
    world.rpc().mediate(worker.asks("Mediate", mediate)).await.unwrap();
    let resume = ResumeRequest { ticket_id: id.clone(), reason: "调解结束".into() };
    world.rpc().resume(coordinator.asks("Resume", resume)).await.unwrap();
    world.resolve(&worker, &id, &[]).await.unwrap();
    let check = CheckRequest { ticket_id: id.clone(), passed: Some(false), text: "仍有堆物".into() };
    world.rpc().check(other.asks("Check", check)).await.unwrap();
    world.resolve(&worker, &id, &[]).await.unwrap();
    world.rate(&world.courier, &id, false, "未清理").await.unwrap();
    world.resolve(&worker, &id, &[]).await.unwrap();
    world.rate(&world.courier, &id, true, "").await.unwrap();
    let photo = world.photo(&world.courier);
    let reopen = ReopenRequest { ticket_id: id.clone(), text: "又堆了".into(), media_ids: vec![photo] };
    world.rpc().reopen(world.courier.asks("Reopen", reopen)).await.unwrap();
    hear(world, 0).await;
    let came = ["由贵单位承办，具约束力", "恢复办理", "核查不通过", "上报人不满意", "结案后复发"];
    let mine = texts(world, &worker).await;
    each(&mine.into_iter().filter(|text| !text.contains("请您核查")).collect::<Vec<_>>(), &came);
    groups.seconds(5).await;
    let said = of_robot(&groups, "robot-of-community");
    assert!(came.iter().all(|part| said.matches(part).count() == 1), "{said}");
}

#[tokio::test]
async fn a_department_that_helps_hears_of_its_dispatch_and_of_a_ruling() {
    let groups = Groups::new().await;
    let world = &groups.world;
    bind(&groups, "robot-of-fire", Some(world.fire)).await;
    bind(&groups, "robot-of-housing", Some(world.housing)).await;
    let fire = Person::handler(world.gongnong, world.fire);
    appoint(world, &fire).await;
    appoint(world, &world.handler).await;
    let id = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let dispatch = DispatchRequest {
        ticket_id: id.clone(),
        department_id: world.housing.to_string(),
        assisting_ids: vec![world.fire.to_string()],
        ..Default::default()
    };
    world.rpc().dispatch(world.liaison.asks("Dispatch", dispatch)).await.unwrap();
    let refuse = RefuseRequest { ticket_id: id.clone(), reason: "不属本部门职责".into() };
    world.rpc().refuse(world.handler.asks("Refuse", refuse)).await.unwrap();
    let rule = RuleRequest {
        ticket_id: id.clone(),
        department_id: world.housing.to_string(),
        assisting_ids: vec![world.fire.to_string()],
        reason: "按责任清单".into(),
        ..Default::default()
    };
    answer(world.rpc().rule(Person::coordinator(world.gongnong).asks("Rule", rule)).await).unwrap();
    hear(world, 0).await;
    each(&texts(world, &fire).await, &["已派遣至住建局，请贵单位协助", "由住建局承办，请贵单位协助"]);
    each(&texts(world, &world.handler).await, &["已派遣至贵单位", "由贵单位承办，具约束力"]);
    groups.seconds(5).await;
    for (key, others) in [("robot-of-fire", "贵单位承办"), ("robot-of-housing", "请贵单位协助")] {
        let said = of_robot(&groups, key);
        assert!(said.contains("已派遣至") && said.contains("裁定：") && !said.contains(others), "{key}: {said}");
    }
}
