//! The certificate of the server: configured, or created at the first start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use stockade_client::Fingerprint;
use stockade_core::wire::ALPN;

use crate::disk::{self, Access, Prepared};

/// File of the certificate that is created at the first start.
pub const CERT_FILE: &str = "cert.pem";
/// File of its private key, readable by its owner only.
pub const KEY_FILE: &str = "key.pem";

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Whether it was created just now.
    pub made: bool,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file holds something else.
    #[error("{path}: {reason}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// It cannot be created or used.
    #[error("the certificate cannot be used: {0}")]
    Unusable(String),
}

impl Certificate {
    /// Reads a chain and its key, both PEM.
    ///
    /// # Errors
    /// When a file is missing or holds no certificate or key.
    pub fn read(cert: &Path, key: &Path) -> Result<Certificate, TlsError> {
        let chain = CertificateDer::pem_slice_iter(&bytes(cert)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad(cert, format!("not a PEM certificate: {error:?}")))?;
        if chain.is_empty() {
            return Err(bad(cert, "it holds no certificate; it must be PEM".to_owned()));
        }
        let private = PrivateKeyDer::from_pem_slice(&bytes(key)?)
            .map_err(|error| bad(key, format!("not a PEM private key: {error:?}")))?;
        Ok(Certificate { chain, key: private, made: false })
    }

    /// Reads the certificate in `dir`, or creates one there that clients can pin: self-signed, for `localhost` and
    /// `names`.
    ///
    /// # Errors
    /// When the files cannot be read or written, or only one of the two exists.
    pub fn read_or_make(dir: &Path, names: &[String]) -> Result<Certificate, TlsError> {
        let (cert, key) = (dir.join(CERT_FILE), dir.join(KEY_FILE));
        match (cert.exists(), key.exists()) {
            (true, true) => return Certificate::read(&cert, &key),
            (false, false) => {}
            (true, false) => return Err(bad(&key, format!("missing, although {} exists", cert.display()))),
            (false, true) => {
                return finish(&cert, &key)
                    .ok_or_else(|| bad(&cert, format!("missing, although {} exists", key.display())));
            }
        }
        let mut names = names.to_vec();
        names.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]);
        names.dedup();
        let made = rcgen::generate_simple_self_signed(names).map_err(|error| TlsError::Unusable(error.to_string()))?;
        fs::create_dir_all(dir).map_err(|error| TlsError::Io { path: dir.to_owned(), error })?;
        // Both are whole before one has its name: a process that is killed in between is finished by the next.
        let new_key = prepare(&key, &made.signing_key.serialize_pem(), Access::Private)?;
        let new_cert = prepare(&cert, &made.cert.pem(), Access::Public)?;
        new_key.place().map_err(|error| TlsError::Io { path: key.clone(), error })?;
        new_cert.place().map_err(|error| TlsError::Io { path: cert.clone(), error })?;
        Ok(Certificate { made: true, ..Certificate::read(&cert, &key)? })
    }

    /// The fingerprint that clients pin.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.chain[0])
    }

    /// A secret that is the same after a restart, for one purpose. Clients of a server that was killed learn from a
    /// reset signed with it that their connection is gone, instead of waiting until it goes idle (RFC 9000, section
    /// 10.3).
    pub(crate) fn lasting_secret(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(self.key.secret_der());
        hash.finalize().into()
    }

    pub(crate) fn quic_crypto(&self) -> Result<quinn::crypto::rustls::QuicServerConfig, TlsError> {
        let unusable = |error: &dyn std::fmt::Display| TlsError::Unusable(error.to_string());
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| unusable(&error))?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| unusable(&error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A reservation that is sent in early data could be replayed by whoever saw it.
        config.max_early_data_size = 0;
        quinn::crypto::rustls::QuicServerConfig::try_from(config).map_err(|error| unusable(&error))
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Io { path: path.to_owned(), error })
}

fn bad(path: &Path, reason: String) -> TlsError {
    TlsError::Bad { path: path.to_owned(), reason }
}

fn prepare(path: &Path, text: &str, access: Access) -> Result<Prepared, TlsError> {
    disk::prepare(path, text.as_bytes(), access).map_err(|error| TlsError::Io { path: path.to_owned(), error })
}

/// Gives the certificate of this key its name, if a process was killed between the two.
fn finish(cert: &Path, key: &Path) -> Option<Certificate> {
    let prepared = disk::prepared_name(cert);
    let pair = Certificate::read(&prepared, key).ok()?;
    // Refuses a certificate of another key.
    pair.quic_crypto().ok()?;
    disk::rename(&prepared, cert).ok()?;
    Some(Certificate { made: true, ..pair })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Certificate::read_or_make(dir.path(), &["shop.example".to_owned()]).unwrap();
        let again = Certificate::read_or_make(dir.path(), &[]).unwrap();
        assert!(first.made && !again.made);
        assert_eq!(first.fingerprint(), again.fingerprint());
        let mode = fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(first.quic_crypto().is_ok());
    }

    #[test]
    fn half_a_pair_and_other_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let cert = dir.path().join(CERT_FILE);
        fs::write(&cert, "not a certificate").unwrap();
        let error = Certificate::read_or_make(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains(KEY_FILE) && error.contains("missing"), "{error}");
        fs::write(dir.path().join(KEY_FILE), "not a key").unwrap();
        let error = Certificate::read_or_make(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains(CERT_FILE), "{error}");
    }

    #[test]
    fn a_certificate_whose_making_was_cut_off_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let whole = Certificate::read_or_make(dir.path(), &[]).unwrap();
        let (cert, new) = (dir.path().join(CERT_FILE), disk::prepared_name(&dir.path().join(CERT_FILE)));
        fs::rename(&cert, &new).unwrap();
        let finished = Certificate::read_or_make(dir.path(), &[]).unwrap();
        assert!(finished.made && cert.exists() && !new.exists());
        assert_eq!(finished.fingerprint(), whole.fingerprint());

        // The certificate of another key is none.
        let other = tempfile::tempdir().unwrap();
        Certificate::read_or_make(other.path(), &[]).unwrap();
        fs::remove_file(&cert).unwrap();
        fs::copy(other.path().join(CERT_FILE), &new).unwrap();
        let error = Certificate::read_or_make(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("missing"), "{error}");
    }
}
