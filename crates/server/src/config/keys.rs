//! Every configuration key: its meaning and default. `sekisho config keys`, the environment's names and
//! `docs/configuration.md` all come from this one table; a test holds it against [`super::Settings`].

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted path in `sekisho.toml`.
    pub path: &'static str,
    /// The default as TOML text; empty where there is none.
    pub default: &'static str,
    /// What it does, its unit included.
    pub doc: &'static str,
}

impl Key {
    /// The environment variable that sets it: `limits.hold_seconds` is `SEKISHO_LIMITS_HOLD_SECONDS`.
    pub fn variable(&self) -> String {
        format!("SEKISHO_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}

const fn key(path: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { path, default, doc }
}

/// All keys, in the order in which they are documented.
pub const KEYS: &[Key] = &[
    key(
        "data_dir",
        "\"sekisho-data\"",
        "Folder for everything the server keeps: databases, caches, mailbox, secret, snapshot.",
    ),
    key("listen", "\"127.0.0.1:8417\"", "Address and port for package managers and the API."),
    key(
        "admin_listen",
        "\"127.0.0.1:8418\"",
        "Address and port of /healthz, /readyz and /metrics. Empty: no such listener.",
    ),
    key(
        "public_urls",
        "[]",
        "Addresses under which clients come, such as \"https://packages.example.com\". A request's Host selects one, and every link in its answer starts with it. Loopback names with the bound port always work.",
    ),
    key("npm_host", "", "Host that serves the npm registry at its root, such as \"npm.example.com\"."),
    key("pypi_host", "", "Host that serves the Python index at its root, such as \"pypi.example.com\"."),
    key(
        "trusted_proxies",
        "[]",
        "Networks of reverse proxies whose Forwarded and X-Forwarded-* headers count, such as \"10.0.0.0/8\".",
    ),
    key("anonymous", "true", "Packages may be taken without a token."),
    key(
        "registration",
        "\"open\"",
        "Who may register a personal token: \"open\", \"domains\" (see registration_domains) or \"off\".",
    ),
    key("registration_domains", "[]", "Domains of addresses that may register, with registration = \"domains\"."),
    key(
        "secret",
        "",
        "64 hexadecimal digits that key one-time codes; the same on every node. Default: made at first start, kept in <data_dir>/secret.",
    ),
    key("secret_file", "", "File that holds the secret."),
    key("log", "\"info\"", "What is logged: error, warn, info, debug, or a filter such as \"sekisho_server=debug\"."),
    key("tls.cert", "", "PEM file with the certificate chain; with tls.key the server speaks HTTPS."),
    key("tls.key", "", "PEM file with the private key."),
    key("database.url", "", "postgres://user@host/name; default: SQLite in the data folder."),
    key("database.url_file", "", "File that holds the database's URL."),
    key("upstream.npm.url", "", "The npm registry to ask. Default: what this machine's npm is set to."),
    key("upstream.npm.enabled", "true", "Serve the npm front."),
    key("upstream.npm.token", "", "Token shown to it, as Bearer. Needs url; then name an audience too."),
    key("upstream.npm.token_file", "", "File that holds the token."),
    key("upstream.npm.user", "", "User name shown to it, with password."),
    key("upstream.npm.password", "", "Password for it."),
    key("upstream.npm.password_file", "", "File that holds the password."),
    key(
        "upstream.npm.audience",
        "[]",
        "Who may take packages from it; see audience below. Default: everybody, and nobody where credentials are shown to it.",
    ),
    key(
        "upstream.pypi.url",
        "",
        "The Python simple index to ask, with its path. Default: what this machine's pip or uv is set to.",
    ),
    key("upstream.pypi.enabled", "true", "Serve the Python front."),
    key("upstream.pypi.token", "", "Token shown to it, as Bearer. Needs url; then name an audience too."),
    key("upstream.pypi.token_file", "", "File that holds the token."),
    key("upstream.pypi.user", "", "User name shown to it, with password."),
    key("upstream.pypi.password", "", "Password for it."),
    key("upstream.pypi.password_file", "", "File that holds the password."),
    key(
        "upstream.pypi.audience",
        "[]",
        "Who may take packages from it; see audience below. Default: everybody, and nobody where credentials are shown to it.",
    ),
    key(
        "upstream.patience_seconds",
        "30",
        "How long a request waits for an upstream where nothing is stored, then 503. What is stored is served after half a second.",
    ),
    key("upstream.max_transfer_mb", "64", "Largest metadata document as it is transferred, in MiB."),
    key("upstream.max_document_mb", "128", "Largest metadata document once decompressed, in MiB."),
    key("upstream.connections", "64", "Requests at once to one upstream; more wait."),
    key(
        "cache.memory_mb",
        "256",
        "Memory for metadata, in MiB: half for compiled documents, half for rendered answers.",
    ),
    key("cache.disk_mb", "2048", "Disk for metadata, in MiB. 0: none."),
    key("cache.min_seconds", "10", "Metadata is not asked again sooner than this."),
    key("cache.max_seconds", "60", "Metadata is revalidated after this at the latest."),
    key("cache.max_stale_hours", "168", "How old stored metadata may be that is served while the upstream is down."),
    key(
        "artifacts.mode",
        "\"redirect\"",
        "How a file that may be taken is answered. \"redirect\": the client fetches it from the upstream. \"stream\": through this server. \"cache\": through this server, and kept.",
    ),
    key(
        "artifacts.store",
        "",
        "Where files are kept with mode = \"cache\": a folder, or \"s3://bucket/prefix\". Default: <data_dir>/artifacts.",
    ),
    key(
        "artifacts.max_gb",
        "50",
        "Most that is kept, in GiB, with what arrives; what was used longest ago goes first.",
    ),
    key("artifacts.max_file_mb", "4096", "Largest file that is streamed or kept, in MiB."),
    key("artifacts.connections", "64", "Downloads of files at once from one upstream; more wait."),
    key("artifacts.s3.endpoint", "", "Address of the S3-compatible storage. Default: that of AWS in the region."),
    key("artifacts.s3.region", "\"us-east-1\"", "Its region."),
    key("artifacts.s3.access_key", "", "Id of the access key. Needed with a store that starts with s3://."),
    key("artifacts.s3.access_key_file", "", "File that holds the id."),
    key("artifacts.s3.secret_key", "", "The secret access key. Needed with a store that starts with s3://."),
    key("artifacts.s3.secret_key_file", "", "File that holds the secret access key."),
    key(
        "feed.sources",
        "[]",
        "Where advisories come from: folders, .json files, .zip files or https addresses of a .zip, in OSV form.",
    ),
    key(
        "feed.interval_seconds",
        "300",
        "How often https sources are asked again. Local ones are looked at every five seconds.",
    ),
    key("feed.prefixes", "[\"MAL-\"]", "Records block whose id or alias starts with one of these."),
    key("policy.file", "", "The operator's own block and allow list. Default: <data_dir>/policy.toml, if it is there."),
    key(
        "mail.transport",
        "\"mailbox\"",
        "\"mailbox\": .eml files in <data_dir>/mailbox, read by `sekisho mailbox`. \"smtp\": a mail server.",
    ),
    key(
        "mail.from",
        "",
        "Sender of every mail, such as \"Sekisho <sekisho@example.com>\". Needed with transport = \"smtp\".",
    ),
    key("mail.smtp.host", "", "The mail server."),
    key("mail.smtp.port", "", "Its port. Default: 465 with tls = \"tls\", 587 with \"starttls\", 25 with \"none\"."),
    key("mail.smtp.tls", "\"starttls\"", "\"tls\", \"starttls\" or \"none\"."),
    key("mail.smtp.user", "", "User name, if the mail server wants one."),
    key("mail.smtp.password", "", "Password for it."),
    key("mail.smtp.password_file", "", "File that holds the password."),
    key(
        "leaks.github_keys_url",
        "",
        "Where the public keys of GitHub's secret scanning are published; reports that they sign are then taken by POST /api/v1/leaks. Default: such reports are refused.",
    ),
    key(
        "bots.audiences",
        "[]",
        "What `aud` of a pipeline's ID token may be, compared exactly. Without any: the first of public_urls, without a slash at its end.",
    ),
    key(
        "bots.issuers",
        "[\"https://token.actions.githubusercontent.com\", \"https://gitlab.com\"]",
        "Issuers of ID tokens that bots may trust, exactly as `iss` of their tokens says. Which pipelines of an issuer count is up to each bot's conditions.",
    ),
    key(
        "bots.internal_issuers",
        "[]",
        "The same for issuers in your own network: they may have a private address, and plain http.",
    ),
    key("console.enabled", "true", "Serve the console's pages: /sign-in, /console, /me."),
    key("console.idle_minutes", "720", "A session of the console ends after so many minutes without a page."),
    key(
        "console.oidc.issuer",
        "",
        "Identity provider at which people sign in to the console, exactly as `iss` of its tokens says. Its address for us is <public url>/sign-in/provider/back.",
    ),
    key(
        "console.oidc.internal",
        "false",
        "The provider stands in a private network or on this machine: plain http and private addresses are allowed for it.",
    ),
    key("console.oidc.name", "", "What the button says: \"Sign in with …\". Default: the provider's host."),
    key("console.oidc.client_id", "", "What the provider calls this checkpoint."),
    key("console.oidc.client_secret", "", "The secret that the provider gave to it. None: a public client."),
    key("console.oidc.client_secret_file", "", "File that holds the secret."),
    key(
        "console.oidc.scopes",
        "[\"email\"]",
        "What is asked for beside `openid`. An address counts only if the provider says that it verified it.",
    ),
    key("console.oidc.groups_claim", "\"groups\"", "Claim of the ID token that lists a person's groups."),
    key(
        "console.oidc.roles",
        "[]",
        "Roles by group, given and taken at each sign-in: \"guard_viewer@OR01…=engineers\". A role given by hand stays.",
    ),
    key("console.session_hours", "168", "A session of the console ends after so many hours in any case."),
    key(
        "ledger.retention_days",
        "400",
        "How long the ledger keeps a row, in days: personal ones, and those of organisations without a time of their own.",
    ),
    key("limits.anonymous_per_minute", "2000", "Requests a minute and client address without a token."),
    key("limits.personal_per_minute", "10000", "Requests a minute with a personal token."),
    key(
        "limits.organisation_per_ten_seconds",
        "10000",
        "Requests in ten seconds with an organisation's token, or with a bot's key.",
    ),
    key("limits.hold_seconds", "5", "How long a request over the limit waits before it is answered 429."),
    key("limits.hold_waiting", "256", "Requests over the limit that may wait at once, per caller."),
    key(
        "limits.registrations_per_hour",
        "30",
        "Registrations and resets an hour and client address; as many logins and sign-ins may be started.",
    ),
    key(
        "limits.exchanges_per_minute",
        "600",
        "ID tokens of pipelines that are tried to be exchanged, a minute and client address.",
    ),
    key(
        "limits.mails_per_hour",
        "5",
        "Mails with a first key or a code, an hour and address; mails to a manager about leaked credentials of an organisation, an hour and organisation.",
    ),
    key(
        "limits.exports",
        "4",
        "Exports of install and audit logs that run at once; one organisation gets half of them. More are answered 429.",
    ),
    key("limits.connections", "10000", "Open connections at once; more wait to be accepted."),
    key(
        "limits.connections_per_address",
        "2000",
        "Open connections at once of one client address; more are closed. Trusted proxies are not counted.",
    ),
    key("limits.header_kb", "32", "Largest request head, in KiB."),
    key("limits.header_seconds", "10", "How long a client may take to send a request's head."),
    key("limits.shutdown_seconds", "25", "How long running requests may finish after SIGTERM."),
];

/// The keys of each private upstream. `<name>` is the operator's own, so they stand in the file only.
pub const PRIVATE: &[Key] = &[
    key("upstream.private.<name>.ecosystem", "", "\"npm\" or \"pypi\"."),
    key("upstream.private.<name>.url", "", "The registry, or the simple index with its path."),
    key(
        "upstream.private.<name>.packages",
        "",
        "Its names: \"@acme/*\", \"acme-*\" or single ones. They are never asked from another upstream. The closest pattern wins.",
    ),
    key("upstream.private.<name>.token", "", "Token shown to it, as Bearer."),
    key("upstream.private.<name>.token_file", "", "File that holds the token."),
    key("upstream.private.<name>.user", "", "User name shown to it, with password."),
    key("upstream.private.<name>.password", "", "Password for it."),
    key("upstream.private.<name>.password_file", "", "File that holds the password."),
    key(
        "upstream.private.<name>.audience",
        "[]",
        "Who may take its packages: \"domain:example.com\" (personal tokens of verified addresses in exactly that domain), \"address:someone@example.com\", \"organisation:OR…\" (the tokens that an organisation gave out), \"token:<SHA-256 of the token>\", \"personal\" (every personal token), \"anonymous\" (whoever sends none). Default: nobody. To everybody else its names are not there.",
    ),
];
