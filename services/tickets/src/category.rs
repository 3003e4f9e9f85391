//! Categories: lists in the database, held in memory, read again when asked for one that is not there.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwap;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{calendar::ClockMode, store};

/// What a report is about when its sender does not say.
pub const TO_BE_CLASSIFIED: &str = "99999";

/// At most so many tiles on a phone.
pub const TILES: usize = 12;

/// A row of the list. The nil district's rows are the suite's own.
#[derive(Clone, Debug)]
pub struct Category {
    pub district_id: Uuid,
    pub category_code: String,
    pub name: String,
    pub english_name: String,
    /// The lowest level of the place tree able to solve it.
    pub level: i16,
    /// 0 to 3, for P0 to P3.
    pub priority: i16,
    pub resolve_hours: i32,
    /// NATURAL or WORKING: which hours those are.
    pub clock: String,
    pub after_photo: bool,
    pub department_code: String,
    pub tile: String,
    pub source: String,
    /// Within how many metres and hours another report of the same family may be the same matter.
    pub duplicate_metres: i32,
    pub duplicate_hours: i32,
    /// 0: as the suite came; each edit is the next.
    pub version: i32,
    /// Kept for the tickets that have it, offered no more.
    pub retired: bool,
}

impl AsRef<Self> for Category {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Category {
    /// Which hours its resolve time counts.
    pub fn clock(&self) -> ClockMode {
        ClockMode::of(&self.clock).unwrap_or(ClockMode::Natural)
    }

    pub fn resolve_minutes(&self) -> i32 {
        self.resolve_hours.saturating_mul(60)
    }

    /// The class its code belongs to: its first two digits.
    pub fn family(&self) -> &str {
        family(&self.category_code)
    }

    /// Whether another row of the same code says nothing else.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |it: &Self| {
            let numbers =
                [it.resolve_hours, it.duplicate_metres, it.duplicate_hours, it.level.into(), it.priority.into()];
            let texts =
                [&it.name, &it.english_name, &it.clock, &it.department_code, &it.tile, &it.source].map(Clone::clone);
            (numbers, texts, it.after_photo, it.retired)
        };
        said(self) == said(other)
    }
}

/// The class a code belongs to.
pub fn family(category_code: &str) -> &str {
    category_code.get(..2).unwrap_or(category_code)
}

type List = HashMap<(Uuid, String), Arc<Category>>;

/// The categories of all districts and the names of their classes, in memory.
#[derive(Default)]
pub struct Categories {
    list: ArcSwap<List>,
    classes: ArcSwap<HashMap<(Uuid, String), String>>,
}

impl Categories {
    /// Reads the lists again.
    pub async fn refresh(&self, pool: &PgPool) -> sqlx::Result<()> {
        let classes = store::category_class::all(pool).await?;
        self.classes.store(Arc::new(classes.into_iter().map(|row| ((row.district_id, row.class), row.name)).collect()));
        let rows = store::category::all(pool).await?;
        let list = rows.into_iter().map(|row| ((row.district_id, row.category_code.clone()), Arc::new(row)));
        self.list.store(Arc::new(list.collect()));
        Ok(())
    }

    /// Reads the list where that has not happened yet.
    pub async fn ensure(&self, pool: &PgPool) -> sqlx::Result<()> {
        if self.list.load().is_empty() { self.refresh(pool).await } else { Ok(()) }
    }

    /// The category of a code, where it is in memory.
    pub fn known(&self, district: Uuid, code: &str) -> Option<Arc<Category>> {
        let list = self.list.load();
        let own = list.get(&(district, code.to_owned()));
        own.or_else(|| list.get(&(Uuid::nil(), code.to_owned()))).cloned()
    }

    /// The category of a code, after looking for it again where it is new.
    pub async fn find(&self, pool: &PgPool, district: Uuid, code: &str) -> sqlx::Result<Option<Arc<Category>>> {
        if let Some(category) = self.known(district, code) {
            return Ok(Some(category));
        }
        self.refresh(pool).await?;
        Ok(self.known(district, code))
    }

    /// What the class of some categories is called.
    pub fn class_name(&self, district: Uuid, class: &str) -> String {
        let classes = self.classes.load();
        let of = |owner| classes.get(&(owner, class.to_owned())).cloned();
        of(district).or_else(|| of(Uuid::nil())).unwrap_or_else(|| class.to_owned())
    }

    /// The list of a district, by code.
    pub fn of(&self, district: Uuid) -> Vec<Arc<Category>> {
        held(self.list.load().values(), district).into_values().cloned().collect()
    }
}

/// What holds in a district, by code: its own rows win over the suite's.
pub fn held<C: AsRef<Category>>(list: impl IntoIterator<Item = C>, district: Uuid) -> BTreeMap<String, C> {
    let mut mine: BTreeMap<String, C> = BTreeMap::new();
    for one in list {
        let category = one.as_ref();
        let own = category.district_id == district;
        if own || (category.district_id.is_nil() && !mine.contains_key(&category.category_code)) {
            mine.insert(category.category_code.clone(), one);
        }
    }
    mine
}

/// The tiles that a phone shows of a list.
pub fn tiles<'c>(list: impl IntoIterator<Item = &'c Category>) -> BTreeSet<&'c str> {
    let shown = list.into_iter().filter(|category| !category.retired && !category.tile.is_empty());
    shown.map(|category| category.tile.as_str()).collect()
}
