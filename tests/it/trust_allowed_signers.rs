//! Our reading of allowed signers files against OpenSSH's own.

use crate::support::keys::Signing;
use jiff::Timestamp;
use standfast::trust::{Keyring, SignedPayload, Ssh, Verifier as _};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const PAYLOAD: &[u8] = b"tree of a payload\n";

/// One signature and the key that made it.
struct Peer {
    signing: Signing,
    public: String,
    signature: PathBuf,
}

impl Peer {
    fn new() -> Self {
        let signing = Signing::new();
        let key = signing.key("key", "ed25519");
        let public = fs::read_to_string(key.with_extension("pub")).unwrap().trim_end().to_owned();
        let armor =
            signing.ssh_keygen(&["-Y", "sign", "-q", "-n", "git", "-f", key.to_str().unwrap()], PAYLOAD);
        let signature = signing.path().join("signature");
        fs::write(&signature, armor).unwrap();
        Self { signing, public, signature }
    }

    /// What git does: any principal that OpenSSH finds for the key, then the check for that principal at that time.
    fn openssh(&self, allowed: &str, moment: &str) -> bool {
        fs::write(self.signing.allowed(), allowed).unwrap();
        let (file, signature) = (self.signing.allowed(), self.signature.clone());
        let (file, signature) = (file.to_str().unwrap(), signature.to_str().unwrap());
        let time = format!("-Overify-time={moment}");
        let found = self
            .signing
            .command("ssh-keygen")
            .args(["-Y", "find-principals", "-f", file, "-s", signature, &time])
            .output()
            .unwrap();
        let names = String::from_utf8(found.stdout).unwrap();
        found.status.success() && names.lines().any(|name| self.verifies(name, &time, file, signature))
    }

    fn verifies(&self, name: &str, time: &str, file: &str, signature: &str) -> bool {
        let mut child = self
            .signing
            .command("ssh-keygen")
            .args(["-Y", "verify", "-n", "git", "-f", file, "-I", name, "-s", signature, time])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It may end before it reads, when the file alone decides.
        let _ = child.stdin.take().unwrap().write_all(PAYLOAD);
        child.wait().unwrap().success()
    }

    /// `None` where we refuse the file.
    fn ours(&self, allowed: &str, at: Timestamp) -> Option<bool> {
        let keyring = Keyring::parse(allowed.as_bytes(), Path::new("allowed_signers")).ok()?;
        let signature = Some(fs::read(&self.signature).unwrap());
        Some(Ssh::new(keyring).verify(&SignedPayload { payload: PAYLOAD.to_vec(), signature }, at).is_good())
    }
}

#[test]
fn what_both_read_means_the_same() {
    let peer = Peer::new();
    let other = {
        let key = peer.signing.key("other", "ed25519");
        fs::read_to_string(key.with_extension("pub")).unwrap().trim_end().to_owned()
    };
    let public = &peer.public;
    let bare = public.rsplit_once(' ').unwrap().0;
    let good: &[(&str, String)] = &[
        ("plain", format!("alice {public}\n")),
        ("without a comment", format!("alice {bare}")),
        ("blanks and tabs", format!("  alice \t {}   \n", public.replacen(' ', "  ", 1))),
        ("comments and empty lines", format!("# c\n\n \t \nalice {public}\n#{public}\n")),
        ("carriage returns", format!("# c\r\nalice {public}\r\n")),
        ("quoted name", format!("\"alice\" {public}\n")),
        ("several names", format!("alice@example.com,bob {public}\n")),
        ("another key first", format!("bob {other}\nalice {public}\n")),
        ("namespace", format!("alice namespaces=\"git\" {public}\n")),
        ("namespace patterns", format!("alice namespaces=\"file,g?t\" {public}\n")),
        ("all but a namespace", format!("alice namespaces=\"!file,*\" {public}\n")),
        ("case of options", format!("alice NAMESPACES=\"git\",Valid-After=\"20200101z\" {public}\n")),
        ("times", format!("alice valid-after=\"20260101Z\",valid-before=\"20280101Z\" {public}\n")),
        ("to the second, before", format!("alice valid-before=\"20270115080000Z\" {public}\n")),
        ("to the second, after", format!("alice valid-after=\"20270115080000Z\" {public}\n")),
        ("to the minute", format!("alice valid-after=\"202701150800Z\" {public}\n")),
        (
            "two spans",
            format!("alice valid-before=\"20260101Z\" {public}\nalice valid-after=\"20270101Z\" {public}\n"),
        ),
    ];
    let bad: &[(&str, String)] = &[
        ("another key", format!("alice {other}\n")),
        ("another namespace", format!("alice namespaces=\"file\" {public}\n")),
        ("namespace of another case", format!("alice namespaces=\"GIT\" {public}\n")),
        ("namespace after a blank", format!("alice namespaces=\"file, git\" {public}\n")),
        ("refused namespace", format!("alice namespaces=\"*,!g*\" {public}\n")),
        ("no namespace", format!("alice namespaces=\"\" {public}\n")),
        ("a second too late", format!("alice valid-before=\"20270115075959Z\" {public}\n")),
        ("a second too early", format!("alice valid-after=\"20270115080001Z\" {public}\n")),
        (
            "between two spans",
            format!("alice valid-before=\"20260101Z\" {public}\nalice valid-after=\"20280101Z\" {public}\n"),
        ),
    ];
    let at = "2027-01-15T08:00:00Z".parse().unwrap();
    for (cases, expected) in [(good, true), (bad, false)] {
        for (name, allowed) in cases {
            assert_eq!(peer.openssh(allowed, "20270115080000Z"), expected, "{name}: OpenSSH");
            assert_eq!(peer.ours(allowed, at), Some(expected), "{name}: ours");
        }
    }
}

#[test]
fn what_openssh_refuses_is_refused() {
    let peer = Peer::new();
    let public = &peer.public;
    for (name, allowed) in [
        ("no key", "alice\n".to_owned()),
        ("no closing quote", format!("\"alice {public}\n")),
        ("unknown option", format!("alice colour=\"red\" {public}\n")),
        ("option without quotes", format!("alice namespaces=git {public}\n")),
        ("option twice", format!("alice namespaces=\"git\",namespaces=\"git\" {public}\n")),
        ("comma at the end", format!("alice namespaces=\"git\", {public}\n")),
        ("no such time", format!("alice valid-after=\"20271301Z\" {public}\n")),
        (
            "times the wrong way round",
            format!("alice valid-after=\"20270101Z\",valid-before=\"20260101Z\" {public}\n"),
        ),
        ("key of another type", format!("alice {}\n", public.replacen("ssh-ed25519", "ssh-rsa", 1))),
    ] {
        assert!(!peer.openssh(&allowed, "20270115080000Z"), "{name}: OpenSSH");
        assert_eq!(peer.ours(&allowed, Timestamp::UNIX_EPOCH), None, "{name}: ours");
    }
}
