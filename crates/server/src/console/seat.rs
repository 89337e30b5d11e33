//! A member at a page of his organisation, with the right that the page needs.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use sekisho_core::id::OrgId;
use sekisho_store::{Membership, Organisation};

use super::page::{Frame, Halt, Tab, Why};
use super::visitor::SignedIn;
use crate::app::App;
use crate::authority::{May, Needs};

/// A member of the organisation that the path names (`/console/{org_id}/…`), whose role has the right `N`. An organisation
/// that he is no member of is not there for him.
pub(crate) struct Seat<N> {
    pub(crate) signed_in: SignedIn,
    pub(crate) membership: Membership,
    pub(crate) may: May<N>,
}

impl<N: Needs> Seat<N> {
    /// The organisation.
    pub(crate) fn org(&self) -> &Organisation {
        &self.membership.org
    }

    /// An address below the organisation's own: `at("/tokens")`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/console/{}{path}", self.membership.org.id)
    }

    /// The frame of a page of the organisation.
    pub(super) fn frame(&self, tab: Tab) -> Frame<'_> {
        Frame::new(&self.signed_in.visitor, &self.signed_in.memberships, Some(&self.membership), tab)
    }
}

impl<N: Needs> FromRequestParts<Arc<App>> for Seat<N> {
    type Rejection = Halt;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Seat<N>, Halt> {
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        let org = parts.uri.path().strip_prefix("/console/").and_then(|rest| rest.split('/').next());
        let org = org.and_then(OrgId::parse);
        let membership = signed_in.memberships.iter().find(|member| Some(member.org.id) == org).cloned();
        let Some(membership) = membership else { return Err(signed_in.visitor.halt(Why::NotFound)) };
        match May::of_member(&signed_in.session, &membership) {
            Some(may) => Ok(Seat { signed_in, membership, may }),
            None => Err(signed_in.visitor.halt(Why::NoRight)),
        }
    }
}
