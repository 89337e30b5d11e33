//! Rows of audit logs that name a person: shown to him, and put under a pseudonym when he is erased. No row comes, goes or moves
//! by that, and none says anything else than before: what was done, when, and by the same one as other rows.

use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId};
use serde_json::Value;

use crate::db::{Row, Tx, sql};
use crate::error::StoreError;
use crate::people::People;

statements! {
    NOTED = "SELECT org_id, at, actor, action, subject, detail, id FROM audit WHERE subject = $1 OR actor = $1 \
             OR detail LIKE $2 ESCAPE '!' ORDER BY id";
    RENAME_MAKER = "UPDATE org_tokens SET made_by = $2 WHERE made_by = $1";
    RENAME_MAKER_IN = "UPDATE org_tokens SET made_by = $2 WHERE made_by = $1 AND org_id = $3";
    RENAME = "UPDATE audit SET actor = $2, subject = $3, detail = $4 WHERE id = $1";
}

/// A row of an audit log.
#[derive(Clone, Debug)]
pub struct HeldNote {
    /// The organisation.
    pub org: OrgId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom.
    pub subject: String,
    /// More about it, if that names the person.
    pub detail: Option<Value>,
}

impl People<'_> {
    /// Rows of audit logs that name exactly this person, also in their details.
    pub async fn noted(&self, person: &str) -> Result<Vec<HeldNote>, StoreError> {
        let read = |row: &Row| {
            let (org, at, actor) = (OrgId(row.get(0)?), row.time(1)?, row.get(2)?);
            let detail = serde_json::from_str(&row.get::<String>(5)?).ok().filter(|detail| names(detail, person));
            Ok(HeldNote { org, at, actor, action: row.get(3)?, subject: row.get(4)?, detail })
        };
        let rows = self.db.all(sql(NOTED).bind(person).bind(within_json(person))).await?;
        let mut notes = rows.iter().map(read).collect::<Result<Vec<HeldNote>, StoreError>>()?;
        // What the database found in a detail may be another person's, spelled almost like this one.
        notes.retain(|note| note.subject == person || note.actor == person || note.detail.is_some());
        Ok(notes)
    }
}

/// Puts another name in the place of a person's, in the rows of one organisation's audit log or of all, and where it says who
/// made a token; whose each row of the log was.
pub(crate) async fn rename(
    tx: &mut Tx,
    person: &str,
    pseudonym: &str,
    of: Option<OrgId>,
) -> Result<Vec<OrgId>, StoreError> {
    let maker = match of {
        Some(org) => sql(RENAME_MAKER_IN).bind(person).bind(pseudonym).bind(org),
        None => sql(RENAME_MAKER).bind(person).bind(pseudonym),
    };
    tx.run(maker).await?;
    let mut renamed = Vec::new();
    for row in tx.all(sql(NOTED).bind(person).bind(within_json(person))).await? {
        let (org, id) = (OrgId(row.get(0)?), AuditId(row.get(6)?));
        let (mut actor, mut subject, text): (String, String, String) = (row.get(2)?, row.get(4)?, row.get(5)?);
        let mut detail = serde_json::from_str(&text).unwrap_or(Value::Null);
        let mut named = replace(&mut detail, person, pseudonym);
        let text = if named { detail.to_string() } else { text };
        for field in [&mut actor, &mut subject] {
            if *field == person {
                *field = pseudonym.to_owned();
                named = true;
            }
        }
        if named && of.is_none_or(|only| only == org) {
            tx.run(sql(RENAME).bind(id).bind(actor).bind(subject).bind(text)).await?;
            renamed.push(org);
        }
    }
    Ok(renamed)
}

/// Puts another text in the place of each that is this one; whether there was one.
fn replace(detail: &mut Value, person: &str, pseudonym: &str) -> bool {
    match detail {
        Value::String(text) if text == person => {
            *text = pseudonym.to_owned();
            true
        }
        Value::Array(values) => {
            values.iter_mut().map(|value| replace(value, person, pseudonym)).filter(|named| *named).count() > 0
        }
        Value::Object(fields) => {
            fields.values_mut().map(|value| replace(value, person, pseudonym)).filter(|named| *named).count() > 0
        }
        _ => false,
    }
}

/// Whether some text in it is this one.
fn names(detail: &Value, person: &str) -> bool {
    match detail {
        Value::String(text) => text == person,
        Value::Array(values) => values.iter().any(|value| names(value, person)),
        Value::Object(fields) => fields.values().any(|value| names(value, person)),
        _ => false,
    }
}

/// The pattern that finds a text in JSON.
fn within_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    format!("%{}%", quoted.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}
