//! A server killed after every one of its commits, and resumed: what was durable is told, what was
//! acknowledged is kept, and an execution goes on as if nothing had happened, but for calls whose
//! outcome the crash took (SFN-SEM-100…106).
//!
//! More cases: `RUNG_RESUME_CASES=500 cargo test -p stepfunctions --test it resume`. A case that
//! fails names its seed: `RUNG_RESUME_SEED=… RUNG_RESUME_CASES=1` runs it alone.

mod act;
mod cases;
mod definition;
mod executions;
mod express;
mod functions;
mod model;
mod observe;
mod operations;
mod plan;
mod play;
mod process;
mod replay;
mod script;
