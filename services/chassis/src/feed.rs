//! What a service tells the others: outbox rows written by the statement of the change, read back in commit order.
//!
//! The statement knows the row after the change, so it stores the payload as the JSON form of the event's protobuf message;
//! on the wire it is protobuf.
use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};

use prost_reflect::{DeserializeOptions, DynamicMessage, prost::Message};
use proto::events::v1::{
    Event, Position, ReadFeedRequest, ReadFeedResponse, feed_service_client::FeedServiceClient,
    feed_service_server::FeedService,
};
use redis::AsyncCommands;
use sqlx::{AssertSqlSafe, PgPool, Row};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

use crate::{cache::Cache, client::Peer, faults::Fault};

/// Where a consumer reads: over the wire, or from the producer's own tables while an installation is being filled.
#[derive(Clone)]
pub enum Source {
    Remote(Peer),
    Local(PgPool, &'static str),
}

impl Source {
    /// The events after a position, in commit order.
    pub async fn read(&self, after: Position, limit: i32) -> Result<Vec<Event>, Fault> {
        match self {
            Self::Remote(peer) => {
                let mut client = FeedServiceClient::new(peer.clone()).max_decoding_message_size(64 << 20);
                let request = ReadFeedRequest { after: Some(after), limit, head: false };
                let answer = client.read_feed(request).await.map_err(Fault::unavailable)?;
                Ok(answer.into_inner().events)
            }
            Self::Local(pool, schema) => read(pool, schema, after, limit).await,
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
                Ok((head.unwrap_or_default(), last.unwrap_or_default()))
            }
            Self::Local(pool, schema) => ends(pool, schema).await,
        }
    }
}

/// Serves the outbox of one schema.
pub struct Feed {
    pub pool: PgPool,
    pub schema: &'static str,
}

#[tonic::async_trait]
impl FeedService for Feed {
    async fn read_feed(&self, request: Request<ReadFeedRequest>) -> Result<Response<ReadFeedResponse>, Status> {
        let ReadFeedRequest { after, limit, head: only_head } = request.into_inner();
        if only_head {
            let (head, last) = ends(&self.pool, self.schema).await?;
            return Ok(Response::new(ReadFeedResponse { events: Vec::new(), head: Some(head), last: Some(last) }));
        }
        let limit = if limit == 0 { 500 } else { limit.clamp(1, 1000) };
        let events = read(&self.pool, self.schema, after.unwrap_or_default(), limit).await?;
        Ok(Response::new(ReadFeedResponse { events, head: None, last: None }))
    }
}

/// Rows of transactions that may still be overtaken by an earlier one are left for the next read.
async fn read(pool: &PgPool, schema: &str, after: Position, limit: i32) -> Result<Vec<Event>, Fault> {
    let statement = format!(
        "select tx, event_id, district_id, subject_id, type, payload, traceparent, at from {schema}.outbox \
         where (tx, event_id) > ($1, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
         order by tx, event_id limit $3"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(after.transaction_id).bind(after.event_id).bind(limit);
    rows.fetch_all(pool).await?.iter().map(event).collect()
}

/// Where the feed ends for its readers, and the last event that is written.
async fn ends(pool: &PgPool, schema: &str) -> Result<(Position, Position), Fault> {
    let statement = format!(
        "select coalesce(head.tx, 0), coalesce(head.event_id, 0), coalesce(last.tx, 0), coalesce(last.event_id, 0) from (values (1)) one \
         left join (select tx, event_id from {schema}.outbox where tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
             order by tx desc, event_id desc limit 1) head on true \
         left join (select tx, event_id from {schema}.outbox order by tx desc, event_id desc limit 1) last on true"
    );
    let row: (i64, i64, i64, i64) = sqlx::query_as(AssertSqlSafe(statement)).fetch_one(pool).await?;
    let position = |transaction_id, event_id| Position { transaction_id, event_id };
    Ok((position(row.0, row.1), position(row.2, row.3)))
}

/// No message: there is no field 0. Delivered for a row that cannot be encoded, so that whoever needs it sets the event aside
/// and everybody goes on.
const UNDECODABLE: &[u8] = &[0];

fn event(row: &sqlx::postgres::PgRow) -> Result<Event, Fault> {
    let at: chrono::DateTime<chrono::Utc> = row.try_get("at")?;
    let kind: String = row.try_get("type")?;
    let position = Position { transaction_id: row.try_get("tx")?, event_id: row.try_get("event_id")? };
    let payload = encode(&kind, row.try_get("payload")?).unwrap_or_else(|fault| {
        let cause = fault.cause.as_deref().map(ToString::to_string);
        tracing::error!(kind, event = position.event_id, cause, "an outbox row is no message of its type");
        UNDECODABLE.to_vec()
    });
    Ok(Event {
        position: Some(position),
        district_id: row.try_get::<uuid::Uuid, _>("district_id")?.to_string(),
        subject_id: row.try_get::<uuid::Uuid, _>("subject_id")?.to_string(),
        payload,
        r#type: kind,
        traceparent: row.try_get("traceparent")?,
        at: Some(crate::clock::timestamp(at)),
    })
}

/// A row of a newer release may say more than this one knows.
const NEWER: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(false);

fn encode(kind: &str, payload: serde_json::Value) -> Result<Vec<u8>, Fault> {
    let unknown = || Fault::internal(format!("outbox row of unknown type {kind}"));
    let descriptor = proto::pool().get_message_by_name(kind).ok_or_else(unknown)?;
    let message = DynamicMessage::deserialize_with_options(descriptor, payload, &NEWER).map_err(Fault::internal)?;
    Ok(message.encode_to_vec())
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
