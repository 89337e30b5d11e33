//! Guard > Installs and Guard > Refusals: the search in the address, its pages, its exports and its quick field.

use sekisho_core::id::{AuditId, BotId, CiSessionId, EntryId};
use sekisho_core::org::{Role, UserIdentifier};
use sekisho_core::policy::{Reason, Refusal};
use sekisho_core::{Clock, Ecosystem, Random};
use sekisho_store::{AuditFilter, AuditRow, Entry, Outcome, Pipeline, Taker, Trace, Who};
use sekisho_testkit::{Answer, Ask, Setup, TestApp};

use super::support::{Browser, Company};
use crate::support::on_both_engines;

const READERS: [Role; 3] = [Role::Owner, Role::GuardManager, Role::GuardViewer];

/// Somebody's request in the organisation's log.
pub(super) struct Take<'a> {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) who: Option<&'a str>,
    pub(super) pipeline: Pipeline,
    pub(super) client: &'a str,
    pub(super) refusal: Option<Refusal>,
}

impl<'a> Take<'a> {
    pub(super) fn of(who: &'a str, name: &'a str, version: &'a str) -> Take<'a> {
        let (pipeline, client) = (Pipeline::default(), "npm");
        Take { ecosystem: Ecosystem::Npm, name, version, who: Some(who), pipeline, client, refusal: None }
    }

    pub(super) async fn noted(self, app: &TestApp, company: &Company) {
        let (at, chance): (_, &dyn Random) = (app.clock.now(), &*app.random);
        let org = company.org;
        let who = match self.who {
            Some(who) => Who::Organisation {
                org,
                token: sekisho_core::id::OrgTokenId::mint(at, chance),
                identifier: UserIdentifier::parse(who).unwrap(),
            },
            None => Who::Session {
                org,
                bot: BotId::mint(at, chance),
                session: CiSessionId::mint(at, chance),
                pipeline: Box::new(self.pipeline),
            },
        };
        let trace = Trace {
            id: EntryId::mint(at, chance),
            who,
            client_name: self.client.into(),
            client_version: "11.4.2".into(),
            address: "192.0.2.7".into(),
        };
        let entry = Entry {
            at,
            ecosystem: self.ecosystem,
            name: self.name.into(),
            version: self.version.into(),
            file: "x.tgz".into(),
            outcome: self.refusal.map_or(Outcome::Answered, Outcome::Refused),
            taker: Taker::Token(trace),
        };
        let recorded = app.app.store.ledger().record(entry).await.unwrap();
        assert!(!recorded.entry().name.is_empty());
        app.advance(1);
    }
}

async fn viewer(app: &TestApp) -> Browser {
    Browser::sign_in(app, "guard-viewer@acme.example").await
}

/// The texts of a page's rows, without what stands around them.
pub(super) fn rows(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let Some((_, body)) = text.split_once("<tbody>") else { return Vec::new() };
    let rows = body.split_once("</tbody>").unwrap().0.split("<tr>").skip(1);
    rows.map(|row| {
        let mut plain = String::new();
        for part in row.split('<') {
            plain.push_str(part.split_once('>').map_or("", |(_, text)| text));
            plain.push(' ');
        }
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    })
    .collect()
}

async fn audit(app: &TestApp, company: &Company) -> Vec<AuditRow> {
    let all = AuditFilter::default();
    app.app.store.audit().page(company.org, &all, AuditId(uuid::Uuid::max()), 100).await.unwrap()
}

on_both_engines! {
    async fn a_search_in_the_address_finds_what_the_api_finds(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        Take::of("alice@acme.example", "left-pad", "1.0.0").noted(&app, &company).await;
        Take { ecosystem: Ecosystem::Pypi, client: "pip", ..Take::of("bob@acme.example", "flask", "1.0") }.noted(&app, &company).await;
        app.advance(86_400);
        let pipeline = Pipeline { repository: "acme/shop".into(), workflow: "ci.yml".into(), run: "42".into(), commit: "0a1b".into() };
        Take { who: None, pipeline, ..Take::of("", "@acme/ui", "2.0.0") }.noted(&app, &company).await;
        let refusal = Refusal { reason: Reason::Malware, advisories: vec!["MAL-2026-1".into()] };
        Take { refusal: Some(refusal), ..Take::of("alice@acme.example", "left-pad", "6.6.6") }.noted(&app, &company).await;
        let mut browser = viewer(&app).await;
        let mut found = async |query: &str| {
            let answer = browser.get(&app, &company.at(&format!("/installs{query}"))).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
            rows(&answer)
        };
        let all = found("").await;
        assert_eq!(all, [
            "24 Nov 2026, 09:00 UTC left-pad 6.6.6 npm alice@acme.example npm/11.4.2 Refused Malware",
            "24 Nov 2026, 09:00 UTC @acme/ui 2.0.0 npm acme/shop · ci.yml · 42 npm/11.4.2 Answered",
            "23 Nov 2026, 09:00 UTC flask 1.0 PyPI bob@acme.example pip/11.4.2 Answered",
            "23 Nov 2026, 09:00 UTC left-pad 1.0.0 npm alice@acme.example npm/11.4.2 Answered",
        ]);
        // A form sends every field, also those that nobody filled in.
        let form = "?ecosystem=npm&package=left-pad&version=&range=%3C2&user_identifier_prefix=&repository=&bot_id=&outcome=&from=&to=";
        assert_eq!(found(form).await, all[3..], "a range");
        assert_eq!(found("?package=pkg%3Apypi%2FFlask%401.0.0").await, all[2..3], "another spelling of the version");
        assert_eq!(found("?user_identifier_prefix=ali&outcome=answered").await, all[3..]);
        assert_eq!(found("?repository=acme/shop").await, all[1..2]);
        assert_eq!(found("?from=2026-11-24").await, all[..2]);
        assert_eq!(found("?to=2026-11-23").await, all[2..], "the day is in it");
        assert_eq!(found("?from=2026-11-24T09:00:03Z&to=2026-11-24").await.len(), 1);
        assert_eq!(found("?package=pkg:npm/nothing").await.len(), 0);
        let refusals = browser.get(&app, &company.at("/refusals?outcome=answered")).await;
        assert_eq!(rows(&refusals), ["24 Nov 2026, 09:00 UTC left-pad 6.6.6 npm alice@acme.example npm/11.4.2 Malware MAL-2026-1"]);
        assert!(refusals.text().contains("href=\"/why/npm/left-pad/6.6.6\""));
        assert!(!refusals.text().contains("name=\"outcome\""));
    }

    async fn pages_follow_each_other_with_the_search_kept(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        for n in 0..120 {
            Take::of("alice@acme.example", "left-pad", &format!("1.0.{n}")).noted(&app, &company).await;
        }
        let mut browser = viewer(&app).await;
        let (mut path, mut seen, mut pages) = (company.at("/installs?user_identifier_prefix=alice%40"), Vec::new(), 0);
        loop {
            let answer = browser.get(&app, &path).await;
            assert!(answer.body.len() < 60_000, "{} bytes", answer.body.len());
            seen.extend(rows(&answer));
            pages += 1;
            let text = answer.text();
            assert_eq!(text.contains(">Newest<"), pages > 1);
            let Some((_, rest)) = text.split_once("<a rel=\"next\" href=\"") else { break };
            path = rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&");
            assert!(path.contains("user_identifier_prefix=alice%40"), "{path}");
            Take::of("alice@acme.example", "latecomer", "1.0.0").noted(&app, &company).await;
        }
        assert_eq!((pages, seen.len()), (3, 120));
        assert!(!seen.iter().any(|row| row.contains("latecomer")), "rows that come meanwhile change no page");
    }

    async fn an_export_is_the_api_s_and_stands_in_the_audit_log(setup) {
        let app = setup.start().await;
        let company = Company::of(&app).await;
        Take::of("alice@acme.example", "left-pad", "1.0.0").noted(&app, &company).await;
        Take::of("bob@acme.example", "left-pad", "2.0.0").noted(&app, &company).await;
        let bot = app.bot(company.org, Role::GuardViewer).await;
        let mut browser = viewer(&app).await;
        for (form, media_type) in [
            ("csv", "text/csv"),
            ("ndjson", "application/x-ndjson"),
            ("cdx.json", "application/vnd.cyclonedx+json"),
        ] {
            let query = "package=pkg%3Anpm%2Fleft-pad&user_identifier_prefix=alice";
            let path = company.at(&format!("/installs/export?{query}&format={form}"));
            let exported = browser.get(&app, &path).await;
            assert_eq!((exported.status, exported.header("content-type")), (200, Some(media_type)), "{}", exported.text());
            assert_eq!(exported.header("content-disposition"), Some(format!("attachment; filename=\"installs.{form}\"").as_str()));
            assert_eq!(exported.header("cache-control"), Some("no-store"));
            assert!(exported.text().contains("1.0.0") && !exported.text().contains("2.0.0"), "{}", exported.text());
            let by_api = Ask::get(&format!("/o/{}/guard/installs?{query}", company.org)).bearer(&bot.credential);
            let by_api = app.ask(by_api.header("accept", media_type)).await.text();
            let tail = |text: &str| text.split_once("\"components\":").map_or(text, |(_, tail)| tail).to_owned();
            assert_eq!(tail(&exported.text()), tail(&by_api), "{form}");
        }
        let rows = audit(&app, &company).await;
        let exported: Vec<_> = rows.iter().filter(|row| row.actor == "guard-viewer@acme.example").collect();
        assert_eq!(exported.len(), 3);
        assert!(exported.iter().all(|row| row.action == "installs.exported" && row.detail.contains("pkg%3Anpm%2Fleft-pad")), "{exported:?}");
        for (path, status) in [("/installs/export?format=pdf", 404), ("/installs/export", 404), ("/installs/export?format=csv&from=x", 303)] {
            assert_eq!(browser.get(&app, &company.at(path)).await.status, status, "{path}");
        }
        assert_eq!(audit(&app, &company).await.len(), rows.len(), "what exported nothing is not noted");
    }
}

#[tokio::test]
async fn pages_of_installs_are_for_those_who_may_read_them() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    for path in ["/installs", "/refusals", "/installs/export?format=csv"] {
        company.only_for(&app, path, &READERS).await;
    }
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_is_lost() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    Take::of("alice@acme.example", "left-pad", "1.0.0").noted(&app, &company).await;
    let mut browser = viewer(&app).await;
    for (query, wrong, kept) in [
        ("package=left-pad", vec!["package"], "left-pad"),
        ("ecosystem=gem&package=rails", vec!["ecosystem", "package"], "gem"),
        ("package=pkg:gem/rails", vec!["package"], "pkg:gem/rails"),
        ("ecosystem=pypi&package=pkg:npm/x", vec!["ecosystem"], "pkg:npm/x"),
        ("ecosystem=npm&package=../x&version=1", vec!["package"], "../x"),
        ("package=pkg:npm/x@1&version=2", vec!["version"], "pkg:npm/x@1"),
        ("version=2", vec!["version"], "2"),
        ("range=%3C2&from=nonsense", vec!["from", "range"], "nonsense"),
        ("package=pkg:npm/x&version=1&range=2", vec!["range"], "pkg:npm/x"),
        ("package=pkg:npm/x&range=what", vec!["range"], "what"),
        ("user_identifier_prefix=%25", vec!["user_identifier_prefix"], "%"),
        ("bot_id=BT99", vec!["bot_id"], "BT99"),
        ("outcome=maybe", vec!["outcome"], "maybe"),
        ("repository=a%07b", vec!["repository"], "a\u{7}b"),
        ("from=2026-02-30&to=tomorrow", vec!["from", "to"], "2026-02-30"),
        ("cursor=what", vec!["ecosystem"], ""),
    ] {
        let answer = browser.get(&app, &company.at(&format!("/installs?{query}"))).await;
        let text = answer.text();
        assert_eq!(answer.status, 400, "{query}");
        let mut marked: Vec<&str> = text
            .split("aria-describedby=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once("-wrong\""))
            .map(|(name, _)| name)
            .filter(|name| !name.contains('"'))
            .collect();
        marked.sort_unstable();
        assert_eq!(marked, wrong, "{query}");
        assert!(text.contains(&format!("value=\"{kept}\"")), "{query}: {text}");
        assert!(rows(&answer).is_empty() && !text.contains("/installs/export"), "{query}");
    }
    let elsewhere = browser.get(&app, &company.at("/installs?utm_source=x&limit=5&done=nothing")).await;
    assert_eq!((elsewhere.status, rows(&elsewhere).len()), (200, 1), "what is no field of the form is not looked at");
}

#[tokio::test]
async fn the_quick_field_leads_to_a_release_as_people_name_it() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    Take { ecosystem: Ecosystem::Pypi, ..Take::of("bob@acme.example", "requests", "2.31.0") }
        .noted(&app, &company)
        .await;
    Take::of("alice@acme.example", "left-pad", "1.0.0").noted(&app, &company).await;
    let mut browser = viewer(&app).await;
    for (typed, release) in [
        ("pkg:npm/left-pad@1.0.0", "/why/npm/left-pad/1.0.0"),
        (" left-pad@1.0.0 ", "/why/npm/left-pad/1.0.0"),
        ("@scope/x@1.0.0", "/why/npm/@scope/x/1.0.0"),
        ("Flask==1.0", "/why/pypi/flask/1.0"),
        ("requests@2.31", "/why/pypi/requests/2.31"),
        ("requests", "/why/pypi/requests"),
        ("unknown@1.0.0", "/why/npm/unknown/1.0.0"),
    ] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("find", typed).finish();
        let answer = browser.get(&app, &company.at(&format!("/installs?{query}"))).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(release)), "{typed}");
    }
    let wrong = browser.get(&app, &company.at("/installs?find=https%3A%2F%2Fevil.example%2F%22x")).await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text().contains("id=\"find-wrong\"") && wrong.text().contains("value=\"https://evil.example/&#34;x\""),
        "{}",
        wrong.text()
    );
}

#[tokio::test]
async fn hostile_texts_of_the_log_and_of_the_address_are_shown_and_do_nothing() {
    let app = Setup::default().start().await;
    let company = Company::of(&app).await;
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let refusal = || Some(Refusal { reason: Reason::Malware, advisories: vec![hostile.into()] });
    Take { client: hostile, refusal: refusal(), ..Take::of("alice@acme.example", hostile, hostile) }
        .noted(&app, &company)
        .await;
    let pipeline =
        Pipeline { repository: hostile.into(), workflow: hostile.into(), run: hostile.into(), commit: hostile.into() };
    Take { who: None, pipeline, refusal: refusal(), ..Take::of("", "x", hostile) }.noted(&app, &company).await;
    let mut browser = viewer(&app).await;
    let typed: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    for path in [
        "/installs".to_owned(),
        "/refusals".to_owned(),
        format!("/installs?package={typed}&ecosystem={typed}&from={typed}&cursor={typed}"),
        format!("/installs?find={typed}"),
    ] {
        let answer = browser.get(&app, &company.at(&path)).await;
        let text = answer.text();
        assert!(!text.contains("<script>") && !text.contains("\"><script"), "{path}: {text}");
        for part in text.split('\u{202e}').skip(1) {
            let end = part.find(['<', '"']).map(|at| &part[at..]).unwrap_or_default();
            assert!(
                end.starts_with("</bdi>") || end.starts_with('"') || end.starts_with("</option>"),
                "{path}: outside of <bdi>: {part}"
            );
        }
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
    }
    assert_eq!(rows(&browser.get(&app, &company.at("/refusals")).await).len(), 2);
}

#[tokio::test]
async fn the_pages_are_in_japanese_too() {
    let app = TestApp::start().await;
    let company = Company::of(&app).await;
    let refusal = Refusal { reason: Reason::Policy, advisories: Vec::new() };
    Take { refusal: Some(refusal), ..Take::of("alice@acme.example", "left-pad", "1.0.0") }.noted(&app, &company).await;
    let mut browser = viewer(&app).await.japanese();
    let installs = browser.get(&app, &company.at("/installs")).await;
    assert_eq!(
        rows(&installs),
        ["2026年11月23日 09:00 UTC left-pad 1.0.0 npm alice@acme.example npm/11.4.2 ブロック サーバー管理者のポリシー"]
    );
    let wrong = browser.get(&app, &company.at("/refusals?from=x")).await.text();
    assert!(wrong.contains("日付または時刻として読み取れません"), "{wrong}");
}
