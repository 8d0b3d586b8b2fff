//! Bytes on the link, through the real source against `git http-backend` behind TLS.
//!
//! All figures are TCP payload, both ways together: TLS and its handshakes are counted, TCP and IP are not.

use super::proxy::Proxy;
use super::support::git::{Key, Repo};
use super::support::source::{SiteSource, mirror};
use super::support::tls::{GitServer, Options};
use super::table::{Figure, Section, Unit, median};
use standfast::source::MirrorSettings;

/// Applications are called after what they serve and what they are, and so are their files: git finds the deltas of files by the ends of
/// their names, and names that differ in a number alone collide there.
const SERVE: [&str; 10] = [
    "checkout", "kiosk", "loyalty", "pricing", "stock", "returns", "labels", "receipts", "printers", "scales",
];
const ARE: [&str; 9] = ["api", "worker", "web", "cache", "sync", "proxy", "exporter", "gateway", "store"];
const KINDS: [&str; 10] = [
    "config",
    "settings",
    "service",
    "deployment",
    "network",
    "role",
    "account",
    "limits",
    "claims",
    "alerts",
];
/// Folders of applications, and folders of sites, with this many files each: 10,000 in all.
const APPLICATIONS: usize = SERVE.len() * ARE.len();
const REGIONS: usize = 10;
const FILES: usize = 100;
/// How often a change or a poll is repeated.
const ROUNDS: usize = 5;
/// How many commits a site is behind.
const BEHIND: usize = 200;

/// What a site asks for: its documents and three applications.
const FEW_PATHS: [&str; 6] = [
    "fleet.yaml",
    "sites/r4/defaults.yaml",
    "sites/r4/store-042.yaml",
    "apps/checkout-api",
    "apps/kiosk-web",
    "apps/pricing-store",
];
/// What a site without a fleet.yaml asks for.
const WHOLE: [&str; 1] = [""];
/// The application whose files are changed, `kiosk-web`: one of the site's.
const CHANGED: usize = 11;

/// A site with its own mirror, and what it asks for.
struct Case {
    name: String,
    server: GitServer,
    site: SiteSource,
    paths: &'static [&'static str],
    base: String,
}

/// Bytes of the two steps of a fetch.
struct Cost {
    chain: f64,
    content: f64,
    requests: u64,
}

/// Measures all of it.
pub(crate) fn measure() -> Section {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(all())
}

async fn all() -> Section {
    let mut section = Section::new("link");
    eprintln!("link: making a repository of 10,000 files");
    let signer = Key::generate("alice");
    let repo = fleet();
    let first = repo.commit_signed("first", &signer);
    repo.git(&["repack", "-adq"]);
    polls(&repo, &first, &mut section).await;

    let mut cases = Vec::new();
    for (scope, paths) in [("whole", &WHOLE[..]), ("scoped", &FEW_PATHS[..])] {
        for (filter, options) in [("filter", Options::default()), ("no filter", Options::unfiltered())] {
            let server = GitServer::start(&repo.path(), options);
            let site = SiteSource::new(vec![mirror(&server)]);
            let name = format!("{scope}, {filter}");
            cases.push(Case { name, server, site, paths, base: first.clone() });
        }
    }
    for case in &mut cases {
        let cost = case.follow(&repo, &first, None).await;
        section.add(cost.figure(format!("first fetch of 10,000 files, {}", case.name)));
    }
    changes(&repo, &signer, &mut cases, &mut section).await;
    behind(&repo, &signer, &mut cases, &mut section).await;
    section
}

/// Many signed commits at once: first as they mostly are, in one file each of a few applications, then each in another file of all.
async fn behind(repo: &Repo, signer: &Key, cases: &mut [Case], section: &mut Section) {
    let spreads: [(&str, fn(usize) -> (usize, usize)); 2] =
        [("20 files", |at| (at % 20, 3)), ("200 files", |at| (at % APPLICATIONS, at % FILES))];
    for (spread, place) in spreads {
        eprintln!("link: signing {BEHIND} commits in {spread}");
        for at in 0..BEHIND {
            let (application, file) = place(at);
            change(repo, application, file, &format!("{spread}-{at}"));
            repo.commit_signed(&format!("change {at}"), signer);
        }
        let tip = repo.tip();
        for case in &mut *cases {
            let base = case.base.clone();
            let budget = if case.name.ends_with("no filter") { 120_000.0 } else { 80_000.0 };
            let cost = case.follow(repo, &tip, Some(&base)).await;
            let what = format!("{BEHIND} signed commits behind in {spread}, {}", case.name);
            section.add(cost.figure(what).budget(budget));
        }
    }
}

/// A fleet whose applications have 100 files each, and whose sites stand in folders of 100.
fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write(
        "fleet.yaml",
        "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme-stores}\n",
    );
    for application in 0..APPLICATIONS {
        (0..FILES).for_each(|file| change(&repo, application, file, "first"));
    }
    for region in 0..REGIONS {
        repo.write(&format!("sites/r{region}/defaults.yaml"), document("SiteDefaults", "defaults", region));
        for store in 1..FILES {
            let name = format!("store-{store:03}");
            repo.write(&format!("sites/r{region}/{name}.yaml"), document("Site", &name, store));
        }
    }
    repo
}

fn document(kind: &str, name: &str, number: usize) -> String {
    let head = format!("apiVersion: standfast.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n");
    format!("{head}labels: {{tier: store}}\nvariables: {{NUMBER: \"{number}\"}}\n")
}

/// Writes one file of an application, a ConfigMap of half a kilobyte, with `value` in one line.
fn change(repo: &Repo, application: usize, file: usize, value: &str) {
    let namespace = format!("{}-{}", SERVE[application / ARE.len()], ARE[application % ARE.len()]);
    let name = format!("{}-{}", KINDS[file % KINDS.len()], file / KINDS.len());
    let mut text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n  value: {value}\n"
    );
    for line in 0..10 {
        // Numbers that differ from file to file, as settings do.
        let number = (application * 7919 + file * 104_729 + line * 1_299_709) % 1_000_003;
        text.push_str(&format!("  setting-{line}: \"{number}-of-store\"\n"));
    }
    repo.write(&format!("apps/{namespace}/{name}.yaml"), text);
}

/// Polls that bring no news: on a kept connection, over HTTP/1.1, on a new connection, and on one after a cut.
async fn polls(repo: &Repo, tip: &str, section: &mut Section) {
    for (name, http2) in [("", true), (", HTTP/1.1", false)] {
        let server = GitServer::start(&repo.path(), Options { http2, ..Options::default() });
        let mut site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..ROUNDS {
            let before = traffic(&server);
            site.advance(Some(tip)).await.unwrap();
            kept.push((traffic(&server) - before) as f64);
        }
        let mut new = Vec::new();
        for _ in 0..ROUNDS {
            site = site.restart();
            let before = traffic(&server);
            site.advance(Some(tip)).await.unwrap();
            new.push((traffic(&server) - before) as f64);
        }
        let kept =
            Figure::new(format!("poll without change, kept connection{name}"), median(&kept), Unit::Bytes);
        section.add(kept.budget(1_000.0).flux("144 + 630 B over plain http"));
        let new =
            Figure::new(format!("poll without change, new TLS connection{name}"), median(&new), Unit::Bytes);
        section.add(new.budget(3_000.0).note("full handshake"));
    }
    let server = GitServer::start(&repo.path(), Options::default());
    let bytes = after_a_cut(&server, tip).await;
    let figure =
        Figure::new("poll without change, connection cut between polls", median(&bytes), Unit::Bytes);
    section.add(figure.budget(3_000.0).note("resumed handshake, as behind a router that forgets"));
}

async fn after_a_cut(server: &GitServer, tip: &str) -> Vec<f64> {
    let port = server.url().split([':', '/']).nth(4).unwrap().parse().unwrap();
    let proxy = Proxy::to(port);
    let url = server.url().replace(&port.to_string(), &proxy.port().to_string());
    let through = MirrorSettings::Https {
        url: url.parse().unwrap(),
        ca: Some(server.ca_pem_path()),
        credential: None,
        metered: false,
    };
    let site = SiteSource::new(vec![through]);
    site.advance(None).await.unwrap();
    let mut bytes = Vec::new();
    for _ in 0..ROUNDS {
        proxy.cut();
        let before = proxy.carried();
        site.advance(Some(tip)).await.unwrap();
        bytes.push((proxy.carried() - before) as f64);
    }
    bytes
}

/// One-line changes, one after the other, followed by all.
async fn changes(repo: &Repo, signer: &Key, cases: &mut [Case], section: &mut Section) {
    let mut costs: Vec<Vec<Cost>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        change(repo, CHANGED, round * 17, &format!("round-{round}"));
        let tip = repo.commit_signed("change", signer);
        for (case, costs) in cases.iter_mut().zip(&mut costs) {
            let base = case.base.clone();
            costs.push(case.follow(repo, &tip, Some(&base)).await);
        }
    }
    for (case, costs) in cases.iter().zip(costs) {
        let budget = if case.name.starts_with("whole") { 4_000.0 } else { 14_000.0 };
        let cost = Cost::median(&costs);
        let figure = cost.figure(format!("one-line change among 10,000 files, {}", case.name));
        section.add(figure.budget(budget).flux("88.7 kB among 1,100 files"));
    }
}

impl Case {
    /// Follows the repository to `tip`, on the kept connection.
    async fn follow(&mut self, repo: &Repo, tip: &str, base: Option<&str>) -> Cost {
        let (before, requests) = (traffic(&self.server), self.server.counters().requests());
        self.site.advance(base).await.unwrap();
        let between = traffic(&self.server);
        self.site.complete(repo, tip, self.paths).await.unwrap();
        tip.clone_into(&mut self.base);
        Cost {
            chain: (between - before) as f64,
            content: (traffic(&self.server) - between) as f64,
            requests: self.server.counters().requests() - requests,
        }
    }
}

impl Cost {
    fn median(costs: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| median(&costs.iter().map(part).collect::<Vec<_>>());
        Self {
            chain: of(|cost| cost.chain),
            content: of(|cost| cost.content),
            requests: costs.iter().map(|cost| cost.requests).max().unwrap_or_default(),
        }
    }

    fn figure(&self, what: String) -> Figure {
        let (chain, content) = (Unit::Bytes.show(self.chain), Unit::Bytes.show(self.content));
        let note = format!("commits {chain}, content {content}, {} requests", self.requests);
        Figure::new(what, self.chain + self.content, Unit::Bytes).note(note)
    }
}

/// Bytes that went over a server's wires so far.
fn traffic(server: &GitServer) -> u64 {
    server.counters().up() + server.counters().down()
}
