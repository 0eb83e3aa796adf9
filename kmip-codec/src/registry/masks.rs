//! All bit masks of KMIP 1.0 to 3.0 (KMIP 2.1 §11, Bit Masks), one row a bit.

use super::enum_table::wire_masks;

wire_masks! {
    /// Cryptographic Usage Mask.
    CryptographicUsageMask "Cryptographic Usage Mask" {
        Sign = 0x00000001, "Sign", "Sign", V1_0, V3_0;
        Verify = 0x00000002, "Verify", "Verify", V1_0, V3_0;
        Encrypt = 0x00000004, "Encrypt", "Encrypt", V1_0, V3_0;
        Decrypt = 0x00000008, "Decrypt", "Decrypt", V1_0, V3_0;
        WrapKey = 0x00000010, "Wrap Key", "WrapKey", V1_0, V3_0;
        UnwrapKey = 0x00000020, "Unwrap Key", "UnwrapKey", V1_0, V3_0;
        Export = 0x00000040, "Export", "Export", V1_0, V1_4;
        MACGenerate = 0x00000080, "MAC Generate", "MACGenerate", V1_0, V3_0;
        MACVerify = 0x00000100, "MAC Verify", "MACVerify", V1_0, V3_0;
        DeriveKey = 0x00000200, "Derive Key", "DeriveKey", V1_0, V3_0;
        ContentCommitmentNonRepudiation = 0x00000400, "Content Commitment (Non Repudiation)", "ContentCommitmentNonRepudiation", V1_0, V1_4;
        KeyAgreement = 0x00000800, "Key Agreement", "KeyAgreement", V1_0, V3_0;
        CertificateSign = 0x00001000, "Certificate Sign", "CertificateSign", V1_0, V3_0;
        CRLSign = 0x00002000, "CRL Sign", "CRLSign", V1_0, V3_0;
        GenerateCryptogram = 0x00004000, "Generate Cryptogram", "GenerateCryptogram", V1_0, V1_4;
        ValidateCryptogram = 0x00008000, "Validate Cryptogram", "ValidateCryptogram", V1_0, V1_4;
        TranslateEncrypt = 0x00010000, "Translate Encrypt", "TranslateEncrypt", V1_0, V1_4;
        TranslateDecrypt = 0x00020000, "Translate Decrypt", "TranslateDecrypt", V1_0, V1_4;
        TranslateWrap = 0x00040000, "Translate Wrap", "TranslateWrap", V1_0, V1_4;
        TranslateUnwrap = 0x00080000, "Translate Unwrap", "TranslateUnwrap", V1_0, V1_4;
        Authenticate = 0x00100000, "Authenticate", "Authenticate", V2_0, V3_0;
        Unrestricted = 0x00200000, "Unrestricted", "Unrestricted", V2_0, V3_0;
        FPEEncrypt = 0x00400000, "FPE Encrypt", "FPEEncrypt", V2_0, V3_0;
        FPEDecrypt = 0x00800000, "FPE Decrypt", "FPEDecrypt", V2_0, V3_0;
    }
    /// Object Class Mask.
    ObjectClassMask "Object Class Mask" {
        User = 0x00000001, "User", "User", V3_0, V3_0;
        System = 0x00000002, "System", "System", V3_0, V3_0;
    }
    /// Protection Storage Mask.
    ProtectionStorageMask "Protection Storage Mask" {
        Software = 0x00000001, "Software", "Software", V2_0, V3_0;
        Hardware = 0x00000002, "Hardware", "Hardware", V2_0, V3_0;
        OnProcessor = 0x00000004, "On Processor", "OnProcessor", V2_0, V3_0;
        OnSystem = 0x00000008, "On System", "OnSystem", V2_0, V3_0;
        OffSystem = 0x00000010, "Off System", "OffSystem", V2_0, V3_0;
        Hypervisor = 0x00000020, "Hypervisor", "Hypervisor", V2_0, V3_0;
        OperatingSystem = 0x00000040, "Operating System", "OperatingSystem", V2_0, V3_0;
        Container = 0x00000080, "Container", "Container", V2_0, V3_0;
        OnPremises = 0x00000100, "On Premises", "OnPremises", V2_0, V3_0;
        OffPremises = 0x00000200, "Off Premises", "OffPremises", V2_0, V3_0;
        SelfManaged = 0x00000400, "Self Managed", "SelfManaged", V2_0, V3_0;
        Outsourced = 0x00000800, "Outsourced", "Outsourced", V2_0, V3_0;
        Validated = 0x00001000, "Validated", "Validated", V2_0, V3_0;
        SameJurisdiction = 0x00002000, "Same Jurisdiction", "SameJurisdiction", V2_0, V3_0;
    }
    /// Storage Status Mask.
    StorageStatusMask "Storage Status Mask" {
        OnLineStorage = 0x00000001, "On-line storage", "OnLineStorage", V1_0, V3_0;
        ArchivalStorage = 0x00000002, "Archival storage", "ArchivalStorage", V1_0, V3_0;
        DestroyedStorage = 0x00000004, "Destroyed storage", "DestroyedStorage", V2_0, V3_0;
    }
}
