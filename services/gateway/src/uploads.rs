//! Photos in work: few in all, because each is held in memory, and fewer of one person, so that nobody keeps the others out.
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

/// Most at once.
const ALL: usize = 64;
/// Most of one person at once; a phone sends ten side by side.
const OWN: usize = 10;

/// Who uploads right now, and how many.
#[derive(Default)]
pub struct Uploads(Mutex<HashMap<Uuid, usize>>);

/// Leave for one upload, given back when dropped.
pub struct Leave<'a> {
    uploads: &'a Uploads,
    person: Uuid,
}

impl Uploads {
    /// Leave for one more, unless there are too many.
    pub fn begin(&self, person: Uuid) -> Option<Leave<'_>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.values().sum::<usize>() >= ALL || running.get(&person).is_some_and(|own| *own >= OWN) {
            return None;
        }
        *running.entry(person).or_default() += 1;
        Some(Leave { uploads: self, person })
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut running = self.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_cannot_keep_the_others_out() {
        let (uploads, greedy) = (Uploads::default(), Uuid::now_v7());
        let mut held: Vec<_> = (0..OWN).map(|_| uploads.begin(greedy).unwrap()).collect();
        assert!(uploads.begin(greedy).is_none());
        assert!(uploads.begin(Uuid::now_v7()).is_some());
        held.pop();
        assert!(uploads.begin(greedy).is_some(), "given back");
    }

    #[test]
    fn there_are_never_more_than_memory_allows() {
        let uploads = Uploads::default();
        let held: Vec<_> = (0..ALL).map(|_| uploads.begin(Uuid::now_v7()).unwrap()).collect();
        assert!(uploads.begin(Uuid::now_v7()).is_none());
        drop(held);
        assert!(uploads.begin(Uuid::now_v7()).is_some());
    }
}
