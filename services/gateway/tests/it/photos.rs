use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Method;
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::harness::Gateway;

/// One pixel, as a JPEG, with an EXIF segment that names a place.
fn photo() -> Vec<u8> {
    let hex = "ffd8ffe10014457869660000474547535345435245545f5f\
               ffdb004300030202020202030202020303030304060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f\
               101011100a0c12131210130f101010ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9";
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn a_photo_is_kept_without_exif_and_read_by_its_uploader_or_address_only() {
    let gateway = Gateway::start(&[]).await;
    let (person, district) = (Uuid::now_v7(), Uuid::now_v7());
    let token = gateway.token(person, district, Role::Courier);
    let answer = gateway.upload(&token, "file", &photo()).await;
    let kept = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &kept["content_type"], &kept["width"]),
        (200, &"image/jpeg".into(), &1.into()),
        "{kept}"
    );
    let (path, url) = (format!("/v1/media/{}", kept["media_id"].as_str().unwrap()), kept["url"].as_str().unwrap());
    let as_person = async |person, district| {
        let bearer = format!("Bearer {}", gateway.token(person, district, Role::Courier));
        gateway.send(Method::GET, &path, &[("authorization", &bearer)], Body::empty()).await
    };
    let mine = as_person(person, district).await;
    assert_eq!((mine.status.as_u16(), mine.headers["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    assert_eq!(mine.bytes.len(), kept["size_bytes"].as_u64().unwrap() as usize);
    assert!(!mine.bytes.windows(6).any(|window| window == b"SECRET"));
    assert_eq!(mine.headers["x-content-type-options"], "nosniff");
    let missing = (404, "MEDIA_NOT_FOUND".to_owned());
    assert_eq!(as_person(Uuid::now_v7(), district).await.problem(), missing);
    assert_eq!(as_person(person, Uuid::now_v7()).await.problem(), missing);
    assert_eq!(gateway.get(&path).await.problem(), missing);
    let shown = gateway.get(url).await;
    assert_eq!((shown.status.as_u16(), &shown.bytes), (200, &mine.bytes));
    let again = gateway
        .send(Method::GET, url, &[("if-none-match", shown.headers["etag"].to_str().unwrap())], Body::empty())
        .await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    assert_eq!(gateway.get(&url.replace("signature=", "signature=A")).await.problem(), missing);
    let other = url.replace(kept["media_id"].as_str().unwrap(), &Uuid::now_v7().to_string());
    assert_eq!(gateway.get(&other).await.problem(), missing);
    assert_eq!(gateway.get("/v1/media/no-uuid").await.problem(), missing);
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_not_kept() {
    let gateway = Gateway::start(&[]).await;
    let token = gateway.token(Uuid::now_v7(), Uuid::now_v7(), Role::Courier);
    for bytes in [&b"hello"[..], b"\xff\xd8\xff\xe0 not really", b"", &photo()[..60]] {
        let answer = gateway.upload(&token, "file", bytes).await;
        assert_eq!(answer.problem(), (400, "MEDIA_INVALID".to_owned()));
        assert_eq!(answer.json()["fields"][0]["field"], "file");
    }
    assert_eq!(gateway.upload(&token, "photo", &photo()).await.problem(), (400, "MEDIA_INVALID".to_owned()));
    assert_eq!(gateway.upload("", "file", &photo()).await.status, 401);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = gateway.send(Method::POST, "/v1/media", &headers, "{}").await;
    assert_eq!(answer.problem(), (415, "CONTENT_TYPE_UNSUPPORTED".to_owned()));
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=edge")];
    let answer = gateway.send(Method::POST, "/v1/media", &headers, "no multipart").await;
    assert_eq!(answer.problem(), (400, "BODY_INVALID".to_owned()));
    assert_eq!(gateway.photos(), 0);
}

#[tokio::test]
async fn a_photo_beyond_10_mib_is_refused_whether_it_announces_itself_or_not() {
    let gateway = Gateway::start(&[]).await;
    let token = gateway.token(Uuid::now_v7(), Uuid::now_v7(), Role::Courier);
    let answer = gateway.upload(&token, "file", &vec![0; 20 << 20]).await;
    assert_eq!(answer.problem(), (413, "BODY_TOO_LARGE".to_owned()));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=edge")];
    let head = Bytes::from_static(b"--edge\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n");
    let chunks = stream::iter((0..200).map(|_| Bytes::from(vec![0xff; 64 << 10])));
    let body = Body::from_stream(stream::iter([head]).chain(chunks).map(Ok::<_, std::io::Error>));
    let answer = gateway.send(Method::POST, "/v1/media", &headers, body).await;
    assert_eq!(answer.problem(), (413, "BODY_TOO_LARGE".to_owned()));
    let mut just = photo();
    just.resize((10 << 20) + 1, 0);
    assert_eq!(gateway.upload(&token, "file", &just).await.problem(), (413, "BODY_TOO_LARGE".to_owned()));
    just.truncate(10 << 20);
    assert_eq!(gateway.upload(&token, "file", &just).await.status, 200, "what stands behind the picture is cut off");
    assert_eq!(gateway.photos(), 1);
}
