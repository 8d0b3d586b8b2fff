//! The input, judged: domain types, or all that is wrong.

use super::fragment::Held;
use super::input::Input;
use super::keys::{KEYS, Otherwise};
use super::problem::{Place, Problem};
use super::{Environment, credentials, link, mirrors, report, values};
use crate::cluster::Settings as ClusterSettings;
use crate::cluster::Turns;
use crate::fleet::Local;
use crate::model::{CommitId, RefName, RepoPath, SiteName};
use crate::report::settings::Settings as ReportSettings;
use crate::source::Settings as SourceSettings;
use crate::store::Encryption;
use crate::store::Settings as StoreSettings;
use crate::trust::Settings as TrustSettings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the site's configuration says, valid as a whole.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who the site is.
    pub local: Local,
    /// The file of the site's own key, if it has one.
    pub identity: Option<PathBuf>,
    /// The ref that is followed.
    pub ref_name: RefName,
    /// Where it is fetched from, and where objects are kept.
    pub source: SourceSettings,
    /// How often the mirrors are asked.
    pub poll: Duration,
    /// Whom it trusts at first.
    pub trust: TrustSettings,
    /// Where facts are kept.
    pub store: StoreSettings,
    /// The API server.
    pub cluster: ClusterSettings,
    /// Whether agents on several servers of the cluster take turns.
    pub lease: Turns,
    /// How many last-good revisions stay pinned.
    pub keep: usize,
    /// Whether drift is undone, or only told.
    pub heals: bool,
    /// The folder of what a boot may forget.
    pub run: PathBuf,
    /// Whom the site tells about itself.
    pub report: ReportSettings,
    files: Vec<NamedFile>,
}

/// A file that the configuration names.
#[derive(Debug, Clone)]
struct NamedFile {
    place: Place,
    what: &'static str,
    what_to_do: &'static str,
    path: PathBuf,
}

/// Reads values and gathers what is wrong with them.
pub(super) struct Judge<'a> {
    pub(super) input: &'a Input,
    problems: Vec<Problem>,
    files: Vec<NamedFile>,
}

/// Why a value cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is wrong; what to do.
    Wrong(String),
    /// It is known, and not built yet.
    NotYet(String),
}

/// The credential that is used for encryption where the unit has it and nothing else is named.
const ENCRYPTION: &str = "standfast-encryption";
/// The name of the status file in the folder of what a boot may forget.
const STATUS_FILE: &str = "status.json";
/// The name of the control socket in the same folder.
const CONTROL_SOCKET: &str = "control.sock";

impl Settings {
    /// The status file: what the agent last wrote down about the site.
    pub fn status_file(&self) -> PathBuf {
        self.run.join(STATUS_FILE)
    }

    /// The socket through which people give orders.
    pub fn control_socket(&self) -> PathBuf {
        self.run.join(CONTROL_SOCKET)
    }

    /// Files that the configuration names and that are not there, each with what to do. An empty list if all are. Folders of mirrors
    /// are left out, for a stick need not be in its slot.
    pub fn missing_files(&self) -> Vec<Problem> {
        let missing = self.files.iter().filter(|file| !file.path.is_file());
        missing
            .map(|NamedFile { place, what, what_to_do, path }| {
                place.problem(format!("{what} {} is not there: {what_to_do}", path.display()))
            })
            .collect()
    }
}

/// Where the status file lies, judging nothing else.
pub(super) fn status_file(input: &Input, problems: Vec<Problem>) -> Result<PathBuf, Vec<Problem>> {
    let problems =
        problems.into_iter().filter(|problem| ["", "paths", "paths.run"].contains(&problem.key.as_str()));
    let mut judge = Judge { input, problems: problems.collect(), files: Vec::new() };
    match run(&mut judge) {
        Some(run) if judge.problems.is_empty() => Ok(run.join(STATUS_FILE)),
        _ => Err(judge.problems),
    }
}

/// Judges all values, so that all problems come to light, and answers with the settings if there are none.
pub(super) fn judge(
    input: &Input,
    environment: &Environment,
    problems: Vec<Problem>,
) -> Result<Settings, Vec<Problem>> {
    let mut judge = Judge { input, problems, files: Vec::new() };
    judge.required();
    let local = local(&mut judge);
    let what_to_do = "make it with ssh-keygen -t ed25519 -N '' -f FILE";
    let identity =
        judge.file("identity", "the identity", what_to_do, |text| absolute(text, "/etc/standfast/identity"));
    let directory = environment.credentials_directory.as_deref();
    let mirrors = mirrors::judge(&mut judge, directory, identity.as_deref());
    let budget = link::budget(&mut judge, &mirrors);
    let proxy = link::proxy(&mut judge, "source.proxy");
    let trust = trust(&mut judge);
    let cluster = cluster(&mut judge);
    let ref_name = judge.read("source.ref", |text| Ok(text.parse::<RefName>()?));
    let poll = link::poll(&mut judge);
    let keep = judge.keep();
    let folders = folders(&mut judge);
    let encryption = encryption(&mut judge, environment, identity.as_deref());
    let heals = judge.read("mode", values::mode);
    let report = report::judge(&mut judge, environment.credentials_directory.as_deref(), identity.as_deref());
    let Judge { problems, files, .. } = judge;
    match (local, trust, cluster, ref_name, poll, heals, keep, folders, report) {
        (
            Some(local),
            Some(trust),
            Some((cluster, lease)),
            Some(ref_name),
            Some(poll),
            Some(heals),
            Some(keep),
            Some((state, run)),
            Some(report),
        ) if problems.is_empty() => {
            let source =
                SourceSettings { poll, budget, proxy, ..SourceSettings::new(state.join("objects"), mirrors) };
            let store = StoreSettings { encryption, ..StoreSettings::new(state) };
            Ok(Settings {
                local,
                identity,
                ref_name,
                source,
                poll,
                trust,
                store,
                cluster,
                lease,
                keep,
                heals,
                run,
                report,
                files,
            })
        }
        _ => Err(problems),
    }
}

/// The key to which what holds Secrets is encrypted at rest, if there is one.
fn encryption(
    judge: &mut Judge<'_>,
    environment: &Environment,
    identity: Option<&Path>,
) -> Option<Encryption> {
    let directory = environment.credentials_directory.as_deref();
    let what_to_do = "make it with age-keygen, and name it in the unit as LoadCredential";
    let named = judge.file("encryption.credential", "the credential", what_to_do, |text| {
        credentials::file(text, directory, ENCRYPTION, "the key, as age-keygen prints it,")
    });
    let usual = || directory.map(|_| credentials::named(ENCRYPTION, directory)).filter(|path| path.is_file());
    let identity = identity.map(|path| Encryption::Identity(path.to_owned()));
    named.or_else(usual).map(Encryption::Credential).or(identity)
}

fn local(judge: &mut Judge<'_>) -> Option<Local> {
    let labels = judge.texts("site.labels", values::label);
    let variables = judge.texts("site.variables", |_| Ok(()));
    let path = judge.read("source.path", |text| Ok(text.parse::<RepoPath>()?));
    let name = judge.read("site.name", |text| Ok(text.parse::<SiteName>()?));
    Some(Local { name: name?, labels, variables, path: path? })
}

fn trust(judge: &mut Judge<'_>) -> Option<TrustSettings> {
    let what_to_do = "write there who may sign, in the format of ssh-keygen's allowed signers";
    let allowed_signers =
        judge.file("trust.allowedSigners", "the allowed signers file", what_to_do, |text| {
            absolute(text, "/etc/standfast/allowed_signers")
        });
    judge.read("trust.history", values::history);
    let pin = judge.read("trust.pin", |text| {
        text.parse::<CommitId>()
            .map_err(|error| Fault::Wrong(format!("{error}; `git rev-parse REV` prints it")))
    });
    Some(TrustSettings { allowed_signers: allowed_signers?, pin })
}

fn cluster(judge: &mut Judge<'_>) -> Option<(ClusterSettings, Turns)> {
    let what_to_do = "start k3s, which writes its own, or name that of your cluster";
    let kubeconfig = judge.file("cluster.kubeconfig", "the kubeconfig", what_to_do, |text| {
        absolute(text, "/etc/rancher/k3s/k3s.yaml")
    });
    let lease = judge.read("cluster.lease", values::lease);
    if let Some((place, Held::Bool(true))) = judge.input.get("cluster.requireServiceAccount") {
        judge.problems.push(place.not_yet("requireServiceAccount: true"));
    }
    Some((ClusterSettings { kubeconfig: kubeconfig? }, lease?))
}

/// `paths.state` and `paths.run`.
fn folders(judge: &mut Judge<'_>) -> Option<(PathBuf, PathBuf)> {
    let state = judge.read("paths.state", |text| absolute(text, "/var/lib/standfast"));
    let run = run(judge);
    let (state, run) = (state?, run?);
    if state.starts_with(&run) {
        let place = judge
            .input
            .get("paths.state")
            .map_or_else(|| judge.input.place("paths.state"), |(place, _)| place);
        judge.wrong(&place, "it lies in paths.run, which a boot empties: name a folder on the disk");
    }
    Some((state, run))
}

fn run(judge: &mut Judge<'_>) -> Option<PathBuf> {
    judge.read("paths.run", |text| absolute(text, "/run/standfast"))
}

/// An absolute path: a service has no folder of its own for others to begin at.
pub(super) fn absolute(text: &str, example: &str) -> Result<PathBuf, Fault> {
    if Path::new(text).is_absolute() {
        return Ok(PathBuf::from(text));
    }
    Err(Fault::Wrong(format!("it must be an absolute path, such as {example}")))
}

impl Judge<'_> {
    /// A text, if it is there and can be used.
    pub(super) fn read<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let Some((place, Held::Text(text))) = self.input.get(key) else { return None };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(Fault::Wrong(message)) => {
                self.problems.push(place.problem(message));
                None
            }
            Err(Fault::NotYet(what)) => {
                self.problems.push(place.not_yet(&what));
                None
            }
        }
    }

    /// The path of a file that should be there when the agent runs.
    pub(super) fn file(
        &mut self,
        key: &str,
        what: &'static str,
        what_to_do: &'static str,
        parse: impl FnOnce(&str) -> Result<PathBuf, Fault>,
    ) -> Option<PathBuf> {
        let path = self.read(key, parse)?;
        self.names(key, what, what_to_do, &path);
        Some(path)
    }

    /// Remembers that a key names a file.
    pub(super) fn names(&mut self, key: &str, what: &'static str, what_to_do: &'static str, path: &Path) {
        let place = self.input.get(key).map_or_else(|| self.input.place(key), |(place, _)| place);
        self.files.push(NamedFile { place, what, what_to_do, path: path.to_owned() });
    }

    /// Something that is wrong at a place.
    pub(super) fn wrong(&mut self, place: &Place, message: &str) {
        self.problems.push(place.problem(message));
    }

    fn texts(&mut self, key: &str, fits: impl Fn(&str) -> Result<(), Fault>) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (name, place, text) in self.input.texts(key) {
            let judged = values::key(name).and_then(|()| fits(text));
            if let Err(Fault::Wrong(message) | Fault::NotYet(message)) = judged {
                self.problems.push(place.problem(message));
            }
            all.insert(name.to_owned(), text.to_owned());
        }
        all
    }

    fn keep(&mut self) -> Option<usize> {
        let Some((place, Held::Count(count))) = self.input.get("keep") else { return None };
        let keep = usize::try_from(count).ok().filter(|keep| values::KEEP.contains(keep));
        if keep.is_none() {
            self.wrong(&place, &format!("it must be {} to {}", values::KEEP.start(), values::KEEP.end()));
        }
        keep
    }

    /// What must be named and is not.
    fn required(&mut self) {
        if self.input.is_partial() {
            return;
        }
        for key in KEYS {
            let Otherwise::Required(example) = key.otherwise else { continue };
            if self.input.get(key.name).is_none() && !self.input.is_refused(key.name) {
                let place = self.input.place(key.name);
                self.problems.push(place.problem(format!("it is missing: write it, such as {example}")));
            }
        }
    }
}

impl Fault {
    /// A value that is wrong, and what to do.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::Wrong(message.into())
    }
}

impl<E: std::error::Error> From<E> for Fault {
    /// A value that its own type refuses.
    fn from(error: E) -> Self {
        Self::Wrong(error.to_string())
    }
}
