//! Fail (SFN-FAIL-1…4).

use asl::model::{Fail, TextField};

use crate::dataflow::Eyes;
use crate::errors::{Failed, Raised};
use crate::execution::FrameId;
use crate::history::Failure;
use crate::run::{Course, Run};

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, fail: &Fail) -> Course {
    match failure(run, id, fail) {
        Ok(failure) => run.fail(id, Failed::reported(failure)),
        Err(raised) => run.raise(id, raised),
    }
}

fn failure(run: &Run<'_>, id: FrameId, fail: &Fail) -> Result<Failure, Raised> {
    let eyes = Eyes::new(run, id);
    if run.observer().is_some() {
        eyes.effective_input()?;
    }
    let text = |field: &Option<TextField>, name: &str| {
        field.as_ref().map(|field| eyes.text(field, name, &format!("{name}Path"))).transpose()
    };
    Ok(Failure::bounded(text(&fail.error, "Error")?, text(&fail.cause, "Cause")?))
}
