//! What one message to a group says: a single line, or a digest of several, within the robot's limits.
use chrono::{DateTime, TimeDelta, Utc};

use crate::{machine::TRANSITIONS, wire::local, wording::REMINDED};

/// Bytes of a text, and of a markdown message.
pub const TEXT: usize = 2_048;
pub const MARKDOWN: usize = 4_096;
/// So many lines may wait before they become one message.
const SINGLE: usize = 3;

/// What is older waits for what is fresh, and is told with its day.
pub const LATE: TimeDelta = TimeDelta::minutes(10);
/// So many late lines would be told for most of an hour: nobody reads that any more, and they are told in one message that counts.
pub const BACKLOG: i64 = 10_000;

/// A line that waits.
#[derive(Clone, Debug)]
pub struct Line {
    pub message_id: i64,
    pub text: String,
    pub urgent: bool,
    pub at: DateTime<Utc>,
}

/// A message, and how many of the waiting lines it tells, from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub urgent: bool,
    pub content: String,
    pub lines: usize,
}

/// Waiting lines of one kind.
#[derive(Clone, Debug)]
pub struct Kind {
    pub kind: String,
    pub many: i64,
    pub urgent: bool,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// The next message of a group: its first line, or a digest where many wait or they come late. Order is kept.
pub fn next(waiting: &[Line], late: bool) -> Option<Message> {
    let first = waiting.first()?;
    if waiting.len() <= SINGLE && !late {
        let most = if first.urgent { TEXT } else { MARKDOWN };
        return Some(Message { urgent: first.urgent, content: cut(&first.text, most).to_owned(), lines: 1 });
    }
    // room for the head; a text holds less, and mentions people
    let urgent = waiting.iter().any(|line| line.urgent);
    let most = if urgent { TEXT } else { MARKDOWN } - 64;
    let (head, when) = if late { ("【补报】", "%m月%d日 %H:%M") } else { ("【汇总】", "%H:%M") };
    let mut content = String::new();
    let mut lines = 0;
    for line in waiting {
        let told = format!("\n{} {}", local(line.at, when), line.text);
        if content.len() + told.len() > most {
            if lines == 0 {
                content.push_str(cut(&told, most));
                lines = 1;
            }
            break;
        }
        content.push_str(&told);
        lines += 1;
    }
    Some(Message { urgent, content: format!("{head}{lines} 条{content}"), lines })
}

/// One message for a backlog: how many lines of each kind, all told by it.
pub fn counted(kinds: &[Kind]) -> Option<Message> {
    let many: i64 = kinds.iter().map(|kind| kind.many).sum();
    let first = kinds.iter().map(|kind| kind.first_at).min()?;
    let last = kinds.iter().map(|kind| kind.last_at).max()?;
    let when = |at| local(at, "%m月%d日 %H:%M");
    let mut content = format!("【补报】{} 至 {} 共 {many} 条，积压过多，不再逐条发送", when(first), when(last));
    for kind in kinds {
        content.push_str(&format!("\n{} {} 条", named(&kind.kind), kind.many));
    }
    content.push_str("\n逐条见工作台待办和各自的消息。");
    let content = cut(&content, TEXT).to_owned();
    Some(Message { urgent: kinds.iter().any(|kind| kind.urgent), content, lines: usize::try_from(many).ok()? })
}

/// What a kind of line is called.
fn named(kind: &str) -> &str {
    let reminder = REMINDED.iter().find(|(_, known, _)| *known == kind).map(|(_, _, zh)| *zh);
    let row = || TRANSITIONS.iter().find(|row| row.id == kind).map(|row| row.zh);
    reminder.or_else(row).unwrap_or(kind)
}

/// At most so many bytes, cut at a character.
pub fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(many: usize, text: &str) -> Vec<Line> {
        let line = |message_id| Line { message_id, text: text.into(), urgent: false, at: DateTime::UNIX_EPOCH };
        (0..many as i64).map(line).collect()
    }

    #[test]
    fn few_lines_go_one_by_one_and_many_as_a_digest() {
        assert_eq!(next(&[], false), None);
        assert_eq!(next(&lines(3, "工单"), false).unwrap().lines, 1);
        let digest = next(&lines(4, "工单"), false).unwrap();
        assert_eq!((digest.lines, digest.urgent), (4, false));
        assert!(digest.content.starts_with("【汇总】4 条\n08:00 工单"), "{}", digest.content);
        let late = next(&lines(1, "工单"), true).unwrap();
        assert_eq!((late.lines, late.content.as_str()), (1, "【补报】1 条\n01月01日 08:00 工单"));
    }

    #[test]
    fn a_backlog_is_counted_by_kind() {
        let kind = |kind: &str, many| Kind {
            kind: kind.into(),
            many,
            urgent: kind == "T15",
            first_at: DateTime::UNIX_EPOCH,
            last_at: DateTime::UNIX_EPOCH,
        };
        let told = counted(&[kind("T3", 49_998), kind("T15", 2), kind("BEFORE_CLAIM", 7)]).unwrap();
        assert_eq!((told.lines, told.urgent), (50_007, true));
        for part in ["共 50007 条", "到时无人认领，转协调定责 49998 条", "处置超时，升级督办 2 条", "认领时限将到 7 条"]
        {
            assert!(told.content.contains(part), "{}", told.content);
        }
        assert_eq!(counted(&[]), None);
    }

    #[test]
    fn no_message_is_longer_than_the_robot_takes_and_none_ends_within_a_character() {
        for (many, size) in [(1, 5_000), (4, 5_000), (60, 100), (60, 1)] {
            for (urgent, late) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut waiting = lines(many, &"雪".repeat(size));
                waiting[0].urgent = urgent;
                let message = next(&waiting, late).unwrap();
                let most = if message.urgent { TEXT } else { MARKDOWN };
                assert!(message.content.len() <= most && message.lines >= 1, "{} bytes", message.content.len());
            }
        }
        assert_eq!(cut("雪花", 4), "雪");
    }
}
