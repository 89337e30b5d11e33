//! Guard > Tokens: the list, and issuing, rotating, revoking and importing.

use sekisho_core::Clock;
use sekisho_core::id::AuditId;
use sekisho_core::org::Role;
use sekisho_store::{AuditFilter, AuditRow, OrgTokenPage, OrgTokenRow};
use sekisho_testkit::{Answer, Ask, NOW, Setup, TestApp};
use uuid::Uuid;

use super::support::{Browser, Company, address};
use crate::support::on_both_engines;

const DAY: i64 = 86_400;

async fn started(setup: Setup) -> (TestApp, Company, Browser) {
    let app = setup.start().await;
    let company = Company::of(&app).await;
    let manager = Browser::sign_in(&app, &address(Role::GuardManager)).await;
    (app, company, manager)
}

/// Where a field of a page begins, and what stands there until the next quote.
#[track_caller]
fn after<'a>(page: &'a str, mark: &str) -> &'a str {
    let (_, rest) = page.split_once(mark).unwrap_or_else(|| panic!("no {mark}: {page}"));
    rest.split('"').next().unwrap()
}

fn form_of(page: &Answer) -> String {
    after(&page.text(), "name=\"form\" value=\"").to_owned()
}

/// The secret that a page shows.
fn secret_of(page: &Answer) -> Option<String> {
    let text = page.text();
    let (_, rest) = text.split_once("<code class=\"secret\" id=\"secret\">")?;
    Some(rest.split('<').next().unwrap().to_owned())
}

async fn tokens(app: &TestApp, company: &Company) -> Vec<OrgTokenRow> {
    let page = OrgTokenPage { prefix: Default::default(), status: None, after: None, limit: 2000 };
    app.app.store.org_tokens().page(company.org, &page, NOW).await.unwrap()
}

/// What the audit log says that a signed-in person did to tokens, newest first.
async fn noted(app: &TestApp, company: &Company) -> Vec<AuditRow> {
    let log = app.app.store.audit().page(company.org, &AuditFilter::default(), AuditId(Uuid::max()), 2000).await;
    log.unwrap().into_iter().filter(|row| row.actor.contains('@') && row.action.starts_with("token.")).collect()
}

async fn status_with(app: &TestApp, key: &str) -> u16 {
    app.ask(Ask::get("/npm/-/whoami").bearer(key)).await.status
}

async fn issue(app: &TestApp, company: &Company, browser: &mut Browser, fields: &[(&str, &str)]) -> (Answer, String) {
    let form = form_of(&browser.get(app, &company.at("/tokens/new")).await);
    let fields: Vec<_> = [("form", form.as_str())].into_iter().chain(fields.iter().copied()).collect();
    (browser.post(app, &company.at("/tokens/new"), &fields).await, form.clone())
}

fn multipart(path: &str, form: &str, file: &str, list: &str) -> Ask {
    let part = |head: &str, text: &str| format!("--xXx\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n");
    let file = part("name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv", file);
    let body = [part("name=\"form\"", form), file, part("name=\"list\"", list), "--xXx--\r\n".to_owned()].concat();
    Ask::form(path, &[]).without("content-type").header("content-type", "multipart/form-data; boundary=xXx").body(body)
}

on_both_engines! {
    async fn the_list_is_for_managers_and_an_issuer_sees_the_form_instead(setup) {
        let (app, company, mut manager) = started(setup).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        let issuers = [Role::Owner, Role::GuardManager, Role::GuardTokenIssuer];
        company.only_for(&app, "/tokens", &issuers).await;
        let mut issuer = Browser::sign_in(&app, &address(Role::GuardTokenIssuer)).await;
        let page = issuer.get(&app, &company.at("/tokens")).await.text();
        assert!(page.contains("name=\"identifier\"") && !page.contains("dev@acme.example"), "{page}");
        let one = format!("/tokens/{}", token.id);
        for path in [one.clone(), format!("{one}/revoke"), format!("{one}/revoked")] {
            assert_eq!(issuer.get(&app, &company.at(&path)).await.status, 403, "{path}");
        }
        for (step, fields) in [("rotate", vec![("overlap", "0")]), ("revoke", vec![])] {
            let answer = issuer.post(&app, &company.at(&format!("{one}/{step}")), &fields).await;
            assert_eq!(answer.status, 403, "{step}");
        }
        let list = manager.get(&app, &company.at("/tokens")).await;
        assert!(list.text().contains("dev@acme.example") && list.text().contains("Tokens</a>"), "{}", list.text());
        assert_eq!(list.header("cache-control"), Some("no-store"));
        // What another organisation has is not there, whoever asks.
        let theirs = app.org_token(company.other, "dev@other.example", None).await;
        for path in [format!("/tokens/{}", theirs.id), format!("/tokens/{}/revoke", theirs.id), "/tokens/TK01".to_owned()] {
            assert_eq!(manager.get(&app, &company.at(&path)).await.status, 404, "{path}");
        }
        let answer = manager.post(&app, &company.at(&format!("/tokens/{}/revoke", theirs.id)), &[]).await;
        assert_eq!((answer.status, status_with(&app, &theirs.key).await), (404, 200));
        assert!(noted(&app, &company).await.is_empty());
    }

    async fn the_list_is_searched_filtered_and_paged_and_its_address_says_all_of_it(setup) {
        let (app, company, mut manager) = started(setup).await;
        for number in 0..90 {
            app.org_token(company.org, &format!("dev+{number:02}@acme.example"), None).await;
        }
        app.org_token(company.org, "PC-00417_E10233", Some(NOW.plus(std::time::Duration::from_secs(5)))).await;
        app.advance(10);
        let names = |page: &str| -> Vec<String> {
            let cells = page.split("\"><bdi>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            cells.filter(|name| name.starts_with("dev") || name.starts_with("PC-")).collect()
        };
        let link = |page: &str, rel: &str| {
            let (_, rest) = page.split_once(&format!("rel=\"{rel}\" href=\""))?;
            Some(rest.split('"').next().unwrap().replace("&#38;", "&"))
        };
        let mut seen = Vec::new();
        let mut path = company.at("/tokens?prefix=dev%2B&status=active");
        let mut pages = Vec::new();
        loop {
            let page = manager.get(&app, &path).await;
            assert!(page.status == 200 && page.body.len() < 60_000, "{}", page.body.len());
            let page = page.text();
            assert!(page.contains("value=\"dev+\"") && page.contains("value=\"active\" selected"), "{page}");
            seen.push(names(&page));
            pages.push(page.clone());
            match link(&page, "next") {
                Some(next) => path = next,
                None => break,
            }
        }
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [40, 40, 10]);
        assert_eq!(seen.concat(), (0..90).map(|number| format!("dev+{number:02}@acme.example")).collect::<Vec<_>>());
        for at in [2, 1] {
            let back = link(&pages[at], "prev").unwrap();
            assert_eq!(names(&manager.get(&app, &back).await.text()), seen[at - 1], "back from page {at}");
        }
        let first = manager.get(&app, &link(&pages[1], "prev").unwrap()).await.text();
        assert_eq!((link(&first, "prev"), link(&pages[0], "prev")), (None, None));
        let expired = manager.get(&app, &company.at("/tokens?status=expired")).await.text();
        assert_eq!(names(&expired), ["PC-00417_E10233"]);
        let none = manager.get(&app, &company.at("/tokens?status=revoked")).await.text();
        assert!(names(&none).is_empty() && none.contains("No token is like this"), "{none}");
        let hostile = manager.get(&app, &company.at("/tokens?prefix=%22%3E%3Cscript%3E%E2%80%AE")).await.text();
        assert!(hostile.contains("No identifier begins like this") && !hostile.contains("<script>"), "{hostile}");
    }

    async fn a_token_is_issued_and_shown_once(setup) {
        let (app, company, mut issuer) = started(setup).await;
        let fields = [("identifier", "dev@acme.example"), ("life", "90"), ("days", "")];
        let (page, form) = issue(&app, &company, &mut issuer, &fields).await;
        let secret = secret_of(&page).unwrap_or_else(|| panic!("{}", page.text()));
        assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
        assert_eq!(status_with(&app, &secret).await, 200);
        let text = page.text();
        for wanted in [
            "shown this one time",
            &format!("//127.0.0.1:8417/npm/:_authToken={secret}"),
            "http://token:${SEKISHO_TOKEN:?}@127.0.0.1:8417/pypi/simple/",
            "data-copy=\"secret\"",
            "dev@acme.example",
            "21 Feb 2027",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        for tool in ["npm, pnpm", "Yarn 1", "Yarn 4", "Bun", "pip", "uv", "Poetry", "PDM"] {
            assert!(text.contains(&format!("<summary>{tool}</summary>")), "{tool}");
        }
        assert!(page.body.len() < 60_000, "{}", page.body.len());
        let rows = tokens(&app, &company).await;
        let ends = rows[0].created_at.plus(std::time::Duration::from_secs(90 * 86_400));
        assert_eq!((rows.len(), rows[0].expires_at), (1, Some(ends)));
        let noted_then = noted(&app, &company).await;
        assert_eq!((noted_then.len(), noted_then[0].action.as_str()), (1, "token.issued"));
        assert_eq!(noted_then[0].actor, address(Role::GuardManager));
        assert!(noted_then[0].detail.contains("dev@acme.example") && !noted_then[0].detail.contains(&secret));

        let again = [("form", form.as_str())].into_iter().chain(fields).collect::<Vec<_>>();
        let resent = issuer.post(&app, &company.at("/tokens/new"), &again).await;
        assert!(resent.status == 409 && !resent.text().contains(&secret), "{}", resent.text());
        let other = [("form", form.as_str()), ("identifier", "other@acme.example"), ("life", "never")];
        assert_eq!(issuer.post(&app, &company.at("/tokens/new"), &other).await.status, 409, "a form counts once");
        assert_eq!((tokens(&app, &company).await.len(), noted(&app, &company).await.len()), (1, 1));
        let listed = issuer.get(&app, &company.at("/tokens")).await.text();
        assert!(!listed.contains(&secret) && listed.contains("tg_org_"), "{listed}");
        let (page, _) = issue(&app, &company, &mut issuer, &[("identifier", "dev@acme.example"), ("life", "never")]).await;
        assert_eq!((page.status, tokens(&app, &company).await.len()), (200, 2), "the same identifier may have several");
    }

    async fn what_is_wrong_with_the_form_is_told_and_what_was_typed_stays(setup) {
        let (app, company, mut manager) = started(setup).await;
        let hostile = "\"><script>\u{202e}";
        for (identifier, life, days) in [
            ("abc", "never", ""),
            (hostile, "never", ""),
            ("", "never", ""),
            ("dev@acme.example", "other", ""),
            ("dev@acme.example", "other", hostile),
            ("dev@acme.example", "other", "3651"),
            ("dev@acme.example", "forty", ""),
        ] {
            let fields = [("identifier", identifier), ("life", life), ("days", days)];
            let (page, _) = issue(&app, &company, &mut manager, &fields).await;
            let text = page.text();
            assert_eq!(page.status, 400, "{fields:?}");
            assert!(text.contains("role=\"alert\"") && text.contains("aria-invalid"), "{text}");
            assert!(!text.contains("<script>") && secret_of(&page).is_none(), "{text}");
            if identifier.starts_with("dev") {
                assert!(text.contains("value=\"dev@acme.example\""), "{text}");
            }
        }
        for form in ["", "x", hostile] {
            let fields = [("form", form), ("identifier", "dev@acme.example"), ("life", "never")];
            assert_eq!(manager.post(&app, &company.at("/tokens/new"), &fields).await.status, 403, "{form}");
        }
        let foreign = Ask::form(&company.at("/tokens/new"), &[]).without("origin").without("sec-fetch-site");
        assert_eq!(manager.ask(&app, foreign.header("origin", "http://evil.example")).await.status, 403);
        assert!(tokens(&app, &company).await.is_empty() && noted(&app, &company).await.is_empty());

        app.change_organisation(company.org, |org| {
            (org.max_token_seconds, org.default_token_seconds) = (Some(45 * DAY), Some(30 * DAY));
        })
        .await;
        let page = manager.get(&app, &company.at("/tokens/new?identifier=new%40acme.example")).await.text();
        assert!(page.contains("value=\"new@acme.example\"") && page.contains("value=\"30\" selected"), "{page}");
        assert!(!page.contains("value=\"never\"") && !page.contains("value=\"90\"") && page.contains("45"), "{page}");
        for (life, days, status) in [("never", "", 400), ("90", "", 400), ("other", "46", 400), ("other", "45", 200)] {
            let fields = [("identifier", "dev@acme.example"), ("life", life), ("days", days)];
            assert_eq!(issue(&app, &company, &mut manager, &fields).await.0.status, status, "{life} {days}");
        }
        app.change_organisation(company.org, |org| org.guard = false).await;
        let fields = [("identifier", "dev@acme.example"), ("life", "30")];
        let (page, _) = issue(&app, &company, &mut manager, &fields).await;
        assert!(page.status == 403 && page.text().contains("Guard is off"), "{}", page.text());
        assert_eq!(tokens(&app, &company).await.len(), 1);
    }

    async fn a_rotated_token_is_shown_once_and_is_not_rotated_twice(setup) {
        let (app, company, mut manager) = started(setup).await;
        let old = app.org_token(company.org, "dev+1@acme.example", None).await;
        assert_eq!(status_with(&app, &old.key).await, 200);
        let path = company.at(&format!("/tokens/{}", old.id));
        let page = manager.get(&app, &path).await;
        assert!(page.text().contains("/installs?user_identifier_prefix=dev%2B1%40acme.example\""), "{}", page.text());
        let (first, second) = (form_of(&page), form_of(&manager.get(&app, &path).await));
        let rotate = format!("{path}/rotate");
        let fields = [("form", first.as_str()), ("overlap", "3600")];
        let shown = manager.post(&app, &rotate, &fields).await;
        let secret = secret_of(&shown).unwrap_or_else(|| panic!("{}", shown.text()));
        assert!(shown.text().contains("works until"), "{}", shown.text());
        assert_eq!((status_with(&app, &old.key).await, status_with(&app, &secret).await), (200, 200));
        let resent = manager.post(&app, &rotate, &fields).await;
        assert!(resent.status == 409 && resent.text().contains("sent before") && !resent.text().contains(&secret));
        let twice = manager.post(&app, &rotate, &[("form", &second), ("overlap", "0")]).await;
        assert!(twice.status == 409 && twice.text().contains("It was rotated before"), "{}", twice.text());
        let rows = tokens(&app, &company).await;
        let new = rows.iter().find(|row| row.id != old.id).unwrap();
        assert!(twice.text().contains(&company.at(&format!("/tokens/{}", new.id))), "{}", twice.text());
        assert_eq!(rows.len(), 2);
        assert_eq!(
            noted(&app, &company).await.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(),
            ["token.rotated"]
        );
        app.advance(3601);
        assert_eq!((status_with(&app, &old.key).await, status_with(&app, &secret).await), (401, 200));

        // With no overlap the old one ends at once, and one that ended is not rotated.
        let path = company.at(&format!("/tokens/{}", new.id));
        let (first, second) = (form_of(&manager.get(&app, &path).await), form_of(&manager.get(&app, &path).await));
        let odd = manager.post(&app, &format!("{path}/rotate"), &[("form", &first), ("overlap", "99")]).await;
        assert_eq!(odd.status, 403);
        let shown = manager.post(&app, &format!("{path}/rotate"), &[("form", &first), ("overlap", "0")]).await;
        assert!(secret_of(&shown).is_some() && shown.text().contains("works no longer"), "{}", shown.text());
        assert_eq!(status_with(&app, &secret).await, 401);
        let over = app.org_token(company.org, "over@acme.example", Some(NOW)).await;
        let rotate = company.at(&format!("/tokens/{}/rotate", over.id));
        let gone = manager.post(&app, &rotate, &[("form", &second), ("overlap", "0")]).await;
        assert!(gone.status == 409 && gone.text().contains("has expired"), "{}", gone.text());
    }

    async fn a_token_is_revoked_after_a_question_and_what_to_change_follows(setup) {
        let (app, company, mut manager) = started(setup).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        assert_eq!(status_with(&app, &token.key).await, 200);
        let path = company.at(&format!("/tokens/{}", token.id));
        let early = manager.get(&app, &format!("{path}/revoked")).await;
        assert_eq!(early.header("location"), Some(path.as_str()), "it is not revoked yet");
        let question = manager.get(&app, &format!("{path}/revoke")).await.text();
        let hint = &tokens(&app, &company).await[0].hint;
        assert!(question.contains("dev@acme.example") && question.contains(hint.as_str()), "{question}");
        assert_eq!(status_with(&app, &token.key).await, 200, "a question ends nothing");
        let done = manager.post(&app, &format!("{path}/revoke"), &[]).await;
        assert_eq!((done.status, status_with(&app, &token.key).await), (303, 401));
        let page = manager.get(&app, done.header("location").unwrap()).await;
        let text = page.text();
        for wanted in [
            "The token is revoked.",
            "//127.0.0.1:8417/npm/:_authToken=YOUR_KEY",
            "pip config unset global.index-url",
            "unset UV_DEFAULT_INDEX",
            "poetry source remove sekisho",
            "pdm config --delete pypi.url",
            "/tokens/new?identifier=dev%40acme.example",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(page.status == 200 && page.body.len() < 60_000);
        assert_eq!(manager.post(&app, &format!("{path}/revoke"), &[]).await.status, 303, "again is no mistake");
        assert_eq!(manager.get(&app, &format!("{path}/revoke")).await.status, 303, "nothing to ask");
        let rows = noted(&app, &company).await;
        assert_eq!(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["token.revoked"]);
        let page = manager.get(&app, &path).await.text();
        assert!(page.contains("Revoked") && !page.contains("/rotate\""), "{page}");
    }

    async fn a_list_is_imported_whole_or_not_at_all(setup) {
        let (app, company, _) = started(setup).await;
        let mut issuer = Browser::sign_in(&app, &address(Role::GuardTokenIssuer)).await;
        let path = company.at("/tokens/import");
        let form = form_of(&issuer.get(&app, &path).await);
        let bad = "dev1@acme.example\n\"><script>\u{202e}\ndev2@acme.example,0\ndev1@acme.example\n";
        for ask in [multipart(&path, &form, bad, ""), multipart(&path, &form, "", bad)] {
            let page = issuer.ask(&app, ask).await;
            let text = page.text();
            assert!(page.status == 400 && text.contains("3\u{2069} lines are wrong"), "{text}");
            for line in [">2</td>", ">3</td>", ">4</td>"] {
                assert!(text.contains(line), "{line}: {text}");
            }
            assert!(!text.contains(">1</td>") && !text.contains("<script>"), "{text}");
        }
        let many: String = (0..1001).map(|n| format!("dev-{n}\n")).collect();
        for (file, list, told) in [("", " \n", "nothing in the list"), (bad, bad, "not both"), (&many, "", "at most 1,000")]
        {
            let page = issuer.ask(&app, multipart(&path, &form, file, list)).await;
            assert!(page.status == 400 && page.text().contains(told), "{told}: {}", page.text());
        }
        let all_bad: String = (0..1000).map(|n| format!("x {n} {}\n", "&".repeat(200))).collect();
        let page = issuer.ask(&app, multipart(&path, &form, &all_bad, "")).await;
        assert!(page.status == 400 && page.text().contains(", 1000"), "every bad line is named: {}", page.text());
        assert!(page.body.len() < 60_000, "{}", page.body.len());
        let large = format!("{}\n", "x".repeat(1023)).repeat(512);
        let page = issuer.ask(&app, multipart(&path, &form, &large, "")).await;
        assert!(page.status == 413 && page.text().contains("larger than 512 KiB"), "{}", page.text());
        assert!(page.text().contains("name=\"form\"") && !page.text().contains("xxxxx"), "the form, anew");
        assert!(tokens(&app, &company).await.is_empty() && noted(&app, &company).await.is_empty());

        let good = "identifier,days\r\ndev1@acme.example\r\n-x_1+1,30\r\n";
        let answer = issuer.ask(&app, multipart(&path, &form, good, "")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"tokens.csv\""));
        let csv = answer.text();
        let lines: Vec<Vec<&str>> = csv.split_terminator("\r\n").map(|line| line.split(',').collect()).collect();
        assert_eq!(lines[0], ["identifier", "token", "prefix", "expires_at"]);
        assert_eq!((lines.len(), lines[1][0], lines[1][3]), (3, "dev1@acme.example", ""));
        let ends = app.clock.now().plus(std::time::Duration::from_secs(30 * 86_400)).to_string();
        assert_eq!((lines[2][0], lines[2][3]), ("'-x_1+1", ends.as_str()), "no spreadsheet runs it");
        for line in &lines[1..] {
            assert_eq!(status_with(&app, line[1]).await, 200, "{line:?}");
        }
        let rows = noted(&app, &company).await;
        assert_eq!(rows.len(), 2, "each has its row");
        assert!(rows.iter().all(|row| row.action == "token.issued" && row.actor == address(Role::GuardTokenIssuer)));
        let resent = issuer.ask(&app, multipart(&path, &form, good, "")).await;
        assert!(resent.status == 409 && !resent.text().contains(lines[1][1]), "{}", resent.text());
        assert_eq!(tokens(&app, &company).await.len(), 2);

        // A thousand, pasted, is one import.
        let form = form_of(&issuer.get(&app, &path).await);
        let most: String = (0..1000).map(|n| format!("{n:0>255}\n")).collect();
        let answer = issuer.ask(&app, multipart(&path, &form, "", &most)).await;
        assert_eq!((answer.status, answer.text().lines().count()), (200, 1001), "{:.300}", answer.text());
        assert_eq!((tokens(&app, &company).await.len(), noted(&app, &company).await.len()), (1002, 1002));
    }

    async fn pages_are_there_in_japanese_too(setup) {
        let (app, company, manager) = started(setup).await;
        let token = app.org_token(company.org, "dev@acme.example", None).await;
        let mut manager = manager.japanese();
        let one = format!("/tokens/{}", token.id);
        for (path, wanted) in [
            ("/tokens".to_owned(), "識別子の先頭"),
            ("/tokens/new".to_owned(), "社内のユーザー名"),
            ("/tokens/import".to_owned(), "一括発行"),
            (one.clone(), "ローテーション"),
            (format!("{one}/revoke"), "このトークンを失効させますか"),
        ] {
            let page = manager.get(&app, &company.at(&path)).await;
            assert!(page.status == 200 && page.text().contains(wanted), "{path}: {}", page.text());
        }
        let (page, _) = issue(&app, &company, &mut manager, &[("identifier", "dev@acme.example"), ("life", "never")]).await;
        assert!(page.text().contains("表示されるのは今回だけです"), "{}", page.text());
        manager.post(&app, &company.at(&format!("{one}/revoke")), &[]).await;
        let page = manager.get(&app, &company.at(&format!("{one}/revoked"))).await.text();
        assert!(page.contains("標準のレジストリとインデックスに戻す"), "{page}");
    }

    async fn the_addresses_told_are_those_that_others_use(setup) {
        let app = setup.set("public_urls", "https://gate.example").start().await;
        let company = Company::of(&app).await;
        let mut manager = Browser::sign_in(&app, &address(Role::GuardManager)).await;
        let (page, _) = issue(&app, &company, &mut manager, &[("identifier", "dev@acme.example"), ("life", "never")]).await;
        let text = page.text();
        assert!(text.contains("//gate.example/npm/:_authToken=") && !text.contains("127.0.0.1"), "{text}");
    }
}
