//! Photos: uploaded by multipart, stripped, attached, shown through a signed address.
use hemei_tests::{Instance, people, tickets, tickets::Cast};
use serde_json::json;
use uuid::Uuid;

/// A one-pixel JPEG, with an EXIF segment that names a place.
pub fn photo() -> Vec<u8> {
    let pixel = "ffdb004300030202020202030202020303030304060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f\
                 101011100a0c12131210130f101010ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9";
    let pixel: String = pixel.split_whitespace().collect();
    let bytes: Vec<u8> =
        (0..pixel.len()).step_by(2).map(|at| u8::from_str_radix(&pixel[at..at + 2], 16).unwrap()).collect();
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0GPS-SECRET-PLACE";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xe1][..], &length, exif, &bytes].concat()
}

async fn cast() -> Cast {
    let client = Instance::shared().client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    Cast::find(&client, &district).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_is_stripped_and_shown_only_to_those_who_may_read_the_ticket() {
    let cast = cast().await;
    let anyone = Instance::shared().client();
    let media = cast.as_courier.upload(&photo()).await.unwrap().success().unwrap();
    let media_id = media["media_id"].as_str().unwrap().to_owned();
    let mine = cast.as_courier.get(&format!("/v1/media/{media_id}")).await.unwrap();
    assert!(mine.status.is_success(), "the uploader reads it: {}", mine.json());
    assert_eq!(mine.headers["content-type"], "image/jpeg");
    assert!(!mine.bytes.windows(10).any(|window| window == b"GPS-SECRET"), "the place is gone");
    assert_eq!(anyone.get(&format!("/v1/media/{media_id}")).await.unwrap().status.as_u16(), 404);
    let stranger = cast.as_handler.get(&format!("/v1/media/{media_id}")).await.unwrap();
    assert_eq!(stranger.status.as_u16(), 404, "not another person's token");

    let id = Uuid::now_v7();
    let mut report = tickets::report(id, &cast.courier);
    report["media_ids"] = json!([media_id]);
    let stolen = cast.as_handler.post("/v1/tickets", &report).await.unwrap();
    assert_eq!((stolen.status.as_u16(), stolen.code().as_str()), (400, "MEDIA_NOT_YOURS"));
    cast.as_courier.post("/v1/tickets", &report).await.unwrap().success().unwrap();
    let seen = cast.as_liaison.get(&format!("/v1/tickets/{id}")).await.unwrap().success().unwrap();
    let url = seen["media"][0]["url"].as_str().unwrap();
    let shown = anyone.get(url).await.unwrap();
    assert!(shown.status.is_success(), "an image element needs no token");
    let forged = anyone.get(&url.replace("signature=", "signature=A")).await.unwrap();
    assert_eq!(forged.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_photo_or_too_large_is_refused() {
    let cast = cast().await;
    for not_a_photo in
        [&b"hello"[..], &b"\xff\xd8\xff\xe0 not really"[..], &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], &[]]
    {
        let answer = cast.as_courier.upload(not_a_photo).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "MEDIA_INVALID"), "{}", answer.json());
        assert_eq!(answer.json()["fields"][0]["field"], "file");
    }
    let mut large = photo();
    large.resize(20 << 20, 0);
    if let Ok(answer) = cast.as_courier.upload(&large).await {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "BODY_TOO_LARGE"), "{}", answer.json());
    }
    let anyone = Instance::shared().client();
    assert_eq!(anyone.upload(&photo()).await.unwrap().status.as_u16(), 401);
}
