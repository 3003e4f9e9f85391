//! Keeps rulings as precedents, and counts who closes what.
use std::collections::HashMap;

use chassis::faults::Fault;
use proto::tickets::v1::ticket::State;
use sqlx::PgConnection;

use crate::{
    followers::Told,
    precedent::words,
    store::{self, precedent::Ruled},
};

/// Keeps what these changes rule and close.
pub async fn keep(connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    let closed = told
        .iter()
        .filter(|told| told.changed.to_state() == State::Closed && told.changed.from_state() != State::Closed);
    let closed: Vec<_> = closed
        .filter_map(|told| {
            Some((told.district_id, told.changed.category_code.clone(), told.street(), told.department()?))
        })
        .collect();
    if !closed.is_empty() {
        store::precedent::count(connection, &closed).await?;
    }
    let ruled: Vec<Ruled> = told.iter().filter_map(ruling).collect();
    if ruled.is_empty() {
        return Ok(());
    }
    let (districts, ids): (Vec<_>, Vec<_>) = ruled.iter().map(|ruled| (ruled.district_id, ruled.ticket_id)).unzip();
    let texts: HashMap<_, _> = store::precedent::texts(connection, &districts, &ids).await?.into_iter().collect();
    for ruled in &ruled {
        let text = texts.get(&ruled.ticket_id).map(String::as_str).unwrap_or_default();
        let words = words(&format!("{text}\n{}", ruled.reason));
        store::precedent::keep(connection, ruled, &words, text).await?;
    }
    Ok(())
}

fn ruling(told: &Told) -> Option<Ruled> {
    let changed = &told.changed;
    let ruled_by = told.actor().filter(|_| changed.transition == "T12")?;
    Some(Ruled {
        district_id: told.district_id,
        ticket_id: told.ticket_id,
        sequence: changed.sequence,
        number: changed.number.clone(),
        category_code: changed.category_code.clone(),
        place_path: changed.place_path.clone(),
        department_id: told.department().filter(|_| changed.to_state() != State::Community),
        reason: changed.text.clone(),
        ruled_by,
        ruled_at: told.at,
    })
}
