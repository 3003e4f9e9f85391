//! What the compounds of the first community took in and spent this year.
use anyhow::Result;
use chassis::{access::Caller, cache::Cache, clock::Clock, feed::Waker, keys::Keyring, media::MediaIds, vault::Vault};
use chrono::{DateTime, TimeDelta, Utc};
use finance::{Finance, Kind, NewEntry, ops::record_entry};
use sqlx::PgPool;
use std::path::Path;
use uuid::Uuid;

use Kind::{Income, Spending};

/// Days ago, kind, purpose, yuan, text.
const ENTRIES: [(i64, Kind, &str, i64, &str); 9] = [
    (300, Income, "PROPERTY_SERVICE", 48_600, "一季度物业费"),
    (280, Spending, "PROPERTY_SERVICE", 31_200, "一季度保洁、保安人员工资"),
    (210, Income, "PROPERTY_SERVICE", 51_300, "二季度物业费"),
    (190, Spending, "PROPERTY_SERVICE", 33_800, "二季度保洁、保绿、保安、保序支出"),
    (150, Income, "REPAIR", 12_000, "梯内广告与快递柜收入，转入维修专款"),
    (120, Spending, "REPAIR", 4_650, "更换单元门三樘、楼道灯二十七盏"),
    (60, Income, "LIVELIHOOD", 3_300, "充电桩合作收入，转入民生专款"),
    (20, Spending, "LIVELIHOOD", 860, "独居老人冬季慰问"),
    (5, Spending, "PROPERTY_SERVICE", 2_980, "除雪工具与防滑料"),
];

/// A property office with the compound it manages.
pub struct Office {
    pub manager: Caller,
    pub compound_id: Uuid,
}

/// Records the year of every office with the real operation, oldest first.
pub async fn record(
    pool: &PgPool,
    cache: &Cache,
    keys_dir: &Path,
    offices: &[Office],
    now: DateTime<Utc>,
) -> Result<()> {
    let media = MediaIds::new(Keyring::load_or_create(keys_dir, "media")?);
    let vault = Vault::new(Keyring::load_or_create(keys_dir, "vault")?, Keyring::load_or_create(keys_dir, "index")?);
    let (clock, waker) = (Clock::stopped(now), Waker::start(cache.clone(), "finance"));
    let finance = Finance::new(pool.clone(), clock, media, vault, waker);
    for (days, kind, purpose, yuan, text) in ENTRIES {
        let at = now - TimeDelta::days(days);
        finance.clock.advance(at - finance.clock.now());
        for (number, office) in offices.iter().enumerate() {
            let entry = NewEntry {
                entry_id: Uuid::now_v7(),
                place_id: office.compound_id,
                kind,
                purpose: purpose.to_owned(),
                amount_fen: yuan * (100 + number as i64 * 7),
                text: text.to_owned(),
                voucher_media_id: None,
            };
            record_entry(&finance, &office.manager, &entry).await?;
        }
    }
    Ok(())
}
