//! An organisation's settings, its own list, and Guard off and on again.

use crate::Flow;
use crate::sign_in::as_owner;
use crate::tokens::open_tab;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "settings: lifetimes are kept, and wrong ones are told", walk: lifetimes },
    Flow {
        name: "settings: an entry of the own list blocks until it is removed; Guard goes off and on",
        walk: own_list,
    },
];

fn lifetimes(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-settings");
    browser.shows("settings");
    browser.fill("settings-default", "90");
    browser.fill("settings-max", "30");
    browser.press("settings-save");
    browser.sees("settings-wrong-order");
    browser.shows("settings-wrong");
    browser.fill("settings-max", "365");
    browser.press("settings-save");
    browser.sees("done-settings");
}

fn own_list(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-settings");
    browser.fill("settings-package", "pkg:npm/left-pad@1.0.2");
    browser.fill("settings-reason", "Not reviewed yet");
    browser.fill("settings-days", "30");
    browser.press("settings-add-it");
    browser.sees("done-rule-added");
    browser.reads("pkg:npm/left-pad@1.0.2");
    browser.shows("settings-list");
    browser.press("settings-remove-of");
    browser.sees("done-rule-removed");
    browser.unfold("settings-guard-turn-off");
    browser.shows("guard-off-asked");
    browser.press("settings-guard-off");
    browser.sees("frame-guard-off");
    browser.shows("guard-off");
    browser.press("settings-guard-on");
    browser.sees("done-guard-on");
}
