use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{
    Finance,
    payout::{ACCOUNT, BankFile, FILE, MOST_LINES, Payout},
    store::{self, payout::Wanted},
};

/// Sends what is ready and claimed by bank, all of it in one file or nothing; the same id answers the same file.
pub async fn export_bank_file(state: &Finance, caller: &Caller, batch_id: Uuid) -> Result<BankFile, Fault> {
    let (district_id, by) = (caller.district_id, super::actor(state, caller));
    let mut transaction = chassis::db::begin(&state.pool).await?;
    if store::payout::open_batch(&mut transaction, &by, batch_id, MOST_LINES).await? {
        let wanted = Wanted { batch_id: Some(batch_id), ..Wanted::default() };
        let payouts = store::payout::list(&mut *transaction, district_id, &wanted, MOST_LINES).await?;
        let file = file(state, batch_id, &payouts)?;
        let sealed = state.vault.seal(FILE, &file.csv);
        let kept = (file.payouts, file.net_fen, sealed.as_slice());
        store::payout::close_batch(&mut transaction, &by, batch_id, kept).await?;
        transaction.commit().await?;
        state.waker.wake();
        return Ok(file);
    }
    drop(transaction);
    let known = store::payout::read_batch(&state.pool, &by, batch_id).await?;
    let (payouts, net_fen, sealed) = known.ok_or_else(|| Fault::unavailable("the batch is being written"))?;
    Ok(BankFile { batch_id, payouts, net_fen, csv: state.vault.open(FILE, &sealed)? })
}

fn file(state: &Finance, batch_id: Uuid, payouts: &[Payout]) -> Result<BankFile, Fault> {
    let mut csv = String::from("\u{feff}序号,收款人,收款账号,金额（元）,用途,发放编号\r\n");
    let mut net_fen = 0;
    for (number, payout) in payouts.iter().enumerate() {
        let sealed =
            payout.account_sealed.as_deref().ok_or_else(|| Fault::internal("a bank payout without its account"))?;
        let (name, account) = (payout.account_name.as_deref().unwrap_or_default(), state.vault.open(ACCOUNT, sealed)?);
        let (yuan, fen) = (payout.net_fen / 100, payout.net_fen % 100);
        let (month, rank, id) = (&payout.month, payout.rank, payout.payout_id);
        // a tab keeps a spreadsheet from rounding the account
        let line = format!("{},{name},\t{account},{yuan}.{fen:02},{month}月度之星第{rank}名,{id}\r\n", number + 1);
        csv.push_str(&line);
        net_fen += payout.net_fen;
    }
    Ok(BankFile { batch_id, payouts: i32::try_from(payouts.len()).unwrap_or(i32::MAX), net_fen, csv })
}
