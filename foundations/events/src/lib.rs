//! events: opened with its first line.
