//! Identity providers: their documents, keys and tokens; and the tokens that a pipeline gets from us for one of theirs.
//!
//! [`Issuers::verify`] reads an ID token of one of the issuers that the operator allows. [`Conditions::evaluate`] says whether
//! a bot trusts it, and who it was. [`SessionKeys`] signs and checks the tokens that we give for it. [`Issuers::begin`] and
//! [`Issuers::finish`] sign a person in.
//!
//! Everything that comes in is a stranger's until its signature was checked, and even then its texts are.

mod algorithm;
mod attribution;
mod claims;
mod conditions;
mod issuer;
mod issuers;
mod json;
mod jws;
mod keys;
mod refused;
mod session;
mod sign_in;
mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use algorithm::Algorithm;
pub use attribution::Attribution;
pub use claims::Claims;
pub use conditions::{ConditionError, Conditions, Mismatch, Provider, ValueError};
pub use issuer::{Issuer, IssuerError, Metadata};
pub use issuers::{Expectations, Issuers, Timing};
pub use refused::Refused;
pub use session::{NotASession, PublicKey, SessionClaims, SessionError, SessionKeys, SigningKey};
pub use sign_in::{RelyingParty, SignIn};
