//! A member's month.
use chrono::Datelike;
use proto::incentives::v1;

use crate::ops::Statement;

/// What a kind of entry is called.
fn name(kind: &str) -> &'static str {
    match kind {
        "ACTIVATE" => "上报办结",
        "GRANT" => "参加活动",
        "RESERVE" => "兑换奖品",
        "RETURN" => "兑换取消或逾期退回",
        "TAKE_BACK" => "退回奖品",
        "EXPIRE" => "过期",
        "REVERSE" => "更正",
        _ => "其他",
    }
}

pub fn statement(statement: Statement) -> v1::Statement {
    let month = statement.first_day.month();
    let earned = statement.lines.iter().find(|line| line.kind == "ACTIVATE");
    let reports = earned.map_or_else(
        || format!("{month}月我还没有上报办结的问题"),
        |line| format!("{month}月我上报的{}件问题已办结，获得{}积分", line.entries, line.points),
    );
    let rank = statement.rank.map(|rank| format!("，全区第{rank}名")).unwrap_or_default();
    let lines = statement.lines.into_iter().map(|line| v1::statement::Line {
        name: name(&line.kind).to_owned(),
        kind: line.kind,
        entries: line.entries,
        points: line.points,
    });
    v1::Statement {
        month: statement.first_day.format("%Y-%m").to_string(),
        opening: statement.opening,
        closing: statement.closing,
        lines: lines.collect(),
        rank: statement.rank.unwrap_or_default(),
        share_text: format!("{reports}{rank}。和美家园，随手拍，一起让家园更好。"),
    }
}
