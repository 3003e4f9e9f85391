use std::sync::Arc;

use chassis::clock::timestamp;
use chrono::TimeDelta;
use proto::{
    api::v1::post::{Level, Role},
    residents::v1::PostChanged,
    tickets::v1::{
        CalendarDay, CancelDutyRequest, EmergencyPhone, GetTermsRequest, ListCategoriesRequest,
        ListCategoryVersionsRequest, PutCalendarDaysRequest, PutCategoryRequest, PutDutyRequest, PutTermsRequest,
        Terms, Timers, WorkingHours,
        category_service_server::CategoryService,
        terms_service_server::TermsService,
        ticket::{Priority, State},
        ticket_service_server::TicketService,
    },
};
use tickets::{
    rpc::{categories::CategoryRpc, terms::TermsRpc},
    store::projection,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, field, people::Person, reason, report, state};

fn admin(world: &World) -> Person {
    Person::new(world.gongnong, Role::DistrictAdmin, "gn", None)
}

fn rpc(world: &World, replica: usize) -> TermsRpc {
    TermsRpc(world.replicas[replica].0.clone())
}

async fn put(world: &World, replica: usize, request: PutTermsRequest) -> Result<Terms, Status> {
    answer(rpc(world, replica).put_terms(admin(world).asks_of("TermsService", "PutTerms", request)).await)
}

fn quicker() -> PutTermsRequest {
    let timers = Timers { claim_minutes: Some(20), coord_minutes_unclaimed: Some(30), ..Timers::default() };
    PutTermsRequest { timers: Some(timers), ..PutTermsRequest::default() }
}

/// Lets the service know of a liaison's post.
async fn appoint(world: &World, person: &Person) {
    let told = PostChanged {
        post_id: Uuid::now_v7().to_string(),
        person_id: person.id.to_string(),
        role: Role::Liaison.into(),
        place_path: person.posts[0].p.clone(),
        ..PostChanged::default()
    };
    let mut connection = world.pool.acquire().await.unwrap();
    projection::keep_posts(&mut connection, &[(world.gongnong, Uuid::now_v7(), told)]).await.unwrap();
}

#[tokio::test]
async fn a_district_sets_its_own_deadlines_and_other_districts_keep_theirs() {
    let world = World::new().await;
    let told = put(&world, 0, quicker()).await.unwrap();
    assert_eq!((told.version, told.own.len(), told.timers.unwrap().claim_minutes), (1, 2, Some(20)));
    world.service().refresh_terms().await.unwrap();
    let request = report(NEEDS_NO_PHOTO);
    let ticket = answer(tickets_of(&world, 0).report(world.courier.asks("Report", request)).await).unwrap();
    let minutes = |at: Option<prost_types::Timestamp>| (at.unwrap().seconds - world.clock.now().timestamp()) / 60;
    assert_eq!((minutes(ticket.claim_by), minutes(ticket.promised_by)), (20, 20 + 30 + 24 * 60));
    let elsewhere = Person::courier(world.xingshan);
    let other =
        answer(rpc(&world, 0).get_terms(elsewhere.asks_of("TermsService", "GetTerms", GetTermsRequest {})).await)
            .unwrap();
    assert_eq!((other.version, other.timers.unwrap().claim_minutes), (0, Some(30)));
    // the other replica notices as well
    world.replicas[1].0.refresh_terms().await.unwrap();
    assert_eq!(world.replicas[1].0.rules(world.gongnong).settings.claim_minutes, 20);
}

fn tickets_of(world: &World, replica: usize) -> &tickets::rpc::tickets::TicketRpc {
    &world.replicas[replica]
}

#[tokio::test]
async fn the_same_terms_again_change_nothing_and_of_two_at_once_each_is_kept_whole() {
    let world = Arc::new(World::new().await);
    let first = put(&world, 0, quicker()).await.unwrap();
    assert_eq!(put(&world, 1, quicker()).await.unwrap(), first, "the same again");
    let racing = (10..20).map(|minutes| {
        let world = world.clone();
        tokio::spawn(async move {
            let timers = Some(Timers { claim_minutes: Some(minutes), ..Timers::default() });
            put(&world, minutes as usize % 2, PutTermsRequest { timers, ..PutTermsRequest::default() }).await
        })
    });
    let mut done = 0;
    for answer in racing.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            Ok(_) => done += 1,
            Err(busy) => assert_eq!(busy.code(), Code::Unavailable),
        }
    }
    let versions: i64 = world.count("terms").await;
    assert!(done > 0 && versions == done + 1, "{versions} versions of {done} edits and the first");
    let mut stale = admin(&world).asks_of("TermsService", "PutTerms", quicker());
    stale.metadata_mut().insert("if-match", "\"1\"".parse().unwrap());
    assert_eq!(reason(&rpc(&world, 0).put_terms(stale).await.unwrap_err()), "ETAG_MISMATCH");
}

#[tokio::test]
async fn terms_out_of_bounds_are_refused_by_name_and_change_nothing() {
    let world = World::new().await;
    let timers = |claim| PutTermsRequest {
        timers: Some(Timers { claim_minutes: Some(claim), ..Timers::default() }),
        ..PutTermsRequest::default()
    };
    let hours = |spans: &[(i32, i32)]| PutTermsRequest {
        working_hours: spans
            .iter()
            .map(|(from, until)| WorkingHours { from_minute: *from, until_minute: *until })
            .collect(),
        ..PutTermsRequest::default()
    };
    let phone = |phone: &str| PutTermsRequest {
        emergency_phones: vec![EmergencyPhone { phone: phone.into(), name: "值班室".into(), ..Default::default() }],
        ..PutTermsRequest::default()
    };
    let wrong = [
        (timers(4), "timers.claim_minutes"),
        (timers(241), "timers.claim_minutes"),
        (hours(&[(600, 600)]), "working_hours"),
        (hours(&[(500, 700), (600, 800)]), "working_hours"),
        (hours(&[(0, 1441)]), "working_hours"),
        (phone("12"), "emergency_phones[0].phone"),
        (phone("电话"), "emergency_phones[0].phone"),
    ];
    for (request, named) in wrong {
        assert_eq!(field(&put(&world, 0, request).await.unwrap_err()), named);
    }
    assert_eq!(world.count("terms").await, 0);
}

#[tokio::test]
async fn working_time_follows_the_districts_own_days_and_hours() {
    let world = World::new().await;
    let day = |date: &str, kind: &str| CalendarDay { date: date.into(), kind: kind.into(), ..Default::default() };
    let hours = vec![WorkingHours { from_minute: 8 * 60, until_minute: 10 * 60 }];
    put(&world, 0, PutTermsRequest { working_hours: hours, ..Default::default() }).await.unwrap();
    let days = vec![day("2026-11-24", "HOLIDAY"), day("2026-11-28", "WORKDAY")];
    let request = admin(&world).asks_of("TermsService", "PutCalendarDays", PutCalendarDaysRequest { days });
    rpc(&world, 0).put_calendar_days(request).await.unwrap();
    let calendar = world.service().rules(world.gongnong).calendar;
    // Monday 09:00: one hour is left today, Tuesday is free, so the second hour ends on Wednesday at 09:00
    let end = calendar.add(world.clock.now(), 120, tickets::ClockMode::Working);
    assert_eq!(end, world.clock.now() + TimeDelta::days(2));
    // two hours each on Wednesday, Thursday, Friday, and then the Saturday that is worked
    let end = calendar.add(world.clock.now(), 60 + 3 * 120 + 60, tickets::ClockMode::Working);
    assert_eq!(end, world.clock.now() + TimeDelta::days(5));
    let twice = PutCalendarDaysRequest { days: vec![day("2026-11-24", "HOLIDAY"), day("2026-11-24", "ORDINARY")] };
    let twice = rpc(&world, 0).put_calendar_days(admin(&world).asks_of("TermsService", "PutCalendarDays", twice)).await;
    assert_eq!(field(&twice.unwrap_err()), "days[1].date");
}

fn duty(world: &World, person: &Person) -> PutDutyRequest {
    PutDutyRequest {
        duty_id: Uuid::now_v7().to_string(),
        person_id: person.id.to_string(),
        place_id: world.street.to_string(),
        from_at: Some(timestamp(world.clock.now())),
        until_at: Some(timestamp(world.clock.now() + TimeDelta::hours(8))),
        stands_in_for: Some(world.liaison.id.to_string()),
    }
}

#[tokio::test]
async fn a_stand_in_claims_for_the_street_while_on_duty_and_not_after() {
    let world = World::new().await;
    let stand_in = Person::liaison(world.gongnong, "gn.hq");
    world.name(&stand_in, "王芳").await;
    let ticket = world.pooled().await;
    assert_eq!(reason(&world.claim(&stand_in, &ticket.ticket_id).await.unwrap_err()), "PLACE_NOT_ALLOWED");
    let asks = |request: PutDutyRequest| world.liaison.asks_of("TermsService", "PutDuty", request);
    let new = duty(&world, &stand_in);
    let unknown = rpc(&world, 0).put_duty(asks(new.clone())).await.unwrap_err();
    assert_eq!((reason(&unknown).as_str(), field(&unknown).as_str()), ("PERSON_NOT_LIAISON", "person_id"));
    appoint(&world, &stand_in).await;
    let made = answer(rpc(&world, 0).put_duty(asks(new.clone())).await).unwrap();
    assert_eq!(answer(rpc(&world, 1).put_duty(asks(new.clone())).await).unwrap(), made, "the same again");
    let other = PutDutyRequest { stands_in_for: None, ..new.clone() };
    assert_eq!(reason(&rpc(&world, 0).put_duty(asks(other)).await.unwrap_err()), "ID_REUSED");
    world.replicas[1].0.refresh_terms().await.unwrap();
    assert_eq!(world.get(&world.liaison, &ticket.ticket_id).await.unwrap().on_duty, ["王芳"]);
    assert!(world.get(&Person::courier(world.gongnong), &ticket.ticket_id).await.unwrap().on_duty.is_empty());
    assert_eq!(state(&world.claim(&stand_in, &ticket.ticket_id).await.unwrap()), State::Claimed);
    let second = world.pooled().await;
    world.clock.advance(TimeDelta::hours(9));
    assert_eq!(reason(&world.claim(&stand_in, &second.ticket_id).await.unwrap_err()), "PLACE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_duty_of_another_street_or_district_is_out_of_reach_and_a_cancelled_one_counts_no_more() {
    let world = World::new().await;
    let stand_in = Person::liaison(world.gongnong, "gn.hq");
    appoint(&world, &stand_in).await;
    let new = duty(&world, &stand_in);
    let foreign = rpc(&world, 0).put_duty(stand_in.asks_of("TermsService", "PutDuty", new.clone())).await;
    assert_eq!(reason(&foreign.unwrap_err()), "PLACE_NOT_ALLOWED");
    rpc(&world, 0).put_duty(world.liaison.asks_of("TermsService", "PutDuty", new.clone())).await.unwrap();
    let cancel = CancelDutyRequest { duty_id: new.duty_id.clone() };
    let elsewhere = Person::new(world.xingshan, Role::DistrictAdmin, "xs", None);
    let unknown = rpc(&world, 0).cancel_duty(elsewhere.asks_of("TermsService", "CancelDuty", cancel.clone())).await;
    assert_eq!(reason(&unknown.unwrap_err()), "DUTY_NOT_FOUND");
    let ask = || world.liaison.asks_of("TermsService", "CancelDuty", cancel.clone());
    let ended = answer(rpc(&world, 0).cancel_duty(ask()).await).unwrap();
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(answer(rpc(&world, 0).cancel_duty(ask()).await).unwrap(), ended, "the same again");
    let ticket = world.pooled().await;
    world.replicas[1].0.refresh_terms().await.unwrap();
    assert_eq!(reason(&world.claim(&stand_in, &ticket.ticket_id).await.unwrap_err()), "PLACE_NOT_ALLOWED");
    let late = PutDutyRequest { until_at: new.from_at, duty_id: Uuid::now_v7().to_string(), ..new };
    let late = rpc(&world, 0).put_duty(world.liaison.asks_of("TermsService", "PutDuty", late)).await;
    assert_eq!(field(&late.unwrap_err()), "until_at");
}

fn category(world: &World) -> PutCategoryRequest {
    let _ = world;
    PutCategoryRequest {
        category_code: NEEDS_NO_PHOTO.into(),
        name: "占道经营（夜市）".into(),
        level: Level::Subdistrict.into(),
        priority: Priority::P2.into(),
        resolve_hours: 12,
        clock: "NATURAL".into(),
        department_code: "住建局".into(),
        ..PutCategoryRequest::default()
    }
}

#[tokio::test]
async fn a_district_words_a_category_anew_and_every_version_is_kept() {
    let world = World::new().await;
    let rpc = CategoryRpc(world.replicas[0].0.clone());
    let ask = |request: PutCategoryRequest| admin(&world).asks_of("CategoryService", "PutCategory", request);
    let first = answer(rpc.put_category(ask(category(&world))).await).unwrap();
    assert_eq!((first.version, first.resolve_hours, first.duplicate_metres), (1, 12, 50));
    assert_eq!(answer(rpc.put_category(ask(category(&world))).await).unwrap(), first, "the same again");
    let before =
        answer(tickets_of(&world, 0).report(world.courier.asks("Report", report(NEEDS_NO_PHOTO))).await).unwrap();
    let longer = PutCategoryRequest { resolve_hours: 36, ..category(&world) };
    let mut stale = ask(longer.clone());
    stale.metadata_mut().insert("if-match", "\"0\"".parse().unwrap());
    assert_eq!(reason(&rpc.put_category(stale).await.unwrap_err()), "ETAG_MISMATCH");
    rpc.put_category(ask(longer)).await.unwrap();
    // what was reported before keeps the terms of its day
    assert_eq!(world.get(&world.courier, &before.ticket_id).await.unwrap().resolve_minutes, 12 * 60);
    let versions = ListCategoryVersionsRequest { category_code: NEEDS_NO_PHOTO.into() };
    let versions = admin(&world).asks_of("CategoryService", "ListCategoryVersions", versions);
    let versions = answer(rpc.list_category_versions(versions).await).unwrap().versions;
    let hours: Vec<_> = versions.iter().map(|version| version.category.as_ref().unwrap().resolve_hours).collect();
    assert_eq!(hours, [36, 12]);
    let list = |person: &Person| person.asks_of("CategoryService", "ListCategories", ListCategoriesRequest::default());
    let named = |list: Vec<proto::tickets::v1::Category>| {
        list.into_iter().find(|one| one.category_code == NEEDS_NO_PHOTO).unwrap()
    };
    let ours = answer(rpc.list_categories(list(&world.courier)).await).unwrap().categories;
    let theirs = answer(rpc.list_categories(list(&Person::courier(world.xingshan))).await).unwrap().categories;
    assert_eq!((named(ours).resolve_hours, named(theirs).version), (36, 0));
}

#[tokio::test]
async fn a_retired_category_is_offered_no_more_and_a_thirteenth_tile_is_refused() {
    let world = World::new().await;
    let rpc = CategoryRpc(world.replicas[0].0.clone());
    let ask = |request: PutCategoryRequest| admin(&world).asks_of("CategoryService", "PutCategory", request);
    rpc.put_category(ask(PutCategoryRequest { retired: true, ..category(&world) })).await.unwrap();
    let listed = |include_retired| {
        world.courier.asks_of("CategoryService", "ListCategories", ListCategoriesRequest { include_retired })
    };
    for (all, there) in [(false, false), (true, true)] {
        let list = answer(rpc.list_categories(listed(all)).await).unwrap().categories;
        assert_eq!(list.iter().any(|one| one.category_code == NEEDS_NO_PHOTO), there);
    }
    let mut refused = None;
    for n in 0..13 {
        let tile = PutCategoryRequest { category_code: format!("X{n}"), tile: format!("新{n}"), ..category(&world) };
        refused = rpc.put_category(ask(tile)).await.err().or(refused);
    }
    assert_eq!(field(&refused.unwrap()), "tile");
    for (wrong, named) in [
        (PutCategoryRequest { resolve_hours: 0, ..category(&world) }, "resolve_hours"),
        (PutCategoryRequest { level: Level::Building.into(), ..category(&world) }, "level"),
        (PutCategoryRequest { department_code: "没有".into(), ..category(&world) }, "department_code"),
        (PutCategoryRequest { clock: "MOON".into(), ..category(&world) }, "clock"),
        (PutCategoryRequest { category_code: "a b".into(), ..category(&world) }, "category_code"),
    ] {
        assert_eq!(field(&rpc.put_category(ask(wrong)).await.unwrap_err()), named);
    }
}
