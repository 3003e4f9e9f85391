use chassis::faults::Fault;
use http_body_util::BodyExt;
use serde_json::Value;

use super::*;

async fn document(problem: Problem, language: Option<&str>) -> (http::response::Parts, Value) {
    let language = language.map(|language| HeaderValue::from_str(language).unwrap());
    let (parts, body) = problem.into_response(language.as_ref()).into_parts();
    (parts, serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap())
}

fn over_the_wire(fault: Fault) -> Problem {
    Problem::from(Status::from(fault))
}

#[tokio::test]
async fn a_refusal_keeps_its_reason_facts_and_fields_on_the_way_out() {
    let fault = Fault::conflict("ALREADY_CLAIMED", "taken").fact("claimed_by", "王芳").fact("claimed_at", "09:31");
    let (parts, body) = document(over_the_wire(fault), None).await;
    assert_eq!(
        (parts.status, &body["status"], &body["code"]),
        (StatusCode::CONFLICT, &json!(409), &json!("ALREADY_CLAIMED"))
    );
    assert_eq!(parts.headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(body["message"], "王芳 已于 09:31 认领了这个工单。");
    assert_eq!(
        (&body["facts"]["claimed_by"], &body["detail"], &body["retryable"]),
        (&json!("王芳"), &json!("taken"), &json!(false))
    );
    let (_, body) = document(over_the_wire(Fault::field("phone", "must be 11 digits")), None).await;
    assert_eq!(body["fields"], json!([{"field": "phone", "description": "must be 11 digits"}]));
}

#[tokio::test]
async fn the_first_language_that_we_have_is_spoken() {
    let speak = async |language| {
        document(over_the_wire(Fault::not_found("TICKET_NOT_FOUND", "")), language).await.1["message"].clone()
    };
    assert_eq!(speak(Some("fr, en-GB;q=0.8, zh;q=0.5")).await, "There is no such ticket.");
    assert_eq!(speak(Some("zh-CN,en;q=0.9")).await, "没有这个工单。");
    assert_eq!(speak(Some("fr")).await, "没有这个工单。");
    assert_eq!(speak(None).await, "没有这个工单。");
}

#[tokio::test]
async fn nothing_of_an_internal_error_leaves() {
    for problem in
        [over_the_wire(Fault::internal("password=hunter2")), Problem::from(Fault::internal("password=hunter2"))]
    {
        let (parts, body) = document(problem, None).await;
        assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!((&body["code"], &body["detail"]), (&json!("INTERNAL"), &json!("internal error")));
        assert!(!body.to_string().contains("hunter2"));
    }
    let (_, body) = document(Problem::from(Status::out_of_range("secret")), None).await;
    assert!(!body.to_string().contains("secret"));
}

#[tokio::test]
async fn a_service_that_is_away_is_a_retryable_503() {
    for status in
        [Status::unavailable("tcp connect error"), Status::unknown("h2 protocol error"), Status::cancelled("reset")]
    {
        let (parts, body) = document(Problem::from(status), None).await;
        assert_eq!(
            (parts.status.as_u16(), &body["code"], &body["retryable"]),
            (503, &json!("UNAVAILABLE"), &json!(true))
        );
        assert_eq!(parts.headers[RETRY_AFTER], "1");
    }
    for status in [Status::deadline_exceeded(""), Status::cancelled("Timeout expired")] {
        let (parts, body) = document(Problem::from(status), None).await;
        assert_eq!((parts.status.as_u16(), &body["code"]), (504, &json!("TIMED_OUT")));
    }
}

#[tokio::test]
async fn waiting_times_are_rounded_up_to_seconds() {
    let fault = Fault::new(Code::ResourceExhausted, "CODE_TOO_OFTEN", "wait").retry_after(Duration::from_millis(1200));
    let (parts, body) = document(over_the_wire(fault), None).await;
    assert_eq!((parts.status.as_u16(), &body["retryable"]), (429, &json!(true)));
    assert_eq!(parts.headers[RETRY_AFTER], "2");
}

#[test]
fn the_table_of_codes_is_the_designed_one() {
    let table = [
        (Code::InvalidArgument, 400),
        (Code::Unauthenticated, 401),
        (Code::PermissionDenied, 403),
        (Code::NotFound, 404),
        (Code::AlreadyExists, 409),
        (Code::FailedPrecondition, 409),
        (Code::ResourceExhausted, 429),
        (Code::Unavailable, 503),
        (Code::Internal, 500),
        (Code::DeadlineExceeded, 504),
        (Code::Cancelled, 499),
        (Code::Unimplemented, 501),
    ];
    for (code, status) in table {
        assert_eq!(http_status(code).as_u16(), status, "{code:?}");
    }
}

#[test]
fn every_reason_of_every_rpc_has_texts_in_both_languages() {
    let reasons = proto::reasons::all();
    for method in proto::methods().values() {
        for reason in method.access.iter().flat_map(|access| &access.reasons) {
            assert!(reasons.contains_key(reason), "{}: {reason}", method.path);
        }
    }
    let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    for (code, text) in reasons {
        assert!(chinese(&text.zh) && !text.en.is_empty() && !chinese(&text.en), "{code}");
        assert!((400..600).contains(&text.status), "{code}");
    }
}
