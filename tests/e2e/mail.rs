//! Mail through a server that wants STARTTLS and a login.

use std::fs;

use tempfile::TempDir;

use crate::support::gate::Launch;
use crate::support::person::Person;
use crate::support::post::Post;

#[test]
fn a_key_comes_by_a_mail_server_that_wants_starttls_and_a_login() {
    let folder = TempDir::new().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&certificate, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let password = folder.path().join("password");
    fs::write(&password, "correct horse\n").expect("a file");

    let post = Post::guarded(&certificate, &key, "sekisho", "correct horse");
    let mut launch = Launch::new();
    for pair in post.settings() {
        launch = launch.set(&pair);
    }
    let gate = launch
        .set("mail.smtp.host=localhost")
        .set("mail.smtp.tls=starttls")
        .set("mail.smtp.user=sekisho")
        .set(&format!("mail.smtp.password_file={}", password.display()))
        .env("SSL_CERT_FILE", &certificate.display().to_string())
        .start();
    let letter = Person::new("starttls").gets_a_key(&gate, &post);
    assert_eq!(gate.get_as("/api/v1/tokens/status", &letter.key()).status, 200);
    assert!(!gate.log().contains("correct horse"), "the password is in the log");
    assert!(!gate.log().contains(&letter.key()), "the key is in the log");
}
