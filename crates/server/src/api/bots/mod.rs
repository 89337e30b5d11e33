//! `/bots`: what pipelines ask.

pub mod exchange;
