//! What the staff did.
use chassis::clock;
use proto::{api::v1::post::Role, incentives::v1};

use crate::store::audit::Logged;

pub fn action(action: Logged) -> v1::PointsAction {
    v1::PointsAction {
        action_id: action.audit_id,
        at: Some(clock::timestamp(action.at)),
        actor_id: action.actor_id.to_string(),
        actor_name: action.actor_name.unwrap_or_default(),
        actor_role: Role::from_str_name(&action.actor_role).unwrap_or_default().into(),
        act: action.act,
        subject: action.subject,
        detail: action.detail.to_string(),
    }
}
