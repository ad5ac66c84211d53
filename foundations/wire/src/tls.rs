//! Certificates: from files, or made once for this machine and kept beside the data.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names that a certificate of our own is good for, besides those asked for.
const NAMES: [&str; 5] = ["localhost", "*.localhost", "sync-localhost", "127.0.0.1", "::1"];

const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";

/// What a listener needs to speak TLS.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("failed to make a certificate")]
    Make(#[from] rcgen::Error),
    #[error("`{}` has no certificate", path.display())]
    Empty { path: PathBuf },
    #[error("the certificate and its key are not usable")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// From a PEM file with the certificate chain and one with the key.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Read { path, source }
        };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(unreadable(certificate))?;
        if chain.is_empty() {
            return Err(TlsError::Empty { path: certificate.to_owned() });
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
        Tls::new(chain, key)
    }

    /// From the certificate kept in `directory`, made now if there is none. It is good for
    /// `localhost`, the loopback addresses and `names`; its own file is what clients trust.
    pub fn self_signed(directory: &Path, names: &[String]) -> Result<Tls, TlsError> {
        let (certificate, key) = Tls::self_signed_files(directory);
        if !(certificate.exists() && key.exists()) {
            make(&certificate, &key, names)?;
        }
        Tls::from_files(&certificate, &key)
    }

    /// Where [`Tls::self_signed`] keeps the certificate and the key.
    pub fn self_signed_files(directory: &Path) -> (PathBuf, PathBuf) {
        (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Tls, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config) })
    }
}

fn make(certificate: &Path, key: &Path, names: &[String]) -> Result<(), TlsError> {
    let names: Vec<String> =
        NAMES.iter().map(|name| (*name).to_owned()).chain(names.iter().cloned()).collect();
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, "Rung");
    let pair = rcgen::KeyPair::generate()?;
    let pem = params.self_signed(&pair)?.pem();
    // The key first: a certificate without its key is made anew at the next start.
    write_private(key, &pair.serialize_pem())?;
    write_private(certificate, &pem)
}

/// Writes a file that only its owner reads, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<(), TlsError> {
    let draft = path.with_extension("draft");
    let write = || -> io::Result<()> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|source| TlsError::Write { path: path.to_owned(), source })
}
