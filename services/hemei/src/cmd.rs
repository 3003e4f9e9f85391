//! The subcommands, one file each.
mod audit;
mod categories;
mod doctor;
mod events;
mod figures;
mod ledger;
pub mod migrate;
pub mod role;
mod up;
mod with_servers;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::import;

/// 和美家园 · Hemei: community governance suite.
#[derive(Parser)]
#[command(name = "hemei", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine: private PostgreSQL and Redis, demo data, all five roles.
    Up(up::Args),
    /// Places, departments, people, posts, prizes or vouchers of a district from a CSV file.
    Import(import::Args),
    /// What can be reported: the suite's own list or a district's, from a CSV file.
    Categories(categories::Args),
    /// Events between services that could not be applied: list them, or replay them after the fix.
    Events(events::Args),
    /// The tickets' figures: verify them against the histories, or count them anew.
    Figures(figures::Args),
    /// The logs of the staff's actions: verify their hash chains.
    Audit(audit::Args),
    /// The points ledger: verify its hash chain and its balances.
    Ledger(ledger::Args),
    /// Says what keeps this machine from running the suite, and how to fix it.
    Doctor(doctor::Args),
    /// Runs a command with a throw-away PostgreSQL and Redis (`HEMEI_TEST_DATABASE_URL`, `HEMEI_TEST_REDIS_URL`).
    WithServers(with_servers::Args),
    /// One role: who, where, with which post; sessions.
    Residents(role::Args),
    /// One role: report, claim, dispatch, resolve, rate; deadlines.
    Tickets(role::Args),
    /// One role: points, prizes.
    Incentives(role::Args),
    /// One role: the compounds' funds.
    Finance(role::Args),
    /// One role: HTTP and JSON for all the others.
    Gateway(role::Args),
    /// Brings every service's schema up to date.
    Migrate(role::Args),
}

impl Cli {
    /// Runs the chosen subcommand to its end.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Up(args) => up::run(args),
            Command::Import(args) => import::run(&args),
            Command::Categories(args) => categories::run(&args),
            Command::Events(args) => events::run(&args),
            Command::Figures(args) => figures::run(&args),
            Command::Audit(args) => audit::run(&args),
            Command::Ledger(args) => ledger::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::WithServers(args) => with_servers::run(args),
            Command::Residents(args) => role::run("residents", &args, residents::serve),
            Command::Tickets(args) => role::run("tickets", &args, tickets::serve),
            Command::Incentives(args) => role::run("incentives", &args, incentives::serve),
            Command::Finance(args) => role::run("finance", &args, finance::serve),
            Command::Gateway(args) => role::run("gateway", &args, gateway::serve),
            Command::Migrate(args) => migrate::run(&args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
