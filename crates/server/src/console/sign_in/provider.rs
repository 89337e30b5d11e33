//! `/sign-in/provider`: signing in at the operator's identity provider, by the authorization code flow with PKCE, state and
//! nonce. All three come from a secret that the browser keeps in a cookie for the time of the way, so that the answer counts
//! in the browser that began, and nothing of it is stored here.
//!
//! The provider sends the browser back with a `GET`; what it brings counts once, by state, nonce and code.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::extract::State;
use sekisho_core::Random;
use sekisho_core::browser::BrowserSecret;
use sekisho_core::email::EmailAddress;
use sekisho_core::secret::ServerSecret;
use sekisho_oidc::{Claims, Refused, RelyingParty};
use sekisho_store::Linked;
use url::Url;
use zeroize::Zeroizing;

use super::super::cookie::Cookie;
use super::super::page::{Halt, Why, safe_next, see_other};
use super::super::visitor::{Answered, Visitor};
use super::{AppState, Beginning, end_earlier, groups, private};
use crate::app::App;
use crate::config::Provider;

/// How long somebody may take at the provider.
const WAY_SECONDS: u64 = 600;

/// To the provider.
pub(in crate::console) async fn go(State(app): AppState, visitor: Visitor) -> Answered {
    private(&visitor)?;
    let provider = configured(&app, &visitor)?;
    let secret = BrowserSecret::mint(&*app.random);
    let us = relying_party(&visitor, provider)?;
    let begun = app.sign_in_issuers.begin(&us, &Derived::of(&app.secret, &secret)).await;
    let begun = begun.map_err(|refused| away(&visitor, &refused))?;
    let mut response = see_other(&visitor, begun.url.as_str());
    let way = Way { secret, next: safe_next(&visitor.asked("next")).to_owned() };
    Cookie::Provider.set(response.headers_mut(), visitor.transport, &way.written(), Some(WAY_SECONDS));
    Ok(response)
}

/// Back from the provider.
pub(in crate::console) async fn back(State(app): AppState, visitor: Visitor) -> Answered {
    private(&visitor)?;
    let provider = configured(&app, &visitor)?;
    let cookie = Cookie::Provider.read(&visitor.headers, visitor.transport);
    let Some(way) = cookie.and_then(Way::read) else { return Err(visitor.halt(Why::ProviderOver)) };
    let us = relying_party(&visitor, provider)?;
    let begun = app.sign_in_issuers.begin(&us, &Derived::of(&app.secret, &way.secret)).await;
    let begun = begun.map_err(|refused| away(&visitor, &refused))?;
    // The state before anything else: without it the rest is a stranger's.
    if visitor.asked("state") != begun.state {
        return Err(visitor.halt(Why::ProviderOver));
    }
    if !visitor.asked("error").is_empty() {
        return Err(visitor.halt(Why::ProviderRefused));
    }
    // From here on the provider is asked.
    if app.limiter.admit_sign_in(visitor.exchange.client).is_err() {
        return Err(visitor.halt(Why::TooMany));
    }
    let claims = app.sign_in_issuers.finish(&us, &visitor.asked("code"), &begun).await;
    let claims = claims.map_err(|refused| away(&visitor, &refused))?;
    let email = person(&app, &visitor, &claims).await?;
    groups::give(&app, provider, &email, &claims).await.map_err(|e| visitor.failed(&e))?;
    let beginning = Beginning::of(&app, &visitor, &email, claims.issuer());
    let begun = app.store.sessions().begin(&beginning.session, app.clock.now()).await;
    begun.map_err(|e| visitor.failed(&e))?;
    end_earlier(&app, &visitor).await?;
    let mut response = beginning.signed_in(&visitor, &way.next);
    Cookie::Provider.clear(response.headers_mut(), visitor.transport);
    Ok(response)
}

/// Who the provider says it is: `iss` and `sub`. The address counts where the two are seen for the first time, and only if
/// the provider verified it.
async fn person(app: &App, visitor: &Visitor, claims: &Claims) -> Result<EmailAddress, Halt> {
    let verified = claims.scalar("email_verified").is_some_and(|flag| flag == "true");
    let email = claims.text("email").filter(|_| verified).and_then(|text| EmailAddress::parse(text).ok());
    let (issuer, subject) = (claims.issuer(), claims.subject());
    let linked = app.store.identities().link(issuer, subject, email.as_ref(), app.clock.now()).await;
    match linked.map_err(|e| visitor.failed(&e))? {
        Linked::To(email) => Ok(email),
        Linked::Unknown => Err(visitor.halt(Why::NotVerified)),
        Linked::Taken => {
            tracing::warn!("a sign-in was refused: its address belongs to another person of {issuer}");
            Err(visitor.halt(Why::AddressTaken))
        }
    }
}

fn configured<'a>(app: &'a App, visitor: &Visitor) -> Result<&'a Provider, Halt> {
    let provider = &app.settings.console.oidc;
    if provider.issuer.is_some() { Ok(provider) } else { Err(visitor.halt(Why::NotFound)) }
}

fn relying_party(visitor: &Visitor, provider: &Provider) -> Result<RelyingParty, Halt> {
    let back = format!("{}/sign-in/provider/back", visitor.exchange.origin.pages);
    Ok(RelyingParty {
        issuer: provider.issuer.clone().unwrap_or_default(),
        client_id: provider.client_id.clone().unwrap_or_default(),
        client_secret: provider.client_secret.as_ref().map(|secret| Zeroizing::new(secret.expose().to_owned())),
        redirect_uri: Url::parse(&back).map_err(|_| Halt::broken())?,
        scopes: provider.scopes.clone(),
    })
}

fn away(visitor: &Visitor, refused: &Refused) -> Halt {
    tracing::warn!("a sign-in at the identity provider failed: {} ({refused})", refused.code());
    visitor.halt(if refused.is_transient() { Why::ProviderAway } else { Why::ProviderRefused })
}

/// What the browser keeps on the way: its secret, and where it goes afterwards.
struct Way {
    secret: BrowserSecret,
    next: String,
}

impl Way {
    fn written(&self) -> String {
        use base64::Engine;
        let next = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&self.next);
        format!("{}.{next}", self.secret.expose())
    }

    fn read(text: &str) -> Option<Way> {
        use base64::Engine;
        let (secret, next) = text.split_once('.')?;
        let next = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(next).ok()?;
        let next = String::from_utf8(next).ok()?;
        Some(Way { secret: BrowserSecret::parse(secret)?, next: safe_next(&next).to_owned() })
    }
}

/// Bytes that follow from the browser's secret and the server's, the same ones each time: state, nonce and verifier are
/// made again when the browser comes back, on whichever node.
struct Derived {
    key: ServerSecret,
    taken: AtomicU64,
}

impl Derived {
    fn of(server: &ServerSecret, browser: &BrowserSecret) -> Derived {
        let key = server.mac("sign-in at a provider", &[browser.expose().as_bytes()]);
        Derived { key: ServerSecret::new(key), taken: AtomicU64::new(0) }
    }
}

impl Random for Derived {
    fn fill(&self, out: &mut [u8]) {
        for block in out.chunks_mut(32) {
            let number = self.taken.fetch_add(1, Relaxed).to_be_bytes();
            let bytes = self.key.mac("bytes", &[&number]);
            block.copy_from_slice(&bytes[..block.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_browser_makes_the_same_values_again_and_another_one_others() {
        let server = ServerSecret::new([1; 32]);
        let bytes = |browser: &BrowserSecret| {
            let (derived, mut out) = (Derived::of(&server, browser), [[0_u8; 32]; 3]);
            out.iter_mut().for_each(|part| derived.fill(part));
            out
        };
        let (one, other) =
            (BrowserSecret::parse(&"a".repeat(43)).unwrap(), BrowserSecret::parse(&"b".repeat(43)).unwrap());
        let [state, nonce, verifier] = bytes(&one);
        assert_eq!(bytes(&one), [state, nonce, verifier]);
        assert!(state != nonce && nonce != verifier && bytes(&other)[0] != state);
    }

    #[test]
    fn a_way_is_read_back_and_leads_to_our_pages_only() {
        let secret = "a".repeat(43);
        let way = Way { secret: BrowserSecret::parse(&secret).unwrap(), next: "/me?x=1".into() };
        assert_eq!(Way::read(&way.written()).unwrap().next, "/me?x=1");
        let planted = Way { next: "//evil.example".into(), ..way };
        assert_eq!(Way::read(&planted.written()).unwrap().next, "/console");
        assert!(Way::read(&secret).is_none() && Way::read("x.y").is_none());
    }
}
