//! Plain manifests.

use super::digest::digest;
use super::error::Error;
use super::gather::gather;
use super::limit::Limit;
use super::manifest::{self, Budget, Failure};
use super::origin::Origin;
use super::substitute::Values;
use super::{Render, Rendered};
use crate::model::{AllowPrune, Application, Artifact, DesiredApplication, Object, ObjectKey};
use crate::trust::Verified;
use std::collections::{BTreeMap, BTreeSet};

/// Renders manifests as they are: YAML and JSON in every spelling that kubectl takes, with substitution.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Render for Plain {
    fn render(&self, artifact: &Verified<Artifact>, application: &Application) -> Result<Rendered, Error> {
        let Some(files) = gather(artifact.get(), application)? else {
            return Ok(Rendered::Missing(BTreeSet::from([application.path.clone()])));
        };
        let mut found = Found { application, objects: BTreeMap::new() };
        let mut budget = Budget { bytes: Limit::Bytes.most(), nodes: Limit::Values.most() };
        let mut values =
            application.substitute.as_ref().map(|known| Values { known, budget: Limit::Filled.most() });
        for (file, bytes) in &files {
            let mut each = |object, at| found.add(object, at);
            manifest::read(file, bytes, values.as_mut(), &mut budget, &mut each).map_err(|failure| {
                match failure {
                    Failure::Wrong(error) => error,
                    Failure::TooMuch(limit) => too_much(application, limit),
                }
            })?;
        }
        let objects: Vec<Object> = found.objects.into_values().map(|(object, _)| object).collect();
        // Unless the signed fleet says that it may lose everything.
        if objects.is_empty() && !application.allow_prune.contains(&AllowPrune::All) {
            let (application, path) = (application.name.clone(), application.path.clone());
            return Err(Error::Empty { application, path });
        }
        let digest = digest(application.namespace.as_deref(), &objects);
        Ok(Rendered::Objects(DesiredApplication { application: application.clone(), objects, digest }))
    }
}

/// Objects so far, by what identifies them.
struct Found<'a> {
    application: &'a Application,
    objects: BTreeMap<ObjectKey, (Object, Origin)>,
}

impl Found<'_> {
    fn add(&mut self, object: Object, at: Origin) -> Result<(), Error> {
        let key = object.key();
        if let Some((_, first)) = self.objects.get(&key) {
            let (application, first) = (self.application.name.clone(), first.clone());
            return Err(Error::Duplicate { application, key: Box::new(key), first, second: at });
        }
        if self.objects.len() == Limit::Objects.most() {
            return Err(too_much(self.application, Limit::Objects));
        }
        self.objects.insert(key, (object, at));
        Ok(())
    }
}

fn too_much(application: &Application, limit: Limit) -> Error {
    Error::TooMuch { application: application.name.clone(), limit }
}
