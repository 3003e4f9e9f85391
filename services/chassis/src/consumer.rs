//! Hearing another service exactly once: the producer's position is stored in the transaction of the effect. What leaves the
//! database cannot be part of that; it happens before, at least once.
use std::{collections::HashSet, slice, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use proto::events::v1::{Event, Position};
use sqlx::{AssertSqlSafe, Either, PgConnection, PgPool, Row, postgres::PgAdvisoryLock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    cache::Cache,
    faults::Fault,
    feed::{Source, Wakes},
    ops::Gate,
    telemetry,
};

/// Applies events inside the transaction that also stores the position. It must be the same effect however often it is tried.
pub type Apply =
    Arc<dyn for<'c> Fn(&'c mut PgConnection, &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> + Send + Sync>;

/// Does something outside of the database. It may happen again after a crash.
pub type Tell = Arc<dyn for<'c> Fn(&'c [Event]) -> BoxFuture<'c, Result<(), Fault>> + Send + Sync>;

/// What hearing events leads to.
#[derive(Clone)]
pub enum Effect {
    /// Exactly once, in the transaction that stores the position; short, for it holds back every feed of the server.
    Within(Apply),
    /// At least once, before that transaction; it may take its time.
    Before(Tell),
}

impl Effect {
    /// How many events it is given at most.
    fn batch(&self) -> i32 {
        match self {
            Self::Within(_) => 500,
            Self::Before(_) => 100,
        }
    }

    async fn within(&self, connection: &mut PgConnection, events: &[Event]) -> Result<(), Fault> {
        match self {
            Self::Within(apply) => apply(connection, events).await,
            Self::Before(_) => Ok(()),
        }
    }
}

/// One subscription of one service.
#[derive(Clone)]
pub struct Consumer {
    pub pool: PgPool,
    /// The schema of the service that hears; it has the tables `subscription` and `dead_letter`.
    pub schema: &'static str,
    /// The service that is heard.
    pub producer: &'static str,
    /// What is heard, where one service hears the same producer for several purposes.
    pub purpose: &'static str,
    pub source: Source,
    pub effect: Effect,
    /// How long it lets events gather before it looks again; what can wait costs less together.
    pub gather: Duration,
}

impl Consumer {
    /// Reads until nothing is new, then waits for a wake-up or a second. Opens the gate when it has caught up once.
    pub async fn run(self, cache: Cache, gate: Gate, stop: CancellationToken) {
        let mut wakes = Wakes::new(cache, self.producer);
        loop {
            match self.catch_up().await {
                Ok(_) => gate.open(),
                Err(fault) => tracing::warn!(producer = self.producer, %fault, "feed not read"),
            }
            let next = async {
                tokio::time::sleep(self.gather).await;
                wakes.next().await;
            };
            if stop.run_until_cancelled(next).await.is_none() {
                return;
            }
        }
    }

    /// Applies everything there is now; answers how many events. Another replica at work counts as nothing to do. What comes
    /// meanwhile gathers for the next time.
    pub async fn catch_up(&self) -> Result<usize, Fault> {
        let (mut applied, most) = (0, self.effect.batch());
        loop {
            let after = self.position().await?;
            let events = self.source.read(after, most).await?;
            if events.is_empty() || !self.step(after, &events).await? {
                return Ok(applied);
            }
            applied += events.len();
            metrics::counter!("events_applied_total", "producer" => self.producer).increment(events.len() as u64);
            if events.len() < usize::try_from(most).unwrap_or(usize::MAX) {
                return Ok(applied);
            }
        }
    }

    fn name(&self) -> String {
        format!("{}{}", self.producer, self.purpose)
    }

    async fn position(&self) -> Result<Position, Fault> {
        let schema = self.schema;
        loop {
            let statement = format!("select tx, event_id from {schema}.subscription where producer = $1");
            let row = sqlx::query(AssertSqlSafe(statement)).bind(self.name()).fetch_optional(&self.pool).await?;
            if let Some(row) = row {
                return Ok(Position { transaction_id: row.try_get(0)?, event_id: row.try_get(1)? });
            }
            let statement = format!("insert into {schema}.subscription (producer) values ($1) on conflict do nothing");
            sqlx::query(AssertSqlSafe(statement)).bind(self.name()).execute(&self.pool).await?;
        }
    }

    /// Applies one batch; when it fails, event by event. False where another replica was faster.
    async fn step(&self, after: Position, events: &[Event]) -> Result<bool, Fault> {
        let parked = self.parked(events).await?;
        if parked.is_empty() {
            match self.attempt(after, events).await {
                Ok(moved) => return Ok(moved),
                Err(fault) if fault.code == tonic::Code::Unavailable => return Err(fault),
                Err(fault) => {
                    tracing::warn!(producer = self.producer, %fault, "a batch failed, trying its events one by one")
                }
            }
        }
        self.one_by_one(after, events, parked).await
    }

    async fn one_by_one(&self, after: Position, events: &[Event], mut parked: HashSet<String>) -> Result<bool, Fault> {
        let mut after = after;
        for event in events {
            let outcome = match parked.contains(&event.subject_id) {
                true => Err(Fault::internal("an earlier event of this subject waits")),
                false => self.attempt(after, slice::from_ref(event)).await,
            };
            match outcome {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(fault) if fault.code == tonic::Code::Unavailable => return Err(fault),
                Err(fault) => {
                    let reason = fault.cause.as_deref().map_or_else(|| fault.to_string(), ToString::to_string);
                    if !self.bury(after, event, &reason).await? {
                        return Ok(false);
                    }
                    parked.insert(event.subject_id.clone());
                }
            }
            after = event.position.unwrap_or_default();
        }
        Ok(true)
    }

    async fn attempt(&self, after: Position, events: &[Event]) -> Result<bool, Fault> {
        let Effect::Before(tell) = &self.effect else { return self.apply(after, events).await };
        // a lock of the session, so that replicas do not all tell the same; the session has no transaction meanwhile
        let lock = PgAdvisoryLock::new(format!("{}.subscription {}", self.schema, self.name()));
        let Either::Left(held) = lock.try_acquire(self.pool.acquire().await?).await? else { return Ok(false) };
        let moved = self.tell(tell, after, events).await;
        held.release_now().await?;
        moved
    }

    /// Tells unless another replica has, then moves on.
    async fn tell(&self, tell: &Tell, after: Position, events: &[Event]) -> Result<bool, Fault> {
        if self.position().await? != after {
            return Ok(false);
        }
        tell(events).await?;
        self.apply(after, events).await
    }

    async fn apply(&self, after: Position, events: &[Event]) -> Result<bool, Fault> {
        let mut transaction = crate::db::begin(&self.pool).await?;
        let last = events.last().and_then(|event| event.position).unwrap_or_default();
        if !self.advance(&mut transaction, after, last).await? {
            return Ok(false);
        }
        if let Err(fault) = self.effect.within(&mut transaction, events).await {
            // at once: dropped, it would hold the lock of the position a moment longer, and what follows would find it taken
            transaction.rollback().await?;
            return Err(fault);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Moves the position under its lock; false where somebody else holds or has moved it.
    async fn advance(&self, connection: &mut PgConnection, from: Position, to: Position) -> Result<bool, Fault> {
        let schema = self.schema;
        let statement = format!(
            "update {schema}.subscription set tx = $4, event_id = $5 where producer in (select producer from {schema}.subscription \
             where producer = $1 and tx = $2 and event_id = $3 for update skip locked)"
        );
        let query =
            sqlx::query(AssertSqlSafe(statement)).bind(self.name()).bind(from.transaction_id).bind(from.event_id);
        let done = query.bind(to.transaction_id).bind(to.event_id).execute(connection).await?;
        Ok(done.rows_affected() == 1)
    }

    /// The subjects of these events that have a dead letter.
    async fn parked(&self, events: &[Event]) -> Result<HashSet<String>, Fault> {
        let subjects: Vec<Uuid> = events.iter().filter_map(|event| event.subject_id.parse().ok()).collect();
        let statement = format!(
            "select distinct subject_id from {}.dead_letter where producer = $1 and subject_id = any($2)",
            self.schema
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(self.name()).bind(subjects).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get::<Uuid, _>(0)?.to_string())).collect()
    }

    async fn bury(&self, after: Position, event: &Event, reason: &str) -> Result<bool, Fault> {
        let mut transaction = crate::db::begin(&self.pool).await?;
        let position = event.position.unwrap_or_default();
        if !self.advance(&mut transaction, after, position).await? {
            return Ok(false);
        }
        let statement = format!(
            "insert into {}.dead_letter (producer, tx, event_id, subject_id, event, reason) values ($1, $2, $3, $4, $5, $6)",
            self.schema
        );
        let subject: Uuid = event.subject_id.parse().unwrap_or_default();
        let query = sqlx::query(AssertSqlSafe(statement)).bind(self.name()).bind(position.transaction_id);
        let query =
            query.bind(position.event_id).bind(subject).bind(prost_reflect::prost::Message::encode_to_vec(event));
        query.bind(reason).execute(&mut *transaction).await?;
        transaction.commit().await?;
        metrics::counter!("events_dead_total", "producer" => self.producer).increment(1);
        tracing::error!(
            producer = self.producer,
            event = position.event_id,
            reason,
            "event not applied; fix, then replay"
        );
        Ok(true)
    }

    /// Applies the dead letters once, oldest first, after the fix; answers how many went through. A subject whose first
    /// letter still fails keeps the rest of its letters.
    pub async fn replay(&self) -> Result<usize, Fault> {
        let schema = self.schema;
        let statement =
            format!("select tx, event_id, event from {schema}.dead_letter where producer = $1 order by tx, event_id");
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(self.name()).fetch_all(&self.pool).await?;
        let (mut replayed, mut stuck) = (0, HashSet::new());
        for row in rows {
            let bytes: Vec<u8> = row.try_get(2)?;
            let event: Event = prost_reflect::prost::Message::decode(bytes.as_slice()).map_err(Fault::internal)?;
            if stuck.contains(&event.subject_id) {
                continue;
            }
            if let Effect::Before(tell) = &self.effect
                && tell(slice::from_ref(&event)).await.is_err()
            {
                stuck.insert(event.subject_id);
                continue;
            }
            let mut transaction = crate::db::begin(&self.pool).await?;
            let statement =
                format!("delete from {schema}.dead_letter where producer = $1 and tx = $2 and event_id = $3");
            let query = sqlx::query(AssertSqlSafe(statement)).bind(self.name());
            let query = query.bind(row.try_get::<i64, _>(0)?).bind(row.try_get::<i64, _>(1)?);
            let gone = query.execute(&mut *transaction).await?.rows_affected();
            if gone == 1 && self.effect.within(&mut transaction, slice::from_ref(&event)).await.is_ok() {
                transaction.commit().await?;
                replayed += 1;
            } else {
                transaction.rollback().await?;
                stuck.insert(event.subject_id);
            }
        }
        Ok(replayed)
    }
}

/// A span that continues the trace of the change that told this event.
pub fn span(event: &Event, name: &'static str) -> tracing::Span {
    let span = tracing::info_span!("event", otel.name = name, kind = event.r#type);
    telemetry::follow(&span, &event.traceparent);
    span
}

/// Decodes the payload when the event is of this type.
pub fn payload<M: prost_reflect::prost::Message + prost_reflect::prost::Name + Default>(
    event: &Event,
) -> Result<Option<M>, Fault> {
    if event.r#type != M::full_name() {
        return Ok(None);
    }
    M::decode(event.payload.as_slice()).map(Some).map_err(Fault::internal)
}
