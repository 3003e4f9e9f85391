use chassis::{clock::Clock, faults::Fault, feed::Source};
use chrono::{DateTime, TimeDelta, Utc};
use incentives::Incentives;
use incentives::sweep::{close_months, publish_months, run};
use proto::incentives::v1::{
    AppealMonthRequest, ApproveMonthRequest, DecideMonthAppealRequest, GetMonthRequest, Month, MonthAppeal, MonthTerms,
    PutCashAwardRequest, month::State, month_service_server::MonthService, month_terms::Tier,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{World, field, reason},
};

/// Closes and publishes what is due; answers how many of each.
async fn sweep_months(state: &Incentives) -> Result<(i64, i64), Fault> {
    Ok((close_months(state).await?, publish_months(state).await?))
}

async fn until(world: &World, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    world.state.clock.advance(at - world.now());
}

pub fn tier(first_rank: i32, last_rank: i32, gross_fen: i64) -> Tier {
    Tier { first_rank, last_rank, gross_fen }
}

pub async fn put_terms(world: &World, by: Uuid, version: i32, tiers: Vec<Tier>) -> Result<MonthTerms, Status> {
    let request = world.admin(by, "MonthService/PutMonthTerms", MonthTerms { version, tiers, appeal_hours: 48 });
    Ok(world.months().put_month_terms(request).await?.into_inner())
}

pub async fn get(world: &World, by: Uuid) -> Result<Month, Status> {
    let request = GetMonthRequest { month: "2026-11".into() };
    let request = world.admin(by, "MonthService/GetMonth", request);
    Ok(world.months().get_month(request).await?.into_inner())
}

pub async fn approve(world: &World, by: Uuid) -> Result<Month, Status> {
    let request = ApproveMonthRequest { month: "2026-11".into() };
    let request = world.admin(by, "MonthService/ApproveMonth", request);
    Ok(world.months().approve_month(request).await?.into_inner())
}

pub async fn appeal(world: &World, by: Uuid, id: Uuid) -> Result<MonthAppeal, Status> {
    let request =
        AppealMonthRequest { month: "2026-11".into(), appeal_id: id.to_string(), text: "我的积分少算了".into() };
    Ok(world.months().appeal_month(world.ask(by, "MonthService/AppealMonth", request)).await?.into_inner())
}

pub async fn decide(world: &World, by: Uuid, id: Uuid, accepted: bool) -> Result<MonthAppeal, Status> {
    let (month, answer) = ("2026-11".to_owned(), "已复核".to_owned());
    let request = DecideMonthAppealRequest { month, appeal_id: id.to_string(), accepted, answer };
    let request = world.admin(by, "MonthService/DecideMonthAppeal", request);
    Ok(world.months().decide_month_appeal(request).await?.into_inner())
}

/// Three members who earned 30, 20 and 10 in November, tiers for two of them, and November closed.
pub async fn november(world: &World) -> [Uuid; 3] {
    let people = [(); 3].map(|()| Uuid::now_v7());
    put_terms(world, Uuid::now_v7(), 0, vec![tier(1, 1, 50_000), tier(2, 2, 30_000)]).await.unwrap();
    for (person, points) in people.iter().zip([30, 20, 10]) {
        world.earn(*person, points).await;
    }
    until(world, "2026-11-30T16:10:00Z").await;
    assert_eq!(sweep_months(&world.state).await.unwrap(), (1, 0));
    people
}

async fn ordered(world: &World) -> Vec<(String, i64)> {
    sqlx::query_as(
        "select payload->>'person_id', (payload->>'gross_fen')::bigint from incentives.outbox
         where type = 'hemei.incentives.v1.CashAwardApproved' order by event_id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_month_closes_itself_two_people_approve_it_and_finance_is_told_once() {
    let world = World::new().await;
    let [first, second, third] = november(&world).await;
    let [admin, other] = [(); 2].map(|()| Uuid::now_v7());
    let closed = get(&world, admin).await.unwrap();
    assert_eq!((closed.state(), closed.members, closed.points), (State::Closed, 3, 60));
    let paid: Vec<_> = closed.awards.iter().map(|award| (award.rank, award.points, award.gross_fen)).collect();
    assert_eq!(paid, [(1, 30, 50_000), (2, 20, 30_000)]);
    // members see the list when two have approved it, and their own rank before
    let request = world.ask(third, "MonthService/GetMonth", GetMonthRequest { month: "2026-11".into() });
    let seen = world.months().get_month(request).await.unwrap().into_inner();
    assert_eq!((seen.awards.len(), seen.my_rank, seen.my_points), (0, 3, 10));

    let once = approve(&world, admin).await.unwrap();
    assert_eq!(once.state(), State::ApprovedOnce);
    assert_eq!(approve(&world, admin).await.unwrap(), once, "one person approves once, however often");
    assert_eq!(reason(&approve(&world, first).await.unwrap_err()), "OWN_POINTS");
    for by in [other, other, admin] {
        assert_eq!(approve(&world, by).await.unwrap().state(), State::Approved);
    }
    assert_eq!(reason(&approve(&world, Uuid::now_v7()).await.unwrap_err()), "MONTH_MOVED");
    until(&world, "2026-12-02T16:09:59Z").await;
    assert_eq!(sweep_months(&world.state).await.unwrap(), (0, 0));
    until(&world, "2026-12-02T16:10:00Z").await;
    let (a, b) = tokio::join!(sweep_months(&world.state), sweep_months(&world.state));
    assert_eq!(a.unwrap().1 + b.unwrap().1, 1);
    assert_eq!(ordered(&world).await, [(first.to_string(), 50_000), (second.to_string(), 30_000)]);
    let request = world.ask(first, "MonthService/GetMonth", GetMonthRequest { month: "2026-11".into() });
    let seen = world.months().get_month(request).await.unwrap().into_inner();
    assert_eq!((seen.state(), seen.awards.len(), seen.awards[0].me), (State::Published, 2, true));
    assert_eq!(seen.awards[0].person_id, None, "members see no ids");
    assert_eq!(reason(&appeal(&world, third, Uuid::now_v7()).await.unwrap_err()), "APPEAL_NOT_POSSIBLE");
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_whose_clocks_differ_close_it_once_while_points_arrive() {
    for _ in 0..5 {
        let world = World::new().await;
        let people: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
        until(&world, "2026-11-30T15:59:00Z").await;
        for person in &people {
            world.earn(*person, 10).await;
        }
        let mut early = world.state.clone();
        early.clock = Clock::stopped("2026-11-30T16:10:30Z".parse().unwrap());
        let mut late = world.state.clone();
        late.clock = Clock::stopped("2026-11-30T16:08:30Z".parse().unwrap());
        let arrive = async {
            for person in &people {
                // still of November by its own time
                world.closed(*person, "10101").await;
            }
        };
        let sweeps = async {
            let (a, b, c) = tokio::join!(sweep_months(&early), sweep_months(&late), sweep_months(&early));
            a.unwrap().0 + b.unwrap().0 + c.unwrap().0
        };
        let ((), closed) = tokio::join!(arrive, sweeps);
        assert_eq!(closed, 1);
        late.clock.advance(TimeDelta::minutes(2));
        assert_eq!(sweep_months(&late).await.unwrap().0, 0);
        // nobody is counted twice or lost: what is in the snapshot and what counts later are all there is
        let sums = "select (select sum(points) from incentives.month_rank)::bigint,
                (select coalesce(sum(points), 0) from incentives.score where month = '2026-12-01')::bigint,
                (select sum(points) from incentives.score where month = '2026-11-01')::bigint";
        let (ranked, later, scored): (i64, i64, i64) = sqlx::query_as(sums).fetch_one(&world.pool).await.unwrap();
        assert_eq!((ranked, ranked + later), (scored, 120));
        audit(&world.pool).await;
    }
}

#[tokio::test]
async fn down_over_midnight_it_closes_all_that_ended_and_a_late_event_counts_next() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    world.earn(person, 10).await;
    until(&world, "2026-12-15T00:00:00Z").await;
    world.earn(person, 20).await;
    until(&world, "2027-02-03T00:00:00Z").await;
    assert_eq!(sweep_months(&world.state).await.unwrap(), (2, 0));
    assert_eq!(sweep_months(&world.state).await.unwrap(), (0, 0));
    // an event of December is heard now
    let ticket = Uuid::now_v7();
    for (from, to) in [("POOL", "CLAIMED"), ("FEEDBACK", "CLOSED")] {
        let payload = serde_json::json!({"ticket_id": ticket, "number": "GN261231-000001", "from_state": from, "to_state": to,
            "reporter_id": person, "reporter_role": "courier", "category_code": "10101", "at": "2026-12-31T15:00:00Z"});
        world.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", payload).await;
    }
    world.hear(2).await;
    let months: Vec<(String, i64)> = sqlx::query_as("select month::text, points from incentives.score order by month")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    let expected = [("2026-11-01", 10), ("2026-12-01", 20), ("2027-01-01", 10)];
    assert_eq!(months, expected.map(|(month, points)| (month.to_owned(), points)));
    assert_eq!(sweep_months(&world.state).await.unwrap(), (1, 0));
    assert_eq!(reason(&get_month(&world, "2027-02").await.unwrap_err()), "MONTH_NOT_FOUND");
    assert_eq!(field(&get_month(&world, "2027-2").await.unwrap_err()), "month");
}

async fn get_month(world: &World, month: &str) -> Result<Month, Status> {
    let request = world.admin(Uuid::now_v7(), "MonthService/GetMonth", GetMonthRequest { month: month.into() });
    Ok(world.months().get_month(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_approve_at_once_both_count_and_one_twice_counts_once() {
    let world = World::new().await;
    november(&world).await;
    let one = Uuid::now_v7();
    let (a, b) = tokio::join!(approve(&world, one), approve(&world, one));
    assert_eq!((a.unwrap().state(), b.unwrap().state()), (State::ApprovedOnce, State::ApprovedOnce));
    assert_eq!(get(&world, one).await.unwrap().state(), State::ApprovedOnce);
}

#[tokio::test]
async fn an_accepted_appeal_takes_the_list_back_and_nothing_is_paid_before_it_is_answered() {
    let world = World::new().await;
    let [first, second, third] = november(&world).await;
    let [admin, other, id] = [(); 3].map(|()| Uuid::now_v7());
    assert_eq!(reason(&appeal(&world, third, id).await.unwrap_err()), "APPEAL_NOT_POSSIBLE");
    approve(&world, admin).await.unwrap();
    approve(&world, other).await.unwrap();
    for _ in 0..2 {
        assert_eq!(appeal(&world, third, id).await.unwrap().text, "我的积分少算了");
    }
    assert_eq!(reason(&appeal(&world, second, id).await.unwrap_err()), "ID_REUSED");
    world.state.clock.advance(TimeDelta::hours(49));
    assert_eq!(sweep_months(&world.state).await.unwrap(), (0, 0));
    assert_eq!(reason(&decide(&world, third, id, true).await.unwrap_err()), "OWN_POINTS");
    for _ in 0..2 {
        assert_eq!(decide(&world, admin, id, true).await.unwrap().accepted, Some(true));
    }
    assert_eq!(reason(&decide(&world, other, id, false).await.unwrap_err()), "APPEAL_DECIDED");
    assert_eq!(get(&world, admin).await.unwrap().state(), State::Closed);
    let put =
        |rank, gross_fen| PutCashAwardRequest {
            month: "2026-11".into(), rank, gross_fen, reason: "复核后调整".into()
        };
    for (rank, gross_fen) in [(2, 0), (3, 30_000)] {
        let request = world.admin(admin, "MonthService/PutCashAward", put(rank, gross_fen));
        world.months().put_cash_award(request).await.unwrap();
    }
    let request = world.admin(admin, "MonthService/PutCashAward", put(4, 1));
    assert_eq!(reason(&world.months().put_cash_award(request).await.unwrap_err()), "RANK_NOT_FOUND");
    let request = world.admin(third, "MonthService/PutCashAward", put(3, 90_000));
    assert_eq!(reason(&world.months().put_cash_award(request).await.unwrap_err()), "OWN_POINTS");
    approve(&world, admin).await.unwrap();
    let request = world.admin(admin, "MonthService/PutCashAward", put(1, 1));
    assert_eq!(reason(&world.months().put_cash_award(request).await.unwrap_err()), "MONTH_MOVED");
    approve(&world, other).await.unwrap();
    world.state.clock.advance(TimeDelta::hours(49));
    assert_eq!(sweep_months(&world.state).await.unwrap(), (0, 1));
    assert_eq!(ordered(&world).await, [(first.to_string(), 50_000), (third.to_string(), 30_000)]);
    // why is between the member and those who decide
    for (by, reasons) in [(third, ["", "复核后调整"]), (first, ["", ""]), (second, ["", ""])] {
        let request = world.ask(by, "MonthService/GetMonth", GetMonthRequest { month: "2026-11".into() });
        let seen = world.months().get_month(request).await.unwrap().into_inner();
        let told: Vec<_> = seen.awards.iter().filter(|award| award.rank != 2).map(|award| &award.reason).collect();
        assert_eq!(told, reasons);
    }
    let seen = get(&world, admin).await.unwrap();
    assert!(seen.awards.iter().filter(|award| award.rank > 1).all(|award| award.reason == "复核后调整"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_a_month_ended_is_heard_before_it_is_closed() {
    let world = World::new().await;
    let [early, late] = [(); 2].map(|()| Uuid::now_v7());
    world.earn(early, 10).await;
    // told in November, and this service is down until December; what is told is not delivered while another writes
    let mut writing = chassis::db::begin(&world.pool).await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(&mut *writing).await.unwrap();
    let ticket = Uuid::now_v7();
    world.ticket(ticket, late, "10101", "POOL", "CLAIMED").await;
    world.ticket(ticket, late, "10101", "FEEDBACK", "CLOSED").await;
    until(&world, "2026-12-03T00:00:00Z").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let tickets = Source::local(world.pool.clone(), "tickets");
    let sweeper = tokio::spawn(run(world.state.clone(), tickets, std::time::Duration::from_millis(20), stop.clone()));
    let closed = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from incentives.month_rank");
        count.fetch_one(&world.pool).await.unwrap()
    };
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(closed().await, 0, "not before it is heard");
    writing.rollback().await.unwrap();
    world.hear(2).await;
    let both = async {
        while closed().await != 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), both).await.expect("closed with everybody in it");
    stop.cancel();
    sweeper.await.unwrap();
    audit(&world.pool).await;
}
