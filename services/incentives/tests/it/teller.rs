//! A caller of the bank's test: does something by chance, repeats it with the same ids, or is cut off in the middle.
use std::{sync::Arc, time::Duration};

use proto::incentives::v1::{
    CancelRequest, GrantPointsRequest, HandOverRequest, RecordStockTakeRequest, RedeemRequest, Redemption,
    ReverseEntryRequest, TakeBackRequest, points_service_server::PointsService, prize_service_server::PrizeService,
    redemption::State, redemption_service_server::RedemptionService,
};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::{
    bank::{Bank, ago, pass_time},
    harness::{COMMUNITY, reason},
};

/// What callers may be refused with, whatever the others do.
const REFUSALS: [&str; 16] = [
    "OUT_OF_STOCK",
    "POINTS_INSUFFICIENT",
    "REDEMPTION_ENDED",
    "REDEMPTION_NOT_FOUND",
    "OWN_REDEMPTION",
    "OWN_POINTS",
    "VOUCHER_GIVEN",
    "STOCK_BELOW_RESERVED",
    "LATE_POINTS_MISSING",
    "LATE_STOCK_MISSING",
    "ENTRY_NOT_REVERSIBLE",
    "FIELD_INVALID",
    "NOT_YOURS",
    "ENTRY_NOT_FOUND",
    "PRIZE_LIMIT",
    "UNAVAILABLE",
];

pub struct Teller {
    pub bank: Arc<Bank>,
    pub random: StdRng,
}

impl Teller {
    /// One thing by chance.
    pub async fn step(&mut self) {
        match self.random.random_range(0..100) {
            0..20 => self.earn().await,
            20..30 => self.grant().await,
            30..55 => self.redeem().await,
            55..63 => self.cancel().await,
            63..78 => self.hand_over().await,
            78..84 => self.take_back().await,
            84..90 => self.reverse().await,
            90..95 => self.count_shelf().await,
            95..98 => pass_time(&self.bank.world, &mut self.random).await,
            _ => self.hear().await,
        }
    }

    fn person(&mut self) -> Uuid {
        *self.bank.people.choose(&mut self.random).unwrap()
    }

    fn note(&self, what: &str) {
        *self.bank.told.lock().unwrap().counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Calls once or more with the same body, sometimes side by side, sometimes giving up in the middle; answers the last answer.
    async fn call<T, Answer: Future<Output = Result<Response<T>, Status>>>(
        &mut self,
        what: &str,
        call: impl Fn() -> Answer,
    ) -> Option<T> {
        if self.random.random_bool(0.2) {
            let patience = Duration::from_micros(self.random.random_range(0..6000));
            if tokio::time::timeout(patience, call()).await.is_err() {
                self.note("cut off");
                if self.random.random_bool(0.3) {
                    return None;
                }
            }
        }
        let answer = if self.random.random_bool(0.2) {
            let (one, two) = tokio::join!(call(), call());
            let _side_by_side = self.judge(what, one);
            two
        } else {
            call().await
        };
        self.judge(what, answer)
    }

    fn judge<T>(&self, what: &str, answer: Result<Response<T>, Status>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.note(what);
                Some(answer.into_inner())
            }
            Err(status) => {
                let why = reason(&status);
                assert!(REFUSALS.contains(&why.as_str()) && status.code() != Code::Internal, "{what}: {status:?}");
                self.note(&format!("{what}: {why}"));
                None
            }
        }
    }

    /// A report that is taken up, and closed or found to be none; some of it told twice.
    async fn earn(&mut self) {
        let (person, ticket) = (self.person(), Uuid::now_v7());
        let end = if self.random.random_bool(0.8) { "CLOSED" } else { "INVALID" };
        let again = usize::from(self.random.random_bool(0.1));
        let world = &self.bank.world;
        world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
        if self.random.random_bool(0.9) {
            for _ in 0..=again {
                world.ticket(ticket, person, "10101", "FEEDBACK", end).await;
            }
        }
        self.note("earn");
        self.hear().await;
    }

    async fn hear(&self) {
        let world = &self.bank.world;
        let source = |schema| chassis::feed::Source::local(world.pool.clone(), schema);
        let [tickets, ..] = world.state.consumers(source("tickets"), source("residents"));
        tickets.catch_up().await.unwrap();
    }

    async fn grant(&mut self) {
        let (bank, admin, id) = (self.bank.clone(), Uuid::now_v7(), Uuid::now_v7());
        let many = self.random.random_range(1..4);
        let people: Vec<_> = bank.people.choose_multiple(&mut self.random, many).map(Uuid::to_string).collect();
        let points = self.random.random_range(1..30);
        let (activity_id, name) = (id.to_string(), "清雪志愿服务".to_owned());
        let request = GrantPointsRequest { activity_id, name, points, person_ids: people };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.admin(admin, "PointsService/GrantPoints", request);
                bank.world.points().grant_points(request).await
            }
        };
        if let Some(answer) = self.call("grant", call).await {
            let many = i64::try_from(many).unwrap();
            assert_eq!(answer.points, points * many);
            self.bank.told.lock().unwrap().grants.insert(id, many);
        }
    }

    async fn redeem(&mut self) {
        let (bank, person, id) = (self.bank.clone(), self.person(), Uuid::now_v7());
        let voucher = self.random.random_bool(0.15);
        let prize = if voucher { bank.voucher } else { *bank.goods.choose(&mut self.random).unwrap() };
        let quantity = if voucher { 1 } else { self.random.random_range(1..3) };
        let (redemption_id, prize_id) = (id.to_string(), prize.to_string());
        let request = RedeemRequest { redemption_id, prize_id, quantity, ..Default::default() };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.ask(person, "RedemptionService/Redeem", request);
                bank.world.redemptions().redeem(request).await
            }
        };
        if let Some(answer) = self.call("redeem", call).await {
            assert_eq!((answer.redemption_id.clone(), answer.quantity), (id.to_string(), quantity));
            self.keep(answer, person);
        }
    }

    /// Remembers an answer; an earlier one of the same moment never replaces a later state.
    fn keep(&self, answer: Redemption, person: Uuid) {
        let mut told = self.bank.told.lock().unwrap();
        let known = told.redemptions.get(&answer.redemption_id).map(|(known, _)| (known.state(), known.code.clone()));
        let mut answer = answer;
        if let Some((state, code)) = known {
            if state == State::Returned {
                return;
            }
            answer.code = code;
        }
        told.redemptions.insert(answer.redemption_id.clone(), (answer, person));
    }

    /// Any redemption that was answered, with whose it is.
    fn any(&mut self) -> Option<(Redemption, Uuid)> {
        let told = self.bank.told.lock().unwrap();
        let mut all: Vec<_> = told.redemptions.values().cloned().collect();
        drop(told);
        // a choice by the seed, not by the order of the map; the newest are the most open
        all.sort_by(|(one, _), (other, _)| other.redemption_id.cmp(&one.redemption_id));
        let recent = all.len().min(40);
        all.get(..recent).and_then(|all| all.choose(&mut self.random)).cloned()
    }

    async fn cancel(&mut self) {
        let Some((redemption, person)) = self.any() else { return };
        let bank = self.bank.clone();
        let request = CancelRequest { redemption_id: redemption.redemption_id };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.ask(person, "RedemptionService/Cancel", request);
                bank.world.redemptions().cancel(request).await
            }
        };
        if let Some(answer) = self.call("cancel", call).await {
            assert_eq!(answer.state(), State::Cancelled);
            self.keep(answer, person);
        }
    }

    async fn hand_over(&mut self) {
        let Some((redemption, person)) = self.any().filter(|(redemption, _)| redemption.code.len() == 8) else {
            return;
        };
        let (bank, worker) = (self.bank.clone(), Uuid::now_v7());
        let handed_over_at = ago(&bank.world, &mut self.random);
        let request = HandOverRequest { code: redemption.code, handed_over_at };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.worker(worker, COMMUNITY, "RedemptionService/HandOver", request);
                bank.world.redemptions().hand_over(request).await
            }
        };
        if let Some(answer) = self.call("hand over", call).await {
            assert_eq!((answer.state(), &answer.redemption_id), (State::HandedOver, &redemption.redemption_id));
            self.keep(answer, person);
        }
    }

    async fn take_back(&mut self) {
        let Some((redemption, person)) = self.any() else { return };
        let (bank, worker, restock) = (self.bank.clone(), Uuid::now_v7(), self.random.random_bool(0.6));
        let (redemption_id, why) = (redemption.redemption_id, "拉链坏了".to_owned());
        let request = TakeBackRequest { redemption_id, restock, reason: why };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.worker(worker, COMMUNITY, "RedemptionService/TakeBack", request);
                bank.world.redemptions().take_back(request).await
            }
        };
        if let Some(answer) = self.call("take back", call).await {
            assert_eq!(answer.state(), State::Returned);
            self.keep(answer, person);
        }
    }

    async fn reverse(&mut self) {
        let bank = self.bank.clone();
        let newest = "select transfer_id from incentives.transfer where kind in ('ACTIVATE', 'GRANT', 'EXPIRE')
            order by transfer_id desc limit 60";
        let newest: Vec<i64> = sqlx::query_scalar(newest).fetch_all(&bank.world.pool).await.unwrap();
        let Some(transfer) = newest.choose(&mut self.random) else { return };
        let entry_id = format!("{transfer}-AVAILABLE");
        let request = ReverseEntryRequest { entry_id: entry_id.clone(), reason: "登记错误".into() };
        let admin = Uuid::now_v7();
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.admin(admin, "PointsService/ReverseEntry", request);
                bank.world.points().reverse_entry(request).await
            }
        };
        if let Some(answer) = self.call("reverse", call).await {
            assert_eq!(answer.reverses, Some(transfer.to_string()));
            let known = bank.told.lock().unwrap().reversals.insert(entry_id, answer.entry_id.clone());
            assert!(known.is_none_or(|known| known == answer.entry_id), "undone twice");
        }
    }

    async fn count_shelf(&mut self) {
        let (bank, worker, id) = (self.bank.clone(), Uuid::now_v7(), Uuid::now_v7());
        let prize = *bank.goods.choose(&mut self.random).unwrap();
        let there = "select p.stock + coalesce(sum(r.quantity) filter (where r.state = 'RESERVED'), 0)::bigint
            from incentives.prize p left join incentives.redemption r using (district_id, prize_id)
            where p.prize_id = $1 group by p.district_id, p.prize_id";
        let there: i64 = sqlx::query_scalar(there).bind(prize).fetch_one(&bank.world.pool).await.unwrap();
        let counted = (there + self.random.random_range(-3..4)).max(0);
        let (prize_id, stock_take_id) = (prize.to_string(), id.to_string());
        let request = RecordStockTakeRequest { prize_id, stock_take_id, counted, ..Default::default() };
        let call = || {
            let (bank, request) = (bank.clone(), request.clone());
            async move {
                let request = bank.world.worker(worker, COMMUNITY, "PrizeService/RecordStockTake", request);
                bank.world.prizes().record_stock_take(request).await
            }
        };
        if let Some(answer) = self.call("count", call).await {
            assert_eq!((answer.stock_take_id, answer.difference), (id.to_string(), counted - answer.expected));
            bank.told.lock().unwrap().stock_takes.insert(id, counted);
        }
    }
}
