//! Which form a client wants (PEP 691, RFC 9110 section 12.5.1).

/// The form of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// PEP 691.
    Json,
    /// PEP 503.
    Html,
}

/// What to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The form of the body.
    pub form: Form,
    /// The answer's `Content-Type`.
    pub content_type: &'static str,
}

/// None of the forms is acceptable: `406`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simple index is served as application/vnd.pypi.simple.v1+json and as text/html")]
pub struct NotAcceptable;

const JSON: Answer = Answer { form: Form::Json, content_type: "application/vnd.pypi.simple.v1+json" };
const HTML_V1: Answer = Answer { form: Form::Html, content_type: "application/vnd.pypi.simple.v1+html" };
const HTML: Answer = Answer { form: Form::Html, content_type: "text/html; charset=utf-8" };

/// What is offered, the best first. `latest` is answered with the version that it stands for.
const OFFERS: [(&str, Answer); 5] = [
    ("application/vnd.pypi.simple.v1+json", JSON),
    ("application/vnd.pypi.simple.latest+json", JSON),
    ("application/vnd.pypi.simple.v1+html", HTML_V1),
    ("application/vnd.pypi.simple.latest+html", HTML_V1),
    ("text/html", HTML),
];

/// How closely a media range names a type. The order is that of precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Anything,
    Family,
    Exact,
}

/// Chooses the answer. Without a header, or where a client takes anything, it is HTML: clients that know JSON ask for
/// it by name.
pub fn negotiate(accept: Option<&str>) -> Result<Answer, NotAcceptable> {
    let ranges: Vec<(&str, u16)> =
        accept.unwrap_or_default().split(',').map(range).filter(|(t, _)| !t.is_empty()).collect();
    if ranges.is_empty() {
        return Ok(HTML);
    }
    let mut best: Option<((u16, Closeness), Answer)> = None;
    for (offer, answer) in OFFERS {
        let matching = ranges.iter().filter_map(|(range, q)| closeness(range, offer).map(|c| (c, *q)));
        let Some((closeness, q)) = matching.max_by_key(|(c, q)| (*c, *q)).filter(|(_, q)| *q > 0) else { continue };
        // Among types that are only taken as "anything", the last offer wins: plain HTML.
        let wins = |rank: &(u16, Closeness)| match closeness {
            Closeness::Anything => (q, closeness) >= *rank,
            _ => (q, closeness) > *rank,
        };
        if best.as_ref().is_none_or(|(rank, _)| wins(rank)) {
            best = Some(((q, closeness), answer));
        }
    }
    best.map(|(_, answer)| answer).ok_or(NotAcceptable)
}

/// A media range and its weight in thousandths; a weight that can't be read is 0, parameters don't matter.
fn range(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
    (name, weight.map_or(1000, thousandths))
}

fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" if digits && fraction.bytes().all(|b| b == b'0') => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

fn closeness(range: &str, offer: &str) -> Option<Closeness> {
    if range == "*/*" {
        return Some(Closeness::Anything);
    }
    if range.eq_ignore_ascii_case(offer) {
        return Some(Closeness::Exact);
    }
    let family = range.strip_suffix("/*")?;
    let (kind, _) = offer.split_once('/')?;
    family.eq_ignore_ascii_case(kind).then_some(Closeness::Family)
}
