//! A new migration is a change of the crate.
#[expect(clippy::disallowed_macros, reason = "this is how a build script speaks")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
