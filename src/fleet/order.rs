//! `dependsOn`: which application comes after which.

use std::collections::{BTreeMap, BTreeSet};

/// For every application, those that come before it.
pub(super) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The applications, each after those it depends on, otherwise by name. Every dependency must be in the graph.
///
/// # Errors
/// The applications of one cycle in the order in which each depends on the next; the first one stands at the end again.
pub(super) fn order<'a>(graph: &Graph<'a>) -> Result<Vec<&'a str>, Vec<&'a str>> {
    let mut waits: BTreeMap<&str, usize> = graph.iter().map(|(name, before)| (*name, before.len())).collect();
    let mut after: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (name, before) in graph {
        for dependency in before {
            after.entry(dependency).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&'a str> =
        graph.iter().filter(|(_, before)| before.is_empty()).map(|(name, _)| *name).collect();
    let mut ordered = Vec::with_capacity(graph.len());
    while let Some(name) = ready.pop_first() {
        ordered.push(name);
        waits.remove(name);
        for next in after.get(name).into_iter().flatten() {
            let Some(left) = waits.get_mut(next) else { continue };
            *left -= 1;
            if *left == 0 {
                ready.insert(next);
            }
        }
    }
    if waits.is_empty() { Ok(ordered) } else { Err(cycle(graph, &waits)) }
}

/// A cycle among the applications that never got ready: each of them waits for another of them.
fn cycle<'a>(graph: &Graph<'a>, waiting: &BTreeMap<&str, usize>) -> Vec<&'a str> {
    let next = |name: &str| graph.get(name)?.iter().find(|before| waiting.contains_key(*before)).copied();
    let mut way: Vec<&'a str> = Vec::new();
    let mut at = graph.keys().find(|name| waiting.contains_key(*name)).copied();
    while let Some(name) = at {
        if let Some(start) = way.iter().position(|seen| *seen == name) {
            way.drain(..start);
            way.push(name);
            break;
        }
        way.push(name);
        at = next(name);
    }
    way
}

/// The graph without what is not `kept`: who depended on one that left depends on what that one depended on.
pub(super) fn keep<'a>(graph: &Graph<'a>, ordered: &[&'a str], kept: &BTreeSet<&str>) -> Graph<'a> {
    let mut whole: Graph<'a> = BTreeMap::new();
    for name in ordered {
        let mut before = BTreeSet::new();
        for dependency in graph.get(name).into_iter().flatten() {
            match whole.get(dependency) {
                Some(further) if !kept.contains(dependency) => before.extend(further),
                _ => {
                    before.insert(*dependency);
                }
            }
        }
        whole.insert(name, before);
    }
    whole.retain(|name, _| kept.contains(name));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `a: b c, b: c, c`
    fn graph(text: &str) -> Graph<'_> {
        text.split(", ")
            .map(|line| {
                let (name, before) = line.split_once(": ").unwrap_or((line, ""));
                (name, before.split_whitespace().collect())
            })
            .collect()
    }

    #[test]
    fn orders_and_cycles() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let found = order(&graph(text)).map(|names| names.join(" ")).map_err(|names| names.join(" "));
            assert_eq!(found, expect.map(str::to_owned).map_err(str::to_owned), "{text}");
        };
        check("c, b, a", Ok("a b c"));
        check("a: c, b, c", Ok("b c a"));
        check("a: b, b: c, c, d: a", Ok("c b a d"));
        check("a: a", Err("a a"));
        check("a: b, b: c, c: b", Err("b c b"));
        check("a: b, b: a, c", Err("a b a"));
    }

    #[test]
    fn what_is_not_here_hands_its_dependencies_on() {
        let graph = graph("a: b, b: c d, c, d: e, e");
        let ordered = order(&graph).unwrap();
        let kept = keep(&graph, &ordered, &BTreeSet::from(["a", "c", "e"]));
        assert_eq!(kept, super::tests::graph("a: c e, c, e"));
    }

    proptest! {
        /// Edges that go to larger names alone can't form a cycle; then all come, each after what it depends on.
        #[test]
        fn each_comes_after_what_it_depends_on(edges in prop::collection::vec((0usize..12, 0usize..12), 0..40)) {
            let names: Vec<String> = (0..12).map(|n| format!("n{n:02}")).collect();
            let mut graph: Graph<'_> = names.iter().map(|name| (name.as_str(), BTreeSet::new())).collect();
            for (a, b) in edges.iter().filter(|(a, b)| a < b) {
                graph.get_mut(names[*a].as_str()).unwrap().insert(&names[*b]);
            }
            let ordered = order(&graph).unwrap();
            prop_assert_eq!(ordered.len(), names.len());
            for (at, name) in ordered.iter().enumerate() {
                prop_assert!(graph[name].iter().all(|before| ordered[..at].contains(before)));
            }
        }
    }
}
