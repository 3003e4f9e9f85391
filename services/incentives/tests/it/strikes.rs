//! Reports in bad faith, and whose the signals of a ticket are.
use proto::incentives::v1::{Award, ListAwardsRequest, award::State, award_service_server::AwardService};
use serde_json::json;
use uuid::Uuid;

use crate::{audit::audit, awards::held, harness::World};

async fn doubted(world: &World) -> Vec<Award> {
    let request = world.admin(Uuid::now_v7(), "AwardService/ListDoubtedAwards", ListAwardsRequest::default());
    world.awards().list_doubted_awards(request).await.unwrap().into_inner().awards
}

/// Somebody's report that was found to be none, in bad faith or not.
async fn invalid(world: &World, person: Uuid, malicious: bool) -> Uuid {
    let ticket = Uuid::now_v7();
    world.ticket_as(ticket, person, ("POOL", "INVALID"), json!({"transition": "T25", "malicious": malicious})).await;
    world.hear(1).await;
    ticket
}

#[tokio::test]
async fn the_award_of_who_reported_in_bad_faith_three_times_waits_for_a_person() {
    let world = World::new().await;
    let [person, other] = [(); 2].map(|()| Uuid::now_v7());
    let first = invalid(&world, person, true).await;
    invalid(&world, person, true).await;
    invalid(&world, person, false).await;
    for _ in 0..4 {
        invalid(&world, other, false).await;
    }
    world.closed(person, "10101").await;
    world.closed(other, "10101").await;
    assert_eq!((held(&world, person).await, held(&world, other).await), ((10, 0, 0), (10, 0, 0)));
    invalid(&world, person, true).await;
    let looked_at = world.closed(person, "10101").await;
    assert_eq!(held(&world, person).await, (10, 10, 0), "nothing is lost");
    let listed = doubted(&world).await;
    assert_eq!((listed.len(), listed[0].ticket_id.as_str()), (1, looked_at.to_string().as_str()));
    assert_eq!(listed[0].state(), State::Held);
    let signals: Vec<_> = listed[0].signals.iter().map(|one| (one.signal.as_str(), one.evidence.as_str())).collect();
    assert_eq!(signals, [("STRIKES", "12 个月内经确认的恶意上报 3 件")]);
    // appealed, it counts no more; nor where the district does not look
    world.ticket_as(first, person, ("INVALID", "COORDINATION"), json!({"transition": "T26", "malicious": true})).await;
    world.hear(1).await;
    world.closed(person, "10101").await;
    assert_eq!(held(&world, person).await, (20, 10, 0));
    invalid(&world, person, true).await;
    let mut rules = world.rules().await;
    rules["signals"]["strikes"] = json!(0);
    world.put_rules(rules).await;
    world.closed(person, "10101").await;
    assert_eq!(held(&world, person).await, (30, 10, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn who_takes_the_reporters_place_is_not_shown_with_the_signals_of_who_left() {
    let world = World::new().await;
    let mut rules = world.rules().await;
    rules["signals"] = json!({"same_place": 2, "burst": 3, "same_pair": 0, "same_photo": 0, "strikes": 0});
    world.put_rules(rules).await;
    let [former, next, child] = [(); 3].map(|()| Uuid::now_v7());
    let at = json!({"category_code": "10101", "place_path": "gn.xy.sh"});
    for _ in 0..2 {
        world.ticket_as(Uuid::now_v7(), former, ("POOL", "CLAIMED"), at.clone()).await;
        let elsewhere = json!({"category_code": "20202", "place_path": "gn.hq"});
        world.ticket_as(Uuid::now_v7(), next, ("POOL", "CLAIMED"), elsewhere).await;
    }
    world.hear(4).await;
    let ticket = Uuid::now_v7();
    world.ticket_as(ticket, former, ("POOL", "CLAIMED"), at).await;
    world.hear(1).await;
    let about = async || {
        let of_ticket = |award: Award| (award.ticket_id == ticket.to_string()).then_some(award);
        let award = doubted(&world).await.into_iter().find_map(of_ticket).unwrap();
        let mut signals: Vec<_> = award.signals.into_iter().map(|one| one.signal).collect();
        signals.sort();
        (award.person_id, signals)
    };
    assert_eq!(about().await, (former.to_string(), vec!["BURST".into(), "SAME_PLACE".into()]));
    let co_report = json!([{"ticket_id": child, "person_id": next, "role": "courier", "promoted": true}]);
    let left =
        json!({"category_code": "10101", "place_path": "gn.xy.sh", "transition": "T29b", "co_reports": co_report});
    world.ticket_as(ticket, next, ("CLAIMED", "CLAIMED"), left).await;
    world.hear(1).await;
    assert_eq!(about().await, (next.to_string(), vec!["BURST".into()]), "only what is theirs");
    audit(&world.pool).await;
}
