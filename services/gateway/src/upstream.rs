//! The services behind the gateway: one channel each, raw protobuf bytes through it, no code per RPC.
use std::{collections::HashMap, time::Duration};

use bytes::{Buf, BufMut, Bytes};
use chassis::{client, config::Loaded, faults::Fault};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION, header::IF_MATCH, uri::PathAndQuery};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::Channel,
};

use crate::problem::Problem;

/// The header that tells a service where a request came from.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
/// What a client's header may say to a service.
const PASSED_ON: [HeaderName; 2] = [AUTHORIZATION, IF_MATCH];

/// The channels, by the name of the role.
pub struct Upstreams {
    channels: HashMap<&'static str, Channel>,
}

impl Upstreams {
    /// Channels to the roles that the settings name; connected when first used.
    pub fn open(loaded: &Loaded) -> Result<Self, Fault> {
        let roles = ["residents", "tickets", "incentives", "finance"];
        let channels = roles.into_iter().map(|role| Ok((role, client::channel(&loaded.peer(role)?)?)));
        Ok(Self { channels: channels.collect::<Result<_, Fault>>()? })
    }

    /// The role that serves an RPC, by the package of its service: `hemei.tickets.v1` is tickets'.
    pub fn role_of(&self, package: &str) -> Option<&'static str> {
        let role = package.split('.').nth(1)?;
        self.channels.keys().find(|known| **known == role).copied()
    }

    /// Calls an RPC with a message's bytes; answers the bytes of its answer.
    pub async fn call(&self, role: &str, path: &PathAndQuery, request: Request<Bytes>) -> Result<Bytes, Problem> {
        let channel = self.channels.get(role).ok_or_else(|| Problem::internal(&"no channel to this role"))?;
        let mut grpc = Grpc::new(channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(grpc.unary(request, path.clone(), Raw).await?.into_inner())
    }
}

/// A call's message with what travels beside it: token, condition, trace, request id, address and deadline.
pub fn request(message: Vec<u8>, headers: &HeaderMap, address: &str, timeout: Duration) -> Request<Bytes> {
    let mut passed = HeaderMap::with_capacity(8);
    for name in PASSED_ON {
        if let Some(value) = headers.get(&name) {
            passed.insert(name, value.clone());
        }
    }
    if let Ok(address) = address.parse() {
        passed.insert(CLIENT_ADDRESS, address);
    }
    chassis::telemetry::inject(&mut passed);
    let mut request = Request::new(Bytes::from(message));
    *request.metadata_mut() = MetadataMap::from_headers(passed);
    request.set_timeout(timeout);
    request
}

/// A codec that leaves messages as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
