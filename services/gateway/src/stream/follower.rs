//! The one reader of the tickets service's feed in this process, and the streams it hands the changes to.
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chassis::{
    cache::Cache,
    faults::Fault,
    feed::{Source, Wakes},
};
use proto::events::v1::Event;
use tokio::sync::{
    Notify, Semaphore,
    broadcast::{Receiver, Sender, channel},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::item::{At, Item, item};

/// Changes that are kept for streams that come back; what is older is read from the feed.
const KEPT: usize = 10_000;
/// Transactions that the reader goes back for streams that come back.
const FAR: i64 = 20_000;
/// How long it waits for more of them.
const GATHER: Duration = Duration::from_millis(200);
/// Streams that read the feed themselves at a time, and events in one reading.
const READS: usize = 4;
const PAGE: i32 = 500;
/// Changes a slow stream may fall behind before it reads the feed itself.
const LIVE: usize = 1_024;

struct Kept {
    items: VecDeque<Arc<Item>>,
    /// Everything after this is in `items`; none while nobody reads.
    since: Option<At>,
    head: At,
    /// Where the feed ended when reading began: before that the reader is still catching up.
    target: At,
    /// The oldest position that streams wait for while nobody reads.
    wanted: Option<At>,
}

/// All streams of this process.
pub struct Streams {
    live: Sender<Arc<Item>>,
    kept: Mutex<Kept>,
    open: Mutex<HashMap<Uuid, usize>>,
    closing: CancellationToken,
    wanted: Notify,
    /// Of streams that read the feed themselves, few at a time: a crowd must not take the service from everybody else.
    reads: Semaphore,
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
        let (items, head, target) = (VecDeque::new(), At::default(), At::default());
        let kept = Kept { items, since: None, head, target, wanted: None };
        Arc::new(Self {
            live: channel(LIVE).0,
            kept: Mutex::new(kept),
            open: Mutex::default(),
            closing: CancellationToken::new(),
            wanted: Notify::new(),
            reads: Semaphore::new(READS),
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
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.subscribe();
        let behind = kept.since.is_none() || last < kept.head;
        if kept.since.is_none() {
            kept.wanted = Some(kept.wanted.map_or(last, |wanted| wanted.min(last)));
        }
        drop(kept);
        self.wanted.notify_one();
        *open.entry(person).or_default() += 1;
        Some(Joined { live, last, behind, closing: self.closing.clone(), streams: self.clone(), person })
    }

    /// Where the feed ends, as far as the reader knows; none while it does not read.
    pub fn head(&self) -> Option<At> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.since.map(|_| kept.head).filter(|head| *head >= kept.target)
    }

    /// Whether somebody reads by now.
    pub fn reads(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).since.is_some()
    }

    /// Where the feed ends, asked for where nobody reads yet.
    pub async fn head_or_ask(&self, source: &Source) -> Result<At, Fault> {
        if let Some(head) = self.head() {
            return Ok(head);
        }
        let _turn = self.reads.acquire().await.map_err(Fault::internal)?;
        match self.head() {
            Some(head) => Ok(head),
            None => Ok(At::from(source.head().await?)),
        }
    }

    /// Reads a page of the feed, when it is this stream's turn.
    pub async fn page(&self, source: &Source, after: At) -> Result<Vec<Event>, Fault> {
        let _turn = self.reads.acquire().await.map_err(Fault::internal)?;
        source.read(after.position(), PAGE).await
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
                let woken = async {
                    self.wanted.notified().await;
                    // a crowd that comes back from another gateway is served from one reading
                    tokio::time::sleep(GATHER).await;
                };
                if stop.run_until_cancelled(woken).await.is_none() {
                    break;
                }
            }
            let at = match head {
                Some(at) => at,
                None => match source.head().await {
                    Ok(position) => *head.insert(self.begin(At::from(position))),
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

    /// Begins to read where the oldest stream waits, or where the feed ends now if that is too long ago.
    fn begin(&self, end: At) -> At {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let near = |wanted: &At| *wanted <= end && end.transactions_after(*wanted) <= FAR;
        let begin = kept.wanted.take().filter(near).unwrap_or(end);
        (kept.since, kept.head, kept.target) = (Some(begin), begin, end);
        begin
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
    /// All streams of this process.
    pub fn streams(&self) -> &Streams {
        &self.streams
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
