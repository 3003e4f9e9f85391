use incentives::ranking::{Board, follow, page, recount};
use proto::incentives::v1::{
    GetRankingRequest, PutRankingProfileRequest, Ranking, ranking_service_server::RankingService,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{World, field},
};

/// Follows until the sorted sets hold every score.
async fn followed(world: &World) {
    let wait = async {
        loop {
            let name = world.state.database_name().await.unwrap();
            let mut cache = world.state.cache.connection();
            let behind: i64 = sqlx::query_scalar(
                "select count(*) from incentives.score where tx >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
            )
            .fetch_one(&world.pool)
            .await
            .unwrap();
            let ready: bool = redis::AsyncCommands::exists(&mut cache, format!("ranking:{name}:ready")).await.unwrap();
            if follow(&world.state).await.unwrap() == 0 && behind == 0 && ready {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("the ranking follows");
}

async fn get(world: &World, person: Uuid, request: GetRankingRequest) -> Result<Ranking, Status> {
    let request = world.ask(person, "RankingService/GetRanking", request);
    Ok(world.ranking().get_ranking(request).await?.into_inner())
}

async fn put(world: &World, person: Uuid, nickname: &str, hidden: bool) -> Result<(), Status> {
    let request = PutRankingProfileRequest { nickname: nickname.into(), hidden };
    let request = world.ask(person, "RankingService/PutRankingProfile", request);
    world.ranking().put_ranking_profile(request).await.map(drop)
}

/// Tells who somebody is and which post they hold.
async fn known(world: &World, person: Uuid, name: &str, role: &str, place: &str) {
    let payload = json!({"person_id": person, "name": name});
    world.tell("residents", person, "hemei.residents.v1.PersonChanged", payload).await;
    let payload = json!({"post_id": Uuid::now_v7(), "person_id": person, "role": role, "place_path": place, "from_date": "2026-01-01"});
    world.tell("residents", person, "hemei.residents.v1.PostChanged", payload).await;
}

fn names(ranking: &Ranking) -> Vec<(i64, &str, i64)> {
    ranking.rows.iter().map(|row| (row.rank, row.name.as_str(), row.points)).collect()
}

#[tokio::test]
async fn who_earned_most_is_first_by_place_and_period() {
    let world = World::new().await;
    let [wang, li, zhao, staff] = [(); 4].map(|()| Uuid::now_v7());
    known(&world, wang, "王大力", "courier", "gn.xy.sh").await;
    known(&world, li, "李明", "resident", "gn.hy.zx").await;
    known(&world, zhao, "赵小红", "home_observer", "gn.xy.sh").await;
    known(&world, staff, "钱主任", "courier", "gn.xy.sh").await;
    known(&world, staff, "钱主任", "community_worker", "gn.xy.sh").await;
    world.hear_members(10 + 3).await;
    for (person, points) in [(wang, 10), (li, 30), (zhao, 20), (staff, 50)] {
        world.earn(person, points).await;
        world.state.clock.advance(chrono::TimeDelta::seconds(1));
    }
    world.earn(wang, 20).await;
    put(&world, zhao, "雪中送炭", false).await.unwrap();
    followed(&world).await;
    let all = get(&world, wang, GetRankingRequest::default()).await.unwrap();
    // who had thirty first is before
    assert_eq!(names(&all), [(1, "李**", 30), (2, "王**", 30), (3, "雪中送炭", 20)]);
    assert_eq!((all.members, all.points_to_next, all.around_me.len()), (3, 1, 3));
    assert!(all.around_me[1].me && all.period == "2026-11");
    let team = GetRankingRequest { place_path: "gn.xy.sh".into(), period: "2026".into(), ..Default::default() };
    let team = get(&world, li, team).await.unwrap();
    assert_eq!(names(&team), [(1, "王**", 30), (2, "雪中送炭", 20)]);
    assert_eq!((team.around_me.len(), team.period.as_str()), (0, "2026"));
    let last = GetRankingRequest { first_rank: 3, page_size: 1, ..Default::default() };
    assert_eq!(names(&get(&world, li, last).await.unwrap()), [(3, "雪中送炭", 20)]);
    // who does not take part is in no ranking
    put(&world, li, "", true).await.unwrap();
    followed(&world).await;
    assert_eq!(names(&get(&world, li, GetRankingRequest::default()).await.unwrap())[0], (1, "王**", 30));
    put(&world, li, "", false).await.unwrap();
    followed(&world).await;
    assert_eq!(get(&world, li, GetRankingRequest::default()).await.unwrap().members, 3);
    audit(&world.pool).await;
}

#[tokio::test]
async fn who_moves_is_ranked_where_they_are() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    let post = Uuid::now_v7();
    let held = |place: &str, until: Option<&str>, post: Uuid| json!({"post_id": post, "person_id": person, "role": "courier", "place_path": place, "from_date": "2026-01-01", "until_date": until});
    world.tell("residents", person, "hemei.residents.v1.PostChanged", held("gn.xy.sh", None, post)).await;
    world.earn(person, 10).await;
    world.hear_members(3 + 1).await;
    followed(&world).await;
    let team = |place: &str| GetRankingRequest { place_path: place.into(), ..Default::default() };
    assert_eq!(get(&world, person, team("gn.xy.sh")).await.unwrap().members, 1);
    world.tell("residents", person, "hemei.residents.v1.PostChanged", held("gn.xy.sh", Some("2026-11-01"), post)).await;
    world.tell("residents", person, "hemei.residents.v1.PostChanged", held("gn.hy.zx", None, Uuid::now_v7())).await;
    world.hear_members(2).await;
    followed(&world).await;
    assert_eq!(get(&world, person, team("gn.xy.sh")).await.unwrap().members, 0);
    assert_eq!(get(&world, person, team("gn.hy.zx")).await.unwrap().members, 1);
}

#[tokio::test]
async fn a_post_counts_from_its_first_day_to_its_last() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    let held = |role: &str, place: &str, from: &str, until: Option<&str>| {
        json!({"post_id": Uuid::now_v7(), "person_id": person,
        "role": role, "place_path": place, "from_date": from, "until_date": until})
    };
    let posts = [
        held("courier", "gn.xy.sh", "2026-01-01", Some("2026-11-24")),
        held("courier", "gn.hy.zx", "2026-11-25", None),
        held("community_worker", "gn.xy.sh", "2026-12-02", Some("2026-12-02")),
    ];
    for post in posts {
        world.tell("residents", person, "hemei.residents.v1.PostChanged", post).await;
    }
    world.earn(person, 10).await;
    world.hear_members(3 + 1).await;
    let boards = async |day: &str| {
        let noon: chrono::DateTime<chrono::Utc> = format!("{day}T04:00:00Z").parse().unwrap();
        world.state.clock.advance(noon - world.now());
        follow(&world.state).await.unwrap();
        followed(&world).await;
        let mut members = Vec::new();
        for place in ["", "gn.xy.sh", "gn.hy.zx"] {
            let asked = GetRankingRequest { place_path: place.into(), period: "2026".into(), ..Default::default() };
            members.push(get(&world, person, asked).await.unwrap().members);
        }
        members
    };
    assert_eq!(boards("2026-11-24").await, [1, 1, 0]);
    assert_eq!(boards("2026-11-25").await, [1, 0, 1]);
    assert_eq!(boards("2026-12-02").await, [0, 0, 0], "staff for a day");
    assert_eq!(boards("2026-12-03").await, [1, 0, 1]);
}

#[tokio::test]
async fn the_sorted_sets_and_the_scores_agree_and_a_lost_redis_is_written_again() {
    let seed = rand::random::<u64>();
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let people: Vec<Uuid> = (0..60).map(|_| Uuid::now_v7()).collect();
    for (number, person) in people.iter().enumerate() {
        known(&world, *person, "张三", "courier", ["gn.xy.sh", "gn.xy.yg", "gn.hy.zx"][number % 3]).await;
    }
    world.hear_members(123).await;
    for _ in 0..150 {
        let (person, ticket) = (people[random.random_range(0..people.len())], Uuid::now_v7());
        world.ticket(ticket, person, ["10101", "85001"][random.random_range(0..2)], "POOL", "CLAIMED").await;
        world.ticket(ticket, person, "10101", "FEEDBACK", "CLOSED").await;
        world.state.clock.advance(chrono::TimeDelta::milliseconds(random.random_range(0..3_000)));
    }
    world.hear(300).await;
    let month = "2026-11-01".parse().unwrap();
    let boards: Vec<Board> = ["", "gn.xy", "gn.xy.sh"]
        .into_iter()
        .flat_map(|place| {
            [Board::month(world.district, month, place), Board::year(world.district, month, place).unwrap()]
        })
        .collect();
    let mut before = Vec::new();
    followed(&world).await;
    for board in &boards {
        let me = people[random.random_range(0..people.len())];
        let live = page(&world.state, board, (1, 100), me).await.unwrap().expect("it is ready");
        assert!(live.members >= 15, "seed {seed}");
        assert_eq!(live, recount(&world.state, board, 1, 100, me).await.unwrap(), "seed {seed}: {board:?}");
        before.push((me, live));
    }
    let name = world.state.database_name().await.unwrap();
    let mut cache = world.state.cache.connection();
    let keys: Vec<String> = redis::AsyncCommands::keys(&mut cache, format!("ranking:{name}:*")).await.unwrap();
    let _: i64 = redis::AsyncCommands::del(&mut cache, &keys).await.unwrap();
    assert_eq!(page(&world.state, &boards[0], (1, 100), people[0]).await.unwrap(), None);
    // meanwhile the scores answer
    let asked = get(&world, before[0].0, GetRankingRequest { page_size: 100, ..Default::default() }).await.unwrap();
    assert_eq!(asked.members, before[0].1.members);
    followed(&world).await;
    for (board, (me, live)) in boards.iter().zip(before) {
        assert_eq!(page(&world.state, board, (1, 100), me).await.unwrap().unwrap(), live, "seed {seed}");
    }
}

#[tokio::test]
async fn the_field_that_is_wrong_is_named() {
    let world = World::new().await;
    let me = Uuid::now_v7();
    let cases = [
        ("period", GetRankingRequest { period: "2026-13".into(), ..Default::default() }),
        ("period", GetRankingRequest { period: "abcd".into(), ..Default::default() }),
        ("page_size", GetRankingRequest { page_size: 101, ..Default::default() }),
        ("first_rank", GetRankingRequest { first_rank: -1, ..Default::default() }),
        ("place_path", GetRankingRequest { place_path: "gn:*".into(), ..Default::default() }),
    ];
    for (name, request) in cases {
        assert_eq!(field(&get(&world, me, request).await.unwrap_err()), name);
    }
    assert_eq!(field(&put(&world, me, "一二三四五六七八九十一二三", false).await.unwrap_err()), "nickname");
}
