//! The agent itself: does it run, does it answer, does somebody watch over it.

use super::{Finding, Part};
use crate::config::Settings;
use crate::model::{Reply, Request, explain};
use crate::oneshot::ask;
use std::io::Read as _;
use std::path::Path;
use tokio::net::UnixStream;

/// What systemd gives to a service that it restarts when it hangs.
const WATCHDOG: &[u8] = b"WATCHDOG_USEC=";
/// Most bytes of a process's environment that are read.
const MAX_ENVIRONMENT: u64 = 1 << 20;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let (part, socket) = (Part("agent"), settings.control_socket());
    let asked = socket.clone();
    let reply = tokio::task::spawn_blocking(move || ask::ask(&asked, &Request::Status)).await;
    let runs = match reply {
        Ok(Ok(Reply::Status { status })) => {
            let reason = status.reason.map(|reason| format!(", {}: {}", reason.code, reason.message));
            let seen = format!("it runs: {:?}{}", status.phase, reason.unwrap_or_default());
            part.ok("control socket", seen)
        }
        Ok(Ok(Reply::Done { message } | Reply::Refused { message }) | Err(ask::Error::Refused(message))) => {
            part.ok("control socket", format!("it runs: {message}"))
        }
        Ok(Err(error @ ask::Error::NoAgent { .. })) => {
            let to_do = "start it: systemctl start standfast; if it does not stay: journalctl -u standfast";
            return vec![part.bad("control socket", explain(&error), to_do)];
        }
        Ok(Err(error)) => {
            let to_do = "be root or in group standfast; if it hangs: systemctl restart standfast";
            return vec![part.bad("control socket", explain(&error), to_do)];
        }
        Err(ended) => return vec![part.bad("control socket", ended.to_string(), "run this again")],
    };
    let mut findings = vec![runs];
    findings.extend(watchdog(part, &socket).await);
    findings
}

/// Whether the service manager restarts it when it hangs. Only its own user, or root, can see that.
async fn watchdog(part: Part, socket: &Path) -> Option<Finding> {
    let pid = UnixStream::connect(socket).await.ok()?.peer_cred().ok()?.pid()?;
    let file = std::fs::File::open(format!("/proc/{pid}/environ")).ok()?;
    let mut environment = Vec::new();
    file.take(MAX_ENVIRONMENT).read_to_end(&mut environment).ok()?;
    let is_watched = environment.split(|&byte| byte == 0).any(|entry| entry.starts_with(WATCHDOG));
    if is_watched {
        return Some(part.ok("watchdog", format!("process {pid} is restarted if it hangs")));
    }
    let to_do = "run it as a service whose unit has WatchdogSec= (the README shows one)";
    Some(part.warn("watchdog", format!("nobody restarts process {pid} if it hangs"), to_do))
}
