//! A fleet repository whose one site runs a hundred or a thousand objects, served by a real git server.

use super::support::git::{Key, Repo};
use super::support::tls::{Answer, GitServer, Options};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Objects of one application.
const PER_APPLICATION: usize = 100;

/// A fleet with one site, and the folder that the site's agent lives in.
pub(crate) struct Fleet {
    repo: Repo,
    signer: Key,
    server: GitServer,
    folder: TempDir,
    /// What `/run` is at a site: in memory, not on its disk.
    run: TempDir,
    /// The site's name; it differs from site to site, for owner labels come from it.
    pub(crate) site: String,
    namespace: String,
    objects: usize,
}

impl Fleet {
    /// A signed first commit with this many objects, all for one namespace, and the configuration of a new site.
    pub(crate) fn new(objects: usize, namespace: &str, kubeconfig: &Path, poll: &str) -> Self {
        let repo = Repo::init();
        let server = GitServer::start(&repo.path(), Options::default());
        let (folder, run) = (TempDir::new().unwrap(), TempDir::new_in("/dev/shm").unwrap());
        let (signer, site) = (Key::generate("alice"), format!("bench/{namespace}"));
        let fleet =
            Self { repo, signer, server, folder, run, site, namespace: namespace.to_owned(), objects };
        fleet.repo.write("fleet.yaml", fleet.document());
        for number in 0..objects {
            fleet.write(number, "first");
        }
        fleet.commit("first");
        std::fs::write(fleet.folder.path().join("allowed_signers"), fleet.signer.allowed_signer()).unwrap();
        std::fs::write(fleet.config(), fleet.configuration(kubeconfig, poll)).unwrap();
        fleet
    }

    /// The site's configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// The site's status file.
    pub(crate) fn status(&self) -> PathBuf {
        self.run.path().join("status.json")
    }

    /// How often the git server was asked.
    pub(crate) fn git_requests(&self) -> u64 {
        self.server.counters().requests()
    }

    /// Changes one line of one object, and answers with the commit.
    pub(crate) fn change(&self, value: &str) -> String {
        self.write(0, value);
        self.commit(value)
    }

    /// From now on the mirror answers nothing of use.
    pub(crate) fn cut_link(&self) {
        self.server.set(|options| options.answer = Answer::Status(503));
    }

    /// The applications' names.
    pub(crate) fn applications(&self) -> Vec<String> {
        (0..self.objects.div_ceil(PER_APPLICATION)).map(|number| format!("app{number}")).collect()
    }

    fn commit(&self, message: &str) -> String {
        self.repo.commit_signed(message, &self.signer)
    }

    fn write(&self, number: usize, value: &str) {
        let application = &self.applications()[number / PER_APPLICATION];
        let text = serde_json::to_string_pretty(&object(number, value)).unwrap();
        self.repo.write(&format!("apps/{application}/object-{number:04}.yaml"), yaml(&text));
    }

    fn document(&self) -> String {
        let head = "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {name: bench}\ndefaults: {health: {quiet: 0s}}\napplications:\n";
        let mut text = head.to_owned();
        for name in self.applications() {
            let _ = writeln!(text, "- {{name: {name}, path: apps/{name}, namespace: {}}}", self.namespace);
        }
        text
    }

    fn configuration(&self, kubeconfig: &Path, poll: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "site: {{name: {site}}}\n\
             source:\n  poll: {poll}\n  mirrors: [{{url: \"{url}\", ca: {ca}}}]\n\
             trust: {{allowedSigners: {folder}/allowed_signers}}\n\
             cluster: {{kubeconfig: {kubeconfig}}}\n\
             paths: {{state: {folder}/state, run: {run}}}\n",
            site = self.site,
            run = self.run.path().display(),
            url = self.server.url(),
            ca = self.server.ca_pem_path().display(),
            kubeconfig = kubeconfig.display(),
        )
    }
}

/// The object of this number: of ten, six are small ConfigMaps, two Deployments of one pod, one a Service and one a ConfigMap of 2 kB.
pub(crate) fn object(number: usize, value: &str) -> Value {
    let name = format!("object-{number:04}");
    let labels = json!({"app": name});
    match number % 10 {
        6 | 7 => json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": {"value": value}},
                    "spec": {"containers": [{
                        "name": "main",
                        "image": format!("registry.example.com/{name}:1.2.3"),
                        "ports": [{"containerPort": 8080, "name": "http"}],
                        "env": [{"name": "STORE", "value": "42"}, {"name": "VALUE", "value": value}],
                        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
                    }]},
                },
            },
        }),
        8 => json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels},
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        }),
        9 => config_map(
            &name,
            &json!({"value": value, "settings": "a line of settings, as long as others\n".repeat(53)}),
        ),
        _ => config_map(&name, &json!({"value": value, "mode": "store", "number": number.to_string()})),
    }
}

fn config_map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": data})
}

/// JSON is YAML; a comment makes sure that it is read as such.
fn yaml(json: &str) -> String {
    format!("# made by the figures program\n{json}\n")
}
