//! Sending by SMTP, step by step, so that it is known whether a failed message can have arrived.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::OnceCell;
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
    certificates: Option<Vec<Certificate>>,
    /// Made at the first message: reading the system's store takes longer than a start may.
    tls: OnceCell<TlsParameters>,
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
        let certificates = settings.ca.as_deref().map(read_certificates).transpose()?;
        Ok(Smtp { settings, certificates, tls: OnceCell::new() })
    }

    /// Hands one message over.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mut connection = self.connect(message).await?;
        self.log_in(&mut connection).await?;
        hand_over(&mut connection, message).await?;
        // It is delivered: whatever happens to the farewell changes nothing.
        let _ = tokio::time::timeout(STEP, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self, message: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let hello = ClientId::Domain(message.sender_domain.clone());
        let host = self.settings.host.trim_start_matches('[').trim_end_matches(']');
        let server = (host, self.settings.port);
        let wrapped = match self.settings.encryption {
            Encryption::Tls => Some(self.tls().await?),
            _ => None,
        };
        let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(STEP), &hello, wrapped, None);
        let mut connection = step(connecting).await?.map_err(|e| before_content(&e, Cause::Refused))?;
        if self.settings.encryption == Encryption::StartTls {
            if !connection.can_starttls() {
                return Err(SendError::Unavailable(Cause::NoStartTls));
            }
            let tls = self.tls().await?;
            step(connection.starttls(tls, &hello)).await?.map_err(|e| before_content(&e, Cause::Refused))?;
        }
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), SendError> {
        let Some((user, password)) = &self.settings.login else { return Ok(()) };
        let credentials = Credentials::new(user.clone(), password.0.as_str().to_owned());
        let answer = step(connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
        answer.map(drop).map_err(|e| match e.is_client() {
            true => SendError::Unavailable(Cause::Login(0)),
            false => before_content(&e, Cause::Login),
        })
    }

    async fn tls(&self) -> Result<TlsParameters, SendError> {
        let make = || async {
            let host = self.settings.host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let certificates = self.certificates.clone();
            let made = tokio::task::spawn_blocking(move || tls_parameters(host, certificates)).await;
            made.ok().and_then(Result::ok).ok_or(SendError::Unavailable(Cause::Tls))
        };
        self.tls.get_or_try_init(make).await.cloned()
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{} {:?})", self.settings.host, self.settings.port, self.settings.encryption)
    }
}

/// MAIL, RCPT and DATA can fail without a doubt; from the content's first byte on, only an answer says what happened.
async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), SendError> {
    let rejected = |code| SendError::Rejected { code };
    let from = Mail::new(message.envelope.from().cloned(), vec![]);
    step(connection.command(from)).await?.map_err(|e| refused(&e, rejected))?;
    for to in message.envelope.to() {
        let to = Rcpt::new(to.clone(), vec![]);
        step(connection.command(to)).await?.map_err(|e| refused(&e, rejected))?;
    }
    step(connection.command(Data)).await?.map_err(|e| refused(&e, rejected))?;
    match tokio::time::timeout(STEP, connection.message(message.raw())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(e.status().map_or(SendError::Unknown, |code| rejected(code.into()))),
        Err(_) => Err(SendError::Unknown),
    }
}

async fn step<T>(work: impl Future<Output = T>) -> Result<T, SendError> {
    tokio::time::timeout(STEP, work).await.map_err(|_| SendError::Unavailable(Cause::Timeout))
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
        None if error.is_tls() => SendError::Unavailable(Cause::Tls),
        None if error.is_response() => SendError::Unavailable(Cause::Protocol),
        None => SendError::Unavailable(Cause::Connection),
    }
}

fn read_certificates(pem: &[u8]) -> Result<Vec<Certificate>, SmtpError> {
    Certificate::from_pem(pem).map(|one| vec![one]).map_err(|_| SmtpError::Certificate)
}

fn tls_parameters(host: String, certificates: Option<Vec<Certificate>>) -> Result<TlsParameters, Error> {
    let mut builder = TlsParameters::builder(host);
    if let Some(certificates) = certificates {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in certificates {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build_rustls()
}
