//! What in words is for the reporter alone: `{reporter:，请评价是否满意}`. Who reported the same hears the rest.

/// What begins such a part.
const MARK: &str = "{reporter:";

/// The words as the reporter hears them, or as everybody else does.
pub fn heard(words: &str, by_reporter: bool) -> String {
    let mut heard = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once(MARK) {
        let (theirs, others) = after.split_at(end(after).unwrap_or(after.len()));
        heard.push_str(before);
        if by_reporter {
            heard.push_str(theirs);
        }
        rest = others.strip_prefix('}').unwrap_or(others);
    }
    heard + rest
}

/// Where a part ends: at the brace that none within it has opened; None where nothing ends it.
fn end(part: &str) -> Option<usize> {
    let mut open = 0;
    part.char_indices().find_map(|(at, letter)| match letter {
        '{' => {
            open += 1;
            None
        }
        '}' if open == 0 => Some(at),
        '}' => {
            open -= 1;
            None
        }
        _ => None,
    })
}

/// What is wrong with the marks of words.
pub fn fault(words: &str) -> Option<&'static str> {
    let mut rest = words;
    while let Some((_, after)) = rest.split_once(MARK) {
        let Some(end) = end(after) else { return Some("{reporter:…} must be closed") };
        if after[..end].contains(MARK) {
            return Some("{reporter:…} must not stand in another");
        }
        rest = &after[end..];
    }
    None
}

/// Whether they have any.
pub fn has_any(words: &str) -> bool {
    words.contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_hear_everything_but_what_is_the_reporters() {
        let words = "您上报的 {what}，不予受理{reporter:；{step} 小时内可申诉}{because}{reporter:。}";
        assert_eq!(heard(words, true), "您上报的 {what}，不予受理；{step} 小时内可申诉{because}。");
        assert_eq!(heard(words, false), "您上报的 {what}，不予受理{because}");
        assert_eq!((heard("无", true), heard("{reporter:仅您}", false)), ("无".into(), String::new()));
    }

    #[test]
    fn marks_are_closed_and_stand_in_no_other() {
        assert_eq!((fault("{reporter:可申诉 {what}}，{what}"), fault("{what}")), (None, None));
        assert_eq!(fault("不予受理{reporter:可申诉 {what}"), Some("{reporter:…} must be closed"));
        assert_eq!(fault("{reporter:可{reporter:申诉}}"), Some("{reporter:…} must not stand in another"));
    }
}
