//! Tokens that end: managers are told before, and when one is used after.

use std::time::Duration;

use sekisho_core::org::Role;
use sekisho_server::jobs::token_ends;
use sekisho_testkit::{Ask, TestApp};

use super::world;
use crate::support::on_both_engines;

const DAY: u64 = 24 * 60 * 60;

async fn told(app: &TestApp) -> Vec<(String, String)> {
    token_ends::remind(&app.app).await.unwrap();
    token_ends::tell_uses(&app.app).await.unwrap();
    let mut mails: Vec<_> = app.mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    mails.sort();
    mails
}

on_both_engines! {
    async fn managers_are_told_once_at_each_step_and_of_several_tokens_in_one_mail(setup) {
        let world = world(setup).await;
        let app = &world.app;
        for (email, role) in [("owner@a.example", Role::Owner), ("manager@a.example", Role::GuardManager), ("viewer@a.example", Role::GuardViewer)] {
            app.member(world.org, email, role).await;
        }
        let now = app.app.clock.now();
        let end = |days: u64| Some(now.plus(Duration::from_secs(days * DAY)));
        for (name, days) in [("dev1", end(20)), ("dev2", end(20)), ("short", end(2)), ("late", end(90)), ("ever", None)] {
            app.org_token(world.org, &format!("{name}@a"), days).await;
        }
        let node = app.another_node().await;
        assert_eq!(told(app).await, []);
        for days in [14, 3] {
            app.advance(if days == 14 { 7 * DAY } else { 11 * DAY });
            let (one, two) = tokio::join!(token_ends::remind(&app.app), token_ends::remind(&node.app));
            one.unwrap();
            two.unwrap();
            let subject = format!("Sekisho tokens of your organisation end within {days} days");
            let wanted = ["manager@a.example", "owner@a.example"].map(|to| (to.to_owned(), subject.clone()));
            assert_eq!(told(app).await, wanted);
            assert_eq!(told(app).await, [], "once");
        }
    }

    async fn a_use_after_the_end_is_in_the_log_and_told_once_a_day_whichever_node_saw_it(setup) {
        let world = world(setup).await;
        let app = &world.app;
        app.member(world.org, "owner@a.example", Role::Owner).await;
        let token = app.org_token(world.org, "leaver@a", Some(app.app.clock.now())).await;
        let node = app.another_node().await;
        for day in 1..3 {
            for _ in 0..5 {
                assert_eq!(app.ask(Ask::get("/npm/left-pad").bearer(&token.key)).await.status, 401);
                assert_eq!(node.ask(Ask::get("/npm/left-pad").bearer(&token.key)).await.status, 401);
            }
            token_ends::tell_uses(&node.app).await.unwrap();
            let subject = "A Sekisho token of your organisation was used after its end".to_owned();
            assert_eq!(told(app).await, [("owner@a.example".to_owned(), subject)]);
            let log = world.get("audit?action=token.used_after_end").await.json();
            let rows = log["items"].as_array().unwrap();
            assert_eq!((rows.len(), &rows[0]["subject"]), (day, &token.id.to_string().into()));
            app.advance(DAY);
        }
    }
}
