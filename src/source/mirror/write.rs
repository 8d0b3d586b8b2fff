//! Objects of another database, written as a pack.

use super::Meter;
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::mirror_error::MirrorError;
use crate::source::objects::Spool;
use crate::source::settings::Limits;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::error::{ErrorExt, message};
use gix::objs::{Find, FindHeader, Kind};
use gix::odb::pack::data::{self, output};
use std::io::{self, Write};

/// The spool as gix writes to it, and what stopped it.
struct Sink<'a> {
    spool: &'a mut Spool,
    trouble: Option<Trouble>,
}

/// Writes these objects, one after the other and each whole: a folder on a stick costs no link bytes. Files over the limit for one
/// object are left out.
pub(super) fn write_pack(
    from: &gix::odb::Handle,
    mut ids: Vec<ObjectId>,
    limits: &Limits,
    meter: &Meter,
    spool: &mut Spool,
) -> Result<(), Trouble> {
    spool.restart()?;
    // A size is known before anything is unpacked, so one that is over the limit never is.
    ids.retain(|id| match from.try_header(id) {
        Ok(Some(header)) if header.kind == Kind::Blob && header.size > limits.object_bytes as u64 => {
            spool.leave_out(*id, header.size);
            false
        }
        _ => true,
    });
    let count = u32::try_from(ids.len()).expect("because fewer objects are gathered than a pack may have");
    let entries = ids.into_iter().map(|id| entry(from, id, limits).map(|entry| vec![entry]));
    let mut sink = Sink { spool, trouble: None };
    let written = {
        let mut writer =
            output::bytes::FromEntriesIter::new(entries, &mut sink, count, data::Version::V2, KIND);
        writer.try_for_each(|step| if meter.is_cancelled() { Err(cancelled()) } else { step.map(drop) })
    };
    match (sink.trouble, written) {
        (Some(trouble), _) => Err(trouble),
        (None, Err(_)) if meter.is_cancelled() => Err(Error::Stopped.into()),
        (None, Err(error)) => Err(MirrorError::garbage("an object cannot be read", error).into()),
        (None, Ok(())) => Ok(()),
    }
}

fn cancelled() -> gix::error::Error {
    message("nobody waits for it").raise()
}

fn entry(from: &gix::odb::Handle, id: ObjectId, limits: &Limits) -> gix::error::Result<output::Entry> {
    if from.try_header(&id)?.is_some_and(|header| header.size > limits.object_bytes as u64) {
        return Err(message("it is over the limit for one object").raise());
    }
    let mut bytes = Vec::new();
    let Some(found) = from.try_find(&id, &mut bytes)? else {
        return Err(message("it is not there").raise());
    };
    let count = output::Count::from_data(id, None);
    output::Entry::from_data(&count, &found, gix::zlib::Compression::DEFAULT)
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.spool.write(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(trouble) => {
                self.trouble = Some(trouble);
                Err(io::Error::other("the pack cannot be kept"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
