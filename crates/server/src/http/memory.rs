//! Memory for what strangers send: so much for all, and of that an eighth for one client network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ClientNet, Code, Problem};

/// How many clients it takes to fill it.
const SHARES: u32 = 8;
/// How long a request waits for memory, as long as any request does that is over a limit.
const WAIT: Duration = Duration::from_secs(5);

/// KiB that may be held at once.
pub(super) struct Memory {
    all: Arc<Semaphore>,
    share: u32,
    /// Only those clients that hold or wait for some of it.
    clients: Mutex<HashMap<ClientNet, Arc<Semaphore>>>,
}

impl Memory {
    pub(super) fn new(kib: u32) -> Arc<Memory> {
        Arc::new(Memory { all: Arc::new(Semaphore::new(kib as usize)), share: kib / SHARES, clients: Mutex::default() })
    }

    /// Room of a client, with nothing in it yet.
    pub(super) fn room(self: &Arc<Self>, client: ClientNet) -> Room {
        let share = self.lock().entry(client).or_insert_with(|| Arc::new(Semaphore::new(self.share as usize))).clone();
        Room { held: None, seat: Seat { memory: Arc::clone(self), client, share: Some(share) } }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientNet, Arc<Semaphore>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one request holds; given back when it is dropped.
pub(super) struct Room {
    // Dropped before the seat, which forgets the client once nobody holds anything of its share.
    held: Option<Held>,
    seat: Seat,
}

/// Of the client's share, and of all.
struct Held {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Room {
    /// Makes it so large, if it is smaller. The client's own share is asked first: who has used it up waits for itself.
    pub(super) async fn grow(&mut self, kib: u32) -> Result<(), Problem> {
        let more = kib.saturating_sub(self.kib());
        let Some(share) = self.seat.share.clone().filter(|_| more > 0) else { return Ok(()) };
        let own = wait(share, more).await.ok_or_else(|| {
            let detail = "Too many large requests from your address are under way. Try again in a moment.";
            Problem::new(Code::RateLimited, detail).retry_after(WAIT.as_secs())
        })?;
        let all = wait(Arc::clone(&self.seat.memory.all), more).await.ok_or_else(|| {
            let detail = "Too many large requests are under way. Try again in a moment.";
            Problem::new(Code::Busy, detail).retry_after(WAIT.as_secs())
        })?;
        match &mut self.held {
            Some(held) => {
                held.own.merge(own);
                held.all.merge(all);
            }
            none => *none = Some(Held { own, all }),
        }
        Ok(())
    }

    /// Gives back what is beyond so much.
    pub(super) fn shrink(&mut self, kib: u32) {
        let surplus = self.kib().saturating_sub(kib) as usize;
        if let Some(held) = &mut self.held {
            drop((held.own.split(surplus), held.all.split(surplus)));
        }
    }

    fn kib(&self) -> u32 {
        self.held.as_ref().map_or(0, |held| u32::try_from(held.own.num_permits()).unwrap_or(u32::MAX))
    }
}

async fn wait(semaphore: Arc<Semaphore>, kib: u32) -> Option<OwnedSemaphorePermit> {
    tokio::time::timeout(WAIT, semaphore.acquire_many_owned(kib)).await.ok()?.ok()
}

/// A client's entry, for as long as a request of it has room.
struct Seat {
    memory: Arc<Memory>,
    client: ClientNet,
    share: Option<Arc<Semaphore>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut clients = self.memory.lock();
        self.share = None;
        if clients.get(&self.client).is_some_and(|share| Arc::strong_count(share) == 1) {
            clients.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn net(text: &str) -> ClientNet {
        ClientNet::from(text.parse::<IpAddr>().expect("an address"))
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_holds_an_eighth_at_most_and_is_told_so_itself() {
        let memory = Memory::new(80);
        let mut first = memory.room(net("192.0.2.1"));
        first.grow(10).await.expect("its share");
        let mut second = memory.room(net("192.0.2.1"));
        let refused = second.grow(1).await.expect_err("its share is used up");
        assert_eq!(refused.code(), Code::RateLimited);
        memory.room(net("192.0.2.2")).grow(10).await.expect("others have theirs");
        first.shrink(4);
        second.grow(6).await.expect("what was given back");
        assert!(first.grow(5).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_is_held_the_server_is_busy_and_nothing_stays_of_who_is_gone() {
        let memory = Memory::new(80);
        let mut rooms = Vec::new();
        for n in 1..=8 {
            let mut room = memory.room(net(&format!("192.0.2.{n}")));
            room.grow(10).await.expect("a share");
            rooms.push(room);
        }
        let mut late = memory.room(net("192.0.2.9"));
        assert_eq!(late.grow(1).await.expect_err("all is held").code(), Code::Busy);
        rooms.pop();
        late.grow(10).await.expect("room again");
        drop((late, rooms));
        assert!(memory.lock().is_empty());
        assert_eq!(memory.all.available_permits(), 80);
    }
}
