//! Choosing the entries of one pack out of several: each object once, as the delta that it is where its base comes along.

use super::compose::{Data, Form, Piece};
use crate::source::ids::KIND;
use gix::ObjectId;
use gix::error::{ErrorExt, message};
use gix::objs::{FindHeader, Kind};
use gix::odb::pack::Bundle;
use gix::odb::pack::data::Entry;
use gix::odb::pack::data::entry::Header;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// No more deltas rest on each other than git itself makes: each is one more step when an object is read.
const DEEPEST: usize = 50;

/// The entries that were chosen.
struct Merge<'a> {
    packs: &'a [Old],
    database: &'a gix::odb::Handle,
    live: &'a HashSet<ObjectId>,
    /// Where each object is, by pack and place in it.
    entries: HashMap<ObjectId, Vec<(usize, usize)>>,
    /// In the order of the new pack.
    pieces: Vec<Piece>,
    /// Where each object is among them, and how many deltas it rests on.
    places: HashMap<ObjectId, (usize, usize)>,
}

/// A pack that goes into the new one.
pub(super) struct Old {
    bundle: Bundle,
    /// Where each entry begins, and its place in the index; in the order of the pack.
    begins: Vec<(u64, u32)>,
}

/// An entry on the way from an object down to what it rests on.
struct Step {
    id: ObjectId,
    pack: usize,
    at: usize,
    /// What it rests on, if it does.
    base: Option<ObjectId>,
}

/// The entries of a pack with what is `live` of these and is not in packs that are `staying`; of those it holds again what its deltas
/// rest on, for every pack stands on its own. The pieces' files are the packs, in this order.
pub(super) fn merge(
    packs: &[Old],
    staying: &[Old],
    live: &HashSet<ObjectId>,
    database: &gix::odb::Handle,
) -> gix::error::Result<Vec<Piece>> {
    let mut entries: HashMap<ObjectId, Vec<(usize, usize)>> = HashMap::new();
    let mut wanted = Vec::new();
    for (number, pack) in packs.iter().enumerate() {
        let ids = (0..pack.begins.len()).map(|at| (at, pack.id(at)));
        for (at, id) in ids.filter(|(_, id)| live.contains(id)) {
            entries.entry(id).or_default().push((number, at));
            wanted.push(id);
        }
    }
    wanted.retain(|id| !staying.iter().any(|pack| pack.holds(id)));
    let (pieces, places) = (Vec::new(), HashMap::new());
    let mut merge = Merge { packs, database, live, entries, pieces, places };
    wanted.into_iter().try_for_each(|id| merge.place(id))?;
    Ok(merge.pieces)
}

impl Merge<'_> {
    /// Places an object, after what it rests on.
    fn place(&mut self, id: ObjectId) -> gix::error::Result {
        let mut steps = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| !self.places.contains_key(id) && steps.len() <= DEEPEST) {
            let step = self.step(id, &steps)?;
            next = step.base;
            steps.push(step);
        }
        while let Some(step) = steps.pop() {
            self.add(&step)?;
        }
        Ok(())
    }

    /// The entry to take for an object: a delta, if one of the packs has it as one and that leads round in no circle.
    fn step(&self, id: ObjectId, above: &[Step]) -> gix::error::Result<Step> {
        let mut whole = None;
        for (pack, at) in self.entries.get(&id).into_iter().flatten().copied() {
            let old = &self.packs[pack];
            let base = old.base(&old.entry(at)?).map(|base| old.id(base));
            let is_usable = |base: &ObjectId| {
                *base != id && self.live.contains(base) && above.iter().all(|step| step.id != *base)
            };
            match base {
                Some(base) if is_usable(&base) => return Ok(Step { id, pack, at, base: Some(base) }),
                _ => whole = whole.or(Some(Step { id, pack, at, base: None })),
            }
        }
        whole.ok_or_else(|| message("an object is gone").raise())
    }

    fn add(&mut self, step: &Step) -> gix::error::Result {
        let pack = &self.packs[step.pack];
        let entry = pack.entry(step.at)?;
        let size = entry.decompressed_size;
        let data = Data::In(step.pack, entry.data_offset..pack.end(step.at));
        let base = step.base.and_then(|base| self.places.get(&base).copied());
        let (piece, depth) = match (kind(entry.header), base) {
            (Some(kind), _) => (Piece { form: Form::Whole(kind), size, data }, 0),
            (None, Some((base, depth))) if depth < DEEPEST => {
                (Piece { form: Form::Over(base), size, data }, depth + 1)
            }
            // What it rests on does not come along, or too much rests on each other.
            (None, _) => {
                let found = self.database.try_header(&step.id)?;
                let header = found.ok_or_else(|| message("an object is gone").raise())?;
                let (form, data) = (Form::Whole(header.kind), Data::Object(step.id));
                (Piece { form, size: header.size, data }, 0)
            }
        };
        self.places.insert(step.id, (self.pieces.len(), depth));
        self.pieces.push(piece);
        Ok(())
    }
}

impl Old {
    /// Opens a pack by its index.
    pub(super) fn open(index: &Path) -> gix::error::Result<Self> {
        let bundle = Bundle::at(index, KIND)?;
        let offset = |at| bundle.index.pack_offset_at_index(at);
        let mut begins: Vec<(u64, u32)> =
            (0..bundle.index.num_objects()).map(|at| (offset(at), at)).collect();
        begins.sort_unstable();
        Ok(Self { bundle, begins })
    }

    fn holds(&self, id: &ObjectId) -> bool {
        self.bundle.index.lookup(id).is_some()
    }

    fn entry(&self, at: usize) -> gix::error::Result<Entry> {
        self.bundle.pack.entry(self.begins[at].0)
    }

    fn id(&self, at: usize) -> ObjectId {
        self.bundle.index.oid_at_index(self.begins[at].1).to_owned()
    }

    fn end(&self, at: usize) -> u64 {
        self.begins.get(at + 1).map_or(self.bundle.pack.pack_end() as u64, |(begin, _)| *begin)
    }

    /// The entry that this one rests on, if it rests on one of this pack.
    fn base(&self, entry: &Entry) -> Option<usize> {
        let begin = match entry.header {
            Header::OfsDelta { base_distance } => entry.pack_offset().checked_sub(base_distance)?,
            Header::RefDelta { base_id } => {
                self.bundle.index.pack_offset_at_index(self.bundle.index.lookup(base_id)?)
            }
            Header::Commit | Header::Tree | Header::Blob | Header::Tag => return None,
        };
        self.begins.binary_search_by_key(&begin, |(begin, _)| *begin).ok()
    }
}

fn kind(header: Header) -> Option<Kind> {
    match header {
        Header::Commit => Some(Kind::Commit),
        Header::Tree => Some(Kind::Tree),
        Header::Blob => Some(Kind::Blob),
        Header::Tag => Some(Kind::Tag),
        Header::OfsDelta { .. } | Header::RefDelta { .. } => None,
    }
}
