//! The certificate and key of `tls.cert` and `tls.key`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why HTTPS can't be served; the message names the setting and the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read or holds no usable PEM.
    #[error("{key}: {path}: {why}")]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Certificate and key don't fit.
    #[error("tls.cert and tls.key can't be used together: {0}")]
    Pair(rustls::Error),
}

/// Reads certificate and key. HTTP/2 and HTTP/1.1 are offered.
pub fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let file = |setting, path: &Path, why: String| TlsError::File { key: setting, path: path.to_owned(), why };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|e| file("tls.cert", cert, e.to_string()))?;
    if chain.is_empty() {
        return Err(file("tls.cert", cert, "holds no certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| file("tls.key", key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
