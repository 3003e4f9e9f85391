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

fn admin(groups: &Groups) -> Person {
    Person::new(groups.world.gongnong, Role::DistrictAdmin, "gn", None)
}

/// Who did what to what.
fn is(row: &Logged, (person, role): (&Person, &str), act: &str, subject: &str) {
    assert_eq!((row.0, row.1.as_str(), row.2.as_str(), row.3.as_str()), (person.id, role, act, subject));
}

#[tokio::test]
async fn each_edit_of_terms_days_and_duties_leaves_one_row_and_its_repeat_none() {
    let groups = Groups::new().await;
    let (world, admin) = (&groups.world, admin(&groups));
    appoint(world, &world.liaison).await;
    let terms = TermsRpc(world.replicas[0].0.clone());
    let own = PutTermsRequest {
        timers: Some(Timers { claim_minutes: Some(20), ..Timers::default() }),
        emergency_phones: vec![EmergencyPhone { name: "值班室".into(), phone: PHONE.into(), ..Default::default() }],
        ..Default::default()
    };
    let put = leaves(&groups, async || {
        terms.put_terms(admin.asks_of("TermsService", "PutTerms", own.clone())).await.unwrap();
    });
    is(&put.await, (&admin, "district_admin"), "PUT_TERMS", "1");
    let (date, kind, name) = ("2026-12-24".to_owned(), "HOLIDAY".into(), "冰雪节".into());
    let days = PutCalendarDaysRequest { days: vec![CalendarDay { date, kind, name, ..Default::default() }] };
    let put = leaves(&groups, async || {
        terms.put_calendar_days(admin.asks_of("TermsService", "PutCalendarDays", days.clone())).await.unwrap();
    });
    is(&put.await, (&admin, "district_admin"), "PUT_CALENDAR_DAY", "2026-12-24");
    let at = |hours| Some(timestamp(world.clock.now() + TimeDelta::hours(hours)));
    let duty = PutDutyRequest {
        duty_id: Uuid::now_v7().to_string(),
        person_id: world.liaison.id.to_string(),
        place_id: world.street.to_string(),
        from_at: at(0),
        until_at: at(2),
        stands_in_for: None,
    };
    let put = leaves(&groups, async || {
        terms.put_duty(world.liaison.asks_of("TermsService", "PutDuty", duty.clone())).await.unwrap();
    });
    is(&put.await, (&world.liaison, "liaison"), "PUT_DUTY", &duty.duty_id);
    let cancel = CancelDutyRequest { duty_id: duty.duty_id.clone() };
    let ended = leaves(&groups, async || {
        terms.cancel_duty(world.liaison.asks_of("TermsService", "CancelDuty", cancel.clone())).await.unwrap();
    });
    is(&ended.await, (&world.liaison, "liaison"), "CANCEL_DUTY", &duty.duty_id);
    tampering_is_found(&groups, 4, "PUT_TERMS").await;
}

#[tokio::test]
async fn each_edit_of_categories_groups_and_words_leaves_one_row_and_its_repeat_none() {
    let groups = Groups::new().await;
    let (world, admin) = (&groups.world, admin(&groups));
    let categories = CategoryRpc(world.replicas[1].0.clone());
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
    let put = leaves(&groups, async || {
        categories.put_category(admin.asks_of("CategoryService", "PutCategory", category.clone())).await.unwrap();
    });
    is(&put.await, (&admin, "district_admin"), "PUT_CATEGORY", NEEDS_NO_PHOTO);
    let channel = street(world);
    let put = leaves(&groups, async || {
        groups.rpc.put_channel(admin.asks_of("ChannelService", "PutChannel", channel.clone())).await.unwrap();
    });
    let row = put.await;
    is(&row, (&admin, "district_admin"), "PUT_CHANNEL", &channel.channel_id);
    assert_eq!(row.4, serde_json::json!({"tier": "SUBDISTRICT", "bound": true}));
    let wording = PutWordingRequest {
        transition: "T1".into(),
        audience: "STREET".into(),
        tiers: "SUBDISTRICT".into(),
        words: "有新单 {what}".into(),
        ..Default::default()
    };
    let put = leaves(&groups, async || {
        groups.rpc.put_wording(admin.asks_of("ChannelService", "PutWording", wording.clone())).await.unwrap();
    });
    is(&put.await, (&admin, "district_admin"), "PUT_WORDING", "T1 STREET");
    tampering_is_found(&groups, 3, "PUT_CHANNEL").await;
}

async fn tampering_is_found(groups: &Groups, rows: usize, act: &str) {
    let chain = audit::chain(&groups.world.pool);
    let sealed = async {
        let mut sealed = 0;
        while sealed < rows {
            sealed += chain.seal(groups.world.clock.now()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.expect("everything is sealed");
    assert_eq!(chain.verify(|_| {}).await.unwrap().broken, None);
    sqlx::query("alter table tickets.audit disable trigger user").execute(&groups.world.pool).await.unwrap();
    let tampering = sqlx::query("update tickets.audit set detail = '{}' where act = $1").bind(act);
    assert_eq!(tampering.execute(&groups.world.pool).await.unwrap().rows_affected(), 1);
    assert!(chain.verify(|_| {}).await.unwrap().broken.is_some());
}
