//! How long a document is fresh: the upstream's `Cache-Control`, kept within our limits.

use std::time::Duration;

use super::CacheConfig;

/// Reads `s-maxage` or else `max-age`; `no-store` and `no-cache` mean our minimum, silence our maximum.
pub(super) fn fresh_for(cache_control: Option<&str>, config: &CacheConfig) -> Duration {
    let (min, max) = (config.fresh_min.min(config.fresh_max), config.fresh_max);
    let Some(text) = cache_control else { return max };
    let directives = || text.split(',').map(str::trim);
    if directives().any(|d| d.eq_ignore_ascii_case("no-store") || d.eq_ignore_ascii_case("no-cache")) {
        return min;
    }
    let seconds = |wanted: &str| {
        directives().find_map(|directive| {
            let (name, value) = directive.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').parse::<u32>().ok())?
        })
    };
    match seconds("s-maxage").or_else(|| seconds("max-age")) {
        Some(seconds) => Duration::from_secs(u64::from(seconds)).clamp(min, max),
        None => max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstreams_wish_is_kept_within_our_limits() {
        let config = CacheConfig::default();
        for (text, seconds) in [
            (None, 60),
            (Some("public, max-age=300"), 60),
            (Some("max-age=0"), 30),
            (Some("Max-Age = \"45\""), 45),
            (Some("max-age=600, s-maxage=40"), 40),
            (Some("no-cache, max-age=50"), 30),
            (Some("max-age=99999999999999999999"), 60),
            (Some("max-age=-1"), 60),
            (Some(",,=,max-age"), 60),
        ] {
            assert_eq!(fresh_for(text, &config), Duration::from_secs(seconds), "{text:?}");
        }
    }
}
