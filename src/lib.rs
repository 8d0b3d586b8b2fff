//! Standfast keeps every edge site running exactly what its owners signed, however bad the link.
