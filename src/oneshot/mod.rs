//! Room oneshot.
