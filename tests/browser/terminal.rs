//! What a package manager does with a token, from a terminal.

use crate::world::World;

/// Asks for a release's file, which is given or refused.
pub(crate) fn takes(world: &World, token: &str, version: &str) {
    asks(world, token, &format!("left-pad/-/left-pad-{version}.tgz"));
}

/// Whose token it is: the answer to `npm whoami`.
pub(crate) fn whoami(world: &World, token: &str) -> String {
    asks(world, token, "-/whoami")
}

fn asks(world: &World, token: &str, path: &str) -> String {
    let url = format!("{}/npm/{path}", world.browser.base);
    let bearer = format!("Authorization: Bearer {token}");
    world.at_a_terminal("GET", &url, &[&bearer, "User-Agent: npm/12.2.0 node/v22.23.3 linux x64"])
}
