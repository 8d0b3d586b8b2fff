//! Which sites an application targets.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A label selector with Kubernetes' meaning: all of it must hold; one without content selects all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Selector {
    pub(super) match_labels: BTreeMap<String, String>,
    pub(super) match_expressions: Vec<Expression>,
}

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: Operator,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// What is asked of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Whether it selects every site, and so a site that the fleet has no document for as well.
    pub(super) fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether a site with these labels is selected.
    pub(super) fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.holds(labels))
    }
}

impl Expression {
    /// What is wrong with its values, if something is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match (self.operator, self.values.is_empty()) {
            (Operator::In | Operator::NotIn, true) => Some("In and NotIn need at least one value"),
            (Operator::Exists | Operator::DoesNotExist, false) => {
                Some("Exists and DoesNotExist take no values: remove them")
            }
            _ => None,
        }
    }

    /// As in Kubernetes, `NotIn` also holds where the label is missing.
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let is_listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => is_listed,
            Operator::NotIn => !is_listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(selector: serde_json::Value, labels: &[(&str, &str)], expect: bool) {
        let selector: Selector = serde_json::from_value(selector).unwrap();
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(selector.selects(&labels), expect, "{selector:?} on {labels:?}");
    }

    #[test]
    fn what_a_selector_selects() {
        let store = [("tier", "store"), ("ring", "canary")];
        let expression = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]});
        check(json!({}), &store, true);
        check(json!({}), &[], true);
        check(json!({"matchLabels": {"tier": "store"}}), &store, true);
        check(json!({"matchLabels": {"tier": "store", "ring": "late"}}), &store, false);
        check(json!({"matchLabels": {"tier": ""}}), &[], false);
        check(expression("In", &["hub", "store"]), &store, true);
        check(expression("In", &["hub"]), &store, false);
        check(expression("In", &["hub"]), &[], false);
        check(expression("NotIn", &["hub"]), &store, true);
        check(expression("NotIn", &["store"]), &store, false);
        check(expression("NotIn", &["store"]), &[], true);
        check(expression("Exists", &[]), &store, true);
        check(expression("Exists", &[]), &[], false);
        check(expression("DoesNotExist", &[]), &store, false);
        check(expression("DoesNotExist", &[]), &[], true);
        let both = json!({"matchLabels": {"tier": "store"}, "matchExpressions": [{"key": "ring", "operator": "DoesNotExist"}]});
        check(both, &store, false);
    }
}
