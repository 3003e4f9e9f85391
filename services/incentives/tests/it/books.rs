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

/// Changes a row, sees that it is named, and changes it back.
async fn tamper(it: &Books, (what, about): (&str, Uuid), (table, row): (&str, String), (change, back): (&str, &str)) {
    run(&it.world, &format!("update incentives.{table} set {change} where {row}")).await;
    let found = reconcile(&it.world.pool).await.unwrap();
    assert!(found.iter().any(|one| one.what == what && one.subject_id == about), "{what} by {change}: {found:?}");
    run(&it.world, &format!("update incentives.{table} set {back} where {row}")).await;
    assert_eq!(reconcile(&it.world.pool).await.unwrap(), [], "{what} by {change}");
}

#[tokio::test]
async fn a_number_that_is_off_by_one_is_named() {
    let it = books().await;
    let account = |purpose: &str| format!("owner_id = '{}' and purpose = '{purpose}'", it.person);
    let (redemption, prize) = (format!("redemption_id = '{}'", it.reserved), format!("prize_id = '{}'", it.prize));
    assert_eq!(reconcile(&it.world.pool).await.unwrap(), []);
    for (what, about, table, row, column) in [
        ("AVAILABLE", it.person, "account", account("AVAILABLE"), "posted"),
        ("AWARDS", it.person, "account", account("PENDING"), "posted"),
        ("LOTS", it.person, "account", account("AVAILABLE"), "posted"),
        ("REDEMPTIONS", it.person, "redemption", redemption.clone(), "points"),
        ("SCORE", it.person, "score", format!("person_id = '{}'", it.person), "points"),
        ("SCORE", it.person, "score", format!("person_id = '{}'", it.person), "month"),
        ("AWARD_MOVES", it.closed, "award", format!("ticket_id = '{}'", it.closed), "round"),
        ("LOT", it.person, "lot", "amount >= 100".into(), "amount"),
        ("DEBITS", it.person, "lot_use", format!("amount > 0 and {redemption}"), "amount"),
        ("REVERSALS", it.person, "transfer", "kind = 'REVERSE'".into(), "amount"),
        ("STOCK", it.prize, "prize", prize.clone(), "stock"),
        ("SUPPLIED", it.prize, "prize", prize.clone(), "imported"),
        ("SUPPLIED", it.prize, "stock_take", prize.clone(), "counted"),
        ("SHELVES", it.prize, "prize_point", prize.clone(), "stock"),
        ("POINT_STOCK", it.prize, "prize_point", prize.clone(), "stock"),
        ("POINT_SUPPLIED", it.prize, "prize_point", prize, "imported"),
        ("CODES", it.voucher, "prize", format!("prize_id = '{}'", it.voucher), "stock"),
    ] {
        let (more, less) = (format!("{column} = {column} + 1"), format!("{column} = {column} - 1"));
        tamper(&it, (what, about), (table, row), (&more, &less)).await;
    }
}

#[tokio::test]
async fn what_is_another_ones_or_in_another_state_is_named() {
    let it = books().await;
    let (nobody, number) = (Uuid::from_u128(1), "of the closed");
    let named = format!("update incentives.award set ticket_number = '{number}' where ticket_id = '{}'", it.closed);
    run(&it.world, &named).await;
    let award = || ("award", format!("ticket_number = '{number}'"));
    let ticket = (format!("ticket_id = '{nobody}'"), format!("ticket_id = '{}'", it.closed));
    let whose = (format!("person_id = '{nobody}'"), format!("person_id = '{}'", it.person));
    // a closed report without its award, an award without its report, of another person, not earned though it was
    for about in [it.closed, nobody] {
        tamper(&it, ("AWARD", about), award(), (&ticket.0, &ticket.1)).await;
    }
    tamper(&it, ("AWARD", it.closed), award(), (&whose.0, &whose.1)).await;
    tamper(&it, ("AWARD", it.closed), award(), ("state = 'VOID'", "state = 'ACTIVE'")).await;
    let pending = ("ticket", format!("ticket_id = '{}'", it.pending));
    tamper(&it, ("AWARD", it.pending), pending, ("state = 'INVALID'", "state = 'CLAIMED'")).await;
    let refused = ("award_refusal", format!("ticket_id = '{}'", it.refused));
    tamper(&it, ("AWARD", it.refused), refused, (&whose.0, &whose.1)).await;
    let cancelled = ("redemption", format!("redemption_id = '{}'", it.cancelled));
    let open = ("state = 'RESERVED', ended_at = null", "state = 'CANCELLED', ended_at = created_at");
    tamper(&it, ("REDEMPTION_MOVES", it.cancelled), cancelled, open).await;
    let given = ("voucher", format!("redemption_id = '{}'", it.given));
    let code =
        ("code_sealed = code_sealed || '\\x00'", "code_sealed = substr(code_sealed, 1, length(code_sealed) - 1)");
    tamper(&it, ("VOUCHER", it.given), given, code).await;
}
