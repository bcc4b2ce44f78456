//! The attacks, each by callers with a token or by strangers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Client, Stockade};
use stockade_core::query::OrdersQuery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::house::{House, SKUS, order};

type Begun<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

/// One attack.
pub(super) struct Attack {
    pub name: &'static str,
    /// Starts attackers that go on until they are stopped.
    pub begin: for<'a> fn(&'a House, &'a mut JoinSet<()>) -> Begun<'a>,
}

/// All of them.
pub(super) const ALL: &[Attack] = &[
    Attack { name: "large-quotes", begin: |house, all| Box::pin(large_quotes(house, all)) },
    Attack { name: "exact-quotes", begin: |house, all| Box::pin(exact_quotes(house, all)) },
    Attack { name: "many-worlds", begin: |house, all| Box::pin(many_worlds(house, all)) },
    Attack { name: "lists-of-orders", begin: |house, all| Box::pin(lists(house, all)) },
    Attack { name: "half-heads", begin: |house, all| Box::pin(half_heads(house, all)) },
    Attack { name: "half-bodies", begin: |house, all| Box::pin(half_bodies(house, all)) },
    Attack { name: "strangers-over-http", begin: |house, all| Box::pin(strangers_over_http(house, all)) },
    Attack { name: "strangers-over-quic", begin: |house, all| Box::pin(strangers_over_quic(house, all)) },
];

/// Two callers ask for the plan of an order of every SKU, again and again.
async fn large_quotes(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for client in clients(house, 2).await? {
        all.spawn(async move {
            loop {
                let _ = client.quote(order("asked", 0, SKUS)).await;
            }
        });
    }
    Ok(())
}

/// Two callers ask for the best plan there is.
async fn exact_quotes(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for client in clients(house, 2).await? {
        all.spawn(async move {
            loop {
                let _ = client.quote_exact(order("asked", 0, SKUS / 4)).await;
            }
        });
    }
    Ok(())
}

/// A thousand questions for the world at once.
async fn many_worlds(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for client in clients(house, 2).await? {
        for _ in 0..500 {
            let client = Arc::clone(&client);
            all.spawn(async move {
                loop {
                    let _ = client.world().await;
                }
            });
        }
    }
    Ok(())
}

/// Callers read all orders, page by page, a hundred pages at once.
async fn lists(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for client in clients(house, 4).await? {
        for _ in 0..25 {
            let client = Arc::clone(&client);
            all.spawn(async move {
                let mut query = OrdersQuery { limit: 1_000, ..OrdersQuery::default() };
                loop {
                    query.after = client.orders(query.clone()).await.ok().and_then(|page| page.next);
                }
            });
        }
    }
    Ok(())
}

/// Connections that begin a request and never end its head.
async fn half_heads(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for _ in 0..1_200 {
        stranger(house, all, b"GET /readyz HTTP/1.1\r\nhost: x\r\nx-slow: ".to_vec());
    }
    Ok(())
}

/// Connections that send eight megabytes of a body and never its end.
async fn half_bodies(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 8388609\r\n\r\n",
        house.attackers
    );
    let request: Vec<u8> = head.into_bytes().into_iter().chain(std::iter::repeat_n(b' ', 8 << 20)).collect();
    for _ in 0..60 {
        stranger(house, all, request.clone());
    }
    Ok(())
}

/// Sends bytes on a connection and then says nothing; begins again when it is cut off.
fn stranger(house: &House, all: &mut JoinSet<()>, bytes: Vec<u8>) {
    let addr = house.http.clone();
    all.spawn(async move {
        loop {
            if let Ok(mut stream) = TcpStream::connect(&addr).await {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
}

/// Requests without a token, as fast as they are answered.
async fn strangers_over_http(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    for _ in 0..64 {
        let addr = house.http.clone();
        all.spawn(async move {
            let request = b"GET /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n";
            let mut answer = vec![0; 16 * 1_024];
            loop {
                let Ok(mut stream) = TcpStream::connect(&addr).await else { continue };
                while stream.write_all(request).await.is_ok() {
                    if !matches!(stream.read(&mut answer).await, Ok(1..)) {
                        break;
                    }
                }
            }
        });
    }
    Ok(())
}

/// Handshakes with a token that is none.
async fn strangers_over_quic(house: &House, all: &mut JoinSet<()>) -> Result<(), String> {
    let house = house.door();
    for _ in 0..32 {
        let house = house.clone();
        all.spawn(async move {
            loop {
                let _ = house.client("stk_nobody").await;
            }
        });
    }
    Ok(())
}

async fn clients(house: &House, count: usize) -> Result<Vec<Arc<Client>>, String> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Arc::new(house.client(&house.attackers).await?));
    }
    Ok(clients)
}
