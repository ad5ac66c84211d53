//! functions: opened with its first line.
