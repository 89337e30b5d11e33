//! Requests go through the proxies of the environment, and past them where `NO_PROXY` says so.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::{Arc, Mutex};

use sekisho_core::Ecosystem;
use sekisho_upstream::{Client, ClientConfig, FetchError, Hops, Unavailable, Upstream, Validators};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const ADDRESS: &str = "TEST_PROXY_ADDRESS";
const WANTED: &str = "TEST_PROXY_WANTED";
/// A name that no resolver knows: only a proxy can reach it.
const REGISTRY: &str = "registry.example";

/// Serves `{}` over TLS as the registry, and as `localhost`. Gives its port and the certificate as PEM.
async fn registry() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed([REGISTRY.to_owned(), "localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    (port, made.cert.pem())
}

/// A proxy that opens tunnels (RFC 9110, section 9.3.6), each to the registry, and notes what it was asked for.
async fn proxy(registry: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let notes = notes.clone();
            tokio::spawn(async move {
                let mut client = BufReader::new(socket);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if client.read_line(&mut head).await.unwrap() == 0 {
                        return;
                    }
                }
                notes.lock().unwrap().push(head);
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let mut there = TcpStream::connect(("127.0.0.1", registry)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut there).await;
            });
        }
    });
    (port, asked)
}

/// Fetches in a process of its own, because the environment is read from there, and gives what the proxy was asked for.
async fn fetched(address: impl Fn(u16) -> String, no_proxy: &str, wanted: &str) -> Vec<String> {
    let (registry, pem) = registry().await;
    let (proxy, asked) = proxy(registry).await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, pem).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "fetches_from_the_address_given", "--ignored"]);
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "SSL_CERT_DIR"] {
        child.env_remove(variable);
    }
    child.env(ADDRESS, address(registry)).env(WANTED, wanted).env("SSL_CERT_FILE", roots);
    child.env("HTTPS_PROXY", format!("http://gate:s3cret@127.0.0.1:{proxy}")).env("NO_PROXY", no_proxy);
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    let asked = asked.lock().unwrap();
    asked.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_behind_https_proxy_is_reached_through_it_and_by_it_only() {
    let asked = fetched(|_| format!("https://{REGISTRY}/"), "internal.example", "reached").await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("CONNECT registry.example:443 HTTP/1.1\r\n"), "{asked:?}");
    // user and password of the proxy's address, in Base64
    assert!(asked[0].to_ascii_lowercase().contains("proxy-authorization: basic "), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_proxy_names_is_asked_directly() {
    let asked = fetched(|port| format!("https://localhost:{port}/"), "localhost", "reached").await;
    assert_eq!(asked, Vec::<String>::new());
    let asked = fetched(|_| format!("https://{REGISTRY}/"), REGISTRY, "nowhere").await;
    assert_eq!(asked, Vec::<String>::new(), "without the proxy nobody knows this name");
}

#[tokio::test]
#[ignore = "run by the tests above, in a process of its own"]
async fn fetches_from_the_address_given() {
    let upstream = Upstream::new(Ecosystem::Npm, &std::env::var(ADDRESS).unwrap()).unwrap();
    let client = Client::new(ClientConfig::new("0", "x", std::env::vars()), Arc::default()).unwrap();
    let got = client.fetch(&upstream, upstream.base(), "*/*", &Validators::default(), &Hops::default()).await.map(drop);
    match std::env::var(WANTED).unwrap().as_str() {
        "reached" => assert_eq!(got, Ok(())),
        _ => assert_eq!(got, Err(FetchError::Unavailable(Unavailable::Connect))),
    }
}
