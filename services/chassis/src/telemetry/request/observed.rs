//! A body that lets its request's entry see the trailers and the end.
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};

use super::entry::Entry;

/// The answer's own body, watched.
pub struct Observed<R> {
    inner: R,
    entry: Option<Entry>,
}

impl<R> Observed<R> {
    pub(super) fn new(inner: R, entry: Entry) -> Self {
        Self { inner, entry: Some(entry) }
    }
}

impl<R: Body + Unpin> Body for Observed<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let this = &mut *self;
        let inner = Pin::new(&mut this.inner);
        let frame = ready!(match &this.entry {
            Some(entry) => entry.inside(|| inner.poll_frame(context)),
            None => inner.poll_frame(context),
        });
        let trailers = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::trailers_ref);
        if let (Some(entry), Some(trailers)) = (&mut this.entry, trailers) {
            entry.trailers(trailers);
        }
        if frame.is_none() || trailers.is_some() {
            this.entry = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
