//! PURE: desired + observed + inventory + policy → plan.
