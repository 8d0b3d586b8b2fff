//! The running program: start, commands, end.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The running program. It ends when its input closes, so it outlives no test process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the program and waits until the cluster is ready; returns its kubeconfig too.
    pub(super) fn start(
        program: &Path,
        directory: &Path,
        args: &[String],
    ) -> Result<(Self, PathBuf), String> {
        let log = directory.join("log");
        let file = File::create(&log).map_err(|error| format!("making {}: {error}", log.display()))?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("starting {}: {error}", program.display()))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut process = Self { child, input, output };
        match process.answer("KUBECONFIG=") {
            Ok(kubeconfig) => Ok((process, kubeconfig.into())),
            Err(line) => {
                process.kill();
                Err(format!("the test cluster did not start: {line}\n{}", last_lines(&log)))
            }
        }
    }

    /// Gives the program a command and returns what its answer says after `key`.
    pub(super) fn ask(&mut self, command: &str, key: &str) -> Result<String, String> {
        let input = self.input.as_mut().ok_or("the cluster is ending")?;
        writeln!(input, "{command}").map_err(|error| format!("giving the command {command}: {error}"))?;
        self.answer(key)
    }

    /// What the program's next line says after `key`, or the line that it is instead.
    fn answer(&mut self, key: &str) -> Result<String, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        line.trim_end().strip_prefix(key).map(str::to_owned).ok_or(line)
    }

    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) fn end(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

/// The end of a log, for the message of a start that failed.
fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut end = format!("the end of {}:", log.display());
    for line in &lines[lines.len().saturating_sub(15)..] {
        let _ = write!(end, "\n  {line}");
    }
    end
}
