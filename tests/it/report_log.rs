//! Log lines: one for each change, none for what is as it was, and never what is in a manifest.

use crate::support::audited::{drift, key, revision, status, told};
use crate::support::lines::Lines;
use crate::support::site::TestSite;
use serde_json::json;
use standfast::cluster::MemoryCluster;
use standfast::model::{
    ChangeSet, Done, Gvk, Health, Moment, ObjectKey, Outcome, Refusal, RefusalReason, SitePhase, Trouble,
};
use standfast::report::Sink;
use standfast::report::log::Log;
use std::process::Command;
use std::sync::Arc;

/// What is logged of some moments.
fn lines(tell: impl FnOnce(&Log)) -> Vec<String> {
    let lines = Lines::default();
    let _caught = lines.catch();
    tell(&Log::default());
    lines.told()
}

#[test]
fn one_line_for_each_change() {
    let lines = lines(|log| told(1).iter().for_each(|one| one.tell(log)));
    let revision = revision(1);
    let expect = [
        "INFO standfast::report::log: application application=\"pos\" phase=Steady".to_owned(),
        "INFO standfast::report::log: phase site=emea/de/store-042 phase=Verifying".to_owned(),
        format!("INFO standfast::report::log: revision accepted revision={revision} signer=alice SHA256:abc is_beginning=true"),
        "INFO standfast::report::log: phase site=emea/de/store-042 phase=Applying".to_owned(),
        "INFO standfast::report::log: applied: 1 created objects=Deployment.apps pos/till more=0".to_owned(),
        "INFO standfast::report::log: application application=\"pos\" phase=Steady".to_owned(),
        "INFO standfast::report::log: phase site=emea/de/store-042 phase=Steady".to_owned(),
        format!("INFO standfast::report::log: last-good revision={revision}"),
        "WARN standfast::report::log: changed and healed object=Deployment.apps pos/till-1 application=pos by=kubectl-edit fields=/spec/replicas".to_owned(),
    ];
    assert_eq!(lines, expect);
}

#[test]
fn a_thousand_objects_are_one_line() {
    let done = |at: usize| Done {
        key: key(&format!("a{at}")),
        application: "pos".to_owned(),
        outcome: if at == 7 { Outcome::Configured } else { Outcome::Created },
    };
    let set = ChangeSet { done: (0..1000).map(done).collect(), ..ChangeSet::default() };
    let lines = lines(|log| log.moment(&Moment::Applied(set)));
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].contains("applied: 999 created, 1 configured") && lines[0].ends_with("more=990"),
        "{lines:?}"
    );
}

#[test]
fn what_stays_wrong_is_said_once_and_that_it_is_over() {
    let away = || Moment::Unreachable(Trouble::transient("Unreachable", "no route to host"));
    let offer = || Moment::Refused(Trouble::terminal("UnknownKey", "signed by mallory"));
    let failed = || Moment::Failed(Trouble::transient("ClusterUnreachable", "connection refused"));
    let held = || {
        let refused = vec![Refusal {
            application: Some("pos".to_owned()),
            key: Some(key("a")),
            reason: RefusalReason::Conflict,
            message: "kubectl owns it".to_owned(),
        }];
        Moment::Applied(ChangeSet { refused, ..ChangeSet::default() })
    };
    let fetched = |commits| Moment::Fetched { mirror: "m".to_owned(), commits, bytes: 0 };
    let lines = lines(|log| {
        for _ in 0..2000 {
            log.moment(&Moment::Fetching);
            log.moment(&away());
            log.moment(&failed());
            log.moment(&held());
            log.moment(&Moment::Note("the disk is nearly full".to_owned()));
            log.moment(&Moment::RenderFailed(revision(2), Trouble::terminal("RenderFailed", "not YAML")));
            log.moment(&Moment::Judged(Health::Current, Vec::new()));
            log.status(&status(&revision(1), SitePhase::Held));
        }
        log.moment(&fetched(1));
        log.moment(&offer());
        log.moment(&fetched(1));
        log.moment(&offer());
        log.status(&status(&revision(1), SitePhase::Steady));
        log.moment(&away());
        log.moment(&failed());
        log.moment(&Moment::Applied(ChangeSet::default()));
        log.moment(&held());
        log.moment(&fetched(0));
        log.moment(&offer());
    });
    let starts = |line: &String| line.split(" standfast::report::log: ").collect::<Vec<_>>().join(" ");
    let words: Vec<_> =
        lines.iter().map(starts).map(|line| line.split(" reason=").next().unwrap().to_owned()).collect();
    let expect = [
        "WARN no mirror answers",
        "WARN failed",
        "WARN kubectl owns it application=\"pos\"",
        "WARN the disk is nearly full",
        "WARN cannot render",
        "WARN application application=\"pos\" phase=Held",
        "INFO phase site=emea/de/store-042 phase=Held",
        "INFO a mirror answers again mirror=m",
        "WARN revision refused",
        "INFO application application=\"pos\" phase=Steady",
        "INFO phase site=emea/de/store-042 phase=Steady",
        "WARN no mirror answers",
        "WARN failed",
        "WARN kubectl owns it application=\"pos\"",
        "INFO a mirror answers again mirror=m",
        "WARN revision refused",
    ];
    assert_eq!(words, expect, "{lines:#?}");
}

/// Words of a manifest that no line may hold, at whatever level.
const BODY: &str = "grandmothers-secret-recipe";

#[tokio::test]
async fn no_line_holds_what_is_in_a_manifest() {
    let lines = Lines::default();
    let _caught = lines.catch();
    let cluster = MemoryCluster::new();
    let site = TestSite::on(Arc::new(cluster.clone()), "log");
    let log = Log::default();
    let manifest = |more: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: default, annotations: {{note: {BODY}}}}}\ndata: {{key: \"{BODY} {more}\"}}\n"
        )
    };
    let pass = async |message: &str| {
        site.commit(message);
        let ending = site.once().await;
        site.told.take().iter().for_each(|moment| log.moment(moment));
        log.status(&site.status());
        ending
    };
    let gvk = Gvk::new("v1", "ConfigMap");
    let key = ObjectKey {
        group: String::new(),
        kind: gvk.kind.clone(),
        namespace: Some("default".to_owned()),
        name: "a".to_owned(),
    };
    site.repo.write("a.yaml", manifest("1"));
    pass("made").await;
    site.repo.write("a.yaml", manifest("2"));
    pass("changed").await;
    cluster.foreign_edit("hand", &gvk, &key, &json!({"data": {"key": BODY.to_uppercase()}})).unwrap();
    site.repo.write("b.yaml", manifest("3").replace("name: a", "name: b"));
    pass("healed").await;
    log.moment(&Moment::Drifted(drift("a")));
    site.repo.write("c.yaml", format!("{}  more: [", manifest("4")));
    pass("not YAML").await;
    site.repo.write("c.yaml", manifest("5").replace("name: a", "name: a, labels: [1]"));
    pass("not an object").await;
    site.repo.write("c.yaml", "");
    site.repo.write("a.yaml", "");
    pass("pruned").await;
    let all = lines.take();
    assert!(all.len() > 50, "{all:#?}");
    let body: Vec<_> = all.iter().filter(|line| line.to_lowercase().contains(BODY)).collect();
    assert!(body.is_empty(), "{body:#?}");
}

#[test]
fn json_lines_by_choice_and_a_wrong_choice_is_named() {
    let run = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.args(["config", "check", "--config", "/nowhere"]).env_clear();
        command.env("STANDFAST_LOG", "standfast=no such level,,").env("STANDFAST_LOG_FORMAT", format);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let first = |text: &str| text.lines().next().unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&first(&run("json"))).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "STANDFAST_LOG is not a filter; going on with error");
    assert!(
        run("xml").contains("STANDFAST_LOG_FORMAT is neither json nor text; going on with text"),
        "{}",
        run("xml")
    );
}
