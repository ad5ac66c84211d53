//! The body of an answer: whole, or a stream for what is long or not known yet.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Why a stream broke off; the client sees a broken connection.
pub type StreamError = Box<dyn std::error::Error + Send + Sync>;

type Stream = Pin<Box<dyn hyper::body::Body<Data = Bytes, Error = StreamError> + Send>>;

/// The body of an answer.
pub enum Body {
    Whole(Bytes),
    Stream(Stream),
}

impl Body {
    pub fn empty() -> Body {
        Body::Whole(Bytes::new())
    }

    /// A body that is produced while it is sent.
    pub fn stream<B>(body: B) -> Body
    where
        B: hyper::body::Body<Data = Bytes, Error = StreamError> + Send + 'static,
    {
        Body::Stream(Box::pin(body))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Body {
        Body::Whole(bytes.into())
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Body::Stream(stream) => stream.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_empty(),
            Body::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Stream(stream) => stream.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Whole(bytes) => write!(out, "Whole({} bytes)", bytes.len()),
            Body::Stream(_) => out.write_str("Stream(…)"),
        }
    }
}
