use crate::fleet::tests::{refused, resolve};
use crate::model::Check;

const CHECKS: &str = r#"
defaults:
  health:
    checks:
    - {group: a.io, kind: A, current: status.on}
    - {group: b.io, kind: B, current: "true"}
applications:
- name: own
  path: apps/x
  health:
    checks:
    - {group: c.io, kind: B, current: size(status) > 1, inProgress: has(status.busy), failed: "!status.on"}
    - {group: b.io, kind: B, current: "false"}
- {name: shared, path: apps/x}
"#;

#[test]
fn checks_of_an_application_come_before_those_of_all() {
    let resolved = resolve(CHECKS).unwrap();
    let check = |group: &str, kind: &str, current: &str| Check {
        group: group.to_owned(),
        kind: kind.to_owned(),
        current: current.to_owned(),
        in_progress: None,
        failed: None,
    };
    let first = Check {
        in_progress: Some("has(status.busy)".to_owned()),
        failed: Some("!status.on".to_owned()),
        ..check("c.io", "B", "size(status) > 1")
    };
    let own = [first, check("b.io", "B", "false"), check("a.io", "A", "status.on")];
    assert_eq!(resolved.applications[0].checks, own);
    assert_eq!(
        resolved.applications[1].checks,
        [check("a.io", "A", "status.on"), check("b.io", "B", "true")]
    );
}

#[test]
fn a_check_that_cannot_be_read_is_named_with_its_place() {
    let check = |from: &str, to: &str, expect: &str| refused(&CHECKS.replace(from, to), expect);
    check(
        "status.on}",
        "status.}",
        "fleet.yaml: defaults.health.checks[0].current (line 8): at character 8: there should be a field's name after the dot",
    );
    check(
        "has(status.busy)",
        "busy()",
        "fleet.yaml: applications[0].health.checks[0].inProgress (line 15): at character 1: there is no function busy here, only size, int, uint, double, string, bool, dyn",
    );
    check(
        "\"!status.on\"",
        "\"status = on\"",
        "fleet.yaml: applications[0].health.checks[0].failed (line 15): at character 8: '=' means nothing here: remove it, or put it in quotes",
    );
    check(
        "c.io",
        "b.io",
        "fleet.yaml: applications[0].health.checks[1] (line 16): the kind B has a check already: make one of them",
    );
    check(
        "group: a.io, ",
        "",
        "fleet.yaml: defaults.health.checks[0] (line 8): the field group is missing: add it",
    );
    check(
        "a.io",
        "''",
        "fleet.yaml: defaults.health.checks[0].group (line 8): it must be an API group such as kafka.strimzi.io; the kinds of the core group have rules of their own",
    );
    check(
        "current: size(status) > 1, ",
        "",
        "fleet.yaml: applications[0].health.checks[0] (line 15): the field current is missing: add it",
    );
}
