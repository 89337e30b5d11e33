//! What three nodes on one PostgreSQL do by the clock: once, by one of them, and by another if that one is killed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AuditId, OrgId, OrgTokenId};
use sekisho_core::org::{Role, UserIdentifier};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Random, Timestamp};
use sekisho_store::{NewAudit, NewOrgToken, Organisation, Store};

use crate::nodes::Ground;
use crate::support::gate::Gate;
use crate::support::wait_for;

const DAY: Duration = Duration::from_secs(86_400);

/// Other bytes each time.
struct Made;

impl Random for Made {
    fn fill(&self, out: &mut [u8]) {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        for part in out.chunks_mut(8) {
            let count = COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            part.copy_from_slice(&(count ^ count >> 29).to_le_bytes()[..part.len()]);
        }
    }
}

fn audit(at: Timestamp) -> NewAudit {
    let (id, actor, subject) = (AuditId::mint(at, &Made), "operator".into(), "it".into());
    NewAudit { id, at, actor, action: "org.created", subject, detail: "{}".into(), under: None }
}

/// An organisation whose tokens were given out a month ago, with how many days are left of each.
async fn organisation(store: &Store, now: Timestamp, managers: [&str; 2], days: &[u32]) {
    let made = now.minus(30 * DAY);
    let id = OrgId::mint(made, &Made);
    let new = Organisation::new(id, "acme", made);
    assert!(store.organisations().create(&new, &audit(made)).await.expect("a database"));
    for manager in managers {
        let email = EmailAddress::parse(manager).expect("an address");
        store.organisations().put_member(id, &email, Role::GuardManager, &audit(made)).await.expect("a database");
    }
    for (n, days) in days.iter().enumerate() {
        let identifier = UserIdentifier::parse(&format!("machine-{n}")).expect("an identifier");
        let plain = PlainToken::mint(TokenKind::Organisation, &Made);
        let ends = now.plus(*days * DAY);
        let token = NewOrgToken::of(OrgTokenId::mint(made, &Made), &plain, identifier, "operator", Some(ends));
        store.org_tokens().issue(id, &token, &audit(made), None).await.expect("a database");
    }
}

/// Three nodes that start at the same moment: what is done at a start, all of them try at once.
fn at_once(ground: &Ground) -> [Gate; 3] {
    std::thread::scope(|scope| {
        let starting = [(); 3].map(|()| {
            scope.spawn(|| {
                let launch = ground.launch(ground.url(), ground.post.port);
                launch.env("SEKISHO_LOG", "info,sekisho_server::jobs=debug").start()
            })
        });
        starting.map(|node| node.join().expect("a node"))
    })
}

#[test]
fn managers_are_told_once_of_tokens_that_end_however_many_nodes_look() {
    let ground = Ground::new();
    let managers = ["kei@example.com", "mai@example.com"];
    let now = ground.sql("SELECT (EXTRACT(EPOCH FROM now()) * 1000)::BIGINT").parse().expect("a number");
    ground.runtime.block_on(async {
        let store = ground.database.open().await;
        // More than one look takes at once, for both steps.
        let days: Vec<u32> = (0..240).map(|n| if n % 2 == 0 { 2 } else { 10 }).collect();
        organisation(&store, Timestamp(now), managers, &days).await;
        store.close().await;
    });
    let nodes = at_once(&ground);
    let told = || ground.sql("SELECT COUNT(*) FROM told").parse::<usize>().expect("a number");
    wait_for("the last of 240 tokens", Duration::from_secs(20), || (told() == 240).then_some(()));
    // Longer than any node waits before it looks into the outbox again.
    std::thread::sleep(Duration::from_secs(6));
    for manager in managers {
        let texts: Vec<String> = ground.post.mails(manager).into_iter().map(|letter| letter.0).collect();
        for n in 0..240 {
            let named = texts.iter().map(|text| text.matches(&format!("machine-{n},")).count()).sum::<usize>();
            assert_eq!(named, 1, "{manager} is told of machine-{n} once, in {} mails", texts.len());
        }
    }
    drop(nodes);
}

#[test]
fn one_node_forgets_old_rows_and_another_goes_on_when_it_is_killed() {
    let ground = Ground::new();
    ground.runtime.block_on(async { ground.database.open().await.close().await });
    // Ids begin with the moment of their row: most are older than the 400 days of the default.
    let rows = |count: u32, days: u32| {
        ground.sql(&format!(
            "INSERT INTO entries (id, at, ecosystem, name, version, file, outcome, reason, advisories, owner_id, token_id, \
             client_name, client_version, address) SELECT (lpad(to_hex(ms), 12, '0') || '7000' || '8000' || \
             lpad(to_hex(n), 12, '0'))::uuid, ms, 'npm', 'a', '1.0.0', 'a-1.0.0.tgz', 'answered', '', '', \
             gen_random_uuid(), gen_random_uuid(), 'npm', '11', '' FROM (SELECT n, \
             (EXTRACT(EPOCH FROM now() - interval '{days} days') * 1000)::BIGINT AS ms FROM generate_series(1, {count}) n) r"
        ))
    };
    rows(60_000, 500);
    rows(10, 100);
    let left = || ground.sql("SELECT COUNT(*) FROM entries").parse::<u32>().expect("a number");
    let mut nodes = at_once(&ground);
    let began = Instant::now();
    let waits = |node: &Gate| node.log().contains("another node tidies the ledger");
    wait_for("two nodes that wait", Duration::from_secs(10), || {
        (nodes.iter().filter(|node| waits(node)).count() == 2).then_some(())
    });
    wait_for("some rows to go", Duration::from_secs(20), || (left() < 59_000).then_some(()));
    let worker = nodes.iter_mut().find(|node| !waits(node)).expect("one that works");
    worker.kill();
    let at_kill = left();
    assert!(at_kill > 1000 && at_kill < 60_010, "killed in the middle of its round: {at_kill} rows are left");
    std::thread::sleep(Duration::from_secs(2));
    let untouched = left();
    wait_for("the end of the round", Duration::from_secs(90), || (left() == 10).then_some(()));
    let finished = |node: &&Gate| node.log().contains("had their time were removed");
    wait_for("who did it", Duration::from_secs(10), || nodes.iter().any(|node| finished(&node)).then_some(()));
    assert_eq!(nodes.iter().filter(finished).count(), 1, "one of the two others did the rest");
    println!(
        "nodes: of 60,000 old rows {} were left when the node was killed, {untouched} two seconds later; all were gone after {:.0} s",
        at_kill - 10,
        began.elapsed().as_secs_f64()
    );
}
