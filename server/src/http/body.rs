//! Bodies of requests: no larger and no slower than the settings allow, whoever reads them.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::StatusCode,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::error::Problem;
use crate::settings::TrafficLimits;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the body is larger than limits.request_bytes_max")]
    TooLarge,
    #[error("the body did not come within limits.request_ms_max")]
    TooSlow,
}

impl Fault {
    /// Its name in metrics.
    pub(super) const fn limit(self) -> &'static str {
        match self {
            Self::TooLarge => "request_bytes_max",
            Self::TooSlow => "request_ms_max",
        }
    }

    pub(super) fn problem(self) -> Problem {
        let (status, code) = match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "body-too-slow"),
        };
        Problem {
            status,
            code,
            detail: self.to_string(),
        }
    }
}

/// A body that ends with an error where it breaks a limit.
pub(super) struct Bounded {
    body: Body,
    left_bytes: u64,
    timer: Pin<Box<Sleep>>,
    fault: Arc<OnceLock<Fault>>,
}

impl Bounded {
    /// The request with its body bounded, and where to look what was wrong with it.
    pub(super) fn of(request: Request, limits: &TrafficLimits) -> (Request, Arc<OnceLock<Fault>>) {
        let fault = Arc::new(OnceLock::new());
        if request.body().is_end_stream() {
            return (request, fault);
        }
        let bounded = |body: Body| {
            Body::new(Self {
                body,
                left_bytes: limits.request_bytes_max as u64,
                timer: Box::pin(sleep(Duration::from_millis(limits.request_ms_max))),
                fault: fault.clone(),
            })
        };
        let request = request.map(bounded);
        (request, fault)
    }

    fn fail(&self, fault: Fault) -> axum::Error {
        let _ = self.fault.set(fault);
        axum::Error::new(fault)
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.body.size_hint().lower() > self.left_bytes {
            // Said before it is sent.
            return Poll::Ready(Some(Err(self.fail(Fault::TooLarge))));
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left_bytes.checked_sub(bytes) {
                    Some(left) => self.left_bytes = left,
                    None => return Poll::Ready(Some(Err(self.fail(Fault::TooLarge)))),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => match self.timer.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(self.fail(Fault::TooSlow)))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn limits(request_bytes_max: usize) -> TrafficLimits {
        TrafficLimits {
            request_bytes_max,
            request_ms_max: 1_000,
            ..TrafficLimits::default()
        }
    }

    #[tokio::test]
    async fn a_body_within_the_limit_is_as_it_was() {
        let (request, fault) = Bounded::of(Request::new(Body::from("hello")), &limits(5));
        let body = request.into_body().collect().await.expect("a body");
        assert_eq!(body.to_bytes(), "hello");
        assert_eq!(fault.get(), None);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_not_read() {
        let (request, fault) = Bounded::of(Request::new(Body::from("hello!")), &limits(5));
        assert!(request.into_body().collect().await.is_err());
        assert_eq!(fault.get(), Some(&Fault::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = Request::new(Body::from_stream(never));
        let (request, fault) = Bounded::of(request, &limits(5));
        assert!(request.into_body().collect().await.is_err());
        assert_eq!(fault.get(), Some(&Fault::TooSlow));
    }
}
