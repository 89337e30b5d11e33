//! Messages on the wire, and that nobody's address can change them.

mod common;

use common::{BASE, NOW, Seeded, address, letters, message, welcome};
use proptest::prelude::*;
use sekisho_core::Language;
use sekisho_core::email::EmailAddress;
use sekisho_mail::{Message, NotSendable, Sender};

/// The lines before the first empty one, folded lines joined.
fn headers(raw: &[u8]) -> Vec<String> {
    let raw = std::str::from_utf8(raw).expect("7 bit");
    let head = raw.split_once("\r\n\r\n").expect("an end of headers").0;
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_message_has_the_headers_of_an_automatic_text() {
    let letter = welcome(Language::Ja, BASE, "you@example.com");
    insta::assert_snapshot!(headers(message(&letter, "you@example.com").raw()).join("\n"), @r"
    From: =?utf-8?b?U2VraXNobyDplqLmiYA=?= <sekisho@gate.example>
    To: you@example.com
    Subject: Sekisho =?utf-8?b?44Gu?= API =?utf-8?b?44Kt44O844Gu44GK55+l44KJ?= =?utf-8?b?44Gb?=
    Date: Mon, 23 Nov 2026 09:00:00 +0000
    Message-ID: <01264b7095badf04294e7398bde2072c@gate.example>
    Auto-Submitted: auto-generated
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: base64
    ");
}

#[test]
fn every_line_on_the_wire_is_short_and_ascii() {
    for language in Language::ALL {
        for (name, letter) in letters(language, BASE, "you@example.com") {
            let message = message(&letter, "you@example.com");
            assert!(message.raw().is_ascii(), "{name} {language}");
            let text = std::str::from_utf8(message.raw()).expect("ascii");
            assert!(text.split("\r\n").all(|line| line.len() < 998), "{name} {language}");
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{name} {language} has a bare line end");
            assert!(!text.contains("text/html"));
        }
    }
}

#[test]
fn a_sender_is_an_address_with_or_without_a_name() {
    for (text, header) in [
        ("gate@example.com", "From: gate@example.com"),
        ("The Gate <Gate@Example.com>", "From: \"The Gate\" <gate@example.com>"),
        ("\"Gate, the\" <gate@example.com>", "From: =?utf-8?b?R2F0ZSwgdGhl?= <gate@example.com>"),
    ] {
        let letter = welcome(Language::En, BASE, "you@example.com");
        let sender = Sender::parse(text).expect("a sender");
        let message =
            Message::compose(&letter, &sender, &address("you@example.com"), NOW, &Seeded(1)).expect("a message");
        assert_eq!(headers(message.raw())[0], header);
    }
    for bad in [
        "",
        "gate",
        "Gate <gate>",
        "A\r\nBcc: x@example.com <gate@example.com>",
        "a <b@example.com",
        "\u{7}<a@b.example>",
    ] {
        assert_eq!(Sender::parse(bad), Err(NotSendable), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn whatever_passes_as_an_address_makes_one_recipient_and_no_header(
        local in "[a-z!#$%&'*+/=?^_`{|}~.\r\n\"<>, :;@-]{1,40}",
        domain in "[a-z\r\n<>:.-]{1,12}\\.(example|xn--zckzah)",
    ) {
        if let Ok(to) = EmailAddress::parse(&format!("{local}@{domain}")) {
            let letter = welcome(Language::En, BASE, to.as_str());
            let sent = Message::compose(&letter, &Sender::default(), &to, NOW, &Seeded(1));
            let sent = sent.expect("an address that core takes is one that mail can be written to");
            let names: Vec<String> =
                headers(sent.raw()).iter().map(|h| h.split(':').next().unwrap_or_default().to_owned()).collect();
            prop_assert_eq!(
                names.join(" "),
                "From To Subject Date Message-ID Auto-Submitted Content-Type Content-Transfer-Encoding"
            );
            prop_assert_eq!(&headers(sent.raw())[1], &format!("To: {to}"));
        }
    }
}
