//! Where a request stands in an operation by parts, and how its part is worked on (KMIP 2.1 §6.1.17 and the others).

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::registry::Operation;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use super::streams::{Bond, CORRELATION_BYTES, Given, Part, Stream};
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::Record;
use crate::state;

/// The fields of a request that say which part it is.
pub(crate) struct Indicators {
    /// Correlation Value.
    pub correlation: Option<ByteString>,
    /// Init Indicator.
    pub init: Option<bool>,
    /// Final Indicator.
    pub last: Option<bool>,
}

/// Which part a request is.
pub(crate) enum Stage {
    /// The whole, in one request.
    Whole,
    /// The first of several.
    First,
    /// A later one.
    Later(Later),
}

/// A later part of a stream.
pub(crate) struct Later {
    /// The stream.
    pub correlation: ByteString,
    /// Whether it is the last one.
    pub last: bool,
}

impl Indicators {
    /// Reads the fields. A part that is the first and the last one is the whole.
    pub fn stage(self) -> OpResult<Stage> {
        let (init, last) = (self.init.unwrap_or(false), self.last.unwrap_or(false));
        match self.correlation {
            Some(_) if init => {
                fail(Fault::InvalidField, "Init Indicator begins an operation that has no Correlation Value")
            }
            Some(correlation) => Ok(Stage::Later(Later { correlation, last })),
            None if init && !last => Ok(Stage::First),
            None => Ok(Stage::Whole),
        }
    }
}

/// What a stream of this request is bound to.
pub(crate) fn bond(context: &Context<'_>, operation: Operation, key: Option<&Record>) -> Bond {
    let key = key.map(|key| {
        let sealed = key.material.as_ref().map(|material| material.sealed.clone());
        (key.id.clone(), state::at(key, context.now), sealed)
    });
    let (client, scope) = (context.principal.client.clone(), context.txn.scope().clone());
    Bond { client, scope, operation, key }
}

/// Opens a stream with its first part; tells what that gives, and the Correlation Value.
pub(crate) fn open(context: &mut Context<'_>, mut stream: Stream, part: &Part<'_>) -> OpResult<(Given, ByteString)> {
    context.engine.streams.check_room(&context.effects, &context.principal.client, context.now)?;
    if stream.may_hold(context.engine.vault.as_ref()) {
        stream = stream.holding(&context.engine.streams);
    }
    let mut value = [0; CORRELATION_BYTES];
    context.engine.vault.unique(&mut value)?;
    let given = stream.update(part)?;
    let correlation = ByteString::new(&value);
    context.effects.open(correlation.clone(), stream);
    Ok((given, correlation))
}

/// Takes a later part.
pub(crate) fn advance(
    context: &mut Context<'_>,
    operation: Operation,
    key: Option<&Record>,
    correlation: &ByteString,
    part: &Part<'_>,
) -> OpResult<Given> {
    let bond = bond(context, operation, key);
    let asked = context.fingerprint();
    context.engine.streams.advance(&mut context.effects, correlation, &bond, part, asked, context.now)
}

/// Refuses additional data with a later part, where it would be authenticated by nothing (KMIP 1.4 §4.29, KMIP 2.1 §6.1.17).
pub(crate) fn no_additional_data(data: Option<&ByteString>) -> OpResult<()> {
    match data {
        Some(data) if !data.as_slice().is_empty() => {
            fail(Fault::InvalidField, "Authenticated Encryption Additional Data comes with the first part")
        }
        _ => Ok(()),
    }
}

/// The key of a later part: the one that the request names, or that of the stream.
pub(crate) fn target(
    context: &mut Context<'_>,
    id: Option<&UniqueIdentifier>,
    correlation: &ByteString,
) -> OpResult<Text> {
    if id.is_some() {
        return context.target(id);
    }
    let known = context.engine.streams.key(correlation, &context.principal.client);
    match known.or_else(|| context.effects.key(correlation)) {
        Some(id) => {
            context.subject = Some(id.clone());
            Ok(id)
        }
        None => fail(Fault::CorrelationValue, "no operation by parts has this Correlation Value"),
    }
}

/// Data of a part that gives any.
pub(crate) fn some(data: Secret) -> Option<kmip_codec::operation::encrypt::Data> {
    (!data.is_empty()).then_some(kmip_codec::operation::encrypt::Data::Bytes(data))
}
