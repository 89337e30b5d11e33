//! Which upstream a name belongs to, and who may ask for it. Checked before anything is looked up: cache, metadata,
//! artifacts and explanations take an [`Admitted`], and only [`Sources::admit`] makes one.

use std::ops::Deref;
use std::sync::Arc;

use sekisho_core::{Ecosystem, PackageName};
use sekisho_upstream::{Pattern, Private, Routes, SourceState, Upstream};
use tokio::sync::watch;

use crate::audience::Audience;
use crate::callers::Caller;
use crate::config::{Settings, Upstreams};

/// A name whose upstream is for the caller. It is used as the name.
#[derive(Debug)]
pub struct Admitted(PackageName);

impl Admitted {
    /// The name itself.
    pub fn name(&self) -> &PackageName {
        &self.0
    }
}

impl Deref for Admitted {
    type Target = PackageName;

    fn deref(&self) -> &PackageName {
        &self.0
    }
}

/// The upstreams of both fronts with their audiences.
pub struct Sources {
    npm: Side,
    pypi: Side,
}

struct Side {
    routes: Routes,
    common: Audience,
    private: Vec<(Arc<str>, Audience)>,
}

impl Sources {
    /// The configured private upstreams beside the common ones. The error says which setting is wrong.
    pub fn new(
        settings: &Settings,
        npm: watch::Receiver<SourceState>,
        pypi: watch::Receiver<SourceState>,
    ) -> Result<Sources, String> {
        let upstreams = &settings.upstream;
        Ok(Sources { npm: side(upstreams, Ecosystem::Npm, npm)?, pypi: side(upstreams, Ecosystem::Pypi, pypi)? })
    }

    /// The upstreams of an ecosystem, by name.
    pub fn routes(&self, ecosystem: Ecosystem) -> &Routes {
        &self.side(ecosystem).routes
    }

    /// The name, if its upstream is for this caller; otherwise it comes back as it was.
    pub fn admit(&self, name: PackageName, caller: &Caller) -> Result<Admitted, PackageName> {
        let side = self.side(name.ecosystem());
        let audience = match side.routes.private(&name) {
            None => Some(&side.common),
            Some(private) => {
                side.private.iter().find(|(label, _)| *label == private.label).map(|(_, audience)| audience)
            }
        };
        if audience.is_some_and(|audience| audience.includes(caller)) { Ok(Admitted(name)) } else { Err(name) }
    }

    /// What is known of the upstream that every name belongs to which is not private, if it is for this caller. What is
    /// sent there has to leave out the private names: [`Sources::is_private`].
    pub fn common(&self, ecosystem: Ecosystem, caller: &Caller) -> Option<SourceState> {
        let side = self.side(ecosystem);
        side.common.includes(caller).then(|| side.routes.common())
    }

    /// True if a name must not be said to the common upstream, in a search or an audit either.
    pub fn is_private(&self, name: &PackageName) -> bool {
        self.routes(name.ecosystem()).private(name).is_some()
    }

    fn side(&self, ecosystem: Ecosystem) -> &Side {
        match ecosystem {
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
        }
    }
}

fn side(upstreams: &Upstreams, ecosystem: Ecosystem, common: watch::Receiver<SourceState>) -> Result<Side, String> {
    let mut private = Vec::new();
    let mut audiences = Vec::new();
    for (label, set) in upstreams.private.iter().filter(|(_, set)| set.ecosystem == ecosystem) {
        let at = |key: &str, why: &dyn std::fmt::Display| format!("upstream.private.{label}.{key}: {why}");
        let patterns: Result<Vec<Pattern>, String> = set
            .packages
            .iter()
            .map(|text| Pattern::parse(ecosystem, text).map_err(|why| at("packages", &format!("\"{text}\": {why}"))))
            .collect();
        let credentials = set.access().credentials().map_err(|(key, why)| at(key, &why))?;
        let upstream = Upstream::new(ecosystem, &set.url).map_err(|why| at("url", &why))?;
        let upstream = upstream.set_by(&format!("upstream.private.{label}"));
        let label: Arc<str> = label.as_str().into();
        let upstream = Arc::new(upstream.with_credentials(credentials));
        private.push(Private { label: label.clone(), patterns: patterns?, upstream });
        audiences.push((label, Audience::Only(set.audience.clone())));
    }
    let common_audience = upstreams.front(ecosystem).audience();
    Ok(Side { routes: Routes::new(common, private), common: common_audience, private: audiences })
}
