use std::collections::HashMap;

use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    month::{Appeal, CashAward, Month, MonthState},
    store,
};

/// A month as somebody sees it.
#[derive(Clone, Debug)]
pub struct MonthSeen {
    pub month: Month,
    pub awards: Vec<CashAward>,
    pub names: HashMap<Uuid, String>,
    /// The caller's own rank and points.
    pub mine: Option<(i32, i64)>,
    pub appeals: Vec<Appeal>,
    /// Whether ids are shown.
    pub decides: bool,
}

/// A closed month: its awards once they are shown, everything to those who decide.
pub async fn get_month(state: &Incentives, caller: &Caller, month: NaiveDate) -> Result<MonthSeen, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    let mut found = store::month::list(pool, district_id, Some(month)).await?;
    let found = found.pop().ok_or(Refusal::MonthNotFound)?;
    let deciding = [Role::DistrictAdmin, Role::Coordinator, Role::Auditor];
    let decides = deciding.iter().any(|role| caller.paths_as(*role).next().is_some());
    let shown = decides || matches!(found.state, MonthState::Approved | MonthState::Published);
    let awards = if shown { store::month::awards(pool, district_id, month).await? } else { Vec::new() };
    let people: Vec<Uuid> = awards.iter().map(|award| award.person_id).collect();
    let names = store::member::shown_names(pool, district_id, &people).await?.into_iter().collect();
    let whose = (!decides).then_some(caller.person_id);
    let appeals = store::month_appeal::list(pool, district_id, month, (None, whose)).await?;
    let mine = store::month::rank_of(pool, district_id, month, caller.person_id).await?;
    Ok(MonthSeen { month: found, awards, names, mine, appeals, decides })
}
