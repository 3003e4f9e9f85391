//! The service, and WeChat's side of it, on one stopped clock.
use std::time::Duration;

use chrono::TimeDelta;
use finance::{
    payer, rpc,
    wechat::{Secrets, WeChat as Adapter, WeChatSettings},
};
use peer::wechat::{Bill, Notice, WeChat, keys};
use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{
        ClaimPayoutRequest, HearTransferRequest, Payout, WechatTransfer,
        payout::{Method, State},
        payout_service_server::PayoutService,
        wechat_service_server::WechatService,
        wechat_transfer,
    },
};
use tonic::Request;
use uuid::Uuid;

use crate::{
    harness::{World, ask},
    payouts::{Answer, add, audit, mine},
};

/// How long the adapter waits for an answer.
const PATIENCE: Duration = Duration::from_millis(400);

pub struct Rig {
    pub world: World,
    pub peer: WeChat,
    pub adapter: Adapter,
    pub admin: Uuid,
}

impl Rig {
    /// An award fund with so much money.
    pub async fn new(budget_fen: i64) -> Self {
        Self::waiting(budget_fen, PATIENCE).await
    }

    /// The same, where WeChat is waited for so long.
    pub async fn waiting(budget_fen: i64, patience: Duration) -> Self {
        let mut world = World::new().await;
        let peer = WeChat::new(world.state.clock.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, peer::wechat::router(peer.clone())).into_future());
        let folder = std::env::temp_dir().join(format!("hemei-rig-{}", Uuid::now_v7()));
        keys::lay(&folder).unwrap();
        let secrets = Secrets::load(&folder).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let settings = WeChatSettings {
            wechat_pay_address: address.clone(),
            wechat_address: address,
            wechat_mch_id: keys::MCH_ID.into(),
            wechat_app_id: keys::APP_ID.into(),
            wechat_transfer_scene_id: "1000".into(),
            wechat_notify_url: String::new(),
            wechat_perception: "现金奖励".into(),
            wechat_activity: "月度之星".into(),
            wechat_award_note: "社区治理月度奖励".into(),
        };
        let adapter = Adapter::new(settings, secrets, world.state.clock.clone(), patience).unwrap();
        world.state = world.state.clone().with_wechat(Some(adapter.clone()));
        let admin = Uuid::now_v7();
        if budget_fen > 0 {
            add(&world, admin, Uuid::now_v7(), budget_fen).await.unwrap();
        }
        Self { world, peer, adapter, admin }
    }

    /// A member with a payout, claimed by WeChat.
    pub async fn claimed(&self, rank: i32, fen: i64) -> (Uuid, Uuid) {
        let person = Uuid::now_v7();
        let id = self.world.award(person, rank, fen).await;
        self.claim(person, id, &format!("demo:{person}")).await.unwrap();
        (person, id)
    }

    pub async fn claim(&self, person: Uuid, id: Uuid, js_code: &str) -> Answer<Payout> {
        self.claim_as(person, id, Method::Wechat, js_code).await
    }

    pub async fn claim_as(&self, person: Uuid, id: Uuid, method: Method, js_code: &str) -> Answer<Payout> {
        let request = ClaimPayoutRequest {
            payout_id: id.to_string(),
            method: method.into(),
            account_name: "王大力".into(),
            account_number: "6222020000001234".into(),
            js_code: js_code.into(),
        };
        let post = (Role::Courier, "gn.xy.sh", Level::Community);
        let request = ask(self.world.district, person, post, "PayoutService/ClaimPayout", request);
        Ok(self.world.payouts().claim_payout(request).await?.into_inner())
    }

    /// One look of a payer at everything; answers how many transfers it touched.
    pub async fn pass(&self) -> usize {
        payer::pass(&self.world.state, &self.adapter).await.unwrap()
    }

    /// Lets time pass, then a payer look.
    pub async fn pass_after(&self, time: TimeDelta) -> usize {
        self.world.state.clock.advance(time);
        self.pass().await
    }

    /// The member's only payout.
    pub async fn payout(&self, person: Uuid) -> Payout {
        mine(&self.world, person).await.pop().unwrap()
    }

    pub async fn transfer(&self, person: Uuid) -> WechatTransfer {
        self.payout(person).await.wechat.unwrap_or_default()
    }

    /// Lets payers look again and again, with pauses as they make them, until a payout is in a state.
    pub async fn until(&self, person: Uuid, wanted: State) {
        for _ in 0..40 {
            if self.payout(person).await.state() == wanted {
                return;
            }
            self.pass_after(TimeDelta::minutes(1)).await;
        }
        panic!("never {wanted:?}: {:?}", self.payout(person).await);
    }

    /// The same until the transfer of a payout is in a state.
    pub async fn until_transfer(&self, person: Uuid, wanted: wechat_transfer::State) {
        for _ in 0..40 {
            let now = self.transfer(person).await;
            if now.state() == wanted && (wanted != wechat_transfer::State::WaitUserConfirm || !now.package.is_empty()) {
                return;
            }
            self.pass_after(TimeDelta::minutes(1)).await;
        }
        panic!("never {wanted:?}: {:?}", self.payout(person).await);
    }

    /// The transfers of a payout at WeChat, the older first.
    pub async fn bills(&self, id: Uuid) -> Vec<Bill> {
        let numbers: Vec<String> =
            sqlx::query_scalar("select out_bill_no from finance.wechat_transfer where payout_id = $1 order by round")
                .bind(id)
                .fetch_all(&self.world.pool)
                .await
                .unwrap();
        let bills = self.peer.bills();
        let find = |no: &String| bills.iter().find(|bill| bill.out_bill_no == *no).cloned();
        numbers.iter().filter_map(find).collect()
    }

    /// Hands a notice over as the gateway does.
    pub async fn hear(&self, notice: &Notice) -> Answer<()> {
        let request = HearTransferRequest {
            body: notice.body.clone().into_bytes(),
            timestamp: notice.header("wechatpay-timestamp"),
            nonce: notice.header("wechatpay-nonce"),
            signature: notice.header("wechatpay-signature"),
            serial: notice.header("wechatpay-serial"),
            signature_type: notice.header("wechatpay-signature-type"),
        };
        rpc::Wechat(self.world.state.clone()).hear_transfer(Request::new(request)).await.map(drop)
    }

    /// Who gave a payout back last, where that was a person.
    pub async fn returned_by(&self, id: Uuid) -> Option<Uuid> {
        let statement = "select by_id from finance.payout_event where payout_id = $1 and state = 'RETURNED' order by sequence desc limit 1";
        sqlx::query_scalar(statement).bind(id).fetch_one(&self.world.pool).await.unwrap()
    }

    pub async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.world.pool).await.unwrap()
    }

    /// The fund's sums, every payout's money, and what must hold between payouts and transfers.
    pub async fn audit(&self) {
        audit(&self.world).await;
        let wrong = self
            .count(
                "select count(*) from finance.payout p where
                    (p.state = 'SENT' and p.method = 'WECHAT') <> exists (select from finance.wechat_transfer t
                        where t.payout_id = p.payout_id and t.round = p.round and t.next_at is not null)
                    or (p.state = 'PAID' and p.method = 'WECHAT') <> exists (select from finance.wechat_transfer t
                        where t.payout_id = p.payout_id and t.state = 'SUCCESS')
                    or (p.openid_sealed is not null and p.state in ('PAID', 'RETURNED'))",
            )
            .await;
        assert_eq!(wrong, 0, "a payout and its transfers disagree");
        // what WeChat has paid is what the fund has paid by it, transfer by transfer
        let paid = self.peer.bills().into_iter().filter(|bill| bill.state == peer::wechat::BillState::Success);
        let mut paid: Vec<(String, i64)> = paid.map(|bill| (bill.out_bill_no, bill.amount)).collect();
        paid.sort();
        let booked: Vec<(String, i64)> = sqlx::query_as(
            "select t.out_bill_no, m.amount from finance.wechat_transfer t join finance.payout p using (district_id, payout_id, round)
            join finance.transfer m on m.district_id = t.district_id and m.kind = 'PAY'
                and m.entry_id = finance.movement_id(t.payout_id, t.round, 'PAY')
            where t.state = 'SUCCESS' order by 1",
        )
        .fetch_all(&self.world.pool)
        .await
        .unwrap();
        assert_eq!(booked, paid, "the fund and WeChat disagree about what was paid");
    }
}
