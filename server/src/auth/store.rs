//! The file of access tokens. A token is shown once, when it is created; the file holds its SHA-256 only, which is safe
//! because a token is 256 random bits.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stockade_core::ids::Code;
use tokio::sync::watch;

use super::rights::{Identity, Role};
use crate::disk::{self, Access};

/// Prefix of every token, so that scanners for leaked secrets can find it.
const PREFIX: &str = "stk_";

/// Why the file of tokens cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is not a file of tokens.
    #[error("{path}: {reason}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another token has the name.
    #[error("a token named {0} exists already: revoke it first or choose another name")]
    Taken(Code),
    /// No token has the name.
    #[error("there is no token named {0}: `stockade token list` shows all")]
    Unknown(Code),
    /// A storefront without a channel, or another role with one.
    #[error("{0}")]
    Channel(&'static str),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// The tokens of a file.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    entries: Vec<Entry>,
}

/// A token as the file knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: Code,
    /// Its role's name.
    role: String,
    /// The channel of a storefront.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Code>,
    /// When it was created, RFC 3339.
    pub created: String,
    /// SHA-256 of the token, in hexadecimal digits.
    sha256: String,
}

/// A token that was just created: the only time its text is known.
pub struct NewToken {
    /// The text a caller sends.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "token")]
    tokens: Vec<Entry>,
}

impl Entry {
    /// The role of its bearer; `None` when the file names an unknown one.
    pub fn role(&self) -> Option<Role> {
        self.role.parse().ok()
    }
}

impl Tokens {
    /// Reads the file; a missing file holds no tokens.
    ///
    /// # Errors
    /// When it exists and cannot be read, or something in it is wrong.
    pub fn load(path: &Path) -> Result<Tokens, TokenError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tokens::default()),
            Err(error) => return Err(TokenError::Io { path: path.to_owned(), error }),
        };
        let bad = |reason: String| TokenError::Bad { path: path.to_owned(), reason };
        let file: File = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        for entry in &file.tokens {
            if entry.role().is_none() || !is_hash(&entry.sha256) {
                return Err(bad(format!("token {} has an unknown role or no SHA-256", entry.name)));
            }
        }
        Ok(Tokens { entries: file.tokens })
    }

    /// Writes the file, readable by its owner only, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, path: &Path) -> Result<(), TokenError> {
        let file = File { tokens: self.entries.clone() };
        let body =
            toml::to_string(&file).map_err(|e| TokenError::Bad { path: path.to_owned(), reason: e.to_string() })?;
        let text = format!("# Access tokens, hashed. `stockade token add|list|revoke` edits this file.\n\n{body}");
        disk::replace(path, text.as_bytes(), Access::Private)
            .map_err(|error| TokenError::Io { path: path.to_owned(), error })
    }

    /// Reads the file, changes the tokens, and writes them, while no other process does. Nothing is written after an error.
    ///
    /// # Errors
    /// As [`Tokens::load`] and [`Tokens::save`], and what `change` returns.
    pub fn update<T>(path: &Path, change: impl FnOnce(&mut Tokens) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let locked = disk::alone(path, || {
            let mut tokens = Tokens::load(path)?;
            let changed = change(&mut tokens)?;
            tokens.save(path)?;
            Ok(changed)
        });
        locked.unwrap_or_else(|error| Err(TokenError::Io { path: path.to_owned(), error }))
    }

    /// Creates a token. Does not write the file.
    ///
    /// # Errors
    /// When the name is taken, or the channel does not fit the role.
    pub fn add(&mut self, name: Code, role: Role, channel: Option<Code>, now: &str) -> Result<NewToken, TokenError> {
        match (role, &channel) {
            (Role::Storefront, None) => return Err(TokenError::Channel("a storefront token needs its channel")),
            (Role::Storefront, Some(_)) | (_, None) => {}
            (_, Some(_)) => return Err(TokenError::Channel("only storefront tokens have a channel")),
        }
        if self.entries.iter().any(|entry| entry.name == name) {
            return Err(TokenError::Taken(name));
        }
        let text = random_text()?;
        let sha256 = hex(&hash(&text));
        self.entries.push(Entry { name, role: role.name().to_owned(), channel, created: now.to_owned(), sha256 });
        Ok(NewToken { text })
    }

    /// Forgets a token. Does not write the file.
    ///
    /// # Errors
    /// When no token has this name.
    pub fn revoke(&mut self, name: &Code) -> Result<(), TokenError> {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.name != *name);
        if self.entries.len() == before { Err(TokenError::Unknown(name.clone())) } else { Ok(()) }
    }

    /// All tokens, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn by_hash(&self) -> HashMap<String, Arc<Identity>> {
        let identity = |entry: &Entry| {
            let (name, channel) = (entry.name.clone(), entry.channel.clone());
            Some((entry.sha256.clone(), Arc::new(Identity { name, role: entry.role()?, channel })))
        };
        self.entries.iter().filter_map(identity).collect()
    }
}

/// The tokens a server knows. It follows its file: what `stockade token` changes takes effect within a second.
#[derive(Debug)]
pub struct TokenStore {
    path: PathBuf,
    known: ArcSwap<HashMap<String, Arc<Identity>>>,
    /// Tokens of this process only, by hash.
    lent: Mutex<HashMap<String, Arc<Identity>>>,
    seen: Mutex<Option<Stamp>>,
    /// Since when the file has changed and cannot be read.
    unread: Mutex<Option<Instant>>,
    changes: watch::Sender<()>,
}

/// How long the tokens known before stay in force while the file cannot be read: it may hold a revocation.
pub const UNREAD_TRUSTED: Duration = Duration::from_secs(60);

/// The hash by which a token is recognised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenHash(String);

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> TokenHash {
        TokenHash(hex(&hash(token)))
    }
}

impl TokenStore {
    /// Reads the file.
    ///
    /// # Errors
    /// As [`Tokens::load`].
    pub fn open(path: &Path) -> Result<TokenStore, TokenError> {
        let seen = stamp(path);
        let known = Tokens::load(path)?.by_hash();
        let (known, lent) = (ArcSwap::from_pointee(known), Mutex::default());
        let (seen, unread, changes) = (Mutex::new(seen), Mutex::default(), watch::Sender::default());
        Ok(TokenStore { path: path.to_owned(), known, lent, seen, unread, changes })
    }

    /// Creates a token that is valid as long as this process lives, and is in no file.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn lend(&self, identity: Identity) -> Result<String, TokenError> {
        let text = random_text()?;
        self.lent.lock().insert(TokenHash::of(&text).0, Arc::new(identity));
        self.take_in(Tokens::load(&self.path)?);
        Ok(text)
    }

    /// The identity of the bearer of this token; `None` when the token is unknown.
    pub fn authenticate(&self, token: &str) -> Option<Arc<Identity>> {
        self.identity(&TokenHash::of(token))
    }

    /// The identity of the bearer of a token with this hash; `None` when the token is unknown or was revoked.
    pub fn identity(&self, token: &TokenHash) -> Option<Arc<Identity>> {
        self.known.load().get(&token.0).cloned()
    }

    /// Signals every change of the tokens from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Waits until a token no longer has the identity it had: it was revoked, or its rights changed.
    pub async fn until_revoked(&self, token: &TokenHash, identity: &Arc<Identity>) {
        let mut changes = self.changes();
        while self.identity(token).as_ref() == Some(identity) {
            // The sender is a part of this store.
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether there is no token at all, so that no caller is let in.
    pub fn is_empty(&self) -> bool {
        self.known.load().is_empty()
    }

    /// Reads the file again if it changed; returns whether it did. Call it about once a second.
    ///
    /// # Errors
    /// As [`Tokens::load`]. The tokens known before stay in force for [`UNREAD_TRUSTED`] from the first such error; after
    /// that they are treated as revoked until the file can be read again.
    pub fn refresh(&self) -> Result<bool, TokenError> {
        self.refresh_at(Instant::now())
    }

    fn refresh_at(&self, now: Instant) -> Result<bool, TokenError> {
        let stamp = stamp(&self.path);
        let trusted = *self.unread.lock();
        if *self.seen.lock() == stamp && trusted.is_none() {
            return Ok(false);
        }
        match Tokens::load(&self.path) {
            Ok(tokens) => {
                self.take_in(tokens);
                *self.seen.lock() = stamp;
                *self.unread.lock() = None;
                Ok(true)
            }
            Err(error) => {
                let since = *self.unread.lock().get_or_insert(now);
                if now - since >= UNREAD_TRUSTED && !self.is_doubted() {
                    self.take_in(Tokens::default());
                }
                Err(error)
            }
        }
    }

    /// Whether no token of the file is in force.
    fn is_doubted(&self) -> bool {
        self.known.load().len() == self.lent.lock().len()
    }

    fn take_in(&self, tokens: Tokens) {
        let mut known = tokens.by_hash();
        known.extend(self.lent.lock().iter().map(|(hash, identity)| (hash.clone(), Arc::clone(identity))));
        self.known.store(Arc::new(known));
        self.changes.send_replace(());
    }
}

fn random_text() -> Result<String, TokenError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| TokenError::Random(error.to_string()))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What differs between two versions of a file: each is written to a new inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp { modified: meta.modified().ok()?, bytes: meta.len(), inode })
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    #[test]
    fn a_token_lives_from_add_to_revoke_and_is_never_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        let mut tokens = Tokens::load(&path).unwrap();
        let shop = tokens.add(code("shop"), Role::Storefront, Some(code("web")), "2026-11-11T00:00:00Z").unwrap();
        tokens.save(&path).unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains(&shop.text));
        let store = TokenStore::open(&path).unwrap();
        let identity = store.authenticate(&shop.text).unwrap();
        assert_eq!((identity.role, identity.channel.clone()), (Role::Storefront, Some(code("web"))));
        assert_eq!(store.authenticate("stk_x"), None);
        assert!(!store.refresh().unwrap());

        let mut tokens = Tokens::load(&path).unwrap();
        assert!(matches!(tokens.add(code("shop"), Role::Admin, None, ""), Err(TokenError::Taken(_))));
        tokens.revoke(&code("shop")).unwrap();
        assert!(matches!(tokens.revoke(&code("shop")), Err(TokenError::Unknown(_))));
        tokens.save(&path).unwrap();
        assert!(store.refresh().unwrap());
        assert_eq!(store.authenticate(&shop.text), None);
        assert!(store.is_empty());
    }

    #[test]
    fn writers_at_the_same_time_lose_no_update() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        fs::write(dir.path().join("tokens.toml.new"), "half of a file that was never finished").unwrap();
        std::thread::scope(|scope| {
            for writer in 0..6 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..5 {
                        let name = code(&format!("t-{writer}-{n}"));
                        Tokens::update(path, |tokens| tokens.add(name.clone(), Role::Support, None, "")).unwrap();
                        if n == 4 {
                            Tokens::update(path, |tokens| tokens.revoke(&name)).unwrap();
                        }
                    }
                });
            }
        });
        assert_eq!(Tokens::load(&path).unwrap().entries().len(), 6 * 4);
        assert!(!dir.path().join("tokens.toml.new").exists());
        let unknown = Tokens::update(&path, |tokens| tokens.revoke(&code("nobody")));
        assert!(matches!(unknown, Err(TokenError::Unknown(_))));
    }

    #[test]
    fn what_cannot_be_read_of_the_file_is_treated_as_revoked_after_a_minute() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        let mut tokens = Tokens::default();
        let root = tokens.add(code("root"), Role::Admin, None, "").unwrap();
        tokens.save(&path).unwrap();
        let store = TokenStore::open(&path).unwrap();
        let lent = store.lend(Identity { name: code("local"), role: Role::Admin, channel: None }).unwrap();
        let mut changes = store.changes();
        changes.mark_unchanged();
        // The revocation is in a file that cannot be opened.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let begun = Instant::now();
        for trusted in [Duration::ZERO, UNREAD_TRUSTED - Duration::from_millis(1)] {
            assert!(store.refresh_at(begun + trusted).is_err());
            assert!(store.authenticate(&root.text).is_some());
        }
        assert!(!changes.has_changed().unwrap());
        assert!(store.refresh_at(begun + UNREAD_TRUSTED).is_err());
        assert!(store.authenticate(&root.text).is_none() && store.authenticate(&lent).is_some());
        assert!(changes.has_changed().unwrap(), "open connections are looked at");
        fs::remove_dir(&path).unwrap();
        tokens.save(&path).unwrap();
        assert!(store.refresh_at(begun + 2 * UNREAD_TRUSTED).unwrap());
        assert!(store.authenticate(&root.text).is_some());
        assert!(!store.refresh_at(begun + 3 * UNREAD_TRUSTED).unwrap());
    }

    #[test]
    fn channels_go_with_storefronts_only() {
        let mut tokens = Tokens::default();
        assert!(matches!(tokens.add(code("a"), Role::Storefront, None, ""), Err(TokenError::Channel(_))));
        assert!(matches!(tokens.add(code("a"), Role::Admin, Some(code("web")), ""), Err(TokenError::Channel(_))));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        Tokens::default().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        fs::write(&path, "[[token]]\nname = \"a\"\nrole = \"king\"\ncreated = \"\"\nsha256 = \"\"\n").unwrap();
        assert!(Tokens::load(&path).unwrap_err().to_string().contains("unknown role"));
    }
}
