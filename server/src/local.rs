//! The file by which commands on the same machine reach a running server: address, fingerprint and a token that expires
//! with the server. It lies in the data folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{self, Access};

const NAME: &str = "local.toml";

/// How a command on this machine reaches the server of a folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Local {
    /// `host:port` of the QUIC listener.
    pub addr: String,
    /// `host:port` of the HTTP listener, unless it is off.
    pub http: Option<String>,
    /// Fingerprint of the server's certificate.
    pub pin: String,
    /// A token for this run of the server.
    pub token: String,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct LocalError {
    path: PathBuf,
    reason: String,
}

/// Writes the file, readable by the server's user only.
///
/// # Errors
/// When the disk refuses.
pub fn leave(data_dir: &Path, local: &Local) -> Result<(), LocalError> {
    let path = data_dir.join(NAME);
    let failed = |reason: String| LocalError { path: path.clone(), reason };
    let body = toml::to_string(local).map_err(|error| failed(error.to_string()))?;
    let text = format!(
        "# Left by the running server for `stockade` commands on this machine. Expires when the server ends.\n{body}"
    );
    disk::replace(&path, text.as_bytes(), Access::Private).map_err(|error| failed(error.to_string()))
}

/// Reads the file; `None` when no server left one.
///
/// # Errors
/// When it exists and cannot be read.
pub fn read(data_dir: &Path) -> Result<Option<Local>, LocalError> {
    let path = data_dir.join(NAME);
    let failed = |reason: String| LocalError { path: path.clone(), reason };
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map(Some).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Removes the file when the server ends.
pub fn clear(data_dir: &Path) {
    // A file that stays only costs the next command the time to find that no server answers.
    let _ = fs::remove_file(data_dir.join(NAME));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_until_it_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let local = Local { addr: "127.0.0.1:7411".into(), http: None, pin: "ab".into(), token: "stk_x".into() };
        assert_eq!(read(dir.path()).unwrap(), None);
        leave(dir.path(), &local).unwrap();
        assert_eq!(read(dir.path()).unwrap(), Some(local));
        clear(dir.path());
        assert_eq!(read(dir.path()).unwrap(), None);
    }
}
