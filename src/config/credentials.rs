//! Names of systemd credentials → files.

use super::settings::Fault;
use std::path::{Path, PathBuf};

/// Where systemd takes a credential from that a unit names without a path (`LoadCredential=git-token`): what a person at the console
/// reads is then what the service reads.
const CREDENTIAL_STORE: &str = "/etc/credstore";
/// Longest name of a credential, in bytes; tokens that somebody put in its place are longer, or look as below.
const MAX_NAME: usize = 64;
/// How tokens of well-known git servers begin, signed ones, and age's keys.
const TOKENS: [&str; 8] = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "gldt-", "eyJ", "AGE-SECRET"];

/// The file of a credential: its path as it stands, or its name in the folder that systemd made for the unit. `example` and `holds` are
/// for the message.
pub(super) fn file(
    text: &str,
    directory: Option<&Path>,
    example: &str,
    holds: &str,
) -> Result<PathBuf, Fault> {
    if text.starts_with('/') {
        return Ok(PathBuf::from(text));
    }
    if !is_name(text) {
        return Err(Fault::wrong(format!(
            "it must be the name of a systemd credential such as {example}, or the absolute path of a file; {holds} itself stands in that file"
        )));
    }
    Ok(named(text, directory))
}

/// The file of a credential by its name.
pub(super) fn named(name: &str, directory: Option<&Path>) -> PathBuf {
    directory.unwrap_or(Path::new(CREDENTIAL_STORE)).join(name)
}

/// Whether this names a credential, by path or by name: what does not is not shown, for it may be the secret itself.
pub(super) fn may_be_shown(text: &str) -> bool {
    text.starts_with('/') || is_name(text)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= MAX_NAME
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !TOKENS.iter().any(|token| text.starts_with(token))
}
