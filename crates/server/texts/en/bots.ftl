bots-intro = Programs that look after Guard by its API, and pipelines of GitHub Actions, GitLab CI and others that take packages without a stored secret.
bots-none = There is no bot yet.
bots-name = Name
bots-name-hint = 1 to 100 characters, such as “ci” or “inventory”.
bots-keys = Keys
bots-key-used = Key last used
bots-trusts = Trusted pipelines
bots-make = Make a bot
bots-make-do = Make it
bots-taken = There is a bot of this name already. Take another one.
bots-id = Id
bots-not-yours = This bot has the role of an owner. Only an owner gives it keys and pipelines.
bots-remove-do = Remove the bot
bots-remove-title = Remove the bot { $name }?
bots-remove-then = Its keys and the sessions of its pipelines end at once. This can't be undone.
bots-keys-intro = For a program that calls the API: it issues tokens, lists them, reads the logs, as far as the role goes. A key takes no packages.
bots-key-add = Make a key
bots-key-new = A new key of { $name }
bots-key-use = The program sends it as it stands here, with the bot's id behind the colon: “Authorization: Bearer …”. Whoever has it can do what the bot's role allows.
bots-key-revoke-title = Revoke the key { $key } of { $name }?
bots-key-revoke-then = It ends at once. The program that uses it gets 401 until it has another one.

bots-trust = Pipelines that it trusts
bots-trust-intro = A pipeline that fulfils one of these sets gets a token for a while, in exchange for the identity that its provider gives it. It takes packages with it, and nothing else.
bots-trust-add = Trust pipelines of:
bots-trust-remove = Remove these conditions
bots-no-issuers = The settings of this server allow no issuer of identities. Its operator names them in bots.issuers.
bots-other-provider = Another issuer
bots-or = or
bots-or-more = or one of { $count } more
bots-try = Try an ID token
bots-try-token = ID token of a pipeline
bots-try-hint = The server says which conditions hold and which do not. The token is not exchanged, not kept and not written into the log.
bots-try-do = Try it
bots-steps = The step for the pipeline's file
bots-steps-intro = It gets the token and tells npm and pip. Nothing secret stands in it.
bots-sessions = Sessions that run
bots-sessions-none = No pipeline has a session now.
bots-sessions-more = More sessions run than are shown here.
bots-sessions-end-all = End all sessions
bots-session-end-this = End the session of { $repository }, run { $run }
bots-pipeline = Pipeline
bots-run = Run
bots-ends = Ends

trust-title = Trust pipelines of { $provider }
trust-intro = A pipeline has to fulfil everything that is filled in here to come as the bot { $name }. Something has to name one owner, project or subject: the issuer signs for others too.
trust-issuer-hint = Whoever signs the identities. The operator of this server says which there are.
trust-values-hint = One value a line, of which one has to fit. Names take a * at their end, as in refs/heads/release/*. Leave empty what does not matter.
trust-claims = Other claims
trust-claims-hint = One a line, as “name = value”. Values are compared whole.
trust-more = More conditions
trust-events-hint = Pull requests and the like run code of strangers and are refused. Name an event here only if you want it all the same, such as pull_request.
trust-refused = These conditions can't be taken:
trust-no-issuer = The settings of this server do not allow this issuer.
trust-wrong-claims = A claim is written as “name = value”, one a line.
trust-do = Trust them
trust-remove-title = Remove these conditions from { $name }?
trust-remove-then = Pipelines that only these conditions let in get no new sessions. Sessions that run go on to their end.

tried-counts = The token counts: an exchange would give a session.
tried-no = The token is genuine, and no set of conditions holds.
tried-nothing = Nothing was exchanged, and the token was not kept.
tried-audiences = The audience that counts here (aud):
tried-all-hold = all hold
tried-not-all-hold = not all hold
tried-condition = Condition
tried-expected = Expected
tried-found = Found
tried-holds = holds
tried-differs = differs:
tried-absent = not in the token
tried-more-hold = { $count ->
    [one] One more set holds too.
   *[other] { $number } more sets hold too.
}
tried-more-differ = { $count ->
    [one] One more set does not hold. Those that differ least are shown.
   *[other] { $number } more sets do not hold. Those that differ least are shown.
}
tried-all-conditions = All conditions of this bot
tried-own-project = a pipeline that runs in its own project, or its project as a condition
tried-other-event = an event that runs no code of strangers, or this one among the allowed ones
tried-no-token = This is no ID token, or none that can be read here.
tried-claim = The token lacks something that every ID token says.
tried-issuer = The token's issuer is none that these conditions name.
tried-signature = The signature is wrong, or the issuer does not know the key.
tried-audience = The token is for somebody else. Its pipeline has to ask for one for this server.
tried-expired = The token has expired.
tried-not-yet = The token is not valid yet. Look at the clocks of both sides.
tried-lifetime = The token's life makes no sense: it ends before it begins, or lives for more than a day.
tried-unavailable = The issuer could not be asked for its keys. Try again in a moment.

cond-issuer = Issuer
cond-repository-owner-id = Organisation or user, by id
cond-repository-id = Repository, by id
cond-repository-owner = Organisation or user, by name
cond-repository = Repository
cond-repository-visibility = Visibility of the repository
cond-ref = Branch or tag
cond-ref-path = Branch or tag, with refs/
cond-ref-type = Branch, or tag
cond-ref-protected = Branch or tag is protected
cond-workflow-ref = Workflow
cond-job-workflow-ref = Reused workflow of the job
cond-environment = Environment
cond-environment-protected = Environment is protected
cond-event-name = Event
cond-runner-environment = Kind of runner
cond-namespace-id = Group or user, by id
cond-project-id = Project, by id
cond-namespace-path = Group or user, by path
cond-project-path = Project, by path
cond-ci-config-ref-uri = Pipeline file
cond-pipeline-source = Event
cond-subject = Subject (sub)
cond-allow-events = Events that are allowed all the same
cond-job-project-id = Project in which the job runs

cond-wrong-issuer = The issuer is no address like https://id.example.
cond-wrong-issuer-scheme = The issuer's address does not begin with https://. Plain http is for issuers in one's own network that the operator marks as internal.
cond-wrong-issuer-extras = An issuer's address has neither a user name nor a query nor a fragment.
cond-wrong-public-issuer = This is the issuer of { $provider }: choose that provider for it.
cond-wrong-event = The event { $name } needs no permission here.
cond-wrong-unknown = There is no condition { $name } here; there are: { $known }.
cond-wrong-empty = { $name }: there is no value. Leave the condition empty, or give it one.
cond-wrong-many = { $name }: these are more than 50 values.
cond-wrong-shape = { $name }: a value has 1 to 512 bytes and no control characters.
cond-wrong-star-within = { $name }: a * may stand at the end only.
cond-wrong-id = { $name }: an id is a number, as the provider's interface shows it, not a name.
cond-wrong-flag = { $name }: write true or false.
cond-wrong-star = { $name }: no * is possible here, values are compared whole.
cond-wrong-start = { $count ->
    [0] { $name }: before the * there has to be a name.
    [one] { $name }: before the * there have to be at least one slash and a name.
   *[other] { $name }: before the * there have to be at least { $count } slashes and a name.
}
cond-wrong-subject = { $name }: before the * there have to be two whole parts, as in repo:acme/*.
cond-wrong-no-claims = { $provider } has conditions by name, and no other claims.
cond-wrong-many-claims = These are more than 20 claims.
cond-wrong-subject-claim = The claim sub has a field of its own: the subject.
cond-wrong-checked-claim = The claim { $name } is checked for every token anyway.
cond-wrong-everybody = This would trust everybody whom the issuer signs for. Give one of these, or a whole subject: { $ids }.
cond-wrong-everybody-generic = This would trust everybody whom the issuer signs for. Give a subject, or another claim.
