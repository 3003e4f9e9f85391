//! The tickets that were written last, so that the next change of one need not read it first. What is remembered may be
//! stale: a change decided on it is refused by its version, and a refusal is judged again on a fresh row.
use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use crate::ticket::Ticket;

/// Tickets of a generation; there are two.
const GENERATION: usize = 4096;

#[derive(Default)]
pub struct Recent {
    generations: Mutex<[HashMap<Uuid, Ticket>; 2]>,
}

impl Recent {
    /// Takes a ticket out, where it is remembered.
    pub fn take(&self, district_id: Uuid, ticket_id: Uuid) -> Option<Ticket> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        young.remove(&ticket_id).or_else(|| old.remove(&ticket_id)).filter(|ticket| ticket.district_id == district_id)
    }

    /// Remembers a row as it was just written or read.
    pub fn keep(&self, ticket: Ticket) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        young.insert(ticket.ticket_id, ticket);
        if young.len() >= GENERATION {
            *old = mem::take(young);
        }
    }
}
