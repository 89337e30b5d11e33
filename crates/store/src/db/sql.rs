//! A statement with its values, and a row, for either engine.

use std::error::Error;
use std::sync::Arc;

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{
    AccountId, AttemptId, AuditId, BotId, BotKeyId, CiSessionId, CodeId, EntryId, LoginId, MessageId, OrgId,
    OrgTokenId, RuleId, SessionId, SignInId, TokenId, TrustId,
};
use sekisho_core::org::Role;
use sekisho_core::token::TokenHash;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Decode, Executor, Postgres, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::error::StoreError;

/// A statement, the same text on both engines, and the values of `$1`, `$2`, ...
pub(crate) struct Statement {
    text: &'static str,
    values: Vec<Value>,
}

/// A value that both engines can store.
pub(crate) enum Value {
    Int(Option<i64>),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Option<Uuid>),
}

/// Starts a statement.
pub(crate) fn sql(text: &'static str) -> Statement {
    Statement { text, values: Vec::new() }
}

impl Statement {
    /// The value of the next placeholder.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Statement {
        self.values.push(value.into());
        self
    }

    pub(crate) async fn execute_sqlite<'e>(self, on: impl Executor<'e, Database = Sqlite>) -> Result<u64, StoreError> {
        let done = sqlx::query_with(self.text, arguments::<SqliteArguments>(self.values)?).execute(on).await?;
        Ok(done.rows_affected())
    }

    pub(crate) async fn execute_postgres<'e>(
        self,
        on: impl Executor<'e, Database = Postgres>,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query_with(self.text, arguments::<PgArguments>(self.values)?).execute(on).await?;
        Ok(done.rows_affected())
    }

    pub(crate) async fn rows_sqlite<'e>(
        self,
        on: impl Executor<'e, Database = Sqlite>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = sqlx::query_with(self.text, arguments::<SqliteArguments>(self.values)?).fetch_all(on).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    pub(crate) async fn rows_postgres<'e>(
        self,
        on: impl Executor<'e, Database = Postgres>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = sqlx::query_with(self.text, arguments::<PgArguments>(self.values)?).fetch_all(on).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }
}

/// A type that both engines can store.
pub(crate) trait Storable<A: Arguments>: for<'q> sqlx::Encode<'q, A::Database> + Type<A::Database> {}
impl<A: Arguments, T: for<'q> sqlx::Encode<'q, A::Database> + Type<A::Database>> Storable<A> for T {}

fn arguments<A: Arguments>(values: Vec<Value>) -> Result<A, StoreError>
where
    Option<i64>: Storable<A>,
    String: Storable<A>,
    Vec<u8>: Storable<A>,
    Option<Uuid>: Storable<A>,
{
    let mut arguments = A::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Uuid(value) => arguments.add(value),
        }
        .map_err(|error: Box<dyn Error + Send + Sync>| StoreError::Broken { source: Arc::from(error) })?;
    }
    Ok(arguments)
}

/// PostgreSQL refuses a text with a NUL in it, and one such text of a stranger's would fail a whole group of rows.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(without_nul(value))
    }
}

macro_rules! value_from {
    ($($type:ty: $value:ident => $made:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Value {
                $made
            }
        })*
    };
}

value_from! {
    i64: value => Value::Int(Some(value));
    Option<i64>: value => Value::Int(value);
    Timestamp: value => Value::Int(Some(value.0));
    Option<Timestamp>: value => Value::Int(value.map(|t| t.0));
    &str: value => Value::from(value.to_owned());
    &EmailAddress: value => Value::Text(value.as_str().to_owned());
    Language: value => Value::Text(value.as_str().to_owned());
    Vec<u8>: value => Value::Bytes(value);
    &[u8; 32]: value => Value::Bytes(value.to_vec());
    &[u8]: value => Value::Bytes(value.to_vec());
    &TokenHash: value => Value::Bytes(value.0.to_vec());
    Uuid: value => Value::Uuid(Some(value));
    Option<Uuid>: value => Value::Uuid(value);
    AccountId: value => Value::Uuid(Some(value.0));
    AttemptId: value => Value::Uuid(Some(value.0));
    CodeId: value => Value::Uuid(Some(value.0));
    EntryId: value => Value::Uuid(Some(value.0));
    LoginId: value => Value::Uuid(Some(value.0));
    MessageId: value => Value::Uuid(Some(value.0));
    TokenId: value => Value::Uuid(Some(value.0));
    OrgId: value => Value::Uuid(Some(value.0));
    OrgTokenId: value => Value::Uuid(Some(value.0));
    Option<OrgTokenId>: value => Value::Uuid(value.map(|id| id.0));
    BotId: value => Value::Uuid(Some(value.0));
    BotKeyId: value => Value::Uuid(Some(value.0));
    CiSessionId: value => Value::Uuid(Some(value.0));
    TrustId: value => Value::Uuid(Some(value.0));
    RuleId: value => Value::Uuid(Some(value.0));
    AuditId: value => Value::Uuid(Some(value.0));
    SessionId: value => Value::Uuid(Some(value.0));
    SignInId: value => Value::Uuid(Some(value.0));
}

/// A row of either engine. Columns are read by their place in the statement.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that both engines can give back.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}
impl<T> Column for T where T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl Row {
    /// A column as the engines know it.
    pub(crate) fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A moment.
    pub(crate) fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        Ok(Timestamp(self.get(column)?))
    }

    /// A moment, or none.
    pub(crate) fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp))
    }

    /// An address.
    pub(crate) fn email(&self, column: usize) -> Result<EmailAddress, StoreError> {
        self.maybe_email(column)?.ok_or(StoreError::unreadable("address"))
    }

    /// An address, or none.
    pub(crate) fn maybe_email(&self, column: usize) -> Result<Option<EmailAddress>, StoreError> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        EmailAddress::parse(&text).map(Some).map_err(|_| StoreError::unreadable("address"))
    }

    /// A language.
    pub(crate) fn language(&self, column: usize) -> Result<Language, StoreError> {
        Language::parse(&self.get::<String>(column)?).ok_or(StoreError::unreadable("language"))
    }

    /// A role.
    pub(crate) fn role(&self, column: usize) -> Result<Role, StoreError> {
        Role::parse(&self.get::<String>(column)?).ok_or(StoreError::unreadable("role"))
    }

    /// A role, or none.
    pub(crate) fn maybe_role(&self, column: usize) -> Result<Option<Role>, StoreError> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        Role::parse(&text).map(Some).ok_or(StoreError::unreadable("role"))
    }

    /// A token's hash.
    pub(crate) fn hash(&self, column: usize) -> Result<TokenHash, StoreError> {
        let bytes: Vec<u8> = self.get(column)?;
        bytes.try_into().map(TokenHash).map_err(|_| StoreError::unreadable("hash"))
    }
}
