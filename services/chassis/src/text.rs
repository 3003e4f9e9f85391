//! Texts that people type.

/// Whether a text of one line shows as what it is: no control characters, nothing that turns the direction of writing.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_a_text_is_not_plain() {
        for good in ["", "王小明", "O'Brien 12 号", "👩‍🔧"] {
            assert!(is_plain(good), "{good}");
        }
        for wrong in ["a\0", "a\nb", "\u{7f}", "\u{85}", "王\u{202e}明", "\u{202a}", "\u{2066}a\u{2069}"] {
            assert!(!is_plain(wrong), "{wrong:?}");
        }
    }
}
