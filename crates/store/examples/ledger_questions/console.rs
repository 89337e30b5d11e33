//! What the console shows besides installs and tokens: members, bots, an own list, an audit log, and the personal account that
//! one in ten rows is of, with its keys.

use std::time::Duration;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{AuditId, BotId, BotKeyId, CiSessionId, OrgId, RuleId, TrustId};
use sekisho_core::org::Role;
use sekisho_core::policy::{Effect, Entry};
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_store::{Bot, DatabaseConfig, NewAudit, NewBotKey, NewSession, Rule, Store, Trust};
use uuid::Uuid;

use crate::dialect::{Dialect, analyse, run};
use crate::write::CHANCE;
use crate::{ACCOUNT, BOT, ORG, SPAN, first_at};

/// Whoever owns the organisation and the personal account.
const OWNER: &str = "owner@example.com";
const MEMBERS: usize = 50;
const BOTS: usize = 12;
/// Of the bot that pipelines come as.
const KEYS: usize = 5;
const TRUSTS: usize = 10;
const SESSIONS: usize = 30;
const ENTRIES: usize = 200;
const AUDIT: i64 = 20_000;
const ORGANISATION: OrgId = OrgId(ORG);

/// Makes all of it; the organisation is there.
pub(crate) async fn fill(store: &Store, config: &DatabaseConfig) {
    members(store).await;
    bots(store).await;
    entries(store).await;
    account(config).await;
    audit_log(config).await;
    analyse(config).await;
}

/// The first moment, and the one at which rows end.
fn moments() -> (Timestamp, Timestamp) {
    (Timestamp(first_at()), Timestamp(first_at() + SPAN))
}

fn note(action: &'static str, subject: &str) -> NewAudit {
    let at = moments().0;
    NewAudit {
        id: AuditId::mint(at, &CHANCE),
        at,
        actor: OWNER.to_owned(),
        action,
        subject: subject.to_owned(),
        detail: "{}".to_owned(),
        under: None,
    }
}

/// The first of them only reads.
async fn members(store: &Store) {
    let role = |number: usize| match number {
        1..5 => Role::GuardManager,
        5..20 => Role::GuardTokenIssuer,
        _ => Role::GuardViewer,
    };
    let others = (0..MEMBERS - 1).map(|number| (format!("user{number:04}@example.com"), role(number)));
    for (address, role) in [(OWNER.to_owned(), Role::Owner)].into_iter().chain(others) {
        let email = EmailAddress::parse(&address).expect("an address");
        let note = note("member.added", &address);
        store.organisations().put_member(ORGANISATION, &email, role, &note).await.expect("a member");
    }
}

async fn bots(store: &Store) {
    let (start, until) = moments();
    for number in 0..BOTS {
        let id = if number == 0 { BOT } else { BotId::mint(start, &CHANCE) };
        let (name, role) = (format!("bot-{number:02}"), Role::GuardTokenIssuer);
        let bot = Bot { id, org: ORGANISATION, name, role, created_at: start };
        assert!(store.bots().create(&bot, &note("bot.created", &id.to_string())).await.expect("a bot"));
    }
    let subject = BOT.to_string();
    for _ in 0..KEYS {
        let plain = PlainToken::mint(TokenKind::BotKey, &CHANCE);
        let key = NewBotKey::of(BotKeyId::mint(start, &CHANCE), &plain);
        let note = note("bot_key.added", &subject);
        assert!(store.bots().add_key(ORGANISATION, BOT, &key, &note, None).await.expect("a key"));
    }
    for number in 0..TRUSTS {
        let conditions = format!(
            r#"{{"provider":"github","issuer":"https://issuer.example","repository_owner_id":"65","repository":"acme/repository-{number}"}}"#
        );
        let trust = Trust { id: TrustId::mint(start, &CHANCE), conditions, created_at: start };
        let note = note("trust.added", &subject);
        assert!(store.trusts().add(ORGANISATION, BOT, &trust, &note).await.expect("conditions"));
    }
    let ends = until.plus(Duration::from_secs(24 * 60 * 60));
    for number in 0..SESSIONS {
        let session = NewSession {
            id: CiSessionId::mint(until, &CHANCE),
            bot: BOT,
            id_token: PlainToken::mint(TokenKind::BotKey, &CHANCE).hash(),
            client: "192.0.2.0/24".to_owned(),
            attribution: format!(
                r#"{{"repo":"acme/repository-{number}","wf":"ci.yml@refs/heads/main","run":"{number}","sha":"0a1b2c3d4e5f"}}"#
            ),
            issued_at: until,
            expires_at: ends,
            id_token_ends: ends,
        };
        store.ci_sessions().exchange(&session).await.expect("a session");
    }
}

async fn entries(store: &Store) {
    let (start, _) = moments();
    let mut changes = store.organisations().begin().await.expect("begun");
    for number in 0..ENTRIES {
        let rule = Rule {
            id: RuleId::mint(start, &CHANCE),
            entry: Entry {
                target: PackageUrl::parse(&format!("pkg:npm/package-{number}@6.6.6")).expect("a release"),
                effect: [Effect::Block, Effect::Allow, Effect::Warn][number % 3],
                reason: "Looked at, and told to those who had it.".to_owned(),
                expires: None,
                since: None,
            },
            made_by: OWNER.to_owned(),
            created_at: start,
        };
        changes.add_rule(ORGANISATION, &rule, &note("rule.added", "")).await.expect("an entry");
    }
    changes.commit().await.expect("committed");
}

async fn account(config: &DatabaseConfig) {
    let (dialect, start) = (Dialect::of(config), first_at());
    let (id, made_by) = (dialect.id(ACCOUNT), dialect.id(Uuid::from_u128(1)));
    let (key, hash) = (dialect.uuid(&dialect.hex(32, "i + 1")), dialect.bytes(&dialect.hex(64, "i + 1")));
    let made = format!(
        "INSERT INTO accounts (id, email, language, made_by, created_at, used_at) \
         VALUES ({id}, '{OWNER}', 'en', {made_by}, {start}, {start}); \
         INSERT INTO tokens (id, account_id, kind, hash, hint, created_at) {} \
         SELECT {key}, {id}, 'personal', {hash}, 'tg_anon_Ab3d', {start} FROM s",
        dialect.series(KEYS as i64),
    );
    run(config, "sekisho.db", made).await;
}

/// Mostly tokens that forty people issue and revoke; seldom the operator, and seldom something else.
async fn audit_log(config: &DatabaseConfig) {
    let dialect = Dialect::of(config);
    let at = format!("({} + i * {})", first_at(), SPAN / AUDIT);
    let insert = format!(
        "INSERT INTO audit (id, org_id, at, actor, action, subject, detail) {} SELECT {}, {}, {at}, \
         CASE WHEN i % 4000 = 17 THEN 'operator' ELSE 'user' || {} || '@example.com' END, \
         CASE WHEN i % 8000 = 4999 THEN 'member.erased' WHEN i % 10 < 6 THEN 'token.issued' \
         WHEN i % 10 < 9 THEN 'token.revoked' ELSE 'token.rotated' END, 'user' || {} || '@example.com', \
         '{{\"hint\":\"tg_org_Ab3d\",\"expires_at\":\"2027-10-20T00:00:00Z\"}}' FROM s",
        dialect.series(AUDIT),
        dialect.id_at(&at, "i % 4096", "i"),
        dialect.id(ORG),
        dialect.padded(4, "i % 40"),
        dialect.padded(4, "i % 10000"),
    );
    run(config, "sekisho.db", insert).await;
}
