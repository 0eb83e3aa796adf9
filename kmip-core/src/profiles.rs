//! The profiles that Query names (KMIP 1.4 §2.1.19, KMIP 2.1 §7.31): those whose published cases this server passes, each with
//! the version and the prefix of the cases that prove it.
//!
//! Profiles of which no case is published here (1.1 to 1.3, Suite B 192, Complete Server) are not claimed. Complete Server demands
//! everything, and so what is refused here: attestation (§9.11). Baseline Server of 3.0 is read as that of 2.1, which demands five
//! requests that a server sends (§6.2). Which names belong here is tested by playing the cases, and that Query names the operations
//! and objects that they demand.

use kmip_codec::operation::query::ProfileInformation;
use kmip_codec::registry::{Operation, ProfileName, WireEnum};
use kmip_codec::version::{V1_0, V1_4, V2_1, V3_0, Version};

use crate::engine::Engine;
use crate::ops;

/// A profile and its proof.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The version whose cases prove it.
    pub version: Version,
    /// How the names of these cases begin.
    pub cases: &'static str,
    /// Operations that depend on the key vault.
    needs: &'static [Operation],
    /// Whether it is about HTTPS, whose listener may be off.
    https: bool,
}

const NOTHING: &[Operation] = &[];
const BASIC: &[Operation] = &[Operation::Encrypt, Operation::Decrypt];
/// Certify is offered where there is an authority.
const QUANTUM_SAFE: &[Operation] = &[
    Operation::Encrypt,
    Operation::Decrypt,
    Operation::Sign,
    Operation::SignatureVerify,
    Operation::Certify,
    Operation::ReCertify,
];
const RANDOM: &[Operation] = &[Operation::RNGRetrieve, Operation::RNGSeed];
const ADVANCED: &[Operation] = &[
    Operation::Encrypt,
    Operation::Decrypt,
    Operation::Sign,
    Operation::SignatureVerify,
    Operation::MAC,
    Operation::MACVerify,
    Operation::RNGRetrieve,
    Operation::RNGSeed,
    Operation::Hash,
];

const fn row(name: ProfileName, version: Version, cases: &'static str, needs: &'static [Operation]) -> Profile {
    Profile { name, version, cases, needs, https: false }
}

/// A profile of messages over HTTPS (KMIP Additional Message Encodings 1.0 §8).
const fn encoded(name: ProfileName, version: Version, cases: &'static str) -> Profile {
    Profile { name, version, cases, needs: NOTHING, https: true }
}

/// All of them.
pub const PROFILES: [Profile; 55] = [
    row(ProfileName::TapeLibraryServerKMIPV1_0, V1_0, "TL-", NOTHING),
    row(ProfileName::SymmetricKeyLifecycleServerKMIPV1_0, V1_0, "SKLC-", NOTHING),
    row(ProfileName::AsymmetricKeyLifecycleServerKMIPV1_0, V1_0, "AKLC-", NOTHING),
    row(ProfileName::SymmetricKeyFoundryServerKMIPV1_0, V1_0, "SKFF-", NOTHING),
    row(ProfileName::OpaqueManagedObjectStoreServerKMIPV1_0, V1_0, "OMOS-", NOTHING),
    row(ProfileName::SuiteBMinLOS_128ServerKMIPV1_0, V1_0, "SUITEB_128-", NOTHING),
    row(ProfileName::StorageArrayWithSelfEncryptingDriveServerKMIPV1_0, V1_0, "SASED-", NOTHING),
    encoded(ProfileName::HTTPSServerKMIPV1_0, V1_0, "MSGENC-HTTPS-"),
    encoded(ProfileName::JSONServerKMIPV1_0, V1_0, "MSGENC-JSON-"),
    encoded(ProfileName::XMLServerKMIPV1_0, V1_0, "MSGENC-XML-"),
    row(ProfileName::TapeLibraryServerKMIPV1_4, V1_4, "TL-", NOTHING),
    row(ProfileName::SymmetricKeyLifecycleServerKMIPV1_4, V1_4, "SKLC-", NOTHING),
    row(ProfileName::AsymmetricKeyLifecycleServerKMIPV1_4, V1_4, "AKLC-", NOTHING),
    row(ProfileName::BasicCryptographicServerKMIPV1_4, V1_4, "CS-BC-", BASIC),
    row(ProfileName::AdvancedCryptographicServerKMIPV1_4, V1_4, "CS-AC-", ADVANCED),
    row(ProfileName::RNGCryptographicServerKMIPV1_4, V1_4, "CS-RNG-", RANDOM),
    row(ProfileName::SymmetricKeyFoundryServerKMIPV1_4, V1_4, "SKFF-", NOTHING),
    row(ProfileName::OpaqueManagedObjectStoreServerKMIPV1_4, V1_4, "OMOS-", NOTHING),
    row(ProfileName::SuiteBMinLOS_128ServerKMIPV1_4, V1_4, "SUITEB_128-", NOTHING),
    row(ProfileName::StorageArrayWithSelfEncryptingDriveServerKMIPV1_4, V1_4, "SASED-", NOTHING),
    encoded(ProfileName::HTTPSServerKMIPV1_4, V1_4, "MSGENC-HTTPS-"),
    encoded(ProfileName::JSONServerKMIPV1_4, V1_4, "MSGENC-JSON-"),
    encoded(ProfileName::XMLServerKMIPV1_4, V1_4, "MSGENC-XML-"),
    row(ProfileName::BaselineServer, V2_1, "BL-", NOTHING),
    row(ProfileName::TapeLibraryServer, V2_1, "TL-", NOTHING),
    row(ProfileName::SymmetricKeyLifecycleServer, V2_1, "SKLC-", NOTHING),
    row(ProfileName::AsymmetricKeyLifecycleServer, V2_1, "AKLC-", NOTHING),
    row(ProfileName::BasicCryptographicServer, V2_1, "CS-BC-", BASIC),
    row(ProfileName::AdvancedCryptographicServer, V2_1, "CS-AC-", ADVANCED),
    row(ProfileName::RNGCryptographicServer, V2_1, "CS-RNG-", RANDOM),
    row(ProfileName::SymmetricKeyFoundryServer, V2_1, "SKFF-", NOTHING),
    row(ProfileName::OpaqueManagedObjectStoreServer, V2_1, "OMOS-", NOTHING),
    row(ProfileName::StorageArrayWithSelfEncryptingDriveServer, V2_1, "SASED-", NOTHING),
    row(ProfileName::AESXTSServer, V2_1, "AX-", NOTHING),
    row(ProfileName::QuantumSafeServer, V2_1, "QS-", QUANTUM_SAFE),
    row(ProfileName::PKCS_11Server, V2_1, "PKCS11-", NOTHING),
    encoded(ProfileName::HTTPSServer, V2_1, "MSGENC-HTTPS-"),
    encoded(ProfileName::JSONServer, V2_1, "MSGENC-JSON-"),
    encoded(ProfileName::XMLServer, V2_1, "MSGENC-XML-"),
    row(ProfileName::BaselineServer, V3_0, "BL-", NOTHING),
    row(ProfileName::TapeLibraryServer, V3_0, "TL-", NOTHING),
    row(ProfileName::SymmetricKeyLifecycleServer, V3_0, "SKLC-", NOTHING),
    row(ProfileName::AsymmetricKeyLifecycleServer, V3_0, "AKLC-", NOTHING),
    row(ProfileName::BasicCryptographicServer, V3_0, "CS-BC-", BASIC),
    row(ProfileName::AdvancedCryptographicServer, V3_0, "CS-AC-", ADVANCED),
    row(ProfileName::RNGCryptographicServer, V3_0, "CS-RNG-", RANDOM),
    row(ProfileName::SymmetricKeyFoundryServer, V3_0, "SKFF-", NOTHING),
    row(ProfileName::OpaqueManagedObjectStoreServer, V3_0, "OMOS-", NOTHING),
    row(ProfileName::StorageArrayWithSelfEncryptingDriveServer, V3_0, "SASED-", NOTHING),
    row(ProfileName::AESXTSServer, V3_0, "AX-", NOTHING),
    row(ProfileName::QuantumSafeServer, V3_0, "QS-", QUANTUM_SAFE),
    row(ProfileName::PKCS_11Server, V3_0, "PKCS11-", NOTHING),
    encoded(ProfileName::HTTPSServer, V3_0, "MSGENC-HTTPS-"),
    encoded(ProfileName::JSONServer, V3_0, "MSGENC-JSON-"),
    encoded(ProfileName::XMLServer, V3_0, "MSGENC-XML-"),
];

/// What Query answers to a client of a version: names that the version has, of profiles whose operations the vault can do,
/// and of those about HTTPS only where this server speaks it. Where it does is not told: addresses depend on who asks.
pub(crate) fn information(engine: &Engine, version: Version) -> Vec<ProfileInformation> {
    let offered = ops::supported(engine, V3_0);
    // Names without a version are those of 2.x and of 3.0, each proved by the cases of its own.
    let own = |profile: &&Profile| (profile.version >= V3_0) == (version >= V3_0);
    let named = PROFILES.iter().filter(own).filter(|profile| ProfileName::TABLE.is_live(profile.name.0, version));
    let able = named.filter(|profile| profile.needs.iter().all(|operation| offered.contains(operation)));
    let able = able.filter(|profile| engine.config.https || !profile.https);
    let entry = |profile: &Profile| ProfileInformation {
        profile_name: profile.name,
        profile_version: None,
        server_uri: None,
        server_port: None,
    };
    able.map(entry).collect()
}
