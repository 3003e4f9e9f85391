//! Who is on duty is mentioned, a crowd is told line by line, and what comes late gives way to what is fresh.
use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    residents::v1::PostChanged,
    tickets::v1::{PutDutyRequest, terms_service_server::TermsService},
};
use tickets::{
    channels::{ChannelSettings, Outcome, message::BACKLOG, remind},
    followers_consumer,
    rpc::terms::TermsRpc,
    store::projection,
};
use uuid::Uuid;

use super::groups::{Groups, most_in_a_minute, said};

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
async fn a_crowd_is_told_line_by_line_in_digests_within_the_limit() {
    let groups = Groups::new().await;
    groups.street().await;
    let numbers = groups.reports(425).await;
    groups.seconds(61).await;
    let received = groups.wecom.received();
    assert_eq!((groups.waiting().await, said(&received, &numbers)), (0, vec![1; 425]), "each once, none counted away");
    assert!(most_in_a_minute(&received) <= 20 && received.len() < 40, "{} messages", received.len());
    let few = groups.reports(2).await;
    groups.seconds(61).await;
    assert_eq!(said(&groups.wecom.received(), &few), [1, 1], "one by one again");
}

#[tokio::test]
async fn what_a_stuck_follower_brings_hours_later_is_told_with_its_time_and_what_was_before_the_robot_is_not() {
    let groups = Groups::new().await;
    let before = groups.world.pooled().await.number;
    groups.world.clock.advance(TimeDelta::minutes(1));
    groups.street().await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(groups.world.pooled().await.number);
    }
    groups.world.clock.advance(TimeDelta::hours(30));
    let consumer = followers_consumer(&groups.world.replicas[0].0);
    groups.world.hear(&consumer, 0).await;
    groups.seconds(5).await;
    let received = groups.wecom.received();
    assert_eq!((said(&received, &numbers), said(&received, &[before])), (vec![1; 3], vec![0]));
    let content = &received[0].content;
    assert!(content.starts_with("【补报】3 条\n11月23日 09:01 新工单"), "{content}");
}

#[tokio::test]
async fn a_fresh_line_passes_a_backlog_that_is_told_whole_whoever_dies_meanwhile() {
    let groups = Groups::new().await;
    groups.street().await;
    let late = groups.late(300).await;
    // the first try is written down, and then the sender is no more
    let (taken, message) = groups.senders[0].take().await.unwrap().unwrap();
    let first = i64::try_from(message.unwrap().lines).unwrap();
    groups.seconds(40).await;
    assert_eq!(groups.world.count("channel_message where maybe_twice").await, first, "recorded as such");
    assert!(groups.waiting().await > 0, "half of the robot's messages in this minute are taken");
    let fresh = groups.reports(1).await;
    groups.seconds(4).await;
    assert_eq!(said(&groups.wecom.received(), &fresh), [1], "at once");
    groups.seconds(90).await;
    let received = groups.wecom.received();
    assert_eq!((groups.waiting().await, said(&received, &late)), (0, vec![1; 300]));
    let digests: Vec<_> = received.iter().filter(|one| one.content.starts_with("【补报】")).cloned().collect();
    assert!(most_in_a_minute(&digests) <= 10, "{} in a minute", most_in_a_minute(&digests));
    groups.senders[0].settle(&taken, Outcome::Sent).await.unwrap();
    assert_eq!(
        groups.world.count("channel_message where state = 'SENT'").await,
        301,
        "it changes nothing when it is back"
    );
}

#[tokio::test]
async fn only_a_backlog_beyond_reading_is_counted_and_each_of_its_lines_says_so() {
    let groups = Groups::new().await;
    groups.street().await;
    groups.late(BACKLOG + 1).await;
    let fresh = groups.reports(2).await;
    // two fresh ones, and then the sum, whose sender dies
    assert!(groups.senders[0].step().await.unwrap() && groups.senders[0].step().await.unwrap());
    assert!(groups.senders[0].take().await.unwrap().unwrap().0.summed);
    groups.seconds(40).await;
    let received = groups.wecom.received();
    assert_eq!((said(&received, &fresh), received.len(), groups.waiting().await), (vec![1, 1], 3, 0));
    let content = &received[2].content;
    for part in ["【补报】", &format!("共 {} 条", BACKLOG + 1), "上报，进入街道待认领池", "逐条见工作台待办"]
    {
        assert!(content.contains(part), "{part}: {content}");
    }
    let summed = groups.world.count("channel_message where state = 'SUMMED' and maybe_twice").await;
    assert_eq!((summed, groups.world.count("channel_message where state = 'SENT'").await), (BACKLOG + 1, 2));
}
