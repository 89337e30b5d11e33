//! The mail of a sign-in to the console: its code, minted now and stored before the mail leaves.

use sekisho_core::code::PlainCode;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::CodeId;
use sekisho_mail::SignInCode;
use sekisho_store::{Message, SIGN_IN_LIFETIME, StoreError};

use super::{Failure, Outgoing, send};
use crate::app::App;
use crate::mail::Addresses;

/// Sends the code, to an address for which there is something to see.
pub(super) async fn send_code(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let facts = addresses.login_facts().ok_or_else(|| Failure::Unwritable("it names no sign-in".to_owned()))?;
    let id = facts.sign_in().ok_or_else(|| Failure::Unwritable("it names no sign-in".to_owned()))?;
    if !is_somebody(app, &message.email).await? {
        return Err(Failure::Needless("unknown"));
    }
    let now = app.clock.now();
    let code = PlainCode::mint(&*app.random);
    let mac = code.mac_for_sign_in(id, &message.email, &app.secret);
    let code_id = CodeId::mint(now, &*app.random);
    if !app.store.sign_ins().add_code(code_id, id, &message.email, &mac, now).await? {
        return Err(Failure::Needless("over"));
    }
    let letter = SignInCode {
        language: app.store.sessions().language_of(&message.email).await?.unwrap_or(message.language),
        endpoints: &endpoints,
        email: &message.email,
        code: &code,
        starter: facts.starter(),
        started: facts.started(),
        until: facts.started().plus(SIGN_IN_LIFETIME),
    };
    send(app, outgoing, message, &letter.render()).await
}

/// A member of an organisation, an account, or somebody with a token of an organisation that carries this address and was
/// not revoked.
async fn is_somebody(app: &App, email: &EmailAddress) -> Result<bool, StoreError> {
    let store = &app.store;
    Ok(!store.organisations().of_member(email).await?.is_empty()
        || store.accounts().find_by_email(email).await?.is_some()
        || !store.org_tokens().carrying(email.as_str(), None, 1).await?.is_empty())
}
