//! The data folder: can it be written to, how long a synced write takes, how much room is left.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use sekisho_core::Clock;

use super::Finding;
use crate::config::Settings;

/// Every recorded answer waits for one synced write.
const SLOW: Duration = Duration::from_millis(50);
const MIB: u64 = 1 << 20;
/// Less room than this is soon none.
const LITTLE: u64 = 1024 * MIB;
/// With less than this the next checkpoint of a busy ledger may not fit.
const TOO_LITTLE: u64 = 64 * MIB;

pub(super) fn look(settings: &Settings, clock: &dyn Clock) -> Vec<Finding> {
    const CHECK: &str = "disk";
    let dir = &settings.data_dir;
    if !dir.exists() {
        let found = format!("{} is not there yet", dir.display());
        return vec![Finding::warn(CHECK, found, "start the server, or name its folder with --data")];
    }
    let written = match write_synced(dir, clock) {
        Err(error) => Finding::fail(
            CHECK,
            format!("{} can't be written to: {error}", dir.display()),
            "run this as the server's user, and look at the disk",
        ),
        Ok(took) if took > SLOW => Finding::warn(
            CHECK,
            format!("a synced write takes {} ms", took.as_millis()),
            "put the data folder on a faster disk: every recorded answer waits for such a write",
        ),
        Ok(took) => Finding::ok(CHECK, format!("a synced write takes {:.1} ms", took.as_secs_f64() * 1000.0)),
    };
    vec![written, room(dir)]
}

fn room(dir: &Path) -> Finding {
    match rustix::fs::statvfs(dir) {
        Err(error) => Finding::warn("disk", format!("the free space is not known: {error}"), "look with `df`"),
        Ok(found) => enough(found.f_bavail.saturating_mul(found.f_frsize)),
    }
}

fn enough(free: u64) -> Finding {
    const CHECK: &str = "disk";
    let next = "make room; `artifacts.max_gb` says how much kept files may take";
    let text = format!("{} MiB free", free / MIB);
    match free {
        ..TOO_LITTLE => Finding::fail(CHECK, text, next),
        TOO_LITTLE..LITTLE => Finding::warn(CHECK, text, next),
        _ => Finding::ok(CHECK, text),
    }
}

fn write_synced(dir: &Path, clock: &dyn Clock) -> io::Result<Duration> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let began = clock.monotonic();
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let took = clock.monotonic().saturating_sub(began);
    fs::remove_file(&path)?;
    written.map(|()| took)
}

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_disk_that_is_soon_full_is_told_and_one_that_is_full_fails() {
        for (free, health) in [(0, Health::Fail), (63, Health::Fail), (64, Health::Warn), (1024, Health::Ok)] {
            assert_eq!(enough(free * MIB).health, health, "{free} MiB");
        }
    }
}
