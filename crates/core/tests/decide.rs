//! The one decision: the canary, what the operator blocks, an organisation's entries, what the operator allows, the feeds, in
//! this order.

#![allow(clippy::unwrap_used)]

use sekisho_core::advisory::{Advisory, Hit};
use sekisho_core::blocklist::{Blocklist, BlocklistBuilder};
use sekisho_core::policy::{
    Effect, Entry, EntryError, NameView, Owner, Policies, Policy, Reason, Refusal, Verdict, decide,
};
use sekisho_core::{PackageUrl, Timestamp};

const NOW: Timestamp = Timestamp(1_000_000);

fn entry(effect: Effect, purl: &str) -> Entry {
    Entry { target: PackageUrl::parse(purl).unwrap(), effect, reason: "why".to_owned(), expires: None, since: None }
}

fn block(purl: &str) -> Entry {
    entry(Effect::Block, purl)
}

fn allow(purl: &str) -> Entry {
    entry(Effect::Allow, purl)
}

fn until(end: i64, entry: Entry) -> Entry {
    Entry { expires: Some(Timestamp(end)), ..entry }
}

/// `pkg:npm/evil`: every version; `pkg:npm/partly@1.0.0`; `pkg:pypi/evil@1.0`.
fn feeds() -> Blocklist {
    let mut builder = BlocklistBuilder::default();
    for (purl, hit) in [
        ("pkg:npm/evil", Hit::Every),
        ("pkg:npm/partly", Hit::Exactly("1.0.0".to_owned())),
        ("pkg:pypi/evil", Hit::Exactly("1.0".to_owned())),
    ] {
        builder.add(Advisory {
            id: "MAL-1".to_owned(),
            name: PackageUrl::parse(purl).unwrap().name,
            since: None,
            hits: vec![hit],
        });
    }
    builder.build()
}

/// What is decided about a release, or (without a version) about a name.
fn verdict(entries: &[Entry], purl: &str) -> &'static str {
    let purl = PackageUrl::parse(purl).unwrap();
    let (feeds, policy) = (feeds(), Policy::new(entries.iter().cloned()));
    match NameView::new(&purl.name, &feeds, &policy, NOW).decide(purl.version.as_deref()) {
        Verdict::Allow => "allow",
        Verdict::Refuse(refusal) => refusal.reason.as_str(),
    }
}

/// The same for the people of an organisation with entries.
fn for_organisation(operators: &[Entry], organisations: &[Entry], purl: &str) -> &'static str {
    let purl = PackageUrl::parse(purl).unwrap();
    let feeds = feeds();
    let (operator, organisation) = (Policy::new(operators.iter().cloned()), Policy::new(organisations.iter().cloned()));
    let policies = Policies { operator: &operator, organisation: Some(&organisation) };
    match NameView::new(&purl.name, &feeds, policies, NOW).decide(purl.version.as_deref()) {
        Verdict::Allow => "allow",
        Verdict::Refuse(refusal) => refusal.reason.as_str(),
    }
}

#[test]
fn an_organisation_s_entries_come_before_the_feeds_and_after_what_the_operator_blocks() {
    for (operators, organisations, purl, wanted) in [
        (vec![], vec![block("pkg:npm/a@1.0.0")], "pkg:npm/a@v1.0.0", "organisation_policy"),
        (vec![], vec![block("pkg:npm/a@1.0.0")], "pkg:npm/a@1.0.1", "allow"),
        (vec![], vec![allow("pkg:npm/evil")], "pkg:npm/evil@1.0.0", "allow"),
        (vec![], vec![allow("pkg:npm/evil@1.0.0")], "pkg:npm/evil@1.0.1", "malware"),
        // Whatever the operator blocks, an organisation can't allow, however exactly it says so.
        (vec![block("pkg:npm/a")], vec![allow("pkg:npm/a@1.0.0")], "pkg:npm/a@1.0.0", "policy"),
        (vec![block("pkg:npm/a@1.0.0")], vec![allow("pkg:npm/a@1.0.0")], "pkg:npm/a@1.0.0", "policy"),
        (vec![block("pkg:npm/a")], vec![block("pkg:npm/a")], "pkg:npm/a@1.0.0", "policy"),
        // What the operator allows, it may block.
        (vec![allow("pkg:npm/evil@1.0.0")], vec![block("pkg:npm/evil")], "pkg:npm/evil@1.0.0", "organisation_policy"),
        (vec![allow("pkg:npm/evil")], vec![], "pkg:npm/evil@1.0.0", "allow"),
        (vec![allow("pkg:npm/evil")], vec![entry(Effect::Warn, "pkg:npm/evil")], "pkg:npm/evil@1.0.0", "allow"),
        (vec![], vec![until(NOW.0, block("pkg:npm/a"))], "pkg:npm/a@1.0.0", "allow"),
        (vec![], vec![allow("pkg:npm/@sekisho/canary")], "pkg:npm/@sekisho/canary@1.0.0", "canary"),
    ] {
        assert_eq!(
            for_organisation(&operators, &organisations, purl),
            wanted,
            "{operators:?} {organisations:?} {purl}"
        );
    }
}

#[test]
fn a_name_is_refused_as_a_whole_to_an_organisation_only_if_no_release_of_it_is_allowed_to_it() {
    for (operators, organisations, purl, wanted) in [
        (vec![], vec![block("pkg:npm/a")], "pkg:npm/a", "organisation_policy"),
        (vec![], vec![block("pkg:npm/a"), allow("pkg:npm/a@1.0.0")], "pkg:npm/a", "allow"),
        (vec![], vec![allow("pkg:npm/evil@1.0.0")], "pkg:npm/evil", "allow"),
        (vec![block("pkg:npm/a")], vec![allow("pkg:npm/a@1.0.0")], "pkg:npm/a", "policy"),
        (vec![block("pkg:npm/a"), allow("pkg:npm/a@1.0.0")], vec![], "pkg:npm/a", "allow"),
        (vec![block("pkg:npm/a"), allow("pkg:npm/a@1.0.0")], vec![block("pkg:npm/a@1.0.0")], "pkg:npm/a", "policy"),
        (vec![allow("pkg:npm/a@1.0.0")], vec![block("pkg:npm/a")], "pkg:npm/a", "organisation_policy"),
        (vec![block("pkg:npm/a@1.0.0")], vec![allow("pkg:npm/a")], "pkg:npm/a", "allow"),
    ] {
        assert_eq!(for_organisation(&operators, &organisations, purl), wanted, "{operators:?} {organisations:?}");
    }
}

#[test]
fn a_view_for_an_organisation_knows_its_entries_and_their_ends() {
    let (feeds, operator) = (feeds(), Policy::new([until(3_000_000, block("pkg:npm/a"))]));
    let warn = until(2_000_000, entry(Effect::Warn, "pkg:npm/b"));
    let own = Policy::new([until(2_000_000, allow("pkg:npm/a")), warn]);
    let policies = Policies { operator: &operator, organisation: Some(&own) };
    let view = |purl: &str| NameView::new(&PackageUrl::parse(purl).unwrap().name, &feeds, policies, NOW);
    assert_eq!(view("pkg:npm/a").valid_until(), Some(Timestamp(2_000_000)));
    assert!(!view("pkg:npm/b").is_clear() && view("pkg:npm/c").is_clear());
    let owners =
        |purl: &str| policies.entries(&PackageUrl::parse(purl).unwrap().name).map(|(o, _)| o).collect::<Vec<_>>();
    assert_eq!(owners("pkg:npm/a"), [Owner::Operator, Owner::Organisation]);
    let b = PackageUrl::parse("pkg:npm/b").unwrap().name;
    assert!(
        policies.warning(&b, "1.0.0", NOW).is_some() && policies.warning(&b, "1.0.0", Timestamp(2_000_000)).is_none()
    );
}

#[test]
fn an_organisation_s_entry_has_a_reason_of_one_bounded_line() {
    let of = |effect, reason: &str| {
        Entry::of_organisation(effect, PackageUrl::parse("pkg:npm/a").unwrap(), reason, None).map(|e| e.reason)
    };
    assert_eq!(of(Effect::Block, " 理由 17 ").as_deref(), Ok("理由 17"));
    assert_eq!(of(Effect::Allow, &"é".repeat(300)).map(|r| r.chars().count()), Ok(300));
    for bad in ["", "  ", "a\nb", "a\u{1b}[1m", "a\u{202e}b", "a\u{2066}b", "a\u{2028}b", &"x".repeat(301)] {
        assert_eq!(of(Effect::Block, bad), Err(EntryError::Reason), "{bad:?}");
    }
    assert_eq!(of(Effect::Warn, "Use b.").as_deref(), Ok("Use b."));
    for bad in ["", "caf\u{e9}", &"x".repeat(201)] {
        assert_eq!(of(Effect::Warn, bad), Err(EntryError::Warning), "{bad:?}");
    }
    let long = PackageUrl::parse(&format!("pkg:npm/a@{}", "1".repeat(257))).unwrap();
    assert_eq!(Entry::of_organisation(Effect::Block, long, "x", None), Err(EntryError::Version));
}

#[test]
fn feeds_decide_where_the_operator_says_nothing() {
    assert_eq!(verdict(&[], "pkg:npm/evil@1.0.0"), "malware");
    assert_eq!(verdict(&[], "pkg:npm/evil"), "malware");
    assert_eq!(verdict(&[], "pkg:npm/partly@1.0.0"), "malware");
    assert_eq!(verdict(&[], "pkg:npm/partly@1.0.1"), "allow");
    assert_eq!(verdict(&[], "pkg:npm/partly"), "allow");
    assert_eq!(verdict(&[], "pkg:pypi/Evil@v1.0.0"), "malware");
    assert_eq!(verdict(&[], "pkg:npm/unknown@1.0.0"), "allow");
}

#[test]
fn an_entry_for_a_version_holds_for_every_spelling_that_a_client_picks_for_it() {
    for spelling in ["v1.0.0", "=1.0.0", "%201.0.0", "1.0.0%0A", "1.0.0+build", "01.0.0"] {
        assert_eq!(
            verdict(&[block("pkg:npm/odd@1.0.0")], &format!("pkg:npm/odd@{spelling}")),
            "policy",
            "{spelling:?}"
        );
    }
    assert_eq!(verdict(&[block("pkg:npm/odd@1.0.0")], "pkg:npm/odd@=1.0.1"), "allow");
}

#[test]
fn the_operators_entries_come_before_the_feeds() {
    assert_eq!(verdict(&[allow("pkg:npm/evil")], "pkg:npm/evil@1.0.0"), "allow");
    assert_eq!(verdict(&[allow("pkg:npm/evil@1.0.0")], "pkg:npm/evil@1.0.0"), "allow");
    assert_eq!(verdict(&[allow("pkg:npm/evil@1.0.0")], "pkg:npm/evil@1.0.1"), "malware");
    assert_eq!(verdict(&[allow("pkg:pypi/evil@1")], "pkg:pypi/evil@1.0.0"), "allow");
    assert_eq!(verdict(&[block("pkg:npm/unknown")], "pkg:npm/unknown@1.0.0"), "policy");
    assert_eq!(verdict(&[block("pkg:npm/unknown@1.0.0")], "pkg:npm/unknown@1.0.1"), "allow");
    assert_eq!(verdict(&[block("pkg:npm/evil@1.0.0")], "pkg:npm/evil@1.0.0"), "policy");
    assert_eq!(verdict(&[allow("pkg:npm/evil")], "pkg:pypi/evil@1.0"), "malware");
}

#[test]
fn an_entry_for_a_version_comes_before_one_for_its_name() {
    let mostly_blocked = [block("pkg:npm/a"), allow("pkg:npm/a@1.0.0")];
    assert_eq!(verdict(&mostly_blocked, "pkg:npm/a@1.0.0"), "allow");
    assert_eq!(verdict(&mostly_blocked, "pkg:npm/a@1.0.1"), "policy");
    let mostly_allowed = [allow("pkg:npm/evil"), block("pkg:npm/evil@1.0.0")];
    assert_eq!(verdict(&mostly_allowed, "pkg:npm/evil@1.0.0"), "policy");
    assert_eq!(verdict(&mostly_allowed, "pkg:npm/evil@1.0.1"), "allow");
}

#[test]
fn blocking_wins_where_both_are_said_of_the_same() {
    let both = [allow("pkg:npm/evil@1.0.0"), block("pkg:npm/evil@v1.0.0+build")];
    assert_eq!(verdict(&both, "pkg:npm/evil@1.0.0"), "policy");
    assert_eq!(verdict(&[allow("pkg:npm/a"), block("pkg:npm/a")], "pkg:npm/a@1.0.0"), "policy");
}

#[test]
fn a_name_is_refused_as_a_whole_only_if_no_release_of_it_is_allowed() {
    assert_eq!(verdict(&[block("pkg:npm/a")], "pkg:npm/a"), "policy");
    assert_eq!(verdict(&[block("pkg:npm/a@1.0.0")], "pkg:npm/a"), "allow");
    assert_eq!(verdict(&[block("pkg:npm/a"), allow("pkg:npm/a@1.0.0")], "pkg:npm/a"), "allow");
    assert_eq!(verdict(&[allow("pkg:npm/evil@1.0.0")], "pkg:npm/evil"), "allow");
    assert_eq!(verdict(&[allow("pkg:npm/evil@1.0.0"), block("pkg:npm/evil@1.0.0")], "pkg:npm/evil"), "malware");
    assert_eq!(verdict(&[allow("pkg:npm/evil"), block("pkg:npm/evil")], "pkg:npm/evil"), "policy");
}

#[test]
fn an_entry_ends_at_its_expiry() {
    let allowed_until = |end| verdict(&[until(end, allow("pkg:npm/evil"))], "pkg:npm/evil@1.0.0");
    assert_eq!(allowed_until(NOW.0 + 1), "allow");
    assert_eq!(allowed_until(NOW.0), "malware");
    assert_eq!(verdict(&[until(NOW.0 - 1, allow("pkg:npm/evil"))], "pkg:npm/evil"), "malware");
    assert_eq!(verdict(&[until(NOW.0, block("pkg:npm/a"))], "pkg:npm/a@1.0.0"), "allow");
}

#[test]
fn a_view_knows_when_its_verdicts_end() {
    let entries =
        [until(5, allow("pkg:npm/a")), until(2_000_000, block("pkg:npm/a")), until(3_000_000, allow("pkg:npm/a"))];
    let (feeds, policy) = (feeds(), Policy::new(entries));
    let name = PackageUrl::parse("pkg:npm/a").unwrap().name;
    assert_eq!(NameView::new(&name, &feeds, &policy, NOW).valid_until(), Some(Timestamp(2_000_000)));
    assert_eq!(NameView::new(&name, &feeds, &policy, Timestamp(4_000_000)).valid_until(), None);
    assert_eq!((policy.len(), policy.entries(&name).len(), policy.is_empty()), (3, 3, false));
}

#[test]
fn the_canary_is_refused_whatever_the_operator_says() {
    for purl in ["pkg:npm/@sekisho/canary@1.0.0", "pkg:npm/@sekisho/canary", "pkg:pypi/Sekisho_Canary@1.0.0"] {
        assert_eq!(verdict(&[], purl), "canary");
        assert_eq!(verdict(&[allow(purl)], purl), "canary");
    }
    assert_eq!(verdict(&[], "pkg:pypi/canary@1.0.0"), "allow");
}

#[test]
fn a_name_of_which_nothing_is_known_is_clear() {
    let clear = |entries: &[Entry], purl| {
        let (feeds, policy) = (feeds(), Policy::new(entries.iter().cloned()));
        NameView::new(&PackageUrl::parse(purl).unwrap().name, &feeds, &policy, NOW).is_clear()
    };
    assert!(clear(&[], "pkg:npm/unknown"));
    assert!(!clear(&[], "pkg:npm/partly"));
    assert!(!clear(&[], "pkg:npm/@sekisho/canary"));
    assert!(!clear(&[allow("pkg:npm/unknown@1.0.0")], "pkg:npm/unknown"));
}

#[test]
fn refusals_say_why_in_few_words() {
    let of = |ids: &[&str]| {
        let advisories = ids.iter().map(|id| (*id).to_owned()).collect();
        Refusal { reason: Reason::Malware, advisories }.words()
    };
    assert_eq!(of(&["MAL-1"]), "malware (MAL-1)");
    assert_eq!(of(&["MAL-1", "MAL-2", "MAL-3", "MAL-4", "MAL-5"]), "malware (MAL-1, MAL-2, MAL-3 and 2 more)");
}

#[test]
fn a_release_is_decided_like_its_view() {
    let release = |purl: &str| {
        let purl = PackageUrl::parse(purl).unwrap();
        sekisho_core::Release::new(purl.name, &purl.version.unwrap())
    };
    let (feeds, policy) = (feeds(), Policy::default());
    let malware = Refusal { reason: Reason::Malware, advisories: vec!["MAL-1".to_owned()] };
    assert_eq!(decide(&release("pkg:npm/partly@1.0.0"), &feeds, &policy, NOW), Verdict::Refuse(malware));
    assert_eq!(decide(&release("pkg:npm/partly@1.0.1"), &feeds, &policy, NOW), Verdict::Allow);
}

#[test]
fn a_warning_decides_nothing_and_the_closest_one_is_told() {
    let warn = |purl| entry(Effect::Warn, purl);
    assert_eq!(verdict(&[warn("pkg:npm/evil")], "pkg:npm/evil@1.0.0"), "malware");
    assert_eq!(verdict(&[warn("pkg:npm/good@1.0.0")], "pkg:npm/good@1.0.0"), "allow");
    assert_eq!(verdict(&[warn("pkg:npm/good@1.0.0"), block("pkg:npm/good")], "pkg:npm/good@1.0.0"), "policy");
    assert_eq!(verdict(&[warn("pkg:npm/evil@1.0.0"), allow("pkg:npm/evil")], "pkg:npm/evil@1.0.0"), "allow");
    let exact = Entry { reason: "this one".to_owned(), ..warn("pkg:npm/good@1.0.0") };
    let policy =
        Policy::new([warn("pkg:npm/good"), exact, until(NOW.0, warn("pkg:npm/ended")), block("pkg:npm/blocked")]);
    let told = |purl: &str| {
        let purl = PackageUrl::parse(purl).unwrap();
        policy.warning(&purl.name, purl.version.as_deref().unwrap(), NOW).map(|e| e.reason.clone())
    };
    assert_eq!(told("pkg:npm/good@v1.0.0").as_deref(), Some("this one"));
    assert_eq!(told("pkg:npm/good@1.0.1").as_deref(), Some("why"));
    for other in ["pkg:npm/ended@1.0.0", "pkg:npm/blocked@1.0.0", "pkg:npm/other@1.0.0"] {
        assert_eq!(told(other), None, "{other}");
    }
}
