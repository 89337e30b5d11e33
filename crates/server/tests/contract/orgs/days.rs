//! Installs and refusals by day, as the job beside requests counts them.

use std::time::Duration;

use sekisho_core::{Clock, Ecosystem};
use sekisho_server::jobs;
use sekisho_testkit::Ask;

use super::started;
use crate::support::on_both_engines;

const DAY: i64 = 24 * 3600 * 1000;

on_both_engines! {
    async fn what_was_taken_and_refused_is_counted_by_day_and_goes_with_its_rows(setup) {
        let app = started(setup.malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6")).await;
        let org = app.organisation("acme").await;
        let token = app.org_token(org, "ann@example.com", None).await;
        let wheel = "/pypi/files/flask/flask-1.0-py3-none-any.whl";
        for (path, status) in [
            ("/npm/left-pad/-/left-pad-1.0.0.tgz", 302),
            ("/npm/left-pad/-/left-pad-1.0.0.tgz", 302),
            ("/npm/left-pad/-/left-pad-6.6.6.tgz", 403),
            (wheel, 302),
        ] {
            assert_eq!(app.ask(Ask::get(path).bearer(&token.key)).await.status, status, "{path}");
        }
        let today = app.clock.now().0 / DAY;
        let days = async || {
            jobs::install_days::once(&app.app).await.unwrap();
            let days = app.app.store.install_days().days(org, today - 9, today + 999).await.unwrap();
            days.iter().map(|d| (d.day - today, d.ecosystem, d.counts.installs, d.counts.blocked)).collect::<Vec<_>>()
        };
        let first = [(0, Ecosystem::Npm, 1, 1), (0, Ecosystem::Pypi, 1, 0)];
        assert_eq!(days().await, first, "twice within ten minutes is once");
        app.advance(59);
        assert_eq!(app.ask(Ask::get(wheel).bearer(&token.key)).await.status, 302);
        app.advance(2 * 24 * 3600);
        assert_eq!(app.ask(Ask::get(wheel).bearer(&token.key)).await.status, 302);
        assert_eq!(days().await, [first.as_slice(), &[(2, Ecosystem::Pypi, 1, 0)]].concat());
        let most = app.app.store.install_days().most(org, false, (today, today + 2), 1).await.unwrap();
        assert_eq!((most[0].name.as_str(), most[0].number), ("flask", 2));

        let kept = Duration::from_secs(u64::from(app.app.settings.ledger.retention_days) * 24 * 3600);
        app.advance(kept.as_secs() - 24 * 3600);
        jobs::retention::once(&app.app).await.unwrap();
        assert_eq!(days().await, [(2, Ecosystem::Pypi, 1, 0)]);
    }
}
