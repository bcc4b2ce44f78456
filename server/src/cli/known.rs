//! What a server knows of the SKUs of a file.

use std::collections::BTreeSet;

use stockade_client::ClientError;
use stockade_core::ids::{Code, Seq};
use stockade_core::query::{Query, StockQuery};
use stockade_core::reject::{CodeKind, Reject};
use stockade_core::reply::Reply;

use super::connect::Session;

/// SKUs of one question.
const PAGE: usize = 1_000;

/// What a server knows of SKUs at a warehouse.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The SKUs that it does not know.
    pub(super) unknown: BTreeSet<Code>,
    /// The last event that touched one of the cells; [`Seq`] 0 when none did.
    pub(super) watermark: Seq,
}

impl Known {
    /// Asks a server about SKUs at a warehouse, a bounded page of them at a time.
    ///
    /// # Errors
    /// That it does not know the warehouse, that the caller may not ask, or why the call failed.
    pub(super) fn of<'a>(
        session: &Session,
        warehouse: &Code,
        skus: impl Iterator<Item = &'a Code>,
    ) -> Result<Known, ClientError> {
        let skus: Vec<&Code> = skus.collect();
        let mut known = Known::default();
        for page in skus.chunks(PAGE) {
            let mut page: Vec<Code> = page.iter().copied().cloned().collect();
            // Those that are unknown are named by a refusal, after which the others are asked for.
            while !page.is_empty() {
                let warehouse = Some(warehouse.clone());
                let query = StockQuery { skus: page.clone(), warehouse, after: None, limit: PAGE as u32 };
                match session.try_query(Query::Stock(query)) {
                    Ok(reply) => {
                        let Reply::Stock(cells) = reply else {
                            return Err(ClientError::Protocol(
                                "a question for stock was answered otherwise".to_owned(),
                            ));
                        };
                        let last = cells.iter().map(|cell| cell.watermark).max().unwrap_or_default();
                        known.watermark = known.watermark.max(last);
                        break;
                    }
                    Err(error) => known.leave_out(&mut page, error)?,
                }
            }
        }
        Ok(known)
    }

    /// Leaves SKUs out that a refusal says are unknown.
    fn leave_out(&mut self, page: &mut Vec<Code>, error: ClientError) -> Result<(), ClientError> {
        let ClientError::Rejected(Reject::Unknown { kind: CodeKind::Sku, codes }) = &error else { return Err(error) };
        let before = page.len();
        page.retain(|sku| !codes.contains(sku));
        if page.len() == before {
            return Err(error);
        }
        self.unknown.extend(codes.iter().cloned());
        Ok(())
    }
}
