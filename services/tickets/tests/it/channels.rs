mod crowds;
pub mod groups;

use std::collections::HashSet;

use chrono::TimeDelta;
use peer::Mode;
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        GetShareCardRequest, PutChannelRequest, PutWordingRequest, ReportRequest,
        channel_service_server::ChannelService,
    },
};
use tickets::{
    channels::{ChannelSettings, Outcome, remind},
    followers_consumer,
};
use uuid::Uuid;

use self::groups::{Groups, KEY, district_place, most_in_a_minute, said, street};
use crate::harness::{NEEDS_NO_PHOTO, answer, field, people::Person, reason, report};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_events_in_a_minute_are_at_most_twenty_messages_and_none_is_lost() {
    let groups = Groups::new().await;
    groups.street().await;
    let mut numbers = Vec::new();
    for _ in 0..60 {
        numbers.extend(groups.reports(1).await);
        groups.seconds(1).await;
    }
    groups.seconds(70).await;
    let received = groups.wecom.received();
    assert_eq!(groups.waiting().await, 0);
    assert!(most_in_a_minute(&received) <= 20, "{} messages in a minute", most_in_a_minute(&received));
    assert_eq!(said(&received, &numbers), vec![1; 60], "each once");
    let all: String = received.iter().map(|one| one.content.as_str()).collect();
    let places: Vec<_> = numbers.iter().map(|number| all.find(number.as_str()).unwrap()).collect();
    assert!(places.is_sorted(), "in order");
    assert!(received.iter().any(|one| one.content.starts_with("【汇总】")), "several became one");
}

#[tokio::test]
async fn whoever_dies_between_the_try_and_its_answer_loses_nothing_and_says_so() {
    let groups = Groups::new().await;
    groups.street().await;
    let numbers = groups.reports(2).await;
    // the try is written down, and then the sender is no more
    let (taken, message) = groups.senders[0].take().await.unwrap().unwrap();
    assert_eq!(message.unwrap().lines, 1);
    assert!(!groups.senders[1].step().await.unwrap(), "nobody else while the lease runs");
    groups.seconds(40).await;
    assert_eq!((groups.waiting().await, said(&groups.wecom.received(), &numbers)), (0, vec![1, 1]));
    assert_eq!(groups.world.count("channel_message where maybe_twice").await, 1, "recorded as such");
    assert_eq!(groups.world.count("channel_send where outcome = 'UNKNOWN'").await, 1);
    // it comes back to life: nothing that others have settled changes
    groups.senders[0].settle(&taken, Outcome::Sent).await.unwrap();
    assert_eq!(groups.world.count("channel_message where state = 'SENT'").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_fails_in_any_way_gets_every_line_and_twice_only_where_its_answer_was_lost() {
    for (mode, twice) in [(Mode::Limited, false), (Mode::Broken, true), (Mode::Lying, false)] {
        let groups = Groups::new().await;
        groups.street().await;
        groups.wecom.behave(KEY, mode, 3);
        let numbers = groups.reports(3).await;
        groups.seconds(60).await;
        let received = groups.wecom.received();
        let often = said(&received, &numbers);
        assert!(often.iter().all(|times| *times >= 1), "{mode:?}: {often:?}");
        assert_eq!(groups.waiting().await, 0, "{mode:?}");
        assert_eq!(groups.world.count("channel_message where maybe_twice").await > 0, twice, "{mode:?}");
        let told = groups.list(&Person::coordinator(groups.world.gongnong)).await;
        assert_eq!((told[0].last_error.as_str(), told[0].waiting), ("", 0), "{mode:?}: it works again");
    }
}

#[tokio::test]
async fn a_silent_peer_is_unsure_and_a_line_that_is_refused_for_good_stops_nobody() {
    let groups = Groups::new().await;
    groups.street().await;
    groups.wecom.behave(KEY, Mode::Silent, 1);
    let first = groups.reports(1).await;
    assert!(groups.senders[0].step().await.unwrap());
    let told = groups.list(&Person::coordinator(groups.world.gongnong)).await;
    assert_eq!((told[0].last_error.as_str(), told[0].maybe_twice), ("no answer in time", 1));
    groups.seconds(10).await;
    assert_eq!(said(&groups.wecom.received(), &first), [2], "sent again, and recorded");
    groups.wecom.behave(KEY, Mode::Refusing, 1);
    let refused = groups.reports(1).await;
    groups.seconds(1).await;
    let next = groups.reports(1).await;
    groups.seconds(10).await;
    assert_eq!(said(&groups.wecom.received(), &[refused, next].concat()), [0, 1]);
    assert_eq!(groups.list(&Person::coordinator(groups.world.gongnong)).await[0].dead, 1);
}

#[tokio::test]
async fn two_groups_of_one_robot_share_its_twenty_a_minute() {
    let groups = Groups::new().await;
    groups.street().await;
    let district = PutChannelRequest {
        tier: "DISTRICT".into(),
        channel_id: Uuid::now_v7().to_string(),
        place_id: Some(district_place(&groups.world).await),
        ..street(&groups.world)
    };
    groups.put(district).await.unwrap();
    // each report reaches the street; unclaimed, it reaches the district and the street again
    for _ in 0..30 {
        groups.reports(1).await;
        groups.seconds(1).await;
    }
    groups.world.clock.advance(TimeDelta::minutes(40));
    while tickets::sweep::sweep(groups.world.service(), groups.world.clock.now()).await.unwrap() > 0 {}
    let consumer = followers_consumer(&groups.world.replicas[0].0);
    groups.world.hear(&consumer, 30).await;
    groups.seconds(120).await;
    assert_eq!(groups.waiting().await, 0);
    assert!(most_in_a_minute(&groups.wecom.received()) <= 20);
}

#[tokio::test]
async fn a_robots_key_is_never_shown_and_a_group_is_its_districts_own() {
    let groups = Groups::new().await;
    let made = groups.street().await;
    assert!(made.robot_bound && made.mentioned_count == 1);
    assert!(!format!("{made:?}").contains(KEY) && !format!("{made:?}").contains("19900000001"));
    let kept: Vec<u8> =
        sqlx::query_scalar("select robot_sealed from tickets.channel").fetch_one(&groups.world.pool).await.unwrap();
    assert!(!kept.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "sealed");
    let same = PutChannelRequest { channel_id: made.channel_id.clone(), robot_key: None, ..street(&groups.world) };
    assert!(groups.put(same.clone()).await.unwrap().robot_bound, "as before");
    let second = groups.put(street(&groups.world)).await.unwrap_err();
    assert_eq!(reason(&second), "CHANNEL_EXISTS");
    let unbound = groups.put(PutChannelRequest { robot_key: Some(String::new()), ..same.clone() }).await.unwrap();
    assert!(!unbound.robot_bound);
    assert!(groups.list(&Person::coordinator(groups.world.xingshan)).await.is_empty());
    for (wrong, named) in [
        (PutChannelRequest { tier: "STREET".into(), ..same.clone() }, "tier"),
        (PutChannelRequest { robot_key: Some("short".into()), ..same.clone() }, "robot_key"),
        (PutChannelRequest { robot_key: Some("../../etc/passwd?x=1".into()), ..same.clone() }, "robot_key"),
        (PutChannelRequest { tier: "COMMUNITY".into(), ..same.clone() }, "place_id"),
        (PutChannelRequest { mentioned_phones: vec!["1".into()], ..same.clone() }, "mentioned_phones"),
    ] {
        assert_eq!(field(&groups.put(wrong).await.unwrap_err()), named);
    }
}

#[tokio::test]
async fn a_group_is_reminded_once_before_a_deadline_and_the_people_are_mentioned() {
    let groups = Groups::new().await;
    groups.street().await;
    let settings =
        ChannelSettings { wecom_address: String::new(), remind_claim_minutes: 10, remind_resolve_minutes: 240 };
    let numbers = groups.reports(1).await;
    groups.seconds(1).await;
    let tickets = groups.world.service();
    assert_eq!(remind(tickets, &settings).await.unwrap(), 0, "29 minutes are left");
    groups.world.clock.advance(TimeDelta::minutes(21));
    // whoever begins while another tells them leaves them to it, and where that one dies they are told all the same
    let mut other = chassis::db::begin(&groups.world.pool).await.unwrap();
    sqlx::query("select from tickets.reminded_until for update").execute(&mut *other).await.unwrap();
    assert_eq!(remind(tickets, &settings).await.unwrap(), 0);
    other.rollback().await.unwrap();
    let mut told = Vec::new();
    for replica in [1, 0, 1] {
        told.push(remind(&groups.world.replicas[replica].0, &settings).await.unwrap());
    }
    assert_eq!(told, [1, 0, 0], "written once, by one replica");
    // who is to be reminded earlier from now on hears what that brings, and nothing again
    let earlier = ChannelSettings { remind_claim_minutes: 20, ..settings.clone() };
    assert_eq!(remind(tickets, &earlier).await.unwrap(), 1, "told anew, absorbed by its key");
    groups.seconds(2).await;
    let received = groups.wecom.received();
    assert_eq!(received.len(), 2, "{received:?}");
    assert!(received[1].content.starts_with("即将到时") && received[1].content.contains(&numbers[0]));
    assert_eq!(
        (received[1].kind.as_str(), received[1].mentioned.as_slice()),
        ("text", &["19900000001".to_owned()][..])
    );
}

#[tokio::test]
async fn a_districts_own_words_reach_the_group_and_a_share_card_tells_nothing_private() {
    let groups = Groups::new().await;
    groups.street().await;
    let admin = Person::new(groups.world.gongnong, Role::DistrictAdmin, "gn", None);
    let own = PutWordingRequest {
        transition: "T1".into(),
        audience: "STREET".into(),
        tiers: "SUBDISTRICT".into(),
        urgent: false,
        words: "有新单 {what}".into(),
    };
    let ask = |request| admin.asks_of("ChannelService", "PutWording", request);
    answer(groups.rpc.put_wording(ask(own.clone())).await).unwrap();
    let numbers = groups.reports(1).await;
    groups.seconds(1).await;
    assert_eq!(groups.wecom.received()[0].content, format!("有新单 {}：占道经营", numbers[0]));
    for (wrong, named) in [
        (PutWordingRequest { transition: "T99".into(), ..own.clone() }, "transition"),
        (PutWordingRequest { audience: "WORLD".into(), ..own.clone() }, "audience"),
        (PutWordingRequest { tiers: "MOON".into(), ..own.clone() }, "tiers"),
        (PutWordingRequest { words: "长".repeat(301), ..own.clone() }, "words"),
    ] {
        assert_eq!(field(&groups.rpc.put_wording(ask(wrong)).await.unwrap_err()), named);
    }
    let request = ReportRequest { text: "我住三单元，电话 13800000000".into(), ..report(NEEDS_NO_PHOTO) };
    let ticket = groups.world.report(&groups.world.courier, request).await.unwrap();
    let request = GetShareCardRequest { ticket_id: ticket.ticket_id };
    let card = Person::courier(groups.world.gongnong).asks_of("ChannelService", "GetShareCard", request);
    let card = answer(groups.rpc.get_share_card(card).await).unwrap();
    assert!(card.text.contains(&ticket.number) && card.text.contains("已上报"), "{card:?}");
    let told: HashSet<char> = card.text.chars().collect();
    assert!(!card.text.contains("13800000000") && !card.text.contains("李春生") && !told.is_empty());
}
