//! A bare repository in a folder of this machine.

use super::{Answer, Ask, Meter, Mirror};
use crate::model::RefName;
use crate::source::mirror_error::MirrorError;
use crate::source::objects::Spool;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use std::path::PathBuf;
use std::sync::Arc;

/// One mirror in a folder.
pub(super) struct Local {
    name: String,
}

impl Local {
    pub(super) fn new(path: PathBuf, _meter: Arc<Meter>) -> Self {
        Self { name: path.display().to_string() }
    }
}

impl Mirror for Local {
    fn name(&self) -> &str {
        &self.name
    }
    fn tip(&mut self, _: &RefName) -> Result<ObjectId, Trouble> {
        Err(MirrorError::Unreachable { what: "nothing is there".into(), source: None }.into())
    }
    fn filters(&mut self) -> Result<bool, Trouble> {
        Ok(true)
    }
    fn fetch(&mut self, _: &Ask<'_>, _: &mut Spool) -> Result<Answer, Trouble> {
        Err(MirrorError::Unreachable { what: "nothing is there".into(), source: None }.into())
    }
}
