//! The forms of single values: addresses, hosts, stores, the log's filter.

/// Each part of the filter that stands alone is a level. The library takes any other word for the name of a module, of
/// which everything is logged, and of all others nothing: a misspelt level would silence the log.
pub(super) fn log_levels(filter: &str) -> Result<(), String> {
    if filter.contains('[') {
        return Ok(()); // Spans and fields have commas of their own.
    }
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
    let wrong = |part: &&str| !is_level(part.rsplit('=').next().unwrap_or(part).trim());
    match filter.split(',').map(str::trim).find(wrong) {
        Some(part) => Err(format!(
            "\"{part}\" is no level: one of {}, alone or behind a module, as in \"warn,sekisho_server=debug\"",
            LEVELS.join(", ")
        )),
        None => Ok(()),
    }
}

/// A folder, or a bucket and perhaps a prefix in it: nothing of it is a URL's user, port or query.
pub(super) fn artifact_store(text: &str) -> Result<(), String> {
    let Some(bucket) = text.strip_prefix("s3://") else {
        return match text.contains("://") || text.is_empty() {
            true => Err("must be a folder, or start with s3://".to_owned()),
            false => Ok(()),
        };
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    let named = bucket.split('/').next().is_some_and(|name| !name.is_empty());
    match named && bucket.bytes().all(legal) && !bucket.split('/').any(|part| matches!(part, "." | "..")) {
        true => Ok(()),
        false => Err("must be s3://bucket or s3://bucket/prefix".to_owned()),
    }
}

/// An upstream's address: http or https, a host, no query, no fragment.
pub(super) fn upstream_url(text: &str) -> Result<(), String> {
    let unusable = || "must be an address that starts with https:// or http://".to_owned();
    let url = url::Url::parse(text).map_err(|_| unusable())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have no query and no fragment".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user name or password".to_owned());
    }
    Ok(())
}

/// The first public address stands in every token of a pipeline.
const LONGEST_PUBLIC_URL: usize = 200;

/// A public address: scheme and host, perhaps a port, no path.
pub(super) fn public_url(text: &str) -> Result<(), String> {
    upstream_url(text)?;
    let url = url::Url::parse(text).map_err(|e| e.to_string())?;
    if url.path() != "/" {
        return Err("must have no path".to_owned());
    }
    if text.len() > LONGEST_PUBLIC_URL {
        return Err(format!("must be at most {LONGEST_PUBLIC_URL} characters long"));
    }
    Ok(())
}

/// An issuer of ID tokens, as its tokens write it.
pub(super) fn issuer(text: &str, internal: bool) -> Result<(), String> {
    sekisho_oidc::Issuer::new(text, internal).map(drop).map_err(|e| format!("must be an issuer: {e}"))
}

/// A bare host, perhaps with a port: its scheme is the public address's.
pub(super) fn registry_host(text: &str) -> Result<(), String> {
    let whole = url::Url::parse(&format!("https://{text}/")).ok();
    let bare = whole.is_some_and(|url| {
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains(['@', '/', '\\'])
    });
    if bare { Ok(()) } else { Err("must be a host, without https:// and without a path".to_owned()) }
}
