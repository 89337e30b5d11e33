//! Tokens for many at once: a file in, a file with the tokens out, once.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use crate::Flow;
use crate::downloads::Downloads;
use crate::sign_in::as_owner;
use crate::support::wait_for;
use crate::terminal::whoami;
use crate::tokens::open_tab;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 1] =
    [Flow { name: "lists: a file of identifiers is answered by one file of tokens, once", walk: issued_once }];

/// What a person has from a spreadsheet.
const LIST: &str = "identifier,days\r\nlist.first@people.example,30\r\n\"list.second\",\"7\"\r\nlist.third\r\n";
const IDENTIFIERS: [&str; 3] = ["list.first@people.example", "list.second", "list.third"];

fn issued_once(world: &World) {
    let browser = &world.browser;
    let folder = TempDir::with_prefix("sekisho-list-").expect("a temporary folder");
    let list = folder.path().join("people.csv");
    fs::write(&list, LIST).expect("a file");
    as_owner(world);
    let downloads = Downloads::of(browser);
    open_tab(world, "tab-tokens");
    browser.follow("tokens-import");
    browser.sees("tokens-import-once");
    browser.fill("tokens-import-file", &list.display().to_string());
    browser.shows("list-chosen");
    let kept = downloads.press("tokens-import-now");
    assert_eq!(kept.name, "tokens.csv");
    let issued = tokens(&kept.text);
    for (_, token, _) in &issued {
        browser.reads_not(token);
        assert!(!world.gate.log().contains(token), "a token is in the log");
    }
    // The same form again, and the answer to that again.
    browser.press("tokens-import-now");
    browser.sees("halt-sent-before");
    browser.reload();
    browser.sees("halt-sent-before");
    assert!(downloads.is_empty(), "a second file came");
    open_tab(world, "tab-tokens");
    browser.sees("tokens-prefix");
    browser.fill("tokens-prefix", "list.");
    browser.press("tokens-search");
    wait_for("what is found", Duration::from_secs(10), || browser.at().contains("list.").then_some(()));
    browser.shows("list-issued");
    assert_eq!(browser.rows().len(), IDENTIFIERS.len(), "{}", browser.text());
    for (identifier, token, end) in &issued {
        browser.reads(identifier);
        assert!(whoami(world, token).contains(identifier), "the token of {identifier} is not its own");
        let ends = browser.ask(&format!("return document.querySelector('time[datetime=\"{end}\"]') !== null"));
        assert!(end.is_empty() || ends == true, "{end} is not on {}", browser.at());
    }
}

/// Identifier, token and end of each line, which are those of the list in its order.
fn tokens(csv: &str) -> Vec<(String, String, String)> {
    let mut lines = csv.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("identifier,token,prefix,expires_at"), "{csv}");
    let read = |line: &str| match line.split(',').collect::<Vec<_>>().as_slice() {
        [identifier, token, prefix, end] => {
            assert!(token.starts_with("tg_org_") && token.len() == 43, "{line}");
            assert!(prefix.strip_suffix('…').is_some_and(|begin| token.starts_with(begin)), "{line}");
            ((*identifier).to_owned(), (*token).to_owned(), (*end).to_owned())
        }
        _ => panic!("not four cells: {line}"),
    };
    let issued: Vec<_> = lines.map(read).collect();
    let identifiers: Vec<_> = issued.iter().map(|(identifier, ..)| identifier.as_str()).collect();
    assert_eq!(identifiers, IDENTIFIERS);
    // Those whose line has a number of days.
    assert!(issued[..2].iter().all(|(.., end)| !end.is_empty()), "{csv}");
    issued
}
