//! What moves between the buckets of a cell.

use super::*;
use crate::limits::CELL_HISTORY;

const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);
const LOST: Bucket = Bucket::Outside(Outside::WriteOff);
const FREE: Bucket = Bucket::Available(PoolId::REGULAR);
const HELD: Bucket = Bucket::Held(PoolId::REGULAR);

fn cell_with(units: u64) -> Cell {
    let mut cell = Cell::new(WarehouseId(0));
    cell.post(SUPPLIER, FREE, Units(units)).unwrap();
    cell.stamp(Seq(1));
    cell
}

#[test]
fn overdraft_is_refused_and_named() {
    let mut cell = cell_with(2);
    let error = cell.post(FREE, HELD, Units(3)).unwrap_err();
    assert_eq!(error.there, Units(2));
    assert_eq!(cell.available(PoolId::REGULAR), Units(2));
    cell.check().unwrap();
}

#[test]
fn short_grows_when_units_vanish_and_shrinks_when_they_turn_up() {
    let mut cell = cell_with(5);
    cell.post(FREE, HELD, Units(5)).unwrap();
    cell.post(Bucket::Short, LOST, Units(2)).unwrap();
    cell.stamp(Seq(2));
    assert_eq!((cell.balance(), cell.units(Bucket::Short)), (3, Units(2)));
    cell.check().unwrap();
    cell.post(LOST, Bucket::Short, Units(2)).unwrap();
    cell.stamp(Seq(3));
    assert_eq!((cell.balance(), cell.units(Bucket::Short)), (5, Units::ZERO));
    cell.check().unwrap();
    assert_eq!(cell.changed_since(Seq(1), &[]), Ok(0));
    assert_eq!(cell.changed_since(Seq(2), &[]), Ok(2));
    assert_eq!(cell.changed_since(Seq(2), &[Seq(2)]), Ok(0));
}

#[test]
fn holds_are_not_physical_changes() {
    let mut cell = cell_with(5);
    cell.post(FREE, HELD, Units(4)).unwrap();
    cell.post(HELD, Bucket::Allocated, Units(4)).unwrap();
    cell.stamp(Seq(2));
    assert_eq!(cell.changed_since(Seq(1), &[]), Ok(0));
    cell.post(Bucket::Allocated, Bucket::Picked, Units(4)).unwrap();
    cell.post(Bucket::Picked, Bucket::Shipped, Units(4)).unwrap();
    cell.stamp(Seq(3));
    assert_eq!(cell.changed_since(Seq(1), &[]), Ok(-4));
    assert_eq!(cell.balance(), 1);
}

#[test]
fn corrections_are_not_physical_changes() {
    let mut cell = cell_with(5);
    cell.correct(FREE, LOST, Units(2)).unwrap();
    cell.stamp(Seq(2));
    assert_eq!(cell.balance(), 3);
    assert_eq!(cell.changed_since(Seq(1), &[]), Ok(0), "a second count of the same shelf must not deduct them again");
    cell.check().unwrap();
}

#[test]
fn old_watermarks_are_refused_with_the_oldest_remembered() {
    let mut cell = cell_with(1);
    for n in 0..CELL_HISTORY as u64 + 3 {
        cell.post(SUPPLIER, FREE, Units(1)).unwrap();
        cell.stamp(Seq(2 + n));
    }
    let oldest = cell.changed_since(Seq(1), &[]).unwrap_err();
    assert!(cell.changed_since(oldest, &[]).is_ok());
}

#[test]
fn a_cell_that_received_once_remembers_it_as_one_that_moved_more_does() {
    let (mut plain, mut full) = (cell_with(5), cell_with(5));
    // Makes the rest, and changes nothing.
    full.set_safety(Units(1));
    full.set_safety(Units::ZERO);
    for cell in [&mut plain, &mut full] {
        cell.post(FREE, HELD, Units(2)).unwrap();
        cell.stamp(Seq(2));
        cell.post(HELD, FREE, Units(1)).unwrap();
        cell.stamp(Seq(3));
    }
    let said = |cell: &Cell| {
        let config = bincode::config::standard();
        let since = [0, 1, 2].map(|seq| cell.changed_since(Seq(seq), &[]));
        (bincode::encode_to_vec(cell, config).unwrap(), since, cell.total(), cell.balance(), cell.check())
    };
    assert_eq!(said(&plain), said(&full));
    assert_eq!((plain.behind(), full.behind() > 0), (0, true));
    for cell in [&mut plain, &mut full] {
        cell.post(SUPPLIER, FREE, Units(4)).unwrap();
        cell.stamp(Seq(4));
        cell.post(HELD, Bucket::Allocated, Units(1)).unwrap();
        cell.stamp(Seq(5));
    }
    assert_eq!(said(&plain), said(&full));
    assert_eq!(plain.changed_since(Seq(1), &[Seq(1)]), Ok(9));
}

#[test]
fn units_of_one_event_that_came_in_two_movements_are_one_change() {
    for stamped_between in [false, true] {
        let mut cell = Cell::new(WarehouseId(0));
        cell.post(SUPPLIER, FREE, Units(2)).unwrap();
        if stamped_between {
            cell.stamp(Seq(7));
        }
        cell.post(SUPPLIER, FREE, Units(3)).unwrap();
        cell.stamp(Seq(7));
        assert_eq!((cell.changed_since(Seq(6), &[]), cell.changed_since(Seq(7), &[])), (Ok(5), Ok(0)));
        assert_eq!((cell.total(), cell.check()), (5, Ok(())));
    }
}

#[test]
fn what_is_overdrawn_changes_nothing_of_a_cell_that_received_once() {
    let mut cell = cell_with(5);
    assert!(cell.post(Bucket::Picked, Bucket::Shipped, Units(1)).is_err());
    assert!(cell.post(FREE, SUPPLIER, Units(6)).is_err());
    assert_eq!((cell.total(), cell.changed_since(Seq(0), &[]), cell.check()), (5, Ok(5), Ok(())));
}

#[test]
fn many_changes_take_no_more_room_than_what_is_remembered_of_them() {
    let mut cell = cell_with(1);
    for n in 0..3 * CELL_HISTORY as u64 {
        cell.post(SUPPLIER, FREE, Units(1)).unwrap();
        cell.stamp(Seq(2 + n));
    }
    assert!(cell.behind() as usize <= 16 * CELL_HISTORY + 200, "{}", cell.behind());
    cell.check().unwrap();
}
