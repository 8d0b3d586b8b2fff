//! What is read from an allowed signers file, and what is refused.

use super::*;
use proptest::prelude::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";

fn one(text: &str) -> AllowedSigner {
    let mut all = parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{text:?}: {faults}"));
    assert_eq!(all.len(), 1, "{text:?}");
    all.remove(0)
}

#[test]
fn lines_that_are_read() {
    for (text, name, namespaces) in [
        (format!("alice {KEY}"), "alice", None),
        (
            format!("  alice@example.com,bob@example.com \t {KEY} a comment of words\r\n"),
            "alice@example.com,bob@example.com",
            None,
        ),
        (format!("*@example.com,!eve@example.com {KEY}"), "*@example.com,!eve@example.com", None),
        (format!("\"Alice A,bob\" {KEY}"), "Alice A,bob", None),
        (format!("# who\n\n \t\n alice namespaces=\"git\" {KEY}\n# end"), "alice", Some("git")),
        (format!("alice NameSpaces=\"git,file *\"\t{KEY}"), "alice", Some("git,file *")),
        (format!("alice namespaces=\"a\\\"b\" {KEY}"), "alice", Some("a\"b")),
    ] {
        let signer = one(&text);
        assert_eq!((signer.name.0.as_str(), signer.namespaces.as_deref()), (name, namespaces), "{text:?}");
    }
    let many = parse(format!("# c\na {KEY}\n\nb {KEY}\n").as_bytes()).unwrap();
    assert_eq!(
        many.iter().map(|signer| (signer.name.0.as_str(), signer.line)).collect::<Vec<_>>(),
        [("a", 2), ("b", 4)]
    );
}

#[test]
fn times_that_are_read() {
    for (text, expected) in [
        ("20270131Z", "2027-01-31T00:00:00Z"),
        ("202701312359Z", "2027-01-31T23:59:00Z"),
        ("20270131235958z", "2027-01-31T23:59:58Z"),
        ("20240229UTC", "2024-02-29T00:00:00Z"),
    ] {
        let signer = one(&format!("a valid-before=\"{text}\",valid-after=\"19990101Z\" {KEY}"));
        assert_eq!(signer.valid_before.unwrap().to_string(), expected, "{text}");
        assert_eq!(signer.valid_after.unwrap().to_string(), "1999-01-01T00:00:00Z");
    }
}

#[test]
fn what_is_refused_says_where_and_why() {
    for (line, why) in [
        ("alice".to_owned(), "expected principals and a key"),
        ("\"alice ssh-ed25519".to_owned(), "closing quote"),
        (format!("alice,,bob {KEY}"), "comma-separated"),
        (format!("\"\" {KEY}"), "comma-separated"),
        (format!("ali\"ce {KEY}"), "comma-separated"),
        (format!("alice cert-authority {KEY}"), "cert-authority is not supported"),
        (format!("alice namespaces=\"git\",cert-authority {KEY}"), "cert-authority is not supported"),
        (format!("alice no-touch-required {KEY}"), "unknown option \"no-touch-required\""),
        (format!("alice namespaces=git {KEY}"), "needs double quotes"),
        (format!("alice namespaces {KEY}"), "needs a value"),
        (format!("alice namespaces=\"git {KEY}"), "needs double quotes"),
        (format!("alice namespaces=\"git\"valid-after=\"20270101Z\" {KEY}"), "comma is missing"),
        (format!("alice namespaces=\"git\", {KEY}"), "an option is empty"),
        (format!("alice namespaces=\"git\",namespaces=\"file\" {KEY}"), "given twice"),
        (format!("alice valid-after=\"20270101\" {KEY}"), "write it in UTC as \"20270101Z\""),
        (format!("alice valid-before=\"202701010000\" {KEY}"), "write it in UTC as \"202701010000Z\""),
        (format!("alice valid-after=\"20270229Z\" {KEY}"), "is not a time"),
        (format!("alice valid-after=\"2027010112Z\" {KEY}"), "is not a time"),
        (format!("alice valid-after=\"+2w\" {KEY}"), "is not a time"),
        (format!("alice valid-after=\"202701016060Z\" {KEY}"), "is not a time"),
        (format!("alice valid-after=\"19700101Z\" {KEY}"), "too long ago"),
        (format!("alice valid-after=\"20280101Z\",valid-before=\"20270101Z\" {KEY}"), "not later than"),
        ("alice namespaces=\"git\"".to_owned(), "key of alice is missing"),
        ("alice namespaces=\"git\" file".to_owned(), "neither an option nor a key type"),
        ("alice ssh-rsa AAAAB3NzaC1yc2E=".to_owned(), "is ssh-rsa: only ssh-ed25519"),
        ("alice ecdsa-sha2-nistp256 AAAA".to_owned(), "is ecdsa-sha2-nistp256"),
        ("alice sk-ssh-ed25519@openssh.com AAAA".to_owned(), "is sk-ssh-ed25519@openssh.com"),
        ("alice ssh-ed25519-cert-v01@openssh.com AAAA".to_owned(), "is ssh-ed25519-cert-v01@openssh.com"),
        ("alice ssh-ed25519".to_owned(), "cannot be read"),
        (format!("alice {KEY}AAAA"), "cannot be read"),
        (format!("alice {}", KEY.replace("1NTE5AAAA", "1NTE4AAAA")), "cannot be read"),
        (
            "alice ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                .to_owned(),
            "not a point",
        ),
        (format!("al\u{1b}[2Jice {KEY}"), "invisible"),
        (format!("\u{feff}alice {KEY}"), "invisible"),
        (format!("{} {KEY}", "a".repeat(9000)), "more than 8192 bytes"),
    ] {
        let text = format!("# head\n{line}\nok {KEY}\n");
        let faults = parse(text.as_bytes()).expect_err(&line);
        assert_eq!(faults.0.len(), 1, "{line}: {faults}");
        let told = faults.to_string();
        assert!(told.starts_with("line 2: ") && told.contains(why), "{line}\n{told}");
    }
}

#[test]
fn every_fault_is_told_but_not_without_end() {
    let faults = parse(b"a\nb\n\xff\n").unwrap_err();
    assert_eq!(faults.0.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(parse("x\n".repeat(1000).as_bytes()).unwrap_err().0.len(), MAX_FAULTS);
    assert!(parse(&vec![b'\n'; MAX_FILE + 1]).unwrap_err().to_string().contains("more than"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([ab,\"=! \\\\#\t]|namespaces|valid-after|20270101Z|ssh-ed25519|\\PC){0,40}") {
        let _ = parse(text.as_bytes());
        let _ = parse(format!("a {text} {KEY}").as_bytes());
    }

    #[test]
    fn a_key_is_only_valid_between_its_times(after in 1i64..4_000_000_000, span in 1i64..1_000_000, moment in 0i64..4_001_000_000) {
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut signer = one(&format!("a {KEY}"));
        (signer.valid_after, signer.valid_before) = (Some(time(after)), Some(time(after + span)));
        prop_assert_eq!(signer.permits("git", time(moment)).is_ok(), (after..=after + span).contains(&moment));
    }
}
