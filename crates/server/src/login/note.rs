//! What a login's page says where it asks for nothing.

/// Something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// The package manager may have its key.
    Confirmed,
    /// It has it.
    Done,
    /// Somebody said that it was not him.
    Ended,
    /// It took too long.
    Expired,
    /// There is none.
    Unknown,
    /// The form does not come from these pages.
    NotFromHere,
    /// Too many wrong codes.
    TooManyCodes,
    /// Too many mails.
    TooManyMails,
    /// The database is away.
    Unavailable,
}

impl Note {
    /// Its title, what happened, and what to do next.
    pub(super) fn told(self) -> [&'static str; 3] {
        match self {
            Note::Confirmed => ["login-confirmed", "login-confirmed-means", "login-confirmed-next"],
            Note::Done => ["login-done", "login-done-means", "login-done-next"],
            Note::Ended => ["login-ended", "login-ended-means", "login-ended-next"],
            Note::Expired => ["login-expired", "login-expired-means", "login-expired-next"],
            Note::Unknown => ["login-unknown", "login-unknown-means", "login-unknown-next"],
            Note::NotFromHere => ["login-not-from-here", "login-not-from-here-means", "login-not-from-here-next"],
            Note::TooManyCodes => ["login-too-many-codes", "login-too-many-codes-means", "login-too-many-codes-next"],
            Note::TooManyMails => ["login-too-many-mails", "login-too-many-mails-means", "login-too-many-mails-next"],
            Note::Unavailable => ["login-unavailable", "login-unavailable-means", "login-unavailable-next"],
        }
    }
}
