//! Secrets in the configuration: given as `x`, or as `x_file` with the name of a file that holds it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Settings;

/// A text that is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"…\"")
    }
}

impl Settings {
    /// Reads every `x_file` into `x`. Both at once is an error, because one of them would be ignored in silence.
    /// The error names a key and what is wrong with it.
    pub(super) fn read_secret_files(&mut self) -> Result<(), (String, String)> {
        resolve("secret", &mut self.secret, &self.secret_file)?;
        resolve("database.url", &mut self.database.url, &self.database.url_file)?;
        for (name, front) in [("npm", &mut self.upstream.npm), ("pypi", &mut self.upstream.pypi)] {
            resolve(&format!("upstream.{name}.token"), &mut front.token, &front.token_file)?;
            resolve(&format!("upstream.{name}.password"), &mut front.password, &front.password_file)?;
        }
        for (name, private) in &mut self.upstream.private {
            resolve(&format!("upstream.private.{name}.token"), &mut private.token, &private.token_file)?;
            resolve(&format!("upstream.private.{name}.password"), &mut private.password, &private.password_file)?;
        }
        let s3 = &mut self.artifacts.s3;
        resolve("artifacts.s3.access_key", &mut s3.access_key, &s3.access_key_file)?;
        resolve("artifacts.s3.secret_key", &mut s3.secret_key, &s3.secret_key_file)?;
        let oidc = &mut self.console.oidc;
        resolve("console.oidc.client_secret", &mut oidc.client_secret, &oidc.client_secret_file)?;
        resolve("mail.smtp.password", &mut self.mail.smtp.password, &self.mail.smtp.password_file)
    }
}

fn resolve(key: &str, value: &mut Option<Secret>, file: &Option<PathBuf>) -> Result<(), (String, String)> {
    let Some(path) = file else { return Ok(()) };
    if value.is_some() {
        return Err((key.to_owned(), "is set together with its _file form: set one of them".to_owned()));
    }
    *value = Some(read(path).map_err(|why| (format!("{key}_file"), why))?);
    Ok(())
}

/// A secret's file: one line, the end of line removed.
fn read(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    Ok(Secret(text.to_owned()))
}
