//! One TLS connection to one server: a request goes out, its answer comes back, in wiped buffers.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use kmip_codec::limits::Limits;
use kmip_codec::wire::ttlv::{Frame, HEADER, frame};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use crate::config::{Endpoint, Timeouts};
use crate::error::Failure;

/// A connection that has no request under way.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    timeouts: Timeouts,
    limits: Limits,
}

/// Why an exchange has no answer.
pub(crate) enum ExchangeError {
    /// Nothing came.
    Failure(Failure),
    /// Something came that is no KMIP message.
    Malformed(String),
}

impl From<Failure> for ExchangeError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Connection {
    /// Connects and shakes hands.
    pub(crate) async fn open(
        endpoint: &Endpoint,
        name: ServerName<'static>,
        tls: Arc<ClientConfig>,
        timeouts: Timeouts,
        limits: Limits,
    ) -> Result<Self, Failure> {
        let connect = async {
            let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(Failure::Connect)?;
            tcp.set_nodelay(true).map_err(Failure::Connect)?;
            TlsConnector::from(tls).connect(name, tcp).await.map_err(Failure::of_stream)
        };
        let stream = match timeout(timeouts.connect, connect).await {
            Ok(connected) => connected?,
            Err(_) => return Err(Failure::ConnectTimeout(timeouts.connect)),
        };
        Ok(Self { stream, timeouts, limits })
    }

    /// Whether the server has closed an idle connection, or sent what nobody asked for.
    pub(crate) async fn is_stale(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let stream = &mut self.stream;
        poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_read(context, &mut buffer).is_ready())).await
    }

    /// Sends one message and waits for one. A connection whose exchange failed must not be used again.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
        match timeout(self.timeouts.answer, self.send_and_receive(request)).await {
            Ok(Err(ExchangeError::Failure(failure))) => Err(failure.of_request(request.len()).into()),
            Ok(answer) => answer,
            Err(_) => Err(Failure::Timeout(self.timeouts.answer).into()),
        }
    }

    async fn send_and_receive(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
        let sent = self.send(request).await;
        if let Err(error) = sent {
            // A server that refuses the client's certificate in TLS 1.3 says so after the handshake: its alert, which
            // waits to be read, tells more than the broken pipe.
            let mut rest = [0; HEADER];
            let alert = self.stream.read_exact(&mut rest).await.map(|_| error).unwrap_or_else(|told| told);
            return Err(Failure::of_stream(alert).into());
        }
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).await.map_err(Failure::of_stream)?;
        let total = match frame(&header, &self.limits) {
            Ok(Frame::Message(total)) => total,
            Ok(Frame::Incomplete) => return Err(Failure::Closed.into()),
            Err(error) => return Err(ExchangeError::Malformed(format!("no message starts here: {error}"))),
        };
        let mut message = Zeroizing::new(vec![0; total]);
        if let Some((start, rest)) = message.split_at_mut_checked(HEADER) {
            start.copy_from_slice(&header);
            self.stream.read_exact(rest).await.map_err(Failure::of_stream)?;
        }
        Ok(message)
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.stream.flush().await
    }
}
