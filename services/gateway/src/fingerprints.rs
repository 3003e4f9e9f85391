//! What uploaded photos look like, told to the tickets service after the upload has been answered: a hint, so it may be lost.
use std::sync::Arc;

use bytes::Bytes;
use chassis::client::Peer;
use proto::tickets::v1::{KeepPhotoRequest, precedent_service_client::PrecedentServiceClient};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::photos;

/// Photos that may wait to be looked at; more are let go by.
const WAITING: usize = 64;

/// Looks at one photo at a time, so that uploads do not take the processor from everybody else.
pub struct Fingerprints {
    waiting: Arc<Semaphore>,
    one: Arc<Semaphore>,
}

impl Default for Fingerprints {
    fn default() -> Self {
        Self { waiting: Arc::new(Semaphore::new(WAITING)), one: Arc::new(Semaphore::new(1)) }
    }
}

impl Fingerprints {
    /// Looks at a photo in the background and tells.
    pub fn take(&self, tickets: Peer, district: Uuid, media_id: Uuid, photo: Bytes) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else { return };
        let one = self.one.clone();
        tokio::spawn(async move {
            let _place = place;
            let Ok(_turn) = one.acquire().await else { return };
            let Ok(print) = tokio::task::spawn_blocking(move || photos::fingerprint(&photo)).await else { return };
            let request = KeepPhotoRequest {
                district_id: district.to_string(),
                media_id: media_id.to_string(),
                sha256: print.sha256,
                look: print.look,
            };
            if let Err(status) = PrecedentServiceClient::new(tickets).keep_photo(request).await {
                tracing::debug!(code = ?status.code(), "fingerprint not kept");
            }
        });
    }
}
