//! What this service hears. What it tells is written by `incentives.settle` in the statement of the change.
use chassis::{consumer, faults::Fault};
use futures::future::BoxFuture;
use proto::{
    events::v1::Event,
    residents::v1::{PersonChanged, PlaceChanged, PostChanged},
    tickets::v1::{PhotoSeen, TicketChanged},
};
use sqlx::PgConnection;
use tracing::{Instrument, Span};

use crate::{
    awarding,
    points::{Change, waves},
    store, wire,
};

/// Awards, activates and voids points as tickets change.
pub fn hear_tickets<'c>(connection: &'c mut PgConnection, events: &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> {
    Box::pin(async move {
        let mut changes: Vec<(Change, Span)> = Vec::new();
        let mut heard = Vec::new();
        let mut co_reports = Vec::new();
        let mut photos = Vec::new();
        for event in events {
            if let Some(seen) = consumer::payload::<PhotoSeen>(event)? {
                photos.push(wire::photo(event, seen)?);
                continue;
            }
            let Some(changed) = consumer::payload::<TicketChanged>(event)? else { continue };
            photos.extend(wire::photos(event, &changed)?);
            heard.push(wire::heard_ticket(event, &changed)?);
            let wanted = wire::changes(event, &changed)?;
            co_reports.extend(wire::co_reports(event, &changed, &wanted)?);
            changes.extend(wanted.into_iter().map(|change| (change, consumer::span(event, "award"))));
        }
        if !photos.is_empty() {
            store::photo::keep(connection, &photos).await?;
        }
        if !heard.is_empty() {
            store::ticket::keep(connection, &heard).await?;
        }
        if !co_reports.is_empty() {
            store::co_report::keep(connection, &co_reports).await?;
        }
        for wave in waves(changes, |(change, _)| change.ticket_id) {
            apply(connection, wave).await?;
        }
        Ok(())
    })
}

/// One statement for all grants of a wave and one for all ends. Every event's span lasts as long as the wave.
async fn apply(connection: &mut PgConnection, wave: Vec<(Change, Span)>) -> Result<(), Fault> {
    let (changes, spans): (Vec<_>, Vec<_>) = wave.into_iter().unzip();
    let first = spans.first().cloned().unwrap_or_else(Span::none);
    let (grants, ends): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.effect.grants());
    async {
        if !grants.is_empty() {
            awarding::grant(connection, &grants).await?;
        }
        if !ends.is_empty() {
            awarding::end(connection, &ends).await?;
        }
        Ok(())
    }
    .instrument(first)
    .await
}

/// Keeps the projection of the places.
pub fn hear_residents<'c>(connection: &'c mut PgConnection, events: &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> {
    Box::pin(async move {
        let mut places = Vec::new();
        for event in events {
            if let Some(changed) = consumer::payload::<PlaceChanged>(event)? {
                places.push(wire::place(event, changed)?);
            }
        }
        if !places.is_empty() {
            store::place::keep(connection, &places).await?;
        }
        Ok(())
    })
}

/// Keeps the names of people and the posts they hold.
pub fn hear_members<'c>(connection: &'c mut PgConnection, events: &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> {
    Box::pin(async move {
        let (mut names, mut posts) = (Vec::new(), Vec::new());
        for event in events {
            if let Some(changed) = consumer::payload::<PersonChanged>(event)? {
                names.push(wire::name(event, changed)?);
            } else if let Some(changed) = consumer::payload::<PostChanged>(event)? {
                posts.push(wire::post(event, changed)?);
            }
        }
        if !names.is_empty() {
            store::member::keep_names(connection, &names).await?;
        }
        if !posts.is_empty() {
            store::member::keep_posts(connection, &posts).await?;
        }
        Ok(())
    })
}
