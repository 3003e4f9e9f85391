//! Golden vectors: the expected values were made with the openssl command line (signatures) and with Python's cryptography (AES-GCM),
//! from the keys of the sandbox.
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use peer::wechat::keys;

use super::*;
use crate::transfer::{Candidate, TransferState};

const NO: &str = "0123456789abcdef0123456789abcdef";
const NONCE: &str = "593bec0c930bf1afeb40b4a08c8fb242";
const BODY: &str =
    r#"{"appid":"wxsandbox000000001","out_bill_no":"0123456789abcdef0123456789abcdef","transfer_amount":66600}"#;
const CREATE: &str = "lroYC2I80jONNPAYEiLD0Kn8dEOvaNr1uPuYmlQNT//dOmtQ/K8wfJx8zFEppEkhKU+AeL+7NOzbU3cIzuxviQRsYVkHaZ3aeo/h\
    b+54LclyG0rNcrKswdT5YDig1Dv0g4LyC9ohzKjWN0QDSPRs8Z45Ws1i8JZWP8BR0Xzh9DgPbJvT6f2zfLmWVdAySGxsJlPRIyEe\
    z8URqS6FbJyMm/DMwkenq4WPCtMO9CG+sB/a1Sac+SptuShCQgrxIR5dYVIwovEh9vKKUaZCd6BSFa5Sq72+zh3gmRYyiOkCSE5v\
    VGcj+YaGzAnyqsuliXnNg1Cr6sYnKzOgZMJXT4AvUg==";
const QUERY: &str = "21jdSXkcV/e6o/l/r4mw45czhijaMmdrdoJiF9+sYcIZO/VqQcM6cIosQL2W5+4EqfmSQasHNJr3SEFgga0a9AlO6I99jg7xWSnU\
    oT36te+o1k1rvrSoGTIFAgU8Z9zmbAf0jQlqwrN0L+WzHVCrPKn2WL0rq/F5UJzn09I1gT/tvyhz6UFtrK2ENIyDxGaf2djRKo8m\
    LYJeSPn6LP+NltFbvNrqjv9JM+ugPqXFkumhNX9XZTr+WytuqCTyjGJLMqtJ7587ejq5iDwoqwLfQNaVhdrpprZNmR6ciyGTQn+X\
    qnogbNY6JN/h0t4J7ClPi6XyeQkgCfi6dPBW8ISMYQ==";
const SEALED: &str = "2xCAZ1mp9sSYovmFklG8QWdbC+qMc4FPd/n8pQiDx4tyTJC7aYVadgvqSmaTykozxW2fhtmT6Tnel3Cal8myqi41JQ/u1xZdu6R4\
    VfXtPVsijYxY0KV2adwwFs9zbwbvKnJUvci83sCfUKZ2MB/JwUxqzmRpQzF2N0H67NfaK48WJ/pMZf25bI9tfBzm+Myl/zqMUZQk\
    M5BRWEBpTAoG2t5M4Gk/T8sFqh6Uucisj/RUQO3TP2UWW8H6PrZRt0FOUfbqBOaStBMrAUg1/Bbp4B+Q9gupNkoYxPRwuAonvP71\
    Nr1ny9Z832MNy3UQzZc0WPqQoGX/xhdy8aJfSLRttSTZquzvTJrDU0pAyGlvghi7+NikfaBsvHcXk+hNHJOCG7jMKU8AEjCQ+wOI\
    GSUbKhdlmA7BnhmT4Rz1qPq6uD0=";
const SIGNED: &str = "cbbORnxq9C6X9BpGajdlccSGkABXlqYkHVFfGKKNEThTs+JUSmq4CAaxIAiX10g6kFbaKB3TeVVX0LAwDI2vpWGrHwCX0BZyfFf1\
    0BDWfk0QMYU6IdxrGZXS8c0LSioinfF4OQNNlWEilZlfJyu98vKraFGieb7nAOgPhHhHzRrlZ0C0KdNCvv0sQU24sm+oLDuaciix\
    /QTtdwNJV6bpWDIgZEUS93g96oi2cf/zs8+QnFdc2tI+/KP7JxDiyKot6QjAdjLheqHbTPO207xIg9ELoUxDqrRNBH+F60gtVLqt\
    JyceUCA/TGHzU7/7iwf42sspds4vZMYe+44Uft0qhw==";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_464_000, 0).unwrap()
}

fn settings() -> WeChatSettings {
    let text = str::to_owned;
    WeChatSettings {
        wechat_pay_address: text("http://127.0.0.1:9"),
        wechat_address: text("http://127.0.0.1:9"),
        wechat_mch_id: text(keys::MCH_ID),
        wechat_app_id: text(keys::APP_ID),
        wechat_transfer_scene_id: text("1000"),
        wechat_notify_url: String::new(),
        wechat_perception: text("现金奖励"),
        wechat_activity: text("月度之星"),
        wechat_award_note: text("社区治理月度奖励"),
    }
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("hemei-wechat-{}", uuid::Uuid::now_v7()))
}

fn secrets() -> Secrets {
    let folder = folder();
    keys::lay(&folder).unwrap();
    let secrets = Secrets::load(&folder).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    secrets
}

fn wechat(now: DateTime<Utc>) -> WeChat {
    WeChat::new(settings(), secrets(), Clock::stopped(now), PATIENCE).unwrap()
}

/// The notice as it came, with the signature over exactly these bytes.
fn notice() -> (Headers, String) {
    let body = format!(
        r#"{{"id":"EV-2026112320000000","create_time":"2026-11-23T20:00:00+08:00","resource_type":"encrypt-resource","event_type":"MCHTRANSFER.BILL.FINISHED","summary":"商家转账","resource":{{"original_type":"mch_payment","algorithm":"AEAD_AES_256_GCM","ciphertext":"{SEALED}","associated_data":"mch_payment","nonce":"fdasflkja484"}}}}"#
    );
    let headers = Headers {
        timestamp: "1795464000".to_owned(),
        nonce: "abcdef".to_owned(),
        signature: SIGNED.to_owned(),
        serial: keys::WECHAT_SERIAL.to_owned(),
        signature_type: String::new(),
    };
    (headers, body)
}

#[test]
fn a_request_is_signed_as_openssl_signs_it() {
    let secrets = secrets();
    let path = "/v3/fund-app/mch-transfer/transfer-bills";
    let about = format!("{path}/out-bill-no/{NO}");
    for (request, signature) in [
        (signature::Request { method: "POST", path, body: BODY }, CREATE),
        (signature::Request { method: "GET", path: &about, body: "" }, QUERY),
    ] {
        let made = signature::authorization(&secrets, keys::MCH_ID, &request, (now(), NONCE)).unwrap();
        let expected = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"{NONCE}\",timestamp=\"1795464000\",\
             serial_no=\"{}\",signature=\"{signature}\"",
            keys::MERCHANT_SERIAL
        );
        assert_eq!(made, expected);
    }
}

#[test]
fn a_notice_made_elsewhere_is_verified_and_opened() {
    let (headers, body) = notice();
    let told = wechat(now()).hear(&headers, body.as_bytes()).unwrap();
    let expected =
        Told { mch_id: keys::MCH_ID.into(), out_bill_no: NO.into(), state: TransferState::Success, amount_fen: 66_600 };
    assert_eq!(told, expected);
    let almost = TimeDelta::seconds(299);
    for now in [now() + almost, now() - almost] {
        wechat(now).hear(&headers, body.as_bytes()).unwrap();
    }
}

#[test]
fn what_is_forged_stale_unknown_or_a_probe_is_refused() {
    let (headers, body) = notice();
    let wechat_now = wechat(now());
    type Spoil = fn(&mut Headers);
    let cases: [(Unsigned, Spoil); 9] = [
        (Unsigned::Probe, |h| h.signature = format!("WECHATPAY/SIGNTEST/{}", h.signature)),
        (Unsigned::Stale, |h| h.timestamp = "1795463699".into()),
        (Unsigned::Stale, |h| h.timestamp = "1795464300".into()),
        (Unsigned::Stale, |h| h.timestamp.clear()),
        (Unsigned::UnknownSerial, |h| h.serial = "PUB_KEY_ID_1".into()),
        (Unsigned::Wrong, |h| h.nonce = "abcdeg".into()),
        (Unsigned::Wrong, |h| h.timestamp = "1795464001".into()),
        (Unsigned::Wrong, |h| h.signature = CREATE.into()),
        (Unsigned::Wrong, |h| h.signature_type = "WECHATPAY2-SM2-WITH-SM3".into()),
    ];
    for (expected, spoil) in cases {
        let mut headers = headers.clone();
        spoil(&mut headers);
        assert_eq!(wechat_now.hear(&headers, body.as_bytes()), Err(NoticeError::Unsigned(expected)), "{headers:?}");
    }
    let other = body.replacen(' ', "", 1).replace("EV-2026112320000000", "EV-2026112320000001");
    assert_eq!(wechat_now.hear(&headers, other.as_bytes()), Err(NoticeError::Unsigned(Unsigned::Wrong)));
    for later in [TimeDelta::seconds(300), TimeDelta::days(3)] {
        assert_eq!(
            wechat(now() + later).hear(&headers, body.as_bytes()),
            Err(NoticeError::Unsigned(Unsigned::Stale)),
            "a replay"
        );
    }
}

#[test]
fn an_envelope_opens_only_as_it_was_sealed() {
    let key: [u8; 32] = keys::API_V3_KEY.as_bytes().try_into().unwrap();
    let resource = || envelope::Resource {
        algorithm: envelope::ALGORITHM.to_owned(),
        ciphertext: SEALED.to_owned(),
        associated_data: "mch_payment".to_owned(),
        nonce: "fdasflkja484".to_owned(),
    };
    assert!(envelope::open(&key, &resource()).is_some());
    type Spoil = fn(&mut envelope::Resource);
    let spoils: [Spoil; 5] = [
        |r| r.associated_data = "transaction".into(),
        |r| r.nonce = "fdasflkja485".into(),
        |r| r.nonce = "short".into(),
        |r| r.ciphertext = r.ciphertext.replacen('2', "3", 1),
        |r| r.algorithm = "AEAD_SM4_GCM".into(),
    ];
    for spoil in spoils {
        let mut resource = resource();
        spoil(&mut resource);
        assert!(envelope::open(&key, &resource).is_none());
    }
    assert!(envelope::open(&[0; 32], &resource()).is_none());
}

#[test]
fn no_secret_is_shown_and_wrong_files_are_named_without_what_they_hold() {
    let shown = format!("{:?} {:?}", secrets(), wechat(now()));
    for secret in [keys::API_V3_KEY, keys::APP_SECRET, "PRIVATE"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains(keys::MERCHANT_SERIAL) && shown.contains(keys::WECHAT_SERIAL), "{shown}");
    for (name, text) in [
        ("merchant.pem", "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"),
        ("merchant.serial", "secret serial"),
        ("api_v3.key", "secret"),
        ("app.secret", "secret & query"),
        ("public/PUB_KEY_ID_2.pem", "secret"),
    ] {
        let folder = folder();
        keys::lay(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
        let error = Secrets::load(&folder).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("secret s") && !error.contains("query"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_request_keeps_the_limits_of_the_interface() {
    let payout = Candidate {
        district_id: uuid::Uuid::nil(),
        payout_id: uuid::Uuid::nil(),
        ordered_at: now(),
        round: 1,
        month: "2026-11".to_owned(),
        rank: 1,
        net_fen: 66_600,
        openid_sealed: Vec::new(),
        out_bill_no: NO.to_owned(),
    };
    let request: serde_json::Value = serde_json::from_str(&wechat(now()).request(&payout, "o-1")).unwrap();
    assert_eq!((&request["out_bill_no"], &request["openid"]), (&NO.into(), &"o-1".into()));
    assert_eq!((&request["transfer_amount"], &request["transfer_scene_id"]), (&66_600.into(), &"1000".into()));
    assert_eq!(request["transfer_remark"], "2026-11 月度之星第1名奖励");
    assert!(request.get("notify_url").is_none(), "an empty address is not sent");
    let too_long = WeChatSettings { wechat_activity: "星".repeat(33), ..settings() };
    let error = WeChat::new(too_long, secrets(), Clock::stopped(now()), PATIENCE).unwrap_err();
    assert!(error.cause.unwrap().to_string().contains("wechat_activity"));
}
