use proto::residents::v1::{RefreshRequest, Session, SignOutRequest, session_service_server::SessionService};
use tonic::Request;

use crate::harness::{Town, phone, reason};

async fn sign_out(town: &Town, session: &Session, everywhere: bool) -> i32 {
    let request = town.request(session, SignOutRequest { everywhere });
    town.rpc.sign_out(request).await.unwrap().into_inner().ended
}

async fn is_over(town: &Town, session: &Session) -> bool {
    let refresh_token = session.refresh_token.clone();
    match town.rpc.refresh(Request::new(RefreshRequest { refresh_token })).await {
        Ok(_) => false,
        Err(refused) => reason(&refused) == "REFRESH_TOKEN_INVALID",
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_and_repeating_it_succeeds() {
    let town = Town::new().await;
    let phone = phone();
    let (here, elsewhere) = (town.sign_in(&phone).await, town.sign_in(&phone).await);
    assert_eq!(sign_out(&town, &here, false).await, 1);
    assert_eq!(sign_out(&town, &here, false).await, 0);
    assert!(is_over(&town, &here).await && !is_over(&town, &elsewhere).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_this_person_only() {
    let town = Town::new().await;
    let phone = phone();
    let (one, two, other) =
        (town.sign_in(&phone).await, town.sign_in(&phone).await, town.sign_in(&town.admin_phone).await);
    assert_eq!(sign_out(&town, &one, true).await, 2);
    assert!(is_over(&town, &one).await && is_over(&town, &two).await && !is_over(&town, &other).await);
}
