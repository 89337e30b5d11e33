//! The folder in place of a mail server: what is in it, and that nothing leads out of it.

mod common;

use std::fs;
use std::path::Path;

use common::{BASE, NOW, Seeded, address, key, known, welcome};
use sekisho_core::{Language, Timestamp};
use sekisho_mail::mailbox::{self, Mailbox, MailboxError};
use sekisho_mail::{Cause, Letter, Message, SendError, Sender, Transport};

async fn deliver(folder: &Path, letter: &Letter, at: Timestamp, seed: u8) -> Result<(), SendError> {
    let to = address("o'you@example.com");
    let message = Message::compose(letter, &Sender::default(), &to, at, &Seeded(seed)).expect("a message");
    Transport::Mailbox(Mailbox::new(folder.to_owned())).send(&message).await
}

#[tokio::test]
async fn messages_are_listed_by_time_and_shown_decoded() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().join("a/mailbox");
    assert_eq!(mailbox::list(&folder).expect("no folder is no error"), []);
    assert!(matches!(mailbox::show(&folder, "last"), Err(MailboxError::Empty)));
    let japanese = known(Language::Ja, BASE, "o'you@example.com");
    let english = welcome(Language::En, BASE, "o'you@example.com");
    let later = Timestamp(NOW.0 + 1);
    deliver(&folder, &japanese, later, 1).await.expect("delivered");
    deliver(&folder, &english, NOW, 2).await.expect("delivered");

    let list = mailbox::list(&folder).expect("a list");
    let subjects: Vec<&str> = list.iter().map(|s| s.subject.as_str()).collect();
    assert_eq!(subjects, [english.subject(), japanese.subject()]);
    assert_eq!((list[0].to.as_str(), list[0].at), ("o'you@example.com", Timestamp(NOW.0 - 123)));

    let shown = mailbox::show(&folder, "last").expect("the Japanese one");
    let (head, body) = shown.split_once("\n\n").expect("headers and text");
    insta::assert_snapshot!(head, @r"
    From: Sekisho <sekisho@sekisho.invalid>
    To: o'you@example.com
    Subject: Sekisho の API キー: 保存場所と再発行コード
    Date: Mon, 23 Nov 2026 09:00:00 +0000
    ");
    assert_eq!(body.trim_end(), japanese.body().trim_end());
    let shown = mailbox::show(&folder, &list[0].id).expect("the English one");
    assert!(shown.contains(&format!("\n    {}\n", key().expose())), "{shown}");
    assert!(!shown.contains('\r'));
}

#[tokio::test]
async fn an_id_never_leads_out_of_the_folder() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().join("mailbox");
    deliver(&folder, &welcome(Language::En, BASE, "you@example.com"), NOW, 1).await.expect("delivered");
    fs::write(temporary.path().join("secret.eml"), "Subject: secret\r\n\r\nsecret").expect("written");
    fs::write(folder.join(".hidden.eml"), "Subject: hidden\r\n\r\nhidden").expect("written");
    let absolute = temporary.path().join("secret").display().to_string();
    for id in ["../secret", "./../secret", &absolute, ".hidden", "", ".", "..", "secret\0", "LAST"] {
        assert!(matches!(mailbox::show(&folder, id), Err(MailboxError::NotFound)), "{id:?}");
    }
    assert_eq!(mailbox::list(&folder).expect("a list").len(), 1);
}

#[tokio::test]
async fn a_strange_file_steers_no_terminal_and_hides_no_other() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().join("mailbox");
    deliver(&folder, &welcome(Language::En, BASE, "you@example.com"), NOW, 1).await.expect("delivered");
    let strange = "Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nSubject: \x1b[2J\x07x\r\n\r\n\x1b]0;title\x07text\r\n";
    fs::write(folder.join("9.eml"), strange).expect("written");
    fs::write(folder.join("8.eml"), [0xff; 64]).expect("written");
    fs::write(folder.join("7.eml"), vec![b'a'; 2 << 20]).expect("written");
    fs::create_dir(folder.join("6.eml")).expect("made");
    let list = mailbox::list(&folder).expect("a list");
    assert_eq!(list.len(), 2);
    assert_eq!(list[1].subject, "[2Jx");
    assert!(!mailbox::show(&folder, "9").expect("shown").contains(['\x1b', '\x07']));
    assert!(matches!(mailbox::show(&folder, "7"), Err(MailboxError::NotAMessage)));
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().join("mailbox");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
    deliver(&folder, &welcome(Language::En, BASE, "you@example.com"), NOW, 1).await.expect("delivered");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).expect("readable").map(|e| e.expect("an entry").path()).collect();
    assert_eq!(files.len(), 1, "the temporary file is gone");
    assert_eq!(mode(&files[0]), 0o600);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_without_the_message() {
    let temporary = tempfile::tempdir().expect("a folder");
    let file = temporary.path().join("file");
    fs::write(&file, "").expect("written");
    let error = deliver(&file, &welcome(Language::En, BASE, "you@example.com"), NOW, 1).await.expect_err("a file");
    assert!(matches!(error, SendError::Unavailable(Cause::Folder(_))));
    assert!(!error.to_string().contains("you@") && !error.is_permanent());
}
