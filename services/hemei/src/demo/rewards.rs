//! What the best of a month get, the fund they are paid from, and one award that waits to be claimed.
use std::path::Path;

use anyhow::{Context, Result};
use chassis::{
    access::Caller,
    cache::Cache,
    clock::{Clock, business_date},
    feed::Waker,
    keys::Keyring,
    media::MediaIds,
    vault::Vault,
};
use chrono::{DateTime, Months, Utc};
use finance::{Finance, Ordered};
use incentives::{Incentives, MonthTerms, Opening, PointEdit, Span, Tier, Weekly};
use sqlx::PgPool;
use uuid::Uuid;

/// First and last rank, and yuan to each.
const TIERS: [(i32, i32, i64); 4] = [(1, 1, 500), (2, 2, 300), (3, 3, 200), (4, 10, 100)];
const BUDGET_FEN: i64 = 2_000_000;

/// The first and last weekday, and the minutes of the day, on which the prizes' pick-up point is open.
const OPEN: [(u8, u8, u16, u16); 2] = [(1, 5, 9 * 60, 18 * 60), (6, 6, 9 * 60, 12 * 60)];

/// Sets them with the real operations, with where the prizes are picked up.
pub async fn offer(pool: &PgPool, cache: &Cache, keys_dir: &Path, admin: &Caller) -> Result<Finance> {
    let key = |name| Keyring::load_or_create(keys_dir, name);
    let (vault, media) = (Vault::new(key("vault")?, key("index")?), MediaIds::new(key("media")?));
    let waker = |name| Waker::start(cache.clone(), name);
    let (shared, clock) = (pool.clone(), Clock::System);
    let incentives =
        Incentives::new(shared, clock.clone(), vault.clone(), media.clone(), cache.clone(), waker("incentives"));
    let tier = |(first_rank, last_rank, yuan)| Tier { first_rank, last_rank, gross_fen: yuan * 100 };
    let terms = MonthTerms { version: 0, tiers: TIERS.map(tier).to_vec(), appeal_hours: 72 };
    incentives::ops::put_month_terms(&incentives, admin, terms).await?;
    let (points, _) = incentives::ops::list_pickup_points(&incentives, admin, 0, "").await?;
    for point in points {
        let weekly = |weekday, from, to| Weekly { weekday, span: Span { from, to } };
        let open =
            OPEN.iter().flat_map(|&(first, last, from, to)| (first..=last).map(move |day| weekly(day, from, to)));
        let point = PointEdit {
            place_id: point.place_id,
            name: format!("{}服务站", point.name),
            address: format!("{}办公楼一层", point.name),
            phone: "0468-0000000".to_owned(),
            lng: None,
            lat: None,
            opening: Opening { week: open.collect(), days: Vec::new() },
        };
        incentives::ops::put_pickup_point(&incentives, admin, &point).await?;
    }
    let finance = Finance::new(pool.clone(), clock, media, vault, waker("finance"));
    finance::ops::add_budget(&finance, admin, (Uuid::now_v7(), BUDGET_FEN, "月度之星奖励预算")).await?;
    Ok(finance)
}

/// Orders what the best of an earlier month is paid: before the reports of the demo, whose months close by themselves.
pub async fn award(finance: &Finance, best: &Caller, now: DateTime<Utc>) -> Result<()> {
    let month = business_date(now).checked_sub_months(Months::new(3)).context("a month")?.format("%Y-%m").to_string();
    let (district_id, payout_id, person_id) = (best.district_id, Uuid::now_v7(), best.person_id);
    let ordered = Ordered { district_id, payout_id, person_id, month, rank: 1, gross_fen: TIERS[0].2 * 100, at: now };
    finance::ops::order_payouts(finance, &[ordered]).await?;
    Ok(())
}
