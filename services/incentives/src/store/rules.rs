//! The districts' own rules, in versions.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool, types::Json};
use uuid::Uuid;

use super::redemption::Asked;
use crate::rules::EarningRules;

/// A version of a district's rules; version 0 is the suite's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet {
    pub version: i32,
    pub rules: EarningRules,
    pub valid_from: Option<DateTime<Utc>>,
    pub put_by: Option<Uuid>,
}

/// Every version that holds at or after a time in some districts, the newest first: the first of a district that is valid at a
/// moment holds then.
pub async fn holding(
    executor: impl PgExecutor<'_>,
    districts: &[Uuid],
    since: DateTime<Utc>,
) -> sqlx::Result<HashMap<Uuid, Vec<RuleSet>>> {
    let rows = sqlx::query!(
        r#"select s.district_id, s.version, s.rules as "rules: Json<EarningRules>", s.valid_from, s.put_by
        from incentives.rule_set s
        where s.district_id = any($1) and s.version >= coalesce((select max(b.version) from incentives.rule_set b
            where b.district_id = s.district_id and b.valid_from <= $2), 0)
        order by s.district_id, s.version desc"#,
        districts,
        since
    );
    let mut sets: HashMap<Uuid, Vec<RuleSet>> = HashMap::new();
    for row in rows.fetch_all(executor).await? {
        let (rules, valid_from, put_by) = (row.rules.0, Some(row.valid_from), Some(row.put_by));
        sets.entry(row.district_id).or_default().push(RuleSet { version: row.version, rules, valid_from, put_by });
    }
    Ok(sets)
}

/// One version of a district; nothing where there is none.
pub async fn find(pool: &PgPool, district_id: Uuid, version: i32) -> sqlx::Result<Option<RuleSet>> {
    let row = sqlx::query!(
        r#"select version, rules as "rules: Json<EarningRules>", valid_from, put_by
        from incentives.rule_set where district_id = $1 and version = $2"#,
        district_id,
        version
    );
    let set = |(version, rules, valid_from, put_by)| RuleSet { version, rules, valid_from, put_by };
    Ok(row
        .fetch_optional(pool)
        .await?
        .map(|row| set((row.version, row.rules.0, Some(row.valid_from), Some(row.put_by)))))
}

/// Writes the version after `edited`; false where there is one already.
pub async fn put(
    pool: &PgPool,
    asked: &Asked,
    edited: i32,
    rules: &EarningRules,
    valid_from: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "with e as (
            insert into incentives.rule_set (district_id, version, rules, valid_from, put_by, at)
            select $1, $2 + 1, $3, $4, $5, $6
            where $2 = (select coalesce(max(version), 0) from incentives.rule_set where district_id = $1)
            on conflict on constraint rule_set_key do nothing returning *)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select e.district_id, e.at, e.put_by, $7, 'PUT_EARNING_RULES', e.version, jsonb_build_object('rules', e.rules, 'valid_from', e.valid_from)
        from e",
        asked.district_id,
        edited,
        Json(rules) as _,
        valid_from,
        asked.person_id,
        asked.now,
        asked.role
    );
    Ok(written.execute(pool).await?.rows_affected() > 0)
}
