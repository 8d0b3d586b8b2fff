//! Making a sound pack out of entries that lie in other packs: what a cut answer left behind, or many small packs.
//!
//! Entries are copied as they are compressed. A delta rests on an entry before it, whose place in the new pack is written into its
//! header; a base that is only in the database comes first, whole.

use crate::source::ids::KIND;
use gix::ObjectId;
use gix::objs::{Find, Kind};
use gix::odb::pack::data::entry::Header;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// One entry of the new pack.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub form: Form,
    /// Bytes of the object, or of the delta, unpacked.
    pub size: u64,
    pub data: Data,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An object.
    Whole(Kind),
    /// A delta to the object of an earlier piece.
    Over(usize),
    /// A delta to an object that is somewhere in the same pack.
    OverId(ObjectId),
}

/// Where its compressed bytes are.
#[derive(Debug, Clone)]
pub(super) enum Data {
    /// In one of the composer's files.
    In(usize, Range<u64>),
    /// Nowhere yet: the object is taken from the database.
    Object(ObjectId),
}

/// Reads as the new pack, header and checksum included.
pub(super) struct Composer<'a> {
    files: &'a [File],
    database: Option<&'a gix::odb::Handle>,
    pieces: std::iter::Enumerate<std::slice::Iter<'a, Piece>>,
    /// Where each piece that was begun starts in the new pack.
    starts: Vec<u64>,
    written: u64,
    hasher: Option<gix::hash::Hasher>,
    /// What is ready to be read.
    ready: io::Cursor<Vec<u8>>,
    /// What of the piece in hand is still to be copied.
    left: Option<(usize, Range<u64>)>,
}

/// Bytes that are copied at once.
const CHUNK: u64 = 32 * 1024;

impl<'a> Composer<'a> {
    pub(super) fn new(
        files: &'a [File],
        database: Option<&'a gix::odb::Handle>,
        pieces: &'a [Piece],
    ) -> Self {
        let count = u32::try_from(pieces.len()).expect("because a pack is held to a limit of objects");
        let mut composer = Self {
            files,
            database,
            pieces: pieces.iter().enumerate(),
            starts: Vec::with_capacity(pieces.len()),
            written: 0,
            hasher: Some(gix::hash::hasher(KIND)),
            ready: io::Cursor::default(),
            left: None,
        };
        composer.put(&[b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes()].concat());
        composer
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.written += bytes.len() as u64;
        self.ready = io::Cursor::new(bytes.to_vec());
    }

    /// Makes something ready to be read; `false` at the end.
    fn go_on(&mut self) -> io::Result<bool> {
        if let Some((file, range)) = self.left.take() {
            let end = range.end.min(range.start + CHUNK);
            let mut bytes = vec![0; usize::try_from(end - range.start).map_err(io::Error::other)?];
            self.files[file].read_exact_at(&mut bytes, range.start)?;
            self.left = (end < range.end).then_some((file, end..range.end));
            self.put(&bytes);
        } else if let Some((number, piece)) = self.pieces.next() {
            self.starts.push(self.written);
            self.begin(number, piece)?;
        } else if let Some(hasher) = self.hasher.take() {
            let checksum = hasher.try_finalize().map_err(io::Error::other)?;
            self.put(checksum.as_bytes());
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn begin(&mut self, number: usize, piece: &Piece) -> io::Result<()> {
        let header = match piece.form {
            Form::Whole(kind) => whole(kind),
            Form::Over(base) => Header::OfsDelta { base_distance: self.starts[number] - self.starts[base] },
            Form::OverId(base_id) => Header::RefDelta { base_id },
        };
        let mut bytes = Vec::new();
        header.write_to(piece.size, &mut bytes)?;
        match &piece.data {
            Data::In(file, range) => self.left = Some((*file, range.clone())),
            Data::Object(id) => bytes.extend(self.compressed(id)?),
        }
        self.put(&bytes);
        Ok(())
    }

    fn compressed(&self, id: &ObjectId) -> io::Result<Vec<u8>> {
        let mut object = Vec::new();
        let found = match self.database {
            Some(database) => database.try_find(id, &mut object).map_err(io::Error::other)?,
            None => None,
        };
        if found.is_none() {
            return Err(io::Error::other(format!("object {id} is gone")));
        }
        deflated(&object)
    }
}

impl Read for Composer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let taken = self.ready.read(into)?;
            if taken > 0 || into.is_empty() || !self.go_on()? {
                return Ok(taken);
            }
        }
    }
}

/// The header of an entry that holds an object.
fn whole(kind: Kind) -> Header {
    match kind {
        Kind::Commit => Header::Commit,
        Kind::Tree => Header::Tree,
        Kind::Blob => Header::Blob,
        Kind::Tag => Header::Tag,
    }
}

/// Compressed as in a pack.
fn deflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = gix::zlib::stream::deflate::Write::new(Vec::new(), gix::zlib::Compression::DEFAULT);
    writer.write_all(bytes)?;
    writer.flush()?;
    Ok(writer.into_inner())
}
