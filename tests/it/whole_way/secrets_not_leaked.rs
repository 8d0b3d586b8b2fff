//! A Secret's value is told to nobody: not in what happens, status, plan, errors or logs, nor on disk but in the packs that hold the
//! repository's own.

use crate::support::cluster::TestCluster;
use crate::support::git::Key;
use crate::support::hand::Hand;
use crate::support::secrets::{self, assert_clean_below, base64};
use crate::support::site::TestSite;
use serde_json::json;
use standfast::store::Encryption;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

const VALUES: [&str; 4] =
    ["correct-horse-battery", "staple-of-the-old-days", "value-of-the-hand", "quite-another-word"];

fn assert_clean(bytes: &[u8], wherever: &str) {
    secrets::assert_clean(bytes, &VALUES, wherever);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that anybody is told by one plan and one pass.
async fn hear(site: &TestSite) -> String {
    let mut heard = String::new();
    let planned = site.plan().await;
    let mut agent = site.boot();
    let ending = agent.once().await;
    write!(heard, "{planned:?}\n{ending:?}\n{agent:?}\n{:?}\n", site.told.take()).unwrap();
    heard + &serde_json::to_string(&site.status()).unwrap()
}

// One thread, so that all that is logged goes to this test's subscriber.
#[tokio::test]
async fn its_value_is_told_to_nobody() {
    let Some(cluster) = TestCluster::shared() else { return };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let namespace = cluster.namespace("secrets").await;
    let identity = Key::generate("identity");
    let mut site = TestSite::new(cluster, "secrets");
    site.encryption = Some(Encryption::Identity(identity.path()));
    let meta = |name: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n")
    };
    let encoded = |value: &str| base64(value.as_bytes());
    let write = |text: String| {
        site.repo.write("apps/one/secret.yaml", text);
    };
    let told = async |what: &str, must_say: &str| {
        site.commit(what);
        let heard = hear(&site).await;
        assert!(heard.contains(must_say), "{what}: {must_say} is not in {heard}");
        assert_clean(heard.as_bytes(), what);
    };
    site.fleet("- {name: one, path: apps/one, substitute: {A: a}}");

    write(
        meta("a")
            + &format!("stringData: {{word: {}}}\n---\n", VALUES[0])
            + &meta("b")
            + &format!("data: {{word: {}}}\nimmutable: true\n", encoded(VALUES[0])),
    );
    told("made", "Created").await;
    let hand = Hand::of(cluster, "hand").await;
    hand.edit(("v1", "Secret"), Some(&namespace), "a", json!({"stringData": {"word": VALUES[2]}})).await;
    told("healed", "Healed").await;
    hand.apply(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": namespace}, "data": {"more": encoded(VALUES[2])}})).await;
    write(
        meta("a") + &format!("stringData: {{word: {}}}\ndata: {{more: {}}}\n", VALUES[1], encoded(VALUES[1])),
    );
    told("a conflict", "ConflictRefused").await;
    write(
        meta("a")
            + &format!("stringData: {{word: {}}}\n---\n", VALUES[1])
            + &meta("b")
            + &format!("data: {{word: {}}}\nimmutable: true\n", encoded(VALUES[1])),
    );
    told("an immutable one", "ImmutableField").await;
    write(meta("c") + &format!("data: {{word: {}}}\n", VALUES[3]));
    told("not base64", "ObjectRefused").await;
    write(meta("c") + &format!("data: {}\n", VALUES[3]));
    told("not a mapping", "ObjectRefused").await;
    write(meta("c") + &format!("stringData: {{word: {}, word: {}}}\n", VALUES[3], VALUES[1]));
    told("a key twice", "RenderFailed").await;
    write(meta("c") + &format!("stringData: {{word: \"{} ${{NONE}}\"}}\n", VALUES[3]));
    told("an unknown name", "RenderFailed").await;
    write(meta("c") + &format!("stringData:\n  word: {}\n x: [", VALUES[3]));
    told("not YAML", "RenderFailed").await;
    write(meta("c") + &format!("stringData: {{word: {}}}\ntype: {}\n", VALUES[3], "example.com/type"));
    told("good again", "Created").await;

    let logged = log.0.lock().unwrap().clone();
    assert!(logged.len() > 10_000, "{} bytes of log", logged.len());
    assert_clean(&logged, "the log");
    assert!(assert_clean_below(site.state.path(), &VALUES) > 3);
}
