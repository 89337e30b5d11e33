//! A login's way from the terminal to its key.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::Language;
use sekisho_core::code::CodeMac;
use sekisho_core::id::{AccountId, CodeId, LoginId, MessageId};
use sekisho_core::login::LoginSecret;
use sekisho_core::token::PlainToken;
use sekisho_store::on_both_engines;
use sekisho_store::{HandOut, HandedOut, Login, LoginState, MessageKind, NewLogin, NewLoginCode, NewMessage, Store};

const NET: &str = "192.0.2.1";
const RIGHT: CodeMac = CodeMac([1; 32]);

/// A login as its three parties know it.
struct Started {
    id: LoginId,
    page: LoginSecret,
    poll: LoginSecret,
}

async fn start(store: &Store, seconds: i64) -> Started {
    let started =
        Started { id: LoginId::mint(NOW, &CHANCE), page: LoginSecret::mint(&CHANCE), poll: LoginSecret::mint(&CHANCE) };
    let login = NewLogin {
        id: started.id,
        page: started.page.hash(),
        poll: started.poll.hash(),
        network: NET.to_owned(),
        client_name: "npm".to_owned(),
        client_version: "11.19.1".to_owned(),
    };
    store.logins().start(&login, later(seconds)).await.unwrap();
    started
}

impl Started {
    async fn ask(&self, store: &Store, address: &str, seconds: i64) -> bool {
        let id = MessageId::mint(NOW, &CHANCE);
        let message = NewMessage { id, kind: MessageKind::LoginCode, language: Language::Ja, ..registration(address) };
        store.logins().ask(self.id, &message, later(seconds)).await.unwrap()
    }

    async fn add_code(&self, store: &Store, address: &str, mac: CodeMac, seconds: i64) -> bool {
        let code = NewLoginCode { id: CodeId::mint(NOW, &CHANCE), login: self.id, email: email(address), mac };
        store.logins().add_code(&code, later(seconds)).await.unwrap()
    }

    async fn confirm(&self, store: &Store, address: &str, mac: CodeMac, seconds: i64) -> bool {
        store.logins().confirm(self.id, &email(address), &mac, later(seconds)).await.unwrap()
    }

    async fn confirmed(&self, store: &Store, address: &str) {
        assert!(self.ask(store, address, 1).await);
        assert!(self.add_code(store, address, RIGHT, 2).await);
        assert!(self.confirm(store, address, RIGHT, 3).await);
    }

    async fn hand_out(
        &self,
        store: &Store,
        network: &str,
        may_register: bool,
        seconds: i64,
    ) -> (HandedOut, PlainToken) {
        let (plain, token) = new_token();
        let notice = notice();
        let account = AccountId::mint(NOW, &CHANCE);
        let poll = self.poll.hash();
        let what = HandOut { poll, network, may_register, account, token: &token, notice: &notice };
        (store.logins().hand_out(&what, later(seconds)).await.unwrap(), plain)
    }

    async fn now(&self, store: &Store) -> Login {
        let login = store.logins().find_by_page(&self.page.hash()).await.unwrap().expect("a login");
        assert_eq!(store.logins().find_by_poll(&self.poll.hash()).await.unwrap().as_ref(), Some(&login));
        login
    }
}

async fn kinds(store: &Store) -> Vec<MessageKind> {
    let claimed = store.outbox().claim(later(1000), std::time::Duration::from_secs(60), 100).await.unwrap();
    claimed.iter().map(|m| m.kind).collect()
}

on_both_engines! {
    async fn a_login_goes_from_the_terminal_to_its_key(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        let first = login.now(&store).await;
        assert_eq!((first.state, first.email.clone(), first.is_over(later(299))), (LoginState::Open, None, false));
        assert_eq!((first.network.as_str(), first.client_name.as_str(), first.client_version.as_str()), (NET, "npm", "11.19.1"));
        assert!(first.is_over(later(300)));
        login.confirmed(&store, "you@example.com").await;
        assert_eq!(login.now(&store).await.state, LoginState::Confirmed);
        let (handed, plain) = login.hand_out(&store, NET, true, 4).await;
        assert_eq!(handed, HandedOut::Token);
        let row = store.tokens().find_by_hash(&plain.hash()).await.unwrap().expect("stored");
        assert_eq!((row.email, row.language), (Some(email("you@example.com")), Language::Ja));
        assert_eq!(login.now(&store).await.state, LoginState::Done);
        assert_eq!(kinds(&store).await, [MessageKind::LoginCode, MessageKind::LoginRegistered]);
    }

    async fn a_known_address_gets_one_more_key_and_keeps_its_language(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        let login = start(&store, 0).await;
        login.confirmed(&store, "a@example.com").await;
        let (handed, plain) = login.hand_out(&store, NET, false, 4).await;
        assert_eq!(handed, HandedOut::Token);
        let row = store.tokens().find_by_hash(&plain.hash()).await.unwrap().expect("stored");
        assert_eq!((row.account, row.language), (a.account, Language::En));
        assert!(counts(&store, &a.plain).await);
        assert_eq!(kinds(&store).await, [MessageKind::LoginCode, MessageKind::LoginAdded]);
    }

    async fn of_many_that_ask_at_once_one_gets_the_key(database) {
        let store = database.open().await;
        let login = std::sync::Arc::new(start(&store, 0).await);
        login.confirmed(&store, "you@example.com").await;
        let tasks: Vec<_> = (0..8).map(|_| {
            let (store, login) = (store.clone(), login.clone());
            tokio::spawn(async move { login.hand_out(&store, NET, true, 4).await })
        }).collect();
        let mut won = Vec::new();
        for task in tasks {
            let (handed, plain) = task.await.unwrap();
            assert_eq!(handed == HandedOut::Token, counts(&store, &plain).await);
            won.extend((handed == HandedOut::Token).then_some(plain));
        }
        assert_eq!(won.len(), 1);
        assert_eq!(kinds(&store).await.len(), 2, "one code, one notice");
    }

    async fn nothing_is_handed_out_to_another_network_or_too_late_or_unconfirmed(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        assert_eq!(login.hand_out(&store, NET, true, 1).await.0, HandedOut::Nothing);
        login.confirmed(&store, "you@example.com").await;
        for (network, seconds) in [("192.0.2.2", 4), ("", 4), (NET, 300)] {
            let (handed, plain) = login.hand_out(&store, network, true, seconds).await;
            assert_eq!(handed, HandedOut::Nothing, "{network} {seconds}");
            assert!(!counts(&store, &plain).await);
        }
        assert!(store.accounts().find_by_email(&email("you@example.com")).await.unwrap().is_none());
        assert_eq!(login.hand_out(&store, NET, true, 299).await.0, HandedOut::Token, "nobody else spoilt it");
    }

    async fn an_unknown_address_that_may_not_register_gets_nothing_and_leaves_no_account(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        login.confirmed(&store, "you@example.com").await;
        let (handed, plain) = login.hand_out(&store, NET, false, 4).await;
        assert_eq!(handed, HandedOut::Closed);
        assert!(!counts(&store, &plain).await);
        assert!(store.accounts().find_by_email(&email("you@example.com")).await.unwrap().is_none());
        assert_eq!(login.now(&store).await.state, LoginState::Ended);
        assert_eq!(kinds(&store).await, [MessageKind::LoginCode]);
    }

    async fn a_code_counts_for_its_login_and_address_only_and_once(database) {
        let store = database.open().await;
        let (one, two) = (start(&store, 0).await, start(&store, 0).await);
        assert!(!one.confirm(&store, "a@example.com", RIGHT, 1).await, "no address yet");
        assert!(!one.add_code(&store, "a@example.com", RIGHT, 1).await);
        for login in [&one, &two] {
            assert!(login.ask(&store, "a@example.com", 1).await);
        }
        assert!(one.add_code(&store, "a@example.com", RIGHT, 2).await);
        assert!(!two.confirm(&store, "a@example.com", RIGHT, 3).await, "another login");
        assert!(!one.confirm(&store, "a@example.com", CodeMac([2; 32]), 3).await);
        assert!(!one.confirm(&store, "a@example.com", RIGHT, 300).await, "too late");
        assert!(one.confirm(&store, "a@example.com", RIGHT, 299).await);
        assert!(!one.confirm(&store, "a@example.com", RIGHT, 299).await, "once");
    }

    async fn a_code_worked_out_for_one_address_never_confirms_another(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        assert!(login.ask(&store, "mine@example.com", 1).await);
        assert!(login.add_code(&store, "mine@example.com", RIGHT, 2).await);
        assert!(login.ask(&store, "yours@example.com", 3).await, "changed while the code is looked at");
        assert!(!login.confirm(&store, "mine@example.com", RIGHT, 4).await);
        assert!(!login.add_code(&store, "mine@example.com", RIGHT, 4).await, "its mail comes too late");
        assert_eq!(login.now(&store).await.email, Some(email("yours@example.com")));
    }

    async fn a_second_mail_does_not_end_the_first_ones_code(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        assert!(login.ask(&store, "a@example.com", 1).await);
        for mac in [RIGHT, CodeMac([2; 32])] {
            assert!(login.add_code(&store, "a@example.com", mac, 2).await);
        }
        assert!(login.confirm(&store, "a@example.com", RIGHT, 3).await);
    }

    async fn a_confirmed_login_takes_no_other_address_and_an_ended_one_nothing(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        login.confirmed(&store, "a@example.com").await;
        assert!(!login.ask(&store, "b@example.com", 4).await);
        assert!(store.logins().end(login.id).await.unwrap());
        assert!(!store.logins().end(login.id).await.unwrap(), "once");
        assert_eq!(login.hand_out(&store, NET, true, 5).await.0, HandedOut::Nothing);
        let late = start(&store, 0).await;
        assert!(!late.ask(&store, "a@example.com", 300).await);
        let done = start(&store, 0).await;
        done.confirmed(&store, "a@example.com").await;
        assert_eq!(done.hand_out(&store, NET, true, 5).await.0, HandedOut::Token);
        assert!(!store.logins().end(done.id).await.unwrap(), "its key is out");
    }

    async fn a_login_that_is_over_is_removed_an_hour_later_with_its_codes(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        login.confirmed(&store, "a@example.com").await;
        start(&store, 60).await;
        let end = 300 + 3600;
        assert_eq!(store.maintenance().sweep(later(end - 1), 100).await.unwrap().logins, 0);
        assert_eq!(store.maintenance().sweep(later(end), 100).await.unwrap().logins, 1);
        assert_eq!(store.logins().find_by_page(&login.page.hash()).await.unwrap(), None);
    }

    async fn codes_of_logins_and_registrations_share_one_limit_of_mails(database) {
        let store = database.open().await;
        let login = start(&store, 0).await;
        assert!(login.ask(&store, "a@example.com", 1).await);
        store.outbox().enqueue(&registration("a@example.com"), later(2)).await.unwrap();
        let claimed = store.outbox().claim(later(3), std::time::Duration::from_secs(60), 100).await.unwrap();
        let mut counts = Vec::new();
        for message in &claimed {
            counts.push(store.outbox().mails_sent_since(message, later(-3000)).await.unwrap());
        }
        assert_eq!(counts, [0, 1]);
    }
}
