//! The console's people: a code for a first owner, and signing somebody out.

use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;

use super::{OperateError, Operator};
use crate::boot;
use crate::config::Settings;
use crate::console::OwnerCode;

/// A code for a first owner, as the operator reads it.
#[derive(Debug)]
pub struct OwnerCodeShown {
    /// The code. It stands nowhere else.
    pub code: String,
    /// Until when it counts.
    pub until: Timestamp,
    /// Where it is typed.
    pub page: String,
}

impl Operator {
    /// Makes a code with which somebody makes an organisation and becomes its owner.
    pub async fn owner_code(&self, settings: &Settings) -> Result<OwnerCodeShown, OperateError> {
        let secret = boot::existing_secret(settings).map_err(|e| OperateError::Refused(e.to_string()))?;
        let code = OwnerCode::mint(self.now(), &*self.random, &secret);
        code.store(&self.store, self.now()).await?;
        let page = format!("{}/sign-in/first", super::trust::public_url(settings));
        Ok(OwnerCodeShown { code: code.code.expose().to_owned(), until: code.until, page })
    }

    /// Ends all of somebody's sessions of the console; how many those were. With `forget_identity` whoever comes next from
    /// the identity provider with this address is a new person.
    pub async fn sign_out(&self, email: &EmailAddress, forget_identity: bool) -> Result<u64, OperateError> {
        if forget_identity {
            self.store.identities().unlink(email).await?;
        }
        Ok(self.store.sessions().end_all(email, None).await?)
    }
}
