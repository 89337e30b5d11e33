//! Mail that does not leave at once: what may have arrived keeps working, what surely did not is taken back.

use std::sync::{Arc, Mutex};

use sekisho_mail::{Encryption, Smtp, SmtpSettings, Transport};
use sekisho_testkit::{Ask, Setup, TestApp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the mail server does with a message.
#[derive(Clone, Copy)]
enum Then {
    Accepts,
    /// Takes the content and hangs up without an answer: nobody knows whether it will be delivered.
    HangsUp,
    /// Refuses the recipient for good.
    Refuses,
}

/// A mail server that treats each message as told, and keeps every content that it was given.
async fn mail_server(then: Vec<Then>) -> (Transport, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let contents = Arc::new(Mutex::new(Vec::new()));
    let kept = contents.clone();
    tokio::spawn(async move {
        for then in then {
            let (stream, _) = listener.accept().await.unwrap();
            if let Some(content) = talk(stream, then).await {
                kept.lock().unwrap().push(content);
            }
        }
    });
    let settings =
        SmtpSettings { host: "127.0.0.1".to_owned(), port, encryption: Encryption::None, login: None, ca: None };
    (Transport::Smtp(Smtp::new(settings).unwrap()), contents)
}

async fn talk(stream: TcpStream, then: Then) -> Option<String> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await.unwrap();
    let (mut content, mut in_content) = (String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let reply = match (in_content, line.trim_end(), then) {
            (true, ".", Then::HangsUp) => return Some(content),
            (true, ".", _) => {
                stream.write_all(b"250 taken\r\n").await.unwrap();
                return Some(content);
            }
            (true, text, _) => {
                // Quoted-printable: a soft line break ends with `=`.
                match text.strip_suffix('=') {
                    Some(soft) => content.push_str(soft),
                    None => content.push_str(&format!("{text}\n")),
                }
                continue;
            }
            (false, text, Then::Refuses) if text.starts_with("RCPT") => "550 no such person\r\n",
            (false, "DATA", _) => {
                in_content = true;
                "354 go on\r\n"
            }
            (false, "QUIT", _) => return None,
            _ => "250 fine\r\n",
        };
        stream.write_all(reply.as_bytes()).await.unwrap();
    }
}

fn keys(contents: &Mutex<Vec<String>>) -> Vec<String> {
    let contents = contents.lock().unwrap();
    let key = |content: &String| {
        let start = content.find("tg_anon_").expect("a key in the mail");
        content[start..start + 44].to_owned()
    };
    contents.iter().map(key).collect()
}

async fn registered(then: Vec<Then>) -> (TestApp, Arc<Mutex<Vec<String>>>) {
    let (transport, contents) = mail_server(then).await;
    let app = Setup::default().transport(transport).start().await;
    let ask = Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#);
    assert_eq!(app.ask(ask).await.status, 202);
    app.mails().await;
    (app, contents)
}

#[tokio::test]
async fn a_key_whose_mail_may_have_arrived_keeps_working_after_the_retry() {
    let (app, contents) = registered(vec![Then::HangsUp, Then::Accepts]).await;
    assert_eq!(keys(&contents).len(), 1, "not tried again at once");
    app.advance(60);
    app.mails().await;
    let keys = keys(&contents);
    assert_eq!(keys.len(), 2);
    for key in &keys {
        assert_eq!(app.status_of(key).await, 200, "whichever arrived is valid");
    }
}

#[tokio::test]
async fn an_address_that_the_mail_server_refuses_leaves_no_account() {
    let (app, contents) = registered(vec![Then::Refuses, Then::Accepts]).await;
    assert!(contents.lock().unwrap().is_empty());
    assert_eq!(app.app.store.outbox().backlog().await.unwrap().waiting, 0, "no other try of what can't be delivered");
    app.advance(3600);
    let ask = Ask::post("/api/v1/tokens", r#"{"email":"you@example.com"}"#);
    assert_eq!(app.ask(ask).await.status, 202);
    app.mails().await;
    let key = keys(&contents).remove(0);
    assert_eq!(app.status_of(&key).await, 200, "a key, not a code: the address was unknown");
}

#[tokio::test]
async fn a_mail_server_that_is_away_loses_no_mail() {
    let (app, contents) = registered(vec![]).await;
    assert!(contents.lock().unwrap().is_empty());
    assert_eq!(app.app.store.outbox().backlog().await.unwrap().waiting, 1);
}
