//! A letter with its headers, ready to leave.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use sekisho_core::email::EmailAddress;
use sekisho_core::{Random, Timestamp};
use zeroize::Zeroizing;

use crate::letter::Letter;

/// Who writes: an address, and the name that people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: EmailAddress,
}

/// A whole message: headers and encoded body. It may hold a key, so it prints nothing of itself and is wiped when dropped.
#[derive(Clone)]
pub struct Message {
    pub(crate) envelope: Envelope,
    pub(crate) sender_domain: String,
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) raw: Arc<Zeroizing<Vec<u8>>>,
}

/// The address or the name can't stand in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mail can be written with this address or sender")]
pub struct NotSendable;

impl Sender {
    /// Reads `you@example.com` or `Name <you@example.com>`.
    pub fn parse(text: &str) -> Result<Sender, NotSendable> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        if name.chars().any(char::is_control) || name.len() > 200 {
            return Err(NotSendable);
        }
        let address = EmailAddress::parse(address).map_err(|_| NotSendable)?;
        Ok(Sender { name: (!name.is_empty()).then(|| name.to_owned()), address })
    }

    fn mailbox(&self) -> Result<Mailbox, NotSendable> {
        Ok(Mailbox::new(self.name.clone(), parse(&self.address)?))
    }
}

/// What a mailbox of files says until an operator names a sender. Nobody can answer to it (RFC 2606).
impl Default for Sender {
    fn default() -> Sender {
        Sender::parse("Sekisho <sekisho@sekisho.invalid>").expect("an address")
    }
}

impl Message {
    /// Puts headers on a letter: plain UTF-8 text, marked as sent by a program (RFC 3834), dated `now`.
    pub fn compose(
        letter: &Letter,
        sender: &Sender,
        to: &EmailAddress,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Message, NotSendable> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let id = bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
            // Writing to a String can't fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        let sender_domain = sender.address.domain().to_owned();
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0) as u64);
        let auto = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = lettre::Message::builder()
            .from(sender.mailbox()?)
            .to(Mailbox::new(None, parse(to)?))
            .subject(letter.subject())
            .date(date)
            .message_id(Some(format!("<{id}@{sender_domain}>")))
            .raw_header(auto)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body().to_owned())
            .map_err(|_| NotSendable)?;
        let raw = Arc::new(Zeroizing::new(message.formatted()));
        Ok(Message { envelope: message.envelope().clone(), sender_domain, id, at: now, raw })
    }

    /// The message as it leaves: headers and body in 7-bit form, lines ending with CR LF.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.id)
    }
}

fn parse(address: &EmailAddress) -> Result<lettre::Address, NotSendable> {
    address.as_str().parse().map_err(|_| NotSendable)
}
