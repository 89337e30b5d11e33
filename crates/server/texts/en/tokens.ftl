tokens-issue = Issue Token
tokens-issue-now = Issue
tokens-issue-another = Issue another one
tokens-import = Import a list
tokens-prefix = Identifier begins with
tokens-prefix-wrong = No identifier begins like this. Identifiers have letters, digits and . _ @ + - in them.
tokens-status = State
tokens-any = Any
tokens-active = Active
tokens-revoked = Revoked
tokens-expired = Expired
tokens-search = Search
tokens-none = No tokens yet. Each person or machine gets one of its own, so that installs can be told apart and one can be revoked alone.
tokens-none-such = No token is like this.
tokens-identifier = Identifier
tokens-user-identifier = User Identifier
tokens-hint = Token
tokens-created = Created
tokens-used = Last use
tokens-unused = Never
tokens-ends = Expires
tokens-never = Never
tokens-pages = Pages of the list
tokens-previous = Previous
tokens-next = Next
tokens-back = All tokens

tokens-issue-intro = The identifier says whose the token is, in the install log and when it is to be revoked.
tokens-identifier-rule = 4 to 255 characters: letters, digits and . _ @ + -
tokens-form-address = An e-mail address:
tokens-form-user = A user name of the company:
tokens-form-device = A device's serial number and a user name:
tokens-form-asset = An asset's number and an employee's:
tokens-identifier-wrong = An identifier has 4 to 255 characters: letters, digits and . _ @ + -
tokens-life = Expiry
tokens-life-hint = A token of this organisation lives { $span } at most.
tokens-life-usual = As usual in this organisation: { $span }
tokens-life-other = Another number of days
tokens-life-days = Days, for another number
tokens-life-wrong = Give a whole number of days, at least one. A token of this organisation lives { $span } at most.
tokens-days = { $count ->
    [one] 1 day
   *[other] { $number } days
}
tokens-hours = { $count ->
    [one] 1 hour
   *[other] { $number } hours
}
tokens-minutes = { $count ->
    [one] 1 minute
   *[other] { $number } minutes
}

tokens-new = The new token
tokens-once = It is shown this one time.
tokens-once-why = Only its hash is kept. Copy it now and hand it over on a safe way; if it gets lost, issue another one.
tokens-copy = Copy the token
tokens-old = The old token
tokens-old-until = works until { $moment }
tokens-old-over = works no longer

tokens-revoked-at = Revoked on
tokens-replaces = In place of
tokens-replaced-by = Replaced by
tokens-installs = What it installed
tokens-of-the-same = Tokens of this identifier
tokens-rotate = Rotate
tokens-rotate-intro = Makes a new token for the same identifier. The old one keeps working as long as you say, so that there is time to exchange it.
tokens-overlap = The old one works for
tokens-overlap-none = No longer: it ends now
tokens-not-rotated = This token was not rotated
tokens-rotated-before = It was rotated before, and another token has its place. Rotate that one.
tokens-see-new = See the token
tokens-not-active = It was revoked or has expired. Issue a new token for this identifier.

tokens-revoke = Revoke
tokens-revoke-intro = Ends the token for good. Installs that still use it fail from then on.
tokens-revoke-go = Revoke this token
tokens-revoke-ask = Revoke this token?
tokens-revoke-means = From the next request on, every install that uses it fails with 401, within a second on all servers. This cannot be undone.
tokens-keep = Keep it
tokens-revoked-link = What to change where it was used
tokens-done-revoked = The token is revoked.
tokens-after = Where the token was used
tokens-after-intro = Package managers that still have the token in their settings fail with 401, also for what is public. Choose one of three ways on each machine.
tokens-after-new = Put a new token in
tokens-after-new-how = Issue one for the same identifier and write it where the old one stands; commands with SEKISHO_TOKEN are run again.
tokens-after-none = Take only the token out
tokens-after-none-how = Leave the address and remove the token: the line with _authToken, npmAuthToken or token, or “token:…@” in the address. That works where this checkpoint serves people without a token.
tokens-after-back = Go back to the default registry and index
tokens-after-back-how = Take out everything that was set up. YOUR_KEY stands for the old token.
tokens-after-locks = Lock files of npm, Yarn 1, Bun, uv and Poetry hold this checkpoint's address: make them anew if you go back.

tokens-import-intro = One token for each line of a list. All lines are looked at first: if one is wrong, nothing is issued.
tokens-import-file = File
tokens-import-rule = CSV or text, at most 1,000 lines: an identifier, and if you like a comma and a number of days. Without a number the organisation's usual expiry holds; the longest is { $span }. A first line “identifier,days” is left out.
tokens-import-list = Or paste the list
tokens-import-once = The answer is a file, tokens.csv, with every token in it. It comes once: keep it well, hand the tokens over, then delete it. Sending the form again issues nothing.
tokens-import-now = Issue all
tokens-import-nothing = There is nothing in the list. Choose a file or paste lines.
tokens-import-both = Give a file or a pasted list, not both.
tokens-import-too-large = The list is larger than 512 KiB, which a thousand lines never are. Nothing was issued.
tokens-import-too-many = A list has at most 1,000 lines. Nothing was issued.
tokens-import-bad = { $count ->
    [one] One line is wrong. Nothing was issued.
   *[other] { $number } lines are wrong. Nothing was issued.
}
tokens-import-lines = Wrong lines
tokens-import-line = Line
tokens-import-text = Text
tokens-import-reason = Why
tokens-import-days = The number of days is no whole number, or more than the organisation allows.
tokens-import-cells = There is more than an identifier and a number of days.
tokens-import-twice = The identifier stands further up already.
tokens-import-further = Also lines { $numbers }.
