//! Organisations: members, bots, tokens and the audit log.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, BotId, BotKeyId, OrgId, OrgTokenId};
use sekisho_core::org::{IdentifierPrefix, Role, UserIdentifier};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{
    AuditFilter, Bot, MemberChange, NewAudit, NewBotKey, NewOrgToken, NewRepeat, OrgTokenPage, Organisation, Rotated,
    Store, TokenStatus, on_both_engines,
};
use uuid::Uuid;

fn token(identifier: &str, expires_at: Option<Timestamp>) -> (PlainToken, NewOrgToken) {
    let plain = PlainToken::mint(TokenKind::Organisation, &CHANCE);
    let identifier = UserIdentifier::parse(identifier).unwrap();
    let new = NewOrgToken::of(OrgTokenId::mint(NOW, &CHANCE), &plain, identifier, "operator", expires_at);
    (plain, new)
}

async fn issue(store: &Store, org: OrgId, identifier: &str) -> (PlainToken, OrgTokenId) {
    let (plain, new) = token(identifier, None);
    store.org_tokens().issue(org, &new, &audit("token.issued", 0), None).await.unwrap();
    (plain, new.id)
}

fn page(prefix: &str, status: Option<TokenStatus>, limit: u32) -> OrgTokenPage {
    OrgTokenPage { prefix: IdentifierPrefix::parse(prefix).unwrap(), status, after: None, limit }
}

async fn identifiers(store: &Store, org: OrgId, page: &OrgTokenPage, now: Timestamp) -> Vec<String> {
    let rows = store.org_tokens().page(org, page, now).await.unwrap();
    rows.iter().map(|row| row.identifier.to_string()).collect()
}

on_both_engines! {
    async fn a_name_belongs_to_one_organisation(database) {
        let store = database.open().await;
        let id = org(&store, "acme").await;
        let again = new_org(OrgId::mint(NOW, &CHANCE), "acme");
        assert!(!store.organisations().create(&again, &audit("org.created", 0)).await.unwrap());
        assert_eq!(store.organisations().find_by_name("acme").await.unwrap().unwrap().id, id);
        assert_eq!(store.organisations().all().await.unwrap().len(), 1);
        assert_eq!(store.organisations().find(again.id).await.unwrap(), None);
    }

    async fn the_last_owner_stays(database) {
        let store = database.open().await;
        let (org, orgs) = (org(&store, "acme").await, store.organisations());
        let (a, b) = (email("a@acme.example"), email("b@acme.example"));
        let put = async |who, role| orgs.put_member(org, who, role, &audit("member.put", 1)).await.unwrap();
        let remove = async |who| orgs.remove_member(org, who, &audit("member.removed", 2)).await.unwrap();
        assert_eq!(put(&a, Role::Owner).await, MemberChange::Done);
        assert_eq!(put(&a, Role::Owner).await, MemberChange::Unchanged);
        assert_eq!(put(&a, Role::GuardViewer).await, MemberChange::LastOwner);
        assert_eq!(remove(&a).await, MemberChange::LastOwner);
        assert_eq!(remove(&b).await, MemberChange::Absent);
        assert_eq!(put(&b, Role::Owner).await, MemberChange::Done);
        assert_eq!(put(&a, Role::GuardManager).await, MemberChange::Done);
        assert_eq!(remove(&b).await, MemberChange::LastOwner);
        assert_eq!(remove(&a).await, MemberChange::Done);
        let members = orgs.members(org).await.unwrap();
        assert_eq!(members.iter().map(|m| (m.email.as_str(), m.role)).collect::<Vec<_>>(), [("b@acme.example", Role::Owner)]);
    }

    async fn two_owners_who_leave_at_once_leave_one(database) {
        let store = database.open().await;
        let org = org(&store, "acme").await;
        let both = [email("a@acme.example"), email("b@acme.example")];
        for who in &both {
            store.organisations().put_member(org, who, Role::Owner, &audit("member.put", 1)).await.unwrap();
        }
        let leaving = both.map(|who| {
            let store = store.clone();
            tokio::spawn(async move {
                store.organisations().remove_member(org, &who, &audit("member.removed", 2)).await.unwrap()
            })
        });
        let mut done = Vec::new();
        for task in leaving {
            done.push(task.await.unwrap());
        }
        done.sort_by_key(|change| *change == MemberChange::LastOwner);
        assert_eq!(done, [MemberChange::Done, MemberChange::LastOwner]);
    }

    async fn an_organisation_that_was_removed_frees_its_name_and_ends_what_it_gave_out(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        let (plain, _) = issue(&store, acme, "me@acme.example").await;
        let (kept, _) = issue(&store, other, "me@other.example").await;
        let bot = Bot { id: BotId::mint(NOW, &CHANCE), org: acme, name: "ci".into(), role: Role::Owner, created_at: NOW };
        assert!(store.bots().create(&bot, &audit("bot.created", 0)).await.unwrap());
        let key = PlainToken::mint(TokenKind::BotKey, &CHANCE);
        let row = NewBotKey::of(BotKeyId::mint(NOW, &CHANCE), &key);
        assert!(store.bots().add_key(acme, bot.id, &row, &audit("key.added", 1), None).await.unwrap());
        store.organisations().put_member(acme, &email("a@acme.example"), Role::Owner, &audit("member.put", 1)).await.unwrap();

        let mut changes = store.organisations().begin().await.unwrap();
        assert!(changes.remove(acme, &audit("org.removed", 5)).await.unwrap());
        assert!(!changes.remove(acme, &audit("org.removed", 5)).await.unwrap());
        changes.commit().await.unwrap();

        assert_eq!(store.organisations().find(acme).await.unwrap(), None);
        assert_eq!(store.organisations().find_by_name("acme").await.unwrap(), None);
        assert_eq!(store.organisations().all().await.unwrap().len(), 1);
        assert!(store.organisations().members(acme).await.unwrap().is_empty());
        assert_eq!(store.bots().find_by_key(&key.hash()).await.unwrap(), None);
        let dead = store.org_tokens().find_by_hash(&plain.hash()).await.unwrap().unwrap();
        assert_eq!((dead.revoked_at, dead.guard), (Some(later(5)), false));
        let ended = store.revocations().since(later(5)).await.unwrap();
        let ended: Vec<_> = ended.into_iter().map(|(hash, _)| hash).collect();
        assert!(ended.contains(&plain.hash()) && ended.contains(&key.hash()) && !ended.contains(&kept.hash()));
        assert!(store.org_tokens().find_by_hash(&kept.hash()).await.unwrap().unwrap().revoked_at.is_none());
        assert_eq!(store.organisations().changed_since(later(5)).await.unwrap(), [(acme, later(5))]);
        assert_eq!(store.audit().page(acme, &AuditFilter::default(), AuditId(Uuid::max()), 1).await.unwrap()[0].action, "org.removed");
        assert!(org(&store, "acme").await != acme, "the name is free again");
    }

    async fn of_two_changes_at_once_neither_undoes_the_other(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let change = |edit: fn(&mut Organisation)| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut changes = store.organisations().begin().await.unwrap();
                let mut new = changes.lock(acme).await.unwrap().unwrap();
                edit(&mut new);
                assert!(changes.change(&new, &audit("org.changed", 1)).await.unwrap());
                changes.commit().await.unwrap();
            })
        };
        let tasks = [
            change(|new| new.guard = false),
            change(|new| new.max_token_seconds = Some(60)),
            change(|new| new.retention_days = Some(30)),
            change(|new| new.name = "acme2".into()),
        ];
        for task in tasks {
            task.await.unwrap();
        }
        let now = store.organisations().find(acme).await.unwrap().unwrap();
        let found = (now.guard, now.max_token_seconds, now.retention_days, now.name.as_str());
        assert_eq!(found, (false, Some(60), Some(30), "acme2"));
        org(&store, "other").await;
        let mut changes = store.organisations().begin().await.unwrap();
        let taken = Organisation { name: "other".into(), ..now };
        assert!(!changes.change(&taken, &audit("org.changed", 2)).await.unwrap(), "the name is taken");
    }

    async fn changes_happen_together_or_not_at_all(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let member = email("a@acme.example");
        let mut changes = store.organisations().begin().await.unwrap();
        let id = OrgId::mint(NOW, &CHANCE);
        assert!(changes.create(&new_org(id, "fresh"), &audit("org.created", 1)).await.unwrap());
        changes.put_member(acme, &member, Role::Owner, &audit("member.put", 1)).await.unwrap();
        assert_eq!(changes.members(acme).await.unwrap().len(), 1, "they see each other");
        drop(changes);
        assert_eq!(store.organisations().all().await.unwrap().len(), 1);
        assert!(store.organisations().members(acme).await.unwrap().is_empty());
    }

    async fn a_bot_is_found_by_each_of_its_keys_until_it_or_the_key_ends(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        let bot = Bot {
            id: BotId::mint(NOW, &CHANCE), org: acme, name: "ci".into(), role: Role::GuardTokenIssuer, created_at: NOW,
        };
        assert!(store.bots().create(&bot, &audit("bot.created", 0)).await.unwrap());
        let same = Bot { id: BotId::mint(NOW, &CHANCE), ..bot.clone() };
        assert!(!store.bots().create(&same, &audit("bot.created", 0)).await.unwrap(), "the name is taken");
        let keys = [0, 1].map(|_| PlainToken::mint(TokenKind::BotKey, &CHANCE));
        let rows = keys.each_ref().map(|key| NewBotKey::of(BotKeyId::mint(NOW, &CHANCE), key));
        for row in &rows {
            assert!(store.bots().add_key(acme, bot.id, row, &audit("key.added", 1), None).await.unwrap());
            assert!(!store.bots().add_key(other, bot.id, row, &audit("key.added", 1), None).await.unwrap());
        }
        let holder = async |key: &PlainToken| store.bots().find_by_key(&key.hash()).await.unwrap();
        assert_eq!(holder(&keys[0]).await.unwrap().bot, bot);
        store.bots().touch_keys(&[(rows[0].id, later(9))]).await.unwrap();
        store.bots().touch_keys(&[(rows[0].id, later(3))]).await.unwrap();
        let used = store.bots().keys(acme, bot.id).await.unwrap().into_iter().find(|key| key.id == rows[0].id);
        assert_eq!(used.unwrap().last_used_at, Some(later(9)));
        assert!(store.bots().keys(other, bot.id).await.unwrap().is_empty(), "another organisation's");
        assert!(!store.bots().revoke_key(other, bot.id, rows[0].id, &audit("key.revoked", 2)).await.unwrap());
        assert!(store.bots().revoke_key(acme, bot.id, rows[0].id, &audit("key.revoked", 2)).await.unwrap());
        assert!(!store.bots().revoke_key(acme, bot.id, rows[0].id, &audit("key.revoked", 2)).await.unwrap());
        assert_eq!(holder(&keys[0]).await, None);
        assert!(holder(&keys[1]).await.is_some());
        let mut changes = store.organisations().begin().await.unwrap();
        assert!(!changes.set_bot_role(other, bot.id, Role::GuardViewer, &audit("bot.changed", 3)).await.unwrap());
        assert!(changes.set_bot_role(acme, bot.id, Role::GuardViewer, &audit("bot.changed", 3)).await.unwrap());
        changes.commit().await.unwrap();
        assert_eq!(holder(&keys[1]).await.unwrap().bot.role, Role::GuardViewer);
        assert!(!store.bots().remove(other, bot.id, &audit("bot.removed", 3)).await.unwrap());
        assert!(store.bots().remove(acme, bot.id, &audit("bot.removed", 3)).await.unwrap());
        assert_eq!(holder(&keys[1]).await, None);
        assert!(store.bots().create(&same, &audit("bot.created", 4)).await.unwrap(), "the name is free again");
    }

    async fn a_token_is_found_by_its_hash_and_by_its_id_in_its_own_organisation_only(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        let (plain, id) = issue(&store, acme, "me@acme.example").await;
        let row = store.org_tokens().find_by_hash(&plain.hash()).await.unwrap().unwrap();
        assert_eq!((row.id, row.org, row.hint.as_str(), row.guard), (id, acme, plain.hint().as_str(), true));
        assert_eq!(store.org_tokens().find(acme, id).await.unwrap(), Some(row));
        assert_eq!(store.org_tokens().find(other, id).await.unwrap(), None);
        assert_eq!(store.org_tokens().revoke(other, id, &audit("token.revoked", 1)).await.unwrap(), None);
        let mut changes = store.organisations().begin().await.unwrap();
        let mut new = changes.lock(acme).await.unwrap().unwrap();
        new.guard = false;
        assert!(changes.change(&new, &audit("org.changed", 5)).await.unwrap());
        changes.commit().await.unwrap();
        assert!(!store.org_tokens().find_by_hash(&plain.hash()).await.unwrap().unwrap().guard);
        assert_eq!(store.organisations().changed_since(later(5)).await.unwrap(), [(acme, later(5))]);
    }

    async fn a_search_by_beginning_is_a_range_and_no_pattern(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        for identifier in ["a_b1", "a_b2", "axb3", "A_b4", "a-b5", "a_~", "b_b6"].iter().filter(|i| !i.contains('~')) {
            issue(&store, acme, identifier).await;
        }
        assert_eq!(identifiers(&store, acme, &page("a_", None, 10), NOW).await, ["a_b1", "a_b2"]);
        assert_eq!(identifiers(&store, acme, &page("A", None, 10), NOW).await, ["A_b4"]);
        assert_eq!(identifiers(&store, acme, &page("", None, 10), NOW).await.len(), 6);
        assert_eq!(identifiers(&store, acme, &page("a_b1", None, 10), NOW).await, ["a_b1"], "the whole identifier");
        assert!(identifiers(&store, acme, &page("zz", None, 10), NOW).await.is_empty());
    }

    async fn pages_stay_right_while_rows_are_added(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        for number in 0..5 {
            issue(&store, acme, &format!("user{number}")).await;
        }
        // The same identifier may have several.
        issue(&store, acme, "user2").await;
        let mut seen = Vec::new();
        let mut next = page("user", None, 2);
        loop {
            let rows = store.org_tokens().page(acme, &next, NOW).await.unwrap();
            let Some(last) = rows.last() else { break };
            next.after = Some((last.identifier.clone(), last.id));
            seen.extend(rows.iter().map(|row| row.identifier.to_string()));
            // Before and after the page's end.
            issue(&store, acme, "user0").await;
            if seen.len() == 2 {
                issue(&store, acme, "user9").await;
            }
        }
        assert_eq!(seen, ["user0", "user1", "user2", "user2", "user3", "user4", "user9"]);
    }

    async fn pages_lead_back_the_way_they_came(database) {
        let store = database.open().await;
        let (acme, other) = (org(&store, "acme").await, org(&store, "other").await);
        for identifier in ["a-1x", "a-2x", "a-2x", "a-3x", "a-4x", "a-5x", "b-1x"] {
            issue(&store, acme, identifier).await;
            issue(&store, other, identifier).await;
        }
        let tokens = store.org_tokens();
        let place = |row: &sekisho_store::OrgTokenRow| Some((row.identifier.clone(), row.id));
        for (status, wanted) in [(None, 6), (Some(TokenStatus::Active), 6), (Some(TokenStatus::Revoked), 0)] {
            let all = tokens.page(acme, &page("a-", status, 100), later(1)).await.unwrap();
            assert_eq!(all.len(), wanted, "{status:?}");
            assert_eq!(tokens.page_before(acme, &page("a-", status, 100), later(1)).await.unwrap(), all, "{status:?}");
            for (at, row) in all.iter().enumerate() {
                let back = OrgTokenPage { after: place(row), ..page("a-", status, 2) };
                let before = tokens.page_before(acme, &back, later(1)).await.unwrap();
                assert_eq!(before, all[at.saturating_sub(2)..at], "before row {at}");
            }
        }
    }

    async fn many_tokens_are_issued_together_or_not_at_all(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let made: Vec<_> = (0..50).map(|n| (token(&format!("dev-{n:02}"), None), audit("token.issued", n))).collect();
        let many: Vec<_> = made.iter().map(|((_, new), audit)| (new, audit)).collect();
        let once = NewRepeat { scope: [1; 32], request: [2; 32], sealed: Vec::new() };
        let tokens = store.org_tokens();
        let count = async || tokens.page(acme, &page("", None, 100), NOW).await.unwrap().len();
        let rows = async || store.audit().page(acme, &AuditFilter::default(), AuditId(Uuid::max()), 100).await.unwrap().len();
        // The last one is there already: nothing of the others stays.
        tokens.issue(acme, &made[49].0.1, &audit("token.issued", 0), None).await.unwrap();
        assert!(tokens.issue_all(acme, &many, Some(&once)).await.is_err());
        assert_eq!((count().await, rows().await), (1, 2));
        assert!(tokens.issue_all(acme, &many[..49], Some(&once)).await.unwrap(), "and the mark was not left either");
        assert_eq!((count().await, rows().await), (50, 51));
        let more: Vec<_> = (0..2).map(|n| (token(&format!("new-{n}"), None), audit("token.issued", n))).collect();
        let more: Vec<_> = more.iter().map(|((_, new), audit)| (new, audit)).collect();
        assert!(!tokens.issue_all(acme, &more, Some(&once)).await.unwrap(), "the same form once more");
        assert!(tokens.issue_all(acme, &[], None).await.unwrap());
        assert_eq!((count().await, rows().await), (50, 51));
        for ((plain, new), _) in &made {
            let row = tokens.find_by_hash(&plain.hash()).await.unwrap().unwrap();
            assert_eq!((row.id, row.identifier), (new.id, new.identifier.clone()));
        }
    }

    async fn a_page_can_be_of_one_status(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        issue(&store, acme, "alive").await;
        let (_, dead) = issue(&store, acme, "dead").await;
        store.org_tokens().revoke(acme, dead, &audit("token.revoked", 1)).await.unwrap().unwrap();
        let (_, ending) = token("ending", Some(later(10)));
        store.org_tokens().issue(acme, &ending, &audit("token.issued", 0), None).await.unwrap();
        for (status, before, after) in [
            (TokenStatus::Active, vec!["alive", "ending"], vec!["alive"]),
            (TokenStatus::Revoked, vec!["dead"], vec!["dead"]),
            (TokenStatus::Expired, vec![], vec!["ending"]),
        ] {
            assert_eq!(identifiers(&store, acme, &page("", Some(status), 10), later(9)).await, before);
            assert_eq!(identifiers(&store, acme, &page("", Some(status), 10), later(10)).await, after);
        }
    }

    async fn a_rotation_ends_the_old_token_at_once_or_after_an_overlap(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let (old_plain, old) = issue(&store, acme, "me@acme.example").await;
        let (_, new) = token("me@acme.example", None);
        let tokens = store.org_tokens();
        let rotated = tokens.rotate(acme, old, &new, Some(later(60)), &audit("token.rotated", 10), None).await.unwrap();
        assert_eq!(rotated, Rotated::Done { old: old_plain.hash() });
        let row = tokens.find(acme, old).await.unwrap().unwrap();
        assert_eq!((row.status(later(59)), row.status(later(60))), (TokenStatus::Active, TokenStatus::Expired));
        assert_eq!(row.replaced_by, Some(new.id));
        assert_eq!(tokens.find(acme, new.id).await.unwrap().unwrap().replaces, Some(old));
        let (_, third) = token("me@acme.example", None);
        let again = tokens.rotate(acme, old, &third, None, &audit("token.rotated", 11), None).await.unwrap();
        assert_eq!(again, Rotated::Before);
        assert_eq!(tokens.find(acme, third.id).await.unwrap(), None, "nothing is half done");
        let at_once = tokens.rotate(acme, new.id, &third, None, &audit("token.rotated", 12), None).await.unwrap();
        assert!(matches!(at_once, Rotated::Done { .. }), "{at_once:?}");
        let row = tokens.find(acme, new.id).await.unwrap().unwrap();
        assert_eq!((row.revoked_at, row.status(later(12))), (Some(later(12)), TokenStatus::Revoked));
    }

    async fn of_two_rotations_at_once_one_wins(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let (_, old) = issue(&store, acme, "me@acme.example").await;
        let tasks: Vec<_> = (0..4).map(|_| {
            let store = store.clone();
            let (_, new) = token("me@acme.example", None);
            tokio::spawn(async move {
                store.org_tokens().rotate(acme, old, &new, Some(later(60)), &audit("token.rotated", 1), None).await.unwrap()
            })
        }).collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Rotated::Done { .. } => won += 1,
                Rotated::Before => {}
                Rotated::Absent | Rotated::Repeated => panic!("the token is there, and no call is repeated"),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(identifiers(&store, acme, &page("", None, 10), NOW).await.len(), 2);
    }

    async fn an_overlap_never_makes_a_token_live_longer(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let (_, short) = token("short", Some(later(30)));
        store.org_tokens().issue(acme, &short, &audit("token.issued", 0), None).await.unwrap();
        let (_, new) = token("short", None);
        store.org_tokens().rotate(acme, short.id, &new, Some(later(3600)), &audit("token.rotated", 1), None).await.unwrap();
        assert_eq!(store.org_tokens().find(acme, short.id).await.unwrap().unwrap().expires_at, Some(later(30)));
        let (_, late) = token("short", None);
        let dead = store.org_tokens().rotate(acme, short.id, &late, None, &audit("token.rotated", 40), None).await.unwrap();
        assert_eq!(dead, Rotated::Before);
    }

    async fn the_audit_log_has_every_change_and_pages_that_stay_right(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let other = org(&store, "other").await;
        let (_, id) = issue(&store, acme, "me@acme.example").await;
        store.org_tokens().revoke(acme, id, &audit("token.revoked", 5)).await.unwrap();
        store.audit().note(acme, &audit("installs.exported", 6)).await.unwrap();
        let end = AuditId(Uuid::max());
        let actions = async |org, before, limit| {
            let rows = store.audit().page(org, &AuditFilter::default(), before, limit).await.unwrap();
            (rows.iter().map(|r| r.action.clone()).collect::<Vec<_>>(), rows.last().map(|r| r.id))
        };
        let (first, last) = actions(acme, end, 2).await;
        assert_eq!(first, ["installs.exported", "token.revoked"]);
        store.audit().note(acme, &audit("installs.exported", 7)).await.unwrap();
        let (rest, _) = actions(acme, last.unwrap(), 10).await;
        assert_eq!(rest.len(), 2);
        assert_eq!(actions(other, end, 10).await.0, ["org.created"], "each organisation has its own");
    }

    async fn the_audit_log_is_searched_by_who_what_and_when(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let rows = [("a", "token.issued", 10), ("b", "token.issued", 20), ("a", "token.revoked", 30), ("a", "token.issued", 40)];
        for (actor, action, seconds) in rows {
            store.audit().note(acme, &NewAudit { actor: actor.into(), ..audit(action, seconds) }).await.unwrap();
        }
        // A row whose id ran ahead of its moment, as those that an operator writes at once.
        let ahead = NewAudit { at: later(49), actor: "b".into(), ..audit("token.rotated", 50) };
        store.audit().note(acme, &ahead).await.unwrap();
        let found = async |filter: AuditFilter, before, limit| {
            let rows = store.audit().page(acme, &filter, before, limit).await.unwrap();
            let seconds = rows.iter().map(|row| row.at.since(NOW).as_secs()).collect::<Vec<_>>();
            (seconds, rows.last().map(|row| row.id))
        };
        let (of, end) = (AuditFilter::default, AuditId(Uuid::max()));
        let (a, issued) = (Some("a".to_owned()), Some("token.issued".to_owned()));
        for (filter, wanted) in [
            (AuditFilter { actor: a.clone(), ..of() }, vec![40, 30, 10]),
            (AuditFilter { action: issued.clone(), ..of() }, vec![40, 20, 10]),
            (AuditFilter { actor: a.clone(), action: issued.clone(), ..of() }, vec![40, 10]),
            (AuditFilter { from: Some(later(20)), to: Some(later(40)), ..of() }, vec![30, 20]),
            (AuditFilter { from: Some(later(49)), to: Some(later(50)), ..of() }, vec![49]),
            (AuditFilter { actor: a.clone(), from: Some(later(11)), ..of() }, vec![40, 30]),
            (AuditFilter { action: issued.clone(), to: Some(later(40)), ..of() }, vec![20, 10]),
            (AuditFilter { actor: Some("c".to_owned()), ..of() }, vec![]),
            (of(), vec![49, 40, 30, 20, 10, 0]),
        ] {
            assert_eq!(found(filter.clone(), end, 10).await.0, wanted, "{filter:?}");
        }
        let filter = AuditFilter { actor: a, ..of() };
        let (first, last) = found(filter.clone(), end, 2).await;
        assert_eq!(first, [40, 30]);
        assert_eq!(found(filter, last.unwrap(), 2).await.0, [10], "the next page goes on behind the first");
    }

    async fn uses_of_tokens_are_written_down_and_never_go_back_in_time(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let (_, id) = issue(&store, acme, "me@acme.example").await;
        store.org_tokens().touch_last_used(&[(id, later(5)), (id, later(9))]).await.unwrap();
        store.org_tokens().touch_last_used(&[(id, later(3))]).await.unwrap();
        assert_eq!(store.org_tokens().find(acme, id).await.unwrap().unwrap().last_used_at, Some(later(9)));
    }

    async fn of_two_equal_calls_at_once_one_has_the_effect_and_both_find_its_answer(database) {
        let store = database.open().await;
        let acme = org(&store, "acme").await;
        let tasks: Vec<_> = (0..8u8).map(|n| {
            let (store, (_, new)) = (store.clone(), token("me@acme.example", None));
            let once = NewRepeat { scope: [1; 32], request: [2; 32], sealed: vec![n; 100] };
            tokio::spawn(async move { store.org_tokens().issue(acme, &new, &audit("token.issued", 1), Some(&once)).await.unwrap() })
        }).collect();
        let mut issued = 0;
        for task in tasks {
            issued += u32::from(task.await.unwrap());
        }
        assert_eq!(issued, 1);
        assert_eq!(identifiers(&store, acme, &page("", None, 10), NOW).await.len(), 1);
        let found = store.repeats().find(&[1; 32], later(2)).await.unwrap().unwrap();
        assert_eq!((found.request, found.sealed.len()), ([2; 32], 100));
        let day = 24 * 60 * 60;
        assert_eq!(store.repeats().find(&[1; 32], later(1 + day)).await.unwrap(), None);
        let (_, new) = token("me@acme.example", None);
        let once = NewRepeat { scope: [1; 32], request: [3; 32], sealed: vec![9] };
        assert!(store.org_tokens().issue(acme, &new, &audit("token.issued", 1 + day), Some(&once)).await.unwrap());
        assert_eq!(store.maintenance().sweep(later(2 * day + 1), 10).await.unwrap().repeats, 1);
    }
}
