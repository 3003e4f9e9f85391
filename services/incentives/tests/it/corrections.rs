use proto::incentives::v1::{
    GrantPointsRequest, GrantPointsResponse, ListMemberEntriesRequest, PointsEntry, ReverseEntryRequest,
    points_service_server::PointsService,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    awards::held,
    harness::{World, fact, field, reason},
    redeem::redeem,
};

pub async fn grant(
    world: &World,
    by: Uuid,
    id: Uuid,
    points: i64,
    people: &[Uuid],
) -> Result<GrantPointsResponse, Status> {
    let person_ids = people.iter().map(Uuid::to_string).collect();
    let request =
        GrantPointsRequest { activity_id: id.to_string(), name: "清雪志愿服务".into(), points, person_ids };
    let request = world.admin(by, "PointsService/GrantPoints", request);
    Ok(world.points().grant_points(request).await?.into_inner())
}

pub async fn reverse(world: &World, by: Uuid, entry_id: &str) -> Result<PointsEntry, Status> {
    let request = ReverseEntryRequest { entry_id: entry_id.to_owned(), reason: "登记错误".into() };
    let request = world.admin(by, "PointsService/ReverseEntry", request);
    Ok(world.points().reverse_entry(request).await?.into_inner())
}

/// The newest entry of a person.
async fn newest(world: &World, person: Uuid) -> PointsEntry {
    let request = ListMemberEntriesRequest { person_id: person.to_string(), ..Default::default() };
    let request = world.admin(Uuid::now_v7(), "PointsService/ListMemberEntries", request);
    world.points().list_member_entries(request).await.unwrap().into_inner().entries.remove(0)
}

#[tokio::test]
async fn an_activity_gives_everybody_once() {
    let world = World::new().await;
    let [admin, id, one, two] = [(); 4].map(|()| Uuid::now_v7());
    for _ in 0..3 {
        assert_eq!(grant(&world, admin, id, 8, &[one, two]).await.unwrap().points, 16);
    }
    assert_eq!((held(&world, one).await, held(&world, two).await), ((8, 0, 0), (8, 0, 0)));
    let entry = newest(&world, one).await;
    assert_eq!((entry.kind.as_str(), entry.text.as_str()), ("GRANT", "参加活动“清雪志愿服务”"));
    assert_eq!(entry.activity_id, Some(id.to_string()));
    assert_eq!(reason(&grant(&world, admin, id, 9, &[one, two]).await.unwrap_err()), "ID_REUSED");
    assert_eq!(reason(&grant(&world, one, Uuid::now_v7(), 9, &[one, two]).await.unwrap_err()), "OWN_POINTS");
    for (points, people) in [(0, vec![one]), (1001, vec![one]), (5, vec![]), (5, vec![one, one])] {
        let wrong = grant(&world, admin, Uuid::now_v7(), points, &people).await.unwrap_err();
        assert!(["points", "person_ids"].contains(&field(&wrong).as_str()));
    }
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_undone_once_whoever_asks_how_often() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    world.earn(person, 30).await;
    let entry = newest(&world, person).await;
    assert_eq!(entry.kind, "ACTIVATE");
    let asked = (0..8).map(|_| reverse(&world, admin, &entry.entry_id));
    let answers = futures::future::join_all(asked).await;
    let undone: Vec<PointsEntry> = answers.into_iter().map(Result::unwrap).collect();
    assert!(undone.iter().all(|one| one == &undone[0]));
    assert_eq!((undone[0].amount, undone[0].balance_after, undone[0].kind.as_str()), (-30, 0, "REVERSE"));
    assert_eq!(undone[0].text, "更正“上报 GN261123-000042 办结，积分生效”：登记错误");
    assert_eq!(held(&world, person).await, (0, 0, 0));
    assert_eq!(reason(&reverse(&world, admin, &undone[0].entry_id).await.unwrap_err()), "ENTRY_NOT_REVERSIBLE");
    assert_eq!(reason(&reverse(&world, person, &entry.entry_id).await.unwrap_err()), "OWN_POINTS");
    assert_eq!(reason(&reverse(&world, admin, "99999-AVAILABLE").await.unwrap_err()), "ENTRY_NOT_FOUND");
    assert_eq!(field(&reverse(&world, admin, "x").await.unwrap_err()), "entry_id");
    assert_eq!(incentives::ledger::reconcile(&world.pool).await.unwrap(), []);
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_was_spent_cannot_be_taken_back() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    world.earn(person, 30).await;
    let entry = newest(&world, person).await;
    let prize = world.prize("大米", 25, 5).await;
    redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    let refused = reverse(&world, admin, &entry.entry_id).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), fact(&refused, "missing").as_str()), ("POINTS_INSUFFICIENT", "25"));
    assert_eq!(held(&world, person).await, (5, 0, 25));
    let elsewhere = crate::harness::ask(
        Uuid::now_v7(),
        admin,
        (proto::api::v1::post::Role::DistrictAdmin, "gn", proto::api::v1::post::Level::District),
        "PointsService/ReverseEntry",
        ReverseEntryRequest { entry_id: entry.entry_id, reason: "登记错误".into() },
    );
    assert_eq!(reason(&world.points().reverse_entry(elsewhere).await.unwrap_err()), "ENTRY_NOT_FOUND");
    audit(&world.pool).await;
}

#[tokio::test]
async fn points_lost_can_be_restored() {
    let world = World::new().await;
    let [admin, person] = [(); 2].map(|()| Uuid::now_v7());
    world.earn(person, 30).await;
    world.state.clock.advance(chrono::TimeDelta::days(500));
    incentives::sweep::sweep_lots(&world.state).await.unwrap();
    let entry = newest(&world, person).await;
    assert_eq!(entry.kind, "EXPIRE");
    assert_eq!(reverse(&world, admin, &entry.entry_id).await.unwrap().amount, 30);
    incentives::sweep::sweep_lots(&world.state).await.unwrap();
    assert_eq!(held(&world, person).await, (30, 0, 0));
    audit(&world.pool).await;
}
