//! The format's own test vectors (C2SP's CCTV), as the Go module that publishes them holds them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests start programs and read the environment"
)]

use sha2::Digest as _;
use standfast_age::{Error, Key, decrypt};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const MODULE: &str = "c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd";

/// The folder of the vectors; `None` where Go is missing, and that is said.
fn vectors() -> Option<PathBuf> {
    let output = match Command::new("go").args(["mod", "download", "-json", MODULE]).output() {
        Ok(output) => output,
        Err(error) if std::env::var_os("STANDFAST_REQUIRE_CLUSTER").is_none() => {
            eprintln!("SKIPPED: the test vectors of age come as a Go module, and Go cannot be run: {error}");
            return None;
        }
        Err(error) => panic!("running go: {error}"),
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "downloading {MODULE}: {told}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let module: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(PathBuf::from(module["Dir"].as_str().unwrap()).join("testdata"))
}

/// What a file says about itself, and the encrypted file behind it.
fn split(bytes: &[u8]) -> (BTreeMap<String, String>, &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let lines = std::str::from_utf8(&bytes[..end]).unwrap().lines();
    let fields =
        lines.map(|line| line.split_once(": ").unwrap()).map(|(key, value)| (key.into(), value.into()));
    (fields.collect(), &bytes[end + 2..])
}

fn outcome(file: &[u8], key: &Key) -> (&'static str, Option<String>) {
    match decrypt(file, std::slice::from_ref(key)) {
        Ok(contents) => ("success", Some(hex(&sha2::Sha256::digest(&*contents)))),
        Err(Error::NotAge | Error::Header(_)) => ("header failure", None),
        Err(Error::NoKey) => ("no match", None),
        Err(Error::Forged) => ("HMAC failure", None),
        Err(Error::Damaged) => ("payload failure", None),
        Err(error) => panic!("{error}"),
    }
}

/// Files that would be large are compressed.
fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut place = vec![0; 32 << 20];
    let (inflated, code) = zlib_rs::decompress_slice(&mut place, bytes, zlib_rs::InflateConfig::default());
    assert_eq!(code, zlib_rs::ReturnCode::Ok);
    inflated.to_owned()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let Some(folder) = vectors() else { return };
    let mut counts = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let (fields, file) = split(&bytes);
        // Not here: passphrases, armor, hybrid keys.
        let key = fields.get("identity").filter(|text| !text.starts_with("AGE-SECRET-KEY-PQ-"));
        if ["passphrase", "armored"].iter().any(|name| fields.contains_key(*name)) || key.is_none() {
            continue;
        }
        let (expect, payload) = (fields["expect"].as_str(), fields.get("payload"));
        let inflated = fields.get("compressed").map(|_| inflate(file));
        let file = inflated.as_deref().unwrap_or(file);
        let (found, contents) = outcome(file, &Key::parse(key.unwrap()).unwrap());
        assert_eq!(found, expect, "{}", path.display());
        if expect == "success" {
            assert_eq!(contents.as_ref(), payload, "{}", path.display());
        }
        *counts.entry(expect.to_owned()).or_insert(0) += 1;
    }
    assert!(counts.values().sum::<i32>() > 60, "{counts:?}");
}
