//! How a service calls another: a channel that recovers, with the service key and the trace.
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::{
    faults::Fault,
    keys::{Key, Keyring},
    telemetry,
    token::constant_time_eq,
};

/// The header that carries the service key.
pub const SERVICE_KEY: &str = "x-hemei-service-key";

/// The header in which the gateway says where a request came from; believed only together with the service key.
pub const CLIENT_ADDRESS: &str = "x-client-address";

/// A channel to another role; connects when first used and again after every cut.
pub fn channel(address: &str) -> Result<Channel, Fault> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(Fault::internal)?;
    let endpoint = endpoint
        .connect_timeout(Duration::from_secs(1))
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .tcp_nodelay(true);
    Ok(endpoint.connect_lazy())
}

/// Adds the service key and the current trace to every call.
#[derive(Clone)]
pub struct AsService {
    keyring: Keyring,
}

impl Interceptor for AsService {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let key: MetadataValue<Ascii> = text(&self.keyring.newest()).parse().map_err(Fault::internal)?;
        request.metadata_mut().insert(SERVICE_KEY, key);
        if let Ok(trace) = telemetry::traceparent_of_current().parse() {
            request.metadata_mut().insert("traceparent", trace);
        }
        if let Some(id) = telemetry::request_id().and_then(|id| id.parse().ok()) {
            request.metadata_mut().insert(telemetry::REQUEST_ID, id);
        }
        Ok(request)
    }
}

/// What another service is called through.
pub type Peer = InterceptedService<Channel, AsService>;

/// A channel for service-to-service calls.
pub fn peer(address: &str, keyring: &Keyring) -> Result<Peer, Fault> {
    Ok(InterceptedService::new(channel(address)?, AsService { keyring: keyring.clone() }))
}

/// Whether this is the text of a service key, of any version; one that is not known is looked for in the file at once.
pub fn is_service_key(given: &[u8], keyring: &Keyring) -> bool {
    let known = || keyring.all().iter().any(|key| constant_time_eq(given, text(key).as_bytes()));
    known() || {
        keyring.reload_if_changed();
        known()
    }
}

fn text(key: &Key) -> String {
    URL_SAFE_NO_PAD.encode(key.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::Folder;

    #[test]
    fn every_version_of_the_service_key_is_accepted_as_the_file_changes() {
        let folder = Folder::new();
        let (caller, called) = (folder.keyring("service"), folder.keyring("service"));
        let old = text(&caller.newest());
        folder.rotate("service", 2);
        caller.reload_if_changed();
        let new = text(&caller.newest());
        assert_ne!(old, new);
        assert!(is_service_key(new.as_bytes(), &called) && is_service_key(old.as_bytes(), &called));
        for wrong in ["", "x", &new[1..], &format!("{new}A")] {
            assert!(!is_service_key(wrong.as_bytes(), &called), "{wrong}");
        }
    }

    #[test]
    fn a_call_carries_the_newest_key() {
        let folder = Folder::new();
        let keyring = folder.keyring("service");
        let mut as_service = AsService { keyring: keyring.clone() };
        folder.rotate("service", 2);
        keyring.reload_if_changed();
        let request = as_service.call(Request::new(())).unwrap();
        assert_eq!(request.metadata().get(SERVICE_KEY).unwrap().as_bytes(), text(&keyring.newest()).as_bytes());
    }
}
