use chrono::TimeDelta;
use proto::incentives::v1::{
    AppealAwardRequest, Award, DecideAwardRequest, ListAwardsRequest, award::State, award_service_server::AwardService,
};
use serde_json::json;
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    awards::held,
    harness::{World, field, reason},
};

/// Somebody whose second report at a place looks strange, and that report's ticket.
pub async fn doubted(world: &World) -> (Uuid, Uuid) {
    let mut rules = world.rules().await;
    rules["signals"] = json!({"same_place": 0, "burst": 2, "same_pair": 0, "same_photo": 0});
    world.put_rules(rules).await;
    let person = Uuid::now_v7();
    world.closed(person, "10101").await;
    (person, world.closed(person, "10101").await)
}

async fn list(world: &World, by: Uuid) -> Vec<Award> {
    let request = world.admin(by, "AwardService/ListDoubtedAwards", ListAwardsRequest::default());
    world.awards().list_doubted_awards(request).await.unwrap().into_inner().awards
}

async fn own(world: &World, person: Uuid) -> Vec<Award> {
    let request = world.ask(person, "AwardService/ListAwards", ListAwardsRequest::default());
    world.awards().list_awards(request).await.unwrap().into_inner().awards
}

pub async fn decide(world: &World, by: Uuid, ticket: Uuid, earned: bool) -> Result<Award, Status> {
    let (ticket_id, reason) = (ticket.to_string(), "已电话核实".to_owned());
    let request = DecideAwardRequest { ticket_id, rule: String::new(), earned, reason };
    let request = world.admin(by, "AwardService/DecideAward", request);
    Ok(world.awards().decide_award(request).await?.into_inner())
}

pub async fn appeal(world: &World, by: Uuid, ticket: Uuid) -> Result<Award, Status> {
    let request =
        AppealAwardRequest { ticket_id: ticket.to_string(), rule: String::new(), text: "都是不同的问题".into() };
    Ok(world.awards().appeal_award(world.ask(by, "AwardService/AppealAward", request)).await?.into_inner())
}

#[tokio::test]
async fn what_looks_strange_waits_for_a_person_and_costs_nothing() {
    let world = World::new().await;
    let (person, ticket) = doubted(&world).await;
    assert_eq!(held(&world, person).await, (10, 10, 0));
    let admin = Uuid::now_v7();
    let listed = list(&world, admin).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].ticket_id.as_str(), listed[0].state()), (ticket.to_string().as_str(), State::Held));
    assert_eq!(listed[0].signals[0].signal, "BURST");
    assert_eq!(listed[0].signals[0].evidence, "10 分钟内上报 2 件");
    // the member sees that somebody looks at it, not how it was found
    let own = own(&world, person).await;
    assert_eq!((own.len(), own[0].state(), own[0].signals.len()), (2, State::Held, 0));
    for _ in 0..2 {
        assert_eq!(decide(&world, admin, ticket, true).await.unwrap().state(), State::Active);
    }
    assert_eq!(held(&world, person).await, (20, 0, 0));
    assert_eq!(reason(&decide(&world, admin, ticket, false).await.unwrap_err()), "AWARD_DECIDED");
    assert_eq!(list(&world, admin).await, []);
    audit(&world.pool).await;
}

#[tokio::test]
async fn cleared_before_it_is_closed_it_becomes_active_as_any_other() {
    let world = World::new().await;
    let (person, _) = doubted(&world).await;
    let ticket = Uuid::now_v7();
    world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
    world.hear(1).await;
    assert_eq!(decide(&world, Uuid::now_v7(), ticket, true).await.unwrap().state(), State::Pending);
    world.ticket(ticket, person, "10101", "FEEDBACK", "CLOSED").await;
    world.hear(1).await;
    assert_eq!(held(&world, person).await, (20, 10, 0));
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_decided_once_by_somebody_else() {
    let world = World::new().await;
    let (person, ticket) = doubted(&world).await;
    let [first, second, third] = [(); 3].map(|()| Uuid::now_v7());
    assert_eq!(reason(&appeal(&world, person, ticket).await.unwrap_err()), "APPEAL_NOT_POSSIBLE");
    assert_eq!(reason(&decide(&world, person, ticket, true).await.unwrap_err()), "OWN_POINTS");
    assert_eq!(decide(&world, first, ticket, false).await.unwrap().state(), State::Void);
    assert_eq!(held(&world, person).await, (10, 0, 0));
    assert_eq!(reason(&appeal(&world, Uuid::now_v7(), ticket).await.unwrap_err()), "AWARD_NOT_FOUND");
    for _ in 0..2 {
        assert_eq!(appeal(&world, person, ticket).await.unwrap().appeal, "都是不同的问题");
    }
    assert_eq!(reason(&decide(&world, first, ticket, true).await.unwrap_err()), "SECOND_PERSON_REQUIRED");
    let (one, two) = tokio::join!(decide(&world, second, ticket, true), decide(&world, third, ticket, false));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "one of them decides");
    let points = if one.is_ok() { 20 } else { 10 };
    assert_eq!(held(&world, person).await, (points, 0, 0));
    assert_eq!(reason(&appeal(&world, person, Uuid::now_v7()).await.unwrap_err()), "AWARD_NOT_FOUND");
    if points == 20 {
        // what was given after all can be undone as any other
        let entry: i64 = sqlx::query_scalar("select max(transfer_id) from incentives.transfer where kind = 'ACTIVATE'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        crate::corrections::reverse(&world, first, &entry.to_string()).await.unwrap();
        assert_eq!(held(&world, person).await, (10, 0, 0));
        assert!(own(&world, person).await.iter().any(|award| award.state() == State::Reversed));
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn an_appeal_comes_in_time() {
    let world = World::new().await;
    let (person, ticket) = doubted(&world).await;
    decide(&world, Uuid::now_v7(), ticket, false).await.unwrap();
    world.state.clock.advance(TimeDelta::days(30));
    assert_eq!(reason(&appeal(&world, person, ticket).await.unwrap_err()), "APPEAL_NOT_POSSIBLE");
}

#[tokio::test]
async fn always_the_same_checker_is_seen_at_the_end() {
    let world = World::new().await;
    let mut rules = world.rules().await;
    rules["signals"] = json!({"same_place": 0, "burst": 0, "same_pair": 3, "same_photo": 0});
    world.put_rules(rules).await;
    let [person, checker] = [(); 2].map(|()| Uuid::now_v7());
    for number in 1..=3 {
        let ticket = Uuid::now_v7();
        world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
        let payload = json!({"ticket_id": ticket, "number": "GN261123-000042", "from_state": "FEEDBACK", "to_state": "CLOSED",
            "reporter_id": person, "reporter_role": "courier", "category_code": "10101", "at": world.now(), "checker_id": checker});
        world.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", payload).await;
        world.hear(2).await;
        let pending = if number < 3 { 0 } else { 10 };
        assert_eq!(held(&world, person).await.1, pending);
    }
    let listed = list(&world, Uuid::now_v7()).await;
    assert_eq!(listed[0].signals[0].evidence, "30 天内办结 3 件，其中 3 件由同一人核查");
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_report_that_was_none_and_is_one_after_all_earns() {
    let world = World::new().await;
    let [person, ticket] = [(); 2].map(|()| Uuid::now_v7());
    for (from, to) in
        [("POOL", "CLAIMED"), ("CLAIMED", "INVALID"), ("COORDINATION", "DISPATCHED"), ("FEEDBACK", "CLOSED")]
    {
        world.ticket(ticket, person, "10101", from, to).await;
    }
    world.hear(4).await;
    assert_eq!(held(&world, person).await, (10, 0, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn cleared_then_none_and_one_after_all_it_earns() {
    let world = World::new().await;
    let (person, _) = doubted(&world).await;
    let ticket = Uuid::now_v7();
    world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
    world.hear(1).await;
    assert_eq!(decide(&world, Uuid::now_v7(), ticket, true).await.unwrap().state(), State::Pending);
    for (from, to) in [("CLAIMED", "INVALID"), ("COORDINATION", "DISPATCHED"), ("FEEDBACK", "CLOSED")] {
        world.ticket(ticket, person, "10101", from, to).await;
    }
    world.hear(3).await;
    // it is looked at anew, as any that is doubted
    assert_eq!(held(&world, person).await, (10, 20, 0));
    assert_eq!(decide(&world, Uuid::now_v7(), ticket, true).await.unwrap().state(), State::Active);
    assert_eq!(held(&world, person).await, (20, 10, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_verdict_says_why() {
    let world = World::new().await;
    let request =
        DecideAwardRequest { ticket_id: Uuid::now_v7().to_string(), reason: " ".into(), ..Default::default() };
    let request = world.admin(Uuid::now_v7(), "AwardService/DecideAward", request);
    assert_eq!(field(&world.awards().decide_award(request).await.unwrap_err()), "reason");
}

#[tokio::test]
async fn the_same_photo_in_two_reports_is_seen_whatever_is_heard_first() {
    let world = World::new().await;
    let mut rules = world.rules().await;
    rules["signals"] = json!({"same_place": 0, "burst": 0, "same_pair": 0, "same_photo": 2});
    world.put_rules(rules).await;
    let [person, other] = [(); 2].map(|()| Uuid::now_v7());
    let report = async |person: Uuid, sha256: &str| {
        let (ticket, media) = (Uuid::now_v7(), Uuid::now_v7());
        let told = json!({"ticket_id": ticket, "number": "GN261123-000042", "to_state": "POOL", "reporter_id": person,
            "reporter_role": "courier", "category_code": "10101", "at": world.now(), "media_ids": [media]});
        world.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", told).await;
        world.tell("tickets", media, "hemei.tickets.v1.PhotoSeen", json!({"media_id": media, "sha256": sha256})).await;
        world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
        world.ticket(ticket, person, "10101", "FEEDBACK", "CLOSED").await;
        world.hear(4).await;
    };
    report(person, "aa").await;
    report(other, "aa").await;
    report(person, "bb").await;
    assert_eq!((held(&world, person).await, held(&world, other).await), ((20, 0, 0), (10, 0, 0)));
    report(person, "aa").await;
    assert_eq!(held(&world, person).await, (20, 10, 0));
    let listed = list(&world, Uuid::now_v7()).await;
    assert_eq!(listed[0].signals[0].evidence, "同一张照片用于 2 件上报");
    audit(&world.pool).await;
}

/// Tells of a report at a place that is taken up at once; answers its ticket.
async fn at_place(world: &World, person: Uuid, category: &str, place: &str) -> Uuid {
    let ticket = Uuid::now_v7();
    let about = json!({"category_code": category, "place_path": place});
    world.ticket_as(ticket, person, ("POOL", "CLAIMED"), about).await;
    world.hear(1).await;
    ticket
}

#[tokio::test]
async fn six_reports_of_one_category_at_one_place_within_a_week_wait_by_the_suites_own_rules() {
    let world = World::new().await;
    let [same, elsewhere, otherwise, seldom] = [(); 4].map(|()| Uuid::now_v7());
    let mut sixth = Uuid::nil();
    // one a day is six within a week; one in 34 hours is not
    for number in 0..6 {
        sixth = at_place(&world, same, "10101", "gn.xy.sh").await;
        at_place(&world, elsewhere, "10101", &format!("gn.xy.sh.{number:02}")).await;
        at_place(&world, otherwise, &format!("1010{number}"), "gn.xy.sh").await;
        let listed = list(&world, Uuid::now_v7()).await;
        assert_eq!(listed.len(), usize::from(number == 5), "after {} reports", number + 1);
        world.state.clock.advance(TimeDelta::hours(24));
    }
    for _ in 0..6 {
        at_place(&world, seldom, "10101", "gn.xy.sh").await;
        world.state.clock.advance(TimeDelta::hours(34));
    }
    let listed = list(&world, Uuid::now_v7()).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].ticket_id.as_str(), listed[0].state()), (sixth.to_string().as_str(), State::Pending));
    let [signal] = &listed[0].signals[..] else { panic!("one signal: {:?}", listed[0].signals) };
    assert_eq!((signal.signal.as_str(), signal.evidence.as_str()), ("SAME_PLACE", "7 天内在同一地点上报同类问题 6 件"));
    // closed, it waits; what was reported elsewhere becomes active
    for (person, kept) in [(same, sixth), (elsewhere, at_place(&world, elsewhere, "10101", "gn.hy").await)] {
        world.ticket(kept, person, "10101", "FEEDBACK", "CLOSED").await;
    }
    world.hear(2).await;
    assert_eq!((held(&world, same).await, held(&world, elsewhere).await), ((0, 60, 0), (10, 60, 0)));
    assert_eq!(list(&world, Uuid::now_v7()).await[0].state(), State::Held);
    assert_eq!(decide(&world, Uuid::now_v7(), sixth, true).await.unwrap().state(), State::Active);
    assert_eq!(held(&world, same).await, (10, 50, 0));
    audit(&world.pool).await;
}
