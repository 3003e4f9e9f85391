//! The running suite, driven through HTTP: one instance for all tests of this binary.
#[path = "suite/access_matrix.rs"]
mod access_matrix;
#[path = "suite/bad_input.rs"]
mod bad_input;
#[path = "suite/council.rs"]
mod council;
#[path = "suite/direct.rs"]
mod direct;
#[path = "suite/etag.rs"]
mod etag;
#[path = "suite/journeys.rs"]
mod journeys;
#[path = "suite/photos.rs"]
mod photos;
#[path = "suite/races.rs"]
mod races;
#[path = "suite/readme.rs"]
mod readme;
#[path = "suite/sessions.rs"]
mod sessions;
#[path = "suite/tools.rs"]
mod tools;
#[path = "suite/wechat.rs"]
mod wechat;
