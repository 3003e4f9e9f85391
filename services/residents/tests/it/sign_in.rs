use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    residents::v1::{GetMeRequest, person_service_server::PersonService},
};
use residents::import::{self, PersonRow, PostRow};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{Town, address, phone, reason};

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_gets_their_posts() {
    let town = Town::new().await;
    let session = town.sign_in(&town.admin_phone).await;
    let person = session.person.clone().unwrap();
    assert_eq!(person.phone, format!("{}****{}", &town.admin_phone[..3], &town.admin_phone[7..]));
    assert_eq!((person.district_name.as_str(), person.posts[0].role()), ("工农区", Role::DistrictAdmin));
    let claims = town.claims(&session);
    assert_eq!((claims.did, claims.exp - claims.iat, claims.posts[0].p.as_str()), (town.district_id, 900, "gn"));
    let me = town.rpc.get_me(town.request(&session, GetMeRequest {})).await.unwrap().into_inner();
    assert_eq!(me, person);
}

#[tokio::test]
async fn an_unknown_phone_becomes_a_resident_without_a_household() {
    let town = Town::new().await;
    let (phone, before) = (phone(), town.count("select count(*) from residents.person").await);
    let first = town.sign_in(&phone).await;
    let claims = town.claims(&first);
    assert_eq!((claims.posts.len(), claims.posts[0].r, claims.posts[0].l), (1, Role::Resident as i32, 1));
    let again = town.sign_in(&phone).await;
    assert_eq!(first.person.unwrap().person_id, again.person.unwrap().person_id);
    assert_eq!(town.count("select count(*) from residents.person").await, before + 1);
    assert_eq!(town.count("select count(*) from residents.outbox where type like '%PersonChanged'").await, 2);
}

#[tokio::test]
async fn a_code_works_once() {
    let town = Town::new().await;
    let phone = phone();
    let code = town.code(&phone).await;
    town.try_sign_in(&phone, &code, None).await.unwrap();
    assert_eq!(reason(&town.try_sign_in(&phone, &code, None).await.unwrap_err()), "CODE_WRONG");
}

#[tokio::test]
async fn a_code_used_by_many_at_once_works_once() {
    let town = std::sync::Arc::new(Town::new().await);
    let phone = phone();
    let code = town.code(&phone).await;
    let tries = (0..10).map(|_| {
        let (town, phone, code) = (town.clone(), phone.clone(), code.clone());
        tokio::spawn(async move { town.try_sign_in(&phone, &code, None).await.is_ok() })
    });
    let mut good = 0;
    for one in tries.collect::<Vec<_>>() {
        good += usize::from(one.await.unwrap());
    }
    assert_eq!(good, 1);
}

#[tokio::test]
async fn five_wrong_guesses_use_a_code_up() {
    let town = Town::new().await;
    let phone = phone();
    let code = town.code(&phone).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(reason(&town.try_sign_in(&phone, wrong, None).await.unwrap_err()), "CODE_WRONG");
    }
    assert_eq!(reason(&town.try_sign_in(&phone, &code, None).await.unwrap_err()), "CODE_WRONG");
}

#[tokio::test]
async fn a_code_is_of_one_phone_only() {
    let town = Town::new().await;
    let code = town.code(&phone()).await;
    assert_eq!(reason(&town.try_sign_in(&phone(), &code, None).await.unwrap_err()), "CODE_WRONG");
}

#[tokio::test]
async fn a_person_in_two_districts_signs_in_to_the_one_they_ask_for() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let third = town.add_district("ns", "南山区").await;
    let phone = phone();
    for (district_id, path) in [(town.district_id, "gn"), (other, "xs")] {
        town.give_post(district_id, &phone, "liaison", path).await;
    }
    let session = town.sign_in(&phone).await;
    assert_eq!(session.person.unwrap().district_id, town.district_id.to_string());
    let code = town.code(&phone).await;
    let refused = town.try_sign_in(&phone, &code, Some(third)).await.unwrap_err();
    assert_eq!(reason(&refused), "DISTRICT_NOT_YOURS");
    let session = town.try_sign_in(&phone, &code, Some(other)).await.unwrap();
    assert_eq!(town.claims(&session).did, other);
    assert_eq!(session.person.unwrap().posts[0].place_path, "xs");
}

#[tokio::test]
async fn a_post_in_another_district_takes_nobody_out_of_the_main_one() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let (known, new) = (phone(), phone());
    assert_eq!(town.claims(&town.sign_in(&known).await).did, town.district_id);
    for phone in [&known, &new] {
        town.give_post(other, phone, "courier", "xs").await;
    }
    // who is known in the main district stays there unless they ask
    assert_eq!(town.claims(&town.sign_in(&known).await).did, town.district_id);
    let code = town.code(&known).await;
    let there = town.try_sign_in(&known, &code, Some(other)).await.unwrap();
    assert_eq!(town.claims(&there).did, other);
    // who is not begins where their post is, and may still choose the main district
    assert_eq!(town.claims(&town.sign_in(&new).await).did, other);
    let code = town.code(&new).await;
    let here = town.try_sign_in(&new, &code, Some(town.district_id)).await.unwrap();
    assert_eq!(town.claims(&here).did, town.district_id);
    assert_eq!(town.claims(&town.sign_in(&new).await).did, town.district_id);
}

#[tokio::test]
async fn the_wrong_guesses_of_one_address_use_up_nobody_elses_code() {
    let town = Town::new().await;
    let (phone, attacker, owner) = (phone(), address(), address());
    let code = town.code(&phone).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for guess in [wrong; 10].into_iter().chain([code.as_str()]) {
        assert_eq!(reason(&town.sign_in_from(&attacker, &phone, guess).await.unwrap_err()), "CODE_WRONG");
    }
    town.sign_in_from(&owner, &phone, &code).await.unwrap();
    let code = town.code(&phone).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for attacker in [address(), address(), address(), address()] {
        for _ in 0..5 {
            assert_eq!(reason(&town.sign_in_from(&attacker, &phone, wrong).await.unwrap_err()), "CODE_WRONG");
        }
    }
    // twenty guesses in all
    assert_eq!(reason(&town.sign_in_from(&owner, &phone, &code).await.unwrap_err()), "CODE_WRONG");
}

#[tokio::test]
async fn an_address_sends_twenty_wrong_codes_an_hour() {
    let town = Town::new().await;
    let address = address();
    for _ in 0..20 {
        let refused = town.sign_in_from(&address, &phone(), "000000").await.unwrap_err();
        assert_eq!(reason(&refused), "CODE_WRONG");
    }
    let phone = phone();
    let code = town.code(&phone).await;
    let refused = town.sign_in_from(&address, &phone, &code).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "CODE_TOO_OFTEN"));
    assert_eq!(refused.get_details_retry_info().unwrap().retry_delay.unwrap().as_secs(), 3600);
    town.clock().advance(TimeDelta::hours(1));
    town.sign_in_from(&address, &phone, &code).await.unwrap();
}

#[tokio::test]
async fn right_codes_and_those_of_a_demo_on_one_machine_are_not_counted() {
    let town = Town::new().await;
    let address = address();
    for _ in 0..21 {
        let phone = phone();
        let code = town.code(&phone).await;
        town.sign_in_from(&address, &phone, &code).await.unwrap();
        assert_eq!(reason(&town.sign_in_from("127.0.0.1", &phone, &code).await.unwrap_err()), "CODE_WRONG");
    }
}

#[tokio::test]
async fn a_code_given_back_leaves_a_newer_one_as_it_is() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let phone = phone();
    let code = town.code(&phone).await;
    // the sign-in waits for the lock with its code used up, until a newer code is there
    let mut lock = chassis::db::begin(town.pool()).await.unwrap();
    sqlx::query("lock table residents.post").execute(&mut *lock).await.unwrap();
    let newer = async {
        while town.has_code(&phone).await {
            tokio::task::yield_now().await;
        }
        let newer = town.code(&phone).await;
        lock.commit().await.unwrap();
        newer
    };
    let newer = async { tokio::time::timeout(std::time::Duration::from_secs(20), newer).await.expect("code used") };
    let (refused, newer) = tokio::join!(town.try_sign_in(&phone, &code, Some(other)), newer);
    assert_eq!(reason(&refused.unwrap_err()), "DISTRICT_NOT_YOURS");
    town.try_sign_in(&phone, &newer, None).await.unwrap();
}

#[tokio::test]
async fn a_post_that_is_over_gives_nothing() {
    let town = Town::new().await;
    let phone = phone();
    let person = PersonRow { line: 1, phone: phone.clone(), name: "李到期".into() };
    import::people(&town.target(), &[person]).await.unwrap();
    let post = PostRow {
        line: 1,
        phone: phone.clone(),
        role: "courier".into(),
        place_path: "gn".into(),
        until_date: "2026-11-23".into(),
        ..PostRow::default()
    };
    assert_eq!(import::posts(&town.target(), &[post]).await.unwrap(), []);
    assert_eq!(town.claims(&town.sign_in(&phone).await).posts[0].r, Role::Courier as i32);
    // 16:00 in UTC is midnight in Shanghai, so the last day is over
    town.clock().advance(TimeDelta::hours(12));
    assert_eq!(town.claims(&town.sign_in(&phone).await).posts[0].r, Role::Resident as i32);
}

#[tokio::test]
async fn no_phone_is_stored_or_kept_in_the_clear() {
    let town = Town::new().await;
    let phone = phone();
    town.sign_in(&phone).await;
    let tables = ["person", "session", "member", "outbox", "audit", "post", "setup_token"];
    for table in tables {
        let statement = format!("select count(*) from residents.{table} t where t::text like $1 or t::text like $2");
        let hex: String = phone.bytes().map(|byte| format!("{byte:02x}")).collect();
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(format!("%{phone}%"))
            .bind(format!("%{hex}%"))
            .fetch_one(town.pool())
            .await
            .unwrap();
        assert_eq!(count, 0, "{table}");
    }
    // the same search finds what is stored in the clear
    assert_eq!(town.count("select count(*) from residents.person t where t::text like '%管理员%'").await, 1);
}
