//! Rendered documents: made once per upstream revision, hidden set, form, encoding and address, and kept in memory. Those
//! in which nothing is hidden are kept on disk too, for the first answers after a restart.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use moka::sync::Cache;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::bodies::Bodies;
use super::packed::{self, Effort, Rendered};
use crate::http::{Code, Origin, Problem};

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A full packument.
    Packument,
    /// An abbreviated packument.
    Abbreviated,
    /// A simple page as JSON.
    SimpleJson,
    /// A simple page as HTML.
    SimpleHtml,
}

/// What a rendered document depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RenderKey {
    /// The upstream document's revision.
    pub revision: u64,
    /// The hidden set; all zero if nothing is hidden.
    pub hidden: [u8; 16],
    /// The address that its links start with.
    pub origin: u16,
    /// That address's part of the entity tag.
    pub origin_tag: u32,
    /// Its form.
    pub form: Form,
    /// It is compressed.
    pub gzip: bool,
}

impl RenderKey {
    /// The document of this revision under an address; nothing is hidden in it.
    pub fn new(revision: u64, origin: &Origin, form: Form, gzip: bool) -> RenderKey {
        RenderKey { revision, hidden: [0; 16], origin: origin.id, origin_tag: origin.tag, form, gzip }
    }

    /// A strong tag per form, encoding, address and hidden set; what is compressed quickly has other bytes, and another tag.
    fn etag(&self, effort: Effort) -> HeaderValue {
        let form = match self.form {
            Form::Packument => 'f',
            Form::Abbreviated => 'a',
            Form::SimpleJson => 'j',
            Form::SimpleHtml => 'h',
        };
        let encoding = match (self.gzip, effort) {
            (false, _) => 'i',
            (true, Effort::Best) => 'z',
            (true, Effort::Quick) => 'q',
        };
        let hidden = u128::from_be_bytes(self.hidden);
        let text = format!("\"{:016x}-{form}{encoding}{:x}-{hidden:x}\"", self.revision, self.origin_tag);
        HeaderValue::try_from(text).expect("printable ASCII")
    }
}

/// Upstream documents larger than this are compressed quickly for those who ask first: the best takes some milliseconds.
const WORTH_HURRY: u64 = 64 * 1024;
/// Quickly compressed answers that may wait to be compressed again. A document that finds no place is compressed well at
/// once, so that the work does not pile up.
const WAITING: usize = 256;
/// How long they wait before that: who asked first asks for more, and should have the processor.
const BEFORE_BEST: Duration = Duration::from_millis(250);
/// Documents larger than this are held compressed only, and decompressed for the few clients that don't take gzip.
const LARGE: u64 = 1 << 20;

type Making = Arc<OnceCell<Arc<Rendered>>>;

/// Rendered documents in memory, bounded by their size.
pub struct Renders {
    cache: Cache<RenderKey, Arc<Rendered>>,
    /// What is being made.
    making: Mutex<HashMap<RenderKey, Making>>,
    /// Renderings at once: as many as there are cores, so that many large documents do not fill the memory.
    turns: Semaphore,
    /// Places among those that wait to be compressed again.
    waiting: Arc<Semaphore>,
    behind: Arc<Behind>,
}

/// What is done with an answer when nobody waits for it.
struct Behind {
    cache: Cache<RenderKey, Arc<Rendered>>,
    /// One is compressed again at a time.
    turn: Semaphore,
    bodies: Option<Arc<Bodies>>,
}

impl Renders {
    /// An empty cache of at most `bytes`, over what was kept on disk.
    pub fn new(bytes: u64, bodies: Option<Arc<Bodies>>) -> Renders {
        let weigh = |_: &RenderKey, r: &Arc<Rendered>| u32::try_from(r.held() + 256).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(bytes).weigher(weigh).build();
        Renders {
            cache: cache.clone(),
            making: Mutex::default(),
            turns: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            behind: Arc::new(Behind { cache, turn: Semaphore::new(1), bodies }),
        }
    }

    /// The rendered document; `render` writes it, at most once per key, on a thread that nobody else waits for. `length`
    /// is about how long it will be.
    pub async fn get(
        &self,
        key: RenderKey,
        origin: &Arc<Origin>,
        length: u64,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Arc<Rendered>, Problem> {
        if let Some(rendered) = self.cache.get(&key) {
            return Ok(rendered);
        }
        if key.gzip || length <= LARGE {
            return Box::pin(self.once(key, origin, length, render)).await;
        }
        let packed = Box::pin(self.once(RenderKey { gzip: true, ..key }, origin, length, render)).await?;
        Ok(Arc::new(packed.unpacked(key.etag(Effort::Best))))
    }

    /// A document that was kept from before a restart.
    pub async fn kept(&self, key: RenderKey, origin: &Arc<Origin>) -> Option<Arc<Rendered>> {
        if let Some(rendered) = self.cache.get(&key) {
            return Some(rendered);
        }
        let packed_key = RenderKey { gzip: true, ..key };
        let packed = match self.cache.get(&packed_key) {
            Some(packed) => packed,
            None => {
                let (bodies, origin) = (self.behind.bodies.clone()?, origin.clone());
                let wanted = packed_key.clone();
                let read = tokio::task::spawn_blocking(move || bodies.read(&wanted, &origin)).await.ok()??;
                let packed = Rendered::packed(read.body, read.plain, packed_key.etag(Effort::Best));
                let packed = Arc::new(packed.with_twin(packed_key.etag(Effort::Quick)));
                self.cache.insert(packed_key, packed.clone());
                packed
            }
        };
        Some(if key.gzip { packed } else { Arc::new(packed.unpacked(key.etag(Effort::Best))) })
    }

    async fn once(
        &self,
        key: RenderKey,
        origin: &Arc<Origin>,
        length: u64,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Arc<Rendered>, Problem> {
        let cell = self.lock().entry(key.clone()).or_default().clone();
        // Who comes here after the last one took the cell off the list finds it in the cache.
        let found = self.cache.get(&key);
        let made = match found {
            Some(rendered) => Ok(rendered),
            None => cell.get_or_try_init(|| self.make(&key, origin, length, render)).await.cloned(),
        };
        let mut making = self.lock();
        if making.get(&key).is_some_and(|listed| Arc::ptr_eq(listed, &cell)) {
            making.remove(&key);
        }
        drop(making);
        made.map_err(|why| Problem::new(Code::Internal, "The answer could not be made.").log(why))
    }

    async fn make(
        &self,
        key: &RenderKey,
        origin: &Arc<Origin>,
        length: u64,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Arc<Rendered>, String> {
        let _turn = self.turns.acquire().await.map_err(|e| e.to_string())?;
        let hurry = (key.gzip && length > WORTH_HURRY).then(|| self.waiting.clone().try_acquire_owned().ok()).flatten();
        let effort = if hurry.is_some() { Effort::Quick } else { Effort::Best };
        let (etag, gzip) = (key.etag(effort), key.gzip);
        let made = tokio::task::spawn_blocking(move || match gzip {
            true if length > LARGE => packed::straight(render, etag, effort),
            _ => {
                let mut body = Vec::new();
                render(&mut body)?;
                if gzip { Rendered::compress(body, etag, effort) } else { Rendered::make(body, etag, false) }
            }
        });
        let made = made.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let made = Arc::new(if gzip { made.with_twin(key.etag(effort.other())) } else { made });
        self.cache.insert(key.clone(), made.clone());
        let (behind, key, origin, first) = (self.behind.clone(), key.clone(), origin.clone(), made.clone());
        // Nobody waits for it.
        tokio::spawn(async move {
            match hurry {
                Some(place) if first.is_gzip() => behind.improve(key, origin, first, place).await,
                _ => behind.keep(key, origin, first).await,
            }
        });
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RenderKey, Making>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Behind {
    /// Compresses a document again, as well as can be, for all who ask from then on.
    async fn improve(&self, key: RenderKey, origin: Arc<Origin>, quick: Arc<Rendered>, place: OwnedSemaphorePermit) {
        tokio::time::sleep(BEFORE_BEST).await;
        let Ok(_turn) = self.turn.acquire().await else { return };
        let (best, twin) = (key.etag(Effort::Best), quick.etag.clone());
        let made = tokio::task::spawn_blocking(move || quick.best(best)).await.map_err(io::Error::other).flatten();
        drop(place);
        match made {
            Ok(best) => {
                let best = Arc::new(best.with_twin(twin));
                self.cache.insert(key.clone(), best.clone());
                self.keep(key, origin, best).await;
            }
            Err(error) => tracing::error!(%error, "an answer could not be compressed again"),
        }
    }

    /// Keeps an answer in which nothing is hidden for after a restart.
    async fn keep(&self, key: RenderKey, origin: Arc<Origin>, made: Arc<Rendered>) {
        if let (Some(bodies), Some(plain)) = (self.bodies.clone().filter(|_| key.hidden == [0; 16]), made.packed_from())
        {
            let kept = tokio::task::spawn_blocking(move || bodies.write(&key, &origin, made.bytes(), plain)).await;
            if kept.is_err() {
                tracing::error!("storing an answer panicked");
            }
        }
    }
}
