use std::sync::Arc;

use proto::{
    api::v1::post::Role,
    residents::v1::{AppointRequest, EndPostRequest, person_service_server::PersonService},
};
use uuid::Uuid;

use crate::harness::{Town, field, phone, reason};

async fn asked(town: &Town) -> AppointRequest {
    AppointRequest {
        post_id: Uuid::now_v7().to_string(),
        phone: phone(),
        name: "赵联络".into(),
        role: Role::Liaison.into(),
        place_id: town.place_id("gn").await,
        ..AppointRequest::default()
    }
}

#[tokio::test]
async fn a_new_phone_gets_a_post_and_signs_in_with_it() {
    let town = Town::new().await;
    let asked = asked(&town).await;
    let post = town.rpc.appoint(town.as_admin(asked.clone()).await).await.unwrap().into_inner();
    assert_eq!((post.role(), post.place_path.as_str(), post.from_date.as_str()), (Role::Liaison, "gn", "2026-11-23"));
    let session = town.sign_in(&asked.phone).await;
    assert_eq!(session.person.unwrap().name, "赵联络");
    assert_eq!(town.count("select count(*) from residents.audit where action = 'appoint'").await, 1);
}

#[tokio::test]
async fn the_same_appointment_twice_is_one_and_another_body_is_refused() {
    let town = Town::new().await;
    let mut asked = asked(&town).await;
    let first = town.rpc.appoint(town.as_admin(asked.clone()).await).await.unwrap().into_inner();
    let again = town.rpc.appoint(town.as_admin(asked.clone()).await).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(town.count("select count(*) from residents.post").await, 2);
    asked.role = Role::Courier.into();
    let refused = town.rpc.appoint(town.as_admin(asked).await).await.unwrap_err();
    assert_eq!(reason(&refused), "ID_REUSED");
}

#[tokio::test]
async fn a_phone_appointed_by_many_at_once_is_one_person() {
    let town = Arc::new(Town::new().await);
    let (before, good) = (town.count("select count(*) from residents.person").await, asked(&town).await);
    let session = Arc::new(town.sign_in(&town.admin_phone).await);
    let tries = (0..10).map(|_| {
        let (town, session) = (town.clone(), session.clone());
        let asked = AppointRequest { post_id: Uuid::now_v7().to_string(), ..good.clone() };
        tokio::spawn(async move { town.rpc.appoint(town.request(&session, asked)).await.unwrap() })
    });
    for one in tries.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(town.count("select count(*) from residents.person").await, before + 1);
    assert_eq!(town.count("select count(*) from residents.post").await, 11);
}

#[tokio::test]
async fn an_ended_post_gives_nothing_and_ending_it_again_answers_the_same() {
    let town = Town::new().await;
    let asked = asked(&town).await;
    let post = town.rpc.appoint(town.as_admin(asked.clone()).await).await.unwrap().into_inner();
    let end = EndPostRequest { post_id: post.post_id.clone() };
    let ended = town.rpc.end_post(town.as_admin(end.clone()).await).await.unwrap().into_inner();
    assert_eq!(ended.until_date.as_deref(), Some("2026-11-23"));
    assert_eq!(ended, town.rpc.end_post(town.as_admin(end).await).await.unwrap().into_inner());
    assert_eq!(town.claims(&town.sign_in(&asked.phone).await).posts[0].r, Role::Resident as i32);
    assert_eq!(town.count("select count(*) from residents.audit where action = 'end_post'").await, 1);
}

#[tokio::test]
async fn an_appointment_is_answered_the_same_after_its_last_day() {
    let town = Town::new().await;
    let asked = AppointRequest { until_date: Some("2026-11-23".into()), ..asked(&town).await };
    let first = town.rpc.appoint(town.as_admin(asked.clone()).await).await.unwrap().into_inner();
    town.clock().advance(chrono::TimeDelta::days(2));
    assert_eq!(town.rpc.appoint(town.as_admin(asked).await).await.unwrap().into_inner(), first);
}

#[tokio::test]
async fn a_post_is_at_a_level_that_suits_its_role() {
    let town = Town::new().await;
    town.build_places().await;
    let good = asked(&town).await;
    for (role, path, fits) in [
        (Role::DistrictAdmin, "gn.xy.sh.1", false),
        (Role::Liaison, "gn.xy.sh", false),
        (Role::Liaison, "gn.xy", true),
        (Role::HomeObserver, "gn", false),
        (Role::HomeObserver, "gn.xy.sh.1", true),
        (Role::Resident, "gn.xy.sh.1.12", true),
    ] {
        let (post_id, place_id) = (Uuid::now_v7().to_string(), town.place_id(path).await);
        let asked = AppointRequest { post_id, role: role.into(), place_id, ..good.clone() };
        let answer = town.rpc.appoint(town.as_admin(asked).await).await;
        assert_eq!(answer.is_ok(), fits, "{role:?} {path}");
        if let Err(refused) = answer {
            assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("FIELD_INVALID", "place_id"));
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name_and_nothing_is_left() {
    let town = Town::new().await;
    let before = town.count("select count(*) from residents.person").await;
    let good = asked(&town).await;
    let (nowhere, nothing) = (Uuid::now_v7().to_string(), Some(Uuid::now_v7().to_string()));
    let handler = i32::from(Role::DepartmentHandler);
    let wrong = [
        (AppointRequest { place_id: nowhere, ..good.clone() }, "PLACE_NOT_FOUND", "place_id"),
        (
            AppointRequest { role: handler, department_id: nothing, ..good.clone() },
            "DEPARTMENT_NOT_FOUND",
            "department_id",
        ),
        (AppointRequest { role: handler, ..good.clone() }, "FIELD_INVALID", "department_id"),
        (AppointRequest { role: 0, ..good.clone() }, "FIELD_INVALID", "role"),
        (AppointRequest { name: " ".into(), ..good.clone() }, "FIELD_INVALID", "name"),
        (AppointRequest { phone: "1".into(), ..good.clone() }, "PHONE_INVALID", "phone"),
        (AppointRequest { until_date: Some("2026-11-22".into()), ..good.clone() }, "FIELD_INVALID", "until_date"),
        (AppointRequest { name: "赵\u{202e}联络".into(), ..good.clone() }, "FIELD_INVALID", "name"),
        (AppointRequest { post_id: Uuid::nil().to_string(), ..good.clone() }, "FIELD_INVALID", "post_id"),
        (AppointRequest { until_date: Some("+262142-01-01".into()), ..good.clone() }, "FIELD_INVALID", "until_date"),
        (AppointRequest { from_date: "-4800-01-01".into(), ..good.clone() }, "FIELD_INVALID", "from_date"),
        (AppointRequest { from_date: "tomorrow".into(), ..good }, "FIELD_INVALID", "from_date"),
    ];
    for (asked, why, what) in wrong {
        let refused = town.rpc.appoint(town.as_admin(asked).await).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), (why, what));
    }
    assert_eq!(town.count("select count(*) from residents.person").await, before);
    let unknown = EndPostRequest { post_id: Uuid::now_v7().to_string() };
    let refused = town.rpc.end_post(town.as_admin(unknown).await).await.unwrap_err();
    assert_eq!(reason(&refused), "POST_NOT_FOUND");
}

#[tokio::test]
async fn what_staff_did_cannot_be_changed() {
    let town = Town::new().await;
    for statement in
        ["update residents.audit set action = 'x'", "delete from residents.audit", "truncate residents.audit"]
    {
        let refused = sqlx::query(statement).execute(town.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{statement}");
    }
    assert_eq!(town.count("select count(*) from residents.audit").await, 1);
}
