//! Callers who earn, and who keep the money.
use anyhow::{Context, Result};
use hemei_tests::{retry, tickets, tickets::Cast};
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use super::caller::{Caller, PATIENCE, Question};

impl Caller {
    /// Reports and takes tickets through their lives, repeating every request until it is answered.
    pub async fn report_and_resolve(mut self, member: usize) -> Result<()> {
        let bank = self.bank.clone();
        let member = &bank.members[member];
        let mut courier = member.person.clone();
        courier.location = bank.probe.cast.courier.location.clone();
        let cast = Cast { courier, as_courier: member.client.clone(), ..bank.probe.cast.clone() };
        while !bank.stopped() {
            let busy = bank.busy.read().await;
            let id = Uuid::now_v7();
            let body = tickets::report(id, &cast.courier);
            retry::post(&cast.as_courier, "/v1/tickets", &body, PATIENCE).await?.success()?;
            bank.write(|told| told.tickets.insert(id, vec!["report"]));
            bank.count("report");
            for (step, body) in tickets::steps(cast.department()) {
                let path = format!("/v1/tickets/{id}:{step}");
                let answer = retry::post(tickets::actor(&cast, step), &path, &body, PATIENCE).await?;
                answer.success().with_context(|| format!("{step} of {id}"))?;
                bank.write(|told| told.tickets.get_mut(&id).expect("it was reported").push(step));
                bank.count("step of a ticket");
            }
            drop(busy);
            self.pause(500).await;
        }
        Ok(())
    }

    /// Records what a compound takes in and spends, and fills the award fund.
    pub async fn keep_the_fund(mut self) -> Result<()> {
        let bank = self.bank.clone();
        let path = format!("{}/entries", bank.probe.fund);
        while !bank.stopped() {
            let busy = bank.busy.read().await;
            let (id, amount) = (Uuid::now_v7(), self.random.random_range(1..500));
            let (who, path, body) = if self.random.random_bool(0.3) {
                (&bank.admin, "/v1/award-fund:add", json!({"entry_id": id, "amount_fen": amount, "text": "压测"}))
            } else {
                let kind = if self.random.random_bool(0.3) { "SPENDING" } else { "INCOME" };
                let body =
                    json!({"entry_id": id, "kind": kind, "purpose": "REPAIR", "amount_fen": amount, "text": "压测"});
                (&bank.probe.manager, path.as_str(), body)
            };
            let question =
                Question { what: "entry of a fund", who, path, body: &body, same: &["entry_id"], lasting: true };
            self.must(&question).await?;
            bank.write(|told| told.fund_entries.insert(id, amount));
            drop(busy);
            self.pause(300).await;
        }
        Ok(())
    }

    /// Gives a payout back to the award fund and offers it again, so that its money is held and released.
    pub async fn keep_a_payout(mut self) -> Result<()> {
        let bank = self.bank.clone();
        let id: Uuid = bank.payout.parse()?;
        for number in 1.. {
            if bank.stopped() {
                break;
            }
            let busy = bank.busy.read().await;
            let give_up = number % 2 == 1;
            let (verb, body) =
                if give_up { ("return", json!({"reason": "账户有误"})) } else { ("offer", json!({})) };
            let path = format!("/v1/payouts/{id}:{verb}");
            let question = Question {
                what: "payout back and forth",
                who: &bank.admin,
                path: &path,
                body: &body,
                same: &["payout_id", "state", "changed_at"],
                lasting: true,
            };
            self.must(&question).await?;
            bank.write(|told| {
                let state = if give_up { "RETURNED" } else { "READY" };
                told.payouts.insert(id, ((number + 1) / 2, state));
            });
            drop(busy);
            self.pause(300).await;
        }
        Ok(())
    }
}
