use chassis::faults::Fault;

use crate::{Finance, Ordered, store};

/// Orders payouts as an approved month does, each award once; money is held for them as far as there is any.
pub async fn order_payouts(state: &Finance, ordered: &[Ordered]) -> Result<(), Fault> {
    let mut transaction = chassis::db::begin(&state.pool).await?;
    store::payout::order(&mut transaction, ordered).await?;
    transaction.commit().await?;
    state.waker.wake();
    Ok(())
}
