use chassis::clock::timestamp;
use chrono::TimeDelta;
use proto::{
    api::v1::post::Level,
    incentives::v1::{
        EarningRules, EarningSimulation, GetEarningRulesRequest, PutEarningRulesRequest, SimulateEarningRulesRequest,
        earning_rule_service_server::EarningRuleService,
        earning_rules::{Line, Multiplier},
    },
    tickets::v1::ticket::Priority,
};
use serde_json::json;
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    awards::held,
    harness::{World, field, reason},
};

pub async fn get(world: &World) -> EarningRules {
    let request = world.ask(Uuid::now_v7(), "EarningRuleService/GetEarningRules", GetEarningRulesRequest::default());
    world.earning_rules().get_earning_rules(request).await.unwrap().into_inner()
}

pub async fn put(world: &World, by: Uuid, rules: EarningRules) -> Result<EarningRules, Status> {
    let request = PutEarningRulesRequest { rules: Some(rules) };
    let request = world.admin(by, "EarningRuleService/PutEarningRules", request);
    Ok(world.earning_rules().put_earning_rules(request).await?.into_inner())
}

async fn simulate(world: &World, rules: EarningRules, month: &str) -> Result<EarningSimulation, Status> {
    let request = SimulateEarningRulesRequest { rules: Some(rules), month: month.to_owned() };
    let request = world.admin(Uuid::now_v7(), "EarningRuleService/SimulateEarningRules", request);
    Ok(world.earning_rules().simulate_earning_rules(request).await?.into_inner())
}

pub fn line(category: &str, points: i64) -> Line {
    Line { rule: "REPORT".into(), category_code: category.into(), points, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_the_same_version_one_wins_and_may_repeat() {
    let world = World::new().await;
    let suites = get(&world).await;
    assert_eq!((suites.version, suites.lines.len(), suites.multipliers[0].percent), (0, 2, 200));
    let [one, two] = [(); 2].map(|()| Uuid::now_v7());
    let mut edited = suites.clone();
    edited.lines.push(line("10101", 25));
    let mut other = suites.clone();
    other.most_a_day = 50;
    let (first, second) = tokio::join!(put(&world, one, edited.clone()), put(&world, two, other.clone()));
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1);
    let (winner, by, loser, late) = if first.is_ok() { (edited, one, other, two) } else { (other, two, edited, one) };
    assert_eq!(put(&world, by, winner.clone()).await.unwrap().version, 1);
    assert_eq!(reason(&put(&world, late, loser).await.unwrap_err()), "RULES_CHANGED");
    let now = get(&world).await;
    assert_eq!((now.version, now.lines, now.most_a_day), (1, winner.lines, winner.most_a_day));
}

#[tokio::test]
async fn a_version_holds_from_its_time_on() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    let mut rules = get(&world).await;
    rules.lines[0].points = 40;
    rules.valid_from = Some(timestamp(world.now() + TimeDelta::hours(1)));
    assert_eq!(put(&world, admin, rules.clone()).await.unwrap().version, 1);
    assert_eq!(get(&world).await.version, 0);
    world.closed(person, "10101").await;
    world.state.clock.advance(TimeDelta::hours(1));
    assert_eq!(get(&world).await.version, 1);
    world.closed(person, "10101").await;
    assert_eq!(held(&world, person).await, (50, 0, 0));
    let versions: Vec<i32> = sqlx::query_scalar("select rule_version from incentives.award order by awarded_at")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(versions, [0, 1]);
    let mut late = get(&world).await;
    late.valid_from = Some(timestamp(world.now() - TimeDelta::seconds(1)));
    assert_eq!(field(&put(&world, admin, late).await.unwrap_err()), "rules.valid_from");
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_limit_is_kept_over_a_day_and_within_a_batch() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    let mut rules = get(&world).await;
    (rules.most_a_day, rules.most_a_month) = (25, 45);
    put(&world, admin, rules).await.unwrap();
    for _ in 0..5 {
        world.ticket(Uuid::now_v7(), person, "10101", "POOL", "CLAIMED").await;
    }
    world.hear(5).await;
    assert_eq!(held(&world, person).await, (0, 25, 0));
    world.ticket(Uuid::now_v7(), person, "10101", "POOL", "CLAIMED").await;
    world.hear(1).await;
    assert_eq!(held(&world, person).await, (0, 25, 0));
    world.state.clock.advance(TimeDelta::days(1));
    for _ in 0..4 {
        world.ticket(Uuid::now_v7(), person, "10101", "POOL", "CLAIMED").await;
    }
    world.hear(4).await;
    assert_eq!(held(&world, person).await, (0, 45, 0));
    // two days in one batch are two days
    let mut rules = get(&world).await;
    (rules.most_a_day, rules.most_a_month) = (25, 0);
    put(&world, admin, rules).await.unwrap();
    let night = Uuid::now_v7();
    world.state.clock.advance("2026-11-26T15:50:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() - world.now());
    for _ in 0..6 {
        world.ticket(Uuid::now_v7(), night, "10101", "POOL", "CLAIMED").await;
        world.state.clock.advance(TimeDelta::minutes(3));
    }
    world.hear(6).await;
    assert_eq!(held(&world, night).await, (0, 45, 0));
    let said: String = sqlx::query_scalar("select text from incentives.transfer where amount = 5 limit 1")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(said, "上报 GN261123-000042 被受理，积分待生效（已达上限，原为 10 分）");
    audit(&world.pool).await;
}

#[tokio::test]
async fn hazards_earn_double_and_it_says_so() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    let ticket = Uuid::now_v7();
    world.ticket(ticket, person, "85001", "POOL", "CLAIMED").await;
    world.hear(1).await;
    assert_eq!(held(&world, person).await, (0, 20, 0));
    let said: String = sqlx::query_scalar("select text from incentives.transfer").fetch_one(&world.pool).await.unwrap();
    assert_eq!(said, "上报 GN261123-000042 被受理，积分待生效（安全隐患 ×2）");
}

#[tokio::test]
async fn a_campaign_counts_from_its_first_day_to_its_last() {
    let world = World::new().await;
    let mut rules = get(&world).await;
    rules.multipliers = vec![Multiplier {
        name: "清雪".into(),
        percent: 300,
        first_day: "2026-12-05".into(),
        last_day: "2026-12-07".into(),
        ..Default::default()
    }];
    put(&world, Uuid::now_v7(), rules).await.unwrap();
    // days begin at midnight where the districts are
    for (taken_up, points) in [
        ("2026-12-04T23:59:59+08:00", 10),
        ("2026-12-05T00:00:00+08:00", 30),
        ("2026-12-06T12:00:00+08:00", 30),
        ("2026-12-07T23:59:59+08:00", 30),
        ("2026-12-08T00:00:00+08:00", 10),
    ] {
        world.state.clock.advance(taken_up.parse::<chrono::DateTime<chrono::Utc>>().unwrap() - world.now());
        let [person, ticket] = [(); 2].map(|()| Uuid::now_v7());
        world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
        world.hear(1).await;
        assert_eq!(held(&world, person).await, (0, points, 0), "{taken_up}");
        // when it is closed makes no difference
        world.state.clock.advance(TimeDelta::seconds(1));
        world.ticket(ticket, person, "10101", "FEEDBACK", "CLOSED").await;
        world.hear(1).await;
        assert_eq!(held(&world, person).await, (points, 0, 0), "{taken_up}");
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn rules_are_tried_on_a_month_that_was() {
    let world = World::new().await;
    let [one, two] = [(); 2].map(|()| Uuid::now_v7());
    world.closed(one, "10101").await;
    world.closed(one, "20202").await;
    world.closed(two, "10101").await;
    let mut rules = get(&world).await;
    rules.lines.push(line("10101", 30));
    rules.lines.push(line("20202", 0));
    rules.multipliers.push(Multiplier {
        name: "清雪".into(),
        percent: 50,
        first_day: "2030-01-01".into(),
        ..Default::default()
    });
    assert_eq!(simulate(&world, rules.clone(), "").await.unwrap().reports, 0);
    world.state.clock.advance(TimeDelta::days(31));
    let tried = simulate(&world, rules.clone(), "").await.unwrap();
    assert_eq!((tried.month.as_str(), tried.reports, tried.people), ("2026-11", 3, 2));
    assert_eq!((tried.given, tried.would_give, tried.people_more, tried.people_less), (30, 60, 2, 0));
    assert_eq!(tried.text, "11 月本应发放 60 分，实际 30 分");
    assert_eq!((tried.categories[0].category_code.as_str(), tried.categories[0].would_give), ("10101", 60));
    assert_eq!(get(&world).await.version, 0, "nothing is switched on by it");
    assert_eq!(held(&world, one).await, (20, 0, 0));
    assert_eq!(field(&simulate(&world, rules.clone(), "2027-13").await.unwrap_err()), "month");
    assert_eq!(field(&simulate(&world, rules, "2029-01").await.unwrap_err()), "month");
}

#[tokio::test]
async fn the_rule_that_is_wrong_is_named() {
    let world = World::new().await;
    type Spoil = fn(&mut EarningRules);
    let cases: [(&str, Spoil); 8] = [
        ("rules.lines.points", |r| r.lines[0].points = -1),
        ("rules.lines.rule", |r| r.lines[0].rule = "WALK".into()),
        ("rules.lines", |r| r.lines = vec![r.lines[0].clone(); 201]),
        ("rules.multipliers.percent", |r| r.multipliers[0].percent = 0),
        ("rules.multipliers.first_day", |r| r.multipliers[0].first_day = "morgen".into()),
        ("rules.most_a_day", |r| r.most_a_day = -1),
        ("rules.expiry_months", |r| r.expiry_months = 0),
        ("rules.signals.burst", |r| r.signals.as_mut().unwrap().burst = -1),
    ];
    let suites = get(&world).await;
    for (name, spoil) in cases {
        let mut rules = suites.clone();
        spoil(&mut rules);
        assert_eq!(field(&put(&world, Uuid::now_v7(), rules).await.unwrap_err()), name);
    }
    assert_eq!(get(&world).await.version, 0);
}

#[tokio::test]
async fn a_line_by_level_or_by_priority_earns_what_it_says() {
    let world = World::new().await;
    let mut rules = get(&world).await;
    let by = |category: &str, priority: Priority, level: Level, points| Line {
        priority: priority.into(),
        level: level.into(),
        ..line(category, points)
    };
    rules.lines.extend([
        by("*", Priority::Unspecified, Level::Community, 15),
        by("*", Priority::P0, Level::Unspecified, 40),
        by("*", Priority::P0, Level::Community, 60),
        by("10101", Priority::Unspecified, Level::Unspecified, 25),
        by("10101", Priority::Unspecified, Level::Community, 35),
    ]);
    put(&world, Uuid::now_v7(), rules).await.unwrap();
    let cases = [
        ("20202", "DISTRICT", "P3", 10),
        ("20202", "COMMUNITY", "P3", 15),
        ("20202", "DISTRICT", "P0", 40),
        ("20202", "COMMUNITY", "P0", 60),
        // the category tells more than the priority, the priority more than the level
        ("10101", "DISTRICT", "P0", 25),
        ("10101", "COMMUNITY", "P0", 35),
        ("10101", "COMPOUND", "P1", 25),
    ];
    for (category, level, priority, points) in cases {
        let [person, ticket] = [(); 2].map(|()| Uuid::now_v7());
        let about = json!({"category_code": category, "level": level, "priority": priority});
        world.ticket_as(ticket, person, ("POOL", "CLAIMED"), about.clone()).await;
        world.ticket_as(ticket, person, ("FEEDBACK", "CLOSED"), about).await;
        world.hear(2).await;
        assert_eq!(held(&world, person).await, (points, 0, 0), "{category} {level} {priority}");
    }
    audit(&world.pool).await;
}
