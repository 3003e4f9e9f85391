//! How a service calls another: a channel that recovers, with the service key and the trace.
use std::time::Duration;

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::{faults::Fault, keys::Keyring, telemetry};

/// The header that carries the service key.
pub const SERVICE_KEY: &str = "x-hemei-service-key";

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
    key: MetadataValue<Ascii>,
}

impl Interceptor for AsService {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(SERVICE_KEY, self.key.clone());
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
    let key = service_key(keyring).parse().map_err(Fault::internal)?;
    Ok(InterceptedService::new(channel(address)?, AsService { key }))
}

/// The text of the newest service key.
pub fn service_key(keyring: &Keyring) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(keyring.newest().bytes())
}
