//! Photos over HTTP: uploaded by signed-in people, read by signed address or by their uploader.
use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    response::Response,
};
use chassis::faults::Fault;
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    request::Parts,
};
use http_body_util::{LengthLimitError, Limited};
use proto::api::v1::{Access, access::Rows};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::App,
    body,
    entry::Asked,
    photos::{self, Photo},
    problem::Problem,
    rpc::matches_any,
    text::query_pairs,
};

/// The largest photo.
const PHOTO_LIMIT: usize = 10 << 20;
/// What multipart adds around it.
const AROUND: usize = 64 << 10;
/// How long an upload may take on a slow line.
const UPLOAD_TIME: std::time::Duration = std::time::Duration::from_secs(120);

fn too_large() -> Problem {
    Problem { fields: vec![("file".to_owned(), "at most 10 MiB".to_owned())], ..Problem::too_large("10 MiB") }
}

fn no_photo(wrong: &str) -> Problem {
    Problem::fields("MEDIA_INVALID", vec![("file".to_owned(), wrong.to_owned())])
}

/// `POST /v1/media`: keeps the photo in the field "file".
pub async fn upload(app: &App, asked: Asked<'_>) -> Result<Response, Problem> {
    let signed_in = Access { signed_in: Rows::Own.into(), ..Access::default() };
    let caller = app.admit(&signed_in, &asked.parts.headers).await?.ok_or_else(|| Problem::internal(&"no caller"))?;
    let headers = &asked.parts.headers;
    if body::announced(headers).is_some_and(|length| length > PHOTO_LIMIT + AROUND) {
        body::discard(asked.body, headers).await;
        return Err(too_large());
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        body::discard(asked.body, headers).await;
        return Err(Problem::content_type("multipart/form-data"));
    }
    let _leave = app.uploads.begin(caller.person_id).ok_or_else(Problem::overloaded)?;
    let limited = Body::new(Limited::new(asked.body, PHOTO_LIMIT + AROUND));
    let request = Request::from_parts(asked.parts, limited);
    let bytes = tokio::time::timeout(UPLOAD_TIME, file(request)).await.map_err(|_| slow())??;
    let cleaned = tokio::task::spawn_blocking(move || photos::clean(bytes.into())).await;
    let photo = cleaned.map_err(|error| Problem::internal(&error))?;
    let photo = photo.ok_or_else(|| no_photo("not a whole JPEG, PNG or WebP image"))?;
    let now = app.clock.now();
    let id = app.album.ids.mint(caller.district_id, caller.person_id, now);
    app.album.put(id, &photo).await?;
    app.fingerprints.take(app.tickets.clone(), caller.district_id, id, photo.bytes.clone());
    Ok(uploaded(id, &photo, &app.album.ids.address(id, now)))
}

fn slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMED_OUT", "the photo did not come in time")
}

fn uploaded(id: Uuid, photo: &Photo, url: &str) -> Response {
    let answer = json!({
        "media_id": id,
        "content_type": photo.content_type,
        "size_bytes": photo.bytes.len(),
        "width": photo.width,
        "height": photo.height,
        "url": url,
    });
    let mut response = Response::new(Body::from(answer.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The bytes of the field "file"; other fields are skipped.
async fn file(request: Request) -> Result<Vec<u8>, Problem> {
    let rejected = |error: &dyn std::fmt::Display| {
        Problem::fields("BODY_INVALID", vec![("body".to_owned(), format!("not multipart: {error}"))])
    };
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|error| rejected(&error))?;
    let broken = |error: MultipartError| if is_limit(&error) { too_large() } else { rejected(&error) };
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > PHOTO_LIMIT {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        return Ok(bytes);
    }
    Err(no_photo("the multipart field \"file\" is missing"))
}

fn is_limit(error: &MultipartError) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    error.status() == StatusCode::PAYLOAD_TOO_LARGE
}

/// `GET /v1/media/{media_id}`: the photo, for a signed address or its uploader; else it does not exist.
pub async fn photo(app: &App, asked: Asked<'_>) -> Result<Response, Problem> {
    let missing = || Problem::from(Fault::not_found("MEDIA_NOT_FOUND", "no such photo, or the address has expired"));
    let id = asked.values.first().and_then(|(_, id)| id.parse::<Uuid>().ok()).ok_or_else(missing)?;
    if !may_read(app, id, &asked.parts).await? {
        return Err(missing());
    }
    let etag = HeaderValue::try_from(format!("\"{id}\"")).map_err(|error| Problem::internal(&error))?;
    let known = asked.parts.headers.get(IF_NONE_MATCH).is_some_and(|known| matches_any(known, &etag));
    let mut response = if known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let bytes = app.album.get(id).await?.ok_or_else(missing)?;
        let kind = photos::content_type(&bytes).ok_or_else(missing)?;
        let mut response = Response::new(Body::from(bytes));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, etag);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600, immutable"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

async fn may_read(app: &App, id: Uuid, parts: &Parts) -> Result<bool, Problem> {
    let pairs = query_pairs(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let given = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let until = given("until").and_then(|until| until.parse().ok());
    if let Some((until, signature)) = until.zip(given("signature"))
        && app.album.ids.check(id, until, signature, app.clock.now())
    {
        return Ok(true);
    }
    if !parts.headers.contains_key(http::header::AUTHORIZATION) {
        return Ok(false);
    }
    let signed_in = Access { signed_in: Rows::Own.into(), ..Access::default() };
    let caller = app.admit(&signed_in, &parts.headers).await?;
    Ok(caller.is_some_and(|caller| app.album.ids.minted_for(id, caller.district_id, caller.person_id)))
}
