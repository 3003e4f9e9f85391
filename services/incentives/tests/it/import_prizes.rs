use incentives::{PrizeRow, ops};
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{PICKUP, World},
    redeem::{redeem, stock},
};

fn row(line: usize, name: &str, stock: &str, path: &str) -> PrizeRow {
    let (name, stock, pickup_place_path) = (name.to_owned(), stock.to_owned(), path.to_owned());
    PrizeRow {
        line,
        name,
        points: "10".to_owned(),
        stock,
        pickup_place_path,
        hold_hours: "24".to_owned(),
        kind: String::new(),
    }
}

#[tokio::test]
async fn importing_a_file_twice_supplies_nothing_twice() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 10, 5).await, Uuid::now_v7());
    world.earn(person, 30).await;
    redeem(&world, person, Uuid::now_v7(), prize, 3).await.unwrap();
    assert_eq!(world.prize("手套", 10, 5).await, prize);
    assert_eq!(stock(&world, prize).await, 2);
    world.prize("手套", 10, 15).await;
    assert_eq!(stock(&world, prize).await, 12);
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_kind_of_a_prize_stays() {
    let world = World::new().await;
    let voucher = world.voucher("早餐券", 10).await;
    world.prize("手套", 10, 5).await;
    let changed = PrizeRow { kind: "VOUCHER".to_owned(), ..row(3, "手套", "0", PICKUP) };
    let wrong =
        ops::import_prizes(&world.pool, world.district, &[row(2, "早餐券", "9", PICKUP), changed]).await.unwrap();
    let told: Vec<_> = wrong.iter().map(|wrong| (wrong.line, wrong.field)).collect();
    assert_eq!(told, [(2, "kind"), (3, "kind")]);
    assert_eq!(stock(&world, voucher).await, 0);
    audit(&world.pool).await;
}

#[tokio::test]
async fn bad_rows_are_named_and_the_others_go_in() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 10, 5).await, Uuid::now_v7());
    world.earn(person, 30).await;
    redeem(&world, person, Uuid::now_v7(), prize, 3).await.unwrap();
    let rows = [
        row(2, "大米", "9", PICKUP),
        row(3, "食用油", "many", PICKUP),
        row(4, "护膝", "9", "gn.nowhere"),
        row(5, "手套", "2", PICKUP),
        row(6, "大米", "7", PICKUP),
    ];
    let wrong = ops::import_prizes(&world.pool, world.district, &rows).await.unwrap();
    let told: Vec<_> = wrong.iter().map(|wrong| (wrong.line, wrong.field)).collect();
    assert_eq!(told, [(3, "stock"), (4, "pickup_place_path"), (5, "stock"), (6, "name")]);
    let stocks: Vec<(String, i64)> =
        sqlx::query_as("select name, stock from incentives.prize order by stock").fetch_all(&world.pool).await.unwrap();
    assert_eq!(stocks, [("手套".to_owned(), 2), ("大米".to_owned(), 9)]);
    audit(&world.pool).await;
}
