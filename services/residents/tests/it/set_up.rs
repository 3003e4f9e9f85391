use chrono::TimeDelta;
use proto::residents::v1::{SetUpRequest, SetUpResponse, setup_service_server::SetupService};
use residents::setup_token;
use tonic::{Request, Status};

use crate::harness::{Town, field, phone, reason};

async fn set_up(town: &Town, token: &str, code: &str) -> Result<SetUpResponse, Status> {
    let (district_name, district_code) = ("新区".into(), code.into());
    let asked =
        SetUpRequest { token: token.into(), district_name, district_code, name: "首任".into(), phone: phone() };
    town.rpc.set_up(Request::new(asked)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_token_sets_up_one_district_once() {
    let town = Town::empty(true).await;
    let token = setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
    assert_eq!(reason(&set_up(&town, "wrong", "xq").await.unwrap_err()), "SETUP_TOKEN_INVALID");
    assert_eq!(field(&set_up(&town, &token, "新").await.unwrap_err()), "district_code");
    set_up(&town, &token, "xq").await.unwrap();
    assert_eq!(reason(&set_up(&town, &token, "yq").await.unwrap_err()), "SETUP_TOKEN_INVALID");
    assert_eq!(setup_token(town.pool(), town.clock()).await.unwrap(), None);
    assert_eq!(town.count("select count(*) from residents.district where is_main").await, 1);
}

#[tokio::test]
async fn two_tokens_used_at_once_set_up_one_district() {
    let town = Town::empty(true).await;
    let one = setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
    let two = setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
    let (one, two) = tokio::join!(set_up(&town, &one, "aq"), set_up(&town, &two, "bq"));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    assert_eq!(town.count("select count(*) from residents.district").await, 1);
}

#[tokio::test]
async fn a_token_is_good_for_half_an_hour() {
    let town = Town::empty(true).await;
    let token = setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
    town.clock().advance(TimeDelta::minutes(30));
    assert_eq!(reason(&set_up(&town, &token, "xq").await.unwrap_err()), "SETUP_TOKEN_INVALID");
}

#[tokio::test]
async fn only_who_administers_a_whole_district_today_counts() {
    let town = Town::new().await;
    town.build_places().await;
    assert_eq!(setup_token(town.pool(), town.clock()).await.unwrap(), None);
    sqlx::query("update residents.post set until_date = from_date").execute(town.pool()).await.unwrap();
    assert_eq!(setup_token(town.pool(), town.clock()).await.unwrap(), None);
    town.clock().advance(TimeDelta::days(1));
    let token = setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
    set_up(&town, &token, "xq").await.unwrap();
    assert_eq!(setup_token(town.pool(), town.clock()).await.unwrap(), None);
    sqlx::query("update residents.post set place_id = (select place_id from residents.place where path = 'gn.xy')")
        .execute(town.pool())
        .await
        .unwrap();
    assert!(setup_token(town.pool(), town.clock()).await.unwrap().is_some());
}
