//! Who took a release, in all organisations and personal accounts.

use std::collections::HashMap;

use sekisho_core::PackageName;
use sekisho_core::id::{AccountId, OrgId};
use sekisho_store::{LedgerRow, Question, Who};
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};

/// A row of the ledger as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct TakerShown {
    /// When.
    pub time: String,
    /// `answered` or `refused`.
    pub outcome: String,
    /// The organisation's name, or nothing for a personal account.
    pub organisation: Option<String>,
    /// The user identifier, the bot's id, or the account's address, or its id if it was erased.
    pub who: String,
    /// The repository of a pipeline.
    pub repository: Option<String>,
    /// The run of a pipeline.
    pub run: Option<String>,
    /// The file.
    pub file: String,
    /// The client, `npm/11.4.2`.
    pub client: String,
    /// The client's address.
    pub address: String,
}

impl Operator {
    /// The newest rows of a release, up to `limit` for each organisation and account, newest first; `true` if there are more.
    pub async fn who(
        &self,
        package: &PackageName,
        version: &str,
        limit: usize,
    ) -> Result<(Vec<TakerShown>, bool), OperateError> {
        let orgs: HashMap<_, _> =
            self.store.organisations().all().await?.into_iter().map(|org| (org.id, org.name)).collect();
        let (mut rows, mut more) = (Vec::new(), false);
        for owner in self.store.ledger().owners_of(package, version).await? {
            let mut question = Question::of(owner);
            question.package = Some(package.clone());
            question.versions = Some([version.to_owned()].into());
            let page = self.store.ledger().page(question, None, limit).await?;
            more |= page.next.is_some();
            let address = self.address_of(owner, &page.rows).await?;
            rows.extend(page.rows.into_iter().map(|row| (row.id, shown(row, &orgs, address.as_deref()))));
        }
        rows.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        Ok((rows.into_iter().map(|(_, row)| row).collect(), more))
    }

    /// The address of the account that these rows are of; none if they are not, or it was erased.
    async fn address_of(&self, owner: Uuid, rows: &[LedgerRow]) -> Result<Option<String>, OperateError> {
        if !rows.iter().any(|row| matches!(row.who, Who::Account { .. })) {
            return Ok(None);
        }
        let account = self.store.accounts().find(AccountId(owner)).await?;
        Ok(account.and_then(|account| account.email).map(|email| email.as_str().to_owned()))
    }
}

fn shown(row: LedgerRow, orgs: &HashMap<OrgId, String>, address: Option<&str>) -> TakerShown {
    let name = |org: &OrgId| Some(orgs.get(org).cloned().unwrap_or_else(|| org.to_string()));
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (organisation, who, repository, run) = match &row.who {
        Who::Account { account, .. } => (None, address.map_or(account.0.to_string(), str::to_owned), None, None),
        Who::Organisation { org, identifier, .. } => (name(org), identifier.to_string(), None, None),
        Who::Session { org, bot, pipeline, .. } => {
            (name(org), bot.to_string(), given(&pipeline.repository), given(&pipeline.run))
        }
    };
    let client = match row.client_version.as_str() {
        "" => row.client_name,
        version => format!("{}/{version}", row.client_name),
    };
    TakerShown {
        time: row.at.to_string(),
        outcome: row.outcome,
        organisation,
        who,
        repository,
        run,
        file: row.file,
        client,
        address: row.address,
    }
}
