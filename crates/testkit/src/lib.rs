//! What the tests of the server stand on: the whole application over a fresh database, with time and chance in the
//! test's hands, a mailbox to read, and a fake upstream. Everything here panics where a test could not go on.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod answer;
mod app;
mod ask;
mod chance;
mod clock;
pub mod fixtures;
mod mails;
mod node;
mod orgs;
mod pipelines;
mod setup;
pub mod socket;

pub use answer::Answer;
pub use app::{Person, TestApp};
pub use ask::Ask;
pub use chance::SeededRandom;
pub use clock::{NOW, TestClock};
pub use mails::Mail;
pub use node::Node;
pub use orgs::{OrgToken, TestBot};
pub use pipelines::TestIssuer;
pub use sekisho_store::testing::TestEngine;
pub use sekisho_upstream::testing::{FakeUpstream, Reply};
pub use setup::Setup;
