//! What a person does at a browser, in few words: open, fill, press, follow, and look whether it says so.

use std::time::Duration;

use serde_json::{Value, json};

use crate::driver::Session;
use crate::support::wait_for;
use crate::texts::Text;
use crate::world::{Hands, Kind};

const PAGE: &str = include_str!("page.js");
const FIELDS: &str = "input:not([type=hidden]), select, textarea";
const BUTTONS: &str = "button";
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The keys that have no character (WebDriver section 17.4.2).
pub(crate) mod key {
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(super) const DOWN: &str = "\u{e015}";
    pub(super) const TAB: &str = "\u{e004}";
    pub(super) const SPACE: &str = " ";
    pub(super) const DELETE: &str = "\u{e017}";
    pub(super) const CONTROL: &str = "\u{e009}";
}

/// A browser at an address, in a person's hands.
pub(crate) struct Browser {
    pub(crate) session: Session,
    pub(crate) kind: &'static Kind,
    /// Where the pages are, without a slash at its end.
    pub(crate) base: String,
}

impl Browser {
    /// Types an address.
    #[track_caller]
    pub(crate) fn open(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        self.session.post("url", &json!({"url": url}));
    }

    /// Loads the page again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        self.session.post("refresh", &json!({}));
    }

    /// Chooses an option of the list with this label.
    #[track_caller]
    pub(crate) fn choose(&self, label: impl Text, option: &str) {
        let list = self.find("select", &self.say(label));
        match self.kind.hands {
            Hands::Mouse => {
                let by = json!({"using": "css selector", "value": format!("option[value='{option}']")});
                let option = self.session.post(&format!("element/{list}/element"), &by);
                let option = option[ELEMENT].as_str().unwrap_or_default().to_owned();
                self.session.post(&format!("element/{option}/click"), &json!({}));
            }
            Hands::Keyboard => {
                self.tab_to(&list);
                self.session.post(&format!("element/{list}/value"), &json!({"text": option}));
            }
        }
        assert_eq!(self.session.get(&format!("element/{list}/property/value")), option, "{}", self.at());
    }

    /// Puts a text into the field with this label, in place of what is there.
    #[track_caller]
    pub(crate) fn fill(&self, label: impl Text, text: &str) {
        let field = self.find(FIELDS, &self.say(label));
        match self.kind.hands {
            Hands::Mouse => drop(self.session.post(&format!("element/{field}/clear"), &json!({}))),
            Hands::Keyboard => {
                self.tab_to(&field);
                self.strike(&[key::CONTROL, "a"]);
                self.strike(&[key::DELETE]);
            }
        }
        self.session.post(&format!("element/{field}/value"), &json!({"text": text}));
    }

    /// Ticks the box, or chooses the radio button, with this label.
    #[track_caller]
    pub(crate) fn tick(&self, label: impl Text) {
        let element = self.find("input[type=checkbox], input[type=radio]", &self.say(label));
        if self.kind.hands == Hands::Mouse {
            return self.use_it(&element, key::SPACE);
        }
        // Tab reaches one button of a group, and the arrows the others.
        let group = self.session.get(&format!("element/{element}/attribute/name"));
        for _ in 0..200 {
            let focus = self.ask("return focus()");
            if focus["element"][ELEMENT] == element.as_str() {
                return self.strike(&[key::SPACE]);
            }
            let inside = focus["radio"] == group && !group.is_null();
            self.strike(&[if inside { key::DOWN } else { key::TAB }]);
        }
        panic!("no key reaches it on {}", self.at());
    }

    /// Presses the button with this text, and waits for the page that it leads to.
    #[track_caller]
    pub(crate) fn press(&self, text: impl Text) {
        self.use_it(&self.find(BUTTONS, &self.say(text)), key::ENTER);
    }

    /// Presses the button that copies, and gives what can be pasted then.
    #[track_caller]
    pub(crate) fn copies(&self, text: impl Text) -> String {
        let rights = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        self.session.devtools("Browser.grantPermissions", &json!({"origin": self.base, "permissions": rights}));
        self.use_it(&self.find(BUTTONS, &self.say(text)), key::SPACE);
        self.sees("setup-copied");
        let paste =
            "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)))";
        let pasted = self.session.post("execute/async", &json!({"script": paste, "args": []}));
        pasted.as_str().unwrap_or_default().to_owned()
    }

    /// Opens, or closes, the menu or part of the page with this heading.
    #[track_caller]
    pub(crate) fn unfold(&self, heading: impl Text) {
        self.use_it(&self.find("summary", &self.say(heading)), key::SPACE);
    }

    /// Follows the link with this text.
    #[track_caller]
    pub(crate) fn follow(&self, text: impl Text) {
        self.use_it(&self.find("a[href]", &self.say(text)), key::ENTER);
    }

    /// Follows the link of this text into which a name is put, as one of several rows has it.
    #[track_caller]
    pub(crate) fn follow_of(&self, text: impl Text, name: &str) {
        self.use_it(&self.find_of("a[href]", text, name), key::ENTER);
    }

    /// Presses such a button.
    #[track_caller]
    pub(crate) fn press_of(&self, text: impl Text, name: &str) {
        self.use_it(&self.find_of(BUTTONS, text, name), key::ENTER);
    }

    /// There is a link with this text.
    pub(crate) fn offers(&self, text: impl Text) -> bool {
        self.ask(&format!("return find('a[href]', {}).count", json!(self.say(text)))) == 1
    }

    /// The page says this, now or soon.
    #[track_caller]
    pub(crate) fn sees(&self, text: impl Text) {
        self.reads(&self.say(text));
    }

    /// The same for a text that is no word of a language.
    #[track_caller]
    pub(crate) fn reads(&self, text: &str) {
        let wanted = flat(text);
        let mut shown = String::new();
        for _ in 0..60 {
            shown = self.text();
            if shown.contains(&wanted) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{wanted:?} is not on {}: {shown}", self.at());
    }

    /// The page says this, after it was loaded again a few times at most: what was just taken is written down meanwhile.
    #[track_caller]
    pub(crate) fn comes_to_read(&self, text: &str) {
        for _ in 0..50 {
            if self.text().contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
            self.reload();
        }
        self.reads(text);
    }

    /// This holds on the page, after it was loaded again until then, for so many seconds at most.
    #[track_caller]
    pub(crate) fn comes_to(&self, condition: &str, seconds: u32) {
        for _ in 0..seconds {
            if self.ask(&format!("return {condition}")) == true {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
            self.reload();
        }
        panic!("{condition} does not come to hold on {}: {}", self.at(), self.text());
    }

    /// The page does not say this.
    #[track_caller]
    pub(crate) fn reads_not(&self, text: &str) {
        let shown = self.text();
        assert!(!shown.contains(&flat(text)), "{text:?} is on {}: {shown}", self.at());
    }

    /// A secret that the page shows.
    #[track_caller]
    pub(crate) fn secret(&self) -> String {
        let secret = self.ask("return document.getElementById('secret')?.textContent.trim()");
        secret.as_str().unwrap_or_else(|| panic!("no secret on {}: {}", self.at(), self.text())).to_owned()
    }

    /// Sends this text in every field of a form of this page, and gives whether there is such a form with such fields.
    #[track_caller]
    pub(crate) fn attacks(&self, path: &str, form: u64, text: &str) -> bool {
        self.open(path);
        let before = self.document();
        if self.ask(&format!("return attack({form}, {})", json!(text))) != true {
            return false;
        }
        self.arrived(&before);
        true
    }

    /// Everybody is signed out of this browser.
    pub(crate) fn forgets(&self) {
        self.session.devtools("Network.clearBrowserCookies", &json!({}));
    }

    /// The cookies of this page.
    pub(crate) fn cookies(&self) -> Value {
        self.session.devtools("Network.getCookies", &json!({}))["cookies"].take()
    }

    /// It has these cookies and no others, as a browser of its own that was here before.
    pub(crate) fn becomes(&self, cookies: &Value) {
        self.forgets();
        let cookies = cookies.as_array().into_iter().flatten().map(|cookie| {
            let mut own = json!({"url": self.base, "path": "/"});
            for name in ["name", "value", "secure", "httpOnly"] {
                own[name] = cookie[name].clone();
            }
            own
        });
        self.session.devtools("Network.setCookies", &json!({"cookies": cookies.collect::<Vec<_>>()}));
    }

    /// What it says of itself from now on; nothing: the truth.
    pub(crate) fn poses_as(&self, agent: &str) {
        self.session.devtools("Emulation.setUserAgentOverride", &json!({"userAgent": agent}));
    }

    /// What stands in each row of the page's tables.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.ask("return [...document.querySelectorAll('main tbody tr')].map((row) => flat(row.innerText))");
        rows.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// What stands in the row that has this in it.
    #[track_caller]
    pub(crate) fn row(&self, text: &str) -> String {
        let row = self.rows().into_iter().find(|row| row.contains(text));
        row.unwrap_or_else(|| panic!("no row has {text:?} at {}: {}", self.at(), self.text()))
    }

    /// All that a person reads on the page, in one line.
    pub(crate) fn text(&self) -> String {
        self.ask("return flat(document.body.innerText)").as_str().unwrap_or_default().to_owned()
    }

    /// The page's address without the server's.
    #[track_caller]
    pub(crate) fn at(&self) -> String {
        let url = self.session.get("url");
        let url = url.as_str().unwrap_or_default();
        url.strip_prefix(&self.base).unwrap_or(url).to_owned()
    }

    /// Asks the page, by what `page.js` has.
    #[track_caller]
    pub(crate) fn ask(&self, question: &str) -> Value {
        self.session.post("execute/sync", &json!({"script": format!("{PAGE}\n{question}"), "args": []}))
    }

    /// A text in this browser's language.
    pub(crate) fn say(&self, text: impl Text) -> String {
        flat(&text.say(self.kind.language))
    }

    /// The one element that a person knows by this name.
    #[track_caller]
    pub(crate) fn find(&self, selector: &str, name: &str) -> String {
        let found = self.ask(&format!("return find({}, {})", json!(selector), json!(name)));
        match found["element"][ELEMENT].as_str() {
            Some(element) => element.to_owned(),
            None => panic!(
                "{} × {name:?} among {selector} on {}: there are {}; it reads: {}",
                found["count"],
                self.at(),
                found["names"],
                self.text()
            ),
        }
    }

    #[track_caller]
    fn find_of(&self, selector: &str, text: impl Text, name: &str) -> String {
        let text = self.say(text);
        let all = self.ask(&format!("return find({}, '').names", json!(selector)));
        let mut whole = all.as_array().into_iter().flatten().filter_map(Value::as_str);
        let whole = whole.find(|one| one.contains(&text) && one.contains(name));
        let whole = whole.unwrap_or_else(|| panic!("no {text:?} of {name:?} on {}: {all}", self.at()));
        self.find(selector, whole)
    }

    #[track_caller]
    fn use_it(&self, element: &str, by: &str) {
        if self.kind.hands == Hands::Keyboard {
            self.tab_to(element);
        }
        let before = self.document();
        match self.kind.hands {
            Hands::Mouse => drop(self.session.post(&format!("element/{element}/click"), &json!({}))),
            Hands::Keyboard => self.strike(&[by]),
        }
        if by == key::ENTER {
            self.arrived(&before);
        }
    }

    /// The driver does not wait for what a key leads to, and after a click only if the next page has begun by then.
    fn arrived(&self, before: &Value) {
        let ready = || {
            let now = self.session.try_post("execute/sync", &json!({"script": READY, "args": []})).ok()?;
            (now["ready"] == true && now["document"] != *before).then_some(())
        };
        wait_for("the next page", Duration::from_secs(10), ready);
    }

    fn document(&self) -> Value {
        self.session.post("execute/sync", &json!({"script": READY, "args": []}))["document"].take()
    }

    /// Tab, until the focus is on this element and seen there.
    #[track_caller]
    fn tab_to(&self, element: &str) {
        let target = json!([{ELEMENT: element}]);
        let steps = "const own = stops().indexOf(arguments[0]), now = focus().place; return own - now";
        let steps = self.session.post("execute/sync", &json!({"script": format!("{PAGE}\n{steps}"), "args": target}));
        self.strike_often(key::TAB, steps.as_u64().unwrap_or_default());
        for _ in 0..200 {
            let focus = self.ask("return focus()");
            if focus["element"][ELEMENT] == element {
                assert_eq!(focus["visible"], true, "nobody sees the focus on {} at {}", focus["name"], self.at());
                return;
            }
            self.strike(&[key::TAB]);
        }
        panic!("Tab does not reach it on {}", self.at());
    }

    /// Tab through the whole page: every stop once, in the order in which they stand, each with a focus that is seen.
    #[track_caller]
    pub(crate) fn walks_by_tab(&self) {
        let stops: Vec<u64> = (0..self.ask("return stops().length").as_u64().unwrap_or_default()).collect();
        self.ask("follow()");
        self.strike_often(
            key::TAB,
            stops.len() as u64 + self.ask("return partsOfDates()").as_u64().unwrap_or_default(),
        );
        let walked = self.ask("return window.walked");
        let walked = walked.as_array().into_iter().flatten();
        let unseen: Vec<&Value> = walked.clone().filter(|focus| focus["visible"] != true).collect();
        assert!(unseen.is_empty(), "nobody sees the focus at {}: {unseen:?}", self.at());
        let reached: Vec<u64> = walked.filter_map(|focus| focus["place"].as_u64()).take(stops.len()).collect();
        assert_eq!(reached, stops, "Tab goes through {} in another order than it reads, or passes by", self.at());
    }

    /// Presses a key so many times.
    #[track_caller]
    fn strike_often(&self, key: &str, times: u64) {
        let one = [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let actions: Vec<&Value> = (0..times).flat_map(|_| &one).collect();
        self.session.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }

    /// Presses keys together, and lets them go.
    #[track_caller]
    fn strike(&self, keys: &[&str]) {
        let down = keys.iter().map(|key| json!({"type": "keyDown", "value": key}));
        let up = keys.iter().rev().map(|key| json!({"type": "keyUp", "value": key}));
        let actions: Vec<Value> = down.chain(up).collect();
        self.session.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }
}

/// Tells one document from the next, also of the same address.
const READY: &str = "return {ready: document.readyState === 'complete', document: performance.timeOrigin}";

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
