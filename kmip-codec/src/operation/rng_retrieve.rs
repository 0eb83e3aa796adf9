//! RNG Retrieve (KMIP 2.1 §6.1.49).

use crate::macros::record;
use crate::operation::encrypt::Data;

record! {
    /// Request payload of RNG Retrieve (KMIP 2.1 §6.1.49). Since KMIP 1.2.
    RNGRetrieveRequest "RNG Retrieve Request Payload" {
        data_length: i32 = tag(DataLength),
    }

    /// Response payload of RNG Retrieve (KMIP 2.1 §6.1.49). Since KMIP 1.2.
    RNGRetrieveResponse "RNG Retrieve Response Payload" {
        data: Data = tag(Data),
    }
}
