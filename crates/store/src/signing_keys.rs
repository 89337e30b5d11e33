//! The keys that sessions are signed with, shared by every node. What is stored of the private half is sealed.

use sekisho_core::Timestamp;

use crate::db::{Db, Row, sql};
use crate::error::StoreError;

statements! {
    ALL = "SELECT number, public_key, sealed, signs_from, until FROM signing_keys ORDER BY number";
    INSERT = "INSERT INTO signing_keys (number, public_key, sealed, signs_from) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (number) DO NOTHING";
    END_OLDER = "UPDATE signing_keys SET until = $2 WHERE number < $1 AND until IS NULL";
}

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// One more than its predecessor's.
    pub number: i64,
    /// The public half.
    pub public_key: [u8; 32],
    /// The private half, sealed under the server's secret.
    pub sealed: Vec<u8>,
    /// The moment from which it signs; until then every node learns of it.
    pub signs_from: Timestamp,
    /// When the last token that it signed has ended; none for the newest.
    pub until: Option<Timestamp>,
}

/// The keys.
pub struct SigningKeys<'a> {
    pub(crate) db: &'a Db,
}

impl SigningKeys<'_> {
    /// Every key, oldest first.
    pub async fn all(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        self.db.all(sql(ALL)).await?.iter().map(read).collect()
    }

    /// Adds the next key; earlier ones count until `older_until`. `false` if another came first.
    pub async fn add(&self, new: &SigningKeyRow, older_until: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let insert = sql(INSERT).bind(new.number).bind(&new.public_key).bind(new.sealed.clone()).bind(new.signs_from);
        if tx.run(insert).await? == 0 {
            return Ok(false);
        }
        tx.run(sql(END_OLDER).bind(new.number).bind(older_until)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<SigningKeyRow, StoreError> {
    let public: Vec<u8> = row.get(1)?;
    Ok(SigningKeyRow {
        number: row.get(0)?,
        public_key: public.try_into().map_err(|_| StoreError::unreadable("signing key"))?,
        sealed: row.get(2)?,
        signs_from: row.time(3)?,
        until: row.maybe_time(4)?,
    })
}
