//! S3-compatible storage: a real server of one node, with a bucket and a key, in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{root, wait_for};

const ACCESS_KEY: &str = "GK00112233445566778899aabb";
const SECRET_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The storage; ends when it is dropped.
pub(crate) struct Storage {
    folder: TempDir,
    process: Child,
    port: u16,
}

impl Storage {
    pub(crate) fn start() -> Storage {
        let folder = TempDir::with_prefix("sekisho-storage-").expect("a temporary folder");
        let [port, internal] = [(); 2].map(|()| free_port());
        let place = folder.path().display();
        let settings = format!(
            "metadata_dir = \"{place}/meta\"\ndata_dir = \"{place}/data\"\ndb_engine = \"sqlite\"\n\
             replication_factor = 1\nrpc_bind_addr = \"127.0.0.1:{internal}\"\n\
             rpc_public_addr = \"127.0.0.1:{internal}\"\nrpc_secret = \"{SECRET_KEY}\"\n\
             [s3_api]\ns3_region = \"somewhere\"\napi_bind_addr = \"127.0.0.1:{port}\"\n"
        );
        fs::write(folder.path().join("garage.toml"), settings).expect("a file");
        fs::write(folder.path().join("secret"), SECRET_KEY).expect("a file");
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let own = root().join(".test/garage/bin/garage");
        let program = if own.exists() { own } else { "garage".into() };
        let process = Command::new(program)
            .arg("-c")
            .arg(folder.path().join("garage.toml"))
            .args(["server", "--single-node", "--default-bucket"])
            .env("GARAGE_DEFAULT_ACCESS_KEY", ACCESS_KEY)
            .env("GARAGE_DEFAULT_SECRET_KEY", SECRET_KEY)
            .env("GARAGE_DEFAULT_BUCKET", "packages")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| {
                panic!("garage, the S3 server of the tests, can't be run ({e}): run `make test-storage`")
            });
        let storage = Storage { folder, process, port };
        // The bucket is made before the port is opened.
        wait_for("the S3 server", Duration::from_secs(60), || {
            std::net::TcpStream::connect(("127.0.0.1", storage.port)).ok()
        });
        storage
    }

    /// The gate's settings for it.
    pub(crate) fn settings(&self) -> Vec<String> {
        vec![
            "artifacts.mode=cache".to_owned(),
            "artifacts.store=s3://packages/some/prefix".to_owned(),
            format!("artifacts.s3.endpoint=http://127.0.0.1:{}", self.port),
            "artifacts.s3.region=somewhere".to_owned(),
            format!("artifacts.s3.access_key={ACCESS_KEY}"),
            format!("artifacts.s3.secret_key_file={}", self.folder.path().join("secret").display()),
        ]
    }

    /// A text that must stand in no log.
    pub(crate) fn secret(&self) -> &'static str {
        SECRET_KEY
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
