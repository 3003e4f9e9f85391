//! What members find in their inbox about points and payouts.
use chassis::{
    clock::timestamp,
    consumer::{Consumer, Effect},
    feed::Source,
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::{Message, Name};
use proto::{
    events::v1::{Event, Position},
    finance::v1::{PayoutChanged, payout},
    incentives::v1::PointsExpiring,
    tickets::v1::{ListInboxRequest, ListInboxResponse, MarkReadRequest, inbox_service_server::InboxService},
};
use serde_json::json;
use tickets::{followers_consumer, payouts_consumer, points_consumer, rpc::inbox::InboxRpc};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, morning, people::Person};

/// The tables the other services tell from.
const PRODUCERS: &str = "create schema incentives; create table incentives.outbox (like tickets.outbox including all);
    create schema finance; create table finance.outbox (like tickets.outbox including all)";

async fn inbox(world: &World, person: &Person, unread: bool) -> ListInboxResponse {
    let request = ListInboxRequest { unread, ..ListInboxRequest::default() };
    let rpc = InboxRpc(world.replicas[0].0.clone());
    answer(rpc.list_inbox(person.asks_of("InboxService", "ListInbox", request)).await).unwrap()
}

async fn read(world: &World, person: &Person, request: MarkReadRequest) -> i64 {
    let rpc = InboxRpc(world.replicas[0].0.clone());
    answer(rpc.mark_read(person.asks_of("InboxService", "MarkRead", request)).await).unwrap().unread_count
}

fn texts(list: &ListInboxResponse) -> Vec<&str> {
    list.messages.iter().map(|message| message.text.as_str()).collect()
}

fn consumers(world: &World) -> [Consumer; 2] {
    let source = |schema| Source::local(world.pool.clone(), schema);
    [
        points_consumer(&world.pool, &world.clock, source("incentives")),
        payouts_consumer(&world.pool, &world.clock, source("finance")),
    ]
}

fn event<M: Message + Name>(number: i64, district: Uuid, told: &M, at: DateTime<Utc>) -> Event {
    Event {
        position: Some(Position { transaction_id: 7, event_id: number }),
        district_id: district.to_string(),
        r#type: M::full_name(),
        payload: told.encode_to_vec(),
        at: Some(timestamp(at)),
        ..Default::default()
    }
}

fn expiring(person: &Person, points: i64) -> PointsExpiring {
    let expires_at = Some(timestamp("2026-12-31T16:00:00Z".parse().unwrap()));
    PointsExpiring { person_id: person.id.to_string(), points, expires_at }
}

fn paying(person: &Person, state: payout::State) -> PayoutChanged {
    PayoutChanged {
        payout_id: Uuid::now_v7().to_string(),
        person_id: person.id.to_string(),
        month: "2026-11".into(),
        gross_fen: 12_500,
        net_fen: 10_000,
        state: state.into(),
        ..PayoutChanged::default()
    }
}

/// Does what hearing these events does.
async fn apply(world: &World, consumer: &Consumer, events: &[Event]) {
    let Effect::Within(apply) = &consumer.effect else { panic!("not within a transaction") };
    apply(&mut world.pool.acquire().await.unwrap(), events).await.unwrap();
}

/// Hears the rows of a producer's outbox to their end, by as many replicas at once.
async fn hear(consumer: &Consumer, rows: usize) {
    let all = async {
        let mut heard = 0;
        while heard < rows {
            let (one, other) = tokio::join!(consumer.catch_up(), consumer.catch_up());
            heard += one.unwrap() + other.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        heard
    };
    let heard = tokio::time::timeout(std::time::Duration::from_secs(20), all).await.expect("it hears everything");
    assert_eq!(heard, rows);
}

#[tokio::test]
async fn a_member_has_each_word_once_however_often_and_by_how_many_replicas_it_is_heard() {
    let world = World::new().await;
    sqlx::raw_sql(PRODUCERS).execute(&world.pool).await.unwrap();
    let member = &world.courier;
    let points = json!({"person_id": member.id, "points": 30, "expires_at": "2026-12-31T16:00:00Z"});
    let payout = |state, method, reason| {
        json!({"payout_id": Uuid::now_v7(), "person_id": member.id, "month": "2026-11", "gross_fen": 12_500,
            "net_fen": 10_000, "state": state, "at": morning(), "method": method, "reason": reason})
    };
    let none: Option<&str> = None;
    let paid = [
        payout("WAITING", none, ""),
        payout("READY", none, ""),
        payout("SENT", Some("WECHAT"), ""),
        payout("RETURNED", none, "超过 24 小时未确认收款"),
        payout("SENT", Some("BANK"), ""),
        payout("PAID", Some("BANK"), ""),
    ];
    let tell = "insert into incentives.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)";
    let tell = sqlx::query(tell).bind(world.gongnong).bind(member.id).bind(PointsExpiring::full_name());
    tell.bind(points).bind(morning()).execute(&world.pool).await.unwrap();
    for told in &paid {
        let tell =
            "insert into finance.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)";
        let tell = sqlx::query(tell).bind(world.gongnong).bind(member.id).bind(PayoutChanged::full_name());
        tell.bind(told).bind(morning()).execute(&world.pool).await.unwrap();
    }
    let [points, payouts] = consumers(&world);
    for _ in 0..2 {
        hear(&points, 1).await;
        hear(&payouts, paid.len()).await;
        sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    }
    let mine = inbox(&world, member, true).await;
    assert_eq!(
        texts(&mine),
        [
            "您的 2026年11月 月度奖励 ¥100.00 已发放",
            "您的 2026年11月 月度奖励 ¥100.00 未能领取，已退回（超过 24 小时未确认收款），稍后可重新领取",
            "您的 2026年11月 月度奖励 ¥100.00 请在 24 小时内在微信中确认收款",
            "您的 2026年11月 月度奖励 ¥100.00 可以领取了，请选择领取方式",
            "您有 30 分将于 12月31日到期，请及时兑换",
        ]
    );
    assert_eq!((mine.unread_count, world.count("dead_letter").await), (5, 0));
    let first = &mine.messages[0];
    assert_eq!((first.ticket_id.as_str(), first.number.as_str(), first.sequence), ("", "", 0));
    assert_eq!(first.at, Some(timestamp(morning())));
}

#[tokio::test]
async fn nobody_else_and_no_other_district_sees_it() {
    let world = World::new().await;
    let [points, payouts] = consumers(&world);
    let neighbour = Person::courier(world.gongnong);
    let abroad = Person { district: world.xingshan, ..world.courier.clone() };
    let now = morning();
    apply(&world, &points, &[event(1, world.gongnong, &expiring(&world.courier, 30), now)]).await;
    apply(&world, &payouts, &[event(1, world.gongnong, &paying(&world.courier, payout::State::Ready), now)]).await;
    assert!(inbox(&world, &neighbour, false).await.messages.is_empty());
    assert!(inbox(&world, &abroad, false).await.messages.is_empty(), "another district's session");
    // one position of two producers is two causes; the same person is told in each of their districts
    apply(&world, &points, &[event(1, world.xingshan, &expiring(&world.courier, 40), now)]).await;
    assert_eq!(texts(&inbox(&world, &abroad, false).await), ["您有 40 分将于 12月31日到期，请及时兑换"]);
    assert_eq!(inbox(&world, &world.courier, false).await.unread_count, 2);
}

#[tokio::test]
async fn what_is_older_than_a_week_counts_as_read_when_it_comes() {
    let world = World::new().await;
    let [points, payouts] = consumers(&world);
    let week = morning() - TimeDelta::days(7);
    let old = week - TimeDelta::seconds(1);
    let told = [(1, old, 10), (2, week, 20)];
    let told = told.map(|(number, at, points)| event(number, world.gongnong, &expiring(&world.courier, points), at));
    apply(&world, &points, &told).await;
    apply(&world, &payouts, &[event(3, world.gongnong, &paying(&world.courier, payout::State::Paid), old)]).await;
    assert_eq!(texts(&inbox(&world, &world.courier, true).await), ["您有 20 分将于 12月31日到期，请及时兑换"]);
    let all = inbox(&world, &world.courier, false).await;
    assert_eq!((all.messages.len(), all.unread_count), (3, 1));
    assert_eq!(all.messages[0].read_at, Some(timestamp(old)));
}

#[tokio::test]
async fn it_is_marked_read_alone_and_among_what_is_about_tickets() {
    let world = World::new().await;
    let [points, _] = consumers(&world);
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let told = [1, 2].map(|number| event(number, world.gongnong, &expiring(&world.courier, number), morning()));
    apply(&world, &points, &told).await;
    let mine = inbox(&world, &world.courier, true).await;
    assert_eq!(mine.unread_count, 5);
    let about = MarkReadRequest { ticket_id: Some(ticket.ticket_id.clone()), ..Default::default() };
    assert_eq!(read(&world, &world.courier, about).await, 2, "those about the ticket");
    let one = MarkReadRequest { message_ids: vec![mine.messages[0].message_id], ..Default::default() };
    let stranger = Person::courier(world.gongnong);
    read(&world, &stranger, one.clone()).await;
    assert_eq!(inbox(&world, &world.courier, true).await.unread_count, 2, "nobody else's to read");
    for _ in 0..2 {
        assert_eq!(read(&world, &world.courier, one.clone()).await, 1);
    }
    apply(&world, &points, &told).await;
    assert_eq!(
        texts(&inbox(&world, &world.courier, true).await),
        ["您有 1 分将于 12月31日到期，请及时兑换"],
        "stays read"
    );
    let all = MarkReadRequest { up_to_message_id: mine.messages[0].message_id, ..Default::default() };
    assert_eq!(read(&world, &world.courier, all).await, 0);
}

#[tokio::test]
async fn an_event_that_names_nobody_is_refused_and_leaves_no_word() {
    let world = World::new().await;
    let [points, payouts] = consumers(&world);
    let good = expiring(&world.courier, 30);
    let bad = [PointsExpiring { person_id: "li".into(), ..good.clone() }, PointsExpiring { expires_at: None, ..good }];
    let mut connection = world.pool.acquire().await.unwrap();
    for told in bad {
        let Effect::Within(apply) = &points.effect else { panic!("not within a transaction") };
        assert!(apply(&mut connection, &[event(1, world.gongnong, &told, morning())]).await.is_err());
    }
    let nobody = PayoutChanged { person_id: String::new(), ..paying(&world.courier, payout::State::Paid) };
    let Effect::Within(apply) = &payouts.effect else { panic!("not within a transaction") };
    assert!(apply(&mut connection, &[event(1, world.gongnong, &nobody, morning())]).await.is_err());
    assert_eq!(world.count("inbox").await, 0);
}
