//! A look through a pack that has arrived, before anything is built from it.
//!
//! Indexing keeps compressed entries and whole objects in memory and believes the sizes that the pack states. So the sizes are
//! checked first, in one pass that holds 16 KiB: of every object as it is stored, and of what every delta says that it makes.

use super::disk::at;
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::mirror_error::MirrorError;
use crate::source::settings::Limits;
use crate::source::trouble::Trouble;
use gix::odb::pack::data;
use gix::zlib::{Decompress, FlushDecompress, Status};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes before the first entry.
const HEADER: usize = data::header::SIZE;
/// Two sizes of up to ten bytes each stand before a delta's instructions.
const DELTA_SIZES: usize = 20;

/// Refuses a pack that goes over a limit or cannot be read.
pub(super) fn check(pack: &Path, limits: &Limits, cancel: &AtomicBool) -> Result<(), Trouble> {
    let file = fs::File::open(pack).map_err(at("reading", pack))?;
    scan(&mut BufReader::with_capacity(64 * 1024, file), limits, cancel)
}

/// The same for any reader.
pub(super) fn scan(reader: &mut impl BufRead, limits: &Limits, cancel: &AtomicBool) -> Result<(), Trouble> {
    let mut header = [0; HEADER];
    reader.read_exact(&mut header).map_err(|error| MirrorError::garbage("it is cut short", error))?;
    let (_, count) =
        data::header::decode(&header).map_err(|error| MirrorError::garbage("not a pack", error))?;
    if count > limits.pack_objects {
        return Err(too_large("objects in one pack", &limits.pack_objects.to_string()));
    }
    let mut made = 0;
    let mut inflate = Decompress::new();
    for _ in 0..count {
        if cancel.load(Ordering::Relaxed) {
            return Err(Error::Stopped.into());
        }
        made += entry(reader, &mut inflate, limits)?;
        if made > limits.unpacked() {
            return Err(too_large("bytes of a pack, unpacked", &mebibytes(limits.unpacked())));
        }
    }
    Ok(())
}

/// Reads over one entry and answers with the size of the object that it makes.
fn entry(reader: &mut impl BufRead, inflate: &mut Decompress, limits: &Limits) -> Result<u64, Trouble> {
    let limit = limits.object_bytes as u64;
    let header = data::Entry::from_read(&mut *reader, 0, KIND.len_in_bytes())
        .map_err(|error| MirrorError::garbage("an entry cannot be read", error))?;
    let stated = header.decompressed_size;
    if stated > limit {
        return Err(too_large("bytes of one object", &mebibytes(limit)));
    }
    // Deflate makes things larger by a few bytes in a thousand at most; more is padding.
    let most = stated * 2 + 64 * 1024;
    let start = unpack(&mut reader.take(most), inflate, stated)?;
    if !header.header.is_delta() {
        return Ok(stated);
    }
    let made = delta_result(&start).ok_or_else(|| garbage("a delta without sizes"))?;
    if made > limit {
        return Err(too_large("bytes of one object", &mebibytes(limit)));
    }
    Ok(made)
}

/// Unpacks one stream, which must be as long as stated, and answers with its first bytes.
fn unpack(reader: &mut impl BufRead, inflate: &mut Decompress, stated: u64) -> Result<Vec<u8>, Trouble> {
    inflate.reset();
    let mut start = Vec::with_capacity(DELTA_SIZES);
    let mut out = [0; 16 * 1024];
    loop {
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let input = reader.fill_buf().map_err(|error| MirrorError::garbage("it is cut short", error))?;
        let ended = input.is_empty();
        let status = inflate
            .decompress(input, &mut out, FlushDecompress::None)
            .map_err(|error| MirrorError::garbage("an entry cannot be unpacked", error))?;
        let (taken, made) = (inflate.total_in() - before_in, inflate.total_out() - before_out);
        reader.consume(usize::try_from(taken).expect("no more is taken than a buffer holds"));
        let made = usize::try_from(made).expect("no more is made than the buffer holds");
        let room = DELTA_SIZES - start.len();
        start.extend_from_slice(&out[..made.min(room)]);
        if inflate.total_out() > stated {
            return Err(garbage("an object is longer than stated"));
        }
        match status {
            Status::StreamEnd if inflate.total_out() == stated => return Ok(start),
            Status::StreamEnd => return Err(garbage("an object is shorter than stated")),
            _ if made == 0 && (ended || taken == 0) => return Err(garbage("it is cut short")),
            _ => {}
        }
    }
}

/// The size of the object that a delta makes: the second of the two numbers before its instructions.
fn delta_result(start: &[u8]) -> Option<u64> {
    let (_, rest) = number(start)?;
    number(rest).map(|(made, _)| made)
}

/// A little-endian number of seven bits a byte.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

fn garbage(what: &str) -> Trouble {
    MirrorError::GarbagePack { what: what.to_owned(), source: None }.into()
}

fn too_large(what: &'static str, limit: &str) -> Trouble {
    MirrorError::TooLarge { what, limit: limit.to_owned() }.into()
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
