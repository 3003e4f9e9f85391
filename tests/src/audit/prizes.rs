//! Prizes: every piece, every code and every redemption.
use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Acknowledged, Reached, Redeemed, none};

/// Statements that list what must not be; what the service finds itself, the audit of the points asks it for.
const WRONG: [(&str, &str); 1] = [
    (
        "a redemption that was not told once for each time its points moved",
        "select r.redemption_id::text, r.state, t.moved::text, o.told::text from incentives.redemption r
         left join (select redemption_id, count(*) as moved from incentives.transfer group by 1) t using (redemption_id)
         left join (select subject_id as redemption_id, count(*) as told from incentives.outbox group by 1) o using (redemption_id)
         where o.told is distinct from t.moved or t.moved is distinct from case r.kind when 'VOUCHER' then 1 else
             case r.state when 'RESERVED' then 1 when 'RETURNED' then 3 else 2 end + case when r.held then 0 else 1 end end",
    ),
];

/// Every piece and every code is in stock, reserved or somebody's, and every redemption stands where its callers left it.
pub(super) async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    for (what, statement) in WRONG {
        none(pool, what, statement).await?;
    }
    redemptions(pool, acknowledged).await?;
    counts(pool, acknowledged).await?;
    constant(pool, acknowledged).await
}

async fn redemptions(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let statement =
        "select redemption_id, prize_id, person_id, quantity, points, state, coalesce(not restocked, false),
        expires_at <= ended_at from incentives.redemption";
    type Row = (Uuid, Uuid, Uuid, i64, i64, String, bool, Option<bool>);
    let rows: Vec<Row> = sqlx::query_as(statement).fetch_all(pool).await?;
    ensure!(
        rows.iter().all(|row| acknowledged.redemptions.contains_key(&row.0)),
        "a redemption that nobody was told of"
    );
    let mut found: HashMap<_, _> = rows.into_iter().map(|row| (row.0, row)).collect();
    for (id, known) in &acknowledged.redemptions {
        let row = found.remove(id).with_context(|| format!("redemption {id} was acknowledged and is not there"))?;
        let (_, prize_id, person_id, quantity, points, state, written_off, in_time) = row;
        let reached = match (state.as_str(), in_time) {
            ("EXPIRED", Some(true)) | ("RESERVED", _) => Reached::Reserved,
            ("CANCELLED", _) => Reached::Cancelled,
            ("HANDED_OVER", _) => Reached::HandedOver,
            ("RETURNED", _) => Reached::Returned,
            _ => anyhow::bail!("redemption {id} is {state} before its time was over"),
        };
        let stands = Redeemed { prize_id, person_id, quantity, points, reached, written_off };
        ensure!(stands == *known, "redemption {id}: acknowledged {known:?}, found {stands:?}");
    }
    Ok(())
}

/// Every count of a shelf and every import of codes is there as it was answered.
async fn counts(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let statement = "select stock_take_id, prize_id, counted, counted - expected from incentives.stock_take";
    let rows: Vec<(Uuid, Uuid, i64, i64)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let found: HashMap<_, _> = rows.into_iter().map(|(id, prize, counted, by)| (id, (prize, counted, by))).collect();
    ensure!(found == acknowledged.stock_takes, "the stock-takes are not those that were acknowledged");
    let statement = "select i.import_id, i.prize_id, count(v.*) from incentives.voucher_import i
        left join incentives.voucher v using (district_id, import_id) group by 1, 2, i.added having count(v.*) = i.added";
    let rows: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let found: HashMap<_, _> = rows.into_iter().map(|(id, prize, codes)| (id, (prize, codes))).collect();
    for (import, added) in &acknowledged.imports {
        let found = found.get(import);
        ensure!(found == Some(added), "import {import}: acknowledged {added:?}, found {found:?}");
    }
    Ok(())
}

/// In stock, reserved and handed over are what they were, but for what callers were told: differences, new codes, write-offs.
async fn constant(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let mut wanted = acknowledged.pieces.clone();
    let differences = acknowledged.stock_takes.values().map(|(prize, _, difference)| (*prize, *difference));
    let added = acknowledged.imports.values().copied();
    let broken = acknowledged.redemptions.values().filter(|redeemed| redeemed.written_off);
    for (prize, change) in differences.chain(added).chain(broken.map(|one| (one.prize_id, -one.quantity))) {
        *wanted.entry(prize).or_default() += change;
    }
    let found = pieces(pool).await?;
    for (prize, pieces) in &wanted {
        let found = found.get(prize);
        ensure!(found == Some(pieces), "prize {prize}: {pieces} pieces are accounted for, found {found:?}");
    }
    Ok(())
}

/// What there is of each prize: in stock, reserved and handed over.
pub async fn pieces(pool: &PgPool) -> Result<HashMap<Uuid, i64>> {
    let statement =
        "select p.prize_id, p.stock + (select coalesce(sum(r.quantity), 0)::bigint from incentives.redemption r
            where r.district_id = p.district_id and r.prize_id = p.prize_id and r.state in ('RESERVED', 'HANDED_OVER'))
        from incentives.prize p";
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(statement).fetch_all(pool).await?;
    Ok(rows.into_iter().collect())
}
