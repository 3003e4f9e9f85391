//! What members are told in their inbox about points that are soon lost and about their payouts; once, whatever is heard again.
use chassis::{clock::instant, consumer::payload, faults::Fault};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    events::v1::Event,
    finance::v1::{
        PayoutChanged,
        payout::{Method, State},
    },
    incentives::v1::PointsExpiring,
};
use sqlx::PgConnection;

use crate::{
    inbox::read_already,
    store::inbox::{NewWord, insert_words},
    wire::local,
};

/// Writes who will lose points soon, as incentives told it.
pub async fn tell_of_points(connection: &mut PgConnection, events: &[Event], now: DateTime<Utc>) -> Result<(), Fault> {
    let mut words = Vec::new();
    for event in events {
        let Some(told) = payload::<PointsExpiring>(event)? else { continue };
        let expires_at = told.expires_at.as_ref().and_then(instant);
        let expires_at = expires_at.ok_or_else(|| Fault::internal("PointsExpiring without expires_at"))?;
        words.push(word(event, ("incentives", &told.person_id), expiring(told.points, expires_at), now)?);
    }
    Ok(insert_words(connection, &words).await?)
}

/// Writes what became of payouts, as finance told it.
pub async fn tell_of_payouts(connection: &mut PgConnection, events: &[Event], now: DateTime<Utc>) -> Result<(), Fault> {
    let mut words = Vec::new();
    for event in events {
        let Some(told) = payload::<PayoutChanged>(event)? else { continue };
        if let Some(text) = paying(&told) {
            words.push(word(event, ("finance", &told.person_id), text, now)?);
        }
    }
    Ok(insert_words(connection, &words).await?)
}

fn word(
    event: &Event,
    (producer, person_id): (&str, &str),
    text: String,
    now: DateTime<Utc>,
) -> Result<NewWord, Fault> {
    let position = event.position.unwrap_or_default();
    let at = event.at.as_ref().and_then(instant).unwrap_or_default();
    Ok(NewWord {
        district_id: event.district_id.parse().map_err(Fault::internal)?,
        person_id: person_id.parse().map_err(Fault::internal)?,
        cause: format!("{producer} {}/{}", position.transaction_id, position.event_id),
        text,
        at,
        read_at: read_already(at, now),
    })
}

/// The day named is the last one on which they can be spent: the points end with its midnight.
fn expiring(points: i64, expires_at: DateTime<Utc>) -> String {
    let last_day = local(expires_at - TimeDelta::seconds(1), "%-m月%-d日");
    format!("您有 {points} 分将于 {last_day}到期，请及时兑换")
}

/// None: nothing that its member must know.
fn paying(told: &PayoutChanged) -> Option<String> {
    let what = format!("您的 {} 月度奖励 {}", month(&told.month), yuan(told.net_fen));
    let why = if told.reason.is_empty() { String::new() } else { format!("（{}）", told.reason) };
    match (told.state(), told.method()) {
        (State::Ready, method) if method != Method::Unspecified => {
            Some(format!("{what} 可以领取了，将按您选择的方式发放"))
        }
        (State::Ready, _) if why.is_empty() => Some(format!("{what} 可以领取了，请选择领取方式")),
        (State::Ready, _) => Some(format!("{what} 可以重新领取了{why}，请选择领取方式")),
        (State::Sent, Method::Wechat) => Some(format!("{what} 请在 24 小时内在微信中确认收款")),
        (State::Paid, _) => Some(format!("{what} 已发放")),
        (State::Returned, _) => Some(format!("{what} 未能领取，已退回{why}，稍后可重新领取")),
        (State::Sent | State::Waiting | State::Unspecified, _) => None,
    }
}

/// "2026年11月" of "2026-11".
fn month(text: &str) -> String {
    match text.split_once('-') {
        Some((year, month)) => format!("{year}年{}月", month.trim_start_matches('0')),
        None => text.to_owned(),
    }
}

fn yuan(fen: i64) -> String {
    format!("¥{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payout(state: State, method: Method, reason: &str) -> Option<String> {
        let (state, method) = (state.into(), method.into());
        let (month, net_fen, reason) = ("2026-03".into(), 10_005, reason.into());
        paying(&PayoutChanged { month, net_fen, state, method, reason, ..PayoutChanged::default() })
    }

    #[test]
    fn a_member_is_told_what_to_do_and_nothing_else() {
        let none = Method::Unspecified;
        let says = |state, method, reason, words: &str| {
            assert_eq!(payout(state, method, reason).unwrap(), format!("您的 2026年3月 月度奖励 ¥100.05 {words}"));
        };
        says(State::Ready, none, "", "可以领取了，请选择领取方式");
        says(State::Ready, none, "户名不符", "可以重新领取了（户名不符），请选择领取方式");
        says(State::Ready, Method::InPerson, "", "可以领取了，将按您选择的方式发放");
        says(State::Sent, Method::Wechat, "", "请在 24 小时内在微信中确认收款");
        says(State::Paid, Method::Bank, "", "已发放");
        says(State::Returned, none, "转账已撤销", "未能领取，已退回（转账已撤销），稍后可重新领取");
        says(State::Returned, none, "", "未能领取，已退回，稍后可重新领取");
        let silent = [(State::Waiting, none), (State::Sent, Method::Bank), (State::Unspecified, none)];
        assert!(silent.into_iter().all(|(state, method)| payout(state, method, "").is_none()));
    }

    #[test]
    fn points_name_the_last_day_on_which_they_can_be_spent() {
        let midnight = "2026-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(expiring(30, midnight), "您有 30 分将于 12月31日到期，请及时兑换");
    }
}
