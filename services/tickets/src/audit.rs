//! The log of the staff's actions, and the chain over it.
use chassis::{chain::Chain, faults::Fault};
use proto::api::v1::post::Role;
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use crate::{
    followers::Told,
    store::{self, audit::Action},
};

/// The chain over the log.
pub fn chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: crate::NAME, table: "audit", id: "audit_id" }
}

/// Logs the transitions that staff have made: not those of time, and not what couriers and residents do with their own reports.
pub async fn keep(connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    let action = |told: &Told| {
        let (actor_id, changed) = (told.actor()?, &told.changed);
        let staff = !matches!(changed.actor_role(), Role::Courier | Role::Resident | Role::Unspecified);
        staff.then(|| Action {
            district_id: told.district_id,
            at: told.at,
            actor_id,
            actor_role: changed.actor_role().as_str_name().to_owned(),
            act: changed.transition.clone(),
            subject: changed.ticket_id.clone(),
            detail: json!({
                "sequence": changed.sequence,
                "from": changed.from_state().as_str_name(),
                "to": changed.to_state().as_str_name(),
                "text": changed.text,
            }),
        })
    };
    let actions: Vec<Action> = told.iter().filter_map(action).collect();
    Ok(store::audit::keep(connection, &actions).await?)
}
