//! Any bytes: reading refuses or gives trees that can be written, read again and mean the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast_yaml::{Kind, Limits, Node, emit, parse_documents};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 16, nodes: 5_000, depth: 50, aliases: 100 };
    let Ok(documents) = parse_documents(bytes, &limits) else { return };

    // Room for what aliases repeat, which is written out.
    let limits = Limits { bytes: 1 << 24, ..limits };
    let written = emit(&documents);
    let again = parse_documents(written.as_bytes(), &limits).expect("what is written can be read");
    assert_eq!(again.len(), documents.len(), "{written}");
    for (document, again) in documents.iter().zip(&again) {
        assert!(same_content(document, again), "{written}");
        let value = match (document.to_json(), again.to_json()) {
            (Ok(value), Ok(again)) => {
                assert_eq!(value, again, "{written}");
                value
            }
            (Err(_), Err(_)) => continue,
            _ => panic!("one of both is refused: {written}"),
        };
        let made = emit(&[Node::from_json(&value)]);
        let read = parse_documents(made.as_bytes(), &limits).expect("what is made of JSON can be read");
        assert_eq!(read.len(), 1, "{made}");
        assert_eq!(read[0].to_json().expect("and has a type"), value, "{made}");
    }
});

/// The same tree but for styles, which may change where a text does not fit its style.
fn same_content(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => a.text == b.text && a.tag == b.tag,
        (Kind::Sequence(a), Kind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_content(a, b))
        }
        (Kind::Mapping(a), Kind::Mapping(b)) => {
            let same =
                |((k, v), (l, w)): (&(Node, Node), &(Node, Node))| same_content(k, l) && same_content(v, w);
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        _ => false,
    }
}
