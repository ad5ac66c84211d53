//! Lines and spinners on one stream, without tearing each other.

use std::io::Write;
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

const TICK: Duration = Duration::from_millis(90);

/// Where a command tells its story. Cheap to clone; all clones share the stream.
#[derive(Clone)]
pub(crate) struct Screen {
    stream: Stream,
    spinners: MultiProgress,
    live: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Screen {
    /// Standard output: for commands whose story is their result.
    pub(crate) fn out() -> Screen {
        Screen::on(Stream::Out, &Term::stdout())
    }

    /// Standard error: for commands whose result goes to standard output.
    pub(crate) fn err() -> Screen {
        Screen::on(Stream::Err, &Term::stderr())
    }

    fn on(stream: Stream, term: &Term) -> Screen {
        let live = term.features().is_attended() && std::env::var_os("NO_COLOR").is_none();
        console::set_colors_enabled(live && console::colors_enabled());
        let target = if live {
            ProgressDrawTarget::term(term.clone(), 12)
        } else {
            ProgressDrawTarget::hidden()
        };
        Screen { stream, spinners: MultiProgress::with_draw_target(target), live }
    }

    /// One line. A closed stream is nobody's error.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        self.spinners.suspend(|| {
            let _ = match self.stream {
                Stream::Out => writeln!(std::io::stdout().lock(), "{text}"),
                Stream::Err => writeln!(std::io::stderr().lock(), "{text}"),
            };
        });
    }

    /// A spinner that turns until it is dropped; nothing at all where nobody looks.
    pub(crate) fn spinner(&self) -> Spinner {
        let bar = self.spinners.add(ProgressBar::new_spinner());
        if let Ok(look) = ProgressStyle::with_template("  {spinner:.cyan} {wide_msg}") {
            bar.set_style(look);
        }
        if self.live {
            bar.enable_steady_tick(TICK);
        }
        Spinner { bar }
    }
}

/// Something that takes time.
pub(crate) struct Spinner {
    bar: ProgressBar,
}

impl Spinner {
    pub(crate) fn say(&self, text: String) {
        self.bar.set_message(text);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A command's result, on standard output, whatever the story goes to.
pub(crate) fn result(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
