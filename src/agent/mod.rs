//! Room agent.
