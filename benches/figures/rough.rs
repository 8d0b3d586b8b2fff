//! A fleet of 2,000 sites and 60 applications, over good links and bad ones, beside real git over the same servers.
//!
//! Bytes are TCP payload, both ways together. git is given what it has for such links, a shallow clone; where it fails, it is started
//! again from where it can go on, which is nowhere.

use super::support::git::{Key, Repo, isolated, noise};
use super::support::source::{SiteSource, clock, mirror, paths, proven};
use super::support::tls::{GitServer, Options};
use super::support::wire::Fault;
use super::table::{Figure, Section, Unit};
use standfast::source::{Git, MirrorSettings, Settings, Source, Want};
use standfast::trust::fake::assume;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const REGIONS: usize = 40;
const STORES: usize = 50;
const APPLICATIONS: usize = 60;
const FILES: usize = 40;
/// Bytes of a file before they are written as hexadecimal: no two files share any, so that none is a delta of another.
const SETTINGS: usize = 700;
const BEHIND: usize = 200;
/// How often git is started again when its link breaks.
const TRIES: u64 = 8;
/// After so long git is taken to hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one site asks for: its documents, and five applications.
const SITE: [&str; 8] = [
    "fleet.yaml",
    "sites/r07/defaults.yaml",
    "sites/r07/store-13.yaml",
    "apps/app-03",
    "apps/app-17",
    "apps/app-18",
    "apps/app-40",
    "apps/app-59",
];
const WHOLE: [&str; 1] = [""];

/// Measures all of it.
pub(crate) fn measure() -> Section {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(all())
}

async fn all() -> Section {
    let mut section = Section::new("rough");
    eprintln!("rough: making a fleet of {} sites and {APPLICATIONS} applications", REGIONS * STORES);
    let signer = Key::generate("alice");
    let repo = fleet();
    let first = repo.commit_signed("first", &signer);
    repo.git(&["repack", "-adq"]);
    for filter in [true, false] {
        first_fetches(&repo, &first, filter, &mut section).await;
        cuts(&repo, &first, filter, &mut section).await;
        stall(&repo, &first, filter, &mut section).await;
        killed(&repo, &first, filter, &mut section).await;
    }
    news(&repo, &first, &signer, &mut section).await;
    section
}

/// A fleet whose files do not compress well, as real settings do not: some 1 kB each when packed.
fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\n");
    let bytes = noise(APPLICATIONS * FILES * SETTINGS);
    for application in 0..APPLICATIONS {
        for file in 0..FILES {
            settings(
                &repo,
                &bytes[(application * FILES + file) * SETTINGS..][..SETTINGS],
                application,
                file,
                "first",
            );
        }
    }
    for region in 0..REGIONS {
        repo.write(
            &format!("sites/r{region:02}/defaults.yaml"),
            format!("kind: SiteDefaults\nregion: {region}\n"),
        );
        for store in 0..STORES {
            site(&repo, region, store, "first");
        }
    }
    repo
}

fn settings(repo: &Repo, bytes: &[u8], application: usize, file: usize, value: &str) {
    let mut text = format!("kind: ConfigMap\nmetadata: {{name: f{file}}}\ndata:\n  value: {value}\n");
    for (at, chunk) in bytes.chunks(40).enumerate() {
        text.push_str(&format!("  setting-{at}: "));
        chunk.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text.push('\n');
    }
    repo.write(&format!("apps/app-{application:02}/f{file:02}.yaml"), text);
}

fn change(repo: &Repo, application: usize, file: usize, value: &str) {
    let path = repo.work_tree().join(format!("apps/app-{application:02}/f{file:02}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("  value: ")).unwrap();
    std::fs::write(&path, text.replace(line, &format!("  value: {value}"))).unwrap();
}

fn site(repo: &Repo, region: usize, store: usize, value: &str) {
    let name = format!("r{region:02}/store-{store:02}");
    let text = format!(
        "kind: Site\nmetadata: {{name: {name}}}\nvariables: {{NUMBER: \"{}\", VALUE: {value}}}\n",
        region * 97 + store
    );
    repo.write(&format!("sites/{name}.yaml"), text);
}

fn traffic(server: &GitServer) -> u64 {
    server.counters().up() + server.counters().down()
}

fn shown(bytes: u64) -> String {
    Unit::Bytes.show(bytes as f64)
}

fn told(filter: bool) -> &'static str {
    if filter { "filter" } else { "no filter" }
}

/// A new site's bytes for these paths.
async fn fetch(repo: &Repo, tip: &str, options: Options, asked: &[&str]) -> u64 {
    let server = GitServer::start(&repo.path(), options);
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(repo, tip, asked).await.unwrap();
    traffic(&server)
}

/// git, with a server's CA.
fn git(home: &Path, server: &GitServer) -> Command {
    let mut command = isolated("git", home);
    command.args(["-c", &format!("http.sslCAInfo={}", server.ca_pem_path().display())]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A shallow clone in a new folder; how it ended.
fn clone(home: &Path, server: &GitServer) -> Option<bool> {
    let to = home.join("clone");
    let _ = std::fs::remove_dir_all(&to);
    let mut command = git(home, server);
    end(command.args(["clone", "--quiet", "--bare", "--depth", "1", &server.url()]).arg(&to).spawn().unwrap())
}

/// Waits for a program; `None` if it hangs.
fn end(mut child: Child) -> Option<bool> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.success());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

async fn first_fetches(repo: &Repo, tip: &str, filter: bool, section: &mut Section) {
    let options = Options { filter, ..Options::default() };
    let server = GitServer::start(&repo.path(), options.clone());
    let home = TempDir::new().unwrap();
    assert_eq!(clone(home.path(), &server), Some(true));
    let note = format!("git clone --depth 1: {}", shown(traffic(&server)));
    for (scope, asked) in [("one site's part", &SITE[..]), ("whole", &WHOLE[..])] {
        let bytes = fetch(repo, tip, options.clone(), asked).await;
        let what = format!("first fetch, {scope}, {}", told(filter));
        section.add(Figure::new(what, bytes as f64, Unit::Bytes).note(note.clone()));
    }
}

/// The whole fleet over a link that is cut again and again.
async fn cuts(repo: &Repo, tip: &str, filter: bool, section: &mut Section) {
    let older = Options { filter, http2: false, ..Options::default() };
    let ideal = fetch(repo, tip, older.clone(), &WHOLE).await as f64;
    let options = Options { fault: Some(Fault::CloseAfter(64 << 10)), ..older };
    let cost = fetch(repo, tip, options, &WHOLE).await as f64;
    let what = format!("first fetch, whole, cut every 64 KiB, HTTP/1.1, {}", told(filter));
    let note = format!("{:.2} of unbroken", cost / ideal);
    section.add(Figure::new(what, cost, Unit::Bytes).budget(1.3 * ideal).note(note));

    let whole = Options { filter, ..Options::default() };
    let ideal = fetch(repo, tip, whole.clone(), &WHOLE).await;
    for (name, bytes) in [("64 KiB", 64 << 10), ("256 KiB", 256 << 10), ("1 MiB", 1 << 20)] {
        let options = Options { fault: Some(Fault::CloseAfter(bytes)), ..whole.clone() };
        let cost = fetch(repo, tip, options.clone(), &WHOLE).await as f64;
        let server = GitServer::start(&repo.path(), options);
        let home = TempDir::new().unwrap();
        let tries = (1..=TRIES).find(|_| clone(home.path(), &server) == Some(true));
        let thrown = shown(traffic(&server));
        let git = match tries {
            Some(tries) => format!("done at try {tries}, {thrown}"),
            None => format!("0 of {TRIES} tries, {thrown} for nothing"),
        };
        let note = format!("{:.2} of unbroken; git clone --depth 1: {git}", cost / ideal as f64);
        let what = format!("first fetch, whole, cut every {name}, {}", told(filter));
        section.add(Figure::new(what, cost, Unit::Bytes).budget(1.3 * ideal as f64).note(note));
    }
}

/// The same over a link that falls silent every megabyte; who waits 3 s for a byte goes on.
async fn stall(repo: &Repo, tip: &str, filter: bool, section: &mut Section) {
    let fault = Some(Fault::StallAfter(1 << 20));
    let options = Options { filter, fault, ..Options::default() };
    let server = GitServer::start(&repo.path(), options.clone());
    let site = SiteSource::new(vec![mirror(&server)])
        .change(|settings| settings.timeouts.idle = Duration::from_secs(3));
    let began = Instant::now();
    site.advance(None).await.unwrap();
    site.complete(repo, tip, &WHOLE).await.unwrap();
    let took = began.elapsed().as_secs_f64();
    let (cost, connections) = (traffic(&server), server.counters().connections());
    let server = GitServer::start(&repo.path(), options);
    let home = TempDir::new().unwrap();
    let git = match clone(home.path(), &server) {
        None => format!("hangs, ended after {} s", PATIENCE.as_secs()),
        Some(is_done) => format!("done: {is_done}"),
    };
    let note = format!("{took:.0} s, {connections} connections; git clone --depth 1: {git}");
    let what = format!("first fetch, whole, silent every 1 MiB, {}", told(filter));
    section.add(Figure::new(what, cost as f64, Unit::Bytes).note(note));
}

/// The same, killed in the middle and started again.
async fn killed(repo: &Repo, tip: &str, filter: bool, section: &mut Section) {
    let options = Options { filter, ..Options::default() };
    let ideal = fetch(repo, tip, options.clone(), &WHOLE).await;
    let half = Options { fault: Some(Fault::StallAfter(ideal / 2)), ..options };
    let server = GitServer::start(&repo.path(), half.clone());
    let site = SiteSource::new(vec![mirror(&server)]);
    let root = repo.rev_parse(&format!("{tip}^{{tree}}"));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(CHILD).arg(server.url()).arg(server.ca_pem_path()).arg(site.objects()).args([tip, &root]);
    kill_at(&server, ideal / 2, command.spawn().unwrap());
    server.set(|options| options.fault = None);
    let site = site.restart();
    site.complete(repo, tip, &WHOLE).await.unwrap();
    let cost = traffic(&server) as f64;

    let server = GitServer::start(&repo.path(), half);
    let home = TempDir::new().unwrap();
    let mut command = git(home.path(), &server);
    let to = home.path().join("clone");
    let begun = command.args(["clone", "--quiet", "--bare", "--depth", "1", &server.url()]).arg(&to).spawn();
    kill_at(&server, ideal / 2, begun.unwrap());
    server.set(|options| options.fault = None);
    assert_eq!(clone(home.path(), &server), Some(true));
    let note = format!(
        "{:.2} of unbroken; git clone --depth 1: {:.2}",
        cost / ideal as f64,
        traffic(&server) as f64 / ideal as f64
    );
    let what = format!("first fetch, whole, killed in the middle, {}", told(filter));
    section.add(Figure::new(what, cost, Unit::Bytes).budget(1.3 * ideal as f64).note(note));
}

/// Kills a program with SIGKILL once so much has come, less what is on its way in frames.
fn kill_at(server: &GitServer, bytes: u64, mut child: Child) {
    while server.counters().down() + 1 < bytes {
        std::thread::sleep(Duration::from_millis(20));
    }
    // What was sent is to be read.
    std::thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The argument by which this program is started to fetch and be killed.
pub(crate) const CHILD: &str = "fetch-and-be-killed";

/// Fetches a whole revision into a folder.
pub(crate) fn child(arguments: &[String]) {
    let [url, ca, objects, tip, root] = arguments else { panic!("{arguments:?}") };
    let mirror = MirrorSettings::Https {
        url: url.parse().unwrap(),
        ca: Some(ca.into()),
        credential: None,
        metered: false,
    };
    let source = Git::start(Settings::new(objects, vec![mirror]), clock()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let want: Want = super::support::source::want(None);
        let revision = source.advance(&want).await.unwrap().revision;
        assert_eq!(&revision.commit.to_string(), tip);
        source.complete(&assume(revision, root.parse().unwrap()), &paths(&WHOLE)).await.unwrap();
    });
}

/// A site that follows, and git beside it.
struct Follower {
    name: String,
    server: GitServer,
    site: SiteSource,
    asked: &'static [&'static str],
    theirs: GitServer,
    home: TempDir,
}

impl Follower {
    async fn begin(
        repo: &Repo,
        tip: &str,
        filter: bool,
        scope: &str,
        asked: &'static [&'static str],
    ) -> Self {
        let options = Options { filter, ..Options::default() };
        let server = GitServer::start(&repo.path(), options.clone());
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        site.complete(repo, tip, asked).await.unwrap();
        let theirs = GitServer::start(&repo.path(), options);
        let home = TempDir::new().unwrap();
        assert_eq!(clone(home.path(), &theirs), Some(true));
        Self { name: format!("{scope}, {}", told(filter)), server, site, asked, theirs, home }
    }

    /// Our bytes and git's from one revision to the next.
    async fn follow(&self, repo: &Repo, base: &str, tip: &str, shallow: bool) -> (u64, u64) {
        let before = traffic(&self.server);
        self.site.advance(Some(base)).await.unwrap();
        self.site.git.complete(&proven(repo, tip), &paths(self.asked)).await.unwrap();
        let ours = traffic(&self.server) - before;
        let before = traffic(&self.theirs);
        let mut command = git(self.home.path(), &self.theirs);
        command.arg("--git-dir").arg(self.home.path().join("clone")).args(["fetch", "--quiet"]);
        if shallow {
            command.args(["--depth", "1"]);
        }
        let fetched = command.args(["origin", "+refs/heads/main:refs/heads/main"]).spawn().unwrap();
        assert_eq!(end(fetched), Some(true));
        (ours, traffic(&self.theirs) - before)
    }
}

/// What a site that is there already pays: nothing new, a change of its own, one of another, and many at once.
async fn news(repo: &Repo, first: &str, signer: &Key, section: &mut Section) {
    let mut followers = Vec::new();
    for filter in [true, false] {
        for (scope, asked) in [("one site's part", &SITE[..]), ("whole", &WHOLE[..])] {
            followers.push(Follower::begin(repo, first, filter, scope, asked).await);
        }
    }
    let mut base = first.to_owned();
    let steps: [(&str, bool, fn(&Repo)); 5] = [
        ("poll without change", true, |_| {}),
        ("one-line change", true, |repo| change(repo, 17, 9, "one-line")),
        ("its own document", true, |repo| site(repo, 7, 13, "own")),
        ("another site's document", true, |repo| site(repo, 21, 30, "other")),
        ("200 signed commits behind", false, |_| {}),
    ];
    for (what, shallow, step) in steps {
        step(repo);
        let tip = match what {
            "poll without change" => base.clone(),
            "200 signed commits behind" => {
                for at in 0..BEHIND {
                    change(repo, at * 7 % APPLICATIONS, at % FILES, &format!("change-{at}"));
                    repo.commit_signed(&format!("change {at}"), signer);
                }
                repo.tip()
            }
            _ => repo.commit_signed(what, signer),
        };
        for follower in &followers {
            let (ours, theirs) = follower.follow(repo, &base, &tip, shallow).await;
            let command = if shallow { "git fetch --depth 1" } else { "git fetch" };
            let note = format!("{command}: {}", shown(theirs));
            let what = format!("{what}, {}", follower.name);
            section.add(Figure::new(what, ours as f64, Unit::Bytes).note(note));
        }
        base = tip;
    }
}
