//! A new migration is a change of the crate.
#[expect(clippy::disallowed_macros, reason = "cargo reads what a build script prints")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
