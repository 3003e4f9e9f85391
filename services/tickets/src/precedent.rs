//! How well an earlier ruling fits a ticket: the category, the place, and the words of both.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::category::family;

/// The most words that are kept of one case.
const MOST_WORDS: usize = 200;
/// What fits less is not suggested.
const LEAST_SCORE: usize = 30;

/// A ruling, as it is kept.
#[derive(Clone, Debug)]
pub struct Precedent {
    pub ticket_id: Uuid,
    pub number: String,
    pub category_code: String,
    pub place_path: String,
    pub place_name: Option<String>,
    pub department_id: Option<Uuid>,
    pub department_name: Option<String>,
    pub words: Vec<String>,
    pub reason: String,
    pub ruled_at: DateTime<Utc>,
}

/// The case a ruling is looked for.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub category_code: &'a str,
    pub place_path: &'a str,
    pub words: Vec<String>,
}

/// A ruling that fits, how well from 0 to 100, and why.
#[derive(Clone, Debug)]
pub struct Fitting {
    pub precedent: Precedent,
    pub score: usize,
    pub why: String,
}

/// Pairs of neighbouring letters, in order of their alphabet: Chinese needs no dictionary to be compared so.
pub fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let pairs = letters.windows(2).filter(|pair| pair.iter().all(|letter| letter.is_alphanumeric()));
    let pairs: BTreeSet<String> = pairs.map(|pair| pair.iter().collect()).collect();
    pairs.into_iter().take(MOST_WORDS).collect()
}

/// The rulings that fit best, the best first; of equals the newest.
pub fn best(case: &Case<'_>, precedents: Vec<Precedent>, most: usize) -> Vec<Fitting> {
    let mut fitting: Vec<Fitting> = precedents.into_iter().map(|precedent| weigh(case, precedent)).collect();
    fitting.retain(|fitting| fitting.score >= LEAST_SCORE);
    fitting.sort_by_key(|fitting| {
        let precedent = &fitting.precedent;
        (std::cmp::Reverse((fitting.score, precedent.ruled_at)), precedent.ticket_id)
    });
    fitting.truncate(most);
    fitting
}

fn weigh(case: &Case<'_>, precedent: Precedent) -> Fitting {
    let mut why = Vec::new();
    let about = if precedent.category_code == case.category_code {
        why.push("同一类别".to_owned());
        40
    } else if family(&precedent.category_code) == family(case.category_code) {
        why.push("同一大类".to_owned());
        15
    } else {
        0
    };
    let shared_path = |levels: usize| {
        let cut = |path: &str| path.split('.').take(levels).map(str::to_owned).collect::<Vec<_>>();
        let ours = cut(case.place_path);
        ours.len() == levels && ours == cut(&precedent.place_path)
    };
    let near = [(4, 25, "同一小区"), (3, 15, "同一社区"), (2, 8, "同一街道")];
    let near = near.into_iter().find(|(levels, ..)| shared_path(*levels));
    why.extend(near.map(|(.., name)| name.to_owned()));
    let same: Vec<&str> = shared(&case.words, &precedent.words);
    let of = case.words.len().min(precedent.words.len()).max(1);
    let alike = (35 * same.len() / of).min(35);
    if !same.is_empty() {
        why.push(format!(
            "关键词相同 {} 处（{}）",
            same.len(),
            same.iter().take(4).copied().collect::<Vec<_>>().join("、")
        ));
    }
    let score = about + near.map_or(0, |(_, points, _)| points) + alike;
    Fitting { precedent, score, why: why.join("；") }
}

/// What two lists in order have in common.
fn shared<'a>(ours: &[String], theirs: &'a [String]) -> Vec<&'a str> {
    theirs.iter().filter(|word| ours.binary_search(word).is_ok()).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(category_code: &str, place_path: &str, text: &str) -> Precedent {
        Precedent {
            ticket_id: Uuid::now_v7(),
            number: "GN1".into(),
            category_code: category_code.into(),
            place_path: place_path.into(),
            place_name: None,
            department_id: None,
            department_name: None,
            words: words(text),
            reason: String::new(),
            ruled_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_same_category_place_and_words_fit_best() {
        let case = Case {
            category_code: "06013", place_path: "gn.xy.sh.03", words: words("小区门口路面破损，有大坑")
        };
        let fitting = best(
            &case,
            vec![
                ruled("09006", "gn.hq.aa.01", "占道经营卖菜"),
                ruled("06010", "gn.xy.zz.01", "垃圾成堆"),
                ruled("06013", "gn.xy.sh.03", "路面破损大坑"),
                ruled("06013", "gn.hq.aa.01", "桥头塌方"),
            ],
            3,
        );
        let scores: Vec<_> = fitting.iter().map(|fitting| fitting.precedent.place_path.as_str()).collect();
        assert_eq!(scores, ["gn.xy.sh.03", "gn.hq.aa.01"], "{fitting:?}");
        assert!(fitting[0].score > 80 && fitting[1].score == 40, "{fitting:?}");
        assert!(fitting[0].why.starts_with("同一类别；同一小区；关键词相同"), "{}", fitting[0].why);
    }

    #[test]
    fn words_are_pairs_within_a_phrase_and_never_across_a_mark() {
        assert_eq!(words("路灯，不亮 A区"), ["a区", "不亮", "路灯"]);
        assert!(words(&"甲乙丙丁".repeat(500)).len() <= MOST_WORDS);
    }
}
