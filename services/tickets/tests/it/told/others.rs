//! Whoever reported the same: how it ends, who takes whose place, and what only the reporter may do.
use proto::tickets::v1::{
    ConfirmInvalidRequest, MergeRequest, ProposeInvalidRequest, PutWordingRequest, WithdrawRequest, Wording,
    channel_service_server::ChannelService, ticket_service_server::TicketService,
};
use tonic::Status;

use super::{hear, texts};
use crate::{
    channels::groups::Groups,
    harness::{NEEDS_NO_PHOTO, World, answer, field, people::Person, report},
};

/// A ticket of the courier with the reports of two neighbours merged into it.
async fn shared(world: &World) -> (String, [Person; 2]) {
    let neighbours = [(); 2].map(|()| Person::courier(world.gongnong));
    let id = world.pooled().await.ticket_id;
    for neighbour in &neighbours {
        let child = world.report(neighbour, report(NEEDS_NO_PHOTO)).await.unwrap().ticket_id;
        let merge = MergeRequest { ticket_id: child, parent_ticket_id: id.clone() };
        world.rpc().merge(world.liaison.asks("Merge", merge)).await.unwrap();
    }
    (id, neighbours)
}

async fn last(world: &World, person: &Person) -> String {
    texts(world, person).await.pop().unwrap()
}

#[tokio::test]
async fn they_hear_that_it_is_closed_and_the_reporter_is_not_told_what_they_said_themselves() {
    let world = World::new().await;
    let (id, neighbours) = shared(&world).await;
    world.claim(&world.liaison, &id).await.unwrap();
    world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    world.resolve(&world.handler, &id, &[]).await.unwrap();
    let heard = hear(&world, 0).await;
    let before = texts(&world, &world.courier).await.len();
    assert!(last(&world, &world.courier).await.ends_with("已处置，请评价是否满意"));
    for neighbour in &neighbours {
        assert!(last(&world, neighbour).await.ends_with("已处置"), "only the reporter rates");
    }
    world.rate(&world.courier, &id, true, "").await.unwrap();
    hear(&world, heard).await;
    for neighbour in &neighbours {
        assert!(last(&world, neighbour).await.ends_with("上报人评价满意，结案"));
    }
    assert_eq!(texts(&world, &world.courier).await.len(), before);
}

#[tokio::test]
async fn who_takes_the_reporters_place_hears_it_and_who_left_hears_no_more() {
    let world = World::new().await;
    let (id, [first, second]) = shared(&world).await;
    let leave = async |person: &Person| {
        let request = WithdrawRequest { ticket_id: id.clone(), reason: "误报".into() };
        world.rpc().withdraw(person.asks("Withdraw", request)).await.unwrap();
    };
    // both leave before anything is heard
    leave(&world.courier).await;
    leave(&first).await;
    let heard = hear(&world, 0).await;
    for person in [&first, &second] {
        assert!(last(&world, person).await.ends_with("由您接替为上报人，办理结果由您评价"));
    }
    let counts = async || [texts(&world, &world.courier).await.len(), texts(&world, &first).await.len()];
    let before = counts().await;
    let propose = ProposeInvalidRequest { ticket_id: id.clone(), reason: "无现场".into(), malicious: false };
    world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose)).await.unwrap();
    let mate = Person::liaison(world.gongnong, "gn.xy");
    let confirm = ConfirmInvalidRequest { ticket_id: id.clone() };
    world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", confirm)).await.unwrap();
    hear(&world, heard).await;
    assert!(last(&world, &second).await.ends_with("不予受理；72 小时内可申诉一次"), "theirs to appeal now");
    assert_eq!(counts().await, before, "who left hears no more");
}

async fn put(groups: &Groups, audience: &str, words: &str) -> Result<Wording, Status> {
    let request = PutWordingRequest {
        transition: "T25".into(),
        audience: audience.into(),
        words: words.into(),
        ..PutWordingRequest::default()
    };
    let admin = Person::new(groups.world.gongnong, proto::api::v1::post::Role::DistrictAdmin, "gn", None);
    answer(groups.rpc.put_wording(admin.asks_of("ChannelService", "PutWording", request)).await)
}

#[tokio::test]
async fn a_districts_own_words_say_by_a_mark_what_is_for_the_reporter_alone() {
    let groups = Groups::new().await;
    let world = &groups.world;
    for (audience, words) in [
        ("REPORTERS", "不予受理{reporter:可申诉"),
        ("REPORTERS", "{reporter:可{reporter:申诉}}"),
        ("STREET", "{reporter:申诉}"),
    ] {
        assert_eq!(field(&put(&groups, audience, words).await.unwrap_err()), "words");
    }
    put(&groups, "REPORTERS", "{what} 不受理{reporter:，{what} 可在三日内申诉}{because}").await.unwrap();
    let (id, [neighbour, _]) = shared(world).await;
    let propose = ProposeInvalidRequest { ticket_id: id.clone(), reason: "无现场".into(), malicious: false };
    world.rpc().propose_invalid(world.liaison.asks("ProposeInvalid", propose)).await.unwrap();
    let mate = Person::liaison(world.gongnong, "gn.xy");
    world.rpc().confirm_invalid(mate.asks("ConfirmInvalid", ConfirmInvalidRequest { ticket_id: id })).await.unwrap();
    hear(world, 0).await;
    assert!(last(world, &world.courier).await.ends_with("可在三日内申诉"));
    assert!(last(world, &neighbour).await.ends_with(" 不受理"));
}
