//! A look through a pack that has arrived, before anything is built from it.
//!
//! Indexing keeps whole objects in memory and believes the sizes that a pack states. So the sizes are checked first, in one pass
//! that holds 16 KiB: of every object as it is stored, and of what every delta says that it makes. The same pass finds what can be
//! kept of a pack that a link cut short, of one with deltas whose bases are not here, and of one with a file that is larger than we
//! take: that is read over, and hashed, so that it is known by its id and need not come again.

use super::compose::{Data, Form, Piece};
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::mirror_error::MirrorError;
use crate::source::settings::Limits;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;
use gix::zlib::{Decompress, FlushDecompress, Status};
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};

/// Two sizes of up to ten bytes each stand before a delta's instructions.
const DELTA_SIZES: usize = 20;

/// What a pack holds that can be kept.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Its entries in its order; a base that is in the database alone stands before the first that rests on it.
    pub pieces: Vec<Piece>,
    /// How many entries rest on something that is not here.
    pub dropped: u32,
    /// Files over the limit for one object, with their sizes: they are not kept.
    pub over: Vec<(ObjectId, u64)>,
}

/// How a pack must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Ending {
    /// With its checksum.
    Whole,
    /// Anywhere: what is whole before that is kept.
    Cut,
}

/// How a pack is looked through.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub ending: Ending,
    /// Whether deltas may rest on objects that the pack does not hold.
    pub is_thin: bool,
    /// The kind and size of an object of the database, if it is there.
    pub base: &'a dyn Fn(&ObjectId) -> Option<(Kind, u64)>,
    pub limits: &'a Limits,
    pub cancel: &'a AtomicBool,
}

/// One pass under way.
struct Pass<'a, R> {
    look: Look<'a>,
    reader: Hashed<R>,
    inflate: Decompress,
    found: Survey,
    /// Where each entry begins, and its piece if it is kept; in the order of the pack.
    begins: Vec<(u64, Option<usize>)>,
    /// Bases of the database that have become pieces.
    bases: HashMap<ObjectId, usize>,
    /// Bytes that all objects have together.
    made: u64,
}

/// Counts and hashes what is taken from it.
struct Hashed<R> {
    inner: R,
    taken: u64,
    hasher: gix::hash::Hasher,
}

/// Looks through a pack. Refuses one that goes over a limit or cannot be read; of a cut one, what is sound before that is found.
pub(super) fn survey(reader: impl BufRead, look: Look<'_>) -> Result<Survey, Trouble> {
    let mut pass = Pass {
        look,
        reader: Hashed { inner: reader, taken: 0, hasher: gix::hash::hasher(KIND) },
        inflate: Decompress::new(),
        found: Survey::default(),
        begins: Vec::new(),
        bases: HashMap::new(),
        made: 0,
    };
    match pass.all() {
        Err(Trouble::Mirror(_)) if look.ending == Ending::Cut => Ok(pass.found),
        done => done.map(|()| pass.found),
    }
}

impl<R: BufRead> Pass<'_, R> {
    fn all(&mut self) -> Result<(), Trouble> {
        let mut header = [0; data::header::SIZE];
        self.reader
            .read_exact(&mut header)
            .map_err(|error| MirrorError::garbage("it is cut short", error))?;
        let (_, count) =
            data::header::decode(&header).map_err(|error| MirrorError::garbage("not a pack", error))?;
        if count > self.look.limits.pack_objects {
            return Err(too_large("objects in one pack", &self.look.limits.pack_objects.to_string()));
        }
        for _ in 0..count {
            if self.look.cancel.load(Ordering::Relaxed) {
                return Err(Error::Stopped.into());
            }
            self.entry()?;
        }
        self.checksum()
    }

    /// Reads over one entry and keeps it if what it rests on is kept.
    fn entry(&mut self) -> Result<(), Trouble> {
        let limit = self.look.limits.object_bytes as u64;
        let start = self.reader.taken;
        let entry = data::Entry::from_read(&mut self.reader, start, KIND.len_in_bytes())
            .map_err(|error| MirrorError::garbage("an entry cannot be read", error))?;
        let size = entry.decompressed_size;
        let is_over = size > limit;
        if is_over && (entry.header != Header::Blob || size > self.look.limits.pack_bytes) {
            return Err(too_large("bytes of one object", &mebibytes(limit)));
        }
        let mut id = is_over.then(|| {
            let mut id = gix::hash::hasher(KIND);
            id.update(&gix::objs::encode::loose_header(Kind::Blob, size));
            id
        });
        let begin = self.reader.taken;
        // Deflate makes things larger by a few bytes in a thousand at most; more is padding.
        let most = size * 2 + 64 * 1024;
        let first = unpack(&mut (&mut self.reader).take(most), &mut self.inflate, size, id.as_mut())?;
        let data = Data::In(0, begin..self.reader.taken);
        let made = if entry.header.is_delta() { delta_result(&first) } else { Some(size) };
        let made = made.ok_or_else(|| garbage("a delta without sizes"))?;
        if made > self.look.limits.pack_bytes {
            return Err(too_large("bytes of one object", &mebibytes(limit)));
        }
        self.count(made)?;
        if made > limit {
            let id = id.map(gix::hash::Hasher::try_finalize).transpose();
            let id = id.map_err(|error| MirrorError::garbage("an object cannot be hashed", error))?;
            self.found.over.extend(id.map(|id| (id, size)));
            self.begins.push((start, None));
            return Ok(());
        }
        let piece = self.form(start, entry.header)?.map(|form| {
            self.found.pieces.push(Piece { form, size, data });
            self.found.pieces.len() - 1
        });
        self.found.dropped += u32::from(piece.is_none());
        self.begins.push((start, piece));
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Trouble> {
        self.made += bytes;
        let limit = self.look.limits.unpacked();
        if self.made > limit {
            return Err(too_large("bytes of a pack, unpacked", &mebibytes(limit)));
        }
        Ok(())
    }

    /// What an entry becomes; `None` if what it rests on is not here.
    fn form(&mut self, start: u64, header: Header) -> Result<Option<Form>, Trouble> {
        Ok(match header {
            Header::Commit => Some(Form::Whole(Kind::Commit)),
            Header::Tree => Some(Form::Whole(Kind::Tree)),
            Header::Blob => Some(Form::Whole(Kind::Blob)),
            Header::Tag => Some(Form::Whole(Kind::Tag)),
            Header::OfsDelta { base_distance } => {
                let base = start
                    .checked_sub(base_distance)
                    .and_then(|base| self.begins.binary_search_by_key(&base, |(begin, _)| *begin).ok());
                let base = base.ok_or_else(|| garbage("a delta rests on no entry before it"))?;
                self.begins[base].1.map(Form::Over)
            }
            Header::RefDelta { base_id } => match self.base(base_id)? {
                Some(base) => Some(Form::Over(base)),
                None if self.look.is_thin || self.look.ending == Ending::Cut => None,
                None => Some(Form::OverId(base_id)),
            },
        })
    }

    /// The piece that holds a base of the database.
    fn base(&mut self, id: ObjectId) -> Result<Option<usize>, Trouble> {
        if let Some(known) = self.bases.get(&id) {
            return Ok(Some(*known));
        }
        let Some((kind, size)) = (self.look.base)(&id) else { return Ok(None) };
        self.count(size)?;
        self.found.pieces.push(Piece { form: Form::Whole(kind), size, data: Data::Object(id) });
        self.bases.insert(id, self.found.pieces.len() - 1);
        Ok(Some(self.found.pieces.len() - 1))
    }

    fn checksum(&mut self) -> Result<(), Trouble> {
        let hasher = std::mem::replace(&mut self.reader.hasher, gix::hash::hasher(KIND));
        let expected =
            hasher.try_finalize().map_err(|error| MirrorError::garbage("it cannot be hashed", error))?;
        let mut found = [0; 20];
        self.reader.read_exact(&mut found).map_err(|error| MirrorError::garbage("it is cut short", error))?;
        if found == expected.as_bytes() { Ok(()) } else { Err(garbage("its checksum does not fit")) }
    }
}

/// Unpacks one stream, which must be as long as stated, and answers with its first bytes. All of them are hashed into `id`.
fn unpack(
    reader: &mut impl BufRead,
    inflate: &mut Decompress,
    stated: u64,
    mut id: Option<&mut gix::hash::Hasher>,
) -> Result<Vec<u8>, Trouble> {
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
        if let Some(id) = &mut id {
            id.update(&out[..made]);
        }
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

impl<R: BufRead> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: BufRead> BufRead for Hashed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed was just looked at, so that this reads nothing.
        if let Ok(bytes) = self.inner.fill_buf() {
            self.hasher.update(&bytes[..amount]);
        }
        self.taken += amount as u64;
        self.inner.consume(amount);
    }
}
