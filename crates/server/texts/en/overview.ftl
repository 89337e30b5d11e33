overview-counted = Counted up to { $at }. Days begin at midnight UTC.
overview-not-yet = The numbers are being counted from the install log. Look again in a minute.
overview-behind = Some days are still being counted from the install log: their numbers follow.
overview-fact-installs = Installs in 30 days
overview-fact-refusals = Refusals in 30 days
overview-fact-active = Active tokens
overview-fact-silent = Silent tokens
overview-installs = Installs by day
overview-refusals = Refusals by day
overview-what-counts = An install is a file that was taken with one token. If it is asked for again within ten minutes, it counts once.
overview-installs-says = { $count ->
    [one] One install in the last 30 days.
   *[other] { $number } installs in the last 30 days.
}
overview-refusals-says = { $count ->
    [one] One refusal in the last 30 days.
   *[other] { $number } refusals in the last 30 days.
}
overview-part = { $name }: { $number }
overview-parts = { $npm } / { $pypi }.
overview-caption = { $title }.
overview-peak = Most on { $day }: { $number }.
overview-no-installs = Nothing was installed in the last 30 days. Issue a token and set a package manager to this checkpoint: installs appear here within two minutes.
overview-no-refusals = Nothing was refused in the last 30 days.
overview-numbers = Show the numbers
overview-day = Day
overview-most = Packages taken most
overview-most-says = Installs in the last 30 days, of the 50 packages that were taken most on each day.
overview-package = Package
overview-number = Installs
overview-silent = Silent tokens
overview-silent-says = These tokens count, but nothing was asked for with them for 14 days. Somebody may be away, or a machine may go around the checkpoint.
overview-no-silent = Every active token was used in the last 14 days, or is not that old.
overview-identifier = User identifier
overview-token = Token
overview-last-use = Last use
overview-never = Never; issued
overview-silent-more = Next silent tokens
overview-all-tokens = All tokens
overview-feed = Advisories
overview-feed-none = No source of advisories is configured. Only the canaries and the operator's own entries are refused.
overview-feed-nothing = No advisories could be loaded yet, and nothing is let through unchecked.
overview-feed-failing = The last look at the sources failed. The advisories that were loaded before stay in force.
overview-feed-unknown = Advisories of an earlier run are in force; the sources were not looked at since.
overview-feed-minutes = { $minutes ->
    [0] The advisories are fresh: looked at less than a minute ago.
    [one] The advisories are fresh: looked at one minute ago.
   *[other] The advisories are fresh: looked at { $minutes } minutes ago.
}
overview-feed-hours = Looked at { $hours } hours ago.
overview-feed-days = Looked at { $days } days ago.
overview-feed-looked = All sources looked at
overview-feed-records = Records in force
overview-cache = Cache hit rate
overview-percent = { $number }%
overview-cache-says = { $count ->
    [one] Of one question for metadata, the share that was answered from memory.
   *[other] Of { $number } questions for metadata, the share that was answered from memory.
}
overview-cache-means = Metadata that this server answered from memory since it was started, for everybody.
overview-cache-hits = Answered from memory
overview-cache-misses = Not in memory, or too old
overview-cache-stale = Answered although too old
overview-cache-upstream = Requests to registries
overview-cache-files = Files that were kept already
overview-cache-downloads = Files downloaded to be kept
overview-no-cache = No metadata was asked for since this server was started.
