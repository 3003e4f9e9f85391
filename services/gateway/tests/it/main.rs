//! The gateway by itself, over HTTP: what it answers before any service is asked, or while none is there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod harness;
mod notices;
mod pages;
mod photos;
mod refusals;
