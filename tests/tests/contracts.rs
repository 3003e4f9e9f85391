//! What the contract promises of itself.
use std::{collections::BTreeSet, fs, path::Path};

use proto::api::v1::access::Rows;

/// What is wrong with the options of all RPCs; empty when all is well.
fn faults(check: impl Fn(&proto::Method) -> Option<String>) -> Vec<String> {
    let mut broken: Vec<String> = proto::methods().values().filter_map(check).collect();
    broken.sort();
    broken
}

#[test]
fn every_rpc_says_who_may_call_it() {
    assert!(proto::methods().len() > 30);
    let broken = faults(|method| {
        let Some(access) = &method.access else { return Some(format!("{}: no access option", method.path)) };
        let kinds =
            [access.public, access.internal, access.signed_in() != Rows::Unspecified || !access.grants.is_empty()];
        (kinds.iter().filter(|kind| **kind).count() != 1)
            .then(|| format!("{}: not exactly one kind of caller", method.path))
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_rpc_has_an_http_mapping_or_is_internal() {
    let broken = faults(|method| {
        let internal = method.access.as_ref().is_some_and(|access| access.internal);
        (method.http.is_some() == internal).then(|| method.path.clone())
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_reason_has_texts_and_every_text_a_reason() {
    let texts = proto::reasons::all();
    let listed: BTreeSet<&str> = proto::methods()
        .values()
        .filter_map(|method| method.access.as_ref())
        .flat_map(|access| access.reasons.iter().map(String::as_str))
        .collect();
    let silent: Vec<_> = listed.iter().filter(|reason| !texts.contains_key(**reason)).collect();
    assert!(silent.is_empty(), "no texts for {silent:?}");
    let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    let broken: Vec<_> =
        texts.iter().filter(|(_, text)| !chinese(&text.zh) || text.en.is_empty() || chinese(&text.en)).collect();
    assert!(broken.is_empty(), "not in both languages: {broken:?}");
}

/// Every reason that a service names in its code stands in `reasons.toml`, and those that are not general in an RPC's option.
#[test]
fn every_reason_in_the_code_is_documented() {
    let texts = proto::reasons::all();
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("services");
    let listed: BTreeSet<String> = proto::methods()
        .values()
        .filter_map(|method| method.access.clone())
        .flat_map(|access| access.reasons)
        .collect();
    let by_hand: BTreeSet<&str> = ["MEDIA_INVALID", "MEDIA_NOT_FOUND"].into();
    let mut used = BTreeSet::new();
    let mut folders = vec![services];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                used.extend(
                    text.split('"').skip(1).step_by(2).filter(|word| texts.contains_key(*word)).map(str::to_owned),
                );
            }
        }
    }
    let undocumented: Vec<_> = used
        .iter()
        .filter(|reason| !texts[*reason].general && !listed.contains(*reason) && !by_hand.contains(reason.as_str()))
        .collect();
    assert!(undocumented.is_empty(), "used, but in no RPC's option: {undocumented:?}");
    let dead: Vec<_> = texts.keys().filter(|reason| !used.contains(*reason)).collect();
    assert!(dead.is_empty(), "texts that no code uses: {dead:?}");
}
