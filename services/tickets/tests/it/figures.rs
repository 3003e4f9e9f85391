use chrono::TimeDelta;
use proto::tickets::v1::{
    GetFiguresRequest, GetFiguresResponse, GetPublicSummaryRequest, HandToCommunityRequest, PassUpRequest,
    PublicSummary, RefuseRequest, ReopenRequest, ReportRequest, RuleRequest, WithdrawRequest,
    figure_service_server::FigureService, get_figures_response, ticket_service_server::TicketService,
};
use tickets::{figures, followers_consumer, rpc::figures::FigureRpc, sweep};
use tonic::{Request, Status};

use crate::harness::{NEEDS_NO_PHOTO, World, answer, at, field, people::Person, reason, report};

async fn get(world: &World, person: &Person, request: GetFiguresRequest) -> Result<GetFiguresResponse, Status> {
    let rpc = FigureRpc(world.replicas[0].0.clone());
    answer(rpc.get_figures(person.asks_of("FigureService", "GetFigures", request)).await)
}

fn by(group_by: &str) -> GetFiguresRequest {
    GetFiguresRequest { group_by: group_by.into(), ..Default::default() }
}

async fn summary(world: &World, month: &str) -> PublicSummary {
    let rpc = FigureRpc(world.replicas[0].0.clone());
    let request = GetPublicSummaryRequest { district_id: world.gongnong.to_string(), month: month.into() };
    answer(rpc.get_public_summary(Request::new(request)).await).unwrap()
}

/// Three ends of a ticket: satisfied in time; late and dissatisfied; withdrawn.
async fn month(world: &World) {
    let good = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.resolve(&world.handler, &good, &[]).await.unwrap();
    world.rate(&world.courier, &good, true, "").await.unwrap();
    let refused = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let refuse = RefuseRequest { ticket_id: refused, reason: "不属本部门职责".into() };
    answer(world.rpc().refuse(world.handler.asks("Refuse", refuse)).await).unwrap();
    let withdrawn = world.pooled().await.ticket_id;
    let withdraw = WithdrawRequest { ticket_id: withdrawn, reason: String::new() };
    answer(world.rpc().withdraw(world.courier.asks("Withdraw", withdraw)).await).unwrap();
    let late = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.accept(&world.handler, &late).await.unwrap();
    world.clock.advance(TimeDelta::hours(30));
    while sweep::sweep(world.service(), world.clock.now()).await.unwrap() > 0 {}
    world.resolve(&world.handler, &late, &[]).await.unwrap();
    world.rate(&world.courier, &late, false, "还是滑").await.unwrap();
}

#[tokio::test]
async fn three_rates_are_kept_apart_and_a_missed_deadline_stays_on_record() {
    let world = World::new().await;
    month(&world).await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let coordinator = Person::coordinator(world.gongnong);
    let told = get(&world, &coordinator, by("")).await.unwrap();
    let (sum, rates) = (told.rows[0].figures.unwrap(), told.rows[0].rates.unwrap());
    assert_eq!((sum.reported, sum.withdrawn, sum.claimed_on_time, sum.dispatched), (4, 1, 3, 3));
    // the late one went back to work when the reporter was not satisfied
    assert_eq!((sum.resolved_on_time, sum.overdue, sum.refusals, sum.closed), (1, 2, 1, 1));
    assert_eq!((sum.answered, sum.satisfied, sum.reopened, sum.first_time_fixed), (2, 1, 1, 1));
    assert_eq!((rates.response, rates.satisfied, rates.on_time), (Some(10_000), Some(5_000), Some(3_333)));
    assert_eq!(rates.first_time_fix, Some(10_000));
    // the refused one came back to a department when the coordinator was silent, and both are overdue
    assert_eq!(told.overdue_now, 1, "the other was given 24 hours for rework");
    let age = (world.clock.now().timestamp() - told.overdue_since.unwrap().seconds) / 60;
    assert!((told.overdue_mean_minutes - age).abs() <= 1, "{told:?}");
    assert_eq!((told.overdue_over_1_day, told.overdue_over_3_days), (i64::from(age > 1_440), i64::from(age > 4_320)));
    let rows = get(&world, &coordinator, by("DEPARTMENT")).await.unwrap().rows;
    assert!(rows.iter().any(|row| row.name == "住建局"), "{rows:?}");
    let total: i64 = rows.iter().map(|row| row.figures.unwrap().reported).sum();
    assert_eq!(total, 4);
    // what was withdrawn none has: nobody's id stands for that
    let none: Vec<_> = rows.iter().filter(|row| row.department_id.is_none()).collect();
    assert!(none.len() == 1 && none[0].key.is_empty() && none[0].name == "未派遣", "{rows:?}");
    assert!(
        rows.iter().filter(|row| row.department_id.is_some()).all(|row| row.department_id.as_ref() == Some(&row.key))
    );
    assert_eq!(told.rows[0].department_id, None);
    assert_eq!(figures::verify(&world.pool).await.unwrap(), [], "the histories give the same");
}

#[tokio::test]
async fn figures_are_told_by_place_and_by_month() {
    let world = World::new().await;
    let beside = async |lng, lat| {
        let request = ReportRequest { location: Some(at(lng, lat)), ..report(NEEDS_NO_PHOTO) };
        world.report(&world.courier, request).await.unwrap().ticket_id
    };
    world.pooled().await;
    let claimed = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &claimed).await.unwrap();
    beside(130.21, 47.31).await; // in the street, outside of its community
    world.clock.advance(TimeDelta::days(8)); // 1 December in Asia/Shanghai
    beside(130.35, 47.35).await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let coordinator = Person::coordinator(world.gongnong);
    let both =
        |group_by| GetFiguresRequest { from_month: "2026-11".into(), until_month: "2026-12".into(), ..by(group_by) };
    let rows = async |person: &Person, request| {
        let rows = get(&world, person, request).await.unwrap().rows;
        let row = |row: get_figures_response::Row| {
            (row.key, row.name, row.figures.unwrap().reported, row.figures.unwrap().claimed_on_time)
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let told = |key: &str, name: &str, reported, claimed| (key.to_owned(), name.to_owned(), reported, claimed);
    let places =
        [told("gn.hq", "红旗街道", 1, 0), told("gn.xy", &world.street_name, 1, 0), told("gn.xy.sh", "松鹤社区", 2, 1)];
    assert_eq!(rows(&coordinator, both("PLACE")).await, places);
    let months = [told("2026-11", "2026-11", 3, 1), told("2026-12", "2026-12", 1, 0)];
    assert_eq!(rows(&coordinator, both("MONTH")).await, months);
    assert_eq!(rows(&coordinator, by("MONTH")).await, months[1..], "this month where none is asked for");
    assert_eq!(rows(&world.liaison, both("PLACE")).await, places[1..], "a street's liaison sees the street");
    let narrow = GetFiguresRequest { place_path: "gn.xy.sh".into(), ..both("MONTH") };
    assert_eq!(rows(&coordinator, narrow).await, [told("2026-11", "2026-11", 2, 1)]);
}

/// A closed ticket of each level: where it lies, passed up once, the street's department, a department by ruling.
async fn closed_at_every_level(world: &World) -> [String; 4] {
    let (worker, coordinator) = (Person::worker(world.gongnong), Person::coordinator(world.gongnong));
    let hand = async |id: &str| {
        let request = HandToCommunityRequest { ticket_id: id.into(), text: String::new() };
        answer(world.rpc().hand_to_community(world.liaison.asks("HandToCommunity", request)).await).unwrap();
    };
    let small = async || {
        let id = world.report(&world.courier, report("81003")).await.unwrap().ticket_id;
        world.claim(&world.liaison, &id).await.unwrap();
        hand(&id).await;
        id
    };
    let (here, passed) = (small().await, small().await);
    let pass = PassUpRequest { ticket_id: passed.clone(), reason: "需社区协调".into() };
    answer(world.rpc().pass_up(worker.asks("PassUp", pass)).await).unwrap();
    hand(&passed).await;
    let (sent, ruled) =
        (world.dispatched(NEEDS_NO_PHOTO).await.ticket_id, world.dispatched(NEEDS_NO_PHOTO).await.ticket_id);
    let refuse = RefuseRequest { ticket_id: ruled.clone(), reason: "不属本部门职责".into() };
    answer(world.rpc().refuse(world.handler.asks("Refuse", refuse)).await).unwrap();
    let department_id = world.housing.to_string();
    let rule =
        RuleRequest { ticket_id: ruled.clone(), department_id, reason: "按清单".into(), ..Default::default() };
    answer(world.rpc().rule(coordinator.asks("Rule", rule)).await).unwrap();
    for (id, person) in [(&here, &worker), (&passed, &worker), (&sent, &world.handler), (&ruled, &world.handler)] {
        world.resolve(person, id, &[]).await.unwrap();
        world.rate(&world.courier, id, true, "").await.unwrap();
    }
    [here, passed, sent, ruled]
}

#[tokio::test]
async fn what_was_solved_is_counted_at_the_level_that_solved_it_until_it_comes_back() {
    let world = World::new().await;
    let [here, ..] = closed_at_every_level(&world).await;
    let consumer = followers_consumer(&world.replicas[0].0);
    let heard = world.hear(&consumer, 0).await;
    let levels = async || {
        let sum = get(&world, &Person::coordinator(world.gongnong), by("")).await.unwrap().rows[0].figures.unwrap();
        let levels =
            [sum.solved_by_compound, sum.solved_by_community, sum.solved_by_subdistrict, sum.solved_by_district];
        (sum.closed, sum.solved, levels)
    };
    assert_eq!(levels().await, (4, 4, [1, 1, 1, 1]));
    let photo = world.photo(&world.courier);
    let reopen = ReopenRequest { ticket_id: here, text: "又堆上了".into(), media_ids: vec![photo] };
    answer(world.rpc().reopen(world.courier.asks("Reopen", reopen)).await).unwrap();
    world.hear(&consumer, heard).await;
    assert_eq!(levels().await, (3, 3, [0, 1, 1, 1]));
    assert_eq!(figures::verify(&world.pool).await.unwrap(), [], "the histories give the same");
}

#[tokio::test]
async fn a_sum_that_was_tampered_with_is_reported_and_a_recount_mends_it() {
    let world = World::new().await;
    month(&world).await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    sqlx::query("update tickets.figure set counters[15] = counters[15] + 1").execute(&world.pool).await.unwrap();
    let found = figures::verify(&world.pool).await.unwrap();
    assert!(!found.is_empty());
    let (told, kept) = (found[0].told.as_ref().unwrap(), found[0].kept.as_ref().unwrap());
    assert_eq!(kept[14], told[14] + 1, "satisfied is the fifteenth: {}", figures::COUNTERS[14]);
    sqlx::query("delete from tickets.figure_ticket").execute(&world.pool).await.unwrap();
    assert_eq!(figures::recount(&world.pool).await.unwrap(), 4);
    assert_eq!(figures::verify(&world.pool).await.unwrap(), []);
}

#[tokio::test]
async fn hearing_everything_again_counts_nothing_twice() {
    let world = World::new().await;
    month(&world).await;
    let consumer = followers_consumer(&world.replicas[0].0);
    world.hear(&consumer, 0).await;
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    assert_eq!(figures::verify(&world.pool).await.unwrap(), []);
}

#[tokio::test]
async fn staff_see_their_own_part_and_the_public_only_groups_that_hide_everybody() {
    let world = World::new().await;
    month(&world).await;
    let heard = world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let fire = Person::handler(world.gongnong, world.fire);
    assert!(get(&world, &fire, by("")).await.unwrap().rows.is_empty(), "another department's");
    assert_eq!(get(&world, &Person::liaison(world.gongnong, "gn.hq"), by("")).await.unwrap().rows.len(), 0);
    assert_eq!(get(&world, &world.liaison, by("")).await.unwrap().rows[0].figures.unwrap().reported, 4);
    assert!(get(&world, &Person::coordinator(world.xingshan), by("")).await.unwrap().rows.is_empty());
    let year = GetFiguresRequest { from_month: "2025-12".into(), until_month: "2026-11".into(), ..by("") };
    assert_eq!(get(&world, &world.liaison, year).await.unwrap().rows[0].recurrences, Some(0));
    let narrow = GetFiguresRequest { place_path: "gn.xy".into(), ..by("") };
    let foreign = get(&world, &Person::liaison(world.gongnong, "gn.hq"), narrow).await.unwrap_err();
    assert_eq!(reason(&foreign), "PLACE_NOT_ALLOWED");
    let wrong = GetFiguresRequest { from_month: "2026-13".into(), ..by("") };
    assert_eq!(field(&get(&world, &world.liaison, wrong).await.unwrap_err()), "from_month");
    let small = summary(&world, "2026-11").await;
    assert!(small.total.as_ref().unwrap().held_back && small.subdistricts[0].held_back, "{small:?}");
    assert_eq!(small.total.unwrap().reported, None);
    month(&world).await;
    world.hear(&followers_consumer(&world.replicas[0].0), heard).await;
    let shown = summary(&world, "2026-11").await;
    let street = &shown.subdistricts[0];
    assert_eq!((street.name.as_str(), street.reported), (world.street_name.as_str(), Some(8)));
    assert_eq!((street.answered, street.satisfied), (None, None), "4 answers are too few to tell");
    assert_eq!(shown.classes[0].name, "街面秩序");
}
