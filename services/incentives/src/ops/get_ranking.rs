use std::collections::HashMap;

use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{
    Incentives,
    ranking::{self, Board, Page},
    store,
};

/// A page of a board with what its people are called.
#[derive(Clone, Debug)]
pub struct Ranking {
    pub page: Page,
    pub names: HashMap<Uuid, String>,
}

/// A page of a board, and what is around the caller: from the sorted sets, or from the scores while these are not there.
pub async fn get_ranking(
    state: &Incentives,
    caller: &Caller,
    board: &Board,
    (first, size): (i32, i32),
) -> Result<Ranking, Fault> {
    let me = caller.person_id;
    let span = (isize::try_from(first).unwrap_or(1), isize::try_from(size).unwrap_or(1));
    let ranked = ranking::page(state, board, span, me).await;
    if let Err(fault) = &ranked {
        tracing::warn!(%fault, "the ranking is counted from the scores");
    }
    let page = match ranked.ok().flatten() {
        Some(page) => page,
        None => ranking::recount(state, board, first.into(), size.into(), me).await?,
    };
    let people: Vec<Uuid> = page.rows.iter().chain(&page.around).map(|row| row.person_id).collect();
    let names = store::member::shown_names(&state.pool, caller.district_id, &people).await?.into_iter().collect();
    Ok(Ranking { page, names })
}
