//! sqlite: opened with its first line.
