//! A case as one document: what was reported, what everybody did and said, and how it ended.
use std::fmt::Write;

use chassis::{access::Caller, faults::Fault};
use serde_json::json;
use uuid::Uuid;

use super::get_ticket;
use crate::{
    Tickets,
    machine::TRANSITIONS,
    store::{self, audit::Action, comment::Comment, event::Event},
    ticket::Ticket,
    wire::local,
};

/// The most events and comments in a document.
const MOST: i64 = 2_000;

/// The file's name and its HTML; the export is logged before it is handed out.
pub async fn export_case(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<(String, String), Fault> {
    let ticket = get_ticket(tickets, caller, ticket_id).await?;
    let (pool, now) = (&tickets.pool, tickets.clock.now());
    let events = store::event::list(pool, ticket.district_id, ticket_id, 0, MOST).await?;
    let from = (chrono::DateTime::UNIX_EPOCH, Uuid::nil());
    let comments = store::comment::list(pool, (ticket.district_id, ticket_id), from, MOST).await?;
    let action = Action {
        district_id: caller.district_id,
        at: now,
        actor_id: caller.person_id,
        actor_role: caller.role.as_str_name().to_owned(),
        act: "EXPORT_CASE".into(),
        subject: ticket_id.to_string(),
        detail: json!({"version": ticket.version}),
    };
    store::audit::keep(&mut *pool.acquire().await?, &[action]).await?;
    let category = tickets.categories.find(pool, ticket.district_id, &ticket.category_code).await?;
    let category = category.map_or_else(|| ticket.category_code.clone(), |category| category.name.clone());
    let made = local(now, "%Y-%m-%d %H:%M");
    let document = document(&ticket, (&category, &made), &events, &comments).map_err(Fault::internal)?;
    Ok((format!("{}.html", ticket.number), document))
}

const STYLE: &str = "body{font-family:'Noto Serif CJK SC',SimSun,serif;margin:2em;line-height:1.6}h1{font-size:1.4em}\
    table{border-collapse:collapse;width:100%;margin:1em 0}td,th{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top}\
    th{background:#eee;white-space:nowrap}@media print{body{margin:0}}";

fn document(
    ticket: &Ticket,
    (category, made): (&str, &str),
    events: &[Event],
    comments: &[Comment],
) -> Result<String, std::fmt::Error> {
    let mut html = String::with_capacity(8_192);
    let number = escaped(&ticket.number);
    write!(html, "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>案卷 {number}</title>")?;
    write!(html, "<style>{STYLE}</style></head><body><h1>工单案卷 {number}</h1><p>导出时间 {made}</p><table>")?;
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| local(at, "%Y-%m-%d %H:%M")).unwrap_or_default();
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let facts = [
        ("状态", ticket.state().zh().to_owned()),
        ("类别", format!("{} {category}", ticket.category_code)),
        ("地点", text(&ticket.place_full_name)),
        ("上报人", text(&ticket.reporter_name)),
        ("上报内容", ticket.text.clone()),
        ("拍摄时间", time(Some(ticket.captured_at))),
        ("收到时间", time(Some(ticket.received_at))),
        ("认领人", text(&ticket.claimer_name)),
        ("认领时间", time(ticket.claimed_at)),
        ("牵头部门", text(&ticket.department_name)),
        ("处置人", text(&ticket.handler_name)),
        ("处置时限", time(ticket.resolve_by)),
        ("承诺反馈", time(Some(ticket.promised_by))),
        ("处置结果", ticket.resolution_text.clone()),
        ("核查人", text(&ticket.checker_name)),
        ("结案时间", time(ticket.closed_at)),
        ("并案上报", ticket.others().count().to_string()),
        ("上报照片", ids(&ticket.report_media)),
        ("处置照片", ids(&ticket.resolution_media)),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        write!(html, "<tr><th>{name}</th><td>{}</td></tr>", escaped(value))?;
    }
    html.push_str("</table><h2>办理经过</h2><table><tr><th>时间</th><th>事项</th><th>人员</th><th>内容</th></tr>");
    for event in events {
        let row = TRANSITIONS.iter().find(|row| row.id == event.transition);
        let act = row.map_or(event.transition.as_str(), |row| row.zh);
        let who = event.actor_name.as_deref().unwrap_or(if event.timer.is_empty() { "" } else { "系统时限" });
        row_of(&mut html, [&local(event.at, "%m-%d %H:%M:%S"), act, who, &event.text])?;
    }
    html.push_str(
        "</table><h2>退回与内部留言</h2><table><tr><th>时间</th><th>事项</th><th>人员</th><th>内容</th></tr>",
    );
    for refused in ticket.refusals() {
        row_of(
            &mut html,
            [&local(refused.at, "%m-%d %H:%M:%S"), "部门退回", &refused.department_id.to_string(), &refused.text],
        )?;
    }
    for comment in comments {
        let photos = ids(&comment.media_ids);
        let text =
            if photos.is_empty() { comment.text.clone() } else { format!("{}（附件 {photos}）", comment.text) };
        row_of(
            &mut html,
            [&local(comment.at, "%m-%d %H:%M:%S"), "留言", comment.author_name.as_deref().unwrap_or(""), &text],
        )?;
    }
    html.push_str("</table></body></html>");
    Ok(html)
}

fn row_of(html: &mut String, cells: [&str; 4]) -> std::fmt::Result {
    html.push_str("<tr>");
    for cell in cells {
        write!(html, "<td>{}</td>", escaped(cell))?;
    }
    html.push_str("</tr>");
    Ok(())
}

fn ids(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(" ")
}

/// Text that a browser shows as it is.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, letter| {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push_str("<br>"),
            _ => safe.push(letter),
        }
        safe
    })
}
