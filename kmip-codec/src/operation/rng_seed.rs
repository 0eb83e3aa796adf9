//! RNG Seed (KMIP 2.1 §6.1.50).

use crate::macros::record;
use crate::operation::encrypt::Data;

record! {
    /// Request payload of RNG Seed (KMIP 2.1 §6.1.50). Since KMIP 1.2.
    RNGSeedRequest "RNG Seed Request Payload" {
        data: Data = tag(Data),
    }

    /// Response payload of RNG Seed (KMIP 2.1 §6.1.50). Since KMIP 1.2.
    RNGSeedResponse "RNG Seed Response Payload" {
        data_length: i32 = tag(DataLength),
    }
}
