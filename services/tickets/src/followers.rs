//! What follows from a change and needs not stand in its statement: precedents, figures and the rest, from this service's own events,
//! exactly once, for the position is stored with what it brings.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chassis::{
    clock::instant,
    consumer::{Consumer, Effect, payload},
    faults::Fault,
    feed::Source,
};
use chrono::{DateTime, Utc};
use proto::{events::v1::Event, tickets::v1::TicketChanged};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Tickets, agenda, audit, channels, figures, inbox, precedents,
    store::{self, notice::Facts},
    strikes,
    ticket::place_above,
};

/// A change of a ticket, as this service told it; or a deadline of it that comes near.
#[derive(Clone, Debug)]
pub struct Told {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub at: DateTime<Utc>,
    pub changed: TicketChanged,
}

impl Told {
    /// Who did it; None: time.
    pub fn actor(&self) -> Option<Uuid> {
        self.changed.actor_id.as_deref().and_then(|id| id.parse().ok())
    }

    /// The departments that help the lead.
    pub fn assisting(&self) -> Vec<Uuid> {
        self.changed.assisting.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// The departments that are asked for their statement by it.
    pub fn invited(&self) -> Vec<Uuid> {
        self.changed.invited.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// Who the reporter is after it; None: not told.
    pub fn reporter(&self) -> Option<Uuid> {
        self.changed.reporter_id.parse().ok()
    }

    /// The lead department.
    pub fn department(&self) -> Option<Uuid> {
        self.changed.department_id.as_deref().and_then(|id| id.parse().ok())
    }

    /// The first levels of the place it lies in.
    pub fn above(&self, levels: usize) -> String {
        place_above(&self.changed.place_path, levels)
    }

    /// The street it lies in.
    pub fn street(&self) -> String {
        self.above(2)
    }
}

/// Long enough for a crowd's changes to share their statements, short enough for nobody to notice.
const GATHER: Duration = Duration::from_millis(200);

/// Hears every change of this service.
pub fn followers_consumer(tickets: &Arc<Tickets>) -> Consumer {
    let (pool, tickets) = (tickets.pool.clone(), tickets.clone());
    let source = Source::Local(tickets.outbox.clone());
    let effect = Effect::Within(Arc::new(move |connection, events| {
        let tickets = tickets.clone();
        Box::pin(async move { follow(&tickets, connection, &told(events)?).await })
    }));
    Consumer { pool, schema: crate::NAME, producer: "tickets", purpose: ".followers", source, effect, gather: GATHER }
}

async fn follow(tickets: &Tickets, connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    if told.is_empty() {
        return Ok(());
    }
    precedents::keep(connection, told).await?;
    figures::keep(connection, told).await?;
    agenda::keep(connection, told).await?;
    tell(tickets, connection, told).await?;
    strikes::keep(tickets, connection, told).await?;
    audit::keep(connection, told).await
}

/// Says these to everybody concerned: in the inboxes and in the groups.
pub async fn tell(tickets: &Tickets, connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    let mut facts = HashMap::new();
    let said = said(tickets, connection, told, &mut facts).await?;
    inbox::keep(tickets, connection, &said).await?;
    channels::keep(tickets, connection, &said).await
}

/// A change that something is said about, with what the words name.
#[derive(Clone, Copy)]
pub struct Said<'t> {
    pub told: &'t Told,
    pub facts: &'t Facts,
}

async fn said<'t>(
    tickets: &Tickets,
    connection: &mut PgConnection,
    told: &'t [Told],
    facts: &'t mut HashMap<(Uuid, Uuid), Facts>,
) -> Result<Vec<Said<'t>>, Fault> {
    let has_words =
        |told: &&Told| tickets.terms.of(told.district_id).wordings.of(&told.changed.transition).next().is_some();
    let told: Vec<&Told> = told.iter().filter(has_words).collect();
    if told.is_empty() {
        return Ok(Vec::new());
    }
    tickets.categories.ensure(&tickets.pool).await?;
    let ids: BTreeSet<_> = told.iter().map(|told| (told.district_id, told.ticket_id)).collect();
    let (districts, ids): (Vec<_>, Vec<_>) = ids.into_iter().unzip();
    let found = store::notice::facts(connection, &districts, &ids).await?;
    facts.extend(found.into_iter().map(|facts| ((facts.district_id, facts.ticket_id), facts)));
    let facts = &*facts;
    let with = |told: &'t Told| facts.get(&(told.district_id, told.ticket_id)).map(|facts| Said { told, facts });
    Ok(told.into_iter().filter_map(with).collect())
}

fn told(events: &[Event]) -> Result<Vec<Told>, Fault> {
    let mut told = Vec::with_capacity(events.len());
    for event in events {
        if let Some(changed) = payload::<TicketChanged>(event)? {
            let district_id = event.district_id.parse().map_err(Fault::internal)?;
            let ticket_id = changed.ticket_id.parse().map_err(Fault::internal)?;
            let at = event.at.as_ref().and_then(instant).unwrap_or_default();
            told.push(Told { district_id, ticket_id, at, changed });
        }
    }
    Ok(told)
}
