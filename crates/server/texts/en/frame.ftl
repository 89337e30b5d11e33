frame-skip = Skip to the content
frame-organisations = Organisations
frame-me = Your page
frame-sign-out = Sign out
frame-pages = Pages of the organisation
frame-what = Sekisho, a checkpoint between package managers and their registries.
frame-guard-off = Guard is off for this organisation: its tokens do not count, and none can be issued. Settings turn it on.

tab-overview = Overview
tab-tokens = Tokens
tab-installs = Installs
tab-refusals = Refusals
tab-bots = Bots and CI
tab-members = Members
tab-audit = Audit log
tab-settings = Settings

role-owner = Owner
role-guard-manager = Guard manager
role-guard-viewer = Guard viewer
role-guard-token-issuer = Token issuer

done-signed-out = You are signed out.

halt-on = Go on
halt-not-found = There is nothing at this address
halt-not-found-next = The address is wrong, or what it names belongs to an organisation that you are no member of.
halt-no-right = Your role does not allow this
halt-no-right-next = An owner of the organisation can give you another role. If you had the right a moment ago, it was taken since, and nothing was changed.
halt-not-from-here = This form was not taken
halt-not-from-here-next = It does not come from a page of this checkpoint, or the browser does not say where it comes from. Open the page again and send the form from there.
halt-plain-http = Signing in needs HTTPS
halt-plain-http-next = This address is reached without encryption, so anybody on the way could read the code and your session. The operator sets up HTTPS with the settings tls.cert and tls.key, or with a proxy; on the server itself, http://127.0.0.1 works.
halt-code-over = This sign-in is over
halt-code-over-next = Its code was used, is older than ten minutes, or was typed wrong five times. Start again, and a new mail brings a new code.
halt-guard-off = Guard is off for this organisation
halt-guard-off-next = No tokens can be issued until an owner or a Guard manager turns it on in the settings.
halt-too-many = Too many tries from this network
halt-too-many-next = Wait an hour, then try again.
halt-unavailable = The database does not answer
halt-unavailable-next = Nothing was changed. Try again in a moment.
halt-sent-before = This form was sent before
halt-sent-before-next = What it made is there, and nothing more was made. A token is shown once only: if you did not keep it, revoke it and issue another one.
