//! A fleet repository and sites' sources in memory, for tests of other rooms: real git objects under their real ids, no disk, no link.
//!
//! ```
//! # use standfast::source::{Source, Want, fake::Repository};
//! # async fn show() -> Result<(), standfast::source::Error> {
//! let repository = Repository::new();
//! repository.commit(&[("app/config.yaml", "kind: ConfigMap\n")]);
//! let source = repository.source();
//! let want = Want { ref_name: repository.ref_name(), base: None, refused: Default::default(), is_ordered: false };
//! assert_eq!(source.advance(&want).await?.commits.len(), 1);
//! # Ok(())
//! # }
//! ```

mod objects;
mod repository;
mod source;

pub use repository::Repository;
pub use source::FakeSource;
