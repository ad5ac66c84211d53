//! The access keys of a production server: a file that only its owner may read.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use identity::{KeyRecord, Keys, Secret};
use serde::Deserialize;

use crate::trouble::Trouble;

/// The file's name in a data directory.
pub(crate) const FILE_NAME: &str = "keys.toml";
const KEYS_MAX: usize = 10_000;
/// AWS's lengths.
const ID_CHARACTERS: usize = 20;
const SECRET_CHARACTERS: usize = 40;

/// One key as it is written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: String,
    secret: String,
    account: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Key>,
}

/// Every key of a file, by its id.
#[derive(Debug)]
pub(crate) struct KeyRing {
    records: HashMap<String, KeyRecord>,
}

impl Keys for KeyRing {
    fn secret(&self, access_key_id: &str) -> Option<KeyRecord> {
        self.records.get(access_key_id).cloned()
    }
}

/// Reads the keys. A server without keys answers nobody, so no keys is an error.
pub(crate) fn read(path: &Path) -> Result<KeyRing, Trouble> {
    let command = format!("rung key new --file {}", path.display());
    if !path.exists() {
        return Err(Trouble::new(format!(
            "there are no access keys: `{}` does not exist",
            path.display()
        ))
        .remedy(format!("make one with `{command}`")));
    }
    let refuse = |reason: String| {
        Trouble::new(format!("cannot read the access keys in `{}`: {reason}", path.display()))
    };
    refuse_if_open_to_others(path)?;
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let ring = parse(&text).map_err(refuse)?;
    if ring.records.is_empty() {
        return Err(Trouble::new(format!("there are no access keys in `{}`", path.display()))
            .remedy(format!("make one with `{command}`")));
    }
    Ok(ring)
}

fn parse(text: &str) -> Result<KeyRing, String> {
    // The parser's own message would show the line, and with it a secret.
    let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if file.key.len() > KEYS_MAX {
        return Err(format!("it has {} keys; {KEYS_MAX} are allowed", file.key.len()));
    }
    let mut records = HashMap::new();
    for Key { id, secret, account } in file.key {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("the account of key `{id}` is not twelve digits"));
        }
        if id.is_empty() || secret.is_empty() {
            return Err("a key has an empty id or secret".to_owned());
        }
        let record =
            KeyRecord { secret: Secret::new(secret), account: Arc::from(account), session: None };
        if records.insert(id.clone(), record).is_some() {
            return Err(format!("key `{id}` is there twice"));
        }
    }
    Ok(KeyRing { records })
}

#[cfg(unix)]
fn refuse_if_open_to_others(path: &Path) -> Result<(), Trouble> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Trouble::new(format!("others may read the access keys in `{}`", path.display()))
        .remedy(format!("run `chmod 600 {}`", path.display())))
}

#[cfg(not(unix))]
fn refuse_if_open_to_others(_: &Path) -> Result<(), Trouble> {
    Ok(())
}

/// A new key, added to the file: its id and secret.
pub(crate) fn add(path: &Path, account: &str) -> Result<(String, String), Trouble> {
    let refuse = |error: std::io::Error| {
        Trouble::new(format!("cannot write the access keys to `{}`: {error}", path.display()))
    };
    if path.exists() {
        refuse_if_open_to_others(path)?;
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(refuse)?;
    }
    let id = format!("AKIA{}", random_text(ID_CHARACTERS - 4, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    let secret = random_text(
        SECRET_CHARACTERS,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    );
    let entry =
        format!("[[key]]\nid = \"{id}\"\nsecret = \"{secret}\"\naccount = \"{account}\"\n\n");
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(refuse)?;
    file.write_all(entry.as_bytes()).and_then(|()| file.sync_all()).map_err(refuse)?;
    Ok((id, secret))
}

/// Letters drawn from the system's random numbers; the alphabet's length divides 256.
fn random_text(length: usize, alphabet: &[u8]) -> String {
    std::iter::repeat_with(|| uuid::Uuid::new_v4().into_bytes())
        // The version and variant bytes are not all random.
        .flat_map(|bytes| bytes.into_iter().enumerate().filter(|(at, _)| *at != 6 && *at != 8))
        .filter_map(|(_, byte)| alphabet.get(usize::from(byte) % alphabet.len()))
        .take(length)
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_can_be_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("inner/keys.toml");
        let (id, secret) = add(&path, "123456789012").expect("added");
        let (other, _) = add(&path, "123456789012").expect("added");
        assert_eq!((id.len(), secret.len()), (20, 40));
        assert_ne!(id, other);
        let ring = read(&path).expect("readable");
        let record = ring.secret(&id).expect("known");
        assert_eq!(record.secret.reveal(), secret);
        assert!(ring.secret("AKIAUNKNOWN").is_none());
    }

    #[test]
    fn no_keys_say_how_to_make_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = read(&folder.path().join("keys.toml")).expect_err("none");
        assert!(error.next().is_some_and(|next| next.contains("rung key new")), "{error}");
    }

    #[test]
    fn mistakes_do_not_show_secrets() {
        for (text, fragment) in [
            ("[[key]]\nid = \"a\"\nsecret = \"hush\"\naccount = \"1\"\n", "twelve digits"),
            ("[[key]]\nid = \"a\"\nsecert = \"hush\"\n", "unknown field"),
            ("[[key]]\nid = \"\"\nsecret = \"hush\"\naccount = \"123456789012\"\n", "empty"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(fragment) && !error.contains("hush"), "{error}");
        }
    }
}
