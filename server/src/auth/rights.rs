//! Roles and what each may do.

use std::fmt;
use std::str::FromStr;

use stockade_core::Actor;
use stockade_core::command::{Command, OrderRef, StepAction};
use stockade_core::ids::Code;
use stockade_core::query::Query;
use stockade_core::reject::Reject;

use stockade_core::vocabulary::{Owned, Owner, Right};

/// The commands a storefront may send, in words.
const STOREFRONT_COMMANDS: &str = "storefront tokens place, pay, cancel and confirm orders of their channel";

/// What a caller does in the operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// A shop: quotes, places, pays, cancels and reads the orders of its own channel.
    Storefront,
    /// A warehouse: moves sub-orders along, receives and counts stock, and reads.
    Warehouse,
    /// Support staff: reads.
    Support,
    /// An administrator: everything.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Storefront, Role::Warehouse, Role::Support, Role::Admin];

    /// The role's name in files, JSON and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Storefront => "storefront",
            Role::Warehouse => "warehouse",
            Role::Support => "support",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let names = || Role::ALL.map(Role::name).join(", ");
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| format!("write one of: {}", names()))
    }
}

/// A caller whose token is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The token's name: the actor of every event it causes.
    pub name: Code,
    /// What the caller is.
    pub role: Role,
    /// The channel of a storefront; no other role has one.
    pub channel: Option<Code>,
}

impl Identity {
    /// The caller as events name it.
    pub fn actor(&self) -> Actor {
        Actor::Named(self.name.clone())
    }

    /// Whether the caller may send this command.
    ///
    /// # Errors
    /// [`Reject::Forbidden`] with the right that is missing.
    pub fn may(&self, command: &Command) -> Result<(), Reject> {
        let (right, owner) = (command.kind().class, command.owner());
        match self.role {
            Role::Admin => Ok(()),
            Role::Support => Err(self.lacks("support tokens only read")),
            Role::Warehouse if matches!(right, Right::Floor | Right::Ship) => Ok(()),
            Role::Warehouse => Err(self.lacks("warehouse tokens move sub-orders along and receive and count stock")),
            Role::Storefront if right == Right::Sell || confirms(command) => self.owns(owner, STOREFRONT_COMMANDS),
            Role::Storefront => Err(self.lacks(STOREFRONT_COMMANDS)),
        }
    }

    /// Whether the caller may ask this.
    ///
    /// # Errors
    /// [`Reject::Forbidden`] with the right that is missing.
    pub fn may_ask(&self, query: &Query) -> Result<(), Reject> {
        let (right, owner) = (query.kind().class, query.owner());
        match self.role {
            Role::Admin | Role::Support | Role::Warehouse => Ok(()),
            Role::Storefront if right == Right::ReadOwn => {
                self.owns(owner, "storefront tokens list orders of their own channel: name it")
            }
            Role::Storefront => Err(self.lacks("storefront tokens read availability and orders of their channel")),
        }
    }

    /// Whether this is of the caller's channel; `unnamed` says what is missing where no channel is named.
    fn owns(&self, owner: Owner<'_>, unnamed: &str) -> Result<(), Reject> {
        match owner {
            Owner::Channel(channel) => self.own(channel),
            Owner::Order(order) => self.own_order(order),
            Owner::Nobody => Err(self.lacks(unnamed)),
        }
    }

    fn own(&self, channel: &Code) -> Result<(), Reject> {
        match &self.channel {
            Some(own) if own == channel => Ok(()),
            Some(own) => Err(self.lacks(&format!("this token is for channel {own}, not {channel}"))),
            None => Err(self.lacks("this storefront token has no channel")),
        }
    }

    /// An engine id does not say whose order it is, so that a storefront must use its own numbers.
    fn own_order(&self, order: &OrderRef) -> Result<(), Reject> {
        match order {
            OrderRef::Number { channel, .. } => self.own(channel),
            OrderRef::Id(_) => Err(self.lacks("storefront tokens name orders by channel and number")),
        }
    }

    fn lacks(&self, reason: &str) -> Reject {
        Reject::Forbidden { reason: format!("{reason} (token {})", self.name) }
    }
}

/// Whether the command records that the customer confirmed receipt: the one step that a storefront may record.
fn confirms(command: &Command) -> bool {
    matches!(command, Command::Step(step) if step.action == StepAction::Confirm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::command::{Pay, TakeStep};
    use stockade_core::ids::{OrderId, SubNo};
    use stockade_core::query::AvailabilityQuery;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn identity(role: Role) -> Identity {
        let channel = (role == Role::Storefront).then(|| code("web"));
        Identity { name: code("x"), role, channel }
    }

    fn number(channel: &str) -> OrderRef {
        OrderRef::Number { channel: code(channel), number: code("1") }
    }

    fn step(action: StepAction) -> Command {
        Command::Step(TakeStep { order: number("web"), sub: SubNo(1), action })
    }

    #[test]
    fn storefronts_touch_only_their_channel() {
        let shop = identity(Role::Storefront);
        let pay = |order| Command::Pay(Pay::new(order));
        assert_eq!(shop.may(&pay(number("web"))), Ok(()));
        let refusal = shop.may(&pay(number("live"))).unwrap_err();
        assert_eq!(refusal.to_string(), "not allowed: this token is for channel web, not live (token x)");
        assert!(shop.may(&pay(OrderRef::Id(OrderId(1)))).is_err());
        assert_eq!(shop.may(&step(StepAction::Confirm)), Ok(()));
        assert!(shop.may(&step(StepAction::Pick)).is_err());
        let ask = |channel| Query::Availability(AvailabilityQuery { channel: code(channel), skus: vec![] });
        assert_eq!(shop.may_ask(&ask("web")), Ok(()));
        assert!(shop.may_ask(&ask("live")).is_err());
        assert!(shop.may_ask(&Query::World(stockade_core::query::World)).is_err());
    }

    #[test]
    fn warehouses_do_not_pay_and_support_only_reads() {
        let pay = Command::Pay(Pay::new(number("web")));
        assert_eq!(identity(Role::Warehouse).may(&step(StepAction::Pick)), Ok(()));
        assert!(identity(Role::Warehouse).may(&pay).is_err());
        assert!(identity(Role::Support).may(&step(StepAction::Pick)).is_err());
        assert_eq!(identity(Role::Support).may_ask(&Query::World(stockade_core::query::World)), Ok(()));
        assert_eq!(identity(Role::Admin).may(&pay), Ok(()));
    }
}
