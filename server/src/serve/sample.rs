//! Something to sell on the first start with `--dev`.

use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, CodeError};
use stockade_core::time::Time;
use stockade_core::units::Units;

use crate::failure::Failure;

/// The small world that `init` also writes.
pub const WORLD: &str = include_str!("sample_world.toml");

/// SKU, grams of one unit, units at HGH and at CAN.
const GOODS: [(&str, u32, u64, u64); 3] = [("TEE", 200, 100, 40), ("MUG", 350, 30, 60), ("LAMP", 1_800, 5, 0)];

/// Applies the sample world and adds stock to its warehouses.
pub(super) fn put_in(engine: &Engine, now: Time) -> Result<(), Failure> {
    for (n, command) in commands().map_err(Failure::failed)?.into_iter().enumerate() {
        let key = Code::new(&format!("dev-{n}")).map_err(Failure::failed)?;
        let actor = Actor::Named(Code::new("dev").map_err(Failure::failed)?);
        let request = Request { key: Some(key), occurred: None, command };
        engine.execute(&request, &actor, now).result?;
    }
    Ok(())
}

fn commands() -> Result<Vec<Command>, CodeError> {
    let spec = |(sku, grams, ..): &(&str, u32, u64, u64)| {
        Ok(SkuSpec { sku: Code::new(sku)?, weight_g: Some(*grams), category: None })
    };
    let line = |sku: &str, units: u64| Ok(Line { sku: Code::new(sku)?, units: Units(units) });
    let receive = |warehouse: &str, lines: Result<Vec<Line>, CodeError>| {
        Ok::<_, CodeError>(Command::Receive(Receive {
            warehouse: Code::new(warehouse)?,
            pool: None,
            expected: None,
            lines: lines?.into_iter().filter(|line| !line.units.is_zero()).collect(),
        }))
    };
    Ok(vec![
        Command::ApplyWorld(ApplyWorld { text: WORLD.to_owned() }),
        Command::DefineSkus(DefineSkus { skus: GOODS.iter().map(spec).collect::<Result<_, CodeError>>()? }),
        receive("HGH", GOODS.iter().map(|(sku, _, here, _)| line(sku, *here)).collect())?,
        receive("CAN", GOODS.iter().map(|(sku, _, _, here)| line(sku, *here)).collect())?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_accepted_by_a_new_engine() {
        let engine = Engine::new();
        put_in(&engine, Time(1_794_355_200_000_000)).unwrap();
        assert_eq!(engine.check(), Ok(()));
    }
}
