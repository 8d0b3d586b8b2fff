//! For tests of other rooms: renders what the test says.

use super::{DesiredApplication, Error, Render, Rendered, digest};
use crate::model::{Application, Artifact, Object, RepoPath};
use crate::trust::Verified;
use std::collections::{BTreeMap, BTreeSet};

/// Gives the objects that are canned under an application's name; [`Error::Empty`] where there are none.
#[derive(Debug, Clone, Default)]
pub struct Canned {
    /// Objects by application.
    pub objects: BTreeMap<String, Vec<Object>>,
    /// Paths that each artifact must have before anything is rendered.
    pub reaches: BTreeSet<RepoPath>,
}

impl Render for Canned {
    fn render(&self, artifact: &Verified<Artifact>, application: &Application) -> Result<Rendered, Error> {
        let lacks = |path: &&RepoPath| artifact.get().files_within(path).next().is_none();
        let missing: BTreeSet<RepoPath> = self.reaches.iter().filter(lacks).cloned().collect();
        if !missing.is_empty() {
            return Ok(Rendered::Missing(missing));
        }
        let Some(objects) = self.objects.get(&application.name).filter(|objects| !objects.is_empty()) else {
            let (application, path) = (application.name.clone(), application.path.clone());
            return Err(Error::Empty { application, path });
        };
        let mut objects = objects.clone();
        objects.sort_by_key(Object::key);
        let digest = digest(application.namespace.as_deref(), &objects);
        Ok(Rendered::Objects(DesiredApplication { application: application.clone(), objects, digest }))
    }
}
