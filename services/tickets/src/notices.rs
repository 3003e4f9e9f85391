//! Messages that leave the building, in Chinese; with the sandbox on they stay inside.
use std::{collections::HashMap, sync::Arc, time::Duration};

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
    audience::holder,
    store::{self, notice::Facts},
    wording::{Audience, Filling},
};

/// What is older is told to nobody any more: after a long stop, or when an installation is filled with the past.
const NEWS: TimeDelta = TimeDelta::hours(1);

/// Long enough for a crowd's messages to share a round trip.
const GATHER: Duration = Duration::from_millis(200);

/// Turns this service's own events into messages; one may be sent twice after a crash, none is lost.
pub fn notices_consumer(tickets: &Arc<Tickets>, cache: Cache) -> Consumer {
    let source = Source::Local(tickets.outbox.clone());
    let (pool, tickets) = (tickets.pool.clone(), tickets.clone());
    let effect = Effect::Before(Arc::new(move |events| {
        let (tickets, cache) = (tickets.clone(), cache.clone());
        Box::pin(async move { send_all(&tickets, &cache, events).await })
    }));
    Consumer { pool, schema: crate::NAME, producer: "tickets", purpose: ".notices", source, effect, gather: GATHER }
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

/// The messages about one change: to who waits for it, and what became of it to everybody who reported the same.
fn messages(tickets: &Tickets, news: &News<'_>, facts: &Facts) -> Vec<Message> {
    let filling = filling(tickets, &news.changed, (news.district, news.at), facts);
    let terms = tickets.terms.of(news.district);
    let mut messages = Vec::new();
    for wording in terms.wordings.of(&news.changed.transition) {
        let [theirs, text] = filling.heard(&wording.words);
        for (channel, to) in addressees(wording.audience, &news.changed, facts) {
            messages.push(Message::new(news.at, channel, &to, &theirs, None));
        }
        if matches!(wording.audience, Audience::Reporters | Audience::CoReporters) && !text.is_empty() {
            let others = facts.co_reporter_names.iter();
            messages.extend(others.map(|name| Message::new(news.at, "app", name, &text, None)));
        }
    }
    messages
}

/// The channel and the name of each group or person that an audience is.
fn addressees(audience: Audience, changed: &TicketChanged, facts: &Facts) -> Vec<(&'static str, String)> {
    let name = |name: &Option<String>, kind: &str, else_: &str| format!("{}{kind}", name.as_deref().unwrap_or(else_));
    let one = match audience {
        Audience::Street => ("wecom", name(&facts.subdistrict_name, "联络群", "街道")),
        Audience::Community => ("wecom", name(&facts.community_name, "工作群", "社区")),
        Audience::Department => ("wecom", name(&facts.department_name, "工作群", "牵头部门")),
        Audience::Assisting => {
            return facts.assisting_names.iter().map(|name| ("wecom", format!("{name}工作群"))).collect();
        }
        Audience::Invited => {
            let asked = facts.invited_ids.iter().zip(&facts.invited_names);
            let asked = asked.filter(|(id, _)| changed.invited.contains(&id.to_string()));
            return asked.map(|(_, name)| ("wecom", format!("{name}工作群"))).collect();
        }
        // everybody else who reported it hears it beside the reporter
        Audience::CoReporters => return Vec::new(),
        Audience::Coordinators | Audience::Leaders => ("wecom", "区级协调群".to_owned()),
        Audience::Heads if holder(changed) == Some(Audience::Checker) => {
            return addressees(Audience::Street, changed, facts);
        }
        Audience::Holder | Audience::Heads => {
            return holder(changed).map(|holder| addressees(holder, changed, facts)).unwrap_or_default();
        }
        Audience::Reporter | Audience::Reporters => ("app", name(&facts.reporter_name, "", "")),
        Audience::Checker => ("app", name(&facts.checker_name, "", "")),
    };
    vec![one]
}

/// How long an appeal may be made in a district.
pub fn appeal_hours(tickets: &Tickets, district: Uuid) -> i64 {
    tickets.terms.of(district).settings.appeal_minutes / 60
}

/// What stands in the place of the names in words about a change.
pub fn filling<'a>(
    tickets: &Tickets,
    changed: &'a TicketChanged,
    (district, at): (Uuid, DateTime<Utc>),
    facts: &'a Facts,
) -> Filling<'a> {
    let category = tickets.categories.known(district, &changed.category_code);
    let category = category.map_or_else(|| changed.category_code.clone(), |category| category.name.clone());
    Filling {
        what: format!("{}：{category}", changed.number),
        because: &changed.text,
        department: facts.department_name.as_deref().unwrap_or("牵头部门"),
        step: facts.escalation_step,
        at,
        claim_by: facts.claim_by,
        promised_by: facts.promised_by,
        resolve_by: facts.resolve_by,
        due_by: changed.due_at.as_ref().and_then(instant),
        answer_by: changed.invited_until.as_ref().and_then(instant),
        appeal_hours: appeal_hours(tickets, district),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::{Wordings, marks::heard};

    #[test]
    fn no_shipped_line_tells_a_co_reporter_what_only_the_reporter_may_do() {
        let shipped = Wordings::default();
        for may in ["请评价", "可申诉", "可重新提出"] {
            let lines: Vec<_> = shipped.all().into_iter().filter(|line| line.words.contains(may)).collect();
            assert!(!lines.is_empty(), "{may}");
            for line in lines {
                assert!(line.audience == Audience::Reporters && !heard(&line.words, false).contains(may), "{line:?}");
            }
        }
    }
}
