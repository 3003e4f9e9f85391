//! A fund, its purposes and its entries.
use chassis::access::Caller;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Refusal;

/// The largest amount of one entry.
pub const MOST_FEN: i64 = 100_000_000_000;

/// The fund of a compound.
#[derive(Clone, Debug)]
pub struct Fund {
    pub place_id: Uuid,
    pub path: String,
    pub name: String,
    pub purposes: Vec<Purpose>,
}

/// What one purpose holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    pub purpose: String,
    pub balance_fen: i64,
}

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    Income,
    Spending,
}

/// An entry as it was recorded.
#[derive(Clone, Debug)]
pub struct Entry {
    pub transfer_id: i64,
    pub entry_id: Uuid,
    pub place_id: Uuid,
    pub kind: Kind,
    pub purpose: String,
    pub amount_fen: i64,
    pub balance_after_fen: i64,
    pub text: String,
    pub voucher_media_id: Option<Uuid>,
    pub recorded_by: Uuid,
    pub recorded_by_name: String,
    pub at: DateTime<Utc>,
}

/// What the property office wants recorded.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub entry_id: Uuid,
    pub place_id: Uuid,
    pub kind: Kind,
    pub purpose: String,
    pub amount_fen: i64,
    pub text: String,
    pub voucher_media_id: Option<Uuid>,
}

impl Entry {
    /// Whether this is what the same request by the same person made.
    pub fn is_of(&self, wanted: &NewEntry, recorded_by: Uuid) -> bool {
        (self.place_id, self.kind, &self.purpose) == (wanted.place_id, wanted.kind, &wanted.purpose)
            && (self.amount_fen, &self.text) == (wanted.amount_fen, &wanted.text)
            && (self.voucher_media_id, self.recorded_by) == (wanted.voucher_media_id, recorded_by)
    }
}

/// Lets in who manages the place of this path, lives in it, or oversees its district.
pub fn admit(caller: &Caller, path: &str) -> Result<(), Refusal> {
    if caller.reaches_place(path) || caller.lives_in(path) { Ok(()) } else { Err(Refusal::PlaceNotAllowed) }
}
