//! What a site gets: by its labels, with its values, from the documents of its folders.

use crate::support::cluster::TestCluster;
use crate::support::site::TestSite;
use serde_json::json;
use standfast::cluster::MemoryCluster;
use standfast::model::Moment;
use std::sync::Arc;

fn document(kind: &str, fields: &str) -> String {
    format!("apiVersion: standfast.dev/v1alpha1\nkind: {kind}\n{fields}")
}

const FLEET: &str = "\
- name: store
  path: apps/store
  sites: {matchLabels: {tier: store}, matchExpressions: [{key: country, operator: In, values: [de, at]}]}
  substitute:
    ID: ${site.id}
    NAME: ${site.name}
    REGION: ${site.variables.REGION}
    CITY: ${site.variables.CITY}
    TIER: is ${site.labels.tier}
    VLAN: \"${site.variables.VLAN:-1}\"
    REPLICAS: \"${site.variables.REPLICAS:-3}\"
- {name: depot, path: apps/depot, sites: {matchLabels: {tier: depot}}}
- {name: all, path: apps/all}";

#[tokio::test(flavor = "multi_thread")]
async fn labels_choose_applications_and_values_come_from_the_nearest_document() {
    let Some(cluster) = TestCluster::shared() else { return };
    let namespace = cluster.namespace("sites").await;
    let mut site = TestSite::new(cluster, "emea/de/store-042");
    site.variables = [("VLAN", "12"), ("CITY", "Ulm"), ("REGION", "moon")]
        .map(|(key, value)| (key.into(), value.into()))
        .into();
    let map = |name: &str, data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata:\n{data}"
        )
    };
    let store = map(
        "store",
        "  id: ${ID}\n  name: ${NAME}\n  region: ${REGION}\n  city: ${CITY}\n  tier: ${TIER}\n  vlan: \"${VLAN}\"\n  \
         literal: $${VLAN} and $VLAN\n  default: ${NAME:-unused}\n  text: |\n    #!/bin/sh\n    echo ${CITY}\n",
    );
    let web = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  replicas: ${{REPLICAS}}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{containers: [{{name: main, image: \"example.com/main:1\"}}]}}\n"
    );
    site.fleet_with("localKeys: [VLAN, CITY]", FLEET)
        .repo
        .write(
            "sites/defaults.yaml",
            document("SiteDefaults", "variables: {REGION: world, CITY: none}\nlabels: {tier: depot}\n"),
        )
        .write("sites/emea/defaults.yaml", document("SiteDefaults", "variables: {REGION: emea}\n"))
        .write(
            "sites/emea/de/defaults.yaml",
            document("SiteDefaults", "labels: {country: de, tier: store}\n"),
        )
        .write(
            "sites/emea/de/store-042.yaml",
            document("Site", "metadata: {name: emea/de/store-042}\nvariables: {CITY: Köln}\n"),
        )
        .write("sites/emea/de/store-043.yaml", "not read here: [")
        .write("apps/store/a.yaml", store + "---\n" + &web)
        .write("apps/depot/a.yaml", "not rendered here: [")
        .write("apps/all/a.yaml", map("all", "  untouched: ${NAME}\n"));
    site.commit("first");
    assert_eq!(site.once().await, standfast::agent::Ending::Done);
    let moments = site.told.take();
    let notes = moments.iter().find_map(|moment| match moment {
        Moment::Rendered { notes, applications: 2, .. } => Some(notes.join("\n")),
        _ => None,
    });
    let notes = notes.unwrap_or_else(|| panic!("{moments:#?}"));
    assert!(notes.contains("variable REGION") && notes.contains("localKeys"), "{notes}");
    assert!(notes.contains("variable CITY") && notes.contains("a signed document sets it"), "{notes}");

    let id = "emea/de/store-042".parse::<standfast::model::SiteName>().unwrap().id();
    let expected = json!({
        "id": id, "name": "emea/de/store-042", "region": "emea", "city": "Köln", "tier": "is store", "vlan": "12",
        "literal": "${VLAN} and $VLAN", "default": "emea/de/store-042", "text": "#!/bin/sh\necho Köln\n",
    });
    assert_eq!(site.config_map(&namespace, "store").await.value["data"], expected);
    assert_eq!(site.config_map(&namespace, "all").await.value["data"]["untouched"], "${NAME}");
    let web = site.get("apps/v1", "Deployment", Some(&namespace), "web").await.unwrap();
    assert_eq!(web.value["spec"]["replicas"], 3);
    assert!(site.pass().await.is_nothing());

    // A change of another site is none of ours.
    site.repo.write("sites/emea/de/store-043.yaml", "still not read: [");
    site.commit("another site");
    assert!(site.pass().await.is_nothing());
    site.variables.insert("VLAN".into(), "13".into());
    assert_eq!(site.pass().await.configured, [format!("ConfigMap {namespace}/store")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_a_document_gets_only_what_every_site_gets() {
    let mut site = TestSite::on(Arc::new(MemoryCluster::new()), "emea/store-99");
    site.labels = [("tier".to_owned(), "store".to_owned())].into();
    site.fleet_with("localKeys: [tier]", "- {name: all, path: apps/all}\n- {name: store, path: apps/store, sites: {matchLabels: {tier: store}}}")
        .repo
        .write("sites/emea/store-98.yaml", document("Site", "metadata: {name: emea/store-98}\n"))
        .write("apps/all/a.yaml", crate::support::site::config_map("default", "all", "1"))
        .write("apps/store/a.yaml", crate::support::site::config_map("default", "store", "1"));
    site.commit("first");
    let _ = site.once().await;
    let moments = site.told.take();
    assert_eq!(crate::support::site::Changed::of(&moments).created, ["ConfigMap default/all"]);
    let says = |moment: &Moment| matches!(moment, Moment::Rendered { notes, .. } if notes.iter().any(|note| note.contains("sites/emea/store-99.yaml")));
    assert!(moments.iter().any(says), "{moments:#?}");
}
