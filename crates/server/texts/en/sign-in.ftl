sign-in-title = Sign in
sign-in-intro = Give your address. If something here belongs to it, a code comes by mail. There are no passwords.
sign-in-email = E-mail address
sign-in-send = Send a code
sign-in-not-an-address = This is no e-mail address that can be used here. It has letters, digits and the like before the @, and a domain after it.
sign-in-with = Sign in with { $name }
sign-in-or = Or with a code by mail:
sign-in-first-hint = Nobody owns an organisation here yet.
sign-in-first-link = Set it up with the code that the server printed

code-title = Type the code
code-intro = If something here belongs to this address, a mail with a code is on its way:
code-no-mail = No mail after a minute? Look for it among unwanted mail, and check the address. An address that is no member, and has no token here, gets none: ask whoever looks after your organisation.
code-mailbox = This checkpoint writes its mails into a folder: its operator reads them with “sekisho mailbox show”. An address that is no member, and has no token here, gets none.
code-code = Code
code-hint = Ten letters and digits. It works for ten minutes, in this browser only.
code-enter = Sign in
code-other = Another address, or another code
code-wrong = { $left ->
    [one] This code is wrong. One try is left. Look at the latest mail.
   *[other] This code is wrong. { $left } tries are left. Look at the latest mail.
}

first-title = Make the first organisation
first-intro = You need the code that the server printed when it started. It counts once, for one hour. “sekisho admin first-owner” prints another one.
first-code-hint = Ten letters and digits.
first-email-hint = You become the organisation's owner. From then on you sign in with a code that is mailed here.
first-org = Name of the organisation
first-org-hint = A company or a team. It can be changed later.
first-enter = Make it and sign in
first-wrong-code = This code is wrong, was used, or is older than an hour. “sekisho admin first-owner” prints another one.
first-wrong-name = A name has 1 to 100 characters, no line breaks, and is no id.
first-name-taken = An organisation with this name is there already. Take another name; the code counts still.
