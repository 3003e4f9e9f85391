//! Puts matters that were put off before the council of their level, and keeps what becomes of them there.
use chassis::{clock::instant, faults::Fault};
use proto::tickets::v1::{
    CouncilResolution,
    ticket::State::{ClosedNofix, Coordination},
};
use sqlx::PgConnection;

use crate::{
    followers::Told,
    store::agenda::{PutOff, Resolved, Step, put_off, resolve, step},
};

/// Keeps what these changes mean for agendas.
pub async fn keep(connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    for told in told {
        let changed = &told.changed;
        if changed.transition == "T23" {
            put_off(connection, &put_off_by(told)).await?;
        }
        if let Some(resolution) = &changed.council_resolution {
            resolve(connection, &resolved(told, resolution)?).await?;
        } else if let Some(step_by) = step_by(told) {
            step(connection, &step_by).await?;
        }
    }
    Ok(())
}

fn put_off_by(told: &Told) -> PutOff {
    let changed = &told.changed;
    let levels = usize::try_from(changed.level).unwrap_or(1).max(1);
    PutOff {
        district_id: told.district_id,
        ticket_id: told.ticket_id,
        sequence: changed.sequence,
        council_path: told.above(levels),
        reason: changed.text.clone(),
        review_at: changed.review_at.as_ref().and_then(instant),
        at: told.at,
    }
}

fn resolved(told: &Told, resolution: &CouncilResolution) -> Result<Resolved, Fault> {
    Ok(Resolved {
        district_id: told.district_id,
        ticket_id: told.ticket_id,
        sequence: told.changed.sequence,
        decision: resolution.decision().as_str_name(),
        text: resolution.text.clone(),
        held_on: resolution.held_on.parse().map_err(Fault::internal)?,
        review_at: resolution.review_at.as_ref().and_then(instant),
        recorded_by: told.actor(),
        at: told.at,
    })
}

/// Its review is due, or it is taken up again without a council.
fn step_by(told: &Told) -> Option<Step> {
    let changed = &told.changed;
    let (state, due) = match (changed.from_state(), changed.to_state()) {
        (ClosedNofix, Coordination) if changed.timer == "REVIEW" => ("OPEN", true),
        (ClosedNofix, Coordination) => ("RESOLVED", false),
        (Coordination, to) if ![Coordination, ClosedNofix].contains(&to) => ("RESOLVED", false),
        _ => return None,
    };
    let (district_id, ticket_id, sequence) = (told.district_id, told.ticket_id, changed.sequence);
    Some(Step { district_id, ticket_id, sequence, state, due })
}
