//! The services behind the gateway: one channel each, raw protobuf bytes through it, no code per RPC.
use std::{collections::HashMap, time::Duration};

use bytes::{Buf, BufMut, Bytes};
use chassis::{
    client::{self, CLIENT_ADDRESS, Peer},
    config::Loaded,
    faults::Fault,
    keys::Keyring,
};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION, header::IF_MATCH, uri::PathAndQuery};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
};

use crate::problem::Problem;

/// What a client's header may say to a service.
const PASSED_ON: [HeaderName; 2] = [AUTHORIZATION, IF_MATCH];

/// The channels, by the name of the role.
pub struct Upstreams {
    channels: HashMap<&'static str, Peer>,
}

impl Upstreams {
    /// Channels to the roles that the settings name; connected when first used.
    pub fn open(loaded: &Loaded, service_key: &Keyring) -> Result<Self, Fault> {
        let roles = ["residents", "tickets", "incentives", "finance"];
        let channels = roles.into_iter().map(|role| Ok((role, client::peer(&loaded.peer(role)?, service_key)?)));
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

/// A call's message with what travels beside it: token, condition, address and deadline; the channel adds trace, request id and service key.
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
