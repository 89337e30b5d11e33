//! Sends what waits in the outbox. A key or a code is minted only now, when its mail is sent; its hash is stored before
//! the mail leaves, and a try whose outcome is unknown takes nothing back.

mod ends;
mod leak;
mod login;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::code::PlainCode;
use sekisho_core::id::{AccountId, CodeId, TokenId};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_mail::{
    Endpoints, Happened, Known, Letter, Message as Mail, Notice, SendError, Sender, Transport, Welcome,
};
use sekisho_store::{Account, Message, MessageKind, Minted, NewAccount, NewCode, NewToken, StoreError};

use crate::app::App;
use crate::mail::Addresses;

/// How mail leaves.
pub struct Outgoing {
    /// To a mail server or into the mailbox.
    pub transport: Transport,
    /// Who it is from.
    pub sender: Sender,
}

/// Nobody else takes a message for this long; longer than any try of one may take.
const LEASE: Duration = Duration::from_secs(300);
/// How often the outbox is looked at when nobody wakes the worker: other nodes write to it too.
const LOOK: Duration = Duration::from_secs(5);
/// Messages taken at once.
const BATCH: u32 = 10;
/// After so many tries a message is given up: with the waits below, about twelve hours.
const TRIES: i64 = 12;
const HOUR: Duration = Duration::from_secs(3600);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Send(#[from] SendError),
    /// There is no reason to send it any more, or never was: this says why.
    #[error("nothing to send: {0}")]
    Needless(&'static str),
    #[error("the account went away while its mail was made")]
    Gone,
    /// It can't be written: wrong in itself, no try will help.
    #[error("the message can't be made: {0}")]
    Unwritable(String),
}

/// Sends until it is dropped.
pub async fn run(app: Arc<App>, outgoing: Arc<Outgoing>) {
    loop {
        match send_due(&app, &outgoing).await {
            Ok(0) => {
                let _ = tokio::time::timeout(LOOK, app.mail_waits.notified()).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!("the outbox can't be read and is tried again: {error}");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Sends what is due now; says how many messages it took.
pub async fn send_due(app: &App, outgoing: &Outgoing) -> Result<usize, StoreError> {
    let messages = app.store.outbox().claim(app.clock.now(), LEASE, BATCH).await?;
    let count = messages.len();
    for message in messages {
        if let Err(error) = handle(app, outgoing, &message).await {
            // The lease ends by itself; then the message is taken again.
            tracing::warn!("a mail's outcome could not be written down: {error}");
        }
    }
    Ok(count)
}

async fn handle(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), StoreError> {
    let outbox = app.store.outbox();
    let tried = match message.kind {
        MessageKind::Registration | MessageKind::LoginCode | MessageKind::SignInCode => {
            let since = app.clock.now().minus(HOUR);
            let sent = outbox.mails_sent_since(message, since).await?;
            if sent >= i64::from(app.settings.limits.mails_per_hour) {
                tracing::info!("a mail was not sent: its address had {sent} mails within an hour");
                return outbox.drop_message(message, "limit", app.clock.now()).await.map(drop);
            }
            match message.kind {
                MessageKind::LoginCode => login::send_code(app, outgoing, message).await,
                MessageKind::SignInCode => sign_in::send_code(app, outgoing, message).await,
                _ => register(app, outgoing, message).await,
            }
        }
        MessageKind::LoginAdded | MessageKind::LoginRegistered => login::tell(app, outgoing, message).await,
        MessageKind::OrgLeaked => leak::tell(app, outgoing, message).await,
        MessageKind::OrgTokensEnd => ends::tell(app, outgoing, message).await,
        kind => notify(app, outgoing, message, kind).await,
    };
    let now = app.clock.now();
    let done = match tried {
        Ok(()) => outbox.sent(message, now).await,
        Err(Failure::Needless(why)) => outbox.drop_message(message, why, now).await,
        Err(failure) => {
            let permanent = matches!(failure, Failure::Unwritable(_))
                || matches!(&failure, Failure::Send(error) if error.is_permanent());
            let class = class(&failure);
            tracing::warn!(attempt = message.attempts, permanent, "a mail was not sent: {failure}");
            match permanent || message.attempts >= TRIES {
                true => outbox.give_up(message, class, now).await,
                false => outbox.retry_later(message, next_try(now, message.attempts), class).await,
            }
        }
    };
    done.map(drop)
}

/// Half a minute, doubling up to four hours.
fn next_try(now: Timestamp, attempts: i64) -> Timestamp {
    let doublings = u32::try_from(attempts.clamp(1, 10) - 1).unwrap_or(0);
    now.plus(Duration::from_secs(30 << doublings).min(4 * HOUR))
}

fn class(failure: &Failure) -> &'static str {
    match failure {
        Failure::Store(_) => "database",
        Failure::Gone => "gone",
        Failure::Needless(why) => why,
        Failure::Unwritable(_) => "unwritable",
        Failure::Send(SendError::Rejected { .. }) => "rejected",
        Failure::Send(SendError::Unknown) => "unknown",
        Failure::Send(SendError::Unavailable(_)) => "unavailable",
    }
}

/// A new address gets a key, a known one a code.
async fn register(app: &App, outgoing: &Outgoing, message: &Message) -> Result<(), Failure> {
    let now = app.clock.now();
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let plain = PlainToken::mint(TokenKind::Personal, &*app.random);
    let token = NewToken::of(TokenId::mint(now, &*app.random), &plain);
    let account = NewAccount {
        id: AccountId::mint(now, &*app.random),
        email: message.email.clone(),
        language: message.language,
        message: message.id,
    };
    match app.store.keys().mint_for_new_account(&account, &token, now).await? {
        Minted::Token(_) => welcome(app, outgoing, message, &endpoints, &plain, token.id).await,
        Minted::AlreadyKnown(known) => {
            let language = if addresses.chose_language() { message.language } else { known.language };
            remind(app, outgoing, message, &endpoints, &known, language).await
        }
    }
}

/// Sends the first key. If the mail server refused it for sure, nobody has the key and it is taken back.
async fn welcome(
    app: &App,
    outgoing: &Outgoing,
    message: &Message,
    endpoints: &Endpoints,
    key: &PlainToken,
    token: TokenId,
) -> Result<(), Failure> {
    let letter = Welcome { language: message.language, endpoints, email: &message.email, key }.render();
    let sent = send(app, outgoing, message, &letter).await;
    if matches!(
        sent,
        Err(Failure::Send(SendError::Rejected { .. } | SendError::Unavailable(_)) | Failure::Unwritable(_))
    ) {
        app.store.keys().drop_unsent_token(token).await?;
    }
    sent
}

/// Sends a known address its code.
async fn remind(
    app: &App,
    outgoing: &Outgoing,
    message: &Message,
    endpoints: &Endpoints,
    known: &Account,
    language: sekisho_core::language::Language,
) -> Result<(), Failure> {
    let now = app.clock.now();
    let code = PlainCode::mint(&*app.random);
    let row = NewCode {
        id: CodeId::mint(now, &*app.random),
        account: known.id,
        mac: code.mac(&message.email, &app.secret),
        language,
    };
    if !app.store.codes().add(&row, now).await? {
        // The account went away meanwhile: the next try finds a new address and sends a key.
        return Err(Failure::Gone);
    }
    let tokens = app.store.tokens().of_account(known.id).await?;
    let hints: Vec<String> = tokens.into_iter().filter(|t| t.revoked_at.is_none()).map(|t| t.hint).collect();
    let letter = Known { language, endpoints, email: &message.email, hints: &hints, code: &code }.render();
    send(app, outgoing, message, &letter).await
}

/// Tells what was done to a key.
async fn notify(app: &App, outgoing: &Outgoing, message: &Message, kind: MessageKind) -> Result<(), Failure> {
    let addresses = Addresses::read(message).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let endpoints = addresses.endpoints(&message.base_url).map_err(|e| Failure::Unwritable(e.to_string()))?;
    let happened = match kind {
        MessageKind::Regenerated => Happened::Regenerated,
        MessageKind::Reset => Happened::Reset,
        MessageKind::Added => Happened::Added,
        MessageKind::Leaked => Happened::Leaked,
        _ => Happened::Revoked,
    };
    let notice = Notice {
        language: message.language,
        endpoints: &endpoints,
        email: &message.email,
        happened,
        at: message.created_at,
        hint: addresses.hint(),
    };
    send(app, outgoing, message, &notice.render()).await
}

async fn send(app: &App, outgoing: &Outgoing, message: &Message, letter: &Letter) -> Result<(), Failure> {
    let mail = Mail::compose(letter, &outgoing.sender, &message.email, app.clock.now(), &*app.random)
        .map_err(|e| Failure::Unwritable(e.to_string()))?;
    Ok(outgoing.transport.send(&mail).await?)
}
