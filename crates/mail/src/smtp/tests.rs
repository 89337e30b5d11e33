//! Against a mail server that does what a test tells it to, at the step that the test names.

use std::sync::Arc;

use sekisho_core::email::EmailAddress;
use sekisho_core::{Language, Random, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::{Endpoints, Happened, Notice, Sender};

/// What the server does when the named line comes; `.` is the content's end, `HELLO` the moment of the connection.
#[derive(Clone, Copy)]
enum At {
    Never,
    Answer(&'static str, &'static str),
    Close(&'static str),
    Silent(&'static str),
}

#[derive(Clone)]
struct Server {
    at: At,
    tls: Option<Arc<rustls::ServerConfig>>,
    wrapped: bool,
    offers: &'static str,
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0);
    }
}

impl Server {
    fn new(at: At) -> Server {
        Server { at, tls: None, wrapped: false, offers: "250-AUTH PLAIN LOGIN\r\n" }
    }

    /// Serves one connection; the handle yields what the client said.
    async fn start(self) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let serve = async move {
            let (stream, _) = listener.accept().await.expect("a client");
            let mut heard = String::new();
            let Some(tls) = self.tls.clone() else {
                self.talk(&mut BufReader::new(stream), &mut heard, true).await;
                return heard;
            };
            let acceptor = tokio_rustls::TlsAcceptor::from(tls);
            let mut plain = BufReader::new(stream);
            if !self.wrapped && !self.talk(&mut plain, &mut heard, true).await {
                return heard;
            }
            heard.push_str("<TLS>\n");
            if let Ok(stream) = acceptor.accept(plain.into_inner()).await {
                self.talk(&mut BufReader::new(stream), &mut heard, self.wrapped).await;
            }
            heard
        };
        (port, tokio::spawn(serve))
    }

    /// True when the client asked for TLS.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        s: &mut BufReader<S>,
        heard: &mut String,
        greet: bool,
    ) -> bool {
        let mut content = false;
        let mut line = if greet { "HELLO\r\n".to_owned() } else { String::new() };
        loop {
            if line.is_empty() && s.read_line(&mut line).await.unwrap_or(0) == 0 {
                return false;
            }
            heard.push_str(&line);
            let said = std::mem::take(&mut line);
            let said = said.trim_end();
            if content && said != "." {
                continue;
            }
            let verb = said.split([' ', ':']).next().unwrap_or_default();
            let answer = match self.at {
                At::Answer(at, answer) if at == verb => format!("{answer}\r\n"),
                At::Close(at) if at == verb => return false,
                At::Silent(at) if at == verb => std::future::pending().await,
                _ => match verb {
                    "HELLO" => "220 ready\r\n".to_owned(),
                    "EHLO" => format!("250-test\r\n{}250 8BITMIME\r\n", self.offers),
                    "DATA" => "354 go on\r\n".to_owned(),
                    "AUTH" => "235 welcome\r\n".to_owned(),
                    _ => "250 fine\r\n".to_owned(),
                },
            };
            content = verb == "DATA" && answer.starts_with("354");
            if s.write_all(answer.as_bytes()).await.is_err() {
                return false;
            }
            if verb == "STARTTLS" && answer.starts_with('2') {
                return true;
            }
        }
    }
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings { host: "127.0.0.1".into(), port, encryption: Encryption::None, login: None, ca: None }
}

fn login() -> Option<(String, Password)> {
    Some(("gate".into(), Password::new("s3cret".into())))
}

fn message() -> Message {
    let endpoints = Endpoints::under("http://127.0.0.1:8417").expect("an address");
    let to = EmailAddress::parse("you@example.com").expect("an address");
    let (at, happened) = (Timestamp(0), Happened::Revoked);
    let letter =
        Notice { language: Language::Ja, endpoints: &endpoints, email: &to, happened, at, hint: "tg_anon_Ab3d…" }
            .render();
    Message::compose(&letter, &Sender::default(), &to, at, &Zeros).expect("a message")
}

async fn send(mut settings: SmtpSettings, server: Server) -> (Result<(), SendError>, String) {
    let (port, heard) = server.start().await;
    settings.port = port;
    let mut smtp = Smtp::new(settings).expect("settings");
    smtp.step = Duration::from_millis(400);
    let sent = smtp.send(&message()).await;
    heard.abort();
    (sent, heard.await.unwrap_or_default())
}

async fn outcome(at: At) -> Result<(), SendError> {
    send(SmtpSettings { login: login(), ..settings(0) }, Server::new(at)).await.0
}

#[tokio::test]
async fn a_message_arrives_with_its_envelope_and_its_own_bytes() {
    let (port, heard) = Server::new(At::Never).start().await;
    let smtp = Smtp::new(SmtpSettings { login: login(), ..settings(port) }).expect("settings");
    assert_eq!(smtp.send(&message()).await, Ok(()));
    drop(smtp);
    let heard = heard.await.expect("a transcript");
    assert!(heard.contains("EHLO sekisho.invalid\r\nAUTH PLAIN AGdhdGUAczNjcmV0\r\n"), "{heard}");
    assert!(heard.contains("MAIL FROM:<sekisho@sekisho.invalid>\r\nRCPT TO:<you@example.com>\r\nDATA\r\n"), "{heard}");
    assert!(heard.contains(std::str::from_utf8(message().raw()).expect("7 bit")), "{heard}");
}

#[tokio::test]
async fn an_answer_to_the_message_is_a_rejection() {
    for at in ["MAIL", "RCPT", "DATA", "."] {
        for (answer, code) in [("550 you@example.com is unknown", 550), ("451 later", 451)] {
            assert_eq!(outcome(At::Answer(at, answer)).await, Err(SendError::Rejected { code }), "{at}");
        }
    }
    assert!(SendError::Rejected { code: 550 }.is_permanent() && !SendError::Rejected { code: 451 }.is_permanent());
}

#[tokio::test]
async fn silence_before_the_content_says_that_nothing_arrived() {
    for at in ["HELLO", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        assert_eq!(outcome(At::Silent(at)).await, Err(SendError::Unavailable(Cause::Timeout)), "{at}");
        let closed = outcome(At::Close(at)).await;
        assert!(matches!(closed, Err(SendError::Unavailable(Cause::Protocol | Cause::Connection))), "{at}: {closed:?}");
    }
}

#[tokio::test]
async fn silence_after_the_content_leaves_it_unknown() {
    assert_eq!(outcome(At::Silent(".")).await, Err(SendError::Unknown));
    assert_eq!(outcome(At::Close(".")).await, Err(SendError::Unknown));
    assert_eq!(outcome(At::Answer(".", "what?")).await, Err(SendError::Unknown));
    assert_eq!(outcome(At::Silent("QUIT")).await, Ok(()), "it had been accepted");
}

#[tokio::test]
async fn trouble_with_the_server_is_not_the_messages_fault() {
    let unavailable = |cause| Err(SendError::Unavailable(cause));
    assert_eq!(outcome(At::Answer("HELLO", "554 go away")).await, unavailable(Cause::Refused(554)));
    assert_eq!(outcome(At::Answer("HELLO", "HTTP/1.1 400 Bad Request")).await, unavailable(Cause::Protocol));
    assert_eq!(outcome(At::Answer("AUTH", "535 wrong")).await, unavailable(Cause::Login(535)));
    let no_login = Server { offers: "", ..Server::new(At::Never) };
    let sent = send(SmtpSettings { login: login(), ..settings(0) }, no_login).await.0;
    assert_eq!(sent, unavailable(Cause::Login(0)));
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let sent = Smtp::new(settings(nobody)).expect("settings").send(&message()).await;
    assert_eq!(sent, unavailable(Cause::Connection));
}

#[tokio::test]
async fn tls_is_used_as_told_and_only_with_a_trusted_certificate() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    let tls = Some(Arc::new(config.expect("a configuration")));
    let trusted = |encryption| SmtpSettings {
        host: "localhost".into(),
        encryption,
        login: login(),
        ca: Some(made.cert.pem().into_bytes()),
        ..settings(0)
    };
    let wrapped = Server { tls: tls.clone(), wrapped: true, ..Server::new(At::Never) };
    let upgraded = Server { tls, offers: "250-STARTTLS\r\n250-AUTH PLAIN\r\n", ..Server::new(At::Never) };

    assert_eq!(send(trusted(Encryption::Tls), wrapped.clone()).await.0, Ok(()));
    assert_eq!(send(trusted(Encryption::StartTls), upgraded.clone()).await.0, Ok(()));
    let no_tls = Err(SendError::Unavailable(Cause::Tls));
    let by_the_system = |encryption| SmtpSettings { ca: None, ..trusted(encryption) };
    for (settings, server) in [
        (by_the_system(Encryption::Tls), &wrapped),
        (by_the_system(Encryption::StartTls), &upgraded),
        (SmtpSettings { host: "127.0.0.1".into(), ..trusted(Encryption::Tls) }, &wrapped),
    ] {
        let described = format!("{settings:?}");
        assert_eq!(send(settings, server.clone()).await.0, no_tls, "{described}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_password_and_no_message() {
    let (port, heard) = Server::new(At::Never).start().await;
    let settings = SmtpSettings { encryption: Encryption::StartTls, login: login(), ..settings(port) };
    let smtp = Smtp::new(settings).expect("settings");
    assert_eq!(smtp.send(&message()).await, Err(SendError::Unavailable(Cause::NoStartTls)));
    let heard = heard.await.expect("a transcript");
    assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let afar = |encryption| SmtpSettings { host: "mail.example".into(), login: login(), encryption, ..settings(25) };
    assert_eq!(Smtp::new(afar(Encryption::None)).err(), Some(SmtpError::PlainLogin));
    assert!(Smtp::new(afar(Encryption::StartTls)).is_ok());
    for host in ["localhost", "127.8.9.1", "::1", "[::1]"] {
        assert!(Smtp::new(SmtpSettings { host: host.into(), ..afar(Encryption::None) }).is_ok(), "{host}");
    }
    for host in ["", "a b", "smtp://a", "a\r\n"] {
        assert_eq!(Smtp::new(SmtpSettings { host: host.into(), ..settings(25) }).err(), Some(SmtpError::Host));
    }
    for ca in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let settings = SmtpSettings { ca: Some(ca.into()), ..settings(25) };
        assert_eq!(Smtp::new(settings).err(), Some(SmtpError::Certificate), "{ca}");
    }
}

#[test]
fn nothing_prints_the_password() {
    let settings = SmtpSettings { login: login(), ..settings(25) };
    assert!(!format!("{settings:?}").contains("s3cret"));
    assert_eq!(format!("{:?}", Smtp::new(settings).expect("settings")), "Smtp(127.0.0.1:25 None)");
    assert!(!format!("{:?}", message()).contains("you@"));
}

#[test]
fn encryption_is_read_by_its_name() {
    let read = ["none", "starttls", "tls"].map(|t| Encryption::parse(t).map(Encryption::default_port));
    assert_eq!(read, [Some(25), Some(587), Some(465)]);
    assert_eq!(Encryption::parse("ssl"), None);
}
