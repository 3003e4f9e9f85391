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
        let facts = facts.get(&(news.district, news.id)).copied();
        span(news.event, "notice").in_scope(|| facts.map(|facts| messages(tickets, news, facts)).unwrap_or_default())
    };
    sandbox::push_all(cache, &news.iter().flat_map(told).collect::<Vec<_>>()).await
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

/// The rows whose message the co-reporters hear too.
const FOR_ALL_REPORTERS: [&str; 6] = ["T14", "T4b", "T16", "T22", "T23", "T30"];

/// The messages about one change: to who waits for it, and what became of it to everybody who reported the same.
fn messages(tickets: &Tickets, news: &News<'_>, facts: &Facts) -> Vec<Message> {
    let Some(first) = message(tickets, news, facts) else { return Vec::new() };
    let for_all = FOR_ALL_REPORTERS.contains(&news.changed.transition.as_str());
    // only the reporter rates
    let text = first.text.replace("，请评价是否满意", "");
    let others = facts.co_reporter_names.iter().filter(|_| for_all);
    let others: Vec<_> = others.map(|name| Message::new(news.at, "app", name, &text, None)).collect();
    [vec![first], others].concat()
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
    let minutes = (ticket.claim_by - news.at).num_minutes();
    let claim_by = wire::local(ticket.claim_by, "%H:%M");
    let resolve_by = wire::local(ticket.resolve_by.unwrap_or_default(), "%m月%d日 %H:%M");
    let because = if changed.text.is_empty() { String::new() } else { format!("：{}", changed.text) };
    let (channel, to, text) = match changed.transition.as_str() {
        "T1" => ("wecom", street, format!("新工单 {what}，请 {minutes} 分钟内认领（{claim_by} 前）")),
        "T3" => ("wecom", coordinators, format!("工单 {what}，到时无人认领，已转协调定责")),
        "T4" => ("wecom", street, format!("工单 {what}，已交社区自办，请于 {resolve_by} 前办结")),
        "T5" => ("wecom", street, format!("工单 {what}，社区上交街道，请重新派遣{because}")),
        "T6" => ("wecom", department, format!("工单 {what}，已派遣至贵单位，请于 {resolve_by} 前办结")),
        "T7" => ("wecom", street, format!("提醒街道负责人：工单 {what}，认领后未按时派遣")),
        "T8" => ("wecom", coordinators, format!("工单 {what}，责任不清或久未派遣，请协调定责{because}")),
        "T10" => ("wecom", department, format!("工单 {what}，到时未签收，视为签收，请于 {resolve_by} 前办结")),
        "T11" => ("wecom", coordinators, format!("工单 {what}，部门书面退回，请协调定责{because}")),
        "T12" => (
            "wecom",
            department,
            format!("裁定：工单 {what}，由贵单位牵头，具约束力，请于 {resolve_by} 前办结{because}"),
        ),
        "T13" => ("wecom", department, format!("兜底：工单 {what}，协调超时，由贵单位承办，请于 {resolve_by} 前办结")),
        "T13b" => ("wecom", coordinators, format!("报区值班领导：工单 {what}，协调超时且无兜底部门")),
        "T14" | "T4b" => ("app", reporter, format!("您上报的 {what}，已处置，请评价是否满意")),
        "T15" => (
            "wecom",
            department,
            format!("督办：工单 {what}，已超过处置时限（第 {} 次），请立即处理", ticket.escalation_step),
        ),
        "T16" | "T30" => {
            ("app", reporter, format!("您上报的 {what}，经批准暂时挂起，处置时限顺延至 {resolve_by}{because}"))
        }
        "T17" => ("wecom", department, format!("工单 {what}，恢复办理，请于 {resolve_by} 前办结")),
        "T18" => ("wecom", department, format!("工单 {what}，核查不通过，请于 {resolve_by} 前整改{because}")),
        "T20" => ("wecom", department, format!("工单 {what}，上报人不满意，请于 {resolve_by} 前整改")),
        "T21" => ("wecom", coordinators, format!("工单 {what}，上报人再次不满意，已转协调定责")),
        "T22" => ("app", reporter, format!("您上报的 {what}，核查通过，因未评价已结案；7 天内复发可重新提出")),
        "T22b" => ("wecom", street, format!("提醒核查人负责人：工单 {what}，到时仍未核查")),
        "T23" => ("app", reporter, format!("您上报的 {what}，暂缓办结{because}")),
        "T24" => ("wecom", coordinators, format!("工单 {what}，复查日期已到，请重新协调")),
        "T25" => ("app", reporter, format!("您上报的 {what}，不予受理；72 小时内可申诉一次")),
        "T26" => ("wecom", coordinators, format!("工单 {what}，上报人申诉，请复核{because}")),
        "T27" => ("app", reporter, format!("您上报的 {what}，已并入同一事项，办理结果将一并告知")),
        "T28" => ("wecom", department, format!("工单 {what}，结案后复发，请于 {resolve_by} 前办结")),
        _ => return None,
    };
    Some(Message::new(news.at, channel, &to, &text, None))
}
