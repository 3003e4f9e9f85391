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
    shares, shelf,
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
async fn tamper(
    world: &World,
    (what, about): (&str, Uuid),
    (table, row): (&str, String),
    (change, back): (&str, &str),
) {
    run(world, &format!("update incentives.{table} set {change} where {row}")).await;
    let found = reconcile(&world.pool).await.unwrap();
    assert!(found.iter().any(|one| one.what == what && one.subject_id == about), "{what} by {change}: {found:?}");
    run(world, &format!("update incentives.{table} set {back} where {row}")).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), [], "{what} by {change}");
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
        tamper(&it.world, (what, about), (table, row), (&more, &less)).await;
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
        tamper(&it.world, ("AWARD", about), award(), (&ticket.0, &ticket.1)).await;
    }
    tamper(&it.world, ("AWARD", it.closed), award(), (&whose.0, &whose.1)).await;
    tamper(&it.world, ("AWARD", it.closed), award(), ("state = 'VOID'", "state = 'ACTIVE'")).await;
    let pending = ("ticket", format!("ticket_id = '{}'", it.pending));
    tamper(&it.world, ("AWARD", it.pending), pending, ("state = 'INVALID'", "state = 'CLAIMED'")).await;
    let refused = ("award_refusal", format!("ticket_id = '{}'", it.refused));
    tamper(&it.world, ("AWARD", it.refused), refused, (&whose.0, &whose.1)).await;
    let cancelled = ("redemption", format!("redemption_id = '{}'", it.cancelled));
    let open = ("state = 'RESERVED', ended_at = null", "state = 'CANCELLED', ended_at = created_at");
    tamper(&it.world, ("REDEMPTION_MOVES", it.cancelled), cancelled, open).await;
    let given = ("voucher", format!("redemption_id = '{}'", it.given));
    let code =
        ("code_sealed = code_sealed || '\\x00'", "code_sealed = substr(code_sealed, 1, length(code_sealed) - 1)");
    tamper(&it.world, ("VOUCHER", it.given), given, code).await;
}

#[tokio::test]
async fn a_share_that_is_missing_or_stands_without_cause_is_named() {
    let world = World::new().await;
    let [reporter, neighbour, nobody] = [(); 3].map(|()| Uuid::now_v7());
    let [waits, waiting, closed, shared, poor, refused] = [(); 6].map(|()| Uuid::now_v7());
    for (parent, child) in [(waits, waiting), (closed, shared)] {
        shares::pool(&world, parent, reporter, &[(child, neighbour)]).await;
        shares::merged(&world, parent, reporter, ("T2", "POOL", "CLAIMED"), &[(child, neighbour)]).await;
    }
    shares::merged(&world, closed, reporter, ("T19", "FEEDBACK", "CLOSED"), &[(shared, neighbour)]).await;
    world.hear(11).await;
    let mut rules = world.rules().await;
    rules["most_a_day"] = json!(1);
    world.put_rules(rules).await;
    shares::pool(&world, poor, reporter, &[(refused, neighbour)]).await;
    world.hear(4).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
    let of = |ticket: Uuid| format!("rule = 'CO_REPORT' and ticket_id = '{ticket}'");
    let (told, parent) =
        (|ticket: Uuid| format!("ticket_id = '{ticket}'"), ("ticket", format!("ticket_id = '{waits}'")));
    let whose = (format!("person_id = '{nobody}'"), format!("person_id = '{neighbour}'"));
    let which = |to: Uuid| format!("ticket_id = '{to}'");
    for (about, table, row, change, back) in [
        (shared, "award", of(shared), "state = 'VOID'", "state = 'ACTIVE'"),
        (shared, "award", of(shared), whose.0.as_str(), whose.1.as_str()),
        (waiting, "award", of(waiting), "state = 'VOID', ended_at = awarded_at", "state = 'PENDING', ended_at = null"),
        (refused, "award_refusal", of(refused), whose.0.as_str(), whose.1.as_str()),
        (waiting, "co_report", told(waiting), "shares = false", "shares = true"),
        (waiting, "co_report", told(waiting), whose.0.as_str(), whose.1.as_str()),
        (waiting, parent.0, parent.1.clone(), "state = 'INVALID'", "state = 'CLAIMED'"),
        (waiting, parent.0, parent.1.clone(), "state = 'CLOSED'", "state = 'CLAIMED'"),
    ] {
        tamper(&world, ("SHARE", about), (table, row), (change, back)).await;
    }
    // a share of what nobody reported leaves another without its share
    run(&world, &format!("update incentives.award set ticket_number = 'theirs' where {}", of(shared))).await;
    for about in [shared, nobody] {
        let row = ("award", "ticket_number = 'theirs'".to_owned());
        tamper(&world, ("SHARE", about), row, (&which(nobody), &which(shared))).await;
    }
    // from before it was kept who shares: not blamed
    run(&world, &format!("update incentives.co_report set shares = null where {}", told(waiting))).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
    run(&world, &format!("update incentives.co_report set ticket_id = '{nobody}' where {}", told(waiting))).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), [], "it was merged, and is theirs");
    run(&world, &format!("update incentives.ticket set state = 'CLAIMED' where {}", told(waiting))).await;
    let found = reconcile(&world.pool).await.unwrap();
    assert!(found.iter().any(|one| one.what == "SHARE" && one.subject_id == waiting), "{found:?}");
}
