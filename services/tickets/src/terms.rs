//! What each district decides for itself, in memory: read again within a second of every edit.
use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use arc_swap::ArcSwap;
use chassis::{access::Caller, token::ClaimedPost};
use chrono::{DateTime, Utc};
use proto::api::v1::post::{Level, Role};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{calendar::Calendar, decide::TicketSettings, store, wording::Wordings};

/// A deadline a district may set: its name, where it is kept, and what is allowed, in minutes.
pub type TimerField = (&'static str, fn(&mut TicketSettings) -> &mut i64, RangeInclusive<i64>);

/// The deadlines a district may set, in the order of the wire.
pub const TIMERS: [TimerField; 13] = [
    ("claim_minutes", |settings| &mut settings.claim_minutes, 5..=240),
    ("claim_minutes_p0", |settings| &mut settings.claim_minutes_p0, 1..=60),
    ("dispatch_minutes", |settings| &mut settings.dispatch_minutes, 5..=480),
    ("accept_minutes", |settings| &mut settings.accept_minutes, 30..=2_880),
    ("coord_minutes", |settings| &mut settings.coord_minutes, 30..=2_880),
    ("coord_minutes_unclaimed", |settings| &mut settings.coord_minutes_unclaimed, 15..=1_440),
    ("verify_minutes", |settings| &mut settings.verify_minutes, 60..=10_080),
    ("rate_minutes", |settings| &mut settings.rate_minutes, 60..=20_160),
    ("review_minutes_most", |settings| &mut settings.review_minutes_most, 1_440..=525_600),
    ("pause_minutes_most", |settings| &mut settings.pause_minutes_most, 60..=129_600),
    ("extension_minutes_most", |settings| &mut settings.extension_minutes_most, 60..=129_600),
    ("appeal_minutes", |settings| &mut settings.appeal_minutes, 60..=43_200),
    ("reopen_minutes", |settings| &mut settings.reopen_minutes, 60..=86_400),
];

/// Whom to call in an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Empty: for every emergency.
    pub category_code: String,
    pub name: String,
    pub phone: String,
}

/// What a district has put in the place of the suite's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnTerms {
    /// 0: nothing.
    pub version: i32,
    pub timers: BTreeMap<String, i64>,
    /// Minutes of the day.
    pub hours: Vec<(i64, i64)>,
    pub phones: Vec<Phone>,
    pub changed_at: Option<DateTime<Utc>>,
}

/// Somebody's turn to claim for a street.
#[derive(Clone, Debug)]
pub struct Duty {
    pub district_id: Uuid,
    pub duty_id: Uuid,
    pub person_id: Uuid,
    pub person_name: Option<String>,
    pub place_id: Uuid,
    pub place_path: String,
    pub from_at: DateTime<Utc>,
    pub until_at: DateTime<Utc>,
    pub stands_in_for: Option<Uuid>,
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// The terms that hold in one district.
#[derive(Clone, Debug)]
pub struct DistrictTerms {
    pub own: OwnTerms,
    pub settings: TicketSettings,
    pub calendar: Arc<Calendar>,
    pub duties: Vec<Duty>,
    pub wordings: Arc<Wordings>,
}

impl DistrictTerms {
    fn new(base: TicketSettings) -> Self {
        Self {
            own: OwnTerms::default(),
            settings: base,
            calendar: Arc::default(),
            duties: Vec::new(),
            wordings: Arc::default(),
        }
    }

    /// Who is on duty for the street of a place.
    pub fn on_duty(&self, street: &str, at: DateTime<Utc>) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(move |duty| duty.place_path == street && (duty.from_at..duty.until_at).contains(&at))
    }

    /// Lets a liaison reach the streets they stand in for now.
    pub fn stand_in(&self, caller: &mut Caller, at: DateTime<Utc>) {
        if self.duties.is_empty() || caller.paths_as(Role::Liaison).next().is_none() {
            return;
        }
        let mine = |duty: &&Duty| duty.person_id == caller.person_id && (duty.from_at..duty.until_at).contains(&at);
        let streets: Vec<String> = self.duties.iter().filter(mine).map(|duty| duty.place_path.clone()).collect();
        for street in streets {
            let (r, l) = (Role::Liaison.into(), Level::Subdistrict.into());
            caller.posts.push(ClaimedPost { r, p: street.clone(), l, d: None });
            if caller.role == Role::Liaison {
                caller.reach.places.push(street);
            }
        }
    }

    /// Whom to call about an emergency of a category.
    pub fn phones(&self, category_code: &str) -> impl Iterator<Item = &Phone> {
        let about = move |phone: &&Phone| phone.category_code.is_empty() || phone.category_code == category_code;
        self.own.phones.iter().filter(about)
    }
}

/// The terms of every district.
pub struct Terms {
    base: TicketSettings,
    /// Of a district that has put nothing in their place.
    suites: Arc<DistrictTerms>,
    list: ArcSwap<HashMap<Uuid, Arc<DistrictTerms>>>,
    revision: AtomicI64,
}

impl Terms {
    /// Terms that are the suite's settings everywhere, until they are read.
    pub fn new(base: TicketSettings) -> Self {
        let suites = Arc::new(DistrictTerms::new(base));
        Self { base, suites, list: ArcSwap::default(), revision: AtomicI64::new(-1) }
    }

    /// The terms of a district.
    pub fn of(&self, district: Uuid) -> Arc<DistrictTerms> {
        self.list.load().get(&district).unwrap_or(&self.suites).clone()
    }

    /// Reads everything again where a district has changed something; true where that was so.
    pub async fn refresh(&self, pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<bool> {
        // the revision is read first: a change in between only makes the next look read again
        let revision = store::terms::revision(pool).await?;
        if self.revision.load(Ordering::Acquire) == revision {
            return Ok(false);
        }
        let mut list: HashMap<Uuid, DistrictTerms> = HashMap::new();
        let of = |list: &mut HashMap<Uuid, DistrictTerms>, district, put: &mut dyn FnMut(&mut DistrictTerms)| {
            put(list.entry(district).or_insert_with(|| DistrictTerms::new(self.base)));
        };
        for (district, own) in store::terms::latest(pool).await? {
            of(&mut list, district, &mut |terms| {
                terms.settings = settings(self.base, &own.timers);
                terms.own = own.clone();
            });
        }
        for (district, days) in store::calendar_day::all(pool).await? {
            of(&mut list, district, &mut |terms| terms.calendar = Arc::new(Calendar::own(&days)));
        }
        for duty in store::duty::ahead(pool, now).await? {
            of(&mut list, duty.district_id, &mut |terms| terms.duties.push(duty.clone()));
        }
        for (district, own) in store::wording::all(pool).await? {
            of(&mut list, district, &mut |terms| terms.wordings = Arc::new(Wordings::new(own.clone())));
        }
        for terms in list.values_mut().filter(|terms| !terms.own.hours.is_empty()) {
            terms.calendar = Arc::new(terms.calendar.with_hours(&terms.own.hours));
        }
        self.list.store(Arc::new(list.into_iter().map(|(district, terms)| (district, Arc::new(terms))).collect()));
        self.revision.store(revision, Ordering::Release);
        Ok(true)
    }
}

/// The suite's settings with a district's own deadlines.
fn settings(mut base: TicketSettings, own: &BTreeMap<String, i64>) -> TicketSettings {
    for (name, place, _) in TIMERS {
        if let Some(minutes) = own.get(name) {
            *place(&mut base) = *minutes;
        }
    }
    base
}
