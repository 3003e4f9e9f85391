//! Every reason the suite refuses with, and its texts for people, from `reasons.toml`.
use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::Deserialize;

/// The texts of one reason. `{name}` stands for a fact of the refusal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The HTTP status it comes with.
    pub status: u16,
    pub zh: String,
    pub en: String,
    /// May come from any RPC, so no RPC lists it.
    #[serde(default)]
    pub general: bool,
}

static REASONS: LazyLock<BTreeMap<String, Text>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "compiled in: a broken file is a broken build")]
    toml::from_str(include_str!("../reasons.toml")).expect("reasons.toml parses")
});

/// All reasons by their stable code.
pub fn all() -> &'static BTreeMap<String, Text> {
    &REASONS
}

/// The text of a reason with its facts filled in; of an unknown one, that of `INTERNAL`.
pub fn fill(code: &str, english: bool, facts: &HashMap<String, String>) -> String {
    let Some(text) = all().get(code).or_else(|| all().get("INTERNAL")) else { return code.to_owned() };
    let mut text = if english { text.en.clone() } else { text.zh.clone() };
    for (name, value) in facts {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
