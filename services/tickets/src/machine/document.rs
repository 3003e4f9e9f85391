//! The state table as people read it: docs/tickets.md is this text.
use std::fmt::Write as _;

use super::{Act, State, TRANSITIONS, Timer, To, Transition, timers_of};

const HEAD: &str = "# 工单：状态、流转、时限 (tickets: states, transitions, timers)

This page is written from the state table in `services/tickets/src/machine/table.rs`; a test fails when they differ.
Renew it with `HEMEI_WRITE_DOCS=1 cargo test -p tickets --lib machine`, which renews the transitions in the comments of
`proto/hemei/tickets/v1/ticket.proto` too: they are the API documentation.

";

/// The page.
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## 状态图 (diagram)\n\n```mermaid\nstateDiagram-v2\n");
    for row in TRANSITIONS {
        for (from, to) in moves(row) {
            let _ = writeln!(page, "    {from} --> {to}: {}", row.id);
        }
    }
    page.push_str("```\n\n## 状态 (states)\n\n| code | 中文 | timers that run in it |\n|---|---|---|\n");
    for &state in State::ALL {
        let timers: Vec<_> = timers_of(state).iter().map(|timer| timer.code()).collect();
        let _ = writeln!(page, "| {} | {} | {} |", state.code(), state.zh(), timers.join(", "));
    }
    page.push_str("\n## 流转 (transitions)\n\n| # | from | to | who or what | condition | 中文 | English |\n|---|---|---|---|---|---|---|\n");
    for row in TRANSITIONS {
        let from: Vec<_> = row.from.iter().map(|state| state.code()).collect();
        let condition = row.when.words().1;
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {condition} | {} | {} |",
            row.id,
            from.join(", "),
            to_words(row),
            act_words(row.act),
            row.zh,
            row.en
        );
    }
    page.push_str("\n## 时限 (timers)\n\n| code | 中文 |\n|---|---|\n");
    for timer in Timer::ALL {
        let _ = writeln!(page, "| {} | {} |", timer.code(), timer.zh());
    }
    page
}

fn moves(row: &Transition) -> Vec<(&'static str, &'static str)> {
    let targets: Vec<&'static str> = match row.to {
        To::State(state) => vec![state.code()],
        To::Stay => vec![],
        To::Origin => vec![State::Claimed.code(), State::Community.code(), State::InProgress.code()],
        To::Work => vec![State::Community.code(), State::InProgress.code()],
    };
    let sources: Vec<&'static str> =
        if row.from.is_empty() { vec!["[*]"] } else { row.from.iter().map(|state| state.code()).collect() };
    sources.iter().flat_map(|&from| targets.iter().map(move |&to| (from, to))).collect()
}

pub(super) fn to_words(row: &Transition) -> &'static str {
    match row.to {
        To::State(state) => state.code(),
        To::Stay => "stays",
        To::Origin => "where the pause began",
        To::Work => "COMMUNITY or IN_PROGRESS, where the work was done",
    }
}

fn act_words(act: Act) -> String {
    match act {
        Act::Expire(timer) => format!("timer {}", timer.code()),
        act => format!("{act:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_document_is_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tickets.md");
        if std::env::var_os("HEMEI_WRITE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, document()).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == document(),
            "docs/tickets.md differs from the table: HEMEI_WRITE_DOCS=1 cargo test -p tickets --lib machine"
        );
    }
}
