//! Opening S3-compatible storage.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, RetryConfig};

use super::Place;

/// How the storage is reached. Has no `Debug`: it holds a secret.
pub struct S3 {
    /// The bucket.
    pub bucket: String,
    /// The part of it that is ours; may be empty.
    pub prefix: String,
    /// The storage's address; that of AWS without.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// The access key's id.
    pub access_key: String,
    /// The access key.
    pub secret_key: String,
    /// Longest silence of the storage.
    pub patience: Duration,
}

impl Place {
    /// The storage, not asked yet. The error's text holds no secret.
    pub fn s3(s3: S3) -> Result<Place, String> {
        // No limit for the whole of a request: a file may be large. Silence is limited, and so are tries: while the
        // storage is down, files come from the upstream.
        let options = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(Duration::from_secs(5))
            .with_read_timeout(s3.patience);
        let retry = RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() };
        let plain = s3.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_retry(retry)
            .with_allow_http(plain)
            .with_region(s3.region)
            .with_bucket_name(s3.bucket)
            .with_access_key_id(s3.access_key)
            .with_secret_access_key(s3.secret_key);
        if let Some(endpoint) = s3.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        let store = builder.build().map_err(|e| e.to_string())?;
        Ok(Place::Bucket { store: Arc::new(store), prefix: s3.prefix })
    }
}
