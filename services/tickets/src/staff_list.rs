//! Departments and checkers of every district in memory, read again when the residents service has told something.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use chrono::NaiveDate;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    decide::{Checkers, Departments},
    store,
};

#[derive(Default)]
struct List {
    departments: HashMap<Uuid, Arc<Departments>>,
    checkers: HashMap<Uuid, Arc<Checkers>>,
}

/// What the rules know of a district's staff.
#[derive(Default)]
pub struct StaffList {
    list: ArcSwap<List>,
    heard: Mutex<Option<(i64, i64, NaiveDate)>>,
}

impl StaffList {
    /// Reads the lists where something new was heard.
    pub async fn refresh(&self, pool: &PgPool, today: NaiveDate) -> sqlx::Result<()> {
        let (tx, event_id) = store::staff_list::heard(pool).await?;
        let heard = (tx, event_id, today);
        let known = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if known == Some(heard) {
            return Ok(());
        }
        self.reread(pool, today).await?;
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        Ok(())
    }

    /// Reads the lists.
    pub async fn reread(&self, pool: &PgPool, today: NaiveDate) -> sqlx::Result<()> {
        let mut departments: HashMap<Uuid, Departments> = HashMap::new();
        for (district, code, department) in store::staff_list::departments(pool).await? {
            departments.entry(district).or_default().by_code.insert(code, department);
        }
        let mut checkers: HashMap<Uuid, Checkers> = HashMap::new();
        for (district, path, person) in store::staff_list::checkers(pool, today).await? {
            checkers.entry(district).or_default().posts.push((path, person));
        }
        let departments = departments.into_iter().map(|(district, list)| (district, Arc::new(list))).collect();
        let checkers = checkers.into_iter().map(|(district, list)| (district, Arc::new(list))).collect();
        self.list.store(Arc::new(List { departments, checkers }));
        Ok(())
    }

    pub fn departments(&self, district: Uuid) -> Arc<Departments> {
        self.list.load().departments.get(&district).cloned().unwrap_or_default()
    }

    pub fn checkers(&self, district: Uuid) -> Arc<Checkers> {
        self.list.load().checkers.get(&district).cloned().unwrap_or_default()
    }
}
