//! Rate limits: how many requests a caller may make, and the headers that say so.
//!
//! Limits are per node. A caller over the limit is held rather than refused, because npm turns one `429` into ten
//! seconds; only when the wait is too long, or too many already wait, the answer is `429`.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use governor::clock::Clock as _;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use sekisho_core::Clock;
use sekisho_core::id::{BotKeyId, CiSessionId, OrgTokenId, TokenId};

use crate::config::Limits;
use crate::http::{ClientNet, Code, Problem};

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A client address without a token, or with one that is not valid.
    Address(ClientNet),
    /// A client address that sends tokens which nobody has seen yet: each costs a look at the database.
    Unseen(ClientNet),
    /// A personal token.
    Token(TokenId),
    /// An organisation's token.
    OrgToken(OrgTokenId),
    /// A bot's key.
    BotKey(BotKeyId),
    /// A pipeline's session.
    Session(CiSessionId),
}

/// Which limit holds for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Anonymous,
    Personal,
    Organisation,
}

impl Tier {
    const ALL: [Tier; 3] = [Tier::Anonymous, Tier::Personal, Tier::Organisation];

    fn name(self) -> &'static str {
        match self {
            Tier::Anonymous => "anonymous",
            Tier::Personal => "personal",
            Tier::Organisation => "organisation",
        }
    }

    fn window_seconds(self) -> u64 {
        match self {
            Tier::Anonymous | Tier::Personal => 60,
            Tier::Organisation => 10,
        }
    }

    /// Requests per window.
    fn limit(self, limits: &Limits) -> u32 {
        match self {
            Tier::Anonymous => limits.anonymous_per_minute,
            Tier::Personal => limits.personal_per_minute,
            Tier::Organisation => limits.organisation_per_ten_seconds,
        }
    }

    fn quota(self, limits: &Limits) -> Quota {
        let limit = NonZeroU32::new(self.limit(limits)).unwrap_or(NonZeroU32::MIN);
        let each = Duration::from_secs(self.window_seconds()) / limit.get();
        Quota::with_period(each).unwrap_or(Quota::per_second(limit)).allow_burst(limit)
    }
}

impl Counted {
    fn tier(self) -> Tier {
        match self {
            Counted::Address(_) | Counted::Unseen(_) => Tier::Anonymous,
            Counted::Token(_) => Tier::Personal,
            Counted::OrgToken(_) | Counted::BotKey(_) | Counted::Session(_) => Tier::Organisation,
        }
    }
}

/// What a caller has left; goes into every answer's headers.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Requests per window.
    pub limit: u32,
    /// How long the window is.
    pub window_seconds: u64,
    /// Requests left now.
    pub remaining: u32,
    tier: Tier,
}

/// Makes governor's clock of ours.
#[derive(Clone)]
struct LimiterClock(Arc<dyn Clock>);

impl governor::clock::Clock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.monotonic().into()
    }
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, LimiterClock, StateInformationMiddleware>;

/// The limiter of requests, and those of registrations and resets, of logins and sign-ins that are started, and of exchanges.
pub struct Limiter {
    tiers: [Keyed<Counted>; 3],
    registrations: Exact,
    logins: Exact,
    sign_ins: Exact,
    exchanges: Exact,
    waiting: Mutex<HashMap<Counted, u32>>,
    limits: Limits,
    clock: LimiterClock,
    policies: [HeaderValue; 3],
}

/// `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers.
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

impl Limiter {
    /// A limiter with these numbers.
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Limiter {
        let clock = LimiterClock(clock);
        let policy = |tier: Tier| {
            let (name, limit, window) = (tier.name(), tier.limit(limits), tier.window_seconds());
            HeaderValue::try_from(format!("\"{name}\";q={limit};w={window}")).expect("printable ASCII")
        };
        Limiter {
            tiers: Tier::ALL.map(|tier| keyed(tier.quota(limits), &clock)),
            registrations: Exact::new(limits.registrations_per_hour, HOUR),
            logins: Exact::new(limits.registrations_per_hour, HOUR),
            sign_ins: Exact::new(limits.registrations_per_hour, HOUR),
            exchanges: Exact::new(limits.exchanges_per_minute, MINUTE),
            waiting: Mutex::default(),
            policies: Tier::ALL.map(policy),
            limits: limits.clone(),
            clock,
        }
    }

    /// Counts one request of `who`. Waits where the limit is reached, up to the configured time.
    pub async fn admit(&self, who: Counted) -> Result<Quotas, Problem> {
        match self.check(who) {
            Ok(quotas) => Ok(quotas),
            Err(wait) => Box::pin(self.hold(who, wait)).await,
        }
    }

    /// As [`Limiter::admit`], where it is to be counted at all.
    pub async fn admit_if(&self, counted: bool, who: Counted) -> Result<(), Problem> {
        if counted { self.admit(who).await.map(drop) } else { Ok(()) }
    }

    /// Counts a registration or a reset. Exactly so many in any hour: these send mail and try codes, so a bucket that
    /// fills while it is emptied would let twice as many through.
    pub fn admit_registration(&self, client: ClientNet) -> Result<(), Problem> {
        self.registrations.admit(client, self.clock.0.monotonic())
    }

    /// Counts a login that is started: each is a row. As many as registrations, counted apart, so that starting a login
    /// leaves enough for the address that it asks for.
    pub fn admit_login(&self, client: ClientNet) -> Result<(), Problem> {
        self.logins.admit(client, self.clock.0.monotonic())
    }

    /// Counts a sign-in to the console that is begun, or a try at an owner's code. As many as registrations, counted apart.
    pub fn admit_sign_in(&self, client: ClientNet) -> Result<(), Problem> {
        self.sign_ins.admit(client, self.clock.0.monotonic())
    }

    /// Counts an exchange of an ID token, before anything is looked up for it.
    pub fn admit_exchange(&self, client: ClientNet) -> Result<(), Problem> {
        self.exchanges.admit(client, self.clock.0.monotonic())
    }

    /// What a caller over the limit has left.
    pub fn exhausted(&self, who: Counted) -> Quotas {
        self.quotas(who.tier(), 0)
    }

    /// Writes into an answer what its caller has left.
    pub fn headers(&self, quotas: &Quotas, headers: &mut HeaderMap) {
        headers.insert(RATELIMIT_POLICY, self.policies[quotas.tier as usize].clone());
        // Made for every answer: into a buffer that is long enough, and becomes the header as it is.
        let mut text = BytesMut::with_capacity(32);
        let written = write!(text, "\"{}\";r={}", quotas.tier.name(), quotas.remaining);
        if written.is_ok()
            && let Ok(value) = HeaderValue::from_maybe_shared(text.freeze())
        {
            headers.insert(RATELIMIT, value);
        }
    }

    /// Forgets callers whose quota is full again. Called by a job.
    pub fn forget_idle(&self) {
        self.tiers.iter().for_each(|tier| tier.retain_recent());
        let now = self.clock.0.monotonic();
        self.registrations.forget_idle(now);
        self.sign_ins.forget_idle(now);
        self.logins.forget_idle(now);
        self.exchanges.forget_idle(now);
    }

    fn check(&self, who: Counted) -> Result<Quotas, Duration> {
        let tier = who.tier();
        match self.tiers[tier as usize].check_key(&who) {
            Ok(state) => Ok(self.quotas(tier, state.remaining_burst_capacity())),
            Err(not_until) => Err(not_until.wait_time_from(self.clock.now())),
        }
    }

    fn quotas(&self, tier: Tier, remaining: u32) -> Quotas {
        Quotas { limit: tier.limit(&self.limits), window_seconds: tier.window_seconds(), remaining, tier }
    }

    async fn hold(&self, who: Counted, first: Duration) -> Result<Quotas, Problem> {
        let patience = Duration::from_secs(self.limits.hold_seconds);
        let _place = self.take_place(who).ok_or_else(|| too_many(first))?;
        let mut waited = Duration::ZERO;
        let mut wait = first;
        loop {
            if waited + wait > patience {
                return Err(too_many(wait));
            }
            tokio::time::sleep(wait).await;
            waited += wait;
            match self.check(who) {
                Ok(quotas) => return Ok(quotas),
                // Others took what became free; a floor keeps the waiting from spinning.
                Err(next) => wait = next.max(Duration::from_millis(5)),
            }
        }
    }

    fn take_place(&self, who: Counted) -> Option<Place<'_>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(who).or_default();
        if *count >= self.limits.hold_waiting {
            return None;
        }
        *count += 1;
        Some(Place { limiter: self, who })
    }
}

/// A place among those who wait; given back when dropped, also when the client goes away.
struct Place<'a> {
    limiter: &'a Limiter,
    who: Counted,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.limiter.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.who);
            }
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Exactly so many in any minute or hour, per client address.
struct Exact {
    most: usize,
    within: Duration,
    times: Mutex<HashMap<ClientNet, VecDeque<Duration>>>,
}

impl Exact {
    fn new(most: u32, within: Duration) -> Exact {
        Exact { most: usize::try_from(most).unwrap_or(usize::MAX), within, times: Mutex::default() }
    }

    fn admit(&self, client: ClientNet, now: Duration) -> Result<(), Problem> {
        let mut all = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry(client).or_default();
        self.forget_before(times, now);
        match times.front() {
            Some(first) if times.len() >= self.most => Err(too_many((*first + self.within).saturating_sub(now))),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    fn forget_idle(&self, now: Duration) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, times| {
            self.forget_before(times, now);
            !times.is_empty()
        });
    }

    /// Drops what was too long ago to count.
    fn forget_before(&self, times: &mut VecDeque<Duration>, now: Duration) {
        while times.front().is_some_and(|at| now.saturating_sub(*at) >= self.within) {
            times.pop_front();
        }
    }
}

fn too_many(wait: Duration) -> Problem {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
    Problem::new(Code::RateLimited, format!("Too many requests. Try again in {seconds} s.")).retry_after(seconds)
}

fn keyed<K: std::hash::Hash + Eq + Clone>(quota: Quota, clock: &LimiterClock) -> Keyed<K> {
    RateLimiter::<K, _, _, NoOpMiddleware<Nanos>>::new(quota, DashMapStateStore::default(), clock.clone())
        .with_middleware()
}
