use chassis::chain::Chain;
use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{
        FundAction, ListFundActionsRequest, PutAwardTaxRequest, fund_entry::Kind, fund_service_server::FundService,
        payout::Method, payout_service_server::PayoutService,
    },
};
use uuid::Uuid;

use crate::{
    harness::{World, ask, field},
    payouts::{add, claim, export, give_back, offer, pay, result},
};

async fn actions(world: &World, district: Uuid, subject: &str) -> Vec<FundAction> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListFundActionsRequest { subject: subject.into(), page_size: 3, page_token };
        let request = ask(
            district,
            Uuid::now_v7(),
            (Role::Auditor, "gn", Level::District),
            "FundService/ListFundActions",
            request,
        );
        let page = world.funds().list_fund_actions(request).await.unwrap().into_inner();
        found.extend(page.actions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

/// Acts with their subjects, the first first.
async fn acts(world: &World) -> Vec<(String, String)> {
    let acts = actions(world, world.district, "").await.into_iter().rev();
    acts.map(|action| (action.act, action.subject)).collect()
}

async fn sealed(world: &World, chain: &Chain, rows: usize) {
    let sealed = async {
        let mut sealed = 0;
        while sealed < rows {
            sealed += chain.seal(world.now()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.expect("everything is sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_with_money_is_logged_once_and_every_reading_of_accounts_each_time() {
    let world = World::new().await;
    let [admin, person, entry, batch] = [(); 4].map(|()| Uuid::now_v7());
    let spent = world.entry(Kind::Income, "REPAIR", 500);
    let id = world.award(person, 1, 10_000).await;
    for _ in 0..2 {
        world.record(spent.clone()).await.unwrap();
        let tax = PutAwardTaxRequest { tax_percent: 20 };
        world.payouts().put_award_tax(world.admin(admin, "PayoutService/PutAwardTax", tax)).await.unwrap();
    }
    let (one, two) = tokio::join!(add(&world, admin, entry, 90_000), add(&world, admin, entry, 90_000));
    assert!(one.is_ok() && two.is_ok());
    claim(&world, person, id, Method::Bank).await.unwrap();
    export(&world, admin, batch).await;
    export(&world, admin, batch).await;
    for _ in 0..2 {
        result(&world, admin, id, batch, false).await.unwrap();
    }
    for _ in 0..2 {
        give_back(&world, admin, id).await.unwrap();
    }
    offer(&world, admin, id).await.unwrap();
    let media = world.state.media.mint(world.district, admin, world.now());
    let paid = futures::future::join_all((0..4).map(|_| pay(&world, admin, id, media))).await;
    assert!(paid.iter().all(Result::is_ok), "{paid:?}");
    // what is refused is no act, nor what members do
    pay(&world, person, id, media).await.unwrap_err();
    give_back(&world, admin, id).await.unwrap_err();
    let fund: Uuid = sqlx::query_scalar("select fund_id from finance.award_fund").fetch_one(&world.pool).await.unwrap();
    let wanted = [
        ("RECORD_ENTRY", spent.entry_id.clone()),
        ("PUT_AWARD_TAX", fund.to_string()),
        ("ADD_BUDGET", entry.to_string()),
        ("EXPORT_BANK_FILE", batch.to_string()),
        ("READ_BANK_FILE", batch.to_string()),
        ("BANK_REFUSED", id.to_string()),
        ("RETURN_PAYOUT", id.to_string()),
        ("OFFER_PAYOUT", id.to_string()),
        ("PAY_IN_PERSON", id.to_string()),
    ];
    assert_eq!(acts(&world).await, wanted.map(|(act, subject)| (act.to_owned(), subject)));
    let of_payout = actions(&world, world.district, &id.to_string()).await;
    assert_eq!(of_payout.len(), 4);
    let last = &of_payout[0];
    assert_eq!((last.actor_id.as_str(), last.actor_role()), (admin.to_string().as_str(), Role::DistrictAdmin));
    assert!(last.detail.contains(&media.to_string()), "{}", last.detail);
    assert!(actions(&world, Uuid::now_v7(), "").await.is_empty(), "another district's acts are not told");
    let request = ListFundActionsRequest { subject: "x".repeat(101), ..Default::default() };
    let request = world.admin(admin, "FundService/ListFundActions", request);
    assert_eq!(field(&world.funds().list_fund_actions(request).await.unwrap_err()), "subject");
}

#[tokio::test]
async fn a_changed_act_breaks_the_chain_and_is_named() {
    let world = World::new().await;
    let admin = Uuid::now_v7();
    for _ in 0..3 {
        add(&world, admin, Uuid::now_v7(), 100).await.unwrap();
    }
    let chain = finance::audit_chain(&world.pool);
    sealed(&world, &chain, 3).await;
    let whole = chain.verify(|_| {}).await.unwrap();
    assert_eq!((whole.rows, whole.unsealed, &whole.broken), (3, 0, &None));
    let tampering = [
        "update finance.audit set detail = '{\"amount_fen\": 1}' where audit_id = 2",
        "delete from finance.audit where audit_id = 2",
    ];
    for statement in tampering.iter().chain(&["truncate finance.audit"]) {
        assert!(sqlx::query(*statement).execute(&world.pool).await.is_err(), "it only grows: {statement}");
    }
    sqlx::query("alter table finance.audit disable trigger user").execute(&world.pool).await.unwrap();
    for statement in tampering {
        sqlx::query(statement).execute(&world.pool).await.unwrap();
        let broken = chain.verify(|_| {}).await.unwrap().broken.expect("it is found");
        assert!(broken.contains("the first difference at row"), "{broken}");
    }
}
