//! The gateway by itself, over HTTP: what it answers before any service is asked, or while none is there.
mod harness;
mod pages;
mod photos;
mod refusals;
