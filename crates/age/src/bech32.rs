//! Bech32 (BIP 173), in which age writes its keys. Only reading: keys are made by `age-keygen`.

use zeroize::Zeroizing;

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECK: usize = 6;

/// The bytes of a text with this prefix, which is given in the case that is expected. `None` if a letter is wrong.
pub(crate) fn decode(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    let data = text.strip_prefix(prefix)?.strip_prefix('1')?;
    let is_upper = prefix.bytes().any(|byte| byte.is_ascii_uppercase());
    let value = |byte: u8| {
        let is_fine = if is_upper { !byte.is_ascii_lowercase() } else { !byte.is_ascii_uppercase() };
        let letter = byte.to_ascii_lowercase();
        LETTERS.iter().position(|known| *known == letter).filter(|_| is_fine)
    };
    let mut fives = Zeroizing::new(Vec::with_capacity(data.len()));
    for byte in data.bytes() {
        fives.push(u8::try_from(value(byte)?).ok()?);
    }
    let lower = prefix.to_ascii_lowercase();
    let high = lower.bytes().map(|byte| byte >> 5);
    let low = lower.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(fives.iter().copied());
    if fives.len() < CHECK || checksum(all) != 1 {
        return None;
    }
    eights(&fives[..fives.len() - CHECK])
}

fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let picked = (0..5).filter(|bit| top >> bit & 1 == 1).map(|bit| GENERATOR[bit]);
        picked.fold(next, |sum, mask| sum ^ mask)
    })
}

/// Groups of five bits to bytes; what is left over must be less than a group, and zero.
fn eights(fives: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(fives.len() * 5 / 8 + 1));
    let (mut bits, mut count) = (0u32, 0);
    for five in fives {
        bits = (bits << 5 | u32::from(*five)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    (count < 5 && bits & ((1 << count) - 1) == 0).then_some(bytes)
}
