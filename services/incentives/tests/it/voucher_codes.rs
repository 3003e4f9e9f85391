//! Codes that are added to vouchers.
use chassis::keys::Keyring;
use futures::future::join_all;
use incentives::{VoucherRow, ops};
use proto::incentives::v1::{VoucherWithdrawal, WithdrawVoucherCodesRequest, prize_service_server::PrizeService};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{PICKUP, World, field, reason},
    redeem::{redeem, stock},
    vouchers::{codes, import, rich, voucher},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_adds_once_and_names_what_was_there() {
    let world = World::new().await;
    let (prize, admin, id) = (world.voucher("早餐券", 10).await, Uuid::now_v7(), Uuid::now_v7());
    let mut first = codes(0, 4);
    first.push(first[1].clone());
    let imports = (0..6).map(|_| import(&world, (admin, id, prize), &first, None));
    for imported in join_all(imports).await {
        let imported = imported.unwrap();
        assert_eq!((imported.added, imported.known), (4, vec![4]));
    }
    assert_eq!(stock(&world, prize).await, 4);
    let second = import(&world, (admin, Uuid::now_v7(), prize), &codes(2, 5), None).await.unwrap();
    assert_eq!((second.added, second.known, stock(&world, prize).await), (3, vec![0, 1], 7));
    // the same two imports, side by side and overlapping, of two admins
    let shared = codes(100, 50);
    let both = join_all((0..2).map(|_| import(&world, (Uuid::now_v7(), Uuid::now_v7(), prize), &shared, None)));
    let added: i32 = both.await.into_iter().map(|imported| imported.unwrap().added).sum();
    assert_eq!((added, stock(&world, prize).await), (50, 57));
    let reused = [
        import(&world, (admin, id, prize), &codes(0, 4), None).await,
        import(&world, (admin, id, prize), &first, Some(world.state.clock.today())).await,
        import(&world, (admin, id, world.voucher("午餐券", 10).await), &first, None).await,
        import(&world, (Uuid::now_v7(), id, prize), &first, None).await,
    ];
    for reused in reused {
        assert_eq!(reason(&reused.unwrap_err()), "ID_REUSED");
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_is_no_code_or_no_voucher_is_refused_and_codes_are_not_repeated() {
    let world = World::new().await;
    let (voucher, goods) = (world.voucher("早餐券", 10).await, world.prize("手套", 10, 5).await);
    let ids = |prize| (Uuid::now_v7(), Uuid::now_v7(), prize);
    assert_eq!(reason(&import(&world, ids(goods), &codes(0, 1), None).await.unwrap_err()), "PRIZE_NOT_VOUCHER");
    assert_eq!(reason(&import(&world, ids(Uuid::now_v7()), &codes(0, 1), None).await.unwrap_err()), "PRIZE_NOT_FOUND");
    for many in [0, 1001] {
        assert_eq!(field(&import(&world, ids(voucher), &codes(0, many), None).await.unwrap_err()), "codes");
    }
    let mut bad = codes(0, 3);
    "SECRET\u{7}CODE".clone_into(&mut bad[2]);
    let refusal = import(&world, ids(voucher), &bad, None).await.unwrap_err();
    assert_eq!(field(&refusal), "codes[2]");
    assert!(!format!("{refusal:?}").contains("SECRET"));
    let thousand = import(&world, ids(voucher), &codes(0, 1000), None).await.unwrap();
    assert_eq!((thousand.added, stock(&world, goods).await), (1000, 5));
    // nothing in the tables tells a code
    let told =
        "select count(*) from incentives.voucher v where position('ZC-2026' in encode(v.code_sealed, 'escape')) > 0
        or position('ZC-2026' in encode(v.code_blind, 'escape')) > 0";
    assert_eq!(sqlx::query_scalar::<_, i64>(told).fetch_one(&world.pool).await.unwrap(), 0);
    let told = "select count(*) from incentives.outbox where payload::text like '%ZC-2026%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(told).fetch_one(&world.pool).await.unwrap(), 0);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_code_is_known_again_after_the_keys_were_changed() {
    let mut world = World::new().await;
    let prize = voucher(&world, 3).await;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rotated-{}", Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    let keys = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("incentives-keys");
    for entry in std::fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap();
        let mut text = std::fs::read_to_string(&entry).unwrap();
        if name.to_str().unwrap().starts_with("index") {
            text.insert_str(0, &format!("2:{}=\n", "A".repeat(43)));
        }
        std::fs::write(folder.join(name), text).unwrap();
    }
    let keyring = |name| Keyring::load_or_create(&folder, name).unwrap();
    world.state.vault = chassis::vault::Vault::new(keyring("vault"), keyring("index"));
    let again = import(&world, (Uuid::now_v7(), Uuid::now_v7(), prize), &codes(1, 3), None).await.unwrap();
    assert_eq!((again.added, again.known, stock(&world, prize).await), (1, vec![0, 1], 4));
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_belongs_to_one_prize_of_a_shop() {
    let world = World::new().await;
    let (breakfast, lunch) = (world.voucher("早餐券", 10).await, world.voucher("午餐券", 10).await);
    let id = || (Uuid::now_v7(), Uuid::now_v7());
    let into = |prize, from, many| {
        let (by, id) = id();
        let world = &world;
        async move { import(world, (by, id, prize), &codes(from, many), None).await }
    };
    into(breakfast, 0, 3).await.unwrap();
    let refused = into(lunch, 2, 3).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), field(&refused).as_str()), ("VOUCHER_ELSEWHERE", "codes[0]"));
    assert_eq!(stock(&world, lunch).await, 0, "none of them");
    // whoever comes first of two at once has it
    for from in (10..20).step_by(2) {
        let (one, two) = tokio::join!(into(breakfast, from, 2), into(lunch, from, 2));
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    }
    assert_eq!(stock(&world, breakfast).await + stock(&world, lunch).await, 13);
    let row = |line, name: &str, code: &str| VoucherRow {
        line,
        name: name.to_owned(),
        pickup_place_path: PICKUP.to_owned(),
        code: code.to_owned(),
        ..VoucherRow::default()
    };
    let rows = [
        row(2, "午餐券", "ZC-2026-000001"),
        row(3, "午餐券", "ZC-2026-000100"),
        row(4, "午餐券", "ZC-2026-000002"),
        // of two rows of a file one has it
        row(5, "早餐券", "ZC-2026-000100"),
    ];
    let before = stock(&world, lunch).await;
    let (vault, clock) = (&world.state.vault, &world.state.clock);
    let wrong = ops::import_vouchers(&world.pool, vault, clock, world.district, &rows).await.unwrap();
    let told: Vec<_> = wrong.iter().map(|wrong| (wrong.line, wrong.field, wrong.zh.as_str())).collect();
    let of = |line, prize| (line, "code", prize);
    assert_eq!(
        told,
        [of(2, "该券码已属于奖品“早餐券”"), of(4, "该券码已属于奖品“早餐券”"), of(5, "该券码已属于奖品“午餐券”")]
    );
    assert_eq!(stock(&world, lunch).await, before + 1);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_file_of_codes_goes_in_once_and_its_bad_rows_are_named() {
    let world = World::new().await;
    let prize = world.voucher("早餐券", 10).await;
    world.prize("手套", 10, 5).await;
    let row = |line, name: &str, code: &str, valid_until: &str| {
        let (name, code, valid_until) = (name.to_owned(), code.to_owned(), valid_until.to_owned());
        VoucherRow { line, name, pickup_place_path: PICKUP.to_owned(), code, valid_until }
    };
    let rows = [
        row(2, "早餐券", "ZC-2026-000001", ""),
        row(3, "早餐券", "ZC-2026-000002", "2027-06-30"),
        row(4, "早餐券", "abc", ""),
        row(5, "早餐券", "ZC-2026-000003", "30.6.2027"),
        row(6, "手套", "ZC-2026-000004", ""),
        row(7, "早餐券", "ZC-2026-000001", ""),
    ];
    for _ in 0..2 {
        let (vault, clock) = (&world.state.vault, &world.state.clock);
        let wrong = ops::import_vouchers(&world.pool, vault, clock, world.district, &rows).await.unwrap();
        let told: Vec<_> = wrong.iter().map(|wrong| (wrong.line, wrong.field)).collect();
        assert_eq!(told, [(4, "code"), (5, "valid_until"), (6, "name")]);
        assert_eq!(stock(&world, prize).await, 2);
    }
    let person = rich(&world, 1, 10).await[0];
    let given = redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    assert_eq!((given.code.as_str(), given.valid_until.as_str()), ("ZC-2026-000002", "2027-06-30"));
    audit(&world.pool).await;
}

async fn withdraw(world: &World, prize: Uuid, codes: Vec<String>) -> Result<VoucherWithdrawal, Status> {
    let request = WithdrawVoucherCodesRequest { prize_id: prize.to_string(), codes };
    let request = world.admin(Uuid::now_v7(), "PrizeService/WithdrawVoucherCodes", request);
    world.prizes().withdraw_voucher_codes(request).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_in_the_wrong_voucher_is_withdrawn_while_nobody_has_it_and_goes_elsewhere() {
    let world = World::new().await;
    let (wrong, right) = (voucher(&world, 5).await, world.voucher("午餐券", 10).await);
    let person = rich(&world, 1, 20).await[0];
    let given = redeem(&world, person, Uuid::now_v7(), wrong, 1).await.unwrap().code;
    let at = codes(0, 5).iter().position(|code| *code == given).unwrap();
    let mut all = codes(0, 5);
    all.push("ZC-UNKNOWN".into());
    for answer in join_all((0..5).map(|_| withdraw(&world, wrong, all.clone()))).await {
        let answer = answer.unwrap();
        assert_eq!((answer.withdrawn, answer.kept, answer.unknown), (4, vec![i32::try_from(at).unwrap()], vec![5]));
    }
    assert_eq!(stock(&world, wrong).await, 0);
    assert_eq!(reason(&redeem(&world, person, Uuid::now_v7(), wrong, 1).await.unwrap_err()), "OUT_OF_STOCK");
    let mut rest = codes(0, 5);
    rest.remove(at);
    for prize in [right, wrong] {
        let into = import(&world, (Uuid::now_v7(), Uuid::now_v7(), prize), &rest, None).await.unwrap();
        assert_eq!((into.added, stock(&world, prize).await), (4, 4));
        assert_eq!(withdraw(&world, prize, rest.clone()).await.unwrap().withdrawn, 4);
    }
    let goods = world.prize("手套", 10, 5).await;
    assert_eq!(reason(&withdraw(&world, goods, rest.clone()).await.unwrap_err()), "PRIZE_NOT_VOUCHER");
    assert_eq!(reason(&withdraw(&world, Uuid::now_v7(), rest).await.unwrap_err()), "PRIZE_NOT_FOUND");
    let logged = "select count(*) from incentives.audit where act = 'WITHDRAW_VOUCHER_CODES'";
    assert_eq!(sqlx::query_scalar::<_, i64>(logged).fetch_one(&world.pool).await.unwrap(), 3);
    audit(&world.pool).await;
    assert_eq!(incentives::ledger::reconcile(&world.pool).await.unwrap(), []);
}

#[tokio::test]
async fn two_shops_may_print_the_same_code() {
    let world = World::new().await;
    let (one, other) = (voucher(&world, 3).await, world.voucher("午餐券", 10).await);
    let into = async || import(&world, (Uuid::now_v7(), Uuid::now_v7(), other), &codes(1, 3), None).await;
    assert_eq!(reason(&into().await.unwrap_err()), "VOUCHER_ELSEWHERE");
    let shown = crate::shelf::put(&world, Uuid::now_v7(), other, |edit| edit.shop = Some("老张包子铺".into())).await;
    assert_eq!(shown.unwrap().shop, "老张包子铺");
    assert_eq!(into().await.unwrap().added, 3);
    assert_eq!((stock(&world, one).await, stock(&world, other).await), (3, 3));
    let back = crate::shelf::put(&world, Uuid::now_v7(), other, |edit| edit.shop = Some(String::new())).await;
    assert_eq!(reason(&back.unwrap_err()), "VOUCHER_ELSEWHERE", "one code would be given twice");
    let elsewhere = crate::shelf::put(&world, Uuid::now_v7(), other, |edit| edit.shop = Some("向阳早点".into())).await;
    assert_eq!(elsewhere.unwrap().shop, "向阳早点");
    audit(&world.pool).await;
}
