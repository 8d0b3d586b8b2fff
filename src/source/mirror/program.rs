//! Starting and ending `ssh`. No other program is started anywhere in this agent, and no shell.

use super::ssh::{Door, Telling};
use crate::source::mirror_error::MirrorError;
use std::io::Read;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// Where it is looked for.
const PLACES: &str = "/usr/local/bin:/usr/bin:/bin";
/// What has a server speak the protocol that we speak: its environment.
const VERSION: &str = "GIT_PROTOCOL=version=2";
/// Longest complaint that is read, in bytes.
const COMPLAINT: u64 = 8 * 1024;

/// `ssh`, running. Dropping it ends it.
pub(super) struct Program {
    child: Child,
    complaint: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts it; answers with what it reads and what it writes.
    pub(super) fn start(
        door: &Door,
        telling: Telling,
    ) -> Result<(Self, ChildStdin, ChildStdout), MirrorError> {
        #[allow(clippy::disallowed_methods, reason = "the one program that may be started")]
        let mut command = Command::new("ssh");
        command
            .env_clear()
            .env("PATH", PLACES)
            .args(arguments(door, telling))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let no_program = |why: &dyn std::fmt::Display| MirrorError::NoSsh { why: why.to_string() };
        let mut child = command.spawn().map_err(|error| no_program(&error))?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut program = Self { child, complaint: None };
        let (Some(input), Some(output), Some(errors)) = (input, output, errors) else {
            return Err(no_program(&"it has no pipes"));
        };
        let listen = std::thread::Builder::new().name("source-ssh".to_owned());
        program.complaint = Some(listen.spawn(move || read(errors)).map_err(|error| no_program(&error))?);
        Ok((program, input, output))
    }

    /// Ends it, and answers with what it complained about.
    pub(super) fn end(mut self) -> Option<String> {
        self.kill();
        self.complaint.take()?.join().ok().filter(|said| !said.trim().is_empty())
    }

    fn kill(&mut self) {
        // One that has ended by itself cannot be killed, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is read of its complaints; the rest is read over, so that it does not wait for us.
fn read(mut errors: ChildStderr) -> String {
    let mut said = Vec::new();
    let _ = (&mut errors).take(COMPLAINT).read_to_end(&mut said);
    let _ = std::io::copy(&mut errors, &mut std::io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

/// Its arguments. Options that it would take from a file of its own stand here, so that no file is asked.
fn arguments(door: &Door, telling: Telling) -> Vec<String> {
    let seconds = door.timeouts.connect.as_secs().max(1);
    let options = [
        "BatchMode=yes".to_owned(),
        "IdentitiesOnly=yes".to_owned(),
        format!("IdentityFile={}", door.identity.display()),
        "IdentityAgent=none".to_owned(),
        "CertificateFile=none".to_owned(),
        "PreferredAuthentications=publickey".to_owned(),
        "StrictHostKeyChecking=yes".to_owned(),
        format!("UserKnownHostsFile={}", door.known_hosts.display()),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
        "UpdateHostKeys=no".to_owned(),
        "VerifyHostKeyDNS=no".to_owned(),
        format!("ConnectTimeout={seconds}"),
        "ConnectionAttempts=1".to_owned(),
        "ClearAllForwardings=yes".to_owned(),
        "PermitLocalCommand=no".to_owned(),
        "ControlPath=none".to_owned(),
        "LogLevel=ERROR".to_owned(),
        format!("SetEnv={VERSION}"),
    ];
    let mut arguments: Vec<String> = ["-F", "none", "-T", "-x", "-a"].map(str::to_owned).to_vec();
    arguments.extend(options.into_iter().flat_map(|option| ["-o".to_owned(), option]));
    if let Some(port) = door.url.port() {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = door.url.user() {
        arguments.extend(["-l".to_owned(), user.to_owned()]);
    }
    arguments.extend(["--".to_owned(), door.url.host().to_owned()]);
    let serve = format!("git-upload-pack {}", quoted(door.url.path()));
    arguments.push(match telling {
        Telling::Environment => serve,
        Telling::Command => format!("{VERSION} {serve}"),
    });
    arguments
}

/// A path as the shell at the other end takes it for one word; the tilde of a home folder outside of the quotes. No path that is taken
/// holds a quote.
fn quoted(path: &str) -> String {
    match path.strip_prefix('~').map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
        Some((user, rest)) => format!("~{user}/'{rest}'"),
        None => format!("'{path}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mirror::rate::Rate;
    use crate::source::settings::Timeouts;

    fn told(url: &str, telling: Telling) -> Vec<String> {
        let door = Door {
            url: url.parse().unwrap(),
            known_hosts: "/etc/standfast/known_hosts".into(),
            identity: "/etc/standfast/identity".into(),
            timeouts: Timeouts::default(),
            rate: Rate::default(),
        };
        arguments(&door, telling)
    }

    #[test]
    fn the_last_arguments_name_the_host_and_the_one_command() {
        for (url, last) in [
            (
                "ssh://git@host:2222/fleet.git",
                &["-p", "2222", "-l", "git", "--", "host", "git-upload-pack '/fleet.git'"][..],
            ),
            ("ssh://host/~/a/fleet.git", &["--", "host", "git-upload-pack ~/'a/fleet.git'"]),
            ("ssh://host/~me/fleet", &["--", "host", "git-upload-pack ~me/'fleet'"]),
            ("ssh://[::1]/$(evil);evil&", &["--", "::1", "git-upload-pack '/$(evil);evil&'"]),
        ] {
            assert!(
                told(url, Telling::Environment)
                    .ends_with(&last.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()),
                "{url}"
            );
        }
        let told = told("ssh://host/fleet.git", Telling::Command);
        assert_eq!(told.last().unwrap(), "GIT_PROTOCOL=version=2 git-upload-pack '/fleet.git'");
    }
}
