//! What this service hears. What it tells is written by the statement of the change.
use chassis::{consumer, faults::Fault};
use futures::future::BoxFuture;
use proto::{
    api::v1::post::Level,
    events::v1::Event,
    incentives::v1::CashAwardApproved,
    residents::v1::{PersonChanged, PlaceChanged},
};
use sqlx::PgConnection;

use crate::{store, wire};

/// Keeps a fund for every compound, and the names of people.
pub fn hear_residents<'c>(connection: &'c mut PgConnection, events: &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> {
    Box::pin(async move {
        let (mut compounds, mut people) = (Vec::new(), Vec::new());
        for event in events {
            if let Some(changed) = consumer::payload::<PlaceChanged>(event)? {
                if changed.level() == Level::Compound {
                    compounds.push(wire::compound(event, changed)?);
                }
            } else if let Some(changed) = consumer::payload::<PersonChanged>(event)? {
                people.push(wire::person(event, changed)?);
            }
        }
        if !compounds.is_empty() {
            store::fund::keep(connection, &compounds).await?;
        }
        if !people.is_empty() {
            store::person::keep(connection, &people).await?;
        }
        Ok(())
    })
}

/// Orders what the best of a published month are paid.
pub fn hear_incentives<'c>(connection: &'c mut PgConnection, events: &'c [Event]) -> BoxFuture<'c, Result<(), Fault>> {
    Box::pin(async move {
        let mut ordered = Vec::new();
        for event in events {
            if let Some(award) = consumer::payload::<CashAwardApproved>(event)? {
                ordered.push(wire::payouts::ordered(event, award)?);
            }
        }
        if !ordered.is_empty() {
            store::payout::order(connection, &ordered).await?;
        }
        Ok(())
    })
}
