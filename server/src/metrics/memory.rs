//! Memory by the rooms that hold it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockade_core::heap::Room;

use super::gauges::signed;
use super::snapshot::Snapshot;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RoomLabel {
    room: &'static str,
}

/// Read off the engine and the journal.
pub(super) struct MemoryMetrics(Vec<(Room, Gauge)>);

impl MemoryMetrics {
    pub(super) fn new(registry: &mut Registry) -> MemoryMetrics {
        let rooms = Family::<RoomLabel, Gauge>::default();
        registry.register("memory_bytes", "Bytes of memory that a room asked the allocator for", rooms.clone());
        let gauge = |room: Room| (room, rooms.get_or_create_owned(&RoomLabel { room: room.name() }));
        MemoryMetrics(Room::ALL.map(gauge).to_vec())
    }

    pub(super) fn set(&self, now: &Snapshot<'_>) {
        let mut rooms = now.engine.memory();
        rooms.add(Room::Journal, now.journal.kept_bytes);
        self.0.iter().for_each(|(room, gauge)| {
            gauge.set(signed(rooms.of(*room) as u64));
        });
    }
}
