//! Builds and certificates that do not fit each other.

use std::net::UdpSocket;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use stockade_server::tls::Certificate;

use crate::redis_server::RedisServer;
use crate::rig::run;
use crate::shop::{all_there, in_redis, local, open, place, refused, serve, stop};
use crate::start::set;

/// An entry of a stream: its id and its fields.
type Entry = (String, Vec<(String, Vec<u8>)>);

#[test]
fn the_journal_format() {
    let redis = RedisServer::start();
    let dir = in_redis(&redis);
    let server = serve(dir);
    open(&server);
    let (_, dir) = stop(server);
    // The entries that another build would have written.
    let mut connection = redis.connection();
    let stream = "stockade:{main}:wal";
    let kept: Vec<u8> = redis::cmd("DUMP").arg(stream).query(&mut connection).unwrap();
    let entries: Vec<Entry> = redis::cmd("XRANGE").arg(stream).arg("-").arg("+").query(&mut connection).unwrap();
    redis::cmd("DEL").arg(stream).exec(&mut connection).unwrap();
    for (id, fields) in entries {
        let mut put = redis::cmd("XADD");
        put.arg(stream).arg(id);
        for (name, mut value) in fields {
            if name == "d" {
                value[4] = 2;
            }
            put.arg(name).arg(value);
        }
        put.exec(&mut connection).unwrap();
    }
    let told = refused(dir.path(), 5, "journal format 2").err;
    assert!(told.contains("stockade:{main}:wal") && told.contains("journal.partition"), "{told}");
    // The build that wrote it is kept: for that one, nothing has changed.
    redis::cmd("RESTORE").arg(stream).arg(0).arg(&kept).arg("REPLACE").exec(&mut connection).unwrap();
    let server = serve(dir);
    all_there(&server, 1);
    // Or a new journal is begun.
    let (_, dir) = stop(server);
    for name in ["journal.mark", "partition.id"] {
        std::fs::rename(dir.path().join(name), dir.path().join(format!("{name}.old"))).unwrap();
    }
    set(dir.path(), "partition", "next");
    run(dir.path(), &["init"]).ended(0);
    let server = serve(dir);
    open(&server);
    all_there(&server, 1);
}

/// A server of a build that speaks another protocol: its address and fingerprint.
fn of_another_build(runtime: &tokio::runtime::Runtime, dir: &std::path::Path) -> (quinn::Endpoint, String) {
    let certificate = Certificate::read_or_make(dir, &[]).unwrap();
    let pem = |name: &str| std::fs::read(dir.join(name)).unwrap();
    let chain = vec![rustls_pki_types::CertificateDer::from_pem_slice(&pem("cert.pem")).unwrap()];
    let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(&pem("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider);
    let tls = tls.with_protocol_versions(&[&rustls::version::TLS13]).unwrap().with_no_client_auth();
    let mut tls = tls.with_single_cert(chain, key).unwrap();
    tls.alpn_protocols = vec![b"stockade/1".to_vec()];
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let _inside = runtime.enter();
    let endpoint = quinn::Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
    let accepting = endpoint.clone();
    runtime.spawn(async move {
        while let Some(incoming) = accepting.accept().await {
            tokio::spawn(async move { drop(incoming.await) });
        }
    });
    (endpoint, certificate.fingerprint().to_string())
}

#[test]
fn the_wire_protocol() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (other, pin) = of_another_build(&runtime, elsewhere.path());
    let addr = other.local_addr().unwrap().to_string();
    let server = serve(local());
    open(&server);
    let token = server.local_token();
    let ask = |addr: &str, pin: &str| {
        run(elsewhere.path(), &["order", "web/1", "--addr", addr, "--pin", pin, "--token", &token])
    };
    let told = ask(&addr, &pin).ended(1).err;
    assert!(told.contains("another version of the wire protocol"), "{told}");
    // Client and server of one build.
    let text = |key: &str| server.said[key].as_str().unwrap();
    ask(text("quic"), text("fingerprint")).ended(0);
}

#[test]
fn the_certificate() {
    let server = serve(local());
    open(&server);
    let pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let token = server.local_token();
    let addr = server.said["quic"].as_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let ask = |pin: &str| run(elsewhere.path(), &["order", "web/1", "--addr", addr, "--pin", pin, "--token", &token]);
    let told = ask(pin).ended(1).err;
    assert!(told.contains("is not trusted"), "{told}");
    ask(server.said["fingerprint"].as_str().unwrap()).ended(0);
    // An address at which nobody is.
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let nobody = nobody.local_addr().unwrap().to_string();
    let args = ["order", "web/1", "--addr", &nobody, "--pin", pin, "--token", &token, "--timeout", "300ms"];
    run(elsewhere.path(), &args).ended(3);
    place(&server, 2);
    all_there(&server, 2);
}
