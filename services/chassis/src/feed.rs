//! What a service tells the others: outbox rows written by the statement of the change, read back in commit order.
use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};

use proto::events::v1::{
    Event, Position, ReadFeedRequest, ReadFeedResponse, feed_service_client::FeedServiceClient,
    feed_service_server::FeedService,
};
use redis::AsyncCommands;
use sqlx::PgPool;
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

use crate::{cache::Cache, client::Peer, faults::Fault, outbox::Outbox};

/// Where a consumer reads: over the wire, or from the producer's own tables.
#[derive(Clone)]
pub enum Source {
    Remote(Peer),
    Local(Outbox),
}

impl Source {
    /// The outbox of a schema.
    pub fn local(pool: PgPool, schema: &'static str) -> Self {
        Self::Local(Outbox::new(pool, schema))
    }

    /// The events after a position, in commit order.
    pub async fn read(&self, after: Position, limit: i32) -> Result<Vec<Event>, Fault> {
        match self {
            Self::Remote(peer) => {
                let mut client = FeedServiceClient::new(peer.clone()).max_decoding_message_size(64 << 20);
                let request = ReadFeedRequest { after: Some(after), limit, head: false };
                let answer = client.read_feed(request).await.map_err(Fault::unavailable)?;
                Ok(answer.into_inner().events)
            }
            Self::Local(outbox) => outbox.read(after, limit).await,
        }
    }
}

impl Source {
    /// Where the feed ends now: all before it is delivered already.
    pub async fn head(&self) -> Result<Position, Fault> {
        Ok(self.ends().await?.0)
    }

    /// The last event that is written now. It is delivered once no transaction before it is open any more.
    pub async fn last(&self) -> Result<Position, Fault> {
        Ok(self.ends().await?.1)
    }

    async fn ends(&self) -> Result<(Position, Position), Fault> {
        match self {
            Self::Remote(peer) => {
                let request = ReadFeedRequest { head: true, ..ReadFeedRequest::default() };
                let answer =
                    FeedServiceClient::new(peer.clone()).read_feed(request).await.map_err(Fault::unavailable)?;
                let ReadFeedResponse { head, last, .. } = answer.into_inner();
                // a release older than `last` tells only of the head
                Ok((head.unwrap_or_default(), last.or(head).unwrap_or_default()))
            }
            Self::Local(outbox) => outbox.ends().await,
        }
    }
}

/// Serves the outbox of one schema.
pub struct Feed(pub Outbox);

#[tonic::async_trait]
impl FeedService for Feed {
    async fn read_feed(&self, request: Request<ReadFeedRequest>) -> Result<Response<ReadFeedResponse>, Status> {
        let ReadFeedRequest { after, limit, head: only_head } = request.into_inner();
        if only_head {
            let (head, last) = self.0.ends().await?;
            return Ok(Response::new(ReadFeedResponse { events: Vec::new(), head: Some(head), last: Some(last) }));
        }
        let limit = if limit == 0 { 500 } else { limit.clamp(1, 1000) };
        let events = self.0.read(after.unwrap_or_default(), limit).await?;
        Ok(Response::new(ReadFeedResponse { events, head: None, last: None }))
    }
}

/// Waits for word that a producer has something new; a second at most.
pub struct Wakes {
    cache: Cache,
    channel: String,
    words: Option<Pin<Box<dyn Stream<Item = redis::Msg> + Send>>>,
}

impl Wakes {
    /// Nothing is connected yet.
    pub fn new(cache: Cache, producer: &str) -> Self {
        Self { cache, channel: format!("wake:{producer}"), words: None }
    }

    /// Returns when there may be something new.
    pub async fn next(&mut self) {
        if self.words.is_none() {
            // said between the last look and this: look once more at once
            let words = self.cache.subscribe(&self.channel).await.ok();
            self.words = words.map(|words| words.into_on_message().boxed());
            if self.words.is_some() {
                return;
            }
        }
        let Some(words) = &mut self.words else { return tokio::time::sleep(IDLE).await };
        if let Ok(None) = tokio::time::timeout(IDLE, words.next()).await {
            self.words = None;
        }
    }
}

/// How long a reader waits where it hears nothing.
const IDLE: Duration = Duration::from_secs(1);

/// Tells the readers of one producer, best effort, that there is something new. Many calls become one message.
#[derive(Clone)]
pub struct Waker {
    notify: Arc<Notify>,
}

impl Waker {
    /// Starts the task that publishes on `wake:<producer>`.
    pub fn start(cache: Cache, producer: &'static str) -> Self {
        let notify = Arc::new(Notify::new());
        let heard = notify.clone();
        tokio::spawn(async move {
            loop {
                heard.notified().await;
                let mut connection = cache.connection();
                let _: Result<i64, _> = connection.publish(format!("wake:{producer}"), "").await;
            }
        });
        Self { notify }
    }

    /// To be called after a commit that wrote an outbox row.
    pub fn wake(&self) {
        self.notify.notify_one();
    }
}
