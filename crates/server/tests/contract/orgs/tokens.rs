//! Issuing, listing, revoking, rotating and probing.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_core::Timestamp;
use sekisho_testkit::{Ask, Setup};
use serde_json::json;

use super::{PACKAGES, text, world};
use crate::support::{assert_problem, on_both_engines, shown};

on_both_engines! {
    async fn a_token_is_issued_shown_once_and_works_at_once(setup) {
        let world = world(setup).await;
        let answer = world.post("org-user-tokens", r#"{"user_identifier":"dev@acme.example","expires_in":3600}"#).await;
        assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.show());
        let issued = answer.json();
        let names: Vec<&String> = issued.as_object().unwrap().keys().collect();
        assert_eq!(names, ["created_at", "expires_at", "id", "prefix", "token", "user_identifier"]);
        assert_eq!(issued["expires_at"], "2026-11-23T10:00:00Z");
        let (id, token) = (text(&issued["id"]), text(&issued["token"]));
        assert!(id.starts_with("TK01") && token.starts_with("tg_org_"), "{issued}");
        assert_eq!(world.app.status_of(&token).await, 200);
        let list = world.get("org-user-tokens").await;
        assert!(!list.text().contains(&token), "a list never shows a secret");
        assert_eq!(list.json()["items"][0]["id"], id);
        world.issue("dev@acme.example").await;
        assert_eq!(world.get("org-user-tokens").await.json()["items"].as_array().unwrap().len(), 2);
        assert_eq!(world.app.status_of(&token).await, 200, "the same identifier may have several");
    }

    async fn the_organisation_s_maximum_holds_for_every_token(setup) {
        let world = world(setup).await;
        world.app.change_organisation(world.org, |org| org.max_token_seconds = Some(3600)).await;
        let issue = async |more: &str| {
            world.post("org-user-tokens", &format!("{{\"user_identifier\":\"dev@acme.example\"{more}}}")).await
        };
        assert_eq!(issue("").await.json()["expires_at"], "2026-11-23T10:00:00Z", "a life that nobody named");
        assert_eq!(issue(",\"expires_in\":60").await.json()["expires_at"], "2026-11-23T09:01:00Z");
        assert_problem(&issue(",\"expires_in\":3601").await, 400, "invalid_request");
    }

    async fn a_life_that_nobody_named_is_the_organisation_s_usual_one(setup) {
        let world = world(setup).await;
        world.app.change_organisation(world.org, |org| org.default_token_seconds = Some(7200)).await;
        let ends = async |more: &str| {
            let body = format!("{{\"user_identifier\":\"dev@acme.example\"{more}}}");
            world.post("org-user-tokens", &body).await.json()["expires_at"].clone()
        };
        assert_eq!(ends("").await, "2026-11-23T11:00:00Z");
        assert_eq!(ends(",\"expires_in\":null").await, "2026-11-23T11:00:00Z");
        assert_eq!(ends(",\"expires_in\":10800").await, "2026-11-23T12:00:00Z", "the usual life is no longest one");
        world.app.change_organisation(world.org, |org| org.max_token_seconds = Some(3600)).await;
        assert_eq!(ends("").await, "2026-11-23T10:00:00Z", "the longest life holds for the usual one");
    }

    async fn a_list_is_filtered_by_beginning_and_status_and_paged(setup) {
        let world = world(setup).await;
        let (first, _) = world.issue("a_one").await;
        for identifier in ["a_two", "ab_x", "A_one", "a-one", "b_one"] {
            world.issue(identifier).await;
        }
        world.ask(Ask::new("DELETE", &world.path(&format!("org-user-tokens/by-id/{first}")))).await;
        let names = async |query: &str| {
            let answer = world.get(&format!("org-user-tokens?{query}")).await;
            assert_eq!(answer.status, 200, "{}", answer.show());
            let items = answer.json()["items"].as_array().unwrap().clone();
            items.iter().map(|item| text(&item["user_identifier"])).collect::<Vec<_>>()
        };
        assert_eq!(names("").await, ["A_one", "a-one", "a_one", "a_two", "ab_x", "b_one"]);
        assert_eq!(names("user_identifier_prefix=a_").await, ["a_one", "a_two"], "`_` is a letter like others");
        assert_eq!(names("user_identifier_prefix=a_&status=active").await, ["a_two"]);
        assert_eq!(names("status=revoked").await, ["a_one"]);
        assert_eq!(names("status=expired").await, [""; 0]);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("org-user-tokens?limit=2&cursor={cursor}")).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["user_identifier"])));
            // What is added before and behind the place moves nothing from one page to another.
            world.issue("AAAA").await;
            let Some(next) = page["next_cursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(seen, ["A_one", "a-one", "a_one", "a_two", "ab_x", "b_one"]);
    }

    async fn revoking_acts_at_once_and_again_is_no_mistake(setup) {
        let world = world(setup).await;
        let (id, token) = world.issue("dev@acme.example").await;
        for path in PACKAGES {
            assert!(matches!(world.app.ask(Ask::get(path).bearer(&token)).await.status, 200 | 302));
        }
        let path = world.path(&format!("org-user-tokens/by-id/{id}"));
        for _ in 0..2 {
            let answer = world.ask(Ask::new("DELETE", &path)).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0));
            for path in PACKAGES {
                assert_problem(&world.app.ask(Ask::get(path).bearer(&token)).await, 401, "invalid_token");
            }
        }
        let log = world.get("audit?action=token.revoked").await.json();
        assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
    }

    async fn a_rotation_without_overlap_ends_the_old_token_at_once(setup) {
        let world = world(setup).await;
        let (id, old) = world.issue("dev@acme.example").await;
        assert_eq!(world.app.status_of(&old).await, 200);
        let rotate = format!("org-user-tokens/by-id/{id}/rotate");
        let rotated = world.ask(Ask::new("POST", &world.path(&rotate))).await;
        assert_eq!(rotated.status, 200, "{}", rotated.show());
        let rotated = rotated.json();
        assert_eq!((&rotated["replaces"], &rotated["user_identifier"]), (&json!(id), &json!("dev@acme.example")));
        assert_ne!(rotated["id"], json!(id));
        assert_eq!(world.app.status_of(&text(&rotated["token"])).await, 200);
        assert_eq!(world.app.status_of(&old).await, 401);
        assert_problem(&world.post(&rotate, "{}").await, 409, "already_rotated");
    }

    async fn a_rotation_with_overlap_leaves_the_old_token_until_then_on_every_node(setup) {
        let world = world(setup).await;
        let (id, old) = world.issue("dev@acme.example").await;
        let node = world.app.another_node().await;
        let there = async || node.ask(Ask::get("/api/v1/tokens/status").bearer(&old)).await.status;
        assert_eq!((world.app.status_of(&old).await, there().await), (200, 200));
        let rotated = world.post(&format!("org-user-tokens/by-id/{id}/rotate"), r#"{"overlap_seconds":5}"#).await;
        assert_eq!(rotated.status, 200, "{}", rotated.show());
        node.follow().await;
        assert_eq!((world.app.status_of(&old).await, there().await), (200, 200));
        world.app.advance(4);
        assert_eq!((world.app.status_of(&old).await, there().await), (200, 200));
        world.app.advance(1);
        assert_eq!((world.app.status_of(&old).await, there().await), (401, 401));
        assert_eq!(world.app.status_of(&text(&rotated.json()["token"])).await, 200);
    }

    async fn a_rotated_token_gets_the_life_that_the_old_one_had(setup) {
        let world = world(setup).await;
        let issued = world.post("org-user-tokens", r#"{"user_identifier":"dev@a","expires_in":7200}"#).await.json();
        world.app.advance(3600);
        let rotate = format!("org-user-tokens/by-id/{}/rotate", text(&issued["id"]));
        assert_eq!(world.post(&rotate, "{}").await.json()["expires_at"], "2026-11-23T12:00:00Z");
    }

    async fn a_rotation_after_the_maximum_was_lowered_is_cut_to_it(setup) {
        let world = world(setup).await;
        let mut issued = Vec::new();
        for more in [",\"expires_in\":7200", ",\"expires_in\":1800", ""] {
            let body = format!("{{\"user_identifier\":\"dev@acme.example\"{more}}}");
            issued.push(text(&world.post("org-user-tokens", &body).await.json()["id"]));
        }
        world.app.change_organisation(world.org, |org| org.max_token_seconds = Some(3600)).await;
        let mut ends = Vec::new();
        for id in issued {
            let rotated = world.post(&format!("org-user-tokens/by-id/{id}/rotate"), "{}").await;
            assert_eq!(rotated.status, 200, "{}", rotated.show());
            ends.push(text(&rotated.json()["expires_at"]));
        }
        assert_eq!(ends, ["2026-11-23T10:00:00Z", "2026-11-23T09:30:00Z", "2026-11-23T10:00:00Z"]);
    }

    async fn of_two_rotations_at_once_one_is_409(setup) {
        let world = Arc::new(world(setup).await);
        let (id, _) = world.issue("dev@acme.example").await;
        let asks: Vec<_> = (0..6).map(|_| {
            let (world, path) = (world.clone(), format!("org-user-tokens/by-id/{id}/rotate"));
            tokio::spawn(async move { world.post(&path, r#"{"overlap_seconds":60}"#).await.status })
        }).collect();
        let mut answers = Vec::new();
        for ask in asks {
            answers.push(ask.await.unwrap());
        }
        answers.sort_unstable();
        assert_eq!(answers, [200, 409, 409, 409, 409, 409]);
        assert_eq!(world.get("org-user-tokens").await.json()["items"].as_array().unwrap().len(), 2);
    }

    async fn a_dead_token_is_not_rotated(setup) {
        let world = world(setup).await;
        let ended = world.app.org_token(world.org, "dev@a", Some(Timestamp(world.app.app.clock.now().0 + 1000))).await;
        let (revoked, _) = world.issue("dev@b").await;
        world.ask(Ask::new("DELETE", &world.path(&format!("org-user-tokens/by-id/{revoked}")))).await;
        world.app.advance(1);
        for id in [ended.id.to_string(), revoked] {
            let answer = world.post(&format!("org-user-tokens/by-id/{id}/rotate"), "{}").await;
            assert_problem(&answer, 409, "token_not_active");
        }
    }

    async fn a_probe_tells_of_live_tokens_of_the_own_organisation_only(setup) {
        let world = world(setup).await;
        let (id, token) = world.issue("dev@acme.example").await;
        let other = world.app.organisation("other").await;
        let theirs = world.app.org_token(other, "dev@acme.example", None).await.key;
        let ended = world.app.org_token(world.org, "dev@a", Some(world.app.app.clock.now())).await.key;
        let person = world.app.register("dev@acme.example").await.key;
        let probe = async |token: &str| {
            let answer = world.post("org-user-tokens/probe", &json!({"token": token}).to_string()).await;
            assert_eq!(answer.status, 200, "{}", answer.show());
            answer.json()
        };
        let told = probe(&token).await;
        assert_eq!((&told["active"], &told["id"], &told["user_identifier"]), (&json!(true), &json!(id), &json!("dev@acme.example")));
        assert!(!told.to_string().contains(&token));
        for dead in [theirs.as_str(), &ended, &person, &world.owner.credential, "", "junk", "tg_org_", &"x".repeat(5000)] {
            assert_eq!(probe(dead).await, json!({"active": false}), "{dead}");
        }
    }

    async fn ids_of_other_organisations_and_of_nobody_are_404(setup) {
        let world = world(setup).await;
        let other = world.app.organisation("other").await;
        let theirs = world.app.org_token(other, "dev@acme.example", None).await;
        for id in [theirs.id.to_string(), "TK01K6NBQK6XFVQ8ZZR024H36H2N".to_owned(), "x".to_owned(), other.to_string()] {
            let path = world.path(&format!("org-user-tokens/by-id/{id}"));
            assert_problem(&world.ask(Ask::new("DELETE", &path)).await, 404, "not_found");
            let rotate = world.ask(Ask::post(&format!("{path}/rotate"), "{}")).await;
            assert_problem(&rotate, 404, "not_found");
        }
        assert_eq!(world.app.status_of(&theirs.key).await, 200);
    }

    async fn bad_bodies_are_named_and_leave_nothing(setup) {
        let world = world(setup).await;
        let (id, _) = world.issue("kept@acme.example").await;
        let issue = "org-user-tokens".to_owned();
        let (probe, rotate) = ("org-user-tokens/probe".to_owned(), format!("org-user-tokens/by-id/{id}/rotate"));
        let identifier = |text: &str| json!({"user_identifier": text}).to_string();
        let life = |text: &str| format!("{{\"user_identifier\":\"dev@a\",\"expires_in\":{text}}}");
        let mut bad = vec![
            (&issue, String::new()), (&issue, "{".into()), (&issue, "[]".into()), (&issue, "{}".into()),
            (&issue, identifier("abc")), (&issue, identifier(&"a".repeat(256))), (&issue, identifier("a b c d")),
            (&issue, identifier("ab\ncd")), (&issue, identifier("<script>")), (&issue, identifier("caf\u{e9}s")),
            (&issue, r#"{"user_identifier":7}"#.into()), (&issue, r#"{"user_identifier":null}"#.into()),
            (&issue, r#"{"user_identifier":"dev@a","role":"owner"}"#.into()),
            (&probe, "{}".into()), (&probe, r#"{"token":7}"#.into()), (&probe, r#"{"token":"x","y":1}"#.into()),
            (&rotate, "[]".into()), (&rotate, r#"{"overlap":1}"#.into()),
        ];
        for text in ["-1", "0", "3153600000", "1.5", "\"60\"", "true", "1e3", "99999999999999999999"] {
            bad.push((&issue, life(text)));
        }
        for text in ["-1", "2592001", "\"5\"", "0.5"] {
            bad.push((&rotate, format!("{{\"overlap_seconds\":{text}}}")));
        }
        for (path, body) in bad {
            let answer = world.post(path, &body).await;
            assert_problem(&answer, 400, "invalid_request");
            assert!(!answer.text().contains("script") && answer.text().is_ascii(), "{}", answer.show());
        }
        for path in [&issue, &probe, &rotate] {
            let other = Ask::new("POST", &world.path(path)).header("content-type", "text/plain").body("{}");
            assert_problem(&world.ask(other).await, 415, "unsupported_media_type");
            assert_problem(&world.post(path, &" ".repeat(65 * 1024)).await, 413, "body_too_large");
        }
        assert_eq!(world.get("org-user-tokens").await.json()["items"].as_array().unwrap().len(), 1);
        assert_eq!(world.post(&issue, &identifier("abcd")).await.status, 201);
        assert_eq!(world.post(&issue, &identifier(&"a".repeat(255))).await.status, 201);
        assert_eq!(world.post(&issue, r#"{"user_identifier":"dev@a","expires_in":null}"#).await.status, 201);
    }

    async fn bad_queries_are_named_and_cursors_can_t_be_made_or_moved(setup) {
        let world = world(setup).await;
        for n in 0..3 {
            world.issue(&format!("dev{n}@acme.example")).await;
        }
        let page = world.get("org-user-tokens?limit=1").await.json();
        let cursor = text(&page["next_cursor"]);
        assert_eq!(world.get(&format!("org-user-tokens?limit=1&cursor={cursor}")).await.status, 200);
        let (head, tail) = cursor.split_at(cursor.len() - 1);
        let changed = format!("{head}{}", if tail == "A" { "B" } else { "A" });
        let audit = text(&world.get("audit?limit=1").await.json()["next_cursor"]);
        for query in [
            "limit=0", "limit=-1", "limit=1001", "limit=x", "limit=+5", "limit=99999999999", "limit=1&limit=2", "status=dead",
            "status=Active", "user_identifier_prefix=a%20b", "user_identifier_prefix=%25", "nothing=1", "token=x",
            "cursor=x", "cursor=%00", &format!("cursor={changed}"), &format!("cursor={cursor}&status=active"),
            &format!("cursor={cursor}&user_identifier_prefix=d"), &format!("cursor={audit}"), &format!("cursor={}", "A".repeat(3000)),
        ] {
            assert_problem(&world.get(&format!("org-user-tokens?{query}")).await, 400, "invalid_request");
        }
        let other = world.app.organisation("other").await;
        let theirs = world.app.bot(other, sekisho_core::org::Role::Owner).await;
        let moved = Ask::get(&format!("/o/{other}/guard/org-user-tokens?limit=1&cursor={cursor}"));
        assert_problem(&world.app.ask(moved.bearer(&theirs.credential)).await, 400, "invalid_request");
        for query in ["from=yesterday", "to=2026", "actor=a%0Ab", "limit=0", "user_identifier_prefix=a", &format!("cursor={cursor}")] {
            assert_problem(&world.get(&format!("audit?{query}")).await, 400, "invalid_request");
        }
    }

    async fn a_token_that_is_revoked_during_a_download_ends_with_the_next_request(setup) {
        let world = world(setup.set("artifacts.mode", "stream")).await;
        let (id, token) = world.issue("dev@acme.example").await;
        let file = Ask::get("/npm/left-pad/-/left-pad-1.0.0.tgz").bearer(&token);
        let under_way = world.app.app.handle(file.clone().request(), IpAddr::from([192, 0, 2, 1]).into()).await;
        assert_eq!(under_way.status(), 200);
        world.ask(Ask::new("DELETE", &world.path(&format!("org-user-tokens/by-id/{id}")))).await;
        let body = http_body_util::BodyExt::collect(under_way.into_body()).await.unwrap().to_bytes();
        assert!(!body.is_empty(), "what was taken before is not cut off");
        assert_eq!(world.app.ask(file).await.status, 401);
    }
}

#[tokio::test]
async fn the_problems_of_the_organisation_api() {
    let world = world(Setup::default()).await;
    let (id, _) = world.issue("dev@acme.example").await;
    let rotate = format!("org-user-tokens/by-id/{id}/rotate");
    world.post(&rotate, "{}").await;
    let mut all = String::new();
    for (what, answer) in [
        (
            "a body in which everything is wrong",
            world.post("org-user-tokens", r#"{"user_identifier":"abc","expires_in":-1,"x":1}"#).await,
        ),
        (
            "a query in which everything is wrong",
            world.get("org-user-tokens?limit=0&status=dead&cursor=x&what=1").await,
        ),
        ("a second rotation", world.post(&rotate, "{}").await),
        ("an id of nobody", world.ask(Ask::new("DELETE", &world.path("org-user-tokens/by-id/TK1"))).await),
    ] {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        all += &format!("{what}: {} {}\n{body:#}\n", answer.status, answer.phrase.as_deref().unwrap_or("-"));
    }
    insta::assert_snapshot!(all);
    insta::assert_snapshot!(
        "an_issued_token",
        shown(
            &world.app,
            &world.post("org-user-tokens", r#"{"user_identifier":"dev@acme.example","expires_in":86400}"#).await
        )
    );
    insta::assert_snapshot!("a_page_of_tokens", shown(&world.app, &world.get("org-user-tokens").await));
}
