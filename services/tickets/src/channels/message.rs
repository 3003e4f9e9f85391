//! What one message to a group says: a single line, or a digest of several, within the robot's limits.
use chrono::{DateTime, Utc};

use crate::wire::local;

/// Bytes of a text, and of a markdown message.
pub const TEXT: usize = 2_048;
pub const MARKDOWN: usize = 4_096;
/// So many lines may wait before they become one message.
const SINGLE: usize = 3;

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

/// The next message of a group: its first line, or a digest where many wait. Order is kept.
pub fn next(waiting: &[Line]) -> Option<Message> {
    let first = waiting.first()?;
    if waiting.len() <= SINGLE {
        let most = if first.urgent { TEXT } else { MARKDOWN };
        return Some(Message { urgent: first.urgent, content: cut(&first.text, most).to_owned(), lines: 1 });
    }
    // room for the head; a text holds less, and mentions people
    let urgent = waiting.iter().any(|line| line.urgent);
    let most = if urgent { TEXT } else { MARKDOWN } - 64;
    let mut content = String::new();
    let mut lines = 0;
    for line in waiting {
        let told = format!("\n{} {}", local(line.at, "%H:%M"), line.text);
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
    Some(Message { urgent, content: format!("【汇总】{lines} 条{content}"), lines })
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
        assert_eq!(next(&[]), None);
        assert_eq!(next(&lines(3, "工单")).unwrap().lines, 1);
        let digest = next(&lines(4, "工单")).unwrap();
        assert_eq!((digest.lines, digest.urgent), (4, false));
        assert!(digest.content.starts_with("【汇总】4 条\n08:00 工单"), "{}", digest.content);
    }

    #[test]
    fn no_message_is_longer_than_the_robot_takes_and_none_ends_within_a_character() {
        for (many, size) in [(1, 5_000), (4, 5_000), (60, 100), (60, 1)] {
            for urgent in [false, true] {
                let mut waiting = lines(many, &"雪".repeat(size));
                waiting[0].urgent = urgent;
                let message = next(&waiting).unwrap();
                let most = if message.urgent { TEXT } else { MARKDOWN };
                assert!(message.content.len() <= most && message.lines >= 1, "{} bytes", message.content.len());
            }
        }
        assert_eq!(cut("雪花", 4), "雪");
    }
}
