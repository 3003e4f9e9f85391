use chrono::TimeDelta;
use proto::residents::v1::{RequestCodeRequest, session_service_server::SessionService};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::harness::{Town, address, field, phone, reason};

async fn ask(town: &Town, phone: &str, address: &str) -> Result<(i32, i32), Status> {
    let mut request = Request::new(RequestCodeRequest { phone: phone.into() });
    request.metadata_mut().insert("x-client-address", address.parse().unwrap());
    let answer = town.rpc.request_code(request).await?.into_inner();
    Ok((answer.resend_after_s, answer.valid_for_s))
}

#[tokio::test]
async fn known_and_unknown_phones_get_the_same_answer() {
    let town = Town::new().await;
    let (known, unknown) =
        (ask(&town, &town.admin_phone, "::1").await.unwrap(), ask(&town, &phone(), "::1").await.unwrap());
    assert_eq!((known, known.1), (unknown, 300));
}

#[tokio::test]
async fn what_is_no_phone_is_refused_by_field() {
    let town = Town::new().await;
    for wrong in ["", "12345", "29900000000", "1990000000x"] {
        let refused = ask(&town, wrong, "::1").await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("PHONE_INVALID", "phone"));
    }
}

#[tokio::test]
async fn an_address_gets_sixty_codes_an_hour() {
    let town = Town::new().await;
    let address = address();
    for _ in 0..60 {
        ask(&town, &phone(), &address).await.unwrap();
    }
    town.clock().advance(TimeDelta::minutes(59));
    let refused = ask(&town, &phone(), &address).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "CODE_TOO_OFTEN"));
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.metadata["seconds"], "60");
    assert_eq!(refused.get_details_retry_info().unwrap().retry_delay.unwrap().as_secs(), 60);
    town.clock().advance(TimeDelta::minutes(1));
    ask(&town, &phone(), &address).await.unwrap();
}

#[tokio::test]
async fn a_demo_on_one_machine_is_not_held_up() {
    let town = Town::new().await;
    for _ in 0..70 {
        ask(&town, &phone(), "127.0.0.1").await.unwrap();
    }
    let phone = phone();
    for _ in 0..30 {
        ask(&town, &phone, "127.0.0.1").await.unwrap();
    }
    assert_eq!(reason(&ask(&town, &phone, "127.0.0.1").await.unwrap_err()), "CODE_TOO_OFTEN");
}

#[tokio::test]
async fn without_a_channel_no_code_is_promised() {
    let town = Town::with_sandbox(false).await;
    assert_eq!(ask(&town, &phone(), &address()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_phone_gets_one_code_a_minute_five_an_hour_and_ten_a_day() {
    let town = Town::with_sandbox(false).await;
    let phone = phone();
    let mut permitted = Vec::new();
    for minute in 0..26 * 60 {
        if ask(&town, &phone, &address()).await.unwrap_err().code() == Code::Unavailable {
            permitted.push(minute);
        }
        assert_eq!(reason(&ask(&town, &phone, &address()).await.unwrap_err()), "CODE_TOO_OFTEN");
        town.clock().advance(TimeDelta::minutes(1));
    }
    assert_eq!(
        permitted,
        [0, 1, 2, 3, 4, 60, 61, 62, 63, 64, 1440, 1441, 1442, 1443, 1444, 1500, 1501, 1502, 1503, 1504]
    );
}
