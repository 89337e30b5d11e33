//! The mail about an organisation's tokens that end soon, or of which one was used after its end.

use sekisho_mail::OrgTokensEnd;
use sekisho_store::Message;

use super::{Failure, Outgoing, send};
use crate::app::App;
use crate::mail::Addresses;

/// Tells somebody who manages the organisation.
pub(super) async fn tell(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let ends = addresses.end_facts().ok_or_else(|| Failure::Unwritable("it names no tokens".to_owned()))?;
    let letter = OrgTokensEnd {
        language: message.language,
        endpoints: &endpoints,
        email: &message.email,
        organisation: ends.organisation(),
        what: ends.what(),
        tokens: &ends.tokens(),
    };
    send(app, outgoing, message, &letter.render()).await
}
