//! What people do besides installing: one file per subject, each with its cells. A new subject is a file and its cells here.

mod identity;
mod outdated;
mod publish;
mod tags;
mod view;

use crate::cells::Cell;

/// Every command.
pub(crate) const CELLS: [Cell; 6] =
    [view::CELL, outdated::CELL, identity::PING, identity::WHOAMI, tags::CELL, publish::CELL];
