home-what = This address is a checkpoint for package managers. Set to it, they install as ever; releases that are known to be malicious are refused, with the reason. Nothing is published here.
home-no-key-needed = Packages may be taken without a key. With a personal key you see what you took, and have limits of your own.
home-key-needed = Packages need a personal key here. The settings below are without one; the mail that brings the key has them all with it.

home-get-key = Get a key
home-key-by-mail = The key comes by mail, with the set-up for every package manager.
home-mailbox = This checkpoint writes its mails into a folder, which its operator reads with:
home-npm-login = Or let npm ask for one. It opens a page in your browser, and keeps the key in:

home-or-in-project = or, in a project,
home-both-off = Both of its fronts are switched off now.

home-is-on = Is it on?
home-canaries = The canaries are refused everywhere. Whoever sees one refused installs through this checkpoint.
home-why = Why a release is refused stands at:
home-name = name
home-version = version
