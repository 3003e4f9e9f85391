//! Whatever is changed behind the service's back is named.
use incentives::ledger::reconcile;
use proto::incentives::v1::{ListMemberEntriesRequest, points_service_server::PointsService};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    cancel::cancel,
    corrections,
    harness::{COMMUNITY, World},
    redeem::redeem,
    shelf,
    vouchers::voucher,
};

/// What the tampering is about.
struct Books {
    world: World,
    person: Uuid,
    closed: Uuid,
    pending: Uuid,
    refused: Uuid,
    prize: Uuid,
    voucher: Uuid,
    reserved: Uuid,
    cancelled: Uuid,
    given: Uuid,
}

/// A member with one of everything.
async fn books() -> Books {
    let world = World::new().await;
    let [person, pending, refused, reserved, cancelled, given] = [(); 6].map(|()| Uuid::now_v7());
    world.earn(person, 100).await;
    let closed = world.closed(person, "10101").await;
    world.closed(person, "20202").await;
    let request = ListMemberEntriesRequest { person_id: person.to_string(), ..Default::default() };
    let request = world.admin(Uuid::now_v7(), "PointsService/ListMemberEntries", request);
    let newest = world.points().list_member_entries(request).await.unwrap().into_inner().entries.remove(0);
    corrections::reverse(&world, Uuid::now_v7(), &newest.entry_id).await.unwrap();
    let (prize, voucher) = (world.prize("手套", 10, 9).await, voucher(&world, 3).await);
    for (id, prize) in [(reserved, prize), (cancelled, prize), (given, voucher)] {
        redeem(&world, person, id, prize, 1).await.unwrap();
    }
    cancel(&world, person, cancelled).await.unwrap();
    shelf::count(&world, Uuid::now_v7(), COMMUNITY, (Uuid::now_v7(), prize), 7).await.unwrap();
    world.ticket(pending, person, "10101", "POOL", "CLAIMED").await;
    world.hear(1).await;
    let mut rules = world.rules().await;
    rules["most_a_day"] = json!(1);
    world.put_rules(rules).await;
    world.ticket(refused, person, "10101", "POOL", "CLAIMED").await;
    world.ticket(refused, person, "10101", "FEEDBACK", "CLOSED").await;
    world.hear(2).await;
    for table in ["transfer", "lot_use", "stock_take"] {
        run(&world, &format!("alter table incentives.{table} disable trigger user")).await;
    }
    Books { world, person, closed, pending, refused, prize, voucher, reserved, cancelled, given }
}

/// Runs a statement as the database's owner; it finds exactly one row where it changes any.
async fn run(world: &World, statement: &str) {
    let done = sqlx::query(AssertSqlSafe(statement)).execute(&world.pool).await;
    let rows = done.unwrap_or_else(|wrong| panic!("{statement}: {wrong}")).rows_affected();
    assert_eq!(rows, u64::from(statement.starts_with("update")), "{statement}");
}

#[tokio::test]
async fn each_kind_of_difference_is_named_with_what_it_is_about() {
    let it = books().await;
    let Books { person, closed, pending, refused, prize, voucher, reserved, cancelled, given, .. } = it;
    let whose = |table: &str, key: &str, id: Uuid| format!("{table} of {key} = '{id}'");
    let (mine, of) = (whose("account", "owner_id", person), |table: &str, ticket| whose(table, "ticket_id", ticket));
    let (goods, codes) = (whose("prize", "prize_id", prize), whose("prize", "prize_id", voucher));
    let scored = whose("score", "person_id", person);
    let (a, number) = (Uuid::from_u128(1), "of the closed");
    run(&it.world, &format!("update incentives.award set ticket_number = '{number}' where ticket_id = '{closed}'"))
        .await;
    let to = |person: Uuid| format!("person_id = '{person}'");
    // what is found, about what, and where: what to set, what was there before
    let cases = [
        (
            "AVAILABLE",
            person,
            format!("{mine} and purpose = 'AVAILABLE'"),
            "posted = posted + 1".into(),
            "posted = posted - 1".into(),
        ),
        (
            "AWARDS",
            person,
            format!("{mine} and purpose = 'PENDING'"),
            "posted = posted + 1".into(),
            "posted = posted - 1".into(),
        ),
        (
            "LOTS",
            person,
            "lot of amount >= 100".into(),
            "remaining = remaining - 1".into(),
            "remaining = remaining + 1".into(),
        ),
        (
            "REDEMPTIONS",
            person,
            whose("redemption", "redemption_id", reserved),
            "points = points + 1".into(),
            "points = points - 1".into(),
        ),
        // a closed report without its award, and an award without its report
        (
            "AWARD",
            closed,
            format!("award of ticket_number = '{number}'"),
            format!("ticket_id = '{a}'"),
            format!("ticket_id = '{closed}'"),
        ),
        (
            "AWARD",
            a,
            format!("award of ticket_number = '{number}'"),
            format!("ticket_id = '{a}'"),
            format!("ticket_id = '{closed}'"),
        ),
        ("AWARD", closed, of("award", closed), to(a), to(person)),
        ("AWARD", closed, of("award", closed), "state = 'VOID'".into(), "state = 'ACTIVE'".into()),
        ("AWARD", pending, of("ticket", pending), "state = 'INVALID'".into(), "state = 'CLAIMED'".into()),
        ("AWARD", refused, of("award_refusal", refused), to(a), to(person)),
        ("SCORE", person, scored.clone(), "points = points + 1".into(), "points = points - 1".into()),
        ("SCORE", person, scored, "month = month + 31".into(), "month = month - 31".into()),
        ("AWARD_MOVES", closed, of("award", closed), "round = 1".into(), "round = 0".into()),
        (
            "REDEMPTION_MOVES",
            cancelled,
            whose("redemption", "redemption_id", cancelled),
            "state = 'RESERVED', ended_at = null".into(),
            "state = 'CANCELLED', ended_at = created_at".into(),
        ),
        ("LOT", person, "lot of amount >= 100".into(), "amount = amount + 1".into(), "amount = amount - 1".into()),
        (
            "DEBITS",
            person,
            format!("lot_use of amount > 0 and redemption_id = '{reserved}'"),
            "amount = amount + 1".into(),
            "amount = amount - 1".into(),
        ),
        (
            "REVERSALS",
            person,
            "transfer of kind = 'REVERSE'".into(),
            "amount = amount + 1".into(),
            "amount = amount - 1".into(),
        ),
        ("STOCK", prize, goods.clone(), "stock = stock + 1".into(), "stock = stock - 1".into()),
        ("SUPPLIED", prize, goods, "imported = imported + 1".into(), "imported = imported - 1".into()),
        (
            "SUPPLIED",
            prize,
            whose("stock_take", "prize_id", prize),
            "counted = counted + 1".into(),
            "counted = counted - 1".into(),
        ),
        ("CODES", voucher, codes, "stock = stock + 1".into(), "stock = stock - 1".into()),
        (
            "VOUCHER",
            given,
            whose("voucher", "redemption_id", given),
            "code_sealed = code_sealed || '\\x00'".into(),
            "code_sealed = substr(code_sealed, 1, length(code_sealed) - 1)".into(),
        ),
    ];
    assert_eq!(reconcile(&it.world.pool).await.unwrap(), []);
    for (what, about, place, change, back) in cases {
        let (table, row) = place.split_once(" of ").unwrap();
        run(&it.world, &format!("update incentives.{table} set {change} where {row}")).await;
        let found = reconcile(&it.world.pool).await.unwrap();
        assert!(found.iter().any(|one| one.what == what && one.subject_id == about), "{what} by {change}: {found:?}");
        run(&it.world, &format!("update incentives.{table} set {back} where {row}")).await;
        assert_eq!(reconcile(&it.world.pool).await.unwrap(), [], "{what} by {change}");
    }
}
