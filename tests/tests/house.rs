//! The house rules that no lint knows.
use std::{
    fs,
    path::{Path, PathBuf},
};

const SERVICES: [&str; 4] = ["residents", "tickets", "incentives", "finance"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if name == "target" || name.starts_with('.') || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// Shows all that break a rule, at once.
fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn files_have_at_most_300_lines() {
    let all = [".rs", ".sql", ".proto"].map(|ending| files(&root(), ending)).concat();
    assert!(all.len() > 50, "the walk finds the sources");
    let lines = all.iter().map(|path| (path, fs::read_to_string(path).unwrap().lines().count()));
    let contract = root().join("proto/hemei");
    none(
        lines
            .filter(|(path, count)| *count > 300 && !path.starts_with(&contract))
            .map(|(path, count)| format!("{count} lines: {}", path.display()))
            .collect(),
    );
}

#[test]
fn chassis_knows_no_domain_word() {
    let words = [
        "ticket",
        "courier",
        "liaison",
        "prize",
        "redemption",
        "fund",
        "resident",
        "voucher",
        "category",
        "compound",
        "household",
        "department_handler",
        "subdistrict",
    ];
    let mut broken = Vec::new();
    for path in files(&root().join("services/chassis/src"), ".rs") {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let text = line.to_lowercase();
            let split = text.split(|letter: char| !letter.is_alphanumeric());
            let said =
                split.filter(|part| words.iter().any(|word| part == word || part.strip_suffix('s') == Some(word)));
            // Roles are part of the access option, which the whole suite shares.
            broken.extend(
                said.filter(|_| !text.contains("role::"))
                    .map(|word| format!("{word}: {}:{}", path.display(), number + 1)),
            );
        }
    }
    none(broken);
}

#[test]
fn no_service_names_the_schema_of_another() {
    let mut broken = Vec::new();
    for service in SERVICES {
        let folder = root().join("services").join(service);
        let sources = [files(&folder.join("src"), ".rs"), files(&folder, ".sql")].concat();
        assert!(!sources.is_empty(), "{service} has sources");
        for path in sources {
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in text.lines().enumerate() {
                for other in SERVICES.into_iter().filter(|other| *other != service) {
                    let schema = format!("{other}.");
                    let said = line.match_indices(&schema).any(|(at, _)| {
                        let before = &line[..at];
                        let after = &line[at + schema.len()..];
                        !before.ends_with(|letter: char| letter == '.' || letter.is_alphanumeric() || letter == '_')
                            && ["from ", "join ", "into ", "update ", "table ", "references "]
                                .iter()
                                .any(|verb| before.ends_with(verb))
                            && after.starts_with(|letter: char| letter.is_ascii_lowercase())
                    });
                    if said {
                        broken.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                    }
                }
            }
        }
    }
    none(broken);
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let banned =
        ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "manager.rs", "impl.rs", "misc.rs"];
    let named = files(&root(), ".rs");
    none(
        named
            .iter()
            .filter(|path| banned.contains(&path.file_name().unwrap().to_str().unwrap()))
            .map(|path| path.display().to_string())
            .collect(),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "X".to_owned() + "XX", "#[al".to_owned() + "low("];
    let mut broken = Vec::new();
    for path in files(&root(), ".rs") {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                broken.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    none(broken);
}

#[test]
fn the_map_in_the_readme_matches_the_folders() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let map = readme.split("<!-- map -->").nth(1).expect("the README has a map between <!-- map --> marks");
    let named: Vec<&str> =
        map.lines().filter_map(|line| line.split_whitespace().next()).filter(|word| word.contains('/')).collect();
    assert!(named.len() >= 10, "the map names the folders");
    none(named.iter().filter(|path| !root().join(path).exists()).map(|path| format!("not there: {path}")).collect());
    let services =
        fs::read_dir(root().join("services")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    none(
        services
            .filter(|name| !named.iter().any(|path| path.trim_end_matches('/') == format!("services/{name}")))
            .map(|name| format!("not in the map: services/{name}"))
            .collect(),
    );
}
