//! The residents service on a real PostgreSQL and Redis, with a stopped clock, called through its generated traits.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong here is a failed test")]
mod appoint;
mod harness;
mod import;
mod locate;
mod place_tree;
mod refresh;
mod request_code;
mod sandbox_people;
mod set_up;
mod sign_in;
mod sign_out;
