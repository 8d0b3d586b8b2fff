//! Any text is an expression or refused, and every expression ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use standfast_cel::Expression;
use std::sync::LazyLock;

static OBJECT: LazyLock<Value> = LazyLock::new(|| {
    let conditions = json!([{"type": "Ready", "status": "True"}, {"type": "Synced", "status": "False"}]);
    json!({
        "metadata": {"name": "it", "generation": 3, "labels": {"a.b/c": "d"}},
        "spec": {"replicas": 3, "share": 0.5, "nothing": null, "list": (0..300).collect::<Vec<_>>()},
        "status": {"observedGeneration": 3, "phase": "Running", "conditions": conditions},
    })
});

fuzz_target!(|text: &str| {
    if let Ok(expression) = Expression::parse(text) {
        let _ = expression.holds(&OBJECT);
    }
});
