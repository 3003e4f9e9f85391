//! What a district decides for itself leaves one row in the chained log for each edit, none for its repeat, and no secret.
use chassis::clock::timestamp;
use chrono::TimeDelta;
use proto::{
    api::v1::post::{Level, Role},
    tickets::v1::{
        CalendarDay, CancelDutyRequest, EmergencyPhone, PutCalendarDaysRequest, PutCategoryRequest, PutDutyRequest,
        PutTermsRequest, PutWordingRequest, Timers, category_service_server::CategoryService,
        channel_service_server::ChannelService, terms_service_server::TermsService, ticket::Priority,
    },
};
use serde_json::Value;
use tickets::{
    audit,
    rpc::{categories::CategoryRpc, terms::TermsRpc},
};
use uuid::Uuid;

use crate::{
    channels::groups::{Groups, KEY, street},
    harness::{NEEDS_NO_PHOTO, people::Person},
    inbox::appoint,
};

const PHONE: &str = "19900000001";

type Logged = (Uuid, String, String, String, Value);

/// The rows of the log so far.
async fn logged(groups: &Groups) -> Vec<Logged> {
    sqlx::query_as("select actor_id, actor_role, act, subject, detail from tickets.audit order by audit_id")
        .fetch_all(&groups.world.pool)
        .await
        .unwrap()
}

/// Does something twice; the one row it leaves.
async fn leaves(groups: &Groups, edit: impl AsyncFn()) -> Logged {
    let before = logged(groups).await.len();
    edit().await;
    let once = logged(groups).await;
    assert_eq!(once.len(), before + 1, "one row: {once:?}");
    edit().await;
    assert_eq!(logged(groups).await, once, "none for the same again");
    let row = once.last().unwrap().clone();
    let told = format!("{row:?}");
    assert!(!told.contains(KEY) && !told.contains(PHONE), "a secret: {told}");
    row
}

#[tokio::test]
async fn each_edit_leaves_one_row_its_repeat_none_and_a_changed_row_is_found() {
    let groups = Groups::new().await;
    let world = &groups.world;
    let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
    appoint(world, &world.liaison).await;
    let (terms, categories) = (TermsRpc(world.replicas[0].0.clone()), CategoryRpc(world.replicas[1].0.clone()));
    let own = PutTermsRequest {
        timers: Some(Timers { claim_minutes: Some(20), ..Timers::default() }),
        emergency_phones: vec![EmergencyPhone { name: "值班室".into(), phone: PHONE.into(), ..Default::default() }],
        ..Default::default()
    };
    let day =
        CalendarDay {
            date: "2026-12-24".into(), kind: "HOLIDAY".into(), name: "冰雪节".into(), ..Default::default()
        };
    let category = PutCategoryRequest {
        category_code: NEEDS_NO_PHOTO.into(),
        name: "占道经营（夜市）".into(),
        level: Level::Subdistrict.into(),
        priority: Priority::P2.into(),
        resolve_hours: 12,
        clock: "NATURAL".into(),
        department_code: "住建局".into(),
        ..Default::default()
    };
    let at = |hours| Some(timestamp(world.clock.now() + TimeDelta::hours(hours)));
    let duty = PutDutyRequest {
        duty_id: Uuid::now_v7().to_string(),
        person_id: world.liaison.id.to_string(),
        place_id: world.street.to_string(),
        from_at: at(0),
        until_at: at(2),
        stands_in_for: None,
    };
    let cancel = CancelDutyRequest { duty_id: duty.duty_id.clone() };
    let channel = street(world);
    let wording = PutWordingRequest {
        transition: "T1".into(),
        audience: "STREET".into(),
        tiers: "SUBDISTRICT".into(),
        words: "有新单 {what}".into(),
        ..Default::default()
    };
    let rows = [
        leaves(&groups, async || {
            terms.put_terms(admin.asks_of("TermsService", "PutTerms", own.clone())).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            let days = PutCalendarDaysRequest { days: vec![day.clone()] };
            terms.put_calendar_days(admin.asks_of("TermsService", "PutCalendarDays", days)).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            categories.put_category(admin.asks_of("CategoryService", "PutCategory", category.clone())).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            terms.put_duty(world.liaison.asks_of("TermsService", "PutDuty", duty.clone())).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            terms.cancel_duty(world.liaison.asks_of("TermsService", "CancelDuty", cancel.clone())).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            groups.rpc.put_channel(admin.asks_of("ChannelService", "PutChannel", channel.clone())).await.unwrap();
        })
        .await,
        leaves(&groups, async || {
            groups.rpc.put_wording(admin.asks_of("ChannelService", "PutWording", wording.clone())).await.unwrap();
        })
        .await,
    ];
    let who = |row: &Logged| (row.0, row.1.clone(), row.2.clone(), row.3.clone());
    let (by_admin, by_liaison) = ((admin.id, "district_admin"), (world.liaison.id, "liaison"));
    let expected = [
        (by_admin, "PUT_TERMS", "1"),
        (by_admin, "PUT_CALENDAR_DAY", "2026-12-24"),
        (by_admin, "PUT_CATEGORY", NEEDS_NO_PHOTO),
        (by_liaison, "PUT_DUTY", duty.duty_id.as_str()),
        (by_liaison, "CANCEL_DUTY", duty.duty_id.as_str()),
        (by_admin, "PUT_CHANNEL", channel.channel_id.as_str()),
        (by_admin, "PUT_WORDING", "T1 STREET"),
    ];
    for (row, ((person, role), act, subject)) in rows.iter().zip(expected) {
        assert_eq!(who(row), (person, role.to_owned(), act.to_owned(), subject.to_owned()));
    }
    assert_eq!(rows[5].4, serde_json::json!({"tier": "SUBDISTRICT", "bound": true}));
    tampering_is_found(&groups, rows.len()).await;
}

async fn tampering_is_found(groups: &Groups, rows: usize) {
    let chain = audit::chain(&groups.world.pool);
    let sealed = async {
        let mut sealed = 0;
        while sealed < rows {
            sealed += usize::try_from(chain.seal(groups.world.clock.now()).await.unwrap()).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.expect("everything is sealed");
    assert_eq!(chain.verify(|_| {}).await.unwrap().broken, None);
    sqlx::query("alter table tickets.audit disable trigger user").execute(&groups.world.pool).await.unwrap();
    let tampering = "update tickets.audit set detail = '{}' where act = 'PUT_CHANNEL'";
    assert_eq!(sqlx::query(tampering).execute(&groups.world.pool).await.unwrap().rows_affected(), 1);
    assert!(chain.verify(|_| {}).await.unwrap().broken.is_some());
}
