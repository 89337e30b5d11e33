//! Organisations: their tokens and bots as credentials, and the API that manages them; on both engines.

mod credentials;
mod installs;
mod revocation;

use sekisho_testkit::{Setup, TestApp, fixtures};

/// Every way to ask for metadata or an artifact of the packages of [`started`].
const PACKAGES: [&str; 8] = [
    "/npm/left-pad",
    "/npm/left-pad/1.0.0",
    "/npm/left-pad/-/left-pad-1.0.0.tgz",
    "/npm/-/package/left-pad/dist-tags",
    "/pypi/simple/",
    "/pypi/simple/flask/",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
];

/// An application with a package of each ecosystem.
async fn started(setup: Setup) -> TestApp {
    let app = setup.start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    app
}
