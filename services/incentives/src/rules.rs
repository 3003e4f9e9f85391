//! What a report earns: the rules of a district as data, and how they are applied.
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The rules of a district.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarningRules {
    pub lines: Vec<Line>,
    pub multipliers: Vec<Multiplier>,
    pub bonuses: Vec<Bonus>,
    pub most_a_day: i64,
    pub most_a_month: i64,
    pub expiry_months: i32,
    pub signals: Signals,
}

/// The points of a kind of report; 0 and "*" match everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub rule: String,
    pub category_code: String,
    pub priority: i16,
    pub level: i16,
    pub points: i64,
}

/// What multiplies points, always or on some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiplier {
    pub name: String,
    pub percent: i32,
    pub category_prefix: String,
    pub first_day: Option<NaiveDate>,
    pub last_day: Option<NaiveDate>,
}

/// What a good report gets on top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bonus {
    pub photos: i32,
    pub compound: bool,
    pub points: i64,
}

/// From how many on something looks strange; 0 where nobody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    pub same_place: i32,
    pub burst: i32,
    pub same_pair: i32,
    pub same_photo: i32,
    #[serde(default = "strikes")]
    pub strikes: i32,
}

/// Of the suite's own rules, and of those from before it was looked for.
fn strikes() -> i32 {
    3
}

/// What rules look at in a report.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub category_code: String,
    pub priority: i16,
    pub level: i16,
    pub place_path: String,
    pub photos: i32,
    pub received_at: DateTime<Utc>,
}

/// Segments of the path of a compound: district, subdistrict, community, compound.
const COMPOUND_DEPTH: usize = 4;

impl Default for EarningRules {
    /// The suite's own: ten for a report, half of it for who reported the same, double for safety hazards.
    fn default() -> Self {
        let line = |rule: &str, points| Line {
            rule: rule.to_owned(),
            category_code: "*".to_owned(),
            priority: 0,
            level: 0,
            points,
        };
        let hazards = Multiplier {
            name: "安全隐患".to_owned(),
            percent: 200,
            category_prefix: "850".to_owned(),
            first_day: None,
            last_day: None,
        };
        Self {
            lines: vec![line("REPORT", 10), line("CO_REPORT", 5)],
            multipliers: vec![hazards],
            bonuses: Vec::new(),
            most_a_day: 0,
            most_a_month: 0,
            expiry_months: 12,
            signals: Signals { same_place: 6, burst: 30, same_pair: 20, same_photo: 2, strikes: strikes() },
        }
    }
}

impl Line {
    fn matches(&self, rule: &str, report: &Report) -> bool {
        self.rule == rule
            && (self.category_code == "*" || self.category_code == report.category_code)
            && (self.priority == 0 || self.priority == report.priority)
            && (self.level == 0 || self.level == report.level)
    }

    fn telling(&self) -> (bool, bool, bool) {
        (self.category_code != "*", self.priority != 0, self.level != 0)
    }
}

impl Multiplier {
    fn matches(&self, report: &Report, day: NaiveDate) -> bool {
        report.category_code.starts_with(&self.category_prefix)
            && self.first_day.is_none_or(|first| day >= first)
            && self.last_day.is_none_or(|last| day <= last)
    }
}

impl Bonus {
    fn matches(&self, report: &Report) -> bool {
        report.photos >= self.photos && (!self.compound || report.place_path.split('.').count() >= COMPOUND_DEPTH)
    }
}

impl EarningRules {
    /// What a report earns by a rule, and how that came about where it is more than the line. Limits are not looked at.
    pub fn earned(&self, rule: &str, report: &Report, day: NaiveDate) -> (i64, String) {
        let lines = self.lines.iter().filter(|line| line.matches(rule, report));
        let Some(line) = lines.max_by_key(|line| line.telling()) else { return (0, String::new()) };
        if line.points == 0 {
            return (0, String::new());
        }
        let mut said = Vec::new();
        let more: i64 = self.bonuses.iter().filter(|bonus| bonus.matches(report)).map(|bonus| bonus.points).sum();
        if more > 0 {
            said.push(format!("质量 +{more}"));
        }
        let mut points = line.points + more;
        for multiplier in self.multipliers.iter().filter(|multiplier| multiplier.matches(report, day)) {
            points = points * i64::from(multiplier.percent) / 100;
            said.push(format!("{} ×{}", multiplier.name, times(multiplier.percent)));
        }
        let said = if said.is_empty() { String::new() } else { format!("（{}）", said.join("，")) };
        (points, said)
    }

    /// What is left of points for who was awarded so many today and this month.
    pub fn within_limits(&self, points: i64, today: i64, this_month: i64) -> i64 {
        let left = |most: i64, used: i64| if most == 0 { i64::MAX } else { (most - used).max(0) };
        points.min(left(self.most_a_day, today)).min(left(self.most_a_month, this_month))
    }
}

fn times(percent: i32) -> String {
    let (whole, rest) = (percent / 100, percent % 100);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn report(category_code: &str) -> Report {
        Report { category_code: category_code.to_owned(), ..Report::default() }
    }

    #[test]
    fn the_most_telling_line_counts() {
        let mut rules = EarningRules::default();
        let line = |category: &str, priority, points| Line {
            rule: "REPORT".into(),
            category_code: category.into(),
            priority,
            level: 0,
            points,
        };
        rules.lines.extend([line("*", 1, 40), line("10101", 0, 25), line("10101", 1, 50), line("SPAM", 0, 0)]);
        let urgent = |category| Report { priority: 1, ..report(category) };
        let earned = |report: &Report| rules.earned("REPORT", report, day("2026-11-24")).0;
        assert_eq!(earned(&report("99999")), 10);
        assert_eq!(earned(&urgent("99999")), 40);
        assert_eq!(earned(&report("10101")), 25);
        assert_eq!(earned(&urgent("10101")), 50);
        assert_eq!(earned(&report("SPAM")), 0);
        assert_eq!(rules.earned("CO_REPORT", &urgent("10101"), day("2026-11-24")).0, 5);
    }

    #[test]
    fn quality_is_added_and_campaigns_multiply_on_their_days() {
        let mut rules = EarningRules::default();
        rules.bonuses.push(Bonus { photos: 2, compound: true, points: 4 });
        rules.multipliers.push(Multiplier {
            name: "清雪行动".into(),
            percent: 150,
            category_prefix: String::new(),
            first_day: Some(day("2026-11-20")),
            last_day: Some(day("2026-11-30")),
        });
        let good = Report { photos: 2, place_path: "gn.xy.sh.yg".into(), ..report("85001") };
        assert_eq!(
            rules.earned("REPORT", &good, day("2026-11-30")),
            (42, "（质量 +4，安全隐患 ×2，清雪行动 ×1.5）".to_owned())
        );
        assert_eq!(rules.earned("REPORT", &good, day("2026-12-01")).0, 28);
        let street = Report { place_path: "gn.xy".into(), ..good };
        assert_eq!(rules.earned("REPORT", &street, day("2026-12-01")).0, 20);
    }

    #[test]
    fn limits_leave_what_is_left() {
        let rules = EarningRules { most_a_day: 30, most_a_month: 100, ..EarningRules::default() };
        assert_eq!(rules.within_limits(10, 0, 0), 10);
        assert_eq!(rules.within_limits(10, 25, 25), 5);
        assert_eq!(rules.within_limits(10, 0, 97), 3);
        assert_eq!(rules.within_limits(10, 40, 40), 0);
    }
}
