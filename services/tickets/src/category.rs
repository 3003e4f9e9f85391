//! Categories: a shipped list as data, held in memory, read again when asked for one that is not there.
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use arc_swap::ArcSwap;
use serde::Deserialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{calendar::ClockMode, store};

/// What a report is about when its sender does not say.
pub const TO_BE_CLASSIFIED: &str = "99999";

const SHIPPED: &str = include_str!("../data/categories.csv");
const SHIPPED_CLASSES: &str = include_str!("../data/classes.csv");

/// A row of the list. The nil district's rows are the suite's own.
#[derive(Clone, Debug, Deserialize)]
pub struct Category {
    #[serde(skip)]
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
    /// 0: as shipped.
    #[serde(skip)]
    pub version: i32,
    /// Kept for the tickets that have it, offered no more.
    #[serde(skip)]
    pub retired: bool,
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

/// What the class of some categories is called.
pub fn class_name(class: &str) -> String {
    CLASSES.get(class).cloned().unwrap_or_else(|| class.to_owned())
}

static CLASSES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(SHIPPED_CLASSES.as_bytes()).into_deserialize::<(String, String, String)>();
    rows.filter_map(Result::ok).map(|(class, name, _)| (class, name)).collect()
});

/// The list that ships with the suite.
pub fn shipped() -> Result<Vec<Category>, csv::Error> {
    csv::Reader::from_reader(SHIPPED.as_bytes()).deserialize().collect()
}

type List = HashMap<(Uuid, String), Arc<Category>>;

/// The categories of all districts, in memory.
#[derive(Default)]
pub struct Categories {
    list: ArcSwap<List>,
}

impl Categories {
    /// Reads the list again.
    pub async fn refresh(&self, pool: &PgPool) -> sqlx::Result<()> {
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

    /// The list of a district, by code.
    pub fn of(&self, district: Uuid) -> Vec<Arc<Category>> {
        let list = self.list.load();
        let mut mine: HashMap<&str, &Arc<Category>> = HashMap::new();
        for owner in [Uuid::nil(), district] {
            mine.extend(
                list.iter().filter(|((d, _), _)| *d == owner).map(|((_, code), category)| (code.as_str(), category)),
            );
        }
        let mut mine: Vec<_> = mine.into_values().cloned().collect();
        mine.sort_by(|left, right| left.category_code.cmp(&right.category_code));
        mine
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_shipped_list_is_sound_and_a_phone_shows_at_most_twelve_tiles() {
        let list = shipped().unwrap();
        let codes: BTreeSet<_> = list.iter().map(|category| category.category_code.as_str()).collect();
        let tiles: BTreeSet<_> =
            list.iter().map(|category| category.tile.as_str()).filter(|tile| !tile.is_empty()).collect();
        assert_eq!(codes.len(), list.len(), "a code twice");
        assert!(codes.contains(TO_BE_CLASSIFIED) && list.len() >= 60);
        assert!(tiles.len() <= 12, "{tiles:?}");
        for category in &list {
            assert!((1..=4).contains(&category.level) && (0..=3).contains(&category.priority), "{category:?}");
            assert!(ClockMode::of(&category.clock).is_some(), "{category:?}");
            assert_ne!(class_name(category.family()), category.family(), "a class without a name");
            assert!((1..=1000).contains(&category.duplicate_metres) && (1..=720).contains(&category.duplicate_hours));
            assert!(category.resolve_hours > 0 && !category.department_code.is_empty() && !category.source.is_empty());
        }
    }
}
