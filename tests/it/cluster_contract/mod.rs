//! The contract of port `Cluster`: each fact here holds for the cluster in memory and for a real API server.
//!
//! A case is one function that gets an [`Arena`]; [`contract!`] makes two tests of it. Cases never look at what only one of the two can know
//! (defaults, times), and wait where a real cluster's controllers take their time.

#![allow(clippy::needless_pass_by_value, reason = "manifests are written where they are used")]

mod arena;
mod create;
mod definitions;
mod delete;
mod fixed;
mod leases;
mod managers;
mod merging;
mod place;
mod pods;
mod queries;
mod refused;
mod watches;

/// Makes a test on memory and a test on a real API server of each case.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&$crate::cluster_contract::arena::Arena::memory()).await;
            })+
        }
        mod real {
            $(#[tokio::test]
            async fn $case() {
                let Some(arena) = $crate::cluster_contract::arena::Arena::real(stringify!($case)).await else { return };
                super::$case(&arena).await;
            })+
        }
    };
}
use contract;
