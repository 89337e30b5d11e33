//! Rendered documents: made once per upstream revision, hidden set, form, encoding and address, and kept in memory. Those
//! in which nothing is hidden are kept on disk too, for the first answers after a restart.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use moka::sync::Cache;
use tokio::sync::{OnceCell, Semaphore};

use super::bodies::Bodies;
use super::packed::{self, Rendered};
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

    /// A strong tag per form, encoding, address and hidden set.
    fn etag(&self) -> HeaderValue {
        let form = match self.form {
            Form::Packument => 'f',
            Form::Abbreviated => 'a',
            Form::SimpleJson => 'j',
            Form::SimpleHtml => 'h',
        };
        let encoding = if self.gzip { 'z' } else { 'i' };
        let hidden = u128::from_be_bytes(self.hidden);
        let text = format!("\"{:016x}-{form}{encoding}{:x}-{hidden:x}\"", self.revision, self.origin_tag);
        HeaderValue::try_from(text).expect("printable ASCII")
    }
}

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
    bodies: Option<Arc<Bodies>>,
}

impl Renders {
    /// An empty cache of at most `bytes`, over what was kept on disk.
    pub fn new(bytes: u64, bodies: Option<Arc<Bodies>>) -> Renders {
        let weigh = |_: &RenderKey, r: &Arc<Rendered>| u32::try_from(r.held() + 256).unwrap_or(u32::MAX);
        Renders {
            cache: Cache::builder().max_capacity(bytes).weigher(weigh).build(),
            making: Mutex::default(),
            turns: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            bodies,
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
            return Box::pin(self.once(key, origin, length > LARGE, render)).await;
        }
        let packed = Box::pin(self.once(RenderKey { gzip: true, ..key }, origin, true, render)).await?;
        Ok(Arc::new(packed.unpacked(key.etag())))
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
                let (bodies, origin, etag) = (self.bodies.clone()?, origin.clone(), packed_key.etag());
                let wanted = packed_key.clone();
                let read = tokio::task::spawn_blocking(move || bodies.read(&wanted, &origin)).await.ok()??;
                let packed = Arc::new(Rendered::packed(read.body, read.plain, etag));
                self.cache.insert(packed_key, packed.clone());
                packed
            }
        };
        Some(if key.gzip { packed } else { Arc::new(packed.unpacked(key.etag())) })
    }

    async fn once(
        &self,
        key: RenderKey,
        origin: &Arc<Origin>,
        large: bool,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Arc<Rendered>, Problem> {
        let cell = self.lock().entry(key.clone()).or_default().clone();
        // Who comes here after the last one took the cell off the list finds it in the cache.
        let found = self.cache.get(&key);
        let made = match found {
            Some(rendered) => Ok(rendered),
            None => cell.get_or_try_init(|| self.make(&key, origin, large, render)).await.cloned(),
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
        large: bool,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Arc<Rendered>, String> {
        let _turn = self.turns.acquire().await.map_err(|e| e.to_string())?;
        let (etag, gzip) = (key.etag(), key.gzip);
        let made = tokio::task::spawn_blocking(move || match gzip && large {
            true => packed::straight(render, etag),
            false => {
                let mut body = Vec::new();
                render(&mut body).and_then(|()| Rendered::make(body, etag, gzip))
            }
        });
        let made = Arc::new(made.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?);
        self.cache.insert(key.clone(), made.clone());
        if let (Some(bodies), Some(plain)) = (self.bodies.clone().filter(|_| key.hidden == [0; 16]), made.packed_from())
        {
            let (key, origin, made) = (key.clone(), origin.clone(), made.clone());
            // Nobody waits for it.
            tokio::task::spawn_blocking(move || bodies.write(&key, &origin, made.bytes(), plain));
        }
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RenderKey, Making>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
