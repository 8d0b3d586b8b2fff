//! The allowed signers file of OpenSSH (ssh-keygen(1), ALLOWED SIGNERS): who may sign, with which key, and when.
//!
//! What OpenSSH would read and this does not support is refused with its line, never skipped: a line that is skipped is a
//! colleague who cannot ship, found out on the day it matters. Refused are certificate authorities, keys other than
//! ssh-ed25519, and times in the local zone.

mod options;
mod pattern;
#[cfg(test)]
mod tests;

use crate::model::SignerName;
use jiff::Timestamp;
use std::fmt;

/// One line: a key and what it may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigner {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The principals as written. Patterns stay as they are: no identity is claimed by a commit's signature, so none is matched.
    pub name: SignerName,
    /// The ed25519 public key.
    pub key: [u8; 32],
    /// The list of namespaces that it may sign in; `None`: in all.
    pub namespaces: Option<String>,
    /// It may not sign before this moment.
    pub valid_after: Option<Timestamp>,
    /// It may not sign after this moment; the moment itself is within, as in OpenSSH.
    pub valid_before: Option<Timestamp>,
}

/// Why a key may not sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAllowed {
    /// Its line does not name the namespace.
    Namespace {
        /// The list that its line has.
        allowed: String,
    },
    /// Its time has not come.
    NotYet {
        /// When it begins.
        from: Timestamp,
        /// The moment that was judged.
        at: Timestamp,
    },
    /// Its time is over.
    Expired {
        /// When it ended.
        until: Timestamp,
        /// The moment that was judged.
        at: Timestamp,
    },
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Everything that is wrong with an allowed signers file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// Most bytes of an allowed signers file: some four thousand signers.
pub const MAX_FILE: usize = 1 << 20;
/// Most bytes of one line.
const MAX_LINE: usize = 8 << 10;
/// Most faults that are listed.
const MAX_FAULTS: usize = 20;

/// Reads a whole file; all faults at once. Order and line numbers are kept; a key may stand on several lines.
pub fn parse(bytes: &[u8]) -> Result<Vec<AllowedSigner>, Faults> {
    if bytes.len() > MAX_FILE {
        let why = format!("it has {} bytes, more than the {MAX_FILE} that are read", bytes.len());
        return Err(Faults(vec![Fault { line: 0, why }]));
    }
    let (mut signers, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        match read_line(line, index + 1) {
            Ok(signer) => signers.extend(signer),
            Err(why) if faults.len() < MAX_FAULTS => faults.push(Fault { line: index + 1, why }),
            Err(_) => break,
        }
    }
    if faults.is_empty() { Ok(signers) } else { Err(Faults(faults)) }
}

impl AllowedSigner {
    /// Whether this line lets its key sign in `namespace` at this moment.
    pub fn permits(&self, namespace: &str, at: Timestamp) -> Result<(), NotAllowed> {
        match &self.namespaces {
            Some(allowed) if !pattern::admits(allowed, namespace) => {
                return Err(NotAllowed::Namespace { allowed: allowed.clone() });
            }
            _ => {}
        }
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if at < from => Err(NotAllowed::NotYet { from, at }),
            (_, Some(until)) if at > until => Err(NotAllowed::Expired { until, at }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace { allowed } => write!(f, "its namespaces are {allowed:?}, without git"),
            Self::NotYet { from, at } => write!(f, "it is valid from {from}, and the moment judged is {at}"),
            Self::Expired { until, at } => {
                write!(f, "it was valid until {until}, and the moment judged is {at}")
            }
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match fault.line {
                0 => write!(f, "{separator}{}", fault.why)?,
                _ => write!(f, "{separator}{fault}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

fn read_line(bytes: &[u8], line: usize) -> Result<Option<AllowedSigner>, String> {
    if bytes.len() > MAX_LINE {
        return Err(format!("it has more than {MAX_LINE} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.trim_matches([' ', '\t', '\r']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    if text.chars().any(|c| (c.is_control() && c != '\t') || c == '\u{feff}') {
        return Err(
            "it holds invisible characters: write the file as plain UTF-8 text without a byte order mark"
                .to_owned(),
        );
    }
    let (principals, rest) = principals(text)?;
    let (options, key) = if is_key_type(rest) { ("", rest) } else { rest.split_at(options::end_of(rest)) };
    let key = key.trim_start_matches([' ', '\t']);
    let options = if options.is_empty() { options::Options::default() } else { options::read(options)? };
    if key.is_empty() {
        return Err(format!("the key of {} is missing", shown(principals)));
    }
    Ok(Some(AllowedSigner {
        line,
        name: SignerName(principals.to_owned()),
        key: read_key(principals, key)?,
        namespaces: options.namespaces,
        valid_after: options.valid_after,
        valid_before: options.valid_before,
    }))
}

/// The first field, in double quotes if it holds blanks, and what follows it.
fn principals(text: &str) -> Result<(&str, &str), String> {
    let blanks = [' ', '\t'];
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("the closing quote of the principals is missing")?,
        None => text
            .split_once(blanks)
            .ok_or("expected principals and a key: alice@example.com ssh-ed25519 AAAA…")?,
    };
    if name.split(',').any(|part| part.trim().is_empty()) || name.contains('"') {
        return Err("the principals are not a comma-separated list of names".to_owned());
    }
    Ok((name, rest.trim_start_matches(blanks)))
}

/// Whether the text begins with the name of a key type; no option's name begins like one.
fn is_key_type(text: &str) -> bool {
    let word = text.split([' ', '\t']).next().unwrap_or_default();
    ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| word.starts_with(prefix)) && !word.contains(['=', ',', '"'])
}

/// As much of a foreign text as a message shows.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn read_key(principals: &str, text: &str) -> Result<[u8; 32], String> {
    let principals = shown(principals);
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let (kind, data) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !is_key_type(kind) {
        return Err(format!("{:?} is neither an option nor a key type", shown(kind)));
    }
    if kind != "ssh-ed25519" {
        return Err(format!(
            "the key of {principals} is {}: only ssh-ed25519 keys are supported",
            shown(kind)
        ));
    }
    let key = ssh_key::PublicKey::from_openssh(&format!("{kind} {data}"))
        .map_err(|error| format!("the key of {principals} cannot be read: {error}"))?;
    let key =
        key.key_data().ed25519().ok_or_else(|| format!("the key of {principals} is not an ed25519 key"))?.0;
    match ed25519_dalek::VerifyingKey::from_bytes(&key) {
        Ok(point) if !point.is_weak() => Ok(key),
        _ => Err(format!("the key of {principals} is not a point that can sign")),
    }
}
