//! Messages that leave the building, in Chinese; with the sandbox on they stay inside.
use std::sync::Arc;

use chassis::{
    cache::Cache,
    clock::instant,
    consumer::{Apply, Consumer, payload, span},
    faults::Fault,
    feed::Source,
    sandbox,
};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use proto::{events::v1::Event, tickets::v1::TicketChanged};
use tracing::Instrument;
use uuid::Uuid;

use crate::{Tickets, store};

/// What is older is told to nobody any more: after a long stop, or when an installation is filled with the past.
const NEWS: TimeDelta = TimeDelta::hours(1);

/// Turns this service's own events into messages; one may be sent twice after a crash, none is lost.
pub fn notices_consumer(tickets: &Arc<Tickets>, cache: Cache) -> Consumer {
    let source = Source::Local(tickets.pool.clone(), crate::NAME);
    let (pool, tickets) = (tickets.pool.clone(), tickets.clone());
    let apply: Apply = Arc::new(move |_, events| {
        let (tickets, cache) = (tickets.clone(), cache.clone());
        Box::pin(async move { send_all(&tickets, &cache, events).await })
    });
    Consumer { pool, schema: crate::NAME, producer: "tickets", purpose: ".notices", source, apply }
}

async fn send_all(tickets: &Tickets, cache: &Cache, events: &[Event]) -> Result<(), Fault> {
    for event in events {
        let Some(changed) = payload::<TicketChanged>(event)? else { continue };
        let at = event.at.as_ref().and_then(instant).unwrap_or_default();
        if at < tickets.clock.now() - NEWS {
            continue;
        }
        let told = async {
            if let Some(Message { channel, to, text }) = message(tickets, event, &changed).await? {
                sandbox::push(cache, channel, &to, &text, None, at).await?;
            }
            Ok::<(), Fault>(())
        };
        told.instrument(span(event, "notice")).await?;
    }
    Ok(())
}

struct Message {
    channel: &'static str,
    to: String,
    text: String,
}

/// The message about one change, where anybody waits for it.
async fn message(tickets: &Tickets, event: &Event, changed: &TicketChanged) -> Result<Option<Message>, Fault> {
    let district: Uuid = event.district_id.parse().map_err(Fault::internal)?;
    let id: Uuid = changed.ticket_id.parse().map_err(Fault::internal)?;
    let Some(ticket) = store::ticket::get(&tickets.pool, district, id).await? else { return Ok(None) };
    let category = tickets.categories.find(&tickets.pool, district, &changed.category_code).await?;
    let category = category.map_or_else(|| changed.category_code.clone(), |category| category.name.clone());
    let street = store::place::subdistrict_name(&tickets.pool, district, &changed.place_path).await?;
    let what = format!("{}：{category}", changed.number);
    let street = format!("{}联络群", street.as_deref().unwrap_or("街道"));
    let department = format!("{}工作群", ticket.department_name.as_deref().unwrap_or("牵头部门"));
    let (coordinators, reporter) = ("区级协调群".to_owned(), ticket.reporter_name.clone().unwrap_or_default());
    let minutes = tickets.settings.claim_minutes;
    let (claim_by, resolve_by) = (local(Some(ticket.claim_by), "%H:%M"), local(ticket.resolve_by, "%m月%d日 %H:%M"));
    let (channel, to, text) = match changed.transition.as_str() {
        "T1" => ("wecom", street, format!("新工单 {what}，请 {minutes} 分钟内认领（{claim_by} 前）")),
        "T3" => ("wecom", coordinators, format!("工单 {what}，到时无人认领，已转协调定责")),
        "T6" => ("wecom", department, format!("工单 {what}，已派遣至贵单位，请于 {resolve_by} 前办结")),
        "T14" => ("app", reporter, format!("您上报的 {what}，已处置，请评价是否满意")),
        "T15" => (
            "wecom",
            department,
            format!("督办：工单 {what}，已超过处置时限（第 {} 次），请立即处理", ticket.escalation_step),
        ),
        "T20" => ("wecom", department, format!("工单 {what}，上报人不满意，请于 {resolve_by} 前整改")),
        "T21" => ("wecom", coordinators, format!("工单 {what}，上报人再次不满意，已转协调定责")),
        _ => return Ok(None),
    };
    Ok(Some(Message { channel, to, text }))
}

fn local(at: Option<DateTime<Utc>>, format: &str) -> String {
    let (at, offset) = (at.unwrap_or_default(), FixedOffset::east_opt(8 * 3600));
    offset.map(|offset| at.with_timezone(&offset).format(format).to_string()).unwrap_or_default()
}
