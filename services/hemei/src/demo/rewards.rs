//! What the best of a month get, and the fund they are paid from.
use std::path::Path;

use anyhow::Result;
use chassis::{access::Caller, cache::Cache, clock::Clock, feed::Waker, keys::Keyring, media::MediaIds, vault::Vault};
use finance::Finance;
use incentives::{Incentives, MonthTerms, Tier};
use sqlx::PgPool;
use uuid::Uuid;

/// First and last rank, and yuan to each.
const TIERS: [(i32, i32, i64); 4] = [(1, 1, 500), (2, 2, 300), (3, 3, 200), (4, 10, 100)];
const BUDGET_FEN: i64 = 2_000_000;

/// Sets both with the real operations.
pub async fn offer(pool: &PgPool, cache: &Cache, keys_dir: &Path, admin: &Caller) -> Result<()> {
    let key = |name| Keyring::load_or_create(keys_dir, name);
    let (vault, media) = (Vault::new(key("vault")?, key("index")?), MediaIds::new(key("media")?));
    let waker = |name| Waker::start(cache.clone(), name);
    let (shared, clock) = (pool.clone(), Clock::System);
    let incentives =
        Incentives::new(shared, clock.clone(), vault.clone(), media.clone(), cache.clone(), waker("incentives"));
    let tier = |(first_rank, last_rank, yuan)| Tier { first_rank, last_rank, gross_fen: yuan * 100 };
    let terms = MonthTerms { version: 0, tiers: TIERS.map(tier).to_vec(), appeal_hours: 72 };
    incentives::ops::put_month_terms(&incentives, admin, terms).await?;
    let finance = Finance::new(pool.clone(), clock, media, vault, waker("finance"));
    finance::ops::add_budget(&finance, admin, (Uuid::now_v7(), BUDGET_FEN, "月度之星奖励预算")).await?;
    Ok(())
}
