//! When entries begin and end to count: on this node, on others, after a restart, by their own end; and what happens where
//! they can't be read.

use std::time::{Duration, Instant};

use sekisho_core::policy::Effect;
use sekisho_server::jobs;

use super::*;
use crate::support::{assert_problem, on_both_engines};

const TARBALL: &str = "/npm/lib/-/lib-2.0.0.tgz";

on_both_engines! {
    async fn another_node_follows_within_a_second(setup) {
        let world = world(setup).await;
        let key = world.own[0].as_str();
        let node = world.app.another_node().await;
        let following = tokio::spawn(jobs::own_entries::run(node.app.clone()));
        let becomes = async |status: u16| {
            let began = Instant::now();
            while node.ask(Ask::get(TARBALL).bearer(key)).await.status != status {
                assert!(began.elapsed() < Duration::from_secs(1), "not {status} after a second");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        becomes(302).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        let id = world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
        becomes(403).await;
        world.app.remove_rule(world.acme, id).await;
        becomes(302).await;
        following.abort();
    }

    async fn they_survive_reloads_and_restarts_and_end_by_the_clock_or_when_they_are_taken_off(setup) {
        let mut world = world(setup).await;
        let key = world.own[0].clone();
        let end = world.app.app.clock.now().plus(Duration::from_secs(3600));
        let id = world.app.rule(world.acme, Effect::Block, "pkg:npm/lib", None).await;
        world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", Some(end)).await;
        world.follow().await;
        let tarball = async |world: &World| world.app.ask(Ask::get(TARBALL).bearer(&key)).await.status;
        assert_eq!(tarball(&world).await, 403);
        world.app.set_malware(&[("MAL-9", "pkg:npm/other")]);
        assert_eq!(tarball(&world).await, 403);
        world.app.restart().await;
        assert_eq!(tarball(&world).await, 403);
        world.app.remove_rule(world.acme, id).await;
        world.follow().await;
        assert_eq!(tarball(&world).await, 403, "the other one counts on");
        assert_eq!(world.app.ask(Ask::get("/npm/lib/-/lib-1.0.0.tgz").bearer(&key)).await.status, 302);
        world.app.advance(3599);
        assert_eq!(tarball(&world).await, 403);
        world.app.advance(1);
        assert_eq!(tarball(&world).await, 302);
        let body = get(&world.app, "/npm/lib", FULL, Some(&key)).await.json();
        assert_eq!(body["dist-tags"]["latest"], "2.0.0");
    }

    async fn nobody_of_an_organisation_gets_anything_before_its_entries_were_looked_for(setup) {
        let world = world(setup).await;
        world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
        let node = world.app.unaware_node().await;
        for (key, _) in world.everybody() {
            let of_organisation = world.own.iter().map(String::as_str).chain(world.others[0].as_deref()).any(|k| Some(k) == key);
            for path in ["/npm/lib", TARBALL, "/pypi/simple/lib/", "/why/npm/lib/2.0.0"] {
                let answer = node.ask(with(Ask::get(path), key)).await;
                match of_organisation {
                    true => assert_problem(&answer, 503, "database_unavailable"),
                    false => assert!(matches!(answer.status, 200 | 302), "{}", answer.show()),
                }
            }
        }
        node.follow().await;
        assert_eq!(node.ask(Ask::get(TARBALL).bearer(&world.own[0])).await.status, 403);
        assert_eq!(node.ask(with(Ask::get(TARBALL), world.others[0].as_deref())).await.status, 302);
    }

    async fn entries_that_cannot_be_read_stop_their_organisation_alone(setup) {
        let world = world(setup).await;
        let id = world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
        let spoil = "UPDATE org_rules SET effect = 'forbid'";
        world.app.database.execute(spoil).await;
        world.follow().await;
        for round in 0..2 {
            for (key, own) in world.everybody() {
                let answer = get(&world.app, TARBALL, "*/*", key).await;
                match own {
                    true => assert_problem(&answer, 503, "database_unavailable"),
                    false => assert_eq!(answer.status, 302, "{round}"),
                }
            }
            world.follow().await;
        }
        world.app.remove_rule(world.acme, id).await;
        world.follow().await;
        assert_eq!(get(&world.app, TARBALL, "*/*", Some(&world.own[0])).await.status, 302);
    }

    async fn with_the_database_down_what_is_known_counts_on(setup) {
        let world = world(setup).await;
        world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
        world.follow().await;
        let key = Some(world.own[0].as_str());
        assert_eq!(get(&world.app, "/npm/lib/2.0.0", FULL, key).await.status, 403);
        world.app.app.store.close().await;
        assert!(world.app.app.follow_entries().await.unwrap_err().is_unavailable());
        assert_eq!(get(&world.app, "/npm/lib/2.0.0", FULL, key).await.status, 403);
        assert_eq!(get(&world.app, "/npm/lib/1.0.0", FULL, key).await.status, 200);
    }
}
