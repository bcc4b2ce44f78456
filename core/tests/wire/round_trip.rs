//! Any message survives the wire, any bytes at all are read or refused.

use proptest::prelude::*;
use stockade_core::Durability;
use stockade_core::command::*;
use stockade_core::ids::{Code, OrderId, Seq, SubNo};
use stockade_core::query::*;
use stockade_core::reject::{Reject, Short};
use stockade_core::reply::*;
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;
use stockade_core::wire::body::{put_batch, put_frame, read_batch, read_body};
use stockade_core::wire::{ClientMessage, FrameDecoder, FrameKind, HEADER_BYTES, Header, ServerMessage};

use crate::samples;

fn code() -> impl Strategy<Value = Code> {
    prop_oneof!["[a-zA-Z0-9_-]{1,64}", "[\u{4e00}-\u{9fff}]{1,21}"].prop_map(|text| Code::new(&text).unwrap())
}

fn line() -> impl Strategy<Value = Line> {
    (code(), any::<u64>()).prop_map(|(sku, units)| Line { sku, units: Units(units) })
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec(line(), 0..40)
}

fn order() -> impl Strategy<Value = OrderRef> {
    prop_oneof![
        (code(), code()).prop_map(|(channel, number)| OrderRef::Number { channel, number }),
        any::<u64>().prop_map(|id| OrderRef::Id(OrderId(id))),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    let option = || prop::option::of(code());
    let limits = (any::<bool>(), prop::option::of(any::<u16>()), prop::option::of(any::<u64>()));
    (code(), code(), option(), option(), option(), limits, lines()).prop_map(
        |(channel, number, zone, customer, carrier, (ship_complete, max_parcels, hold), lines)| Place {
            channel,
            number,
            zone,
            customer,
            carrier,
            ship_complete,
            max_parcels,
            hold: hold.map(Span),
            lines,
        },
    )
}

fn step() -> impl Strategy<Value = StepAction> {
    prop_oneof![
        Just(StepAction::Pick),
        Just(StepAction::Unpack),
        Just(StepAction::Lost),
        lines().prop_map(StepAction::Short),
        any::<u32>().prop_map(StepAction::Weigh),
        prop::option::of(code()).prop_map(StepAction::Scan),
        lines().prop_map(StepAction::Return),
        (code(), lines()).prop_map(|(warehouse, lines)| StepAction::ReturnTo(ReturnTo { warehouse, lines })),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let sampled = prop::sample::select(samples::commands()).prop_map(|(_, command)| command);
    prop_oneof![
        2 => sampled,
        4 => place().prop_map(Command::Place),
        2 => (order(), any::<u16>(), step())
            .prop_map(|(order, sub, action)| Command::Step(TakeStep { order, sub: SubNo(sub), action })),
        1 => (code(), code(), any::<i64>(), "\\PC{0,80}").prop_map(|(sku, warehouse, delta, reason)| {
            Command::Adjust(Adjust { sku, warehouse, pool: None, delta, reason })
        }),
        1 => (code(), prop::collection::vec(any::<u64>(), 0..9), lines()).prop_map(|(warehouse, except, lines)| {
            Command::Count(Count { warehouse, as_of: None, except: except.into_iter().map(Seq).collect(), lines })
        }),
    ]
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let queries = prop::sample::select(samples::queries()).prop_map(|(_, query)| query);
    prop_oneof![
        6 => (prop::option::of(code()), prop::option::of(any::<u64>()), command()).prop_map(|(key, occurred, command)| {
            ClientMessage::Command(Request { key, occurred: occurred.map(Time), command })
        }),
        1 => (queries, any::<bool>()).prop_map(|(query, provisional)| ClientMessage::Query { query, provisional }),
        1 => place().prop_map(|place| ClientMessage::Query { query: Query::Quote(stockade_core::query::Quote(place)), provisional: false }),
        1 => Just(ClientMessage::Ping),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let short = (code(), any::<u64>(), any::<u64>()).prop_map(|(sku, wanted, available)| Short {
        sku,
        wanted: Units(wanted),
        available: Units(available),
    });
    let replies = prop::sample::select(samples::replies()).prop_map(|(_, reply)| Ok(reply));
    let rejects = prop::sample::select(samples::rejects()).prop_map(|(_, reject)| Err(reject));
    let shorts = prop::collection::vec(short, 0..20).prop_map(|short| Err(Reject::InsufficientStock { short }));
    let available = prop::collection::vec((code(), any::<u64>()), 0..60).prop_map(|all| {
        Ok(Reply::Availability(
            all.into_iter().map(|(sku, units)| Available { sku, units: Units(units), presale: Vec::new() }).collect(),
        ))
    });
    prop_oneof![
        replies.prop_map(ServerMessage::Reply),
        rejects.prop_map(ServerMessage::Reply),
        shorts.prop_map(ServerMessage::Reply),
        available.prop_map(ServerMessage::Reply),
        Just(ServerMessage::Pong),
    ]
}

fn header() -> impl Strategy<Value = Header> {
    let levels = prop::sample::select(vec![Durability::Memory, Durability::Journaled, Durability::Replicated]);
    (levels, any::<u64>(), any::<u64>()).prop_map(|(durability, correlation, time)| Header {
        kind: FrameKind::Request,
        durability,
        correlation,
        time: Time(time),
    })
}

proptest! {
    #[test]
    fn requests_come_back(header in header(), message in client_message()) {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, header, &message).unwrap();
        let mut decoder = FrameDecoder::new(bytes.len());
        decoder.extend(&bytes);
        let frame = decoder.next_frame().unwrap().unwrap();
        prop_assert_eq!(frame.header, header);
        prop_assert_eq!(read_body::<ClientMessage>(frame.body).unwrap(), message);
        for cut in 0..frame.body.len() {
            prop_assert!(read_body::<ClientMessage>(&frame.body[..cut]).is_err());
        }
    }

    #[test]
    fn replies_come_back(messages in prop::collection::vec(server_message(), 0..12), header in header()) {
        let mut bytes = Vec::new();
        put_batch(&mut bytes, header, &messages).unwrap();
        let mut decoder = FrameDecoder::new(bytes.len());
        decoder.extend(&bytes);
        let frame = decoder.next_frame().unwrap().unwrap();
        let mut seen = Vec::new();
        read_batch::<ServerMessage>(frame.body, |message| seen.push(message)).unwrap();
        prop_assert_eq!(seen, messages);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        // What is read must be written the same way: one value has one form.
        if let Ok(message) = read_body::<ClientMessage>(&bytes) {
            let mut again = Vec::new();
            let header = Header { kind: FrameKind::Request, durability: Durability::Memory, correlation: 0, time: Time(0) };
            put_frame(&mut again, header, &message).unwrap();
            prop_assert_eq!(read_body::<ClientMessage>(&again[HEADER_BYTES..]).unwrap(), message);
        }
        let _ = read_body::<ServerMessage>(&bytes);
        let _ = read_batch::<ClientMessage>(&bytes, |_| ());
    }
}
