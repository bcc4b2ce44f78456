//! A way to Redis on which answers get lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Passes everything on, except for the answers to some calls: Redis carries those out, and the connection ends.
pub struct Cutting {
    port: u16,
    cuts: Arc<AtomicUsize>,
}

impl Cutting {
    /// A way to the Redis on this port. `call` is in the bytes of each call whose answer may be cut.
    pub fn to(redis: u16, call: &'static [u8]) -> Cutting {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&cuts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let left = Arc::clone(&left);
                // A Redis that is away answers nobody.
                let Ok(server) = TcpStream::connect(("127.0.0.1", redis)) else { continue };
                thread::spawn(move || drop(pass(client, server, call, &left)));
            }
        });
        Cutting { port, cuts }
    }

    /// The address of its near end.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Loses the answers to the next calls.
    pub fn cut(&self, calls: usize) {
        self.cuts.store(calls, Ordering::SeqCst);
    }

    /// Calls whose answers are still to be lost.
    pub fn left(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn pass(mut client: TcpStream, mut server: TcpStream, call: &[u8], left: &AtomicUsize) -> std::io::Result<()> {
    let (mut back, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 65_536];
    loop {
        let read = client.read(&mut bytes)?;
        if read == 0 {
            return server.shutdown(Shutdown::Both);
        }
        let asked = bytes[..read].windows(call.len()).any(|at| at == call);
        if asked && left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            // Nothing comes back any more, but what is asked is carried out.
            client.shutdown(Shutdown::Both)?;
            server.write_all(&bytes[..read])?;
            thread::sleep(Duration::from_millis(100));
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(&bytes[..read])?;
    }
}
