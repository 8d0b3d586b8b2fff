//! Room reconcile.
