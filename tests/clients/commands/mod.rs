//! What people do besides installing: one file per subject, each with its cells. A new subject is a file and its cells here.

mod audit;
mod identity;
mod malware;
mod outdated;
mod publish;
mod search;
mod signatures;
mod tags;
mod view;

use crate::cells::Cell;

/// Every command.
pub(crate) const CELLS: [Cell; 10] = [
    view::CELL,
    outdated::CELL,
    search::CELL,
    audit::CELL,
    signatures::CELL,
    malware::CELL,
    identity::PING,
    identity::WHOAMI,
    tags::CELL,
    publish::CELL,
];
