//! Compiles the contract without protoc: generated messages, clients and servers, and the descriptors with their options.
use std::{env, error::Error, fs, path::PathBuf};

const FILES: &[&str] = &[
    "hemei/api/v1/access.proto",
    "hemei/events/v1/feed.proto",
    "hemei/residents/v1/place.proto",
    "hemei/residents/v1/person.proto",
    "hemei/residents/v1/session.proto",
    "hemei/tickets/v1/ticket.proto",
    "hemei/tickets/v1/staff.proto",
    "hemei/tickets/v1/terms.proto",
    "hemei/tickets/v1/precedent.proto",
    "hemei/tickets/v1/figures.proto",
    "hemei/tickets/v1/inbox.proto",
    "hemei/tickets/v1/channel.proto",
    "hemei/tickets/v1/casework.proto",
    "hemei/incentives/v1/points.proto",
    "hemei/incentives/v1/prizes.proto",
    "hemei/incentives/v1/rules.proto",
    "hemei/incentives/v1/month.proto",
    "hemei/incentives/v1/ranking.proto",
    "hemei/finance/v1/finance.proto",
    "hemei/finance/v1/payout.proto",
    "hemei/finance/v1/wechat.proto",
];

#[expect(clippy::disallowed_macros, reason = "how a build script talks to cargo")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=hemei");
    println!("cargo:rerun-if-changed=google");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    let mut config = tonic_prost_build::Config::new();
    config.skip_protoc_run().enable_type_names();
    tonic_prost_build::configure()
        .build_transport(true)
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
}
