//! `/me/keys`: a person's own keys: one more, rotated, revoked. Mails tell of each.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use sekisho_core::id::AccountId;
use sekisho_store::{Added, OneMore, TokenRow};
use uuid::Uuid;

use super::super::confirm::Confirm;
use super::super::once;
use super::super::page::{Halt, Tab, Why, answer, see_other};
use super::super::setup;
use super::super::shown::Shown;
use super::super::visitor::{Answered, SignedIn};
use super::{account, living};
use crate::api::tokens::register::may_register;
use crate::api::tokens::{Minted, notice};
use crate::app::App;
use crate::http::form::Form;

/// Makes one more key, and shows it.
pub(in crate::console) async fn add(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let (visitor, email) = (&me.visitor, &me.session.email);
    let once = once::mark(&app, visitor, Form::read(body).await?.field("form"))?;
    if app.limiter.admit_registration(visitor.exchange.client).is_err() {
        return Err(visitor.halt(Why::TooMany));
    }
    let minted = Minted::new(&app, &visitor.exchange);
    let new = OneMore {
        session: me.session.id,
        email,
        account: may_register(&app, email).is_ok().then(|| AccountId::mint(minted.now, &*app.random)),
        language: visitor.say.0,
        token: &minted.row,
        notice: &minted.notice,
        once: &once,
    };
    match app.store.keys().add(&new, minted.now).await.map_err(|e| visitor.failed(&e))? {
        Added::Token => {
            app.mail_waits.notify_one();
            shown(&app, &me, me.visitor.say.t("me-key-new"), &minted)
        }
        Added::Repeated => Err(visitor.halt(Why::SentBefore)),
        Added::Closed => Err(visitor.halt(Why::NoRight)),
        Added::Enough => Err(visitor.halt(Why::EnoughKeys)),
    }
}

/// Asks before a key is rotated: the old one ends at once.
pub(in crate::console) async fn ask_rotate(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let key = counting(&app, &me, &me.visitor.asked("id")).await?;
    let say = me.visitor.say;
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.a("me-rotate-title", "key", key.hint.as_str()),
        texts: vec![say.t("me-rotate-then"), say.t("me-notice-mail")],
        action: "/me/keys/rotate".to_owned(),
        fields: vec![("id", key.id.0.to_string())],
        button: say.t("me-rotate-do"),
        ends: false,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Puts a new key in an old one's place, and shows it. Sent again it finds the old one ended.
pub(in crate::console) async fn rotate(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let key = named(&app, &me, Form::read(body).await?.field("id")).await?;
    let minted = Minted::new(&app, &me.visitor.exchange);
    let keys = app.store.keys();
    let changed = keys.regenerate_in(me.session.id, key.id, &minted.row, &minted.notice, minted.now).await;
    let Some(changed) = changed.map_err(|e| me.visitor.failed(&e))? else {
        return Err(me.visitor.halt(Why::SentBefore));
    };
    app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
    app.mail_waits.notify_one();
    shown(&app, &me, me.visitor.say.t("me-key-rotated"), &minted)
}

/// Asks before a key is revoked.
pub(in crate::console) async fn ask_revoke(State(app): State<Arc<App>>, me: SignedIn) -> Answered {
    let key = counting(&app, &me, &me.visitor.asked("id")).await?;
    let say = me.visitor.say;
    let mut texts = vec![say.t("me-revoke-then")];
    let account = account(&app, &me).await?;
    if let Some(account) = account
        && living(&app, &me, &account).await?.len() == 1
    {
        texts.push(say.t("me-revoke-last"));
    }
    texts.push(say.t("me-notice-mail"));
    let page = Confirm {
        frame: me.frame(Tab::Me),
        title: say.a("me-revoke-title", "key", key.hint.as_str()),
        texts,
        action: "/me/keys/revoke".to_owned(),
        fields: vec![("id", key.id.0.to_string())],
        button: say.t("me-revoke-do"),
        ends: true,
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}

/// Revokes a key. Again is no mistake.
pub(in crate::console) async fn revoke(State(app): State<Arc<App>>, me: SignedIn, body: Body) -> Answered {
    let key = named(&app, &me, Form::read(body).await?.field("id")).await?;
    let now = app.clock.now();
    let notice = notice(&app, &me.visitor.exchange, &key.hint, now);
    let changed = app.store.keys().revoke_in(me.session.id, key.id, &notice, now).await;
    if let Some(changed) = changed.map_err(|e| me.visitor.failed(&e))? {
        app.callers.forget(changed.revoked.iter().map(|revoked| revoked.hash));
        app.mail_waits.notify_one();
    }
    Ok(see_other(&me.visitor, "/me?done=key-revoked"))
}

/// The person's own key that a form names, an ended one too.
async fn named(app: &App, me: &SignedIn, id: &str) -> Result<TokenRow, Halt> {
    let missing = || me.visitor.halt(Why::NotFound);
    let (id, account) = (Uuid::try_parse(id).map_err(|_| missing())?, account(app, me).await?.ok_or_else(missing)?);
    let all = app.store.tokens().of_account(account.id).await.map_err(|e| me.visitor.failed(&e))?;
    all.into_iter().find(|key| key.id.0 == id).ok_or_else(missing)
}

/// The same, if it counts.
async fn counting(app: &App, me: &SignedIn, id: &str) -> Result<TokenRow, Halt> {
    let key = named(app, me, id).await?;
    if key.revoked_at.is_some() { Err(me.visitor.halt(Why::NotFound)) } else { Ok(key) }
}

fn shown(app: &App, me: &SignedIn, title: String, minted: &Minted) -> Answered {
    let say = me.visitor.say;
    let page = Shown {
        frame: me.frame(Tab::Me),
        title,
        secret: minted.plain.expose(),
        texts: vec![say.t("me-key-use"), say.t("me-notice-mail")],
        set_up: Some(setup::of(app, &me.visitor, Some(&minted.plain))?),
        back: "/me".to_owned(),
    };
    answer(StatusCode::OK, &me.visitor, &page)
}
