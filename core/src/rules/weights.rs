//! Which weights an order is scored by.

use std::collections::BTreeSet;

use super::entries::WeightsEntry;
use super::error::FileError;
use super::names::Names;
use crate::ids::{ChannelId, Code};
use crate::routing::Weights;

/// The policy's weights and what overrides them, most specific first.
#[derive(Clone, Debug)]
pub(super) struct WeightTable {
    policy: Weights,
    overrides: Vec<Override>,
}

#[derive(Clone, Debug)]
struct Override {
    channel: Option<ChannelId>,
    zone: Option<Code>,
    category: Option<Code>,
    weights: Weights,
}

impl WeightTable {
    pub(super) fn resolve(
        policy: Weights,
        entries: &[WeightsEntry],
        channels: &Names<'_, ChannelId>,
    ) -> Result<WeightTable, FileError> {
        let mut overrides: Vec<Override> = Vec::with_capacity(entries.len());
        let mut conditions = BTreeSet::new();
        for entry in entries {
            let channel = entry.channel.as_ref().map(|code| channels.id(code)).transpose()?;
            if !conditions.insert((channel, &entry.zone, &entry.category)) {
                let reason = "[[weights]] for this channel, zone and category are there already, keep one of the two";
                return Err(FileError::at(entry.line, reason));
            }
            let weights = Weights {
                money: entry.money.unwrap_or(policy.money),
                time: entry.time.unwrap_or(policy.time),
                balance: entry.balance.unwrap_or(policy.balance),
            };
            overrides.push(Override { channel, zone: entry.zone.clone(), category: entry.category.clone(), weights });
        }
        overrides.sort_by_key(|o| std::cmp::Reverse(o.specificity()));
        Ok(WeightTable { policy, overrides })
    }

    /// Every weight of money, once.
    pub(super) fn money(&self) -> Vec<i64> {
        let all = std::iter::once(self.policy).chain(self.overrides.iter().map(|o| o.weights));
        all.map(|weights| weights.money).collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub(super) fn of(&self, channel: ChannelId, zone: Option<&str>, category: Option<&str>) -> Weights {
        let found = self.overrides.iter().find(|o| o.matches(channel, zone, category));
        found.map_or(self.policy, |o| o.weights)
    }
}

impl Override {
    /// More conditions first; among as many, channel before zone before category.
    fn specificity(&self) -> (u8, bool, bool) {
        let (channel, zone, category) = (self.channel.is_some(), self.zone.is_some(), self.category.is_some());
        (u8::from(channel) + u8::from(zone) + u8::from(category), channel, zone)
    }

    fn matches(&self, channel: ChannelId, zone: Option<&str>, category: Option<&str>) -> bool {
        let fits = |wanted: &Option<Code>, given| wanted.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == given);
        self.channel.is_none_or(|wanted| wanted == channel) && fits(&self.zone, zone) && fits(&self.category, category)
    }
}
