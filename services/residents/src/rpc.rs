//! The gRPC services, one file each; every method is one call of an operation.
mod department;
mod person;
mod place;
mod sandbox;
mod session;
mod session_key;
mod setup;

use std::sync::Arc;

use crate::Residents;

/// Answers all of the role's gRPC services.
#[derive(Clone)]
pub struct Rpc(pub Arc<Residents>);
