//! Redis, which holds only what may be lost.
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::faults::Fault;

impl From<redis::RedisError> for Fault {
    fn from(error: redis::RedisError) -> Self {
        Self::unavailable(error)
    }
}

/// A connection that reconnects by itself.
#[derive(Clone)]
pub struct Cache {
    client: redis::Client,
    connection: ConnectionManager,
}

impl Cache {
    /// Connects lazily: a service starts while Redis is down.
    pub fn new(url: &str) -> Result<Self, Fault> {
        let client = redis::Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(200));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, connection })
    }

    /// A handle for commands; cheap to clone.
    pub fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// A connection of its own that hears a channel.
    pub async fn subscribe(&self, channel: &str) -> Result<redis::aio::PubSub, Fault> {
        let mut pubsub = self.client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        Ok(pubsub)
    }
}
