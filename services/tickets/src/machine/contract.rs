//! The state table as the contract tells it: comments of ticket.proto are the API documentation, and the last part of each that
//! the table has something to say to is this text.
use std::{collections::BTreeSet, fs, path::Path};

use super::{Act, State, TRANSITIONS, To, Transition, When, document::to_words, table::OPEN, timers_of};

const BY_PEOPLE: &str = "流转 Transitions:";
const BY_TIME: &str = "到时自动流转 What time does by itself:";
const STATES: &str = "状态与时限 States and their timers:";

/// The contract with each of these parts as the table has it.
fn renewed(contract: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in contract.lines() {
        let part = part_before(line.trim());
        if let Some(head) = part.first() {
            let comment = lines.iter().rposition(|line| !line.trim_start().starts_with("//")).map_or(0, |at| at + 1);
            let begin = lines[comment..].iter().position(|line| line.trim_start() == format!("// {head}"));
            lines.truncate(begin.map_or(lines.len(), |begin| comment + begin));
            let indent = &line[..line.len() - line.trim_start().len()];
            lines.extend(part.iter().map(|text| format!("{indent}// {text}")));
        }
        lines.push(line.to_owned());
    }
    lines.join("\n") + "\n"
}

/// What the table says of the thing that begins in this line.
fn part_before(line: &str) -> Vec<String> {
    if let Some(name) = line.strip_prefix("rpc ").and_then(|rest| rest.split('(').next()) {
        return part_of(name);
    }
    match line {
        "service TicketService {" => {
            let rows = TRANSITIONS.iter().filter(|row| matches!(row.act, Act::Expire(_)));
            std::iter::once(BY_TIME.to_owned()).chain(rows.flat_map(row_lines)).collect()
        }
        "enum State {" => {
            std::iter::once(STATES.to_owned()).chain(State::ALL.iter().map(|state| state_line(*state))).collect()
        }
        _ => Vec::new(),
    }
}

fn part_of(name: &str) -> Vec<String> {
    let rows: Vec<_> = rows_of(name).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![BY_PEOPLE.to_owned()];
    lines.extend(rows.into_iter().flat_map(row_lines));
    let refusals = refusals(name);
    if !refusals.is_empty() {
        let told = |words: fn(&str) -> &'static str, join| {
            refusals.iter().rev().map(|refusal| format!("{} {refusal}", words(refusal))).collect::<Vec<_>>().join(join)
        };
        lines.push(format!("否则拒绝：{}。", told(|refusal| refusal_words(refusal).0, "；")));
        lines.push(format!("Else refused: {}.", told(|refusal| refusal_words(refusal).1, ", ")));
    }
    lines
}

fn rows_of(name: &str) -> impl Iterator<Item = &'static Transition> {
    TRANSITIONS.iter().filter(move |row| rpc(row.act).as_deref() == Some(name))
}

/// The RPC by which people do it; none for what time does.
fn rpc(act: Act) -> Option<String> {
    match act {
        Act::Expire(_) => None,
        Act::RuleDepartment | Act::RuleCommunity => Some("Rule".to_owned()),
        Act::CheckPassed | Act::CheckFailed => Some("Check".to_owned()),
        Act::RateSatisfied | Act::RateDissatisfied => Some("Rate".to_owned()),
        Act::TakeIn => Some("Merge".to_owned()),
        Act::CouncilReopens | Act::CouncilKeeps | Act::CouncilCloses => Some("RecordResolution".to_owned()),
        act => Some(format!("{act:?}")),
    }
}

/// The reasons with which the table refuses it.
fn refusals(name: &str) -> BTreeSet<&'static str> {
    let holds_else = |when| rows_of(name).any(|row| Some(row.when) == opposite(when));
    let of_row = |row: &Transition| match row.when {
        _ if row.from.is_empty() => vec![],
        When::OwnWork => vec!["STATE_CONFLICT", "NOT_THE_HANDLER"],
        When::NotMediated => vec!["STATE_CONFLICT", "ALREADY_MEDIATED"],
        when if when == When::Always || holds_else(when) => vec!["STATE_CONFLICT"],
        _ => vec!["STATE_CONFLICT", "CONDITION_NOT_MET"],
    };
    rows_of(name).flat_map(of_row).collect()
}

/// What holds wherever this does not.
fn opposite(when: When) -> Option<When> {
    match when {
        When::FirstTime => Some(When::Again),
        When::Again => Some(When::FirstTime),
        When::NoCoReports => Some(When::CoReports),
        When::CoReports => Some(When::NoCoReports),
        _ => None,
    }
}

fn refusal_words(refusal: &str) -> (&'static str, &'static str) {
    match refusal {
        "STATE_CONFLICT" => ("状态不符", "another state"),
        "NOT_THE_HANDLER" => ("由他人处置", "another handler"),
        "ALREADY_MEDIATED" => ("已调解过一次", "mediated before"),
        _ => ("条件不符", "a condition that does not hold"),
    }
}

/// A transition in Chinese, and below it in English.
fn row_lines(row: &Transition) -> [String; 2] {
    let (zh, en) = row.when.words();
    let (when_zh, when_en) = match row.when {
        When::Always => (String::new(), String::new()),
        _ => (format!("（{zh}）"), format!(" ({en})")),
    };
    let (timer_zh, timer_en) = match row.act {
        Act::Expire(timer) => (format!("{}时限到，", timer.zh()), format!("timer {}, ", timer.code())),
        _ => (String::new(), String::new()),
    };
    let (to_zh, to_en) = to(row);
    [
        format!(
            "- {} {timer_zh}{}{to_zh}{when_zh}：{}。",
            row.id,
            from(row, State::zh, "、", ("新上报", "未结束")),
            row.zh
        ),
        format!("{timer_en}{}{to_en}{when_en}: {}.", from(row, State::code, ", ", ("new", "any open state")), row.en),
    ]
}

fn from(row: &Transition, word: fn(State) -> &'static str, join: &str, (new, open): (&str, &str)) -> String {
    match row.from {
        [] => new.to_owned(),
        states if states == OPEN => open.to_owned(),
        states => states.iter().map(|state| word(*state)).collect::<Vec<_>>().join(join),
    }
}

fn to(row: &Transition) -> (String, String) {
    let zh = match row.to {
        To::State(state) => state.zh(),
        To::Stay => return ("，状态不变".to_owned(), ", unchanged".to_owned()),
        To::Origin => "挂起前的状态",
        To::Work => "社区自办或处置中，即原办理处",
    };
    (format!(" → {zh}"), format!(" → {}", to_words(row)))
}

fn state_line(state: State) -> String {
    let timers = timers_of(state).iter().map(|timer| format!("{} {}", timer.zh(), timer.code()));
    let timers = timers.collect::<Vec<_>>().join("、");
    format!("- {} {}：{}", state.code(), state.zh(), if timers.is_empty() { "已结束 ended" } else { &timers })
}

#[test]
fn the_contract_tells_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/hemei/tickets/v1/ticket.proto");
    let written = fs::read_to_string(&path).unwrap();
    let told = renewed(&written);
    if std::env::var_os("HEMEI_WRITE_DOCS").is_some() {
        fs::write(&path, &told).unwrap();
    } else {
        let differ = written.lines().zip(told.lines()).find(|(written, told)| written != told);
        assert!(
            written == told,
            "ticket.proto differs from the table at {differ:?}: HEMEI_WRITE_DOCS=1 cargo test -p tickets --lib machine"
        );
    }
    let parts = [BY_PEOPLE, BY_TIME, STATES].map(|head| told.matches(head).count());
    let rpcs: BTreeSet<_> = TRANSITIONS.iter().filter_map(|row| rpc(row.act)).collect();
    assert_eq!(parts, [rpcs.len(), 1, 1], "every RPC that moves a ticket, the timers and the states");
}

#[test]
fn an_rpc_lists_the_refusals_of_its_rows_and_no_other_condition() {
    for row in TRANSITIONS {
        let Some(name) = rpc(row.act) else { continue };
        let method = &proto::methods()[&format!("/hemei.tickets.v1.TicketService/{name}")];
        let listed: BTreeSet<_> = method.access.iter().flat_map(|access| &access.reasons).map(String::as_str).collect();
        let refusals = refusals(&name);
        assert!(refusals.is_subset(&listed), "{name} refuses with {refusals:?}");
        assert_eq!(listed.contains("CONDITION_NOT_MET"), refusals.contains("CONDITION_NOT_MET"), "{name}");
    }
}
