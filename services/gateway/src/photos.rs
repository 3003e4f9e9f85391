//! Photos: what is one by its bytes, without what it tells of the person who took it, and where it is kept.
use std::sync::Arc;

use axum::body::Bytes;
use chassis::{
    faults::Fault,
    media::{MediaIds, object_key},
};
use object_store::{
    Error, ObjectStore, ObjectStoreExt, ObjectStoreScheme, PutPayload, local::LocalFileSystem, path::Path,
};
use uuid::Uuid;

mod decode;
mod jpeg;
mod look;
mod orientation;
mod png;
mod webp;

pub use look::fingerprint;

/// A photo that can be kept: its structure is whole, and nothing but the picture is in it.
#[derive(Debug)]
pub struct Photo {
    pub bytes: Bytes,
    pub content_type: &'static str,
    pub width: u32,
    pub height: u32,
}

/// Reads a photo and drops what is not the picture; `None` where it is none.
pub fn clean(bytes: Bytes) -> Option<Photo> {
    match content_type(&bytes)? {
        kind @ "image/jpeg" => jpeg::clean(bytes, kind),
        kind @ "image/png" => png::clean(bytes, kind),
        kind => webp::clean(bytes, kind),
    }
}

/// What kind of photo begins like this.
pub fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Where photos are kept: a folder or a bucket, as the setting media_url says.
pub struct Album {
    store: Arc<dyn ObjectStore>,
    root: Path,
    pub ids: MediaIds,
}

impl Album {
    /// Opens the store; a bucket's endpoint and keys come from the environment (`AWS_*`).
    pub fn open(url: &str, ids: MediaIds) -> Result<Self, Fault> {
        let url = reqwest::Url::parse(url).map_err(Fault::internal)?;
        let (scheme, _) = ObjectStoreScheme::parse(&url).map_err(Fault::internal)?;
        // a bucket is reached by TLS; refused where the process has chosen a provider already, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
        let (store, root) = object_store::parse_url_opts(&url, environment).map_err(Fault::internal)?;
        let store: Arc<dyn ObjectStore> = match scheme {
            // an acknowledged photo survives a power cut, as the report it belongs to does
            ObjectStoreScheme::Local => Arc::new(LocalFileSystem::new().with_fsync(true)),
            _ => store.into(),
        };
        Ok(Self { store, root, ids })
    }

    /// Keeps a photo under its id.
    pub async fn put(&self, id: Uuid, photo: &Photo) -> Result<(), Fault> {
        let kept = self.store.put(&self.path(id), PutPayload::from(photo.bytes.clone())).await;
        kept.map(drop).map_err(Fault::unavailable)
    }

    /// The bytes of a photo, if it is there.
    pub async fn get(&self, id: Uuid) -> Result<Option<Bytes>, Fault> {
        match self.store.get(&self.path(id)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(Fault::unavailable),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Fault::unavailable(error)),
        }
    }

    fn path(&self, id: Uuid) -> Path {
        object_key(id).split('/').fold(self.root.clone(), |path, part| path.join(part))
    }
}

#[cfg(test)]
mod tests;
