//! What the README promises, run as it stands there.
use std::{path::Path, process::Command};

use hemei_tests::Instance;

#[test]
fn the_story_in_the_readme_works_as_it_stands() {
    let instance = Instance::shared();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let story = readme.split("<!-- story -->").nth(1).unwrap();
    let script = story.split("```").nth(1).unwrap().strip_prefix("sh").unwrap();
    let base = format!("http://127.0.0.1:{}", instance.port);
    let output = Command::new("sh").arg("-euc").arg(script).env("H", base).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lines.len(), 7, "{said}");
    assert!(lines[0].len() > 8, "a number to quote: {said}");
    assert_eq!((lines[1], lines[3], lines[4], lines[5]), ("CLAIMED", "IN_PROGRESS", "FEEDBACK", "CLOSED"), "{said}");
    assert!(lines[6].contains("available"), "{said}");
}
