//! The transitions of the governance loop: what they are asked with. A ticket that stands elsewhere refuses with 409, which
//! shows as well that the caller was let in.
use anyhow::{Context, Result};
use hemei_tests::{Answer, Client, Person};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Whose, World};

pub async fn ask(world: &World, rpc: &str, person: &Person, me: &Client, whose: Whose) -> Result<Option<Answer>> {
    let method = proto::methods().values().find(|method| method.path.ends_with(rpc)).context("method")?;
    let Some(proto::google::api::http_rule::Pattern::Post(path)) = method.http.clone().and_then(|rule| rule.pattern)
    else {
        anyhow::bail!("{rpc} is missing from the matrix: say here how to ask it");
    };
    let access = method.access.clone().context("access")?;
    let of_reporter = access.signed_in != 0;
    let ticket = match person.role.as_str() {
        "department_handler" if !of_reporter => world.dispatched(person, whose).await?,
        _ => world.ticket(person, whose, of_reporter).await?,
    };
    me.post(&path.replace("{ticket_id}", &ticket), &body(world, rpc)?).await.map(Some)
}

fn body(world: &World, rpc: &str) -> Result<Value> {
    let later = "2099-01-01T00:00:00+08:00";
    Ok(match rpc.rsplit('/').next().unwrap_or_default() {
        "Classify" => json!({"category_code": "10001"}),
        "Merge" => json!({"parent_ticket_id": Uuid::now_v7()}),
        "FileStatement" | "AddEvidence" | "Resolve" => json!({"text": "测试"}),
        "Check" => json!({"passed": true}),
        "RequestPause" => json!({"reason_code": "WEATHER", "text": "大雪", "until": later}),
        "Mediate" => json!({"mediation_case_id": Uuid::now_v7(), "until": later, "consent": true}),
        "PutOff" => json!({"reason": "资金未到位", "review_at": later}),
        "HandToCommunity" | "FinishPart" | "Pause" | "Reopen" => json!({"text": ""}),
        "ConfirmInvalid" => json!({}),
        "InviteParties" => {
            let department = world.one("department_handler", &world.home)?.department_id;
            json!({"department_ids": [department], "text": "归谁管理"})
        }
        "RecordResolution" => {
            let held_on = chassis::clock::Clock::System.today();
            json!({"resolution": {"decision": "REOPEN", "text": "重新办理", "held_on": held_on}})
        }
        _ => json!({"reason": "测试"}),
    })
}
