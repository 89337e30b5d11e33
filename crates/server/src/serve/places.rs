//! How many connections one client address may have open: one of them alone must not take all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::http::ClientNet;

/// The open connections by client address. Trusted proxies are not counted: behind them are many clients.
pub(super) struct Places {
    open: Mutex<HashMap<ClientNet, usize>>,
    most: usize,
    trusted: Vec<IpNet>,
}

impl Places {
    pub(super) fn new(most: usize, trusted: &[IpNet]) -> Arc<Places> {
        Arc::new(Places { open: Mutex::default(), most, trusted: trusted.to_vec() })
    }

    /// A place for one more connection; `None` where its address has too many.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        if self.trusted.iter().any(|net| net.contains(&peer.to_canonical())) {
            return Some(Place(None));
        }
        let net = ClientNet::from(peer);
        let mut open = self.lock();
        let count = open.entry(net).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place(Some((Arc::clone(self), net))))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientNet, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place; given back when it is dropped.
pub(super) struct Place(Option<(Arc<Places>, ClientNet)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, net)) = &self.0 else { return };
        let mut open = places.lock();
        if let Some(count) = open.get_mut(net) {
            *count -= 1;
            if *count == 0 {
                open.remove(net);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_can_not_take_every_place_and_a_trusted_proxy_is_not_counted() {
        let places = Places::new(2, &["10.0.0.0/8".parse().expect("a network")]);
        let first = places.take(ip("192.0.2.1"));
        let _second = places.take(ip("::ffff:192.0.2.1"));
        assert!(first.is_some() && places.take(ip("192.0.2.1")).is_none());
        let others: Vec<_> = ["192.0.2.2", "2001:db8::1", "10.1.1.1"].map(|other| places.take(ip(other))).into();
        assert!(others.iter().all(Option::is_some));
        let proxies: Vec<_> = (0..5).map(|_| places.take(ip("10.1.1.1"))).collect();
        assert!(proxies.iter().all(Option::is_some));
        drop(first);
        assert!(places.take(ip("192.0.2.1")).is_some());
        drop((others, proxies, _second));
        assert!(places.lock().is_empty(), "nothing stays of who is gone");
    }
}
