use std::time::Duration;

use chassis::{consumer, feed::Source};
use proto::{events::v1::Position, residents::v1::PlaceChanged};
use residents::import::{self, DepartmentRow, PersonRow, PlaceRow, PostRow, RowError, Target};

use crate::harness::{Town, phone};

fn place(line: usize, path: &str, level: &str, boundary: &str) -> PlaceRow {
    PlaceRow { line, path: path.into(), name: format!("地点{line}"), level: level.into(), boundary: boundary.into() }
}

fn named(errors: &[RowError]) -> Vec<(usize, &'static str)> {
    assert!(errors.iter().all(|error| !error.zh.is_ascii() && error.en.contains(' ')));
    errors.iter().map(|error| (error.line, error.field)).collect()
}

#[tokio::test]
async fn good_rows_go_in_and_bad_ones_are_named() {
    let town = Town::new().await;
    let rows = [
        place(2, "gn.a.b", "社区", ""),
        place(3, "gn.a", "街道", ""),
        place(4, "gn.A", "街道", ""),
        place(5, "xs.a", "街道", ""),
        place(6, "gn.c", "村", ""),
        place(7, "gn.d", "街道", "130 47;131"),
        place(8, "gn.a.b.c", "街道", ""),
        place(9, "gn.x.y", "社区", ""),
        PlaceRow { name: " ".into(), ..place(10, "gn.e", "街道", "") },
    ];
    let errors = import::places(&town.target(), &rows).await.unwrap();
    let expected = [(4, "path"), (5, "path"), (6, "level"), (7, "boundary"), (8, "level"), (9, "path"), (10, "name")];
    assert_eq!(named(&errors), expected);
    assert_eq!(town.count("select count(*) from residents.place").await, 3);
}

#[tokio::test]
async fn rows_given_again_change_nothing_and_tell_nothing() {
    let town = Town::new().await;
    let (one, two) = (phone(), phone());
    let person = |line, phone: &String| PersonRow { line, phone: phone.clone(), name: "周重复".into() };
    let post = |line, phone: &String, role: &str, department: &str| PostRow {
        line,
        phone: phone.clone(),
        role: role.into(),
        place_path: "gn".into(),
        department_code: department.into(),
        ..PostRow::default()
    };
    let departments = [DepartmentRow { line: 2, code: "cg".into(), name: "城市管理局".into() }];
    let places = [place(2, "gn.a", "街道", "130 47;130.1 47;130.1 47.1"), place(3, "gn.a.b", "社区", "")];
    let people = [person(2, &one), person(3, &two), person(4, &one)];
    let posts = [post(2, &one, "courier", ""), post(3, &two, "department_handler", "cg"), post(4, &one, "courier", "")];
    let mut counts = Vec::new();
    for _ in 0..2 {
        assert_eq!(import::departments(&town.target(), &departments).await.unwrap(), []);
        assert_eq!(import::places(&town.target(), &places).await.unwrap(), []);
        assert_eq!(import::people(&town.target(), &people).await.unwrap(), []);
        assert_eq!(import::posts(&town.target(), &posts).await.unwrap(), []);
        let statement = "select (select count(*) from residents.outbox) * 1000 + (select count(*) from residents.post)";
        counts.push(town.count(statement).await);
        town.clock().advance(chrono::TimeDelta::days(1));
    }
    // of the set-up: place, person, post; then department, 2 places, 2 people, 2 posts
    assert_eq!(counts, [10_003, 10_003]);
}

#[tokio::test]
async fn bad_people_departments_and_posts_are_named() {
    let town = Town::new().await;
    let phone = phone();
    let person = |line, phone: &str, name: &str| PersonRow { line, phone: phone.into(), name: name.into() };
    let people =
        [person(2, &phone, "吴一"), person(3, "110", "吴二"), person(4, &phone, "吴三"), person(5, &phone, "")];
    let errors = import::people(&town.target(), &people).await.unwrap();
    assert_eq!(named(&errors), [(3, "phone"), (4, "name"), (5, "name")]);
    let department = |line, code: &str, name: &str| DepartmentRow { line, code: code.into(), name: name.into() };
    let departments = [department(2, "cg", "城管局"), department(3, "C G", "x"), department(4, "cg", "住建局")];
    let errors = import::departments(&town.target(), &departments).await.unwrap();
    assert_eq!(named(&errors), [(3, "code"), (4, "name")]);
    town.build_places().await;
    let good = PostRow { phone, role: "courier".into(), place_path: "gn".into(), ..PostRow::default() };
    let posts = [
        PostRow { line: 2, ..good.clone() },
        PostRow { line: 3, phone: crate::harness::phone(), ..good.clone() },
        PostRow { line: 4, role: "king".into(), ..good.clone() },
        PostRow { line: 5, place_path: "gn.none".into(), ..good.clone() },
        PostRow { line: 6, role: "department_handler".into(), ..good.clone() },
        PostRow { line: 7, department_code: "cg".into(), ..good.clone() },
        PostRow { line: 8, department_code: "none".into(), ..good.clone() },
        PostRow { line: 9, from_date: "23.11.2026".into(), ..good.clone() },
        PostRow { line: 10, until_date: "2026-11-22".into(), ..good.clone() },
        PostRow { line: 11, until_date: "9999-01-01".into(), ..good.clone() },
        PostRow { line: 12, place_path: "gn.xy.sh.1".into(), ..good.clone() },
        PostRow { line: 13, place_path: "gn\0".into(), ..good },
    ];
    let errors = import::posts(&town.target(), &posts).await.unwrap();
    let expected = [
        (3, "phone"),
        (4, "role"),
        (5, "place_path"),
        (6, "department_code"),
        (7, "department_code"),
        (8, "department_code"),
        (9, "from_date"),
        (10, "until_date"),
        (11, "until_date"),
        (12, "place_path"),
        (13, "place_path"),
    ];
    assert_eq!(named(&errors), expected);
}

#[tokio::test]
async fn a_new_name_reaches_the_full_names_below() {
    let town = Town::new().await;
    town.build_places().await;
    let renamed = PlaceRow {
        line: 2,
        path: "gn.xy".into(),
        name: "红旗街道".into(),
        level: "街道".into(),
        boundary: String::new(),
    };
    assert_eq!(import::places(&town.target(), &[renamed]).await.unwrap(), []);
    let statement = "select full_name from residents.place where path = 'gn.xy.sh.1.12'";
    let name: String = sqlx::query_scalar(statement).fetch_one(town.pool()).await.unwrap();
    assert_eq!(name, "红旗街道 松鹤社区 一号小区 12 栋");
    assert_eq!(town.count("select count(*) from residents.place where path = 'gn.xy' and boundary is null").await, 0);
}

#[tokio::test]
async fn every_event_has_the_form_of_its_message() {
    let town = Town::new().await;
    town.build_places().await;
    let source = Source::local(town.pool().clone(), "residents");
    // Readers wait for every transaction of the server that began earlier, also for those of other tests.
    let all = async {
        loop {
            let events = source.read(Position::default(), 1000).await.unwrap();
            if events.len() == 9 {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let events = tokio::time::timeout(Duration::from_secs(20), all).await.expect("nine events");
    let mut places = events.iter().filter_map(|event| consumer::payload::<PlaceChanged>(event).unwrap());
    let place = places.find(|place| place.path == "gn.xy.sh.1").unwrap();
    assert_eq!((place.boundary.len(), place.level), (4, 4));
}

#[tokio::test]
async fn the_posts_of_residents_are_kept_but_not_told() {
    let town = Town::new().await;
    let phone = phone();
    let person = PersonRow { line: 2, phone: phone.clone(), name: "钱住户".into() };
    assert_eq!(import::people(&town.target(), &[person]).await.unwrap(), []);
    let told = "select count(*) from residents.outbox where type like '%PostChanged'";
    let before = town.count(told).await;
    let post = |role: &str| PostRow {
        line: 2,
        phone: phone.clone(),
        role: role.into(),
        place_path: "gn".into(),
        ..PostRow::default()
    };
    assert_eq!(import::posts(&town.target(), &[post("resident"), post("courier")]).await.unwrap(), []);
    assert_eq!(town.count(told).await, before + 1);
    assert_eq!(town.claims(&town.sign_in(&phone).await).posts.len(), 2);
}

#[tokio::test]
async fn two_districts_importing_the_same_people_at_once_make_each_once() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let rows: Vec<PersonRow> =
        (0..500).map(|line| PersonRow { line, phone: phone(), name: format!("人{line}") }).collect();
    let turned: Vec<PersonRow> = rows.iter().rev().cloned().collect();
    let there = Target { district_id: other, ..town.target() };
    let here = town.target();
    let (one, two) = tokio::join!(import::people(&here, &rows), import::people(&there, &turned));
    assert_eq!((one.unwrap(), two.unwrap()), (vec![], vec![]));
    assert_eq!(town.count("select count(*) from residents.person where name like '人%'").await, 500);
    assert_eq!(town.count("select count(*) from residents.member").await, 1001);
}
