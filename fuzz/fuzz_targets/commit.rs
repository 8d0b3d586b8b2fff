//! A commit that is read is made of its payload and its signature and nothing else: no byte of it is covered by neither.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::model::Hash;
use standfast::trust::Commit;
use standfast::trust::fake::raw;

fuzz_target!(|bytes: &[u8]| {
    let Ok(commit) = Commit::read(&raw(&Hash::Sha1([0; 20]), bytes.to_vec())) else { return };
    let payload = commit.signed.payload;
    let Some(signature) = commit.signed.signature else {
        assert_eq!(payload, bytes);
        return;
    };
    let place = payload.windows(2).position(|pair| pair == b"\n\n").map_or(payload.len(), |end| end + 1);
    let mut whole = payload[..place].to_vec();
    for (index, line) in signature.split_inclusive(|&byte| byte == b'\n').enumerate() {
        whole.extend_from_slice(if index == 0 { b"gpgsig " } else { b" " });
        whole.extend_from_slice(line);
    }
    whole.extend_from_slice(&payload[place..]);
    assert_eq!(whole, bytes);
});
