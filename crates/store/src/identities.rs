//! Who people are at identity providers. A person is what the provider calls him for ever (`iss` and `sub`, OpenID Connect
//! Core 5.7); an address can pass to somebody else, so it links the two only once, and only if the provider verified it.

use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;

use crate::db::{Db, sql};
use crate::error::StoreError;

statements! {
    FIND = "SELECT email FROM identities WHERE issuer = $1 AND subject = $2";
    LINK = "INSERT INTO identities (issuer, subject, email, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    UNLINK = "DELETE FROM identities WHERE email = $1";
}

/// What came of linking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The person has this address here.
    To(EmailAddress),
    /// Somebody else of the same provider has the address that was given.
    Taken,
    /// Not known yet, and no address was given.
    Unknown,
}

/// The identities.
pub struct Identities<'a> {
    pub(crate) db: &'a Db,
}

impl Identities<'_> {
    /// The address of a person; one who is not known yet is linked to `verified`.
    pub async fn link(
        &self,
        issuer: &str,
        subject: &str,
        verified: Option<&EmailAddress>,
        now: Timestamp,
    ) -> Result<Linked, StoreError> {
        if let Some(email) = self.find(issuer, subject).await? {
            return Ok(Linked::To(email));
        }
        let Some(email) = verified else { return Ok(Linked::Unknown) };
        let link = sql(LINK).bind(issuer).bind(subject).bind(email).bind(now);
        if self.db.write(link).await? != 0 {
            return Ok(Linked::To(email.clone()));
        }
        // Either the same person came twice at once, or another one has the address.
        Ok(self.find(issuer, subject).await?.map_or(Linked::Taken, Linked::To))
    }

    /// Forgets which people of identity providers have this address; how many those were.
    pub async fn unlink(&self, email: &EmailAddress) -> Result<u64, StoreError> {
        self.db.write(sql(UNLINK).bind(email)).await
    }

    async fn find(&self, issuer: &str, subject: &str) -> Result<Option<EmailAddress>, StoreError> {
        self.db.optional(sql(FIND).bind(issuer).bind(subject)).await?.map(|row| row.email(0)).transpose()
    }
}
