//! The ledger's side of an answer: an artifact needs a [`Permit`], and a permit comes only after its row is durable.

use std::sync::Arc;

use sekisho_core::id::EntryId;
use sekisho_core::policy::Refusal;
use sekisho_core::{Clock, PackageName, Random, Release};
use sekisho_oidc::Attribution;
use sekisho_store::{Entry, Outcome, Pipeline, Recorded, Store, Taker, Trace, Who};

use crate::agent::Agent;
use crate::api::store_problem;
use crate::callers::Caller;
use crate::exchange::Exchange;
use crate::gate::{Cleared, Refused};
use crate::http::Problem;
use crate::refusal;
use crate::row_ids::RowIds;

/// The right to answer with one artifact: it was cleared, and its row is on disk.
#[derive(Debug)]
pub struct Permit {
    recorded: Recorded,
}

impl Permit {
    /// The file that may be answered with.
    pub fn file(&self) -> &str {
        &self.recorded.entry().file
    }
}

/// Writes down what is taken and what is refused.
pub struct Recorder {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    ids: RowIds,
}

impl Recorder {
    /// A recorder over the ledger.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Recorder {
        Recorder { store, clock, ids: RowIds::new(random) }
    }

    /// Records that `exchange` takes `file` of a cleared release. Returns once the row is durable.
    pub async fn take(&self, cleared: Cleared, file: &str, exchange: &Exchange) -> Result<Permit, Problem> {
        let release = cleared.release();
        let entry = self.entry(&release.name, &release.version, file, Outcome::Answered, exchange);
        let recorded = self.store.ledger().record(entry).await.map_err(|e| store_problem(&e))?;
        Ok(Permit { recorded })
    }

    /// Records that a release was refused, and gives the problem to answer with. A `HEAD` takes nothing and leaves no row.
    pub async fn refuse(&self, refused: &Refused, file: &str, exchange: &Exchange) -> Problem {
        let version = shown_version(refused);
        self.refused(refused, version, (version.unwrap_or_default(), file), exchange).await
    }

    /// The same for a file that no document of the registry lists: its name, and the version in it, are the client's own
    /// words. Of somebody without a token they are not kept, or a stranger could write as many rows as there are words.
    pub async fn refuse_unlisted(&self, refused: &Refused, file: &str, exchange: &Exchange) -> Problem {
        let version = shown_version(refused);
        let kept = match &exchange.caller {
            Caller::Anonymous | Caller::Bot(_) => ("", ""),
            Caller::Personal(_) | Caller::Organisation(_) | Caller::Ci(_) => (version.unwrap_or_default(), file),
        };
        self.refused(refused, version, kept, exchange).await
    }

    /// Records that a whole name was refused.
    pub async fn refuse_name(&self, name: &PackageName, refusal: &Refusal, exchange: &Exchange) -> Problem {
        let refused = Refused { release: Release::new(name.clone(), ""), refusal: refusal.clone() };
        self.refused(&refused, None, ("", ""), exchange).await
    }

    async fn refused(
        &self,
        refused: &Refused,
        shown: Option<&str>,
        (version, file): (&str, &str),
        exchange: &Exchange,
    ) -> Problem {
        let name = &refused.release.name;
        let problem = refusal::problem(name, shown, &refused.refusal, &exchange.origin);
        if exchange.head {
            return problem;
        }
        let outcome = Outcome::Refused(refused.refusal.clone());
        let entry = self.entry(name, version, file, outcome, exchange);
        // A refusal stands even where it could not be written down.
        if let Err(error) = self.store.ledger().record(entry).await {
            tracing::warn!("a refusal could not be recorded: {error}");
        }
        problem
    }

    fn entry(&self, name: &PackageName, version: &str, file: &str, outcome: Outcome, exchange: &Exchange) -> Entry {
        let at = self.clock.now();
        let agent = Agent::of(exchange.user_agent.as_ref());
        let who = match &exchange.caller {
            // A bot gets nowhere where something is taken.
            Caller::Anonymous | Caller::Bot(_) => None,
            Caller::Personal(known) => Some(Who::Account { account: known.row.account, token: known.row.id }),
            Caller::Organisation(known) => Some(Who::Organisation {
                org: known.row.org,
                token: known.row.id,
                identifier: known.row.identifier.clone(),
            }),
            Caller::Ci(known) => Some(Who::Session {
                org: known.row.org,
                bot: known.row.bot,
                session: known.row.id,
                pipeline: Box::new(pipeline(&known.row.attribution)),
            }),
        };
        let taker = who.map_or(Taker::Anonymous, |who| {
            Taker::Token(Trace {
                id: EntryId::mint(at, &self.ids),
                who,
                client_name: agent.name,
                client_version: agent.version,
                address: exchange.client.to_string(),
            })
        });
        Entry {
            at,
            ecosystem: name.ecosystem(),
            name: name.as_str().to_owned(),
            version: version.to_owned(),
            file: file.to_owned(),
            outcome,
            taker,
        }
    }
}

fn pipeline(of: &Attribution) -> Pipeline {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    Pipeline {
        repository: text(&of.repository),
        workflow: text(&of.workflow),
        run: text(&of.run),
        commit: text(&of.commit),
    }
}

/// A file of a name that is refused whole may not tell its version.
fn shown_version(refused: &Refused) -> Option<&str> {
    Some(&*refused.release.version).filter(|v| !v.is_empty())
}
