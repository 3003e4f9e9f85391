use chrono::TimeDelta;
use proto::{
    residents::v1::PostChanged,
    tickets::v1::{
        AddEvidenceRequest, AppealRequest, BulkDispatchRequest, CheckRequest, ConfirmInvalidRequest,
        HandToCommunityRequest, MergeRequest, ProposeInvalidRequest, RefuseRequest, RuleRequest, WithdrawRequest,
        bulk_dispatch_request::Item, staff_service_server::StaffService, ticket::State,
        ticket_service_server::TicketService,
    },
};
use tickets::{rpc::staff::StaffRpc, store::projection, sweep};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, people::Person, reason, report, state};

const SMALL: &str = "81003";

fn refuse(id: &str) -> RefuseRequest {
    RefuseRequest { ticket_id: id.into(), reason: "不属本部门职责".into() }
}

fn rule(id: &str, department: Option<Uuid>) -> RuleRequest {
    let department_id = department.map(|id| id.to_string()).unwrap_or_default();
    RuleRequest { ticket_id: id.into(), department_id, reason: "按门前三包责任书".into(), ..Default::default() }
}

#[tokio::test]
async fn a_refusal_goes_to_coordination_and_a_ruling_binds() {
    let world = World::new().await;
    let (coordinator, fire) = (Person::coordinator(world.gongnong), Person::handler(world.gongnong, world.fire));
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let blank = RefuseRequest { ticket_id: id.clone(), reason: " ".into() };
    let blank = world.rpc().refuse(world.handler.asks("Refuse", blank)).await.unwrap_err();
    assert_eq!(reason(&blank), "REASON_REQUIRED");
    let refused = answer(world.rpc().refuse(world.handler.asks("Refuse", refuse(&id))).await).unwrap();
    assert_eq!((state(&refused), refused.coordination_reason.as_str()), (State::Coordination, "DISPUTED"));
    assert_eq!((refused.refusals.len(), refused.held_by.as_str()), (1, "coordinator"));
    let unknown = world.rpc().rule(coordinator.asks("Rule", rule(&id, Some(Uuid::now_v7())))).await.unwrap_err();
    assert_eq!(reason(&unknown), "DEPARTMENT_NOT_FOUND");
    let ruled = answer(world.rpc().rule(coordinator.asks("Rule", rule(&id, Some(world.fire)))).await).unwrap();
    assert_eq!((state(&ruled), ruled.binding, ruled.level), (State::Dispatched, true, 1));
    assert_eq!(ruled.resolve_by, refused.resolve_by, "the clock ran on");
    let again = world.rpc().refuse(fire.asks("Refuse", refuse(&id))).await.unwrap_err();
    assert_eq!(reason(&again), "CONDITION_NOT_MET", "a ruling binds");
    let open: Vec<_> = ruled.legs.iter().filter(|leg| leg.lead && leg.state == "OPEN").collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].department_id, world.fire.to_string());
}

#[tokio::test]
async fn a_small_matter_is_solved_by_the_community_and_checked_by_somebody_else() {
    let world = World::new().await;
    let workers = [Person::worker(world.gongnong), Person::worker(world.gongnong)];
    post(&world, &workers).await;
    let id = world.report(&world.courier, report(SMALL)).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let request = HandToCommunityRequest { ticket_id: id.clone(), text: String::new() };
    let ours = answer(world.rpc().hand_to_community(world.liaison.asks("HandToCommunity", request)).await).unwrap();
    assert_eq!((state(&ours), ours.held_by.as_str()), (State::Community, "community:gn.xy.sh"));
    let done = world.resolve(&workers[0], &id, &[]).await.unwrap();
    assert_eq!(state(&done), State::Feedback);
    assert_eq!(done.checker_id, Some(workers[1].id.to_string()), "the lot cannot fall on the handler");
    let passed =
        |passed| CheckRequest { ticket_id: id.clone(), passed: Some(passed), text: "现场仍有堆物".into() };
    let own = world.rpc().check(workers[0].asks("Check", passed(true))).await.unwrap_err();
    assert_eq!(reason(&own), "NOT_INDEPENDENT");
    let back = answer(world.rpc().check(workers[1].asks("Check", passed(false))).await).unwrap();
    assert_eq!((state(&back), back.returned_count), (State::Community, 1), "back to where the work is done");
    world.resolve(&workers[0], &id, &[]).await.unwrap();
    answer(world.rpc().check(workers[1].asks("Check", passed(true))).await).unwrap();
    sweep::sweep(world.service(), world.clock.now() + TimeDelta::hours(72)).await.unwrap();
    let closed = world.get(&world.courier, &id).await.unwrap();
    assert_eq!((state(&closed), closed.outcome.as_str(), closed.satisfied), (State::Closed, "VERIFIED_UNRATED", None));
    assert_eq!(closed.solved_level, 4, "solved where it lies: the category's level");
}

/// Lets these people be known as community workers.
async fn post(world: &World, workers: &[Person]) {
    let mut connection = world.pool.acquire().await.unwrap();
    let told = |worker: &Person| {
        let post = PostChanged {
            post_id: Uuid::now_v7().to_string(),
            person_id: worker.id.to_string(),
            role: proto::api::v1::post::Role::CommunityWorker.into(),
            place_path: "gn.xy.sh".into(),
            ..Default::default()
        };
        (world.gongnong, post.post_id.parse().unwrap(), post)
    };
    let told: Vec<_> = workers.iter().map(told).collect();
    projection::keep_posts(&mut connection, &told).await.unwrap();
    for replica in &world.replicas {
        replica.0.staff.reread(&world.pool, world.clock.today()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_merged_into_one_parent_however_many_try() {
    let world = std::sync::Arc::new(World::new().await);
    let neighbour = Person::courier(world.gongnong);
    let child = world.report(&neighbour, report(NEEDS_NO_PHOTO)).await.unwrap().ticket_id;
    let parents = [world.pooled().await.ticket_id, world.pooled().await.ticket_id];
    let tries = (0..8).map(|n| {
        let (world, child, parent) = (world.clone(), child.clone(), parents[n % 2].clone());
        tokio::spawn(async move {
            let request = MergeRequest { ticket_id: child, parent_ticket_id: parent };
            world.rpc().merge(world.liaison.asks("Merge", request)).await.map(tonic::Response::into_inner)
        })
    });
    let mut merged = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(ticket) => {
                merged += 1;
                assert_eq!(state(&ticket), State::Merged);
            }
            Err(refused) => {
                assert!(["STATE_CONFLICT", "PARENT_NOT_OPEN"].contains(&reason(&refused).as_str()), "{refused:?}")
            }
        }
    }
    assert!(merged >= 1);
    assert_eq!(world.count("event where transition in ('T27', 'T39')").await, 2, "both rows once");
    assert_eq!(world.count("ticket, jsonb_array_elements(co_reports)").await, 1);
    let into = world.get(&neighbour, &child).await.unwrap().parent_ticket_id.unwrap();
    let other = parents.iter().find(|parent| **parent != into).unwrap();
    let nested = MergeRequest { ticket_id: other.clone(), parent_ticket_id: child.clone() };
    let nested = world.rpc().merge(world.liaison.asks("Merge", nested)).await.unwrap_err();
    assert_eq!(reason(&nested), "PARENT_NOT_OPEN", "a tree of depth one");
    let chain = MergeRequest { ticket_id: into, parent_ticket_id: other.clone() };
    let chain = world.rpc().merge(world.liaison.asks("Merge", chain)).await.unwrap_err();
    assert_eq!(reason(&chain), "CONDITION_NOT_MET", "what has co-reporters is not merged itself");
}

#[tokio::test]
async fn invalid_needs_two_people_and_is_appealed_once() {
    let world = World::new().await;
    let (mate, coordinator) = (Person::liaison(world.gongnong, "gn.xy"), Person::coordinator(world.gongnong));
    let id = world.pooled().await.ticket_id;
    let confirm = || ConfirmInvalidRequest { ticket_id: id.clone() };
    let early = world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", confirm())).await.unwrap_err();
    assert_eq!(reason(&early), "CONDITION_NOT_MET");
    let propose =
        ProposeInvalidRequest { ticket_id: id.clone(), reason: "照片与地点不符".into(), malicious: false };
    for _ in 0..2 {
        world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose.clone())).await.unwrap();
    }
    assert_eq!(world.count("event where transition = 'T36'").await, 1, "said twice is said once");
    let alone = world.rpc().confirm_invalid(world.liaison.asks("ConfirmInvalid", confirm())).await.unwrap_err();
    assert_eq!(reason(&alone), "CONDITION_NOT_MET");
    let ended = answer(world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", confirm())).await).unwrap();
    assert_eq!((state(&ended), ended.deadlines.len(), ended.held_by.as_str()), (State::Invalid, 0, ""));
    let appeal = AppealRequest { ticket_id: id.clone(), reason: "照片是现场拍的".into() };
    let appealed = answer(world.rpc().appeal(world.courier.asks("Appeal", appeal.clone())).await).unwrap();
    assert_eq!((state(&appealed), appealed.coordination_reason.as_str()), (State::Coordination, "APPEALED"));
    let dismiss = proto::tickets::v1::DismissAppealRequest { ticket_id: id.clone(), reason: "复核属实".into() };
    world.rpc().dismiss_appeal(coordinator.asks("DismissAppeal", dismiss)).await.unwrap();
    let twice = AppealRequest { reason: "再申诉".into(), ..appeal };
    assert_eq!(
        reason(&world.rpc().appeal(world.courier.asks("Appeal", twice)).await.unwrap_err()),
        "CONDITION_NOT_MET"
    );
}

#[tokio::test]
async fn the_reporter_adds_photos_and_withdraws_and_nobody_else_does() {
    let world = World::new().await;
    let id = world.pooled().await.ticket_id;
    let evidence =
        |photo: String| AddEvidenceRequest { ticket_id: id.clone(), text: String::new(), media_ids: vec![photo] };
    let stranger = Person::courier(world.gongnong);
    let foreign = world.rpc().add_evidence(stranger.asks("AddEvidence", evidence(world.photo(&stranger)))).await;
    assert_eq!(reason(&foreign.unwrap_err()), "NOT_YOURS");
    let photo = world.photo(&world.courier);
    for _ in 0..2 {
        let more =
            answer(world.rpc().add_evidence(world.courier.asks("AddEvidence", evidence(photo.clone()))).await).unwrap();
        assert_eq!(more.media.len(), 1, "the same once more changes nothing");
    }
    let away = WithdrawRequest { ticket_id: id.clone(), reason: String::new() };
    let gone = answer(world.rpc().withdraw(world.courier.asks("Withdraw", away)).await).unwrap();
    assert_eq!(state(&gone), State::Withdrawn);
    assert_eq!(reason(&world.claim(&world.liaison, &id).await.unwrap_err()), "STATE_CONFLICT");
}

#[tokio::test]
async fn many_dispatches_at_once_each_have_their_own_outcome() {
    let world = World::new().await;
    let (mine, pooled) = (world.pooled().await.ticket_id, world.pooled().await.ticket_id);
    world.claim(&world.liaison, &mine).await.unwrap();
    let item = |ticket_id: &str| Item { ticket_id: ticket_id.into(), department_id: world.housing.to_string() };
    let items = vec![item(&mine), item(&pooled), item(&Uuid::now_v7().to_string())];
    let staff = StaffRpc(world.replicas[0].0.clone());
    for _ in 0..2 {
        let request = BulkDispatchRequest { items: items.clone() };
        let asked = world.liaison.asks_of("StaffService", "BulkDispatch", request);
        let outcomes = staff.bulk_dispatch(asked).await.unwrap().into_inner().outcomes;
        let reasons: Vec<_> = outcomes.iter().map(|outcome| outcome.reason.as_str()).collect();
        assert_eq!(reasons, ["", "STATE_CONFLICT", "TICKET_NOT_FOUND"]);
    }
    let twice = BulkDispatchRequest { items: vec![item(&mine), item(&mine)] };
    let refused = staff.bulk_dispatch(world.liaison.asks_of("StaffService", "BulkDispatch", twice)).await.unwrap_err();
    assert_eq!(crate::harness::field(&refused), "items[1].ticket_id");
}

#[tokio::test]
async fn an_anonymous_reporter_and_what_the_district_says_within_are_hidden_from_others() {
    let world = World::new().await;
    let (stranger, coordinator) = (Person::courier(world.gongnong), Person::coordinator(world.gongnong));
    let request = proto::tickets::v1::ReportRequest { anonymous: true, ..report(NEEDS_NO_PHOTO) };
    let id = world.report(&world.courier, request).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    world.rpc().refuse(world.handler.asks("Refuse", refuse(&id))).await.unwrap();
    let seen = world.get(&stranger, &id).await.unwrap();
    assert_eq!((seen.reporter.unwrap().name.as_str(), seen.refusals[0].text.as_str()), ("", ""));
    let told = world.events(&stranger, &id).await;
    assert_eq!((told[0].actor_name.as_str(), told[1].actor_name.as_str()), ("", "张**"));
    assert!(told.iter().all(|event| event.text.is_empty() && event.actor_id.is_none()), "{told:?}");
    let staff = world.events(&coordinator, &id).await;
    assert_eq!((staff[0].actor_name.as_str(), staff[3].text.as_str()), ("李春生", "不属本部门职责"));
}

#[tokio::test]
async fn who_is_drawn_to_check_sees_what_there_is_to_check() {
    let world = World::new().await;
    let observer = Person::new(world.gongnong, proto::api::v1::post::Role::HomeObserver, "gn.xy.sh.03", None);
    post(&world, std::slice::from_ref(&observer)).await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    assert!(world.get(&observer, &id).await.unwrap().location.is_none());
    world.resolve(&world.handler, &id, &[]).await.unwrap();
    assert!(world.get(&observer, &id).await.unwrap().location.is_some());
}

#[tokio::test]
async fn one_person_adds_sixteen_words_at_most_and_others_still_may() {
    let world = World::new().await;
    let id = world.pooled().await.ticket_id;
    let add = |n: usize| AddEvidenceRequest { ticket_id: id.clone(), text: format!("补充{n}"), media_ids: vec![] };
    for n in 0..16 {
        world.rpc().add_evidence(world.courier.asks("AddEvidence", add(n))).await.unwrap();
    }
    let more = world.rpc().add_evidence(world.courier.asks("AddEvidence", add(16))).await.unwrap_err();
    assert_eq!(reason(&more), "TOO_MUCH_SAID");
    world.rpc().add_evidence(world.courier.asks("AddEvidence", add(3))).await.expect("a repetition is answered");
    let propose = ProposeInvalidRequest { ticket_id: id.clone(), reason: "重复灌水".into(), malicious: true };
    world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose)).await.unwrap();
}
