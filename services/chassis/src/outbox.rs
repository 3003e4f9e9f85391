//! The rows that a service's statements write for the others to hear.
//!
//! A statement knows the row after the change, so it stores the payload as the JSON form of the event's protobuf message; on the
//! wire it is protobuf.
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use prost_reflect::{DeserializeOptions, DynamicMessage, prost::Message};
use proto::events::v1::{Event, Position};
use sqlx::{AssertSqlSafe, PgPool, Row, postgres::PgRow};

use crate::faults::Fault;

/// The outbox of one schema. Clones share what they read lately, so that an event with many listeners is encoded once.
#[derive(Clone)]
pub struct Outbox {
    pool: PgPool,
    schema: &'static str,
    lately: Arc<Mutex<Lately>>,
}

impl Outbox {
    /// Nothing is read yet.
    pub fn new(pool: PgPool, schema: &'static str) -> Self {
        Self { pool, schema, lately: Arc::default() }
    }

    /// The events after a position, in commit order. Those of transactions that may still be overtaken by an earlier one are
    /// left for the next time.
    pub async fn read(&self, after: Position, limit: i32) -> Result<Vec<Event>, Fault> {
        let statement = format!(
            "select tx, event_id, district_id, subject_id, type, payload::text as payload, traceparent, at from {}.outbox \
             where (tx, event_id) > ($1, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
             order by tx, event_id limit $3",
            self.schema
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(after.transaction_id).bind(after.event_id).bind(limit);
        rows.fetch_all(&self.pool).await?.iter().map(|row| self.event(row)).collect()
    }

    /// Where the feed ends for its readers, and the last event that is written.
    pub async fn ends(&self) -> Result<(Position, Position), Fault> {
        let schema = self.schema;
        let statement = format!(
            "select coalesce(head.tx, 0), coalesce(head.event_id, 0), coalesce(last.tx, 0), coalesce(last.event_id, 0) \
             from (values (1)) one \
             left join (select tx, event_id from {schema}.outbox \
                 where tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
                 order by tx desc, event_id desc limit 1) head on true \
             left join (select tx, event_id from {schema}.outbox order by tx desc, event_id desc limit 1) last on true"
        );
        let row: (i64, i64, i64, i64) = sqlx::query_as(AssertSqlSafe(statement)).fetch_one(&self.pool).await?;
        let position = |transaction_id, event_id| Position { transaction_id, event_id };
        Ok((position(row.0, row.1), position(row.2, row.3)))
    }

    fn event(&self, row: &PgRow) -> Result<Event, Fault> {
        let at: chrono::DateTime<chrono::Utc> = row.try_get("at")?;
        let kind: String = row.try_get("type")?;
        let position = Position { transaction_id: row.try_get("tx")?, event_id: row.try_get("event_id")? };
        Ok(Event {
            payload: self.encoded(position.event_id, &kind, row.try_get("payload")?),
            position: Some(position),
            district_id: row.try_get::<uuid::Uuid, _>("district_id")?.to_string(),
            subject_id: row.try_get::<uuid::Uuid, _>("subject_id")?.to_string(),
            r#type: kind,
            traceparent: row.try_get("traceparent")?,
            at: Some(crate::clock::timestamp(at)),
        })
    }

    /// A row never changes, so what it was encoded as stays right.
    fn encoded(&self, event_id: i64, kind: &str, payload: &str) -> Vec<u8> {
        let lately = || self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lately().known.get(&event_id).cloned();
        known.unwrap_or_else(|| {
            let payload = encode(kind, payload).unwrap_or_else(|fault| {
                let cause = fault.cause.as_deref().map(ToString::to_string);
                tracing::error!(kind, event = event_id, cause, "an outbox row is no message of its type");
                UNDECODABLE.to_vec()
            });
            lately().keep(event_id, &payload);
            payload
        })
    }
}

/// Payloads by event, the oldest given up first.
#[derive(Default)]
struct Lately {
    known: HashMap<i64, Vec<u8>>,
    order: VecDeque<i64>,
}

impl Lately {
    /// At most so many, and none that is larger: together below 4 MiB.
    const MOST: usize = 2_048;
    const LARGEST: usize = 2_048;

    fn keep(&mut self, event_id: i64, payload: &[u8]) {
        if payload.len() > Self::LARGEST || self.known.insert(event_id, payload.to_vec()).is_some() {
            return;
        }
        self.order.push_back(event_id);
        if self.order.len() > Self::MOST {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.known.remove(&oldest));
        }
    }
}

/// No message: there is no field 0. Delivered for a row that cannot be encoded, so that whoever needs it sets the event aside
/// and everybody goes on.
const UNDECODABLE: &[u8] = &[0];

/// A row of a newer release may say more than this one knows.
const NEWER: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(false);

fn encode(kind: &str, payload: &str) -> Result<Vec<u8>, Fault> {
    let unknown = || Fault::internal(format!("outbox row of unknown type {kind}"));
    let descriptor = proto::pool().get_message_by_name(kind).ok_or_else(unknown)?;
    let mut json = serde_json::Deserializer::from_str(payload);
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut json, &NEWER).map_err(Fault::internal)?;
    Ok(message.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_lately_is_kept_and_the_oldest_given_up() {
        let mut lately = Lately::default();
        for event in 0..5_000 {
            lately.keep(event, b"told");
            lately.keep(event, b"told");
        }
        lately.keep(5_000, &[0; Lately::LARGEST + 1]);
        assert_eq!((lately.known.len(), lately.order.len()), (Lately::MOST, Lately::MOST));
        assert!(lately.known.contains_key(&4_999) && !lately.known.contains_key(&0));
        assert!(!lately.known.contains_key(&5_000), "what is large is not kept");
    }
}
