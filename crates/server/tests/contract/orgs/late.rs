//! Authority that ends while a call is under way: what was known when the request began is asked again in the transaction.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use bytes::Bytes;
use sekisho_core::org::Role;
use sekisho_testkit::{Answer, Ask, TestApp, TestBot};
use tokio::sync::mpsc;

use super::{World, world};
use crate::support::{assert_problem, on_both_engines};

const NEW: &str = r#"{"user_identifier":"new@acme.example"}"#;

/// What can end, in a transaction of somebody else's. This node's memory hears nothing of it.
#[derive(Clone, Copy, Debug)]
enum End {
    Key,
    Bot,
    Role(Role),
    Guard,
    Organisation,
}

impl End {
    async fn happen(self, world: &World, bot: &TestBot) {
        let (app, audit) = (&world.app, world.app.operated("test"));
        let store = &app.app.store;
        let mut changes = match self {
            End::Key => {
                assert!(store.bots().revoke_key(world.org, bot.id, bot.key_id, &audit).await.unwrap());
                return;
            }
            End::Guard => return app.change_organisation(world.org, |org| org.guard = false).await,
            End::Bot | End::Role(_) | End::Organisation => store.organisations().begin().await.unwrap(),
        };
        assert!(match self {
            End::Bot => changes.remove_bot(world.org, bot.id, &audit).await.unwrap(),
            End::Role(role) => changes.set_bot_role(world.org, bot.id, role, &audit).await.unwrap(),
            _ => changes.remove(world.org, &audit).await.unwrap(),
        });
        changes.commit().await.unwrap();
    }

    fn answer(self) -> (u16, &'static str) {
        match self {
            End::Key | End::Bot | End::Organisation => (401, "invalid_token"),
            End::Role(_) => (403, "insufficient_role"),
            End::Guard => (403, "guard_not_enabled"),
        }
    }
}

/// Sends the head and half of the body, lets `meanwhile` happen, then sends the rest.
async fn slowly(app: &TestApp, ask: Ask, body: &'static str, meanwhile: impl Future<Output = ()>) -> Answer {
    let (parts, _) = ask.request().into_parts();
    let (send, mut receive) = mpsc::channel::<Bytes>(1);
    let (begun, mut reads) = mpsc::channel::<()>(2);
    let stream = futures_util::stream::poll_fn(move |context| {
        let _ = begun.try_send(());
        receive.poll_recv(context).map(|part| part.map(Ok::<_, std::io::Error>))
    });
    let request = http::Request::from_parts(parts, Body::from_stream(stream));
    let (first, rest) = body.split_at(body.len() / 2);
    let sending = async {
        reads.recv().await.expect("the body is read");
        send.send(Bytes::from_static(first.as_bytes())).await.unwrap();
        meanwhile.await;
        send.send(Bytes::from_static(rest.as_bytes())).await.unwrap();
        drop(send);
    };
    let (response, ()) = tokio::join!(app.app.handle(request, IpAddr::from([192, 0, 2, 1]).into()), sending);
    Answer::read(response).await
}

/// How many tokens there are, in all and of those that count, and how many rows the audit log has of calls.
async fn counts(world: &World) -> (usize, usize, usize) {
    let store = &world.app.app.store;
    let (mut page, now) = (
        sekisho_store::OrgTokenPage { prefix: Default::default(), status: None, after: None, limit: 1000 },
        world.app.app.clock.now(),
    );
    let all = store.org_tokens().page(world.org, &page, now).await.unwrap().len();
    page.status = Some(sekisho_store::TokenStatus::Active);
    let active = store.org_tokens().page(world.org, &page, now).await.unwrap().len();
    let last = sekisho_core::id::AuditId(uuid::Uuid::max());
    let rows = store.audit().page(world.org, &Default::default(), last, 1000).await.unwrap();
    (all, active, rows.iter().filter(|row| row.actor.starts_with("BT")).count())
}

on_both_engines! {
    async fn authority_that_ends_between_head_and_body_changes_nothing(setup) {
        let mut world = world(setup).await;
        for (n, end) in [End::Key, End::Bot, End::Role(Role::GuardViewer), End::Guard, End::Organisation].into_iter().enumerate() {
            world.org = world.app.organisation(&format!("late-{n}")).await;
            let token = world.app.org_token(world.org, "old@acme.example", None).await.id;
            let rotate = format!("org-user-tokens/by-id/{token}/rotate");
            let calls = [("org-user-tokens", NEW), (rotate.as_str(), r#"{"overlap_seconds":60}"#), ("org-user-tokens/probe", r#"{"token":"x"}"#)];
            // The organisation is there once; all other things end for a bot of each call.
            for (place, (path, body)) in calls.into_iter().enumerate() {
                if matches!(end, End::Organisation) && place > 0 {
                    continue;
                }
                if matches!(end, End::Guard) {
                    world.app.change_organisation(world.org, |org| org.guard = true).await;
                }
                let bot = world.app.bot(world.org, Role::GuardManager).await;
                let ask = Ask::post(&world.path(path), "").bearer(&bot.credential);
                let before = counts(&world).await;
                let answer = slowly(&world.app, ask, body, end.happen(&world, &bot)).await;
                let (status, code) = end.answer();
                assert_problem(&answer, status, code);
                if status == 401 {
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
                }
                let after = counts(&world).await;
                assert_eq!((after.0, after.2), (before.0, before.2), "{end:?} {path}");
            }
        }
    }

    async fn authority_that_goes_on_is_not_disturbed_by_a_slow_body_or_a_role_that_still_has_the_right(setup) {
        let world = world(setup).await;
        let bot = world.app.bot(world.org, Role::GuardManager).await;
        let ask = Ask::post(&world.path("org-user-tokens"), "").bearer(&bot.credential);
        let end = End::Role(Role::GuardTokenIssuer);
        assert_eq!(slowly(&world.app, ask, NEW, end.happen(&world, &bot)).await.status, 201);
    }

    async fn a_node_that_has_not_heard_of_the_end_changes_nothing_by_any_call(setup) {
        let world = world(setup).await;
        let token = world.app.org_token(world.org, "old@acme.example", None).await.id;
        let issue = |credential: &str| {
            let ask = Ask::post(&world.path("org-user-tokens"), NEW).bearer(credential);
            ask.header("idempotency-key", "0123456789abcdef")
        };
        let export = |path: &str| Ask::get(&world.path(path)).header("accept", "text/csv");
        let by_id = world.path(&format!("org-user-tokens/by-id/{token}"));
        let calls = [
            Ask::post(&world.path("org-user-tokens"), NEW),
            Ask::post(&format!("{by_id}/rotate"), "{}"),
            Ask::new("DELETE", &by_id),
            export("audit"),
            export("installs"),
        ];
        for end in [End::Key, End::Role(Role::GuardTokenIssuer), End::Guard] {
            let bot = world.app.bot(world.org, Role::GuardManager).await;
            assert_eq!(world.app.ask(issue(&bot.credential)).await.status, 201);
            let before = counts(&world).await;
            end.happen(&world, &bot).await;
            for (n, call) in calls.iter().enumerate().filter(|(n, _)| !matches!(end, End::Role(_)) || *n > 0) {
                let answer = world.app.ask(call.clone().bearer(&bot.credential)).await;
                assert_problem(&answer, end.answer().0, end.answer().1);
                assert_eq!(counts(&world).await, before, "{end:?}, call {n}");
            }
            // What was shown to it before is not shown again.
            let again = world.app.ask(issue(&bot.credential)).await;
            assert_eq!(again.status == 201, matches!(end, End::Role(_)), "{}", again.show());
        }
    }

    async fn nothing_is_issued_after_a_revocation_returned(setup) {
        let world = Arc::new(world(setup).await);
        let bot = world.app.bot(world.org, Role::GuardManager).await;
        let stop = Arc::new(AtomicBool::new(false));
        let asks: Vec<_> = (0..4).map(|_| {
            let (world, credential, stop) = (world.clone(), bot.credential.clone(), stop.clone());
            tokio::spawn(async move {
                let mut issued = 0;
                while !stop.load(Ordering::SeqCst) {
                    let answer = world.app.ask(Ask::post(&world.path("org-user-tokens"), NEW).bearer(&credential)).await;
                    assert!(matches!(answer.status, 201 | 401), "{}", answer.show());
                    issued += usize::from(answer.status == 201);
                }
                issued
            })
        }).collect();
        while counts(&world).await.0 < 8 {
            tokio::task::yield_now().await;
        }
        End::Key.happen(&world, &bot).await;
        let then = counts(&world).await.0;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stop.store(true, Ordering::SeqCst);
        let mut issued = 0;
        for ask in asks {
            issued += ask.await.unwrap();
        }
        assert_eq!((counts(&world).await.0, issued), (then, then), "none came after, and each was told of");
    }
}
