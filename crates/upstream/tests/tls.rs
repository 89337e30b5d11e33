//! Which certificates are trusted: the system's store, and `SSL_CERT_FILE` in its place.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::Arc;

use sekisho_core::Ecosystem;
use sekisho_upstream::{Client, ClientConfig, FetchError, Hops, Unavailable, Upstream, Validators};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const ADDRESS: &str = "TEST_TLS_ADDRESS";

/// Serves `{}` on loopback with a certificate of its own. Gives the address and the certificate as PEM.
async fn serve() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, pem)
}

async fn fetch(address: &str) -> Result<(), FetchError> {
    let upstream = Upstream::new(Ecosystem::Npm, address).unwrap();
    let config = ClientConfig { system_proxy: false, ..ClientConfig::new("0", "x", []) };
    let client = Client::new(config, Arc::default()).unwrap();
    client.fetch(&upstream, upstream.base(), "*/*", &Validators::default(), &Hops::default()).await.map(drop)
}

#[tokio::test]
async fn a_certificate_that_the_store_does_not_know_is_refused_and_named_as_the_cause() {
    let (address, _) = serve().await;
    assert_eq!(fetch(&address).await, Err(FetchError::Unavailable(Unavailable::Tls)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_ssl_cert_file_is_trusted() {
    let (address, pem) = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    std::fs::write(&file, pem).unwrap();
    // The store is read from the environment of a process, so this one starts another: itself, with one test.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "fetches_from_the_address_given", "--ignored"]);
    child.env(ADDRESS, address).env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn fetches_from_the_address_given() {
    assert_eq!(fetch(&std::env::var(ADDRESS).unwrap()).await, Ok(()));
}
