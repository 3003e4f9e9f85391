//! The contract: generated messages, clients and servers, and the descriptors everything else is derived from.
use std::{collections::HashMap, sync::LazyLock};

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};

pub mod reasons;
pub mod roles;

pub mod google {
    pub mod api {
        tonic::include_proto!("google.api");
    }
}

#[expect(clippy::all, clippy::allow_attributes, clippy::too_many_lines, reason = "generated code")]
mod generated {
    pub mod hemei {
        pub mod api {
            pub mod v1 {
                tonic::include_proto!("hemei.api.v1");
            }
        }
        pub mod events {
            pub mod v1 {
                tonic::include_proto!("hemei.events.v1");
            }
        }
        pub mod residents {
            pub mod v1 {
                tonic::include_proto!("hemei.residents.v1");
            }
        }
        pub mod tickets {
            pub mod v1 {
                tonic::include_proto!("hemei.tickets.v1");
            }
        }
        pub mod incentives {
            pub mod v1 {
                tonic::include_proto!("hemei.incentives.v1");
            }
        }
        pub mod finance {
            pub mod v1 {
                tonic::include_proto!("hemei.finance.v1");
            }
        }
    }
}
pub use generated::hemei::{api, events, finance, incentives, residents, tickets};

/// The encoded descriptors of every file, with options and comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "compiled in: a broken set is a broken build")]
    DescriptorPool::decode(DESCRIPTORS).expect("the compiled descriptors decode")
});

/// All descriptors.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// One RPC with what its options say of it.
#[derive(Clone, Debug)]
pub struct Method {
    /// The gRPC path: "/hemei.tickets.v1.TicketService/Claim".
    pub path: String,
    pub descriptor: MethodDescriptor,
    pub access: Option<api::v1::Access>,
    pub http: Option<google::api::HttpRule>,
}

static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    let hemei = pool().services().filter(|service| service.package_name().starts_with("hemei."));
    let methods = hemei.flat_map(|service| service.methods().collect::<Vec<_>>()).map(|descriptor| {
        let path = format!("/{}/{}", descriptor.parent_service().full_name(), descriptor.name());
        let access = option(&descriptor, "hemei.api.v1.access");
        let http = option(&descriptor, "google.api.http");
        (path.clone(), Method { path, descriptor, access, http })
    });
    methods.collect()
});

/// Every RPC of the suite by its gRPC path.
pub fn methods() -> &'static HashMap<String, Method> {
    &METHODS
}

fn option<M: prost::Message + Default>(method: &MethodDescriptor, name: &str) -> Option<M> {
    let extension = pool().get_extension_by_name(name)?;
    let options: DynamicMessage = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message()?.transcode_to().ok()
}
