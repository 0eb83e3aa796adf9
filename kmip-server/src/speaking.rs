//! The server as a client on a stream: sends one request, takes its response, each within its time (KMIP 2.1 §6.2).

use crate::config::Limits;
use crate::connection::End;
use crate::frame::{self, Frame};
use crate::metrics::Metrics;
use crate::service::Outgoing;
use crate::wire::WireBuffer;
use kmip_codec::secret::WipedBytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Most that the inbound buffer grows ahead of the bytes that arrived.
pub(crate) const GROWTH_AHEAD: usize = 64 * 1024;
/// Least room for a read, so that a stream of small messages is not read byte by byte.
pub(crate) const SMALLEST_READ: usize = 1024;
/// What a connection keeps of a buffer that has grown.
pub(crate) const KEPT_BUFFER: usize = 8 * 1024;

/// See the module.
pub(crate) struct Speaker<'a, S> {
    pub stream: &'a mut S,
    pub inbound: &'a mut WireBuffer,
    pub limits: &'a Limits,
    pub metrics: &'a Metrics,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Speaker<'_, S> {
    /// Waits for what there is to say; a client that sends meanwhile answers nothing.
    pub async fn next(&mut self, outgoing: &dyn Outgoing) -> Result<Option<WipedBytes>, End> {
        self.inbound.reserve(SMALLEST_READ);
        tokio::select! {
            message = outgoing.next() => Ok(message),
            read = self.stream.read(self.inbound.spare()) => Err(if read? == 0 { End::Peer } else { End::OutOfTurn }),
        }
    }

    /// Sends a request and takes the response. An end leaves what was not answered in its queue.
    pub async fn exchange(&mut self, message: &[u8], outgoing: &dyn Outgoing) -> Result<(), End> {
        send(self.stream, message, self.limits, self.metrics).await?;
        let patience = self.limits.request_timeout();
        let response = timeout(patience, self.response()).await.map_err(|_| End::NoResponse)??;
        outgoing.answered(response).await.map_err(End::Response)?;
        self.inbound.shrink(KEPT_BUFFER);
        Ok(())
    }

    async fn response(&mut self) -> Result<WipedBytes, End> {
        loop {
            match frame::check_response(self.inbound.filled(), self.limits.message_bytes)? {
                Frame::Whole(length) => {
                    let response = self.inbound.filled().get(..length).unwrap_or_default();
                    let response = WipedBytes::copy_from(response);
                    self.inbound.consume(length);
                    self.metrics.bytes_received.inc_by(response.len() as u64);
                    return Ok(response);
                }
                Frame::Partial(length) => {
                    let missing = length.saturating_sub(self.inbound.len());
                    self.inbound.reserve(missing.clamp(SMALLEST_READ, GROWTH_AHEAD));
                }
            }
            match self.stream.read(self.inbound.spare()).await? {
                0 => return Err(if self.inbound.is_empty() { End::Peer } else { End::Torn }),
                count => self.inbound.fill(count),
            }
        }
    }
}

/// Sends bytes; the peer must take them within its time.
pub(crate) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    limits: &Limits,
    metrics: &Metrics,
) -> Result<(), End> {
    let write = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    match timeout(limits.message_timeout(), write).await {
        Ok(written) => written?,
        Err(_) => return Err(End::SlowReader),
    }
    metrics.bytes_sent.inc_by(bytes.len() as u64);
    Ok(())
}
