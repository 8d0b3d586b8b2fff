//! A large fleet: a site gets what it needs of it, and pays for nothing else.

use crate::support::git::Repo;
use crate::support::source::{SiteSource, mirror};
use crate::support::tls::{GitServer, Options};
use std::collections::BTreeSet;

const REGIONS: usize = 40;
const STORES: usize = 50;
const APPLICATIONS: usize = 60;

/// What one site asks for: its own document by its path, the defaults above it, and three applications.
const SITE: [&str; 6] = [
    "fleet.yaml",
    "sites/r07/defaults.yaml",
    "sites/r07/store-13.yaml",
    "apps/app-03",
    "apps/app-17",
    "apps/app-59",
];

/// 2,000 sites and 60 applications.
fn fleet() -> Repo {
    let repo = Repo::init();
    repo.write("fleet.yaml", "kind: Fleet\n");
    for application in 0..APPLICATIONS {
        for file in 0..10 {
            let text = format!(
                "kind: ConfigMap\nmetadata: {{name: a{application}-{file}}}\ndata: {{value: first}}\n"
            );
            repo.write(&format!("apps/app-{application:02}/f{file}.yaml"), text.repeat(5));
        }
    }
    for region in 0..REGIONS {
        repo.write(
            &format!("sites/r{region:02}/defaults.yaml"),
            format!("kind: SiteDefaults\nregion: {region}\n"),
        );
        (0..STORES).for_each(|store| document(&repo, region, store, "first"));
    }
    repo
}

fn document(repo: &Repo, region: usize, store: usize, value: &str) {
    let name = format!("r{region:02}/store-{store:02}");
    repo.write(
        &format!("sites/{name}.yaml"),
        format!("kind: Site\nmetadata: {{name: {name}}}\nvalue: {value}\n"),
    );
}

/// Files of the revision that are on this site's disk, by path.
fn at_hand(repo: &Repo, site: &SiteSource, commit: &str) -> BTreeSet<String> {
    let listing = repo.git(&["ls-tree", "-r", commit]);
    let files: Vec<(&str, &str)> = listing.lines().map(|line| (&line[12..52], &line[53..])).collect();
    let ids: String = files.iter().map(|(id, _)| format!("{id}\n")).collect();
    let objects = site.objects();
    let arguments = ["--git-dir", objects.to_str().unwrap(), "cat-file", "--batch-check"];
    let found = String::from_utf8(repo.git_with_input(&arguments, ids.as_bytes())).unwrap();
    let lines = found.lines().zip(files).filter(|(line, _)| !line.ends_with(" missing"));
    lines.map(|(_, (_, path))| path.to_owned()).collect()
}

#[tokio::test]
async fn a_new_site_gets_its_own_documents_and_applications_and_nobody_elses() {
    let repo = fleet();
    let first = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    let artifact = site.complete(&repo, &first, &SITE).await.unwrap();
    assert_eq!(artifact.files.len(), 33);
    let own: BTreeSet<String> = artifact.files.keys().map(ToString::to_string).collect();
    assert_eq!(at_hand(&repo, &site, &first), own);
    assert!(
        !artifact.trees.contains_key(&"sites/r08".parse().unwrap()),
        "other folders of sites are not even listed"
    );
    let whole = server.counters().down();
    assert!(whole < 20_000, "{whole}");
}

#[tokio::test]
async fn one_change_costs_a_few_kilobytes_whosever_it_is() {
    for filter in [true, false] {
        let repo = fleet();
        let mut base = repo.commit("first");
        let server = GitServer::start(&repo.path(), Options { filter, ..Options::default() });
        let site = SiteSource::new(vec![mirror(&server)]);
        site.advance(None).await.unwrap();
        site.complete(&repo, &base, &SITE).await.unwrap();
        let changes: [(&str, fn(&Repo), &str); 3] = [
            ("its own document", |repo| document(repo, 7, 13, "changed"), "sites/r07/store-13.yaml"),
            ("another site's document", |repo| document(repo, 21, 30, "changed"), ""),
            (
                "its application",
                |repo| {
                    repo.write("apps/app-17/f3.yaml", "changed\n");
                },
                "apps/app-17/f3.yaml",
            ),
        ];
        for (name, change, path) in changes {
            change(&repo);
            let tip = repo.commit(name);
            let before = server.counters().down() + server.counters().up();
            site.advance(Some(&base)).await.unwrap();
            let artifact = site.complete(&repo, &tip, &SITE).await.unwrap();
            let cost = server.counters().down() + server.counters().up() - before;
            assert!(cost < 6_000, "{name}: {cost}, filter: {filter}");
            let text = artifact.files.iter().find(|(own, _)| own.to_string() == path);
            assert!(
                path.is_empty() || text.is_some_and(|(_, file)| file.data.ends_with(b"changed\n")),
                "{name}"
            );
            base = tip;
        }
    }
}

#[tokio::test]
async fn an_application_that_appears_brings_its_own_path() {
    let repo = fleet();
    let base = repo.commit("first");
    let server = GitServer::start(&repo.path(), Options::default());
    let site = SiteSource::new(vec![mirror(&server)]);
    site.advance(None).await.unwrap();
    site.complete(&repo, &base, &SITE).await.unwrap();
    let tip = repo.write("fleet.yaml", "kind: Fleet\n# one more\n").commit("more");
    site.advance(Some(&base)).await.unwrap();
    let before = server.counters().down();
    let more = [&SITE[..], &["apps/app-40"]].concat();
    let artifact = site.complete(&repo, &tip, &more).await.unwrap();
    assert_eq!(artifact.files.len(), 43);
    let brought = at_hand(&repo, &site, &tip);
    assert!(
        brought
            .iter()
            .filter(|path| path.starts_with("apps/"))
            .all(|path| more.iter().any(|own| path.starts_with(own)))
    );
    assert!(server.counters().down() - before < 8_000, "{}", server.counters().down() - before);
}
