//! The one reader of the tickets service's feed in this process, and the streams it hands the changes to.
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use chassis::{
    cache::Cache,
    clock::instant,
    feed::{Source, Wakes},
};
use proto::{
    events::v1::{Event, Position},
    tickets::v1::TicketChanged,
};
use serde_json::json;
use tokio::sync::{
    Notify,
    broadcast::{Receiver, Sender, channel},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Changes that are kept for streams that come back; what is older is read from the feed.
const KEPT: usize = 10_000;
/// Changes a slow stream may fall behind before it reads the feed itself.
const LIVE: usize = 1_024;

/// Where in the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(i64, i64);

impl At {
    /// As an event's id says it.
    pub fn of(id: &str) -> Option<Self> {
        let (transaction, event) = id.split_once('-')?;
        Some(Self(transaction.parse().ok().filter(|at| *at >= 0)?, event.parse().ok().filter(|at| *at >= 0)?))
    }

    pub fn position(self) -> Position {
        Position { transaction_id: self.0, event_id: self.1 }
    }
}

impl From<Position> for At {
    fn from(position: Position) -> Self {
        Self(position.transaction_id, position.event_id)
    }
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.0, self.1)
    }
}

/// A change, ready to be sent.
#[derive(Debug)]
pub struct Item {
    pub at: At,
    pub district: Uuid,
    pub place_path: String,
    pub from_state: &'static str,
    pub state: &'static str,
    /// The lead and those that help.
    pub departments: Vec<Uuid>,
    /// Who reported it.
    pub people: Vec<Uuid>,
    pub frame: Bytes,
}

/// What an event of the feed is to a stream; it says nothing of anybody.
pub fn item(event: &Event) -> Option<Item> {
    let changed: TicketChanged = chassis::consumer::payload(event).ok().flatten()?;
    let at = At::from(event.position?);
    let time = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(instant).map(|at| at.to_rfc3339());
    let data = json!({
        "ticket_id": changed.ticket_id,
        "number": changed.number,
        "sequence": changed.sequence,
        "transition": changed.transition,
        "from_state": changed.from_state().as_str_name(),
        "state": changed.to_state().as_str_name(),
        "priority": changed.priority().as_str_name(),
        "category_code": changed.category_code,
        "place_path": changed.place_path,
        "held_by": changed.held_by,
        "due_at": time(changed.due_at),
        "at": time(changed.at).or_else(|| time(event.at)),
    });
    let ids = |texts: &mut dyn Iterator<Item = &String>| texts.filter_map(|text| text.parse().ok()).collect();
    Some(Item {
        at,
        district: event.district_id.parse().ok()?,
        from_state: changed.from_state().as_str_name(),
        state: changed.to_state().as_str_name(),
        departments: ids(&mut changed.department_id.iter().chain(&changed.assisting)),
        people: ids(&mut [&changed.reporter_id].into_iter().chain(changed.co_reports.iter().map(|one| &one.person_id))),
        frame: Bytes::from(format!("id: {at}\nevent: ticket\ndata: {data}\n\n")),
        place_path: changed.place_path,
    })
}

struct Kept {
    items: VecDeque<Arc<Item>>,
    /// Everything after this is in `items`; none until the feed has been asked where it stands.
    since: Option<At>,
    head: At,
}

/// All streams of this process.
pub struct Streams {
    live: Sender<Arc<Item>>,
    kept: Mutex<Kept>,
    open: Mutex<HashMap<Uuid, usize>>,
    closing: CancellationToken,
    wanted: Notify,
    most: usize,
    most_own: usize,
}

/// A stream that has joined: what it missed, then what comes.
pub struct Joined {
    pub live: Receiver<Arc<Item>>,
    /// What was sent before.
    pub last: At,
    /// Whether something lies between that and the live events.
    pub behind: bool,
    pub closing: CancellationToken,
    streams: Arc<Streams>,
    person: Uuid,
}

impl Streams {
    /// At most so many streams, and so many of one person.
    pub fn new(most: usize, most_own: usize) -> Arc<Self> {
        let kept = Kept { items: VecDeque::new(), since: None, head: At::default() };
        Arc::new(Self {
            live: channel(LIVE).0,
            kept: Mutex::new(kept),
            open: Mutex::default(),
            closing: CancellationToken::new(),
            wanted: Notify::new(),
            most,
            most_own,
        })
    }

    /// Joins the live events after `last`; none where there are too many streams.
    pub fn join(self: &Arc<Self>, person: Uuid, last: At) -> Option<Joined> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= self.most || open.get(&person).is_some_and(|own| *own >= self.most_own) {
            return None;
        }
        // subscribed and compared under the lock that events are handed out under: nothing falls between
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.subscribe();
        let behind = kept.since.is_none() || last < kept.head;
        drop(kept);
        self.wanted.notify_one();
        *open.entry(person).or_default() += 1;
        Some(Joined { live, last, behind, closing: self.closing.clone(), streams: self.clone(), person })
    }

    /// Where the feed ends, as far as the reader knows; none while it does not read.
    pub fn head(&self) -> Option<At> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.since.map(|_| kept.head)
    }

    /// What came after a position, where memory still holds all of it.
    pub fn after(&self, last: At) -> Option<Vec<Arc<Item>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.since.filter(|since| last >= *since)?;
        let begin = kept.items.partition_point(|item| item.at <= last);
        Some(kept.items.range(begin..).cloned().collect())
    }

    /// Follows the feed until stopped, then ends every stream.
    pub async fn follow(self: Arc<Self>, source: Source, cache: Cache, stop: CancellationToken) {
        let mut wakes = Wakes::new(cache, "tickets");
        let mut head = None;
        while !stop.is_cancelled() {
            if self.forget_when_idle() {
                head = None;
                if stop.run_until_cancelled(self.wanted.notified()).await.is_none() {
                    break;
                }
            }
            let at = match head {
                Some(at) => at,
                None => match source.head().await {
                    Ok(position) => {
                        let at = At::from(position);
                        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                        (kept.since, kept.head) = (Some(at), at);
                        *head.insert(at)
                    }
                    Err(fault) => {
                        tracing::debug!(%fault, "feed not reached yet");
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        continue;
                    }
                },
            };
            match source.read(at.position(), 1_000).await {
                Ok(events) if events.is_empty() => {
                    if stop.run_until_cancelled(wakes.next()).await.is_none() {
                        break;
                    }
                }
                Ok(events) => head = Some(self.hand_out(&events).unwrap_or(at)),
                Err(fault) => {
                    tracing::warn!(%fault, "feed not read");
                    let _ = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await;
                }
            }
        }
        self.closing.cancel();
    }

    /// While nobody listens nothing is read; what was kept would have a gap afterwards.
    fn forget_when_idle(&self) -> bool {
        // held to the end: whoever joins meanwhile finds it forgotten
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = open.is_empty();
        if idle {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.since = None;
            kept.items.clear();
        }
        idle
    }

    fn hand_out(&self, events: &[Event]) -> Option<At> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for item in events.iter().filter_map(item) {
            let item = Arc::new(item);
            kept.items.push_back(item.clone());
            // nobody may be listening
            let _ = self.live.send(item);
        }
        while kept.items.len() > KEPT {
            kept.since = kept.items.pop_front().map(|item| item.at).or(kept.since);
        }
        kept.head = At::from(events.last()?.position?);
        Some(kept.head)
    }
}

impl Joined {
    /// Where the feed ends, as far as the reader knows; none while it does not read.
    pub fn head(&self) -> Option<At> {
        self.streams.head()
    }

    /// What came after a position, where memory still holds all of it.
    pub fn after(&self, last: At) -> Option<Vec<Arc<Item>>> {
        self.streams.after(last)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.person);
            }
        }
    }
}
