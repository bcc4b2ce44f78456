//! Every bound of the system in one place, with the relations between them checked when it is compiled.

use crate::time::Span;

/// Bytes of UTF-8 in a text code.
pub const CODE_BYTES_MAX: usize = 64;
/// Lines of one order.
pub const ORDER_LINES_MAX: usize = 2_000;
/// Units of one order line.
pub const LINE_UNITS_MAX: u64 = 1_000_000;
/// Units one movement may carry.
pub const MOVEMENT_UNITS_MAX: u64 = 1_000_000_000_000;
/// Lines of one stock command, SKUs of one definition, SKUs of one availability query.
pub const COMMAND_LINES_MAX: usize = 10_000;
/// Warehouses and stores of one world.
pub const WAREHOUSES_MAX: usize = 4_096;
/// Carriers of one world.
pub const CARRIERS_MAX: usize = 256;
/// Channels of one world.
pub const CHANNELS_MAX: usize = 1_024;
/// Pools of one world.
pub const POOLS_MAX: usize = 256;
/// Bytes of a rules or world file.
pub const RULES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a reason or note given by a person.
pub const REASON_BYTES_MAX: usize = 512;

/// Bytes of a wire frame's body.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes at which the open batch is sealed even though the journal is busy.
pub const BATCH_BYTES_SOFT: usize = 256 * 1024;
/// Bytes a batch may reach: one event larger than the soft bound still fits.
pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of sealed batches that may wait for the journal before admission closes.
pub const LOG_BACKLOG_BYTES: usize = 64 * 1024 * 1024;
/// Bytes above that which only lifecycle commands and expiry may use.
pub const LOG_RESERVED_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of journaled batches kept in memory to repair a Redis that forgot them.
pub const RING_BYTES: usize = 256 * 1024 * 1024;

/// Shards of stock; a SKU lives in shard `id % STOCK_SHARDS`.
pub const STOCK_SHARDS: usize = 1_024;
/// Shards of orders and movement keys. Order ids hold the shard, so this number is part of the journal format.
pub const KEY_SHARDS: usize = 4_096;
/// Plans made without locks for one command; when the stock moves under each of them, the command is refused as overloaded.
pub const REPLANS_MAX: usize = 8;
/// Orders of at most this many distinct SKUs are planned under their locks at once.
pub const PLAN_UNDER_LOCKS_LINES: usize = 4;
/// Lanes to the order's zone times its distinct SKUs up to which it is planned under its locks at once.
pub const PLAN_UNDER_LOCKS_LANES: usize = 4_096;
/// Work after which no further plan is begun under the same locks. A plan under locks takes no more than this either, besides
/// a few units for each lane and line it reads.
pub const PLAN_UNDER_LOCKS_WORK: u64 = 50_000;
/// The most planning work that one attempt ever does while it holds locks, some two nanoseconds a unit.
pub const LOCKED_WORK_MAX: u64 = 8 * PLAN_UNDER_LOCKS_WORK;
/// Work that the search for one exact quote may take: some seconds. One is looked for at a time.
pub const QUOTE_EXACT_WORK: u64 = 1_000_000_000;
/// Physical changes a cell remembers so that a count taken in the past can be laid under them.
pub const CELL_HISTORY: usize = 256;

/// How long an unpaid order holds stock when its channel does not say.
pub const HOLD_TTL: Span = Span::from_mins(30);
/// The longest hold a channel or an extension may ask for.
pub const HOLD_TTL_MAX: Span = Span::from_mins(60 * 24 * 30);

const _: () = assert!(LINE_UNITS_MAX <= MOVEMENT_UNITS_MAX);
const _: () = assert!(ORDER_LINES_MAX <= COMMAND_LINES_MAX);
const _: () = assert!(FRAME_BYTES_MAX <= BATCH_BYTES_MAX);
const _: () = assert!(BATCH_BYTES_SOFT < BATCH_BYTES_MAX);
const _: () = assert!(RULES_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(STOCK_SHARDS.is_power_of_two() && KEY_SHARDS.is_power_of_two());
const _: () = assert!(HOLD_TTL.0 <= HOLD_TTL_MAX.0);
