//! An installation of the first schema, with everything that could stand in it, comes to the present one.
use serde_json::Value;
use test_database::Database;

const FIRST: &str = concat!(
    "create schema tickets;",
    include_str!("../../migrations/0001_ticket.sql"),
    include_str!("../../migrations/0002_governance.sql")
);
const LATER: [&str; 3] = [
    include_str!("../../migrations/0010_cutover.sql"),
    include_str!("../../migrations/0011_queue.sql"),
    include_str!("../../migrations/0012_category_clock.sql"),
];

/// A ticket of every old state; the ended and the answered ones with a deadline that a race left behind.
const OLD: &str = "
    insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code, text, place_id, place_path,
        reporter_id, reporter_role, report_media, captured_at, received_at, claim_by, promised_by, resolve_hours, resolve_minutes, after_photo,
        department_id, resolve_by, request_hash, last_transition, last_hash, resolved_at)
    select gen_random_uuid(), gen_random_uuid(), 'GN', 1, state, 2, 2, '99999', '', gen_random_uuid(), 'gn.xy.sh.03', gen_random_uuid(), 'courier',
        '{}', now(), now(), now(), now(), 48, 2880, false,
        case when state not in ('POOL', 'CLAIMED') then gen_random_uuid() end, now() + interval '1 day', '', 'T1', '',
        case when state in ('FEEDBACK', 'CLOSED') then now() end
    from unnest(array['POOL', 'CLAIMED', 'DISPATCHED', 'IN_PROGRESS', 'COORDINATION', 'FEEDBACK', 'CLOSED']) as state;
    insert into tickets.timer (district_id, ticket_id, kind, due_at, base_at)
    select district_id, ticket_id, case state when 'POOL' then 'CLAIM' else 'RESOLVE' end, now() + interval '3 hours', now() + interval '3 hours'
    from tickets.ticket where state <> 'CLAIMED'";

/// State, holder, kinds of deadlines, whether `due_at` is the earliest of them, parts.
type Row = (String, String, Option<String>, Option<bool>, Value);

#[tokio::test]
async fn every_old_ticket_gets_the_deadline_and_the_holder_of_its_state() {
    let database = Database::create("tickets_first", None, FIRST).await;
    sqlx::raw_sql(OLD).execute(&database.pool).await.unwrap();
    for migration in LATER {
        sqlx::raw_sql(migration).execute(&database.pool).await.unwrap();
    }
    let statement = "select state, held_by, (select string_agg(d->>'kind', ' ' order by d->>'kind') from jsonb_array_elements(timers) d),
            due_at = (select min((d->>'due_at')::timestamptz) from jsonb_array_elements(timers) d), legs
        from tickets.ticket order by state";
    let rows: Vec<Row> = sqlx::query_as(statement).fetch_all(&database.pool).await.unwrap();
    let timers: Vec<_> = rows.iter().map(|(state, _, kinds, ..)| (state.as_str(), kinds.as_deref())).collect();
    let expected = [
        ("CLAIMED", Some("DISPATCH")),
        ("CLOSED", None),
        ("COORDINATION", Some("COORD RESOLVE")),
        ("DISPATCHED", Some("ACCEPT RESOLVE")),
        ("FEEDBACK", Some("RATE")),
        ("IN_PROGRESS", Some("RESOLVE")),
        ("POOL", Some("CLAIM")),
    ];
    assert_eq!(timers, expected);
    for (state, held_by, _, due, legs) in &rows {
        assert_eq!(*due, (state != "CLOSED").then_some(true), "{state}");
        let open = legs.as_array().unwrap().iter().filter(|leg| leg["state"] == "OPEN").count();
        assert_eq!(open, usize::from(["DISPATCHED", "FEEDBACK", "IN_PROGRESS"].contains(&state.as_str())), "{state}");
        match state.as_str() {
            "POOL" | "CLAIMED" => assert_eq!(held_by, "street:gn.xy"),
            "FEEDBACK" => assert_eq!(held_by, "check:gn.xy.sh"),
            "COORDINATION" => assert_eq!(held_by, "coordinator"),
            "CLOSED" => assert_eq!(held_by, ""),
            _ => assert!(held_by.starts_with("department:"), "{held_by}"),
        }
    }
}

#[tokio::test]
async fn a_districts_own_words_mark_what_only_the_reporter_may_do() {
    let database = Database::create("tickets_marks", None, FIRST).await;
    for migration in LATER.into_iter().chain([include_str!("../../migrations/0017_inbox.sql")]) {
        sqlx::raw_sql(migration).execute(&database.pool).await.unwrap();
    }
    let own =
        "insert into tickets.wording (district_id, transition, audience, tiers, urgent, words, changed_by, changed_at)
        select gen_random_uuid(), t, a, '', false, words, gen_random_uuid(), now() from (values
            ('T14', 'REPORTERS', '{what} 已办结，请您评价'), ('T22', 'REPORTERS', '{what} 结案；7 天内复发可重新提出'),
            ('T25', 'REPORTERS', '{what} 不受理。如有异议，可在 72 小时内申诉{because}'), ('T25', 'REPORTER', '可申诉'),
            ('T4b', 'REPORTERS', '请评价 {what}'), ('T16', 'REPORTERS', '{what} 挂起，请勿申诉')) w (t, a, words)";
    sqlx::raw_sql(own).execute(&database.pool).await.unwrap();
    for _ in 0..2 {
        sqlx::raw_sql(include_str!("../../migrations/0028_marks.sql")).execute(&database.pool).await.unwrap();
    }
    let words: Vec<String> =
        sqlx::query_scalar("select words from tickets.wording order by transition collate \"C\", audience")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    let expected = [
        "{what} 已办结{reporter:，请您评价}",
        "{what} 挂起，请勿申诉",
        "{what} 结案{reporter:；7 天内复发可重新提出}",
        "可申诉",
        "{what} 不受理。如有异议{reporter:，可在 72 小时内申诉}{because}",
        "{reporter:请评价 {what}}",
    ];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn a_districts_own_words_follow_the_shipped_ones_to_their_audience() {
    let database = Database::create("tickets_words", None, FIRST).await;
    for migration in LATER.into_iter().chain([include_str!("../../migrations/0017_inbox.sql")]) {
        sqlx::raw_sql(migration).execute(&database.pool).await.unwrap();
    }
    let own = "insert into tickets.wording (district_id, transition, audience, tiers, urgent, words, changed_by, changed_at)
        select gen_random_uuid(), t, a, tiers, false, '', gen_random_uuid(), now() from (values
            ('T12', 'DEPARTMENT', 'DEPARTMENT DISTRICT:2'), ('T6', 'DEPARTMENT', 'DEPARTMENT'), ('T7', 'STREET', 'SUBDISTRICT')) w (t, a, tiers)";
    sqlx::raw_sql(own).execute(&database.pool).await.unwrap();
    sqlx::raw_sql(include_str!("../../migrations/0024_told.sql")).execute(&database.pool).await.unwrap();
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select transition, audience, tiers from tickets.wording order by transition")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    let rows: Vec<_> = rows.iter().map(|(row, who, tiers)| [row.as_str(), who, tiers]).collect();
    let expected =
        [["T12", "HOLDER", "HOLDER DISTRICT:2"], ["T6", "DEPARTMENT", "DEPARTMENT"], ["T7", "HEADS", "SUBDISTRICT"]];
    assert_eq!(rows, expected);
}

/// The suite's row as an older build wrote it, a district's own, a group with a robot and one without.
const RELEASED: &str = "
    insert into tickets.category (district_id, category_code, name, english_name, level, priority, resolve_hours, after_photo, department_code,
        tile, source, version)
    values ('00000000-0000-0000-0000-000000000000', '09006', '旧名', '', 1, 3, 7, true, 'x', '', '', 0),
        ('00000000-0000-0000-0000-000000000001', '09006', '本区', '', 1, 3, 9, true, 'x', '', '', 4);
    insert into tickets.channel (district_id, channel_id, tier, place_id, place_path, department_id, name, robot_sealed, changed_by, changed_at)
    select gen_random_uuid(), gen_random_uuid(), 'DISTRICT', gen_random_uuid(), 'gn', gen_random_uuid(), '群', robot, gen_random_uuid(), '2026-11-01Z'
    from unnest(array['k'::bytea, null]) robot";

#[tokio::test]
async fn an_installation_keeps_its_districts_categories_and_its_groups_hear_on_from_where_they_were_bound() {
    let database = Database::create("tickets_released", None, "create schema tickets").await;
    let (released, new): (Vec<_>, Vec<_>) = tickets::MIGRATOR.iter().partition(|migration| migration.version < 30);
    for migration in released {
        sqlx::raw_sql(migration.sql.clone()).execute(&database.pool).await.unwrap();
    }
    sqlx::raw_sql(RELEASED).execute(&database.pool).await.unwrap();
    assert!(new.len() >= 4);
    for migration in new {
        sqlx::raw_sql(migration.sql.clone()).execute(&database.pool).await.unwrap();
    }
    let rows: Vec<(String, i32, i32)> = sqlx::query_as(
        "select name, resolve_hours, version from tickets.category where category_code = '09006' order by district_id",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(rows, [("占道经营".to_owned(), 24, 0), ("本区".to_owned(), 9, 4)]);
    let bound: Vec<Option<bool>> =
        sqlx::query_scalar("select bound_at = changed_at from tickets.channel order by robot_sealed nulls last")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    assert_eq!(bound, [Some(true), None]);
}
