use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{
        AddBudgetRequest, AwardFund, BankFile, ClaimPayoutRequest, ExportBankFileRequest, GetAwardFundRequest,
        ListMyPayoutsRequest, ListPayoutsRequest, OfferPayoutRequest, PayInPersonRequest, Payout, PutAwardTaxRequest,
        RecordBankResultRequest, ReturnPayoutRequest,
        payout::{Method, State},
        payout_service_server::PayoutService,
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{World, ask, field, reason};

pub type Answer<T> = Result<T, Status>;

pub async fn add(world: &World, by: Uuid, id: Uuid, amount_fen: i64) -> Answer<AwardFund> {
    let request = AddBudgetRequest { entry_id: id.to_string(), amount_fen, text: "11 月预算".into() };
    Ok(world.payouts().add_budget(world.admin(by, "PayoutService/AddBudget", request)).await?.into_inner())
}

pub async fn fund(world: &World) -> AwardFund {
    let request = world.admin(Uuid::now_v7(), "PayoutService/GetAwardFund", GetAwardFundRequest {});
    let fund = world.payouts().get_award_fund(request).await.unwrap().into_inner();
    assert_eq!(fund.difference_fen, 0, "what is held is what the payouts say");
    fund
}

pub async fn listed(world: &World, state: State) -> Vec<Payout> {
    let request = ListPayoutsRequest { state: state.into(), page_size: 200, ..Default::default() };
    let request = world.admin(Uuid::now_v7(), "PayoutService/ListPayouts", request);
    world.payouts().list_payouts(request).await.unwrap().into_inner().payouts
}

pub async fn mine(world: &World, person: Uuid) -> Vec<Payout> {
    let post = (Role::Courier, "gn.xy.sh", Level::Community);
    let request = ask(world.district, person, post, "PayoutService/ListMyPayouts", ListMyPayoutsRequest::default());
    world.payouts().list_my_payouts(request).await.unwrap().into_inner().payouts
}

pub async fn claim(world: &World, person: Uuid, id: Uuid, method: Method) -> Answer<Payout> {
    let request = ClaimPayoutRequest {
        payout_id: id.to_string(),
        method: method.into(),
        account_name: "王大力".into(),
        account_number: "6222 0200 0000 1234".into(),
        js_code: String::new(),
    };
    let post = (Role::Courier, "gn.xy.sh", Level::Community);
    let request = ask(world.district, person, post, "PayoutService/ClaimPayout", request);
    Ok(world.payouts().claim_payout(request).await?.into_inner())
}

pub async fn export(world: &World, by: Uuid, batch: Uuid) -> BankFile {
    let request = ExportBankFileRequest { batch_id: batch.to_string() };
    let request = world.admin(by, "PayoutService/ExportBankFile", request);
    world.payouts().export_bank_file(request).await.unwrap().into_inner()
}

pub async fn result(world: &World, by: Uuid, id: Uuid, batch: Uuid, paid: bool) -> Answer<Payout> {
    let (payout_id, batch_id) = (id.to_string(), batch.to_string());
    let request = RecordBankResultRequest { payout_id, batch_id, paid, reason: "户名不符".into() };
    let request = world.admin(by, "PayoutService/RecordBankResult", request);
    Ok(world.payouts().record_bank_result(request).await?.into_inner())
}

pub async fn pay(world: &World, by: Uuid, id: Uuid, media: Uuid) -> Answer<Payout> {
    let request = PayInPersonRequest { payout_id: id.to_string(), signature_media_id: media.to_string() };
    Ok(world.payouts().pay_in_person(world.admin(by, "PayoutService/PayInPerson", request)).await?.into_inner())
}

pub async fn give_back(world: &World, by: Uuid, id: Uuid) -> Answer<Payout> {
    let request = ReturnPayoutRequest { payout_id: id.to_string(), reason: "联系不上获奖人".into() };
    Ok(world.payouts().return_payout(world.admin(by, "PayoutService/ReturnPayout", request)).await?.into_inner())
}

pub async fn offer(world: &World, by: Uuid, id: Uuid) -> Answer<Payout> {
    let request = OfferPayoutRequest { payout_id: id.to_string() };
    Ok(world.payouts().offer_payout(world.admin(by, "PayoutService/OfferPayout", request)).await?.into_inner())
}

/// Every account against its transfers, and nothing held that nobody waits for.
pub async fn audit(world: &World) {
    fund(world).await;
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from finance.account a where a.posted < 0 or a.posted <> (
            select coalesce(sum(case when (t.credit_owner_id, t.credit_purpose) = (a.owner_id, a.purpose) then t.amount else 0 end
                - case when (t.debit_owner_id, t.debit_purpose) = (a.owner_id, a.purpose) then t.amount else 0 end), 0)
            from finance.transfer t where t.district_id = a.district_id)",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(wrong, 0, "an account differs from its transfers");
    let paid: i64 = sqlx::query_scalar(
        "select count(*) from finance.payout p where (p.state = 'PAID')::int <> (
            select count(*) from finance.transfer t where t.kind = 'PAY' and t.amount = p.net_fen
                and t.entry_id = finance.movement_id(p.payout_id, p.round, 'PAY'))",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(paid, 0, "a payout was not paid exactly once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_waits_for_money_and_is_paid_once_with_its_tax_kept_apart() {
    let world = World::new().await;
    let [admin, first, second, entry] = [(); 4].map(|()| Uuid::now_v7());
    let request = world.admin(admin, "PayoutService/PutAwardTax", PutAwardTaxRequest { tax_percent: 20 });
    world.payouts().put_award_tax(request).await.unwrap();
    let one = world.award(first, 1, 50_001).await;
    let two = world.award(second, 2, 30_000).await;
    world.award_again(one, first, 1, 50_001).await;
    assert_eq!((fund(&world).await.waiting_fen, listed(&world, State::Waiting).await.len()), (80_001, 2));
    // enough for the first: the second waits, though it would be enough for the second alone
    for _ in 0..2 {
        let funded = add(&world, admin, entry, 60_000).await.unwrap();
        assert_eq!((funded.available_fen, funded.held_fen, funded.waiting_fen), (9_999, 50_001, 30_000));
    }
    assert_eq!(reason(&add(&world, admin, entry, 60_001).await.unwrap_err()), "ID_REUSED");
    let media = world.state.media.mint(world.district, admin, world.now());
    let paid = futures::future::join_all((0..8).map(|_| pay(&world, admin, one, media))).await;
    assert!(paid.iter().all(Result::is_ok), "{paid:?}");
    let paid = paid[0].as_ref().unwrap();
    assert_eq!((paid.state(), paid.gross_fen, paid.tax_fen, paid.net_fen), (State::Paid, 50_001, 10_000, 40_001));
    let now = fund(&world).await;
    assert_eq!((now.available_fen, now.held_fen, now.paid_fen, now.tax_fen), (9_999, 0, 40_001, 10_000));
    assert_eq!(reason(&give_back(&world, admin, one).await.unwrap_err()), "PAYOUT_MOVED");
    assert_eq!(reason(&pay(&world, admin, two, media).await.unwrap_err()), "PAYOUT_MOVED");
    assert_eq!(mine(&world, second).await[0].state(), State::Waiting);
    let theirs = world.state.media.mint(world.district, first, world.now());
    assert_eq!(reason(&pay(&world, admin, two, theirs).await.unwrap_err()), "MEDIA_NOT_YOURS");
    audit(&world).await;
}

#[tokio::test]
async fn a_bank_file_is_the_same_however_often_it_is_asked_for() {
    let world = World::new().await;
    let [admin, person, other, batch] = [(); 4].map(|()| Uuid::now_v7());
    add(&world, admin, Uuid::now_v7(), 100_000).await.unwrap();
    let (one, two) = (world.award(person, 1, 50_000).await, world.award(other, 2, 30_050).await);
    for _ in 0..2 {
        assert_eq!(claim(&world, person, one, Method::Bank).await.unwrap().account, "1234");
    }
    assert_eq!(reason(&claim(&world, other, one, Method::Bank).await.unwrap_err()), "PAYOUT_NOT_FOUND");
    claim(&world, other, two, Method::Bank).await.unwrap();
    let file = export(&world, admin, batch).await;
    assert_eq!((file.payouts, file.net_fen), (2, 80_050));
    assert!(
        file.csv.contains(&format!("2,王大力,\t6222020000001234,300.50,2026-11月度之星第2名,{two}\r\n")),
        "{}",
        file.csv
    );
    let sealed: Vec<u8> =
        sqlx::query_scalar("select file_sealed from finance.payout_batch").fetch_one(&world.pool).await.unwrap();
    assert!(!sealed.windows(16).any(|bytes| bytes == b"6222020000001234"), "accounts are stored sealed");
    assert_eq!(reason(&claim(&world, person, one, Method::InPerson).await.unwrap_err()), "PAYOUT_MOVED");
    for _ in 0..2 {
        assert_eq!(result(&world, admin, one, batch, true).await.unwrap().state(), State::Paid);
        let refused = result(&world, admin, two, batch, false).await.unwrap();
        assert_eq!(
            (refused.state(), refused.account.as_str(), refused.reason.as_str()),
            (State::Ready, "", "户名不符")
        );
    }
    assert_eq!(reason(&result(&world, admin, two, batch, true).await.unwrap_err()), "PAYOUT_MOVED");
    assert_eq!(export(&world, admin, batch).await, file);
    assert_eq!(export(&world, admin, Uuid::now_v7()).await.payouts, 0);
    // what is paid keeps no account
    let kept: i64 = sqlx::query_scalar("select count(*) from finance.payout where account_sealed is not null")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
    audit(&world).await;
}

#[tokio::test]
async fn what_is_returned_pays_who_waits_and_can_be_offered_again() {
    let world = World::new().await;
    let [admin, first, second] = [(); 3].map(|()| Uuid::now_v7());
    add(&world, admin, Uuid::now_v7(), 50_000).await.unwrap();
    let (one, two) = (world.award(first, 1, 50_000).await, world.award(second, 2, 50_000).await);
    for _ in 0..2 {
        assert_eq!(give_back(&world, admin, one).await.unwrap().state(), State::Returned);
    }
    assert_eq!(mine(&world, second).await[0].state(), State::Ready);
    for _ in 0..2 {
        assert_eq!(offer(&world, admin, one).await.unwrap().state(), State::Waiting);
    }
    assert_eq!(give_back(&world, admin, two).await.unwrap().state(), State::Returned);
    assert_eq!(mine(&world, first).await[0].state(), State::Ready);
    let told: Vec<String> =
        sqlx::query_scalar("select state from finance.payout_event where payout_id = $1 order by sequence")
            .bind(one)
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(told, ["WAITING", "READY", "RETURNED", "WAITING", "READY"]);
    audit(&world).await;
}

#[tokio::test]
async fn nobody_pays_themself_and_no_other_district_sees_it() {
    let world = World::new().await;
    let [admin, stranger] = [(); 2].map(|()| Uuid::now_v7());
    add(&world, stranger, Uuid::now_v7(), 50_000).await.unwrap();
    let id = world.award(admin, 1, 50_000).await;
    let media = world.state.media.mint(world.district, admin, world.now());
    assert_eq!(reason(&pay(&world, admin, id, media).await.unwrap_err()), "OWN_PAYOUT");
    assert_eq!(reason(&give_back(&world, admin, id).await.unwrap_err()), "OWN_PAYOUT");
    let request = ReturnPayoutRequest { payout_id: id.to_string(), reason: "联系不上".into() };
    let post = (Role::DistrictAdmin, "gn", Level::District);
    let request = ask(Uuid::now_v7(), stranger, post, "PayoutService/ReturnPayout", request);
    assert_eq!(reason(&world.payouts().return_payout(request).await.unwrap_err()), "PAYOUT_NOT_FOUND");
    let wrong = ClaimPayoutRequest {
        payout_id: id.to_string(),
        method: Method::Bank.into(),
        account_name: "=cmd|1".into(),
        account_number: "1".into(),
        js_code: String::new(),
    };
    for (name, request) in [
        ("account_name", wrong.clone()),
        ("account_number", ClaimPayoutRequest { account_name: "王大力".into(), ..wrong.clone() }),
        ("method", ClaimPayoutRequest { method: 0, ..wrong }),
    ] {
        let post = (Role::Courier, "gn.xy.sh", Level::Community);
        let request = ask(world.district, admin, post, "PayoutService/ClaimPayout", request);
        assert_eq!(field(&world.payouts().claim_payout(request).await.unwrap_err()), name);
    }
}

/// Whatever many do at once, in any order and over and over, money is held or paid once and never overdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_pays_everybody_at_most_once() {
    let seed = rand::random::<u64>();
    let world = World::new().await;
    let admin = Uuid::now_v7();
    let mut awards = Vec::new();
    for rank in 1..=12 {
        let person = Uuid::now_v7();
        awards.push((world.award(person, rank, 10_000).await, person));
    }
    let media = world.state.media.mint(world.district, admin, world.now());
    let storm = (0..8u64).map(|caller| {
        let (world, awards) = (&world, &awards);
        async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(caller));
            let mut batches = vec![Uuid::now_v7()];
            for _ in 0..30 {
                let (id, person) = awards[random.random_range(0..awards.len())];
                match random.random_range(0..7) {
                    0 => drop(add(world, admin, Uuid::now_v7(), random.random_range(1..8_000)).await.unwrap()),
                    1 => drop(claim(world, person, id, Method::Bank).await),
                    2 => {
                        let batch = Uuid::now_v7();
                        export(world, admin, batch).await;
                        batches.push(batch);
                    }
                    3 => drop(
                        result(
                            world,
                            admin,
                            id,
                            batches[random.random_range(0..batches.len())],
                            random.random_bool(0.6),
                        )
                        .await,
                    ),
                    4 => drop(pay(world, admin, id, media).await),
                    5 => drop(give_back(world, admin, id).await),
                    _ => drop(offer(world, admin, id).await),
                }
            }
        }
    });
    futures::future::join_all(storm).await;
    audit(&world).await;
    let now = fund(&world).await;
    let budget: i64 = sqlx::query_scalar("select sum(amount)::bigint from finance.transfer where kind = 'BUDGET'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(now.available_fen + now.held_fen + now.paid_fen + now.tax_fen, budget, "seed {seed}");
}
