//! Messages that leave the building, in Chinese; with the sandbox on they stay inside.
use std::{collections::HashMap, sync::Arc};

use chassis::{
    cache::Cache,
    clock::instant,
    consumer::{Consumer, Effect, payload, span},
    faults::Fault,
    feed::Source,
    sandbox::{self, Message},
};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{events::v1::Event, tickets::v1::TicketChanged};
use uuid::Uuid;

use crate::{
    Tickets,
    store::{self, notice::Facts},
    wire,
};

/// What is older is told to nobody any more: after a long stop, or when an installation is filled with the past.
const NEWS: TimeDelta = TimeDelta::hours(1);

/// Turns this service's own events into messages; one may be sent twice after a crash, none is lost.
pub fn notices_consumer(tickets: &Arc<Tickets>, cache: Cache) -> Consumer {
    let source = Source::Local(tickets.pool.clone(), crate::NAME);
    let (pool, tickets) = (tickets.pool.clone(), tickets.clone());
    let effect = Effect::Before(Arc::new(move |events| {
        let (tickets, cache) = (tickets.clone(), cache.clone());
        Box::pin(async move { send_all(&tickets, &cache, events).await })
    }));
    Consumer { pool, schema: crate::NAME, producer: "tickets", purpose: ".notices", source, effect }
}

/// A change that is news, with the ids in it.
struct News<'a> {
    event: &'a Event,
    changed: TicketChanged,
    at: DateTime<Utc>,
    district: Uuid,
    id: Uuid,
}

/// One query for the facts of all, one round trip for their messages.
async fn send_all(tickets: &Tickets, cache: &Cache, events: &[Event]) -> Result<(), Fault> {
    let news = news(events, tickets.clock.now() - NEWS)?;
    if news.is_empty() {
        return Ok(());
    }
    let (districts, ids): (Vec<_>, Vec<_>) = news.iter().map(|news| (news.district, news.id)).unzip();
    let facts = store::notice::facts(&tickets.pool, &districts, &ids).await?;
    let facts: HashMap<_, _> = facts.iter().map(|facts| ((facts.district_id, facts.ticket_id), facts)).collect();
    tickets.categories.ensure(&tickets.pool).await?;
    let told = |news: &News<'_>| {
        let facts = facts.get(&(news.district, news.id))?;
        span(news.event, "notice").in_scope(|| message(tickets, news, facts))
    };
    sandbox::push_all(cache, &news.iter().filter_map(told).collect::<Vec<_>>()).await
}

/// The changes since an instant.
fn news(events: &[Event], since: DateTime<Utc>) -> Result<Vec<News<'_>>, Fault> {
    let mut news = Vec::new();
    for event in events {
        let Some(changed) = payload::<TicketChanged>(event)? else { continue };
        let at = event.at.as_ref().and_then(instant).unwrap_or_default();
        if at >= since {
            let district = event.district_id.parse().map_err(Fault::internal)?;
            let id = changed.ticket_id.parse().map_err(Fault::internal)?;
            news.push(News { event, changed, at, district, id });
        }
    }
    Ok(news)
}

/// The message about one change, where anybody waits for it.
fn message(tickets: &Tickets, news: &News<'_>, ticket: &Facts) -> Option<Message> {
    let changed = &news.changed;
    let category = tickets.categories.known(news.district, &changed.category_code);
    let category = category.map_or_else(|| changed.category_code.clone(), |category| category.name.clone());
    let what = format!("{}：{category}", changed.number);
    let street = format!("{}联络群", ticket.subdistrict_name.as_deref().unwrap_or("街道"));
    let department = format!("{}工作群", ticket.department_name.as_deref().unwrap_or("牵头部门"));
    let (coordinators, reporter) = ("区级协调群".to_owned(), ticket.reporter_name.clone().unwrap_or_default());
    let minutes = tickets.settings.claim_minutes;
    let claim_by = wire::local(ticket.claim_by, "%H:%M");
    let resolve_by = wire::local(ticket.resolve_by.unwrap_or_default(), "%m月%d日 %H:%M");
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
        _ => return None,
    };
    Some(Message::new(news.at, channel, &to, &text, None))
}
