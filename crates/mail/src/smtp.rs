//! Sending by SMTP, step by step, so that it is known whether a failed message can have arrived.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::endpoints::is_loopback;
use crate::message::Message;
use crate::transport::{Cause, SendError};

/// How long each step may take.
const STEP: Duration = Duration::from_secs(30);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// Plain at first, TLS before anything else; a server without STARTTLS gets nothing.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A password. It prints as dots and is wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// A mail server and how to talk to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Name or address.
    pub host: String,
    /// Usually [`Encryption::default_port`].
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// User and password, if the server wants them.
    pub login: Option<(String, Password)>,
    /// Certificates (PEM) to trust instead of the system's. Without it: the system's store, or `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` where these are set.
    pub ca: Option<Vec<u8>>,
}

/// The settings make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// A password would travel in the clear.
    #[error("a password is only sent over TLS or to this machine: set starttls or tls")]
    PlainLogin,
    /// No certificate in the file.
    #[error("the certificate file has no PEM certificate in it")]
    Certificate,
    /// An empty host, or one that can't be a host.
    #[error("not a host name")]
    Host,
}

/// A mail server that messages are handed to, one connection per message.
pub struct Smtp {
    settings: SmtpSettings,
    /// With the system's store made at the first message: reading it takes longer than a start may.
    tls: OnceCell<TlsParameters>,
    step: Duration,
}

impl Encryption {
    /// Reads `none`, `starttls` or `tls`.
    pub fn parse(text: &str) -> Option<Encryption> {
        match text {
            "none" => Some(Encryption::None),
            "starttls" => Some(Encryption::StartTls),
            "tls" => Some(Encryption::Tls),
            _ => None,
        }
    }

    /// 25, 587 (RFC 6409) or 465 (RFC 8314).
    pub fn default_port(self) -> u16 {
        match self {
            Encryption::None => 25,
            Encryption::StartTls => 587,
            Encryption::Tls => 465,
        }
    }
}

impl Password {
    /// Takes a password.
    pub fn new(text: String) -> Password {
        Password(Zeroizing::new(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Smtp {
    /// Checks the settings. Nothing is connected yet.
    pub fn new(settings: SmtpSettings) -> Result<Smtp, SmtpError> {
        if settings.host.is_empty() || settings.host.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(SmtpError::Host);
        }
        if settings.login.is_some() && settings.encryption == Encryption::None && !is_loopback(&settings.host) {
            return Err(SmtpError::PlainLogin);
        }
        let own = settings.ca.as_deref().map(|pem| own_tls(&settings, pem)).transpose()?;
        Ok(Smtp { settings, tls: OnceCell::new_with(own), step: STEP })
    }

    /// Hands one message over.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mut connection = self.connect(ClientId::Domain(message.sender_domain.clone())).await?;
        self.log_in(&mut connection).await?;
        self.hand_over(&mut connection, message).await?;
        // It is delivered: whatever happens to the farewell changes nothing.
        let _ = timeout(self.step, connection.quit()).await;
        Ok(())
    }

    /// Connects, logs in and says goodbye: what would keep a message from being handed over, without one.
    pub async fn try_log_in(&self) -> Result<(), SendError> {
        let mut connection = self.connect(ClientId::default()).await?;
        self.log_in(&mut connection).await?;
        let _ = timeout(self.step, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self, hello: ClientId) -> Result<AsyncSmtpConnection, SendError> {
        let server = (self.settings.bare_host(), self.settings.port);
        let wrapped = match self.settings.encryption {
            Encryption::Tls => Some(self.tls().await?),
            _ => None,
        };
        let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(self.step), &hello, wrapped, None);
        let mut connection = self.step(connecting).await?.map_err(|e| before_content(&e, Cause::Refused))?;
        if self.settings.encryption == Encryption::StartTls {
            if !connection.can_starttls() {
                return Err(SendError::Unavailable(Cause::NoStartTls));
            }
            let tls = self.tls().await?;
            self.step(connection.starttls(tls, &hello)).await?.map_err(|e| before_content(&e, Cause::Refused))?;
        }
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), SendError> {
        let Some((user, password)) = &self.settings.login else { return Ok(()) };
        let credentials = Credentials::new(user.clone(), password.0.as_str().to_owned());
        let answer = self.step(connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
        answer.map(drop).map_err(|e| match e.is_client() {
            true => SendError::Unavailable(Cause::Login(0)),
            false => before_content(&e, Cause::Login),
        })
    }

    /// MAIL, RCPT and DATA can fail without a doubt; from the content's first byte on, only an answer says what happened.
    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), SendError> {
        let rejected = |code| SendError::Rejected { code };
        let from = Mail::new(message.envelope.from().cloned(), vec![]);
        self.step(connection.command(from)).await?.map_err(|e| refused(&e, rejected))?;
        for to in message.envelope.to() {
            let to = Rcpt::new(to.clone(), vec![]);
            self.step(connection.command(to)).await?.map_err(|e| refused(&e, rejected))?;
        }
        self.step(connection.command(Data)).await?.map_err(|e| refused(&e, rejected))?;
        match timeout(self.step, connection.message(message.raw())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(e.status().map_or(SendError::Unknown, |code| rejected(code.into()))),
            Err(_) => Err(SendError::Unknown),
        }
    }

    async fn tls(&self) -> Result<TlsParameters, SendError> {
        let make = || async {
            let builder = TlsParameters::builder(self.settings.bare_host().to_owned());
            let made = tokio::task::spawn_blocking(|| builder.build_rustls()).await;
            made.ok().and_then(Result::ok).ok_or(SendError::Unavailable(Cause::Tls))
        };
        self.tls.get_or_try_init(make).await.cloned()
    }

    async fn step<T>(&self, work: impl Future<Output = T>) -> Result<T, SendError> {
        timeout(self.step, work).await.map_err(|_| SendError::Unavailable(Cause::Timeout))
    }
}

impl SmtpSettings {
    /// The host without the brackets of an IPv6 address.
    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{} {:?})", self.settings.host, self.settings.port, self.settings.encryption)
    }
}

/// An error of a step in which nothing of the message was said yet.
fn before_content(error: &Error, answered: fn(u16) -> Cause) -> SendError {
    refused(error, |code| SendError::Unavailable(answered(code)))
}

/// `answered` where the server answered with a code, else why there was no answer.
fn refused(error: &Error, answered: impl Fn(u16) -> SendError) -> SendError {
    match error.status() {
        Some(code) => answered(code.into()),
        None if error.is_timeout() => SendError::Unavailable(Cause::Timeout),
        None if error.is_tls() || is_handshake(error) => SendError::Unavailable(Cause::Tls),
        None if error.is_response() => SendError::Unavailable(Cause::Protocol),
        None => SendError::Unavailable(Cause::Connection),
    }
}

/// A failed handshake comes as a connection error that has, some levels deep, an I/O error with the real one inside.
fn is_handshake(error: &Error) -> bool {
    let inner = |e: &(dyn std::error::Error + 'static)| {
        let io = e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        io.is_some_and(|inner| inner.is::<rustls::Error>())
    };
    std::iter::successors(error.source(), |&e| e.source()).any(inner)
}

/// Trusts the certificates of `pem` and nothing else.
fn own_tls(settings: &SmtpSettings, pem: &[u8]) -> Result<TlsParameters, SmtpError> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(BEGIN.len()).any(|w| w == BEGIN) {
        return Err(SmtpError::Certificate);
    }
    let certificates = Certificate::from_pem(pem).map_err(|_| SmtpError::Certificate)?;
    let builder = TlsParameters::builder(settings.bare_host().to_owned());
    let builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    builder.build_rustls().map_err(|_| SmtpError::Certificate)
}

#[cfg(test)]
mod tests;
