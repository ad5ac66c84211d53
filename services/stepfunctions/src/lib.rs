//! stepfunctions: opened with its first line.
