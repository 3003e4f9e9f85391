//! What every service needs, and no domain word.
//!
//! ```text
//! request ─▶ server (log, limit) ─▶ access (token, option) ─▶ the service's RPC ─▶ batch ─▶ one statement + outbox row
//!                                                   other services ◀─ feed ◀───────────────────────────────┘
//! ```
pub mod access;
pub mod batch;
pub mod cache;
pub mod chain;
pub mod client;
pub mod clock;
pub mod config;
pub mod consumer;
pub mod db;
pub mod faults;
pub mod feed;
pub mod geo;
pub mod keys;
pub mod limits;
pub mod media;
pub mod ops;
pub mod outbox;
pub mod paging;
pub mod sandbox;
pub mod server;
pub mod telemetry;
pub mod text;
pub mod token;
pub mod vault;
pub mod verifier;
