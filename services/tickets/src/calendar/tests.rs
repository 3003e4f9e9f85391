use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap().to_utc()
}

fn working(from: &str, minutes: i64) -> DateTime<Utc> {
    Calendar::default().add(at(from), minutes, ClockMode::Working)
}

#[test]
fn working_time_stops_at_noon_at_night_and_on_weekends() {
    assert_eq!(working("2026-11-23T09:00", 120), at("2026-11-23T11:00"));
    assert_eq!(working("2026-11-23T11:00", 60), at("2026-11-23T14:00"), "over noon");
    assert_eq!(working("2026-11-23T16:30", 60), at("2026-11-24T09:00"), "over night");
    assert_eq!(working("2026-11-27T16:30", 60), at("2026-11-30T09:00"), "over the weekend");
    assert_eq!(working("2026-11-28T10:00", 30), at("2026-11-30T09:00"), "from a Saturday");
    assert_eq!(working("2026-11-23T08:00", 390), at("2026-11-23T17:00"), "a whole day has 390 minutes");
}

#[test]
fn holidays_do_not_count_and_make_up_days_do() {
    assert_eq!(working("2026-09-30T16:00", 120), at("2026-10-08T09:30"), "over the national days");
    assert_eq!(working("2026-10-09T16:30", 60), at("2026-10-10T09:00"), "a Saturday that is worked");
    assert_eq!(working("2026-02-13T16:30", 60), at("2026-02-14T09:00"), "a Saturday that is worked");
    assert!(!Calendar::default().is_workday("2027-10-01".parse().unwrap()));
}

#[test]
fn natural_time_is_every_hour_and_nothing_is_no_time() {
    let calendar = Calendar::default();
    assert_eq!(calendar.add(at("2026-10-01T00:00"), 60, ClockMode::Natural), at("2026-10-01T01:00"));
    for clock in [ClockMode::Natural, ClockMode::Working] {
        assert_eq!(calendar.add(at("2026-10-01T00:00"), -5, clock), at("2026-10-01T00:00"));
        let far = calendar.add(at("2026-10-01T00:00"), i64::MAX, clock);
        assert!(far >= at("2026-10-01T00:00"), "an absurd number ends too");
    }
    assert_eq!(
        Calendar::new(HashMap::new(), vec![(9, 9), (-1, 3)]).add(at("2026-10-01T00:00"), 5, ClockMode::Working),
        at("2026-10-01T00:05")
    );
}

#[test]
fn every_shipped_day_is_read_and_differs_from_its_week() {
    let lines = include_str!("../../data/calendar.csv").lines().count() - 1;
    assert_eq!(days().len(), lines, "a line that is no day");
    let plain = Calendar::new(HashMap::new(), vec![]);
    for (day, kind) in days().iter().filter(|(_, kind)| **kind == DayKind::Workday) {
        assert!(!plain.is_workday(*day), "{day} is worked anyway: {kind:?}");
    }
}

proptest! {
    #[test]
    fn adding_and_counting_agree(from in 1_767_000_000_i64..1_830_000_000, minutes in 1_i64..20_000, more in 0_i64..5_000) {
        let (calendar, from) = (Calendar::default(), DateTime::from_timestamp(from, 0).unwrap());
        for clock in [ClockMode::Natural, ClockMode::Working] {
            let until = calendar.add(from, minutes, clock);
            prop_assert_eq!(calendar.minutes_between(from, until, clock), minutes);
            prop_assert!(calendar.add(from, minutes + more, clock) >= until, "later is later");
            prop_assert!(clock == ClockMode::Natural || until - from >= TimeDelta::minutes(minutes));
        }
    }
}
