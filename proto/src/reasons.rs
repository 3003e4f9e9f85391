//! Every reason the suite refuses with, and its texts for people, from `reasons.toml`.
use std::{collections::BTreeMap, sync::LazyLock};

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
