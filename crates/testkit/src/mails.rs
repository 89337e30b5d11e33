//! The mails that a test reads.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

use sekisho_mail::mailbox;

/// One mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom it is for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Four headers, an empty line, the text: as people read it.
    pub text: String,
}

impl Mail {
    /// The key in it.
    pub fn key(&self) -> Option<String> {
        let start = self.text.find("tg_anon_")?;
        let key: String = self.text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (key.len() == 44).then_some(key)
    }

    /// The code of a login in it.
    pub fn login_code(&self) -> Option<String> {
        let mut lines = self.text.lines().filter_map(|line| line.strip_prefix("    "));
        lines.find(|line| line.len() == 10 && line.bytes().all(|b| b.is_ascii_alphanumeric())).map(str::to_owned)
    }

    /// The one-time code in it.
    pub fn code(&self) -> Option<String> {
        let (_, rest) = self.text.split_once("\"code\":\"")?;
        rest.split('"').next().map(str::to_owned)
    }
}

/// Which mails of a folder a test has seen.
#[derive(Default)]
pub(crate) struct Seen(Mutex<HashSet<String>>);

impl Seen {
    /// The mails that are new.
    pub(crate) fn new_mails(&self, folder: &Path) -> Vec<Mail> {
        let mut seen = self.0.lock().unwrap();
        let mails = mailbox::list(folder).unwrap();
        let new = mails.into_iter().filter(|mail| seen.insert(mail.id.clone()));
        new.map(|mail| Mail { text: mailbox::show(folder, &mail.id).unwrap(), to: mail.to, subject: mail.subject })
            .collect()
    }
}
