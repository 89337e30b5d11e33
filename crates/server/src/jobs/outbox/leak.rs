//! The mail about an organisation's credential that was found where it doesn't belong.

use sekisho_mail::OrgLeaked;
use sekisho_store::Message;

use super::{Failure, Outgoing, send};
use crate::app::App;
use crate::mail::Addresses;

/// Tells somebody who manages the organisation.
pub(super) async fn tell(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let leak = addresses.leak_facts().ok_or_else(|| Failure::Unwritable("it names no organisation".to_owned()))?;
    let letter = OrgLeaked {
        language: message.language,
        endpoints: &endpoints,
        email: &message.email,
        organisation: leak.organisation(),
        holder: leak.holder(),
        hint: addresses.hint(),
        at: message.created_at,
    };
    send(app, outgoing, message, &letter.render()).await
}
