//! A digest of the whole state: equal digests mean equal state, whatever order it was reached in.

use bincode::Encode;
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::store::Engine;

/// A commutative sum of entity hashes.
#[derive(Default)]
struct Sum {
    sum: u128,
    bytes: Vec<u8>,
}

impl Sum {
    fn add(&mut self, kind: u8, entity: &impl Encode) {
        self.bytes.clear();
        self.bytes.push(kind);
        bincode::encode_into_std_write(entity, &mut self.bytes, bincode::config::standard())
            .expect("a vector takes every byte");
        self.sum = self.sum.wrapping_add(xxh3_128(&self.bytes));
    }
}

impl Engine {
    /// The digest of every order, memo, cell, SKU and of the world and rules. Locks shard by shard, so it speaks of a
    /// whole only while nothing else runs. Not for the hot path: it reads everything.
    pub fn digest(&self) -> u128 {
        let mut sum = Sum::default();
        for number in 0..self.door.order_shards() {
            self.door.with_orders(number, |shard| {
                shard.orders().for_each(|order| sum.add(b'o', &order));
                shard.accounts().for_each(|account| sum.add(b'r', &account));
                shard.movements().for_each(|(key, memo)| sum.add(b'm', &(&key.actor, memo)));
            });
        }
        for number in 0..self.door.stock_shards() {
            self.door.with_stock(number, |shard| shard.skus().iter().for_each(|sku| sum.add(b's', sku)));
        }
        self.skus.each(|code, sku| sum.add(b'k', &(code, sku)));
        if let Some(config) = self.config.load().as_deref() {
            let given = &config.codes.given;
            let ids = (&given.warehouses, &given.carriers, &given.channels, &given.pools);
            sum.add(b'c', &(config.seq, config.version(), &config.world_text, &config.rules_text, ids));
        }
        sum.sum
    }
}
