//! Every bound of the system in one place, with the relations between them checked when it is compiled.

use crate::time::{Day, Span, Time};

/// Characters of a text code.
pub const CODE_CHARS_MAX: usize = 64;
/// Bytes of UTF-8 in a text code: four for each character.
pub const CODE_BYTES_MAX: usize = 4 * CODE_CHARS_MAX;
/// Lines of one order.
pub const ORDER_LINES_MAX: usize = 2_000;
/// Units of one order line.
pub const LINE_UNITS_MAX: u64 = 1_000_000;
/// Units one movement may carry.
pub const MOVEMENT_UNITS_MAX: u64 = 1_000_000_000_000;
/// Lines of one stock command, SKUs of one definition, SKUs of one availability query.
pub const COMMAND_LINES_MAX: usize = 10_000;
/// Movements of one count: a cell that lost units out of many pools takes one for each.
pub const COUNT_MOVES_MAX: usize = 100_000;
/// Events that one count names as not seen.
pub const COUNT_EXCEPT_MAX: usize = 1_000;
/// Rows of one page of an answer.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Units that stand in all buckets of one SKU at one warehouse together, those that are expected or promised among them.
pub const CELL_UNITS_MAX: u64 = 1_000_000_000_000_000;
/// Receipts that one SKU at one warehouse expects at the same time.
pub const CELL_RECEIPTS_MAX: usize = 1_000;
/// Receipts that one SKU at one warehouse is ever announced.
pub const CELL_RECEIPTS_EVER: u32 = u32::MAX - 1;
/// Promises that orders are ever made of one SKU at one warehouse, those that changed their receipt among them.
pub const CELL_PROMISES_EVER: u32 = 3_000_000_000;
/// The same for commands on its receipts. The numbers above are for promises that the last of these moves to other receipts.
pub const CELL_RECEIPTS_PROMISED_EVER: u32 = 3_500_000_000;
/// Promises that one event hands over or moves to another receipt. More of them are work of several events.
pub const HANDED_MAX: usize = 256;
/// Orders that one stock query looks at, all short cells together, to find those that short units affect.
pub const AFFECTED_LOOKS_MAX: usize = 8_192;
/// Pairs of SKU and warehouse that one plan looks at: the lines of an order times the warehouses that have their SKUs.
pub const PLAN_CELLS_MAX: usize = 500_000;
/// Sub-orders that one order ever has.
pub const ORDER_SUBS_MAX: usize = 10_000;
/// Lines of all sub-orders that one order ever has, promises it is made in one event, and lines of it that wait for inspection
/// at other warehouses than those that shipped them: one for each sub-order, SKU, pool and warehouse.
pub const ORDER_PARTS_MAX: usize = 100_000;
/// Commands that change one order after it was placed.
pub const ORDER_CHANGES_MAX: usize = 100_000;
/// Payments that a number without an order is told.
pub const UNPLACED_PAYMENTS_MAX: usize = 1_000;
/// Payments for numbers without an order whose refund is open, all numbers together. Threads that decide at the same moment may
/// each take one more.
pub const UNPLACED_OPEN_MAX: u64 = 100_000;
/// SKUs of one engine.
pub const SKUS_MAX: usize = 100_000_000;
/// Rules and worlds that one engine is ever given.
pub const RULES_EVER: u32 = u32::MAX - 1;
/// Warehouses and stores of one world.
pub const WAREHOUSES_MAX: usize = 4_096;
/// Carriers of one world.
pub const CARRIERS_MAX: usize = 256;
/// Channels of one world.
pub const CHANNELS_MAX: usize = 1_024;
/// Pools of one world.
pub const POOLS_MAX: usize = 256;
/// Warehouses of one preference of a rules file.
pub const PREFERRED_MAX: usize = 64;
/// Hours that a parcel may take.
pub const HOURS_MAX: u32 = 100_000;
/// Grams of a unit by default, and of a step of a price list: 100 t.
pub const GRAMS_MAX: u32 = 100_000_000;
/// Money in a rules or world file, in millionths: 10⁹ units of the currency.
pub const AMOUNT_MICROS_MAX: i64 = 1_000_000_000_000_000;
/// A weight of a policy, in millionths: a million.
pub const WEIGHT_MICROS_MAX: i64 = 1_000_000_000_000;
/// The shortest length of time in `[prices]`.
pub const PRICE_SPAN_MIN: Span = Span::from_secs(1);
/// The longest length of time in `[prices]`.
pub const PRICE_SPAN_MAX: Span = Span::from_mins(60 * 24 * 366);
/// The fewest orders that prices are learned from.
pub const PRICE_SAMPLE_MIN: u32 = 100;
/// The most orders that prices are learned from.
pub const PRICE_SAMPLE_MAX: u32 = 100_000;
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
/// Work of one movement of an event, in the same units: it is decided, checked, written down and applied under locks.
pub const APPLY_WORK: u64 = 50;
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

/// How far clocks of other systems may differ from engine time, unless the server is told another figure.
pub const SKEW: Span = Span::from_mins(5);
/// The largest figure for that.
pub const SKEW_MAX: Span = Span::from_mins(60 * 24);
/// How long ago something may have happened when the engine is told: ten years, so that old orders can be imported.
pub const PAST_MAX: Span = Span::from_mins(60 * 24 * 3_653);

/// The last day that can be named: 9999-12-31.
pub const DAY_MAX: Day = Day(2_932_896);
/// The last instant that can be named: the last millisecond of [`DAY_MAX`].
pub const TIME_MAX: Time = Time(DAY_MAX.0 as u64 * 86_400_000_000 + 86_399_999_000);

/// Bytes that the journal takes for a cell that a plan saw, with its price.
const SEEN_BYTES: usize = 32;
/// Bytes that the journal takes for a line of a sub-order in any event: what is taken out of it, and two movements.
const PART_BYTES: usize = 96;
/// Bytes that the journal takes to say where a line waits for inspection.
const ELSEWHERE_BYTES: usize = 32;

const _: () = assert!(LINE_UNITS_MAX <= MOVEMENT_UNITS_MAX);
const _: () = assert!(MOVEMENT_UNITS_MAX <= CELL_UNITS_MAX);
const _: () = assert!(CELL_UNITS_MAX < i64::MAX as u64 / 2 / (CELL_HISTORY as u64 + 1));
const _: () = assert!(ORDER_LINES_MAX as u64 * LINE_UNITS_MAX <= u32::MAX as u64);
const _: () = assert!(ORDER_LINES_MAX <= ORDER_SUBS_MAX && ORDER_SUBS_MAX <= ORDER_PARTS_MAX);
const _: () = assert!(CELL_PROMISES_EVER < CELL_RECEIPTS_PROMISED_EVER);
const _: () = assert!(ORDER_SUBS_MAX < u16::MAX as usize && SKUS_MAX < u32::MAX as usize);
const _: () = assert!(PLAN_CELLS_MAX * SEEN_BYTES + ORDER_PARTS_MAX * PART_BYTES < BATCH_BYTES_MAX);
const _: () = assert!(2 * ORDER_PARTS_MAX * PART_BYTES + ORDER_PARTS_MAX * ELSEWHERE_BYTES < BATCH_BYTES_MAX);
const _: () = assert!(COUNT_MOVES_MAX * PART_BYTES < BATCH_BYTES_MAX);
const _: () = assert!(PLAN_UNDER_LOCKS_LINES * WAREHOUSES_MAX <= PLAN_CELLS_MAX);
const _: () = assert!(ORDER_LINES_MAX <= COMMAND_LINES_MAX);
const _: () = assert!(FRAME_BYTES_MAX <= BATCH_BYTES_MAX);
const _: () = assert!(BATCH_BYTES_SOFT < BATCH_BYTES_MAX);
const _: () = assert!(RULES_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(STOCK_SHARDS.is_power_of_two() && KEY_SHARDS.is_power_of_two());
const _: () = assert!(HOLD_TTL.0 <= HOLD_TTL_MAX.0);
const _: () = assert!(SKEW.0 <= SKEW_MAX.0 && SKEW_MAX.0 < PAST_MAX.0);
