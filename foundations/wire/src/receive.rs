//! Reading the body of a request: bounded in size, in time and in what all bodies take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;

use crate::fault::Fault;
use crate::limits::{BODY_BYTES_PER_SECOND_MIN, Limits};

/// What is allocated at once for a body, whatever length it announces.
const FIRST_BYTES_MAX: usize = 256 * 1024;

/// How much of a refused body is read and thrown away, so that the client gets to our answer
/// instead of a reset connection.
const DISCARD_BYTES_MAX: usize = 16 * 1024 * 1024;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(2);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveError {
    TooLarge {
        bytes_max: usize,
    },
    TooSlow,
    /// The client left.
    Broken,
    /// Other requests have all the memory there is for bodies.
    Busy,
}

impl ReceiveError {
    pub(crate) fn fault(self) -> Fault {
        match self {
            ReceiveError::TooLarge { bytes_max } => {
                let message = format!("Request must be smaller than {bytes_max} bytes");
                Fault::new("RequestEntityTooLargeException", message).with_status(413)
            }
            ReceiveError::TooSlow => {
                let message = "The request body did not arrive within the timeout period.";
                Fault::new("RequestTimeout", message).with_status(408)
            }
            ReceiveError::Broken => Fault::new("IncompleteBody", "The request body broke off."),
            ReceiveError::Busy => Fault::unavailable("Too much request data is in flight."),
        }
    }
}

/// Memory for the bodies of all requests in flight.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Arc<Budget> {
        Arc::new(Budget { left: AtomicUsize::new(bytes) })
    }
}

/// A received body; its share of the budget returns when it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    _share: Share,
}

#[derive(Debug)]
struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> Result<(), ReceiveError> {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| ReceiveError::Busy)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body of at most `bytes_max`.
pub(crate) async fn receive<B>(
    mut body: B,
    bytes_max: usize,
    budget: &Arc<Budget>,
    limits: &Limits,
) -> Result<Received, ReceiveError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        discard(body, announced);
        return Err(ReceiveError::TooLarge { bytes_max });
    }
    let extra = Duration::from_secs((bytes_max / BODY_BYTES_PER_SECOND_MIN) as u64);
    let collected = collect(&mut body, bytes_max, Share { budget: budget.clone(), bytes: 0 });
    match tokio::time::timeout(limits.body_timeout + extra, collected).await {
        Ok(Err(error @ ReceiveError::TooLarge { .. })) => {
            discard(body, 0);
            Err(error)
        }
        Ok(result) => result,
        Err(_) => Err(ReceiveError::TooSlow),
    }
}

async fn collect<B>(
    body: &mut B,
    bytes_max: usize,
    mut share: Share,
) -> Result<Received, ReceiveError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ReceiveError::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        share.grow(data.len())?;
        if share.bytes > bytes_max {
            return Err(ReceiveError::TooLarge { bytes_max });
        }
        // Most bodies are one frame, which is handed on as it came.
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(announced.min(FIRST_BYTES_MAX).max(first.len() + data.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    Ok(Received { bytes, _share: share })
}

/// Reads a refused body for a little while without keeping it.
fn discard<B>(mut body: B, announced: u64)
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    if announced > DISCARD_BYTES_MAX as u64 {
        return;
    }
    let rest = async move {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DISCARD_BYTES_MAX {
                return;
            }
        }
    };
    tokio::spawn(tokio::time::timeout(DISCARD_TIME_MAX, rest));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    fn frames(
        sizes: &[usize],
    ) -> impl Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static {
        let frames: Vec<_> =
            sizes.iter().map(|size| Ok(Frame::data(Bytes::from(vec![b'a'; *size])))).collect();
        StreamBody::new(stream::iter(frames))
    }

    async fn read<B>(body: B, bytes_max: usize) -> Result<usize, ReceiveError>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let budget = Budget::new(100);
        let result = receive(body, bytes_max, &budget, &Limits::default()).await;
        let length = result.map(|received| received.bytes.len());
        assert_eq!(budget.left.load(Ordering::Relaxed), 100, "the budget is whole again");
        length
    }

    #[tokio::test]
    async fn bodies_are_bounded() {
        let too_large = Err(ReceiveError::TooLarge { bytes_max: 10 });
        assert_eq!(read(Full::new(Bytes::from("0123456789")), 10).await, Ok(10));
        assert_eq!(read(Full::new(Bytes::from("0123456789a")), 10).await, too_large);
        assert_eq!(read(frames(&[]), 10).await, Ok(0));
        assert_eq!(read(frames(&[4, 3, 3]), 10).await, Ok(10));
        assert_eq!(read(frames(&[4, 3, 4]), 10).await, too_large);
        assert_eq!(read(frames(&[60, 60]), 1000).await, Err(ReceiveError::Busy));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_never_end_time_out() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert_eq!(read(body, 10).await, Err(ReceiveError::TooSlow));
    }
}
