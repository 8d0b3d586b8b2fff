//! PURE: live object → health; roll-up.
