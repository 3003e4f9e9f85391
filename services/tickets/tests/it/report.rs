use std::sync::Arc;

use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    residents::v1::location::Crs,
    tickets::v1::{
        EmergencyPhone, PutTermsRequest, ReportRequest, terms_service_server::TermsService, ticket::State,
        ticket_service_server::TicketService,
    },
};
use tickets::rpc::terms::TermsRpc;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, TIMERS, World, answer, at, field, people::Person, reason, report, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_report_twenty_times_is_one_ticket() {
    let world = Arc::new(World::new().await);
    let request = report(NEEDS_NO_PHOTO);
    let sent = (0..20).map(|turn| {
        let (world, request) = (world.clone(), request.clone());
        tokio::spawn(async move {
            answer(world.replicas[turn % 2].report(world.courier.asks("Report", request)).await).unwrap()
        })
    });
    let mut answers = Vec::new();
    for answer in sent.collect::<Vec<_>>() {
        answers.push(answer.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "all answers are the same");
    for table in ["ticket", "event", TIMERS, "outbox"] {
        assert_eq!(world.count(table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_report_lies_in_the_pool_with_its_deadlines() {
    let world = World::new().await;
    let mut request = report(NEEDS_NO_PHOTO);
    request.media_ids = vec![world.photo(&world.courier)];
    let ticket = world.report(&world.courier, request.clone()).await.unwrap();
    assert_eq!(
        (state(&ticket), ticket.etag.as_str(), ticket.number.as_str()),
        (State::Pool, "\"1\"", "GN261123-000001")
    );
    let seconds = |at: Option<prost_types::Timestamp>| at.unwrap().seconds - world.clock.now().timestamp();
    assert_eq!((seconds(ticket.claim_by), seconds(ticket.promised_by)), (30 * 60, 25 * 3600));
    assert_eq!(ticket.place.as_ref().unwrap().path, "gn.xy.sh.03");
    assert_eq!(ticket.reporter.as_ref().unwrap().name, "李春生");
    assert!(ticket.media[0].url.starts_with(&format!("/v1/media/{}?", request.media_ids[0])));
    assert_eq!(world.report(&world.courier, request).await.unwrap(), ticket, "the same again");
}

#[tokio::test]
async fn a_retry_long_after_answers_its_ticket_though_it_would_be_refused_by_now() {
    let world = World::new().await;
    let captured_at = Some(chassis::clock::timestamp(world.clock.now()));
    let request = ReportRequest { captured_at, ..report(NEEDS_NO_PHOTO) };
    let ticket = world.report(&world.courier, request.clone()).await.unwrap();
    world.clock.advance(TimeDelta::days(31));
    assert_eq!(world.report(&world.courier, request.clone()).await.unwrap(), ticket);
    let new = ReportRequest { ticket_id: Uuid::now_v7().to_string(), ..request.clone() };
    let changed = ReportRequest { text: "别的事".into(), ..request.clone() };
    for old in [world.report(&world.courier, new).await, world.report(&world.courier, changed).await] {
        let old = old.unwrap_err();
        assert_eq!((reason(&old).as_str(), field(&old).as_str()), ("FIELD_INVALID", "captured_at"));
    }
    let stranger = world.report(&Person::courier(world.gongnong), request).await.unwrap_err();
    assert_eq!(field(&stranger), "captured_at", "a person's own only");
    assert_eq!(world.count("ticket").await, 1);
}

#[tokio::test]
async fn another_body_or_another_person_with_the_same_id_is_refused() {
    let world = World::new().await;
    let request = report(NEEDS_NO_PHOTO);
    world.report(&world.courier, request.clone()).await.unwrap();
    let other = ReportRequest { text: "别的事".into(), ..request.clone() };
    let refused = world.report(&world.courier, other).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "ID_REUSED"));
    let refused = world.report(&Person::courier(world.gongnong), request.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "ID_REUSED");
    assert_eq!(world.count("event").await, 1);
    let elsewhere = Person::courier(world.xingshan);
    let request = ReportRequest { location: Some(at(130.55, 47.35)), ..request };
    assert!(world.report(&elsewhere, request).await.is_ok(), "ids of districts do not meet");
}

#[tokio::test]
async fn a_coordinate_is_resolved_to_the_lowest_place_that_holds_it() {
    let world = World::new().await;
    for (lng, lat, path) in
        [(130.235, 47.335, "gn.xy.sh.03"), (130.225, 47.325, "gn.xy.sh"), (130.205, 47.305, "gn.xy")]
    {
        let request = ReportRequest { location: Some(at(lng, lat)), ..report("") };
        let ticket = world.report(&world.courier, request).await.unwrap();
        assert_eq!((ticket.place.unwrap().path.as_str(), ticket.category_code.as_str()), (path, "99999"));
    }
    let (lng, lat) = chassis::geo::gcj02_to_wgs84((130.2305, 47.3305));
    let mut location = at(lng, lat);
    location.crs = Crs::Wgs84.into();
    let ticket = world.report(&world.courier, ReportRequest { location: Some(location), ..report("") }).await.unwrap();
    assert_eq!(ticket.place.unwrap().path, "gn.xy.sh.03");
    assert_eq!(ticket.location.unwrap(), location, "kept as it was given");
}

#[tokio::test]
async fn a_named_place_wins_within_the_accuracy_of_the_coordinate_only() {
    let world = World::new().await;
    let near = |accuracy_m: f64| {
        let mut location = at(130.2412, 47.335);
        location.accuracy_m = Some(accuracy_m);
        ReportRequest { location: Some(location), place_id: Some(world.building.to_string()), ..report("") }
    };
    let ticket = world.report(&world.courier, near(200.0)).await.unwrap();
    assert_eq!(ticket.place.unwrap().path, "gn.xy.sh.03.1");
    let refused = world.report(&world.courier, near(30.0)).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("PLACE_MISMATCH", "place_id"));
    assert!((80..100).contains(&crate::harness::fact(&refused, "distance_m").parse::<i32>().unwrap()));
    let named = ReportRequest { location: None, place_id: Some(world.compound.to_string()), ..report("") };
    assert!(world.report(&world.courier, named).await.is_ok(), "a place is enough");
}

#[tokio::test]
async fn bad_reports_name_their_field_and_change_nothing() {
    let world = World::new().await;
    let now = world.clock.now();
    let time = |shift: TimeDelta| Some(chassis::clock::timestamp(now + shift));
    let stranger = world.photo(&Person::courier(world.gongnong));
    let own = world.photo(&world.courier);
    let with = |change: &dyn Fn(&mut ReportRequest)| {
        let mut request = report(NEEDS_NO_PHOTO);
        change(&mut request);
        request
    };
    let spot = |change: &dyn Fn(&mut proto::residents::v1::Location)| {
        let mut location = at(130.235, 47.335);
        change(&mut location);
        ReportRequest { location: Some(location), ..report(NEEDS_NO_PHOTO) }
    };
    let cases = [
        (with(&|r| r.ticket_id = "7".into()), "FIELD_INVALID", "ticket_id"),
        (with(&|r| r.ticket_id = Uuid::nil().to_string()), "FIELD_INVALID", "ticket_id"),
        (with(&|r| r.category_code = "00000".into()), "CATEGORY_UNKNOWN", "category_code"),
        (with(&|r| r.text = "长".repeat(2001)), "FIELD_INVALID", "text"),
        (with(&|r| r.text = "a\0b".into()), "FIELD_INVALID", "text"),
        (with(&|r| r.text = " ".into()), "EVIDENCE_REQUIRED", "text"),
        (with(&|r| r.location = None), "FIELD_INVALID", "location"),
        (with(&|r| r.place_id = Some("x".into())), "FIELD_INVALID", "place_id"),
        (with(&|r| r.captured_at = time(TimeDelta::seconds(121))), "CAPTURED_IN_FUTURE", "captured_at"),
        (with(&|r| r.captured_at = time(TimeDelta::days(-31))), "FIELD_INVALID", "captured_at"),
        (with(&|r| r.media_ids = vec![stranger.clone()]), "MEDIA_NOT_YOURS", "media_ids[0]"),
        (with(&|r| r.media_ids = vec![Uuid::now_v7().to_string()]), "MEDIA_NOT_YOURS", "media_ids[0]"),
        (with(&|r| r.media_ids = vec![own.clone(), own.clone()]), "FIELD_INVALID", "media_ids"),
        (with(&|r| r.media_ids = vec![own.clone(); 10]), "FIELD_INVALID", "media_ids"),
        (with(&|r| r.media_ids = vec!["x".into()]), "FIELD_INVALID", "media_ids[0]"),
        (spot(&|l| l.crs = 0), "COORDINATE_SYSTEM_REQUIRED", "location.crs"),
        (spot(&|l| l.crs = 9), "COORDINATE_SYSTEM_REQUIRED", "location.crs"),
        (spot(&|l| l.lng = None), "FIELD_INVALID", "location.lng"),
        (spot(&|l| l.lng = Some(f64::NAN)), "FIELD_INVALID", "location.lng"),
        (spot(&|l| l.lat = Some(90.0)), "FIELD_INVALID", "location.lat"),
        (spot(&|l| l.accuracy_m = Some(-1.0)), "FIELD_INVALID", "location.accuracy_m"),
        (spot(&|l| l.lng = Some(130.55)), "OUTSIDE_DISTRICT", "location"),
        (spot(&|l| (l.lng, l.lat) = (Some(116.4), Some(39.9))), "OUTSIDE_DISTRICT", "location"),
    ];
    for (request, expected, at) in cases {
        let refused = world.report(&world.courier, request).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), (expected, at), "{refused:?}");
        assert_eq!(refused.code(), Code::InvalidArgument, "{expected}");
    }
    let unknown = with(&|r| r.place_id = Some(Uuid::now_v7().to_string()));
    let unknown = world.report(&world.courier, unknown).await.unwrap_err();
    assert_eq!((reason(&unknown).as_str(), field(&unknown).as_str()), ("PLACE_NOT_FOUND", "place_id"));
    for table in ["ticket", "event", TIMERS, "outbox"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    let ahead = with(&|r| r.captured_at = time(TimeDelta::seconds(119)));
    assert!(world.report(&world.courier, ahead).await.is_ok());
}

#[tokio::test]
async fn an_emergency_has_five_minutes_and_its_phones_and_an_old_photo_is_enough() {
    let world = World::new().await;
    let fire = EmergencyPhone { category_code: "80006".into(), name: "消防".into(), phone: "119".into() };
    let put = PutTermsRequest { emergency_phones: vec![fire.clone()], ..PutTermsRequest::default() };
    let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
    TermsRpc(world.replicas[0].0.clone()).put_terms(admin.asks_of("TermsService", "PutTerms", put)).await.unwrap();
    for replica in &world.replicas {
        replica.0.refresh_terms().await.unwrap();
    }
    let stamp = |hours| chassis::clock::timestamp(world.clock.now() - TimeDelta::hours(hours));
    let request = ReportRequest {
        text: String::new(),
        media_ids: vec![world.photo(&world.courier)],
        captured_at: Some(stamp(20)),
        ..report("80006")
    };
    let ticket = world.report(&world.courier, request).await.unwrap();
    assert_eq!(ticket.emergency_phones, [fire]);
    assert_eq!(ticket.claim_by.unwrap().seconds - stamp(0).seconds, 5 * 60);
    assert_eq!((ticket.captured_at, ticket.received_at, ticket.media.len()), (Some(stamp(20)), Some(stamp(0)), 1));
    let ordinary = world.report(&world.courier, report(NEEDS_NO_PHOTO)).await.unwrap();
    assert!(ordinary.emergency_phones.is_empty());
    assert_eq!(ordinary.claim_by.unwrap().seconds - stamp(0).seconds, 30 * 60);
}
