use chassis::verifier::ENDED_SESSIONS;
use chrono::TimeDelta;
use proto::residents::v1::{RefreshRequest, Session, session_service_server::SessionService};
use redis::AsyncCommands;
use tonic::{Request, Status};

use crate::harness::{Town, phone, reason};

async fn refresh(town: &Town, refresh_token: &str) -> Result<Session, Status> {
    let request = Request::new(RefreshRequest { refresh_token: refresh_token.into() });
    town.rpc.refresh(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair() {
    let town = Town::new().await;
    let first = town.sign_in(&town.admin_phone).await;
    town.clock().advance(TimeDelta::minutes(14));
    let second = refresh(&town, &first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(town.claims(&second).exp - town.claims(&first).exp, 14 * 60);
    assert_eq!(first.person, second.person);
    refresh(&town, &second.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_signs_nobody_out() {
    let town = Town::new().await;
    let first = town.sign_in(&phone()).await;
    let lost = refresh(&town, &first.refresh_token).await.unwrap();
    town.clock().advance(TimeDelta::seconds(59));
    let again = refresh(&town, &first.refresh_token).await.unwrap();
    refresh(&town, &again.refresh_token).await.unwrap();
    // the lost answer held the same token, so it came late rather than twice
    assert_eq!(lost.refresh_token, again.refresh_token);
}

#[tokio::test]
async fn refreshes_at_once_all_go_on_with_one_session() {
    let town = std::sync::Arc::new(Town::new().await);
    let first = town.sign_in(&phone()).await;
    let tries = (0..10).map(|_| {
        let (town, token) = (town.clone(), first.refresh_token.clone());
        tokio::spawn(async move { refresh(&town, &token).await.unwrap().refresh_token })
    });
    let mut tokens = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        tokens.push(one.await.unwrap());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    refresh(&town, &tokens[0]).await.unwrap();
}

#[tokio::test]
async fn an_older_token_ends_the_session() {
    let town = Town::new().await;
    let first = town.sign_in(&phone()).await;
    let second = refresh(&town, &first.refresh_token).await.unwrap();
    town.clock().advance(TimeDelta::seconds(60));
    assert_eq!(reason(&refresh(&town, &first.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_REUSED");
    assert_eq!(reason(&refresh(&town, &second.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_INVALID");
    let session = town.claims(&first).sid.to_string();
    let score: Option<i64> = town.rpc.0.cache.connection().zscore(ENDED_SESSIONS, session).await.unwrap();
    assert_eq!(score, Some(town.clock().now().timestamp()));
}

#[tokio::test]
async fn an_invented_token_is_refused_and_ends_nothing() {
    let town = Town::new().await;
    let session = town.sign_in(&phone()).await;
    let sid = town.claims(&session).sid;
    for invented in [String::new(), "x".into(), format!("{sid}.x.y"), format!("{sid}.{}", "A".repeat(43))] {
        assert_eq!(reason(&refresh(&town, &invented).await.unwrap_err()), "REFRESH_TOKEN_INVALID", "{invented}");
    }
    refresh(&town, &session.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_unused_session_ends_after_sixty_days() {
    let town = Town::new().await;
    let session = town.sign_in(&phone()).await;
    town.clock().advance(TimeDelta::days(60));
    assert_eq!(reason(&refresh(&town, &session.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_session_in_another_district_ends_with_the_last_post_there() {
    let town = Town::new().await;
    let other = town.add_district("xs", "兴山区").await;
    let phone = phone();
    town.give_post(other, &phone, "courier", "xs").await;
    let session = town.sign_in(&phone).await;
    assert_eq!(town.claims(&session).did, other);
    let session = refresh(&town, &session.refresh_token).await.unwrap();
    sqlx::query("update residents.post set until_date = from_date where district_id = $1")
        .bind(other)
        .execute(town.pool())
        .await
        .unwrap();
    town.clock().advance(TimeDelta::days(1));
    for _ in 0..2 {
        assert_eq!(reason(&refresh(&town, &session.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_INVALID");
    }
    assert_eq!(town.count("select count(*) from residents.session where ended_because = 'POST_ENDED'").await, 1);
    let sid = town.claims(&session).sid.to_string();
    let score: Option<i64> = town.rpc.0.cache.connection().zscore(ENDED_SESSIONS, sid).await.unwrap();
    assert_eq!(score, Some(town.clock().now().timestamp()));
    // in the main district they are a resident as everybody is
    let session = town.sign_in(&phone).await;
    assert_eq!(town.claims(&session).did, town.district_id);
    refresh(&town, &session.refresh_token).await.unwrap();
}
