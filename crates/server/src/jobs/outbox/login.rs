//! The mails of a login: its code, minted now and stored before the mail leaves, and the news of its key.

use sekisho_core::code::PlainCode;
use sekisho_core::id::CodeId;
use sekisho_mail::{LoginCode, LoginKey};
use sekisho_store::{LOGIN_LIFETIME, Message, MessageKind, NewLoginCode};

use super::{Failure, Outgoing, send};
use crate::api::tokens::register::may_register;
use crate::app::App;
use crate::mail::Addresses;

/// Sends the code. Whether the address has an account does not matter, unless none could be made for it.
pub(super) async fn send_code(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let login = addresses.login_facts().ok_or_else(|| Failure::Unwritable("it names no login".to_owned()))?;
    let id = login.id().ok_or_else(|| Failure::Unwritable("it names no login".to_owned()))?;
    if may_register(app, &message.email).is_err() && app.store.accounts().find_by_email(&message.email).await?.is_none()
    {
        return Err(Failure::Needless("closed"));
    }
    let now = app.clock.now();
    let code = PlainCode::mint(&*app.random);
    let row = NewLoginCode {
        id: CodeId::mint(now, &*app.random),
        login: id,
        email: message.email.clone(),
        mac: code.mac_for_login(id, &message.email, &app.secret),
    };
    if !app.store.logins().add_code(&row, now).await? {
        return Err(Failure::Needless("over"));
    }
    let letter = LoginCode {
        language: message.language,
        endpoints: &endpoints,
        email: &message.email,
        code: &code,
        starter: login.starter(),
        started: login.started(),
        until: login.started().plus(LOGIN_LIFETIME),
    };
    send(app, outgoing, message, &letter.render()).await
}

/// Tells the owner which key was added, and by whom.
pub(super) async fn tell(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let login = addresses.login_facts().ok_or_else(|| Failure::Unwritable("it names no login".to_owned()))?;
    let letter = LoginKey {
        language: message.language,
        endpoints: &endpoints,
        email: &message.email,
        first: message.kind == MessageKind::LoginRegistered,
        hint: addresses.hint(),
        starter: login.starter(),
        at: message.created_at,
    };
    send(app, outgoing, message, &letter.render()).await
}
