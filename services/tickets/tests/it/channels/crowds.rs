//! Who is on duty is mentioned, and a flood is counted.
use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    residents::v1::PostChanged,
    tickets::v1::{PutDutyRequest, terms_service_server::TermsService},
};
use tickets::{
    channels::{ChannelSettings, message::FLOOD, remind},
    rpc::terms::TermsRpc,
    store::projection,
};
use uuid::Uuid;

use super::groups::{Groups, said};

/// Whom the group is told to look when the time to claim a new ticket is nearly over.
async fn reminded(groups: &Groups) -> Vec<String> {
    let numbers = groups.reports(1).await;
    groups.seconds(2).await;
    groups.world.clock.advance(TimeDelta::minutes(21));
    let settings =
        ChannelSettings { wecom_address: String::new(), remind_claim_minutes: 10, remind_resolve_minutes: 240 };
    remind(groups.world.service(), &settings).await.unwrap();
    groups.seconds(5).await;
    let last = groups.wecom.received().pop().unwrap();
    assert!(last.kind == "text" && last.content.contains(&numbers[0]), "{last:?}");
    last.mentioned
}

#[tokio::test]
async fn a_reminder_mentions_who_is_on_duty_for_the_street() {
    let groups = Groups::new().await;
    let world = &groups.world;
    groups.street().await;
    let told = PostChanged {
        person_id: world.liaison.id.to_string(),
        role: Role::Liaison.into(),
        place_path: "gn.xy".into(),
        phone_sealed: Some(groups.vault.seal("person.phone", "19900000002")),
        ..PostChanged::default()
    };
    let mut connection = world.pool.acquire().await.unwrap();
    projection::keep_posts(&mut connection, &[(world.gongnong, Uuid::now_v7(), told)]).await.unwrap();
    drop(connection);
    let now = world.clock.now();
    let at = |hours| Some(chassis::clock::timestamp(now + TimeDelta::hours(hours)));
    let duty = PutDutyRequest {
        duty_id: Uuid::now_v7().to_string(),
        person_id: world.liaison.id.to_string(),
        place_id: world.street.to_string(),
        from_at: at(0),
        until_at: at(2),
        stands_in_for: None,
    };
    let asks = world.liaison.asks_of("TermsService", "PutDuty", duty);
    TermsRpc(world.replicas[0].0.clone()).put_duty(asks).await.unwrap();
    for replica in &world.replicas {
        replica.0.refresh_terms().await.unwrap();
    }
    assert_eq!(reminded(&groups).await, ["19900000001", "19900000002"]);
    world.clock.advance(TimeDelta::hours(3));
    assert_eq!(reminded(&groups).await, ["19900000001"], "off duty by now");
    let kept: Vec<u8> =
        sqlx::query_scalar("select phone_sealed from tickets.post").fetch_one(&world.pool).await.unwrap();
    assert!(!kept.windows(11).any(|window| window == b"19900000002"), "sealed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_told_whole_in_one_message_that_counts() {
    let groups = Groups::new().await;
    groups.street().await;
    let numbers = groups.reports(FLOOD + 25).await;
    groups.seconds(5).await;
    assert_eq!(groups.waiting().await, 0);
    let received = groups.wecom.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].content.contains(&format!("共 {} 条", numbers.len())), "{}", received[0].content);
    assert!(received[0].content.contains("上报，进入街道待认领池"), "{}", received[0].content);
    let few = groups.reports(2).await;
    groups.seconds(5).await;
    assert_eq!(said(&groups.wecom.received(), &few), [1, 1], "one by one again");
}
