use chrono::TimeDelta;
use futures::future::join_all;
use incentives::sweep::{run, sweep};
use proto::incentives::v1::redemption::State;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    hand_over::{hand_over, reserved},
    harness::{COMMUNITY, World, fact, reason},
    redeem::{balances, redeem, stock},
};

#[tokio::test]
async fn what_is_not_picked_up_in_time_goes_back() {
    let world = World::new().await;
    let (prize, person, redemption) = reserved(&world).await;
    world.state.clock.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    assert_eq!(sweep(&world.state).await.unwrap(), 0);
    world.state.clock.advance(TimeDelta::microseconds(1));
    // due but not swept yet: over for everybody
    let late = hand_over(&world, Uuid::now_v7(), COMMUNITY, &redemption.code).await.unwrap_err();
    assert_eq!((reason(&late).as_str(), fact(&late, "state_zh").as_str()), ("REDEMPTION_ENDED", "逾期未领"));
    assert_eq!(sweep(&world.state).await.unwrap(), 1);
    assert_eq!(sweep(&world.state).await.unwrap(), 0);
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (10, 0)));
    let refusal = cancel(&world, person, redemption.redemption_id.parse().unwrap()).await.unwrap_err();
    assert_eq!((reason(&refusal).as_str(), fact(&refusal, "state").as_str()), ("REDEMPTION_ENDED", "EXPIRED"));
    audit(&world.pool).await;
}

#[tokio::test]
async fn four_sweepers_end_a_thousand_reservations_once_each() {
    let world = World::new().await;
    let prize = world.prize("早餐券", 1, 1000).await;
    let people: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    for person in &people {
        world.earn(*person, 100).await;
    }
    for _ in 0..100 {
        let wanted = people.iter().map(|person| redeem(&world, *person, Uuid::now_v7(), prize, 1));
        assert!(join_all(wanted).await.iter().all(Result::is_ok));
    }
    assert_eq!(stock(&world, prize).await, 0);
    world.state.clock.advance(TimeDelta::hours(73));
    let mut ended = 0;
    let sweeps = async {
        while ended < 1000 {
            let swept = join_all((0..4).map(|_| sweep(&world.state))).await;
            ended += swept.into_iter().map(Result::unwrap).sum::<usize>();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), sweeps).await.unwrap();
    assert_eq!((ended, stock(&world, prize).await), (1000, 1000));
    for person in people {
        assert_eq!(balances(&world, person).await, (100, 0));
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_running_sweeper_finds_what_becomes_due() {
    let world = World::new().await;
    let (prize, _, _) = reserved(&world).await;
    let stop = CancellationToken::new();
    let sweeper = tokio::spawn(run(
        world.state.clone(),
        chassis::feed::Source::local(world.pool.clone(), "tickets"),
        std::time::Duration::from_millis(50),
        stop.clone(),
    ));
    world.state.clock.advance(TimeDelta::hours(72));
    let swept = async {
        while stock(&world, prize).await < 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), swept).await.expect("swept");
    stop.cancel();
    sweeper.await.unwrap();
    audit(&world.pool).await;
}

#[tokio::test]
async fn cancelled_while_it_expires_it_goes_back_once() {
    let world = World::new().await;
    for _ in 0..20 {
        let (prize, person, redemption) = reserved(&world).await;
        let id = redemption.redemption_id.parse().unwrap();
        // a second replica whose clock is behind still takes the cancellation
        let mut late = world.state.clone();
        late.clock = chassis::clock::Clock::stopped(world.now() + TimeDelta::hours(72));
        let (swept, cancelled) = tokio::join!(sweep(&late), cancel(&world, person, id));
        let swept = swept.unwrap();
        match cancelled {
            Ok(cancelled) => assert_eq!((swept, cancelled.state()), (0, State::Cancelled)),
            Err(refusal) => assert_eq!((swept, reason(&refusal).as_str()), (1, "REDEMPTION_ENDED")),
        }
        assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (10, 0)));
    }
    audit(&world.pool).await;
}
