//! A peer that says what it likes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Connection, Endpoint, RecvStream, SendStream};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use stockade_client::core::Durability;
use stockade_client::core::time::Time;
use stockade_client::core::wire::body::{Body, put_batch, put_frame, read_batch, read_body};
use stockade_client::core::wire::{
    ALPN, ClientMessage, Features, FrameDecoder, FrameKind, Header, Hello, HelloAnswer, ServerMessage, VERSION,
};

pub struct Raw {
    pub connection: Connection,
    pub send: SendStream,
    pub receive: RecvStream,
    pub decoder: FrameDecoder,
    _endpoint: Endpoint,
}

pub fn header(correlation: u64, not_after: Time) -> Header {
    Header { kind: FrameKind::Request, durability: Durability::Journaled, correlation, time: not_after }
}

pub fn hello(token: &str) -> Hello {
    Hello {
        version: VERSION,
        oldest: VERSION,
        features: Features::KNOWN,
        token: token.to_owned(),
        client: "raw".to_owned(),
    }
}

impl Raw {
    pub async fn connect(addr: SocketAddr) -> Raw {
        Raw::with_alpn(addr, ALPN).await.unwrap()
    }

    pub async fn with_alpn(addr: SocketAddr, alpn: &[u8]) -> Result<Raw, quinn::ConnectionError> {
        let provider = Arc::new(ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_no_client_auth();
        tls.alpn_protocols = vec![alpn.to_vec()];
        let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
        let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut config = quinn::ClientConfig::new(Arc::new(crypto));
        config.transport_config(Arc::new(transport()));
        let connecting = endpoint.connect_with(config, addr, "localhost").unwrap();
        let connection = connecting.await?;
        let (send, receive) = connection.open_bi().await?;
        Ok(Raw { connection, send, receive, decoder: FrameDecoder::new(1 << 20), _endpoint: endpoint })
    }

    /// A peer that was let in.
    pub async fn greeted(addr: SocketAddr, token: &str) -> Raw {
        let mut raw = Raw::connect(addr).await;
        raw.say(header(0, Time(0)), &hello(token)).await;
        assert!(matches!(raw.hear::<HelloAnswer>().await.1, HelloAnswer::Welcome(_)));
        raw
    }

    pub async fn say<T: Body>(&mut self, header: Header, value: &T) {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, header, value).unwrap();
        self.send.write_all(&bytes).await.unwrap();
    }

    pub async fn say_batch(&mut self, header: Header, messages: &[ClientMessage]) {
        let mut bytes = Vec::new();
        put_batch(&mut bytes, header, messages).unwrap();
        self.send.write_all(&bytes).await.unwrap();
    }

    /// Sends a frame with this body, whatever it is.
    pub async fn say_bytes(&mut self, kind: FrameKind, correlation: u64, body: &[u8]) {
        let header = Header { kind, ..header(correlation, Time(0)) };
        let mut bytes = header.to_bytes(u32::try_from(body.len()).unwrap()).to_vec();
        bytes.extend_from_slice(body);
        self.send.write_all(&bytes).await.unwrap();
    }

    /// The answers to a batch.
    pub async fn hear_batch(&mut self) -> Vec<ServerMessage> {
        self.decoder.set_body_max(usize::MAX);
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                assert_eq!(frame.header.kind, FrameKind::ReplyBatch);
                let mut messages = Vec::new();
                read_batch(frame.body, |message| messages.push(message)).unwrap();
                return messages;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.receive.read_chunk(1 << 16, true));
            let chunk = chunk.await.expect("an answer in time").unwrap().expect("the stream goes on");
            self.decoder.extend(&chunk.bytes);
        }
    }

    pub async fn hear<T: Body>(&mut self) -> (Header, T) {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                assert_eq!(frame.header.kind, T::KIND);
                return (frame.header, read_body(frame.body).unwrap());
            }
            let chunk = tokio::time::timeout(Duration::from_secs(5), self.receive.read_chunk(1 << 16, true));
            let chunk = chunk.await.expect("an answer in time").unwrap().expect("the stream goes on");
            self.decoder.extend(&chunk.bytes);
        }
    }

    pub async fn reply(&mut self) -> (Header, ServerMessage) {
        self.hear::<ServerMessage>().await
    }

    /// How the server closes the connection: code and words.
    pub async fn closed(&self) -> (u64, String) {
        let closed = tokio::time::timeout(Duration::from_secs(5), self.connection.closed()).await;
        match closed.expect("the server closes in time") {
            quinn::ConnectionError::ApplicationClosed(close) => {
                (close.error_code.into_inner(), String::from_utf8_lossy(&close.reason).into_owned())
            }
            other => panic!("closed otherwise: {other}"),
        }
    }
}

/// Datagrams as large as the server takes them.
fn transport() -> quinn::TransportConfig {
    let mut discovery = quinn::MtuDiscoveryConfig::default();
    discovery.upper_bound(u16::MAX - 8);
    let mut transport = quinn::TransportConfig::default();
    transport.mtu_discovery_config(Some(discovery));
    transport
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
