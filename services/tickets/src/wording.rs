//! What is told to whom about a change: data that ships with the suite, and what a district says in its place.
pub mod marks;

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{machine::Timer, wire::local};

const SHIPPED: &str = include_str!("../data/wordings.csv");
const TIMELINE: &str = include_str!("../data/timeline.csv");

/// Who hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Audience {
    /// The liaisons of the street: who is on duty, else all; once it is claimed, who did.
    Street,
    Community,
    Department,
    /// The departments that help the lead.
    Assisting,
    Coordinators,
    /// Whose turn it is: the street, the community, the department, the coordinators or the checker.
    Holder,
    /// Who stands over them, so that never only the one hears who is late. No role is a head's: for the street it is all its liaisons
    /// and the coordinators, for a department all its handlers, for the coordinators the district's admins.
    Heads,
    /// Who answers for the whole district: its coordinators and its admins.
    Leaders,
    Reporter,
    /// The reporter and everybody who reported the same.
    Reporters,
    /// Everybody who reported the same, but the reporter.
    #[serde(rename = "CO_REPORTERS")]
    CoReporters,
    Checker,
    /// The departments that are asked for their statement.
    Invited,
}

impl Audience {
    pub const ALL: [Self; 13] = [
        Self::Street,
        Self::Community,
        Self::Department,
        Self::Assisting,
        Self::Coordinators,
        Self::Holder,
        Self::Heads,
        Self::Leaders,
        Self::Reporter,
        Self::Reporters,
        Self::CoReporters,
        Self::Checker,
        Self::Invited,
    ];

    /// The one of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.code() == code)
    }

    /// Whether it holds who reported it.
    pub fn has_reporters(self) -> bool {
        matches!(self, Self::Reporter | Self::Reporters | Self::CoReporters)
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Street => "STREET",
            Self::Community => "COMMUNITY",
            Self::Department => "DEPARTMENT",
            Self::Assisting => "ASSISTING",
            Self::Coordinators => "COORDINATORS",
            Self::Holder => "HOLDER",
            Self::Heads => "HEADS",
            Self::Leaders => "LEADERS",
            Self::Reporter => "REPORTER",
            Self::Reporters => "REPORTERS",
            Self::CoReporters => "CO_REPORTERS",
            Self::Checker => "CHECKER",
            Self::Invited => "INVITED",
        }
    }
}

/// The groups that words may name.
pub const TIERS: [&str; 5] = ["COMMUNITY", "SUBDISTRICT", "DISTRICT", "DEPARTMENT", "HOLDER"];

/// The deadlines that are reminded of: what that is called, and what it says.
pub const REMINDED: [(Timer, &str, &str); 6] = [
    (Timer::Claim, "BEFORE_CLAIM", "认领时限将到"),
    (Timer::Dispatch, "BEFORE_DISPATCH", "派遣时限将到"),
    (Timer::Accept, "BEFORE_ACCEPT", "签收时限将到"),
    (Timer::Resolve, "BEFORE_RESOLVE", "处置时限将到"),
    (Timer::Coord, "BEFORE_COORD", "定责时限将到"),
    (Timer::Verify, "BEFORE_VERIFY", "核查时限将到"),
];

/// Whether it names a reminder.
pub fn is_reminder(kind: &str) -> bool {
    REMINDED.iter().any(|(_, known, _)| *known == kind)
}

/// What one audience is told about one transition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Wording {
    pub transition: String,
    pub audience: Audience,
    /// The groups that hear it: "HOLDER SUBDISTRICT:2", from the second escalation on.
    pub tiers: String,
    pub urgent: bool,
    pub words: String,
}

impl Wording {
    /// The groups that hear it at an escalation step.
    pub fn tiers(&self, step: i32) -> impl Iterator<Item = &str> {
        self.tiers.split_whitespace().filter_map(move |tier| match tier.split_once(':') {
            Some((tier, from)) => (step >= from.parse().unwrap_or(i32::MAX)).then_some(tier),
            None => Some(tier),
        })
    }
}

/// What stands in the place of the names in words.
#[derive(Clone, Debug, Default)]
pub struct Filling<'a> {
    /// Number and category.
    pub what: String,
    pub because: &'a str,
    pub department: &'a str,
    pub step: i32,
    pub at: DateTime<Utc>,
    pub claim_by: DateTime<Utc>,
    pub promised_by: DateTime<Utc>,
    pub resolve_by: Option<DateTime<Utc>>,
    pub due_by: Option<DateTime<Utc>>,
    /// Until when departments are asked for their statement.
    pub answer_by: Option<DateTime<Utc>>,
    /// How long an appeal may be made.
    pub appeal_hours: i64,
}

impl Filling<'_> {
    /// The words as the reporter hears them, and as everybody else does.
    pub fn heard(&self, words: &str) -> [String; 2] {
        let others = self.fill(&marks::heard(words, false));
        let theirs = if marks::has_any(words) { self.fill(&marks::heard(words, true)) } else { others.clone() };
        [theirs, others]
    }

    /// The words with everything in its place.
    pub fn fill(&self, words: &str) -> String {
        let instant = |at: Option<DateTime<Utc>>| at.map(|at| local(at, "%m月%d日 %H:%M")).unwrap_or_default();
        let because = if self.because.is_empty() { String::new() } else { format!("：{}", self.because) };
        let answer_by = self.answer_by.map(|at| format!("，请于 {} 前答复", instant(Some(at))));
        let names: [(&str, String); 11] = [
            ("{what}", self.what.clone()),
            ("{because}", because),
            ("{department}", self.department.to_owned()),
            ("{step}", self.step.to_string()),
            ("{minutes}", (self.claim_by - self.at).num_minutes().to_string()),
            ("{claim_by}", local(self.claim_by, "%H:%M")),
            ("{promised_by}", instant(Some(self.promised_by))),
            // what came back before it was ever dispatched has only its next deadline
            ("{resolve_by}", instant(self.resolve_by.or(self.due_by))),
            ("{due_by}", instant(self.due_by)),
            ("{answer_by}", answer_by.unwrap_or_default()),
            ("{appeal_hours}", self.appeal_hours.to_string()),
        ];
        // one pass, so that nothing in the reason is taken for a name
        let mut filled = String::with_capacity(words.len() * 2);
        let mut rest = words;
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            match names.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, value)) => {
                    filled.push_str(value);
                    rest = &rest[name.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &rest[1..];
                }
            }
        }
        filled + rest
    }
}

/// All words of a district.
#[derive(Clone, Debug)]
pub struct Wordings(HashMap<String, Vec<Wording>>);

impl Wordings {
    /// The shipped words with a district's own in their place.
    pub fn new(own: Vec<Wording>) -> Self {
        let mut all = SHIPPED_WORDINGS.0.clone();
        for wording in own {
            let list = all.entry(wording.transition.clone()).or_default();
            list.retain(|known| known.audience != wording.audience);
            list.push(wording);
        }
        Self(all)
    }

    /// What is told about a transition; nothing where a district has taken the words away.
    pub fn of(&self, transition: &str) -> impl Iterator<Item = &Wording> {
        self.0.get(transition).into_iter().flatten().filter(|wording| !wording.words.is_empty())
    }

    /// All of them, in the order of the shipped list's keys.
    pub fn all(&self) -> Vec<&Wording> {
        let mut all: Vec<_> = self.0.values().flatten().collect();
        all.sort_by_key(|wording| (wording.transition.clone(), wording.audience.code()));
        all
    }
}

impl Default for Wordings {
    fn default() -> Self {
        SHIPPED_WORDINGS.clone()
    }
}

static SHIPPED_WORDINGS: LazyLock<Wordings> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(SHIPPED.as_bytes()).into_deserialize::<Wording>();
    let mut all: HashMap<String, Vec<Wording>> = HashMap::new();
    for wording in rows.filter_map(Result::ok) {
        all.entry(wording.transition.clone()).or_default().push(wording);
    }
    Wordings(all)
});

static STEPS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(TIMELINE.as_bytes()).into_deserialize::<(String, String)>();
    rows.filter_map(Result::ok).collect()
});

/// What a transition is to its reporter; None: nothing they need to know.
pub fn step(transition: &str, department: &str) -> Option<String> {
    let department = if department.is_empty() { "承办单位" } else { department };
    STEPS.get(transition).map(|words| words.replace("{department}", department))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::TRANSITIONS;

    #[test]
    fn every_shipped_line_is_read_and_names_a_row_of_the_state_table() {
        let known = |transition: &str| is_reminder(transition) || TRANSITIONS.iter().any(|row| row.id == transition);
        let (lines, steps) = (SHIPPED.lines().count() - 1, TIMELINE.lines().count() - 1);
        assert_eq!((SHIPPED_WORDINGS.all().len(), STEPS.len()), (lines, steps));
        for wording in SHIPPED_WORDINGS.all() {
            assert!(known(&wording.transition), "{wording:?}");
            for by_reporter in [true, false] {
                let filled = Filling::default().fill(&marks::heard(&wording.words, by_reporter));
                assert!(!filled.contains(['{', '}']), "{filled}");
            }
            let may_mark = [Audience::Reporter, Audience::Reporters].contains(&wording.audience);
            assert!(marks::fault(&wording.words).is_none() && (may_mark || !marks::has_any(&wording.words)));
            assert!(wording.tiers(9).all(|tier| TIERS.contains(&tier)), "{wording:?}");
        }
        assert!(STEPS.keys().all(|transition| known(transition)));
    }

    #[test]
    fn the_third_escalation_reaches_the_district_and_a_reason_is_not_read_as_a_name() {
        let wordings = Wordings::default();
        let overdue = wordings.of("T15").next().unwrap();
        assert_eq!(overdue.tiers(1).collect::<Vec<_>>(), ["HOLDER"]);
        assert_eq!(overdue.tiers(3).collect::<Vec<_>>(), ["HOLDER", "SUBDISTRICT", "DISTRICT"]);
        let filling = Filling { because: "{what} {", what: "GN1".into(), ..Filling::default() };
        assert_eq!(filling.fill("{what}{because}"), "GN1：{what} {");
    }

    #[test]
    fn a_districts_own_words_win_and_empty_ones_say_nothing() {
        let own = |words: &str| Wording {
            transition: "T3".into(),
            audience: Audience::Coordinators,
            tiers: "DISTRICT".into(),
            urgent: true,
            words: words.into(),
        };
        assert_eq!(Wordings::new(vec![own("请定责")]).of("T3").next().unwrap().words, "请定责");
        assert_eq!(Wordings::new(vec![own("")]).of("T3").count(), 0);
    }
}
