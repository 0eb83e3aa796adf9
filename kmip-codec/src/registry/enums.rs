//! All enumerations of KMIP 1.0 to 3.0 (KMIP 2.1 §11.3 to §11.66), one row an entry: value, name, XML name, first and last version.
//!
//! Names that were spelled differently in some versions stand in `also` clauses, with their first and last version.

use super::enum_table::wire_enums;

wire_enums! {
    /// Adjustment Type.
    AdjustmentType "Adjustment Type" {
        Increment = 0x00000001, "Increment", "Increment", V2_0, V3_0;
        Decrement = 0x00000002, "Decrement", "Decrement", V2_0, V3_0;
        Negate = 0x00000003, "Negate", "Negate", V2_0, V3_0;
    }
    /// Alternative Name Type.
    AlternativeNameType "Alternative Name Type" {
        UninterpretedTextString = 0x00000001, "Uninterpreted Text String", "UninterpretedTextString", V1_2, V3_0;
        URI = 0x00000002, "URI", "URI", V1_2, V3_0;
        ObjectSerialNumber = 0x00000003, "Object Serial Number", "ObjectSerialNumber", V1_2, V3_0;
        EmailAddress = 0x00000004, "Email Address", "EmailAddress", V1_2, V3_0;
        DNSName = 0x00000005, "DNS Name", "DNSName", V1_2, V3_0;
        X_500DistinguishedName = 0x00000006, "X.500 Distinguished Name", "X_500DistinguishedName", V1_2, V3_0;
        IPAddress = 0x00000007, "IP Address", "IPAddress", V1_2, V3_0;
    }
    /// Asynchronous Indicator.
    AsynchronousIndicator "Asynchronous Indicator" {
        Mandatory = 0x00000001, "Mandatory", "Mandatory", V2_0, V3_0;
        Optional = 0x00000002, "Optional", "Optional", V2_0, V3_0;
        Prohibited = 0x00000003, "Prohibited", "Prohibited", V2_0, V3_0;
    }
    /// Attestation Type.
    AttestationType "Attestation Type" {
        TPMQuote = 0x00000001, "TPM Quote", "TPMQuote", V1_2, V3_0;
        TCGIntegrityReport = 0x00000002, "TCG Integrity Report", "TCGIntegrityReport", V1_2, V3_0;
        SAMLAssertion = 0x00000003, "SAML Assertion", "SAMLAssertion", V1_2, V3_0;
    }
    /// Batch Error Continuation Option.
    BatchErrorContinuationOption "Batch Error Continuation Option" {
        Continue = 0x00000001, "Continue", "Continue", V1_0, V3_0;
        Stop = 0x00000002, "Stop", "Stop", V1_0, V3_0;
        Undo = 0x00000003, "Undo", "Undo", V1_0, V3_0;
    }
    /// Block Cipher Mode.
    BlockCipherMode "Block Cipher Mode" {
        CBC = 0x00000001, "CBC", "CBC", V1_0, V3_0;
        ECB = 0x00000002, "ECB", "ECB", V1_0, V3_0;
        PCBC = 0x00000003, "PCBC", "PCBC", V1_0, V3_0;
        CFB = 0x00000004, "CFB", "CFB", V1_0, V3_0;
        OFB = 0x00000005, "OFB", "OFB", V1_0, V3_0;
        CTR = 0x00000006, "CTR", "CTR", V1_0, V3_0;
        CMAC = 0x00000007, "CMAC", "CMAC", V1_0, V3_0;
        CCM = 0x00000008, "CCM", "CCM", V1_0, V3_0;
        GCM = 0x00000009, "GCM", "GCM", V1_0, V3_0;
        CBC_MAC = 0x0000000A, "CBC-MAC", "CBC_MAC", V1_0, V3_0;
        XTS = 0x0000000B, "XTS", "XTS", V1_0, V3_0;
        AESKeyWrapPadding = 0x0000000C, "AESKeyWrapPadding", "AESKeyWrapPadding", V1_0, V3_0;
        NISTKeyWrap = 0x0000000D, "NISTKeyWrap", "NISTKeyWrap", V1_0, V3_0;
        X9_102AESKW = 0x0000000E, "X9.102 AESKW", "X9_102AESKW", V1_0, V3_0;
        X9_102TDKW = 0x0000000F, "X9.102 TDKW", "X9_102TDKW", V1_0, V3_0;
        X9_102AKW1 = 0x00000010, "X9.102 AKW1", "X9_102AKW1", V1_0, V3_0;
        X9_102AKW2 = 0x00000011, "X9.102 AKW2", "X9_102AKW2", V1_0, V3_0;
        AEAD = 0x00000012, "AEAD", "AEAD", V1_4, V3_0;
    }
    /// Cancellation Result.
    CancellationResult "Cancellation Result" {
        Canceled = 0x00000001, "Canceled", "Canceled", V1_0, V3_0;
        UnableToCancel = 0x00000002, "Unable to Cancel", "UnableToCancel", V1_0, V3_0;
        Completed = 0x00000003, "Completed", "Completed", V1_0, V3_0;
        Failed = 0x00000004, "Failed", "Failed", V1_0, V3_0;
        Unavailable = 0x00000005, "Unavailable", "Unavailable", V1_0, V3_0;
    }
    /// Certificate Request Type.
    CertificateRequestType "Certificate Request Type" {
        CRMF = 0x00000001, "CRMF", "CRMF", V1_0, V3_0;
        PKCS_10 = 0x00000002, "PKCS#10", "PKCS_10", V1_0, V3_0;
        PEM = 0x00000003, "PEM", "PEM", V1_0, V3_0;
        PGP = 0x00000004, "PGP", "PGP", V1_0, V1_4;
    }
    /// Certificate Type.
    CertificateType "Certificate Type" {
        X_509 = 0x00000001, "X.509", "X_509", V1_0, V3_0;
        PGP = 0x00000002, "PGP", "PGP", V1_0, V3_0;
    }
    /// Client Registration Method.
    ClientRegistrationMethod "Client Registration Method" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        ServerPreGenerated = 0x00000002, "Server Pre-Generated", "ServerPreGenerated", V1_3, V3_0;
        ServerOnDemand = 0x00000003, "Server On-Demand", "ServerOnDemand", V1_3, V3_0;
        ClientGenerated = 0x00000004, "Client Generated", "ClientGenerated", V1_3, V3_0;
        ClientRegistered = 0x00000005, "Client Registered", "ClientRegistered", V1_3, V3_0;
    }
    /// Credential Type.
    CredentialType "Credential Type" {
        UsernameAndPassword = 0x00000001, "Username and Password", "UsernameAndPassword", V1_0, V3_0;
        Device = 0x00000002, "Device", "Device", V1_1, V3_0;
        Attestation = 0x00000003, "Attestation", "Attestation", V1_2, V3_0;
        OneTimePassword = 0x00000004, "One Time Password", "OneTimePassword", V2_0, V3_0;
        HashedPassword = 0x00000005, "Hashed Password", "HashedPassword", V2_0, V3_0;
        Ticket = 0x00000006, "Ticket", "Ticket", V2_0, V3_0;
        Password = 0x00000007, "Password", "Password", V3_0, V3_0;
        Certificate = 0x00000008, "Certificate", "Certificate", V3_0, V3_0;
    }
    /// Cryptographic Algorithm.
    CryptographicAlgorithm "Cryptographic Algorithm" {
        DES = 0x00000001, "DES", "DES", V1_0, V3_0;
        DES3 = 0x00000002, "3DES", "DES3", V1_0, V3_0;
        AES = 0x00000003, "AES", "AES", V1_0, V3_0;
        RSA = 0x00000004, "RSA", "RSA", V1_0, V3_0;
        DSA = 0x00000005, "DSA", "DSA", V1_0, V3_0;
        ECDSA = 0x00000006, "ECDSA", "ECDSA", V1_0, V3_0;
        HMAC_SHA1 = 0x00000007, "HMAC-SHA1", "HMAC_SHA1", V1_0, V3_0;
        HMAC_SHA224 = 0x00000008, "HMAC-SHA224", "HMAC_SHA224", V1_0, V3_0;
        HMAC_SHA256 = 0x00000009, "HMAC-SHA256", "HMAC_SHA256", V1_0, V3_0;
        HMAC_SHA384 = 0x0000000A, "HMAC-SHA384", "HMAC_SHA384", V1_0, V3_0;
        HMAC_SHA512 = 0x0000000B, "HMAC-SHA512", "HMAC_SHA512", V1_0, V3_0;
        HMAC_MD5 = 0x0000000C, "HMAC-MD5", "HMAC_MD5", V1_0, V3_0;
        DH = 0x0000000D, "DH", "DH", V1_0, V3_0;
        ECDH = 0x0000000E, "ECDH", "ECDH", V1_0, V3_0;
        ECMQV = 0x0000000F, "ECMQV", "ECMQV", V1_0, V3_0;
        Blowfish = 0x00000010, "Blowfish", "Blowfish", V1_0, V3_0;
        Camellia = 0x00000011, "Camellia", "Camellia", V1_0, V3_0;
        CAST5 = 0x00000012, "CAST5", "CAST5", V1_0, V3_0;
        IDEA = 0x00000013, "IDEA", "IDEA", V1_0, V3_0;
        MARS = 0x00000014, "MARS", "MARS", V1_0, V3_0;
        RC2 = 0x00000015, "RC2", "RC2", V1_0, V3_0;
        RC4 = 0x00000016, "RC4", "RC4", V1_0, V3_0;
        RC5 = 0x00000017, "RC5", "RC5", V1_0, V3_0;
        SKIPJACK = 0x00000018, "SKIPJACK", "SKIPJACK", V1_0, V3_0;
        Twofish = 0x00000019, "Twofish", "Twofish", V1_0, V3_0;
        EC = 0x0000001A, "EC", "EC", V1_2, V3_0;
        OneTimePad = 0x0000001B, "One Time Pad", "OneTimePad", V1_3, V3_0;
        ChaCha20 = 0x0000001C, "ChaCha20", "ChaCha20", V1_4, V3_0;
        Poly1305 = 0x0000001D, "Poly1305", "Poly1305", V1_4, V3_0;
        ChaCha20Poly1305 = 0x0000001E, "ChaCha20Poly1305", "ChaCha20Poly1305", V1_4, V3_0;
        SHA3_224 = 0x0000001F, "SHA3-224", "SHA3_224", V1_4, V3_0;
        SHA3_256 = 0x00000020, "SHA3-256", "SHA3_256", V1_4, V3_0;
        SHA3_384 = 0x00000021, "SHA3-384", "SHA3_384", V1_4, V3_0;
        SHA3_512 = 0x00000022, "SHA3-512", "SHA3_512", V1_4, V3_0;
        HMAC_SHA3_224 = 0x00000023, "HMAC-SHA3-224", "HMAC_SHA3_224", V1_4, V3_0;
        HMAC_SHA3_256 = 0x00000024, "HMAC-SHA3-256", "HMAC_SHA3_256", V1_4, V3_0;
        HMAC_SHA3_384 = 0x00000025, "HMAC-SHA3-384", "HMAC_SHA3_384", V1_4, V3_0;
        HMAC_SHA3_512 = 0x00000026, "HMAC-SHA3-512", "HMAC_SHA3_512", V1_4, V3_0;
        SHAKE_128 = 0x00000027, "SHAKE-128", "SHAKE_128", V1_4, V3_0;
        SHAKE_256 = 0x00000028, "SHAKE-256", "SHAKE_256", V1_4, V3_0;
        ARIA = 0x00000029, "ARIA", "ARIA", V2_0, V3_0;
        SEED = 0x0000002A, "SEED", "SEED", V2_0, V3_0;
        SM2 = 0x0000002B, "SM2", "SM2", V2_0, V3_0;
        SM3 = 0x0000002C, "SM3", "SM3", V2_0, V3_0;
        SM4 = 0x0000002D, "SM4", "SM4", V2_0, V3_0;
        GOSTR34_10_2012 = 0x0000002E, "GOST R 34.10-2012", "GOSTR34_10_2012", V2_0, V3_0;
        GOSTR34_11_2012 = 0x0000002F, "GOST R 34.11-2012", "GOSTR34_11_2012", V2_0, V3_0;
        GOSTR34_13_2015 = 0x00000030, "GOST R 34.13-2015", "GOSTR34_13_2015", V2_0, V3_0;
        GOST28147_89 = 0x00000031, "GOST 28147-89", "GOST28147_89", V2_0, V3_0;
        XMSS = 0x00000032, "XMSS", "XMSS", V2_0, V3_0;
        SPHINCS_256 = 0x00000033, "SPHINCS-256", "SPHINCS_256", V2_0, V3_0;
        McEliece = 0x00000034, "McEliece", "McEliece", V2_0, V3_0;
        McEliece_6960119 = 0x00000035, "McEliece-6960119", "McEliece_6960119", V2_0, V3_0;
        McEliece_8192128 = 0x00000036, "McEliece-8192128", "McEliece_8192128", V2_0, V3_0;
        Ed25519 = 0x00000037, "Ed25519", "Ed25519", V2_0, V3_0;
        Ed448 = 0x00000038, "Ed448", "Ed448", V2_0, V3_0;
        ML_KEM_512 = 0x00000039, "ML-KEM-512", "ML_KEM_512", V3_0, V3_0;
        ML_KEM_768 = 0x0000003A, "ML-KEM-768", "ML_KEM_768", V3_0, V3_0;
        ML_KEM_1024 = 0x0000003B, "ML-KEM-1024", "ML_KEM_1024", V3_0, V3_0;
        ML_DSA_44 = 0x0000003C, "ML-DSA-44", "ML_DSA_44", V3_0, V3_0;
        ML_DSA_65 = 0x0000003D, "ML-DSA-65", "ML_DSA_65", V3_0, V3_0;
        ML_DSA_87 = 0x0000003E, "ML-DSA-87", "ML_DSA_87", V3_0, V3_0;
        SLH_DSA_SHA2_128s = 0x0000003F, "SLH-DSA-SHA2-128s", "SLH_DSA_SHA2_128s", V3_0, V3_0;
        SLH_DSA_SHA2_128f = 0x00000040, "SLH-DSA-SHA2-128f", "SLH_DSA_SHA2_128f", V3_0, V3_0;
        SLH_DSA_SHA2_192s = 0x00000041, "SLH-DSA-SHA2-192s", "SLH_DSA_SHA2_192s", V3_0, V3_0;
        SLH_DSA_SHA2_192f = 0x00000042, "SLH-DSA-SHA2-192f", "SLH_DSA_SHA2_192f", V3_0, V3_0;
        SLH_DSA_SHA2_256s = 0x00000043, "SLH-DSA-SHA2-256s", "SLH_DSA_SHA2_256s", V3_0, V3_0;
        SLH_DSA_SHA2_256f = 0x00000044, "SLH-DSA-SHA2-256f", "SLH_DSA_SHA2_256f", V3_0, V3_0;
        SLH_DSA_SHAKE_128s = 0x00000045, "SLH-DSA-SHAKE-128s", "SLH_DSA_SHAKE_128s", V3_0, V3_0;
        SLH_DSA_SHAKE_128f = 0x00000046, "SLH-DSA-SHAKE-128f", "SLH_DSA_SHAKE_128f", V3_0, V3_0;
        SLH_DSA_SHAKE_192s = 0x00000047, "SLH-DSA-SHAKE-192s", "SLH_DSA_SHAKE_192s", V3_0, V3_0;
        SLH_DSA_SHAKE_192f = 0x00000048, "SLH-DSA-SHAKE-192f", "SLH_DSA_SHAKE_192f", V3_0, V3_0;
        SLH_DSA_SHAKE_256s = 0x00000049, "SLH-DSA-SHAKE-256s", "SLH_DSA_SHAKE_256s", V3_0, V3_0;
        SLH_DSA_SHAKE_256f = 0x0000004A, "SLH-DSA-SHAKE-256f", "SLH_DSA_SHAKE_256f", V3_0, V3_0;
    }
    /// Data.
    DataEnumeration "Data" {
        Decrypt = 0x00000001, "Decrypt", "Decrypt", V2_0, V3_0;
        Encrypt = 0x00000002, "Encrypt", "Encrypt", V2_0, V3_0;
        Hash = 0x00000003, "Hash", "Hash", V2_0, V3_0;
        MACMACData = 0x00000004, "MAC MAC Data", "MACMACData", V2_0, V3_0;
        RNGRetrieve = 0x00000005, "RNG Retrieve", "RNGRetrieve", V2_0, V3_0;
        SignSignatureData = 0x00000006, "Sign Signature Data", "SignSignatureData", V2_0, V3_0;
        SignatureVerify = 0x00000007, "Signature Verify", "SignatureVerify", V2_0, V3_0;
    }
    /// Deactivation Reason Code.
    DeactivationReasonCode "Deactivation Reason Code" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V3_0, V3_0;
        DeactivationDate = 0x00000002, "Deactivation Date", "DeactivationDate", V3_0, V3_0;
        ProtectStopDate = 0x00000003, "Protect Stop Date", "ProtectStopDate", V3_0, V3_0;
        UsageLimit = 0x00000004, "Usage Limit", "UsageLimit", V3_0, V3_0;
    }
    /// Derivation Method.
    DerivationMethod "Derivation Method" {
        PBKDF2 = 0x00000001, "PBKDF2", "PBKDF2", V1_0, V3_0;
        HASH = 0x00000002, "HASH", "HASH", V1_0, V3_0;
        HMAC = 0x00000003, "HMAC", "HMAC", V1_0, V3_0;
        ENCRYPT = 0x00000004, "ENCRYPT", "ENCRYPT", V1_0, V3_0;
        NIST800_108_C = 0x00000005, "NIST800-108-C", "NIST800_108_C", V1_0, V3_0;
        NIST800_108_F = 0x00000006, "NIST800-108-F", "NIST800_108_F", V1_0, V3_0;
        NIST800_108_DPI = 0x00000007, "NIST800-108-DPI", "NIST800_108_DPI", V1_0, V3_0;
        AsymmetricKey = 0x00000008, "Asymmetric Key", "AsymmetricKey", V1_4, V3_0;
        AWSSignatureVersion4 = 0x00000009, "AWS Signature Version 4", "AWSSignatureVersion4", V2_0, V3_0;
        HKDF = 0x0000000A, "HKDF", "HKDF", V2_0, V3_0;
    }
    /// Destroy Action.
    DestroyAction "Destroy Action" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        KeyMaterialDeleted = 0x00000002, "Key Material Deleted", "KeyMaterialDeleted", V1_3, V3_0;
        KeyMaterialShredded = 0x00000003, "Key Material Shredded", "KeyMaterialShredded", V1_3, V3_0;
        MetaDataDeleted = 0x00000004, "Meta Data Deleted", "MetaDataDeleted", V1_3, V3_0;
        MetaDataShredded = 0x00000005, "Meta Data Shredded", "MetaDataShredded", V1_3, V3_0;
        Deleted = 0x00000006, "Deleted", "Deleted", V1_3, V3_0;
        Shredded = 0x00000007, "Shredded", "Shredded", V1_3, V3_0;
    }
    /// Digital Signature Algorithm.
    DigitalSignatureAlgorithm "Digital Signature Algorithm" {
        MD2WithRSAEncryption = 0x00000001, "MD2 with RSA Encryption", "MD2WithRSAEncryption", V1_1, V3_0 also ["MD2 with RSA Encryption (PKCS#1 v1.5)", "MD2WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        MD5WithRSAEncryption = 0x00000002, "MD5 with RSA Encryption", "MD5WithRSAEncryption", V1_1, V3_0 also ["MD5 with RSA Encryption (PKCS#1 v1.5)", "MD5WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        SHA_1WithRSAEncryption = 0x00000003, "SHA-1 with RSA Encryption", "SHA_1WithRSAEncryption", V1_1, V3_0 also ["SHA-1 with RSA Encryption (PKCS#1 v1.5)", "SHA_1WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        SHA_224WithRSAEncryption = 0x00000004, "SHA-224 with RSA Encryption", "SHA_224WithRSAEncryption", V1_1, V3_0 also ["SHA-224 with RSA Encryption (PKCS#1 v1.5)", "SHA_224WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        SHA_256WithRSAEncryption = 0x00000005, "SHA-256 with RSA Encryption", "SHA_256WithRSAEncryption", V1_1, V3_0 also ["SHA-256 with RSA Encryption (PKCS#1 v1.5)", "SHA_256WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        SHA_384WithRSAEncryption = 0x00000006, "SHA-384 with RSA Encryption", "SHA_384WithRSAEncryption", V1_1, V3_0 also ["SHA-384 with RSA Encryption (PKCS#1 v1.5)", "SHA_384WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        SHA_512WithRSAEncryption = 0x00000007, "SHA-512 with RSA Encryption", "SHA_512WithRSAEncryption", V1_1, V3_0 also ["SHA-512 with RSA Encryption (PKCS#1 v1.5)", "SHA_512WithRSAEncryptionPKCS_1V1_5", V1_1, V1_4];
        RSASSA_PSS = 0x00000008, "RSASSA-PSS", "RSASSA_PSS", V1_1, V3_0 also ["RSASSA-PSS (PKCS#1 v2.1)", "RSASSAPSSPKCS_1V2_1", V1_1, V1_4];
        DSAWithSHA_1 = 0x00000009, "DSA with SHA-1", "DSAWithSHA_1", V1_1, V3_0;
        DSAWithSHA224 = 0x0000000A, "DSA with SHA224", "DSAWithSHA224", V1_1, V3_0;
        DSAWithSHA256 = 0x0000000B, "DSA with SHA256", "DSAWithSHA256", V1_1, V3_0;
        ECDSAWithSHA_1 = 0x0000000C, "ECDSA with SHA-1", "ECDSAWithSHA_1", V1_1, V3_0;
        ECDSAWithSHA224 = 0x0000000D, "ECDSA with SHA224", "ECDSAWithSHA224", V1_1, V3_0;
        ECDSAWithSHA256 = 0x0000000E, "ECDSA with SHA256", "ECDSAWithSHA256", V1_1, V3_0;
        ECDSAWithSHA384 = 0x0000000F, "ECDSA with SHA384", "ECDSAWithSHA384", V1_1, V3_0;
        ECDSAWithSHA512 = 0x00000010, "ECDSA with SHA512", "ECDSAWithSHA512", V1_1, V3_0;
        SHA3_256WithRSAEncryption = 0x00000011, "SHA3-256 with RSA Encryption", "SHA3_256WithRSAEncryption", V1_4, V3_0;
        SHA3_384WithRSAEncryption = 0x00000012, "SHA3-384 with RSA Encryption", "SHA3_384WithRSAEncryption", V1_4, V3_0;
        SHA3_512WithRSAEncryption = 0x00000013, "SHA3-512 with RSA Encryption", "SHA3_512WithRSAEncryption", V1_4, V3_0;
    }
    /// DRBG Algorithm.
    DRBGAlgorithm "DRBG Algorithm" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        Dual_EC = 0x00000002, "Dual-EC", "Dual_EC", V1_3, V3_0;
        Hash = 0x00000003, "Hash", "Hash", V1_3, V3_0;
        HMAC = 0x00000004, "HMAC", "HMAC", V1_3, V3_0;
        CTR = 0x00000005, "CTR", "CTR", V1_3, V3_0;
    }
    /// Encoding Option.
    EncodingOption "Encoding Option" {
        NoEncoding = 0x00000001, "No Encoding", "NoEncoding", V1_1, V3_0;
        TTLVEncoding = 0x00000002, "TTLV Encoding", "TTLVEncoding", V1_1, V3_0;
    }
    /// Endpoint Role.
    EndpointRole "Endpoint Role" {
        Client = 0x00000001, "Client", "Client", V2_0, V3_0;
        Server = 0x00000002, "Server", "Server", V2_0, V3_0;
    }
    /// Ephemeral.
    EphemeralEnumeration "Ephemeral" {
        Data = 0x00000001, "Data", "Data", V3_0, V3_0;
        Empty = 0x00000002, "Empty", "Empty", V3_0, V3_0;
        UniqueIdentifier = 0x00000003, "Unique Identifier", "UniqueIdentifier", V3_0, V3_0;
    }
    /// FIPS186 Variation.
    FIPS186Variation "FIPS186 Variation" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        GPXOriginal = 0x00000002, "GP x-Original", "GPXOriginal", V1_3, V3_0;
        GPXChangeNotice = 0x00000003, "GP x-Change Notice", "GPXChangeNotice", V1_3, V3_0;
        XOriginal = 0x00000004, "x-Original", "XOriginal", V1_3, V3_0;
        XChangeNotice = 0x00000005, "x-Change Notice", "XChangeNotice", V1_3, V3_0;
        KOriginal = 0x00000006, "k-Original", "KOriginal", V1_3, V3_0;
        KChangeNotice = 0x00000007, "k-Change Notice", "KChangeNotice", V1_3, V3_0;
    }
    /// Hashing Algorithm.
    HashingAlgorithm "Hashing Algorithm" {
        MD2 = 0x00000001, "MD2", "MD2", V1_0, V3_0;
        MD4 = 0x00000002, "MD4", "MD4", V1_0, V3_0;
        MD5 = 0x00000003, "MD5", "MD5", V1_0, V3_0;
        SHA_1 = 0x00000004, "SHA-1", "SHA_1", V1_0, V3_0;
        SHA_224 = 0x00000005, "SHA-224", "SHA_224", V1_0, V3_0;
        SHA_256 = 0x00000006, "SHA-256", "SHA_256", V1_0, V3_0;
        SHA_384 = 0x00000007, "SHA-384", "SHA_384", V1_0, V3_0;
        SHA_512 = 0x00000008, "SHA-512", "SHA_512", V1_0, V3_0;
        RIPEMD_160 = 0x00000009, "RIPEMD-160", "RIPEMD_160", V1_0, V3_0;
        Tiger = 0x0000000A, "Tiger", "Tiger", V1_0, V3_0;
        Whirlpool = 0x0000000B, "Whirlpool", "Whirlpool", V1_0, V3_0;
        SHA_512_224 = 0x0000000C, "SHA-512/224", "SHA_512_224", V1_2, V3_0;
        SHA_512_256 = 0x0000000D, "SHA-512/256", "SHA_512_256", V1_2, V3_0;
        SHA3_224 = 0x0000000E, "SHA3-224", "SHA3_224", V1_4, V3_0 also ["SHA-3-224", "SHA_3_224", V1_4, V1_4];
        SHA3_256 = 0x0000000F, "SHA3-256", "SHA3_256", V1_4, V3_0 also ["SHA-3-256", "SHA_3_256", V1_4, V1_4];
        SHA3_384 = 0x00000010, "SHA3-384", "SHA3_384", V1_4, V3_0 also ["SHA-3-384", "SHA_3_384", V1_4, V1_4];
        SHA3_512 = 0x00000011, "SHA3-512", "SHA3_512", V1_4, V3_0 also ["SHA-3-512", "SHA_3_512", V1_4, V1_4];
    }
    /// Interop Function.
    InteropFunction "Interop Function" {
        Begin = 0x00000001, "Begin", "Begin", V2_0, V3_0;
        End = 0x00000002, "End", "End", V2_0, V3_0;
        Reset = 0x00000003, "Reset", "Reset", V2_0, V3_0;
    }
    /// Item Type.
    ItemType "Item Type" {
        Structure = 0x00000001, "Structure", "Structure", V2_0, V3_0;
        Integer = 0x00000002, "Integer", "Integer", V2_0, V3_0;
        LongInteger = 0x00000003, "Long Integer", "LongInteger", V2_0, V3_0;
        BigInteger = 0x00000004, "Big Integer", "BigInteger", V2_0, V3_0;
        Enumeration = 0x00000005, "Enumeration", "Enumeration", V2_0, V3_0;
        Boolean = 0x00000006, "Boolean", "Boolean", V2_0, V3_0;
        TextString = 0x00000007, "Text String", "TextString", V2_0, V3_0;
        ByteString = 0x00000008, "Byte String", "ByteString", V2_0, V3_0;
        DateTime = 0x00000009, "Date Time", "DateTime", V2_0, V3_0;
        Interval = 0x0000000A, "Interval", "Interval", V2_0, V3_0;
        DateTimeExtended = 0x0000000B, "Date Time Extended", "DateTimeExtended", V2_0, V3_0;
        Identifier = 0x0000000C, "Identifier", "Identifier", V3_0, V3_0;
        Reference = 0x0000000D, "Reference", "Reference", V3_0, V3_0;
        NameReference = 0x0000000E, "Name Reference", "NameReference", V3_0, V3_0;
    }
    /// Key Compression Type.
    KeyCompressionType "Key Compression Type" {
        ECPublicKeyTypeUncompressed = 0x00000001, "EC Public Key Type Uncompressed", "ECPublicKeyTypeUncompressed", V1_0, V3_0;
        ECPublicKeyTypeX9_62CompressedPrime = 0x00000002, "EC Public Key Type X9.62 Compressed Prime", "ECPublicKeyTypeX9_62CompressedPrime", V1_0, V3_0;
        ECPublicKeyTypeX9_62CompressedChar2 = 0x00000003, "EC Public Key Type X9.62 Compressed Char2", "ECPublicKeyTypeX9_62CompressedChar2", V1_0, V3_0;
        ECPublicKeyTypeX9_62Hybrid = 0x00000004, "EC Public Key Type X9.62 Hybrid", "ECPublicKeyTypeX9_62Hybrid", V1_0, V3_0;
    }
    /// Key Format Type.
    KeyFormatType "Key Format Type" {
        Raw = 0x00000001, "Raw", "Raw", V1_0, V3_0;
        Opaque = 0x00000002, "Opaque", "Opaque", V1_0, V3_0;
        PKCS_1 = 0x00000003, "PKCS#1", "PKCS_1", V1_0, V3_0;
        PKCS_8 = 0x00000004, "PKCS#8", "PKCS_8", V1_0, V3_0;
        X_509 = 0x00000005, "X.509", "X_509", V1_0, V3_0;
        ECPrivateKey = 0x00000006, "ECPrivateKey", "ECPrivateKey", V1_0, V3_0;
        TransparentSymmetricKey = 0x00000007, "Transparent Symmetric Key", "TransparentSymmetricKey", V1_0, V3_0;
        TransparentDSAPrivateKey = 0x00000008, "Transparent DSA Private Key", "TransparentDSAPrivateKey", V1_0, V3_0;
        TransparentDSAPublicKey = 0x00000009, "Transparent DSA Public Key", "TransparentDSAPublicKey", V1_0, V3_0;
        TransparentRSAPrivateKey = 0x0000000A, "Transparent RSA Private Key", "TransparentRSAPrivateKey", V1_0, V3_0;
        TransparentRSAPublicKey = 0x0000000B, "Transparent RSA Public Key", "TransparentRSAPublicKey", V1_0, V3_0;
        TransparentDHPrivateKey = 0x0000000C, "Transparent DH Private Key", "TransparentDHPrivateKey", V1_0, V3_0;
        TransparentDHPublicKey = 0x0000000D, "Transparent DH Public Key", "TransparentDHPublicKey", V1_0, V3_0;
        TransparentECDSAPrivateKey = 0x0000000E, "Transparent ECDSA Private Key", "TransparentECDSAPrivateKey", V1_0, V1_4;
        TransparentECDSAPublicKey = 0x0000000F, "Transparent ECDSA Public Key", "TransparentECDSAPublicKey", V1_0, V1_4;
        TransparentECDHPrivateKey = 0x00000010, "Transparent ECDH Private Key", "TransparentECDHPrivateKey", V1_0, V1_4;
        TransparentECDHPublicKey = 0x00000011, "Transparent ECDH Public Key", "TransparentECDHPublicKey", V1_0, V1_4;
        TransparentECMQVPrivateKey = 0x00000012, "Transparent ECMQV Private Key", "TransparentECMQVPrivateKey", V1_0, V1_4;
        TransparentECMQVPublicKey = 0x00000013, "Transparent ECMQV Public Key", "TransparentECMQVPublicKey", V1_0, V1_4;
        TransparentECPrivateKey = 0x00000014, "Transparent EC Private Key", "TransparentECPrivateKey", V1_3, V3_0;
        TransparentECPublicKey = 0x00000015, "Transparent EC Public Key", "TransparentECPublicKey", V1_3, V3_0;
        PKCS_12 = 0x00000016, "PKCS#12", "PKCS_12", V1_4, V3_0;
        PKCS_10 = 0x00000017, "PKCS#10", "PKCS_10", V2_0, V3_0;
    }
    /// Key Role Type.
    KeyRoleType "Key Role Type" {
        BDK = 0x00000001, "BDK", "BDK", V1_0, V3_0;
        CVK = 0x00000002, "CVK", "CVK", V1_0, V3_0;
        DEK = 0x00000003, "DEK", "DEK", V1_0, V3_0;
        MKAC = 0x00000004, "MKAC", "MKAC", V1_0, V3_0;
        MKSMC = 0x00000005, "MKSMC", "MKSMC", V1_0, V3_0;
        MKSMI = 0x00000006, "MKSMI", "MKSMI", V1_0, V3_0;
        MKDAC = 0x00000007, "MKDAC", "MKDAC", V1_0, V3_0;
        MKDN = 0x00000008, "MKDN", "MKDN", V1_0, V3_0;
        MKCP = 0x00000009, "MKCP", "MKCP", V1_0, V3_0;
        MKOTH = 0x0000000A, "MKOTH", "MKOTH", V1_0, V3_0;
        KEK = 0x0000000B, "KEK", "KEK", V1_0, V3_0;
        MAC16609 = 0x0000000C, "MAC16609", "MAC16609", V1_0, V3_0;
        MAC97971 = 0x0000000D, "MAC97971", "MAC97971", V1_0, V3_0;
        MAC97972 = 0x0000000E, "MAC97972", "MAC97972", V1_0, V3_0;
        MAC97973 = 0x0000000F, "MAC97973", "MAC97973", V1_0, V3_0;
        MAC97974 = 0x00000010, "MAC97974", "MAC97974", V1_0, V3_0;
        MAC97975 = 0x00000011, "MAC97975", "MAC97975", V1_0, V3_0;
        ZPK = 0x00000012, "ZPK", "ZPK", V1_0, V3_0;
        PVKIBM = 0x00000013, "PVKIBM", "PVKIBM", V1_0, V3_0;
        PVKPVV = 0x00000014, "PVKPVV", "PVKPVV", V1_0, V3_0;
        PVKOTH = 0x00000015, "PVKOTH", "PVKOTH", V1_0, V3_0;
        DUKPT = 0x00000016, "DUKPT", "DUKPT", V1_4, V3_0;
        IV = 0x00000017, "IV", "IV", V1_4, V3_0;
        TRKBK = 0x00000018, "TRKBK", "TRKBK", V1_4, V3_0;
    }
    /// Key Value Location Type.
    KeyValueLocationType "Key Value Location Type" {
        UninterpretedTextString = 0x00000001, "Uninterpreted Text String", "UninterpretedTextString", V1_2, V3_0;
        URI = 0x00000002, "URI", "URI", V1_2, V3_0;
    }
    /// Key Wrap Type.
    KeyWrapType "Key Wrap Type" {
        NotWrapped = 0x00000001, "Not Wrapped", "NotWrapped", V1_4, V3_0;
        AsRegistered = 0x00000002, "As Registered", "AsRegistered", V1_4, V3_0;
    }
    /// Link Type.
    LinkType "Link Type" {
        CertificateLink = 0x00000101, "Certificate Link", "CertificateLink", V1_0, V2_1;
        PublicKeyLink = 0x00000102, "Public Key Link", "PublicKeyLink", V1_0, V2_1;
        PrivateKeyLink = 0x00000103, "Private Key Link", "PrivateKeyLink", V1_0, V2_1;
        DerivationBaseObjectLink = 0x00000104, "Derivation Base Object Link", "DerivationBaseObjectLink", V1_0, V2_1;
        DerivedKeyLink = 0x00000105, "Derived Key Link", "DerivedKeyLink", V1_0, V2_1;
        ReplacementObjectLink = 0x00000106, "Replacement Object Link", "ReplacementObjectLink", V1_0, V2_1;
        ReplacedObjectLink = 0x00000107, "Replaced Object Link", "ReplacedObjectLink", V1_0, V2_1;
        ParentLink = 0x00000108, "Parent Link", "ParentLink", V1_2, V2_1;
        ChildLink = 0x00000109, "Child Link", "ChildLink", V1_2, V2_1;
        PreviousLink = 0x0000010A, "Previous Link", "PreviousLink", V1_2, V2_1;
        NextLink = 0x0000010B, "Next Link", "NextLink", V1_2, V2_1;
        PKCS_12CertificateLink = 0x0000010C, "PKCS#12 Certificate Link", "PKCS_12CertificateLink", V1_4, V2_1;
        PKCS_12PasswordLink = 0x0000010D, "PKCS#12 Password Link", "PKCS_12PasswordLink", V1_4, V2_1;
        WrappingKeyLink = 0x0000010E, "Wrapping Key Link", "WrappingKeyLink", V2_0, V2_1;
    }
    /// Mask Generator.
    MaskGenerator "Mask Generator" {
        MGF1 = 0x00000001, "MGF1", "MGF1", V1_4, V3_0 also ["MFG1", "MGF1", V2_0, V3_0];
    }
    /// Name Type.
    NameType "Name Type" {
        UninterpretedTextString = 0x00000001, "Uninterpreted Text String", "UninterpretedTextString", V1_0, V2_1;
        URI = 0x00000002, "URI", "URI", V1_0, V2_1;
    }
    /// NIST Key Type.
    NISTKeyType "NIST Key Type" {
        PrivateSignatureKey = 0x00000001, "Private signature key", "PrivateSignatureKey", V2_0, V3_0;
        PublicSignatureVerificationKey = 0x00000002, "Public signature verification key", "PublicSignatureVerificationKey", V2_0, V3_0;
        SymmetricAuthenticationKey = 0x00000003, "Symmetric authentication key", "SymmetricAuthenticationKey", V2_0, V3_0;
        PrivateAuthenticationKey = 0x00000004, "Private authentication key", "PrivateAuthenticationKey", V2_0, V3_0;
        PublicAuthenticationKey = 0x00000005, "Public authentication key", "PublicAuthenticationKey", V2_0, V3_0;
        SymmetricDataEncryptionKey = 0x00000006, "Symmetric data encryption key", "SymmetricDataEncryptionKey", V2_0, V3_0;
        SymmetricKeyWrappingKey = 0x00000007, "Symmetric key wrapping key", "SymmetricKeyWrappingKey", V2_0, V3_0;
        SymmetricRandomNumberGenerationKey = 0x00000008, "Symmetric random number generation key", "SymmetricRandomNumberGenerationKey", V2_0, V3_0;
        SymmetricMasterKey = 0x00000009, "Symmetric master key", "SymmetricMasterKey", V2_0, V3_0;
        PrivateKeyTransportKey = 0x0000000A, "Private key transport key", "PrivateKeyTransportKey", V2_0, V3_0;
        PublicKeyTransportKey = 0x0000000B, "Public key transport key", "PublicKeyTransportKey", V2_0, V3_0;
        SymmetricKeyAgreementKey = 0x0000000C, "Symmetric key agreement key", "SymmetricKeyAgreementKey", V2_0, V3_0;
        PrivateStaticKeyAgreementKey = 0x0000000D, "Private static key agreement key", "PrivateStaticKeyAgreementKey", V2_0, V3_0;
        PublicStaticKeyAgreementKey = 0x0000000E, "Public static key agreement key", "PublicStaticKeyAgreementKey", V2_0, V3_0;
        PrivateEphemeralKeyAgreementKey = 0x0000000F, "Private ephemeral key agreement key", "PrivateEphemeralKeyAgreementKey", V2_0, V3_0;
        PublicEphemeralKeyAgreementKey = 0x00000010, "Public ephemeral key agreement key", "PublicEphemeralKeyAgreementKey", V2_0, V3_0;
        SymmetricAuthorizationKey = 0x00000011, "Symmetric authorization key", "SymmetricAuthorizationKey", V2_0, V3_0;
        PrivateAuthorizationKey = 0x00000012, "Private authorization key", "PrivateAuthorizationKey", V2_0, V3_0;
        PublicAuthorizationKey = 0x00000013, "Public authorization key", "PublicAuthorizationKey", V2_0, V3_0;
    }
    /// Object Class.
    ObjectClass "Object Class" {
        User = 0x00000001, "User", "User", V3_0, V3_0;
        System = 0x00000002, "System", "System", V3_0, V3_0;
    }
    /// Object Group Member.
    ObjectGroupMember "Object Group Member" {
        GroupMemberFresh = 0x00000001, "Group Member Fresh", "GroupMemberFresh", V1_1, V2_1;
        GroupMemberDefault = 0x00000002, "Group Member Default", "GroupMemberDefault", V1_1, V2_1;
    }
    /// Object Type.
    ObjectType "Object Type" {
        Certificate = 0x00000001, "Certificate", "Certificate", V1_0, V3_0;
        SymmetricKey = 0x00000002, "Symmetric Key", "SymmetricKey", V1_0, V3_0;
        PublicKey = 0x00000003, "Public Key", "PublicKey", V1_0, V3_0;
        PrivateKey = 0x00000004, "Private Key", "PrivateKey", V1_0, V3_0;
        SplitKey = 0x00000005, "Split Key", "SplitKey", V1_0, V3_0;
        Template = 0x00000006, "Template", "Template", V1_0, V1_4;
        SecretData = 0x00000007, "Secret Data", "SecretData", V1_0, V3_0;
        OpaqueObject = 0x00000008, "Opaque Object", "OpaqueObject", V1_0, V3_0;
        PGPKey = 0x00000009, "PGP Key", "PGPKey", V1_2, V3_0;
        CertificateRequest = 0x0000000A, "Certificate Request", "CertificateRequest", V2_0, V3_0;
        User = 0x0000000B, "User", "User", V3_0, V3_0;
        Group = 0x0000000C, "Group", "Group", V3_0, V3_0;
        PasswordCredential = 0x0000000D, "Password Credential", "PasswordCredential", V3_0, V3_0;
        DeviceCredential = 0x0000000E, "Device Credential", "DeviceCredential", V3_0, V3_0;
        OneTimePasswordCredential = 0x0000000F, "One Time Password Credential", "OneTimePasswordCredential", V3_0, V3_0;
        HashedPasswordCredential = 0x00000010, "Hashed Password Credential", "HashedPasswordCredential", V3_0, V3_0;
    }
    /// Operation.
    Operation "Operation" {
        Create = 0x00000001, "Create", "Create", V1_0, V3_0;
        CreateKeyPair = 0x00000002, "Create Key Pair", "CreateKeyPair", V1_0, V3_0;
        Register = 0x00000003, "Register", "Register", V1_0, V3_0;
        ReKey = 0x00000004, "Re-key", "ReKey", V1_0, V3_0;
        DeriveKey = 0x00000005, "Derive Key", "DeriveKey", V1_0, V3_0;
        Certify = 0x00000006, "Certify", "Certify", V1_0, V3_0;
        ReCertify = 0x00000007, "Re-certify", "ReCertify", V1_0, V3_0;
        Locate = 0x00000008, "Locate", "Locate", V1_0, V3_0;
        Check = 0x00000009, "Check", "Check", V1_0, V3_0;
        Get = 0x0000000A, "Get", "Get", V1_0, V3_0;
        GetAttributes = 0x0000000B, "Get Attributes", "GetAttributes", V1_0, V3_0;
        GetAttributeList = 0x0000000C, "Get Attribute List", "GetAttributeList", V1_0, V3_0;
        AddAttribute = 0x0000000D, "Add Attribute", "AddAttribute", V1_0, V3_0;
        ModifyAttribute = 0x0000000E, "Modify Attribute", "ModifyAttribute", V1_0, V3_0;
        DeleteAttribute = 0x0000000F, "Delete Attribute", "DeleteAttribute", V1_0, V3_0;
        ObtainLease = 0x00000010, "Obtain Lease", "ObtainLease", V1_0, V3_0;
        GetUsageAllocation = 0x00000011, "Get Usage Allocation", "GetUsageAllocation", V1_0, V3_0;
        Activate = 0x00000012, "Activate", "Activate", V1_0, V3_0;
        Revoke = 0x00000013, "Revoke", "Revoke", V1_0, V3_0;
        Destroy = 0x00000014, "Destroy", "Destroy", V1_0, V3_0;
        Archive = 0x00000015, "Archive", "Archive", V1_0, V3_0;
        Recover = 0x00000016, "Recover", "Recover", V1_0, V3_0;
        Validate = 0x00000017, "Validate", "Validate", V1_0, V3_0;
        Query = 0x00000018, "Query", "Query", V1_0, V3_0;
        Cancel = 0x00000019, "Cancel", "Cancel", V1_0, V3_0;
        Poll = 0x0000001A, "Poll", "Poll", V1_0, V3_0;
        Notify = 0x0000001B, "Notify", "Notify", V1_0, V3_0;
        Put = 0x0000001C, "Put", "Put", V1_0, V3_0;
        ReKeyKeyPair = 0x0000001D, "Re-key Key Pair", "ReKeyKeyPair", V1_1, V3_0;
        DiscoverVersions = 0x0000001E, "Discover Versions", "DiscoverVersions", V1_1, V3_0;
        Encrypt = 0x0000001F, "Encrypt", "Encrypt", V1_2, V3_0;
        Decrypt = 0x00000020, "Decrypt", "Decrypt", V1_2, V3_0;
        Sign = 0x00000021, "Sign", "Sign", V1_2, V3_0;
        SignatureVerify = 0x00000022, "Signature Verify", "SignatureVerify", V1_2, V3_0;
        MAC = 0x00000023, "MAC", "MAC", V1_2, V3_0;
        MACVerify = 0x00000024, "MAC Verify", "MACVerify", V1_2, V3_0;
        RNGRetrieve = 0x00000025, "RNG Retrieve", "RNGRetrieve", V1_2, V3_0;
        RNGSeed = 0x00000026, "RNG Seed", "RNGSeed", V1_2, V3_0;
        Hash = 0x00000027, "Hash", "Hash", V1_2, V3_0;
        CreateSplitKey = 0x00000028, "Create Split Key", "CreateSplitKey", V1_2, V3_0;
        JoinSplitKey = 0x00000029, "Join Split Key", "JoinSplitKey", V1_2, V3_0;
        Import = 0x0000002A, "Import", "Import", V1_4, V3_0;
        Export = 0x0000002B, "Export", "Export", V1_4, V3_0;
        Log = 0x0000002C, "Log", "Log", V2_0, V3_0;
        Login = 0x0000002D, "Login", "Login", V2_0, V3_0;
        Logout = 0x0000002E, "Logout", "Logout", V2_0, V3_0;
        DelegatedLogin = 0x0000002F, "Delegated Login", "DelegatedLogin", V2_0, V3_0;
        AdjustAttribute = 0x00000030, "Adjust Attribute", "AdjustAttribute", V2_0, V3_0;
        SetAttribute = 0x00000031, "Set Attribute", "SetAttribute", V2_0, V3_0;
        SetEndpointRole = 0x00000032, "Set Endpoint Role", "SetEndpointRole", V2_0, V3_0;
        PKCS_11 = 0x00000033, "PKCS#11", "PKCS_11", V2_0, V3_0;
        Interop = 0x00000034, "Interop", "Interop", V2_0, V3_0;
        ReProvision = 0x00000035, "Re-Provision", "ReProvision", V2_0, V3_0;
        SetDefaults = 0x00000036, "Set Defaults", "SetDefaults", V2_1, V3_0;
        SetConstraints = 0x00000037, "Set Constraints", "SetConstraints", V2_1, V3_0;
        GetConstraints = 0x00000038, "Get Constraints", "GetConstraints", V2_1, V3_0;
        QueryAsynchronousRequests = 0x00000039, "Query Asynchronous Requests", "QueryAsynchronousRequests", V2_1, V3_0;
        Process = 0x0000003A, "Process", "Process", V2_1, V3_0;
        Ping = 0x0000003B, "Ping", "Ping", V2_1, V3_0;
        CreateGroup = 0x0000003C, "Create Group", "CreateGroup", V3_0, V3_0;
        Obliterate = 0x0000003D, "Obliterate", "Obliterate", V3_0, V3_0;
        CreateUser = 0x0000003E, "Create User", "CreateUser", V3_0, V3_0;
        CreateCredential = 0x0000003F, "Create Credential", "CreateCredential", V3_0, V3_0;
        Deactivate = 0x00000040, "Deactivate", "Deactivate", V3_0, V3_0;
    }
    /// OTP Algorithm.
    OTPAlgorithm "OTP Algorithm" {
        HOTP = 0x00000001, "HOTP", "HOTP", V3_0, V3_0;
        TOTP = 0x00000002, "TOTP", "TOTP", V3_0, V3_0;
    }
    /// Padding Method.
    PaddingMethod "Padding Method" {
        None = 0x00000001, "None", "None", V1_0, V3_0;
        OAEP = 0x00000002, "OAEP", "OAEP", V1_0, V3_0;
        PKCS5 = 0x00000003, "PKCS5", "PKCS5", V1_0, V3_0;
        SSL3 = 0x00000004, "SSL3", "SSL3", V1_0, V3_0;
        Zeros = 0x00000005, "Zeros", "Zeros", V1_0, V3_0;
        ANSIX9_23 = 0x00000006, "ANSI X9.23", "ANSIX9_23", V1_0, V3_0;
        ISO10126 = 0x00000007, "ISO 10126", "ISO10126", V1_0, V3_0;
        PKCS1V1_5 = 0x00000008, "PKCS1 v1.5", "PKCS1V1_5", V1_0, V3_0;
        X9_31 = 0x00000009, "X9.31", "X9_31", V1_0, V3_0;
        PSS = 0x0000000A, "PSS", "PSS", V1_0, V3_0;
    }
    /// Processing Stage.
    ProcessingStage "Processing Stage" {
        Submitted = 0x00000001, "Submitted", "Submitted", V2_1, V3_0;
        InProcess = 0x00000002, "In Process", "InProcess", V2_1, V3_0;
        Completed = 0x00000003, "Completed", "Completed", V2_1, V3_0;
    }
    /// Profile Name.
    ProfileName "Profile Name" {
        BaselineServerBasicKMIPV1_2 = 0x00000001, "Baseline Server Basic KMIP v1.2", "BaselineServerBasicKMIPV1_2", V1_3, V1_4;
        BaselineServerTLSV1_2KMIPV1_2 = 0x00000002, "Baseline Server TLS v1.2 KMIP v1.2", "BaselineServerTLSV1_2KMIPV1_2", V1_3, V1_4;
        BaselineClientBasicKMIPV1_2 = 0x00000003, "Baseline Client Basic KMIP v1.2", "BaselineClientBasicKMIPV1_2", V1_3, V1_4;
        BaselineClientTLSV1_2KMIPV1_2 = 0x00000004, "Baseline Client TLS v1.2 KMIP v1.2", "BaselineClientTLSV1_2KMIPV1_2", V1_3, V1_4;
        CompleteServerBasicKMIPV1_2 = 0x00000005, "Complete Server Basic KMIP v1.2", "CompleteServerBasicKMIPV1_2", V1_3, V1_4;
        CompleteServerTLSV1_2KMIPV1_2 = 0x00000006, "Complete Server TLS v1.2 KMIP v1.2", "CompleteServerTLSV1_2KMIPV1_2", V1_3, V1_4;
        TapeLibraryClientKMIPV1_0 = 0x00000007, "Tape Library Client KMIP v1.0", "TapeLibraryClientKMIPV1_0", V1_3, V1_4;
        TapeLibraryClientKMIPV1_1 = 0x00000008, "Tape Library Client KMIP v1.1", "TapeLibraryClientKMIPV1_1", V1_3, V1_4;
        TapeLibraryClientKMIPV1_2 = 0x00000009, "Tape Library Client KMIP v1.2", "TapeLibraryClientKMIPV1_2", V1_3, V1_4;
        TapeLibraryServerKMIPV1_0 = 0x0000000A, "Tape Library Server KMIP v1.0", "TapeLibraryServerKMIPV1_0", V1_3, V1_4;
        TapeLibraryServerKMIPV1_1 = 0x0000000B, "Tape Library Server KMIP v1.1", "TapeLibraryServerKMIPV1_1", V1_3, V1_4;
        TapeLibraryServerKMIPV1_2 = 0x0000000C, "Tape Library Server KMIP v1.2", "TapeLibraryServerKMIPV1_2", V1_3, V1_4;
        SymmetricKeyLifecycleClientKMIPV1_0 = 0x0000000D, "Symmetric Key Lifecycle Client KMIP v1.0", "SymmetricKeyLifecycleClientKMIPV1_0", V1_3, V1_4;
        SymmetricKeyLifecycleClientKMIPV1_1 = 0x0000000E, "Symmetric Key Lifecycle Client KMIP v1.1", "SymmetricKeyLifecycleClientKMIPV1_1", V1_3, V1_4;
        SymmetricKeyLifecycleClientKMIPV1_2 = 0x0000000F, "Symmetric Key Lifecycle Client KMIP v1.2", "SymmetricKeyLifecycleClientKMIPV1_2", V1_3, V1_4;
        SymmetricKeyLifecycleServerKMIPV1_0 = 0x00000010, "Symmetric Key Lifecycle Server KMIP v1.0", "SymmetricKeyLifecycleServerKMIPV1_0", V1_3, V1_4;
        SymmetricKeyLifecycleServerKMIPV1_1 = 0x00000011, "Symmetric Key Lifecycle Server KMIP v1.1", "SymmetricKeyLifecycleServerKMIPV1_1", V1_3, V1_4;
        SymmetricKeyLifecycleServerKMIPV1_2 = 0x00000012, "Symmetric Key Lifecycle Server KMIP v1.2", "SymmetricKeyLifecycleServerKMIPV1_2", V1_3, V1_4;
        AsymmetricKeyLifecycleClientKMIPV1_0 = 0x00000013, "Asymmetric Key Lifecycle Client KMIP v1.0", "AsymmetricKeyLifecycleClientKMIPV1_0", V1_3, V1_4;
        AsymmetricKeyLifecycleClientKMIPV1_1 = 0x00000014, "Asymmetric Key Lifecycle Client KMIP v1.1", "AsymmetricKeyLifecycleClientKMIPV1_1", V1_3, V1_4;
        AsymmetricKeyLifecycleClientKMIPV1_2 = 0x00000015, "Asymmetric Key Lifecycle Client KMIP v1.2", "AsymmetricKeyLifecycleClientKMIPV1_2", V1_3, V1_4;
        AsymmetricKeyLifecycleServerKMIPV1_0 = 0x00000016, "Asymmetric Key Lifecycle Server KMIP v1.0", "AsymmetricKeyLifecycleServerKMIPV1_0", V1_3, V1_4;
        AsymmetricKeyLifecycleServerKMIPV1_1 = 0x00000017, "Asymmetric Key Lifecycle Server KMIP v1.1", "AsymmetricKeyLifecycleServerKMIPV1_1", V1_3, V1_4;
        AsymmetricKeyLifecycleServerKMIPV1_2 = 0x00000018, "Asymmetric Key Lifecycle Server KMIP v1.2", "AsymmetricKeyLifecycleServerKMIPV1_2", V1_3, V1_4;
        BasicCryptographicClientKMIPV1_2 = 0x00000019, "Basic Cryptographic Client KMIP v1.2", "BasicCryptographicClientKMIPV1_2", V1_3, V1_4;
        BasicCryptographicServerKMIPV1_2 = 0x0000001A, "Basic Cryptographic Server KMIP v1.2", "BasicCryptographicServerKMIPV1_2", V1_3, V1_4;
        AdvancedCryptographicClientKMIPV1_2 = 0x0000001B, "Advanced Cryptographic Client KMIP v1.2", "AdvancedCryptographicClientKMIPV1_2", V1_3, V1_4;
        AdvancedCryptographicServerKMIPV1_2 = 0x0000001C, "Advanced Cryptographic Server KMIP v1.2", "AdvancedCryptographicServerKMIPV1_2", V1_3, V1_4;
        RNGCryptographicClientKMIPV1_2 = 0x0000001D, "RNG Cryptographic Client KMIP v1.2", "RNGCryptographicClientKMIPV1_2", V1_3, V1_4;
        RNGCryptographicServerKMIPV1_2 = 0x0000001E, "RNG Cryptographic Server KMIP v1.2", "RNGCryptographicServerKMIPV1_2", V1_3, V1_4;
        BasicSymmetricKeyFoundryClientKMIPV1_0 = 0x0000001F, "Basic Symmetric Key Foundry Client KMIP v1.0", "BasicSymmetricKeyFoundryClientKMIPV1_0", V1_3, V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV1_0 = 0x00000020, "Intermediate Symmetric Key Foundry Client KMIP v1.0", "IntermediateSymmetricKeyFoundryClientKMIPV1_0", V1_3, V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV1_0 = 0x00000021, "Advanced Symmetric Key Foundry Client KMIP v1.0", "AdvancedSymmetricKeyFoundryClientKMIPV1_0", V1_3, V1_4;
        BasicSymmetricKeyFoundryClientKMIPV1_1 = 0x00000022, "Basic Symmetric Key Foundry Client KMIP v1.1", "BasicSymmetricKeyFoundryClientKMIPV1_1", V1_3, V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV1_1 = 0x00000023, "Intermediate Symmetric Key Foundry Client KMIP v1.1", "IntermediateSymmetricKeyFoundryClientKMIPV1_1", V1_3, V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV1_1 = 0x00000024, "Advanced Symmetric Key Foundry Client KMIP v1.1", "AdvancedSymmetricKeyFoundryClientKMIPV1_1", V1_3, V1_4;
        BasicSymmetricKeyFoundryClientKMIPV1_2 = 0x00000025, "Basic Symmetric Key Foundry Client KMIP v1.2", "BasicSymmetricKeyFoundryClientKMIPV1_2", V1_3, V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV1_2 = 0x00000026, "Intermediate Symmetric Key Foundry Client KMIP v1.2", "IntermediateSymmetricKeyFoundryClientKMIPV1_2", V1_3, V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV1_2 = 0x00000027, "Advanced Symmetric Key Foundry Client KMIP v1.2", "AdvancedSymmetricKeyFoundryClientKMIPV1_2", V1_3, V1_4;
        SymmetricKeyFoundryServerKMIPV1_0 = 0x00000028, "Symmetric Key Foundry Server KMIP v1.0", "SymmetricKeyFoundryServerKMIPV1_0", V1_3, V1_4;
        SymmetricKeyFoundryServerKMIPV1_1 = 0x00000029, "Symmetric Key Foundry Server KMIP v1.1", "SymmetricKeyFoundryServerKMIPV1_1", V1_3, V1_4;
        SymmetricKeyFoundryServerKMIPV1_2 = 0x0000002A, "Symmetric Key Foundry Server KMIP v1.2", "SymmetricKeyFoundryServerKMIPV1_2", V1_3, V1_4;
        OpaqueManagedObjectStoreClientKMIPV1_0 = 0x0000002B, "Opaque Managed Object Store Client KMIP v1.0", "OpaqueManagedObjectStoreClientKMIPV1_0", V1_3, V1_4;
        OpaqueManagedObjectStoreClientKMIPV1_1 = 0x0000002C, "Opaque Managed Object Store Client KMIP v1.1", "OpaqueManagedObjectStoreClientKMIPV1_1", V1_3, V1_4;
        OpaqueManagedObjectStoreClientKMIPV1_2 = 0x0000002D, "Opaque Managed Object Store Client KMIP v1.2", "OpaqueManagedObjectStoreClientKMIPV1_2", V1_3, V1_4;
        OpaqueManagedObjectStoreServerKMIPV1_0 = 0x0000002E, "Opaque Managed Object Store Server KMIP v1.0", "OpaqueManagedObjectStoreServerKMIPV1_0", V1_3, V1_4;
        OpaqueManagedObjectStoreServerKMIPV1_1 = 0x0000002F, "Opaque Managed Object Store Server KMIP v1.1", "OpaqueManagedObjectStoreServerKMIPV1_1", V1_3, V1_4;
        OpaqueManagedObjectStoreServerKMIPV1_2 = 0x00000030, "Opaque Managed Object Store Server KMIP v1.2", "OpaqueManagedObjectStoreServerKMIPV1_2", V1_3, V1_4;
        SuiteBMinLOS_128ClientKMIPV1_0 = 0x00000031, "Suite B minLOS_128 Client KMIP v1.0", "SuiteBMinLOS_128ClientKMIPV1_0", V1_3, V1_4;
        SuiteBMinLOS_128ClientKMIPV1_1 = 0x00000032, "Suite B minLOS_128 Client KMIP v1.1", "SuiteBMinLOS_128ClientKMIPV1_1", V1_3, V1_4;
        SuiteBMinLOS_128ClientKMIPV1_2 = 0x00000033, "Suite B minLOS_128 Client KMIP v1.2", "SuiteBMinLOS_128ClientKMIPV1_2", V1_3, V1_4;
        SuiteBMinLOS_128ServerKMIPV1_0 = 0x00000034, "Suite B minLOS_128 Server KMIP v1.0", "SuiteBMinLOS_128ServerKMIPV1_0", V1_3, V1_4;
        SuiteBMinLOS_128ServerKMIPV1_1 = 0x00000035, "Suite B minLOS_128 Server KMIP v1.1", "SuiteBMinLOS_128ServerKMIPV1_1", V1_3, V1_4;
        SuiteBMinLOS_128ServerKMIPV1_2 = 0x00000036, "Suite B minLOS_128 Server KMIP v1.2", "SuiteBMinLOS_128ServerKMIPV1_2", V1_3, V1_4;
        SuiteBMinLOS_192ClientKMIPV1_0 = 0x00000037, "Suite B minLOS_192 Client KMIP v1.0", "SuiteBMinLOS_192ClientKMIPV1_0", V1_3, V1_4;
        SuiteBMinLOS_192ClientKMIPV1_1 = 0x00000038, "Suite B minLOS_192 Client KMIP v1.1", "SuiteBMinLOS_192ClientKMIPV1_1", V1_3, V1_4;
        SuiteBMinLOS_192ClientKMIPV1_2 = 0x00000039, "Suite B minLOS_192 Client KMIP v1.2", "SuiteBMinLOS_192ClientKMIPV1_2", V1_3, V1_4;
        SuiteBMinLOS_192ServerKMIPV1_0 = 0x0000003A, "Suite B minLOS_192 Server KMIP v1.0", "SuiteBMinLOS_192ServerKMIPV1_0", V1_3, V1_4;
        SuiteBMinLOS_192ServerKMIPV1_1 = 0x0000003B, "Suite B minLOS_192 Server KMIP v1.1", "SuiteBMinLOS_192ServerKMIPV1_1", V1_3, V1_4;
        SuiteBMinLOS_192ServerKMIPV1_2 = 0x0000003C, "Suite B minLOS_192 Server KMIP v1.2", "SuiteBMinLOS_192ServerKMIPV1_2", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV1_0 = 0x0000003D, "Storage Array with Self Encrypting Drive Client KMIP v1.0", "StorageArrayWithSelfEncryptingDriveClientKMIPV1_0", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV1_1 = 0x0000003E, "Storage Array with Self Encrypting Drive Client KMIP v1.1", "StorageArrayWithSelfEncryptingDriveClientKMIPV1_1", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV1_2 = 0x0000003F, "Storage Array with Self Encrypting Drive Client KMIP v1.2", "StorageArrayWithSelfEncryptingDriveClientKMIPV1_2", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV1_0 = 0x00000040, "Storage Array with Self Encrypting Drive Server KMIP v1.0", "StorageArrayWithSelfEncryptingDriveServerKMIPV1_0", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV1_1 = 0x00000041, "Storage Array with Self Encrypting Drive Server KMIP v1.1", "StorageArrayWithSelfEncryptingDriveServerKMIPV1_1", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV1_2 = 0x00000042, "Storage Array with Self Encrypting Drive Server KMIP v1.2", "StorageArrayWithSelfEncryptingDriveServerKMIPV1_2", V1_3, V1_4;
        HTTPSClientKMIPV1_0 = 0x00000043, "HTTPS Client KMIP v1.0", "HTTPSClientKMIPV1_0", V1_3, V1_4;
        HTTPSClientKMIPV1_1 = 0x00000044, "HTTPS Client KMIP v1.1", "HTTPSClientKMIPV1_1", V1_3, V1_4;
        HTTPSClientKMIPV1_2 = 0x00000045, "HTTPS Client KMIP v1.2", "HTTPSClientKMIPV1_2", V1_3, V1_4;
        HTTPSServerKMIPV1_0 = 0x00000046, "HTTPS Server KMIP v1.0", "HTTPSServerKMIPV1_0", V1_3, V1_4;
        HTTPSServerKMIPV1_1 = 0x00000047, "HTTPS Server KMIP v1.1", "HTTPSServerKMIPV1_1", V1_3, V1_4;
        HTTPSServerKMIPV1_2 = 0x00000048, "HTTPS Server KMIP v1.2", "HTTPSServerKMIPV1_2", V1_3, V1_4;
        JSONClientKMIPV1_0 = 0x00000049, "JSON Client KMIP v1.0", "JSONClientKMIPV1_0", V1_3, V1_4;
        JSONClientKMIPV1_1 = 0x0000004A, "JSON Client KMIP v1.1", "JSONClientKMIPV1_1", V1_3, V1_4;
        JSONClientKMIPV1_2 = 0x0000004B, "JSON Client KMIP v1.2", "JSONClientKMIPV1_2", V1_3, V1_4;
        JSONServerKMIPV1_0 = 0x0000004C, "JSON Server KMIP v1.0", "JSONServerKMIPV1_0", V1_3, V1_4;
        JSONServerKMIPV1_1 = 0x0000004D, "JSON Server KMIP v1.1", "JSONServerKMIPV1_1", V1_3, V1_4;
        JSONServerKMIPV1_2 = 0x0000004E, "JSON Server KMIP v1.2", "JSONServerKMIPV1_2", V1_3, V1_4;
        XMLClientKMIPV1_0 = 0x0000004F, "XML Client KMIP v1.0", "XMLClientKMIPV1_0", V1_3, V1_4;
        XMLClientKMIPV1_1 = 0x00000050, "XML Client KMIP v1.1", "XMLClientKMIPV1_1", V1_3, V1_4;
        XMLClientKMIPV1_2 = 0x00000051, "XML Client KMIP v1.2", "XMLClientKMIPV1_2", V1_3, V1_4;
        XMLServerKMIPV1_0 = 0x00000052, "XML Server KMIP v1.0", "XMLServerKMIPV1_0", V1_3, V1_4;
        XMLServerKMIPV1_1 = 0x00000053, "XML Server KMIP v1.1", "XMLServerKMIPV1_1", V1_3, V1_4;
        XMLServerKMIPV1_2 = 0x00000054, "XML Server KMIP v1.2", "XMLServerKMIPV1_2", V1_3, V1_4;
        BaselineServerBasicKMIPV1_3 = 0x00000055, "Baseline Server Basic KMIP v1.3", "BaselineServerBasicKMIPV1_3", V1_3, V1_4;
        BaselineServerTLSV1_2KMIPV1_3 = 0x00000056, "Baseline Server TLS v1.2 KMIP v1.3", "BaselineServerTLSV1_2KMIPV1_3", V1_3, V1_4;
        BaselineClientBasicKMIPV1_3 = 0x00000057, "Baseline Client Basic KMIP v1.3", "BaselineClientBasicKMIPV1_3", V1_3, V1_4;
        BaselineClientTLSV1_2KMIPV1_3 = 0x00000058, "Baseline Client TLS v1.2 KMIP v1.3", "BaselineClientTLSV1_2KMIPV1_3", V1_3, V1_4;
        CompleteServerBasicKMIPV1_3 = 0x00000059, "Complete Server Basic KMIP v1.3", "CompleteServerBasicKMIPV1_3", V1_3, V1_4;
        CompleteServerTLSV1_2KMIPV1_3 = 0x0000005A, "Complete Server TLS v1.2 KMIP v1.3", "CompleteServerTLSV1_2KMIPV1_3", V1_3, V1_4;
        TapeLibraryClientKMIPV1_3 = 0x0000005B, "Tape Library Client KMIP v1.3", "TapeLibraryClientKMIPV1_3", V1_3, V1_4;
        TapeLibraryServerKMIPV1_3 = 0x0000005C, "Tape Library Server KMIP v1.3", "TapeLibraryServerKMIPV1_3", V1_3, V1_4;
        SymmetricKeyLifecycleClientKMIPV1_3 = 0x0000005D, "Symmetric Key Lifecycle Client KMIP v1.3", "SymmetricKeyLifecycleClientKMIPV1_3", V1_3, V1_4;
        SymmetricKeyLifecycleServerKMIPV1_3 = 0x0000005E, "Symmetric Key Lifecycle Server KMIP v1.3", "SymmetricKeyLifecycleServerKMIPV1_3", V1_3, V1_4;
        AsymmetricKeyLifecycleClientKMIPV1_3 = 0x0000005F, "Asymmetric Key Lifecycle Client KMIP v1.3", "AsymmetricKeyLifecycleClientKMIPV1_3", V1_3, V1_4;
        AsymmetricKeyLifecycleServerKMIPV1_3 = 0x00000060, "Asymmetric Key Lifecycle Server KMIP v1.3", "AsymmetricKeyLifecycleServerKMIPV1_3", V1_3, V1_4;
        BasicCryptographicClientKMIPV1_3 = 0x00000061, "Basic Cryptographic Client KMIP v1.3", "BasicCryptographicClientKMIPV1_3", V1_3, V1_4;
        BasicCryptographicServerKMIPV1_3 = 0x00000062, "Basic Cryptographic Server KMIP v1.3", "BasicCryptographicServerKMIPV1_3", V1_3, V1_4;
        AdvancedCryptographicClientKMIPV1_3 = 0x00000063, "Advanced Cryptographic Client KMIP v1.3", "AdvancedCryptographicClientKMIPV1_3", V1_3, V1_4;
        AdvancedCryptographicServerKMIPV1_3 = 0x00000064, "Advanced Cryptographic Server KMIP v1.3", "AdvancedCryptographicServerKMIPV1_3", V1_3, V1_4;
        RNGCryptographicClientKMIPV1_3 = 0x00000065, "RNG Cryptographic Client KMIP v1.3", "RNGCryptographicClientKMIPV1_3", V1_3, V1_4;
        RNGCryptographicServerKMIPV1_3 = 0x00000066, "RNG Cryptographic Server KMIP v1.3", "RNGCryptographicServerKMIPV1_3", V1_3, V1_4;
        BasicSymmetricKeyFoundryClientKMIPV1_3 = 0x00000067, "Basic Symmetric Key Foundry Client KMIP v1.3", "BasicSymmetricKeyFoundryClientKMIPV1_3", V1_3, V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV1_3 = 0x00000068, "Intermediate Symmetric Key Foundry Client KMIP v1.3", "IntermediateSymmetricKeyFoundryClientKMIPV1_3", V1_3, V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV1_3 = 0x00000069, "Advanced Symmetric Key Foundry Client KMIP v1.3", "AdvancedSymmetricKeyFoundryClientKMIPV1_3", V1_3, V1_4;
        SymmetricKeyFoundryServerKMIPV1_3 = 0x0000006A, "Symmetric Key Foundry Server KMIP v1.3", "SymmetricKeyFoundryServerKMIPV1_3", V1_3, V1_4;
        OpaqueManagedObjectStoreClientKMIPV1_3 = 0x0000006B, "Opaque Managed Object Store Client KMIP v1.3", "OpaqueManagedObjectStoreClientKMIPV1_3", V1_3, V1_4;
        OpaqueManagedObjectStoreServerKMIPV1_3 = 0x0000006C, "Opaque Managed Object Store Server KMIP v1.3", "OpaqueManagedObjectStoreServerKMIPV1_3", V1_3, V1_4;
        SuiteBMinLOS_128ClientKMIPV1_3 = 0x0000006D, "Suite B minLOS_128 Client KMIP v1.3", "SuiteBMinLOS_128ClientKMIPV1_3", V1_3, V1_4;
        SuiteBMinLOS_128ServerKMIPV1_3 = 0x0000006E, "Suite B minLOS_128 Server KMIP v1.3", "SuiteBMinLOS_128ServerKMIPV1_3", V1_3, V1_4;
        SuiteBMinLOS_192ClientKMIPV1_3 = 0x0000006F, "Suite B minLOS_192 Client KMIP v1.3", "SuiteBMinLOS_192ClientKMIPV1_3", V1_3, V1_4;
        SuiteBMinLOS_192ServerKMIPV1_3 = 0x00000070, "Suite B minLOS_192 Server KMIP v1.3", "SuiteBMinLOS_192ServerKMIPV1_3", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV1_3 = 0x00000071, "Storage Array with Self Encrypting Drive Client KMIP v1.3", "StorageArrayWithSelfEncryptingDriveClientKMIPV1_3", V1_3, V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV1_3 = 0x00000072, "Storage Array with Self Encrypting Drive Server KMIP v1.3", "StorageArrayWithSelfEncryptingDriveServerKMIPV1_3", V1_3, V1_4;
        HTTPSClientKMIPV1_3 = 0x00000073, "HTTPS Client KMIP v1.3", "HTTPSClientKMIPV1_3", V1_3, V1_4;
        HTTPSServerKMIPV1_3 = 0x00000074, "HTTPS Server KMIP v1.3", "HTTPSServerKMIPV1_3", V1_3, V1_4;
        JSONClientKMIPV1_3 = 0x00000075, "JSON Client KMIP v1.3", "JSONClientKMIPV1_3", V1_3, V1_4;
        JSONServerKMIPV1_3 = 0x00000076, "JSON Server KMIP v1.3", "JSONServerKMIPV1_3", V1_3, V1_4;
        XMLClientKMIPV1_3 = 0x00000077, "XML Client KMIP v1.3", "XMLClientKMIPV1_3", V1_3, V1_4;
        XMLServerKMIPV1_3 = 0x00000078, "XML Server KMIP v1.3", "XMLServerKMIPV1_3", V1_3, V1_4;
        BaselineServerBasicKMIPV1_4 = 0x00000079, "Baseline Server Basic KMIP v1.4", "BaselineServerBasicKMIPV1_4", V1_4, V1_4;
        BaselineServerTLSV1_2KMIPV1_4 = 0x0000007A, "Baseline Server TLS v1.2 KMIP v1.4", "BaselineServerTLSV1_2KMIPV1_4", V1_4, V1_4;
        BaselineClientBasicKMIPV1_4 = 0x0000007B, "Baseline Client Basic KMIP v1.4", "BaselineClientBasicKMIPV1_4", V1_4, V1_4;
        BaselineClientTLSV1_2KMIPV1_4 = 0x0000007C, "Baseline Client TLS v1.2 KMIP v1.4", "BaselineClientTLSV1_2KMIPV1_4", V1_4, V1_4;
        CompleteServerBasicKMIPV1_4 = 0x0000007D, "Complete Server Basic KMIP v1.4", "CompleteServerBasicKMIPV1_4", V1_4, V1_4;
        CompleteServerTLSV1_2KMIPV1_4 = 0x0000007E, "Complete Server TLS v1.2 KMIP v1.4", "CompleteServerTLSV1_2KMIPV1_4", V1_4, V1_4;
        TapeLibraryClientKMIPV1_4 = 0x0000007F, "Tape Library Client KMIP v1.4", "TapeLibraryClientKMIPV1_4", V1_4, V1_4;
        TapeLibraryServerKMIPV1_4 = 0x00000080, "Tape Library Server KMIP v1.4", "TapeLibraryServerKMIPV1_4", V1_4, V1_4;
        SymmetricKeyLifecycleClientKMIPV1_4 = 0x00000081, "Symmetric Key Lifecycle Client KMIP v1.4", "SymmetricKeyLifecycleClientKMIPV1_4", V1_4, V1_4;
        SymmetricKeyLifecycleServerKMIPV1_4 = 0x00000082, "Symmetric Key Lifecycle Server KMIP v1.4", "SymmetricKeyLifecycleServerKMIPV1_4", V1_4, V1_4;
        AsymmetricKeyLifecycleClientKMIPV1_4 = 0x00000083, "Asymmetric Key Lifecycle Client KMIP v1.4", "AsymmetricKeyLifecycleClientKMIPV1_4", V1_4, V1_4;
        AsymmetricKeyLifecycleServerKMIPV1_4 = 0x00000084, "Asymmetric Key Lifecycle Server KMIP v1.4", "AsymmetricKeyLifecycleServerKMIPV1_4", V1_4, V1_4;
        BasicCryptographicClientKMIPV1_4 = 0x00000085, "Basic Cryptographic Client KMIP v1.4", "BasicCryptographicClientKMIPV1_4", V1_4, V1_4;
        BasicCryptographicServerKMIPV1_4 = 0x00000086, "Basic Cryptographic Server KMIP v1.4", "BasicCryptographicServerKMIPV1_4", V1_4, V1_4;
        AdvancedCryptographicClientKMIPV1_4 = 0x00000087, "Advanced Cryptographic Client KMIP v1.4", "AdvancedCryptographicClientKMIPV1_4", V1_4, V1_4;
        AdvancedCryptographicServerKMIPV1_4 = 0x00000088, "Advanced Cryptographic Server KMIP v1.4", "AdvancedCryptographicServerKMIPV1_4", V1_4, V1_4;
        RNGCryptographicClientKMIPV1_4 = 0x00000089, "RNG Cryptographic Client KMIP v1.4", "RNGCryptographicClientKMIPV1_4", V1_4, V1_4;
        RNGCryptographicServerKMIPV1_4 = 0x0000008A, "RNG Cryptographic Server KMIP v1.4", "RNGCryptographicServerKMIPV1_4", V1_4, V1_4;
        BasicSymmetricKeyFoundryClientKMIPV1_4 = 0x0000008B, "Basic Symmetric Key Foundry Client KMIP v1.4", "BasicSymmetricKeyFoundryClientKMIPV1_4", V1_4, V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV1_4 = 0x0000008C, "Intermediate Symmetric Key Foundry Client KMIP v1.4", "IntermediateSymmetricKeyFoundryClientKMIPV1_4", V1_4, V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV1_4 = 0x0000008D, "Advanced Symmetric Key Foundry Client KMIP v1.4", "AdvancedSymmetricKeyFoundryClientKMIPV1_4", V1_4, V1_4;
        SymmetricKeyFoundryServerKMIPV1_4 = 0x0000008E, "Symmetric Key Foundry Server KMIP v1.4", "SymmetricKeyFoundryServerKMIPV1_4", V1_4, V1_4;
        OpaqueManagedObjectStoreClientKMIPV1_4 = 0x0000008F, "Opaque Managed Object Store Client KMIP v1.4", "OpaqueManagedObjectStoreClientKMIPV1_4", V1_4, V1_4;
        OpaqueManagedObjectStoreServerKMIPV1_4 = 0x00000090, "Opaque Managed Object Store Server KMIP v1.4", "OpaqueManagedObjectStoreServerKMIPV1_4", V1_4, V1_4;
        SuiteBMinLOS_128ClientKMIPV1_4 = 0x00000091, "Suite B minLOS_128 Client KMIP v1.4", "SuiteBMinLOS_128ClientKMIPV1_4", V1_4, V1_4;
        SuiteBMinLOS_128ServerKMIPV1_4 = 0x00000092, "Suite B minLOS_128 Server KMIP v1.4", "SuiteBMinLOS_128ServerKMIPV1_4", V1_4, V1_4;
        SuiteBMinLOS_192ClientKMIPV1_4 = 0x00000093, "Suite B minLOS_192 Client KMIP v1.4", "SuiteBMinLOS_192ClientKMIPV1_4", V1_4, V1_4;
        SuiteBMinLOS_192ServerKMIPV1_4 = 0x00000094, "Suite B minLOS_192 Server KMIP v1.4", "SuiteBMinLOS_192ServerKMIPV1_4", V1_4, V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV1_4 = 0x00000095, "Storage Array with Self Encrypting Drive Client KMIP v1.4", "StorageArrayWithSelfEncryptingDriveClientKMIPV1_4", V1_4, V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV1_4 = 0x00000096, "Storage Array with Self Encrypting Drive Server KMIP v1.4", "StorageArrayWithSelfEncryptingDriveServerKMIPV1_4", V1_4, V1_4;
        HTTPSClientKMIPV1_4 = 0x00000097, "HTTPS Client KMIP v1.4", "HTTPSClientKMIPV1_4", V1_4, V1_4;
        HTTPSServerKMIPV1_4 = 0x00000098, "HTTPS Server KMIP v1.4", "HTTPSServerKMIPV1_4", V1_4, V1_4;
        JSONClientKMIPV1_4 = 0x00000099, "JSON Client KMIP v1.4", "JSONClientKMIPV1_4", V1_4, V1_4;
        JSONServerKMIPV1_4 = 0x0000009A, "JSON Server KMIP v1.4", "JSONServerKMIPV1_4", V1_4, V1_4;
        XMLClientKMIPV1_4 = 0x0000009B, "XML Client KMIP v1.4", "XMLClientKMIPV1_4", V1_4, V1_4;
        XMLServerKMIPV1_4 = 0x0000009C, "XML Server KMIP v1.4", "XMLServerKMIPV1_4", V1_4, V1_4;
        CompleteServerBasic = 0x00000104, "Complete Server Basic", "CompleteServerBasic", V2_0, V3_0;
        CompleteServerTLSV1_2 = 0x00000105, "Complete Server TLS v1.2", "CompleteServerTLSV1_2", V2_0, V3_0;
        TapeLibraryClient = 0x00000106, "Tape Library Client", "TapeLibraryClient", V2_0, V3_0;
        TapeLibraryServer = 0x00000107, "Tape Library Server", "TapeLibraryServer", V2_0, V3_0;
        SymmetricKeyLifecycleClient = 0x00000108, "Symmetric Key Lifecycle Client", "SymmetricKeyLifecycleClient", V2_0, V3_0;
        SymmetricKeyLifecycleServer = 0x00000109, "Symmetric Key Lifecycle Server", "SymmetricKeyLifecycleServer", V2_0, V3_0;
        AsymmetricKeyLifecycleClient = 0x0000010A, "Asymmetric Key Lifecycle Client", "AsymmetricKeyLifecycleClient", V2_0, V3_0;
        AsymmetricKeyLifecycleServer = 0x0000010B, "Asymmetric Key Lifecycle Server", "AsymmetricKeyLifecycleServer", V2_0, V3_0;
        BasicCryptographicClient = 0x0000010C, "Basic Cryptographic Client", "BasicCryptographicClient", V2_0, V3_0;
        BasicCryptographicServer = 0x0000010D, "Basic Cryptographic Server", "BasicCryptographicServer", V2_0, V3_0;
        AdvancedCryptographicClient = 0x0000010E, "Advanced Cryptographic Client", "AdvancedCryptographicClient", V2_0, V3_0;
        AdvancedCryptographicServer = 0x0000010F, "Advanced Cryptographic Server", "AdvancedCryptographicServer", V2_0, V3_0;
        RNGCryptographicClient = 0x00000110, "RNG Cryptographic Client", "RNGCryptographicClient", V2_0, V3_0;
        RNGCryptographicServer = 0x00000111, "RNG Cryptographic Server", "RNGCryptographicServer", V2_0, V3_0;
        BasicSymmetricKeyFoundryClient = 0x00000112, "Basic Symmetric Key Foundry Client", "BasicSymmetricKeyFoundryClient", V2_0, V3_0;
        IntermediateSymmetricKeyFoundryClient = 0x00000113, "Intermediate Symmetric Key Foundry Client", "IntermediateSymmetricKeyFoundryClient", V2_0, V3_0;
        AdvancedSymmetricKeyFoundryClient = 0x00000114, "Advanced Symmetric Key Foundry Client", "AdvancedSymmetricKeyFoundryClient", V2_0, V3_0;
        SymmetricKeyFoundryServer = 0x00000115, "Symmetric Key Foundry Server", "SymmetricKeyFoundryServer", V2_0, V3_0;
        OpaqueManagedObjectStoreClient = 0x00000116, "Opaque Managed Object Store Client", "OpaqueManagedObjectStoreClient", V2_0, V3_0;
        OpaqueManagedObjectStoreServer = 0x00000117, "Opaque Managed Object Store Server", "OpaqueManagedObjectStoreServer", V2_0, V3_0;
        StorageArrayWithSelfEncryptingDriveClient = 0x0000011C, "Storage Array with Self Encrypting Drive Client", "StorageArrayWithSelfEncryptingDriveClient", V2_0, V3_0;
        StorageArrayWithSelfEncryptingDriveServer = 0x0000011D, "Storage Array with Self Encrypting Drive Server", "StorageArrayWithSelfEncryptingDriveServer", V2_0, V3_0;
        HTTPSClient = 0x0000011E, "HTTPS Client", "HTTPSClient", V2_0, V3_0;
        HTTPSServer = 0x0000011F, "HTTPS Server", "HTTPSServer", V2_0, V3_0;
        JSONClient = 0x00000120, "JSON Client", "JSONClient", V2_0, V3_0;
        JSONServer = 0x00000121, "JSON Server", "JSONServer", V2_0, V3_0;
        XMLClient = 0x00000122, "XML Client", "XMLClient", V2_0, V3_0;
        XMLServer = 0x00000123, "XML Server", "XMLServer", V2_0, V3_0;
        AESXTSClient = 0x00000124, "AES XTS Client", "AESXTSClient", V2_0, V3_0;
        AESXTSServer = 0x00000125, "AES XTS Server", "AESXTSServer", V2_0, V3_0;
        QuantumSafeClient = 0x00000126, "Quantum Safe Client", "QuantumSafeClient", V2_0, V3_0;
        QuantumSafeServer = 0x00000127, "Quantum Safe Server", "QuantumSafeServer", V2_0, V3_0;
        PKCS_11Client = 0x00000128, "PKCS#11 Client", "PKCS_11Client", V2_0, V3_0;
        PKCS_11Server = 0x00000129, "PKCS#11 Server", "PKCS_11Server", V2_0, V3_0;
        BaselineClient = 0x0000012A, "Baseline Client", "BaselineClient", V2_0, V3_0;
        BaselineServer = 0x0000012B, "Baseline Server", "BaselineServer", V2_0, V3_0;
        CompleteServer = 0x0000012C, "Complete Server", "CompleteServer", V2_0, V3_0;
    }
    /// Protection Level.
    ProtectionLevel "Protection Level" {
        High = 0x00000001, "High", "High", V2_0, V3_0;
        Low = 0x00000002, "Low", "Low", V2_0, V3_0;
    }
    /// Put Function.
    PutFunction "Put Function" {
        New = 0x00000001, "New", "New", V1_0, V3_0;
        Replace = 0x00000002, "Replace", "Replace", V1_0, V3_0;
    }
    /// Query Function.
    QueryFunction "Query Function" {
        QueryOperations = 0x00000001, "Query Operations", "QueryOperations", V1_0, V3_0;
        QueryObjects = 0x00000002, "Query Objects", "QueryObjects", V1_0, V3_0;
        QueryServerInformation = 0x00000003, "Query Server Information", "QueryServerInformation", V1_0, V3_0;
        QueryApplicationNamespaces = 0x00000004, "Query Application Namespaces", "QueryApplicationNamespaces", V1_0, V3_0;
        QueryExtensionList = 0x00000005, "Query Extension List", "QueryExtensionList", V1_1, V3_0;
        QueryExtensionMap = 0x00000006, "Query Extension Map", "QueryExtensionMap", V1_1, V3_0;
        QueryAttestationTypes = 0x00000007, "Query Attestation Types", "QueryAttestationTypes", V1_2, V3_0;
        QueryRNGs = 0x00000008, "Query RNGs", "QueryRNGs", V1_3, V3_0;
        QueryValidations = 0x00000009, "Query Validations", "QueryValidations", V1_3, V3_0;
        QueryProfiles = 0x0000000A, "Query Profiles", "QueryProfiles", V1_3, V3_0;
        QueryCapabilities = 0x0000000B, "Query Capabilities", "QueryCapabilities", V1_3, V3_0;
        QueryClientRegistrationMethods = 0x0000000C, "Query Client Registration Methods", "QueryClientRegistrationMethods", V1_3, V3_0;
        QueryDefaultsInformation = 0x0000000D, "Query Defaults Information", "QueryDefaultsInformation", V2_0, V3_0;
        QueryStorageProtectionMasks = 0x0000000E, "Query Storage Protection Masks", "QueryStorageProtectionMasks", V2_0, V3_0;
        QueryCredentialInformation = 0x0000000F, "Query Credential Information", "QueryCredentialInformation", V3_0, V3_0;
    }
    /// Recommended Curve.
    RecommendedCurve "Recommended Curve" {
        P_192 = 0x00000001, "P-192", "P_192", V1_0, V3_0;
        K_163 = 0x00000002, "K-163", "K_163", V1_0, V3_0;
        B_163 = 0x00000003, "B-163", "B_163", V1_0, V3_0;
        P_224 = 0x00000004, "P-224", "P_224", V1_0, V3_0;
        K_233 = 0x00000005, "K-233", "K_233", V1_0, V3_0;
        B_233 = 0x00000006, "B-233", "B_233", V1_0, V3_0;
        P_256 = 0x00000007, "P-256", "P_256", V1_0, V3_0;
        K_283 = 0x00000008, "K-283", "K_283", V1_0, V3_0;
        B_283 = 0x00000009, "B-283", "B_283", V1_0, V3_0;
        P_384 = 0x0000000A, "P-384", "P_384", V1_0, V3_0;
        K_409 = 0x0000000B, "K-409", "K_409", V1_0, V3_0;
        B_409 = 0x0000000C, "B-409", "B_409", V1_0, V3_0;
        P_521 = 0x0000000D, "P-521", "P_521", V1_0, V3_0;
        K_571 = 0x0000000E, "K-571", "K_571", V1_0, V3_0;
        B_571 = 0x0000000F, "B-571", "B_571", V1_0, V3_0;
        SECP112R1 = 0x00000010, "SECP112R1", "SECP112R1", V1_2, V3_0;
        SECP112R2 = 0x00000011, "SECP112R2", "SECP112R2", V1_2, V3_0;
        SECP128R1 = 0x00000012, "SECP128R1", "SECP128R1", V1_2, V3_0;
        SECP128R2 = 0x00000013, "SECP128R2", "SECP128R2", V1_2, V3_0;
        SECP160K1 = 0x00000014, "SECP160K1", "SECP160K1", V1_2, V3_0;
        SECP160R1 = 0x00000015, "SECP160R1", "SECP160R1", V1_2, V3_0;
        SECP160R2 = 0x00000016, "SECP160R2", "SECP160R2", V1_2, V3_0;
        SECP192K1 = 0x00000017, "SECP192K1", "SECP192K1", V1_2, V3_0;
        SECP224K1 = 0x00000018, "SECP224K1", "SECP224K1", V1_2, V3_0;
        SECP256K1 = 0x00000019, "SECP256K1", "SECP256K1", V1_2, V3_0;
        SECT113R1 = 0x0000001A, "SECT113R1", "SECT113R1", V1_2, V3_0;
        SECT113R2 = 0x0000001B, "SECT113R2", "SECT113R2", V1_2, V3_0;
        SECT131R1 = 0x0000001C, "SECT131R1", "SECT131R1", V1_2, V3_0;
        SECT131R2 = 0x0000001D, "SECT131R2", "SECT131R2", V1_2, V3_0;
        SECT163R1 = 0x0000001E, "SECT163R1", "SECT163R1", V1_2, V3_0;
        SECT193R1 = 0x0000001F, "SECT193R1", "SECT193R1", V1_2, V3_0;
        SECT193R2 = 0x00000020, "SECT193R2", "SECT193R2", V1_2, V3_0;
        SECT239K1 = 0x00000021, "SECT239K1", "SECT239K1", V1_2, V3_0;
        ANSIX9P192V2 = 0x00000022, "ANSIX9P192V2", "ANSIX9P192V2", V1_2, V3_0;
        ANSIX9P192V3 = 0x00000023, "ANSIX9P192V3", "ANSIX9P192V3", V1_2, V3_0;
        ANSIX9P239V1 = 0x00000024, "ANSIX9P239V1", "ANSIX9P239V1", V1_2, V3_0;
        ANSIX9P239V2 = 0x00000025, "ANSIX9P239V2", "ANSIX9P239V2", V1_2, V3_0;
        ANSIX9P239V3 = 0x00000026, "ANSIX9P239V3", "ANSIX9P239V3", V1_2, V3_0;
        ANSIX9C2PNB163V1 = 0x00000027, "ANSIX9C2PNB163V1", "ANSIX9C2PNB163V1", V1_2, V3_0;
        ANSIX9C2PNB163V2 = 0x00000028, "ANSIX9C2PNB163V2", "ANSIX9C2PNB163V2", V1_2, V3_0;
        ANSIX9C2PNB163V3 = 0x00000029, "ANSIX9C2PNB163V3", "ANSIX9C2PNB163V3", V1_2, V3_0;
        ANSIX9C2PNB176V1 = 0x0000002A, "ANSIX9C2PNB176V1", "ANSIX9C2PNB176V1", V1_2, V3_0;
        ANSIX9C2TNB191V1 = 0x0000002B, "ANSIX9C2TNB191V1", "ANSIX9C2TNB191V1", V1_2, V3_0;
        ANSIX9C2TNB191V2 = 0x0000002C, "ANSIX9C2TNB191V2", "ANSIX9C2TNB191V2", V1_2, V3_0;
        ANSIX9C2TNB191V3 = 0x0000002D, "ANSIX9C2TNB191V3", "ANSIX9C2TNB191V3", V1_2, V3_0;
        ANSIX9C2PNB208W1 = 0x0000002E, "ANSIX9C2PNB208W1", "ANSIX9C2PNB208W1", V1_2, V3_0;
        ANSIX9C2TNB239V1 = 0x0000002F, "ANSIX9C2TNB239V1", "ANSIX9C2TNB239V1", V1_2, V3_0;
        ANSIX9C2TNB239V2 = 0x00000030, "ANSIX9C2TNB239V2", "ANSIX9C2TNB239V2", V1_2, V3_0;
        ANSIX9C2TNB239V3 = 0x00000031, "ANSIX9C2TNB239V3", "ANSIX9C2TNB239V3", V1_2, V3_0;
        ANSIX9C2PNB272W1 = 0x00000032, "ANSIX9C2PNB272W1", "ANSIX9C2PNB272W1", V1_2, V3_0;
        ANSIX9C2PNB304W1 = 0x00000033, "ANSIX9C2PNB304W1", "ANSIX9C2PNB304W1", V1_2, V3_0;
        ANSIX9C2TNB359V1 = 0x00000034, "ANSIX9C2TNB359V1", "ANSIX9C2TNB359V1", V1_2, V3_0;
        ANSIX9C2PNB368W1 = 0x00000035, "ANSIX9C2PNB368W1", "ANSIX9C2PNB368W1", V1_2, V3_0;
        ANSIX9C2TNB431R1 = 0x00000036, "ANSIX9C2TNB431R1", "ANSIX9C2TNB431R1", V1_2, V3_0;
        BRAINPOOLP160R1 = 0x00000037, "BRAINPOOLP160R1", "BRAINPOOLP160R1", V1_2, V3_0;
        BRAINPOOLP160T1 = 0x00000038, "BRAINPOOLP160T1", "BRAINPOOLP160T1", V1_2, V3_0;
        BRAINPOOLP192R1 = 0x00000039, "BRAINPOOLP192R1", "BRAINPOOLP192R1", V1_2, V3_0;
        BRAINPOOLP192T1 = 0x0000003A, "BRAINPOOLP192T1", "BRAINPOOLP192T1", V1_2, V3_0;
        BRAINPOOLP224R1 = 0x0000003B, "BRAINPOOLP224R1", "BRAINPOOLP224R1", V1_2, V3_0;
        BRAINPOOLP224T1 = 0x0000003C, "BRAINPOOLP224T1", "BRAINPOOLP224T1", V1_2, V3_0;
        BRAINPOOLP256R1 = 0x0000003D, "BRAINPOOLP256R1", "BRAINPOOLP256R1", V1_2, V3_0;
        BRAINPOOLP256T1 = 0x0000003E, "BRAINPOOLP256T1", "BRAINPOOLP256T1", V1_2, V3_0;
        BRAINPOOLP320R1 = 0x0000003F, "BRAINPOOLP320R1", "BRAINPOOLP320R1", V1_2, V3_0;
        BRAINPOOLP320T1 = 0x00000040, "BRAINPOOLP320T1", "BRAINPOOLP320T1", V1_2, V3_0;
        BRAINPOOLP384R1 = 0x00000041, "BRAINPOOLP384R1", "BRAINPOOLP384R1", V1_2, V3_0;
        BRAINPOOLP384T1 = 0x00000042, "BRAINPOOLP384T1", "BRAINPOOLP384T1", V1_2, V3_0;
        BRAINPOOLP512R1 = 0x00000043, "BRAINPOOLP512R1", "BRAINPOOLP512R1", V1_2, V3_0;
        BRAINPOOLP512T1 = 0x00000044, "BRAINPOOLP512T1", "BRAINPOOLP512T1", V1_2, V3_0;
        CURVE25519 = 0x00000045, "CURVE25519", "CURVE25519", V2_0, V3_0;
        CURVE448 = 0x00000046, "CURVE448", "CURVE448", V2_0, V3_0;
    }
    /// Result Reason.
    ResultReason "Result Reason" {
        ItemNotFound = 0x00000001, "Item Not Found", "ItemNotFound", V1_0, V3_0;
        ResponseTooLarge = 0x00000002, "Response Too Large", "ResponseTooLarge", V1_0, V3_0;
        AuthenticationNotSuccessful = 0x00000003, "Authentication Not Successful", "AuthenticationNotSuccessful", V1_0, V3_0;
        InvalidMessage = 0x00000004, "Invalid Message", "InvalidMessage", V1_0, V3_0;
        OperationNotSupported = 0x00000005, "Operation Not Supported", "OperationNotSupported", V1_0, V3_0;
        MissingData = 0x00000006, "Missing Data", "MissingData", V1_0, V3_0;
        InvalidField = 0x00000007, "Invalid Field", "InvalidField", V1_0, V3_0;
        FeatureNotSupported = 0x00000008, "Feature Not Supported", "FeatureNotSupported", V1_0, V3_0;
        OperationCanceledByRequester = 0x00000009, "Operation Canceled By Requester", "OperationCanceledByRequester", V1_0, V3_0;
        CryptographicFailure = 0x0000000A, "Cryptographic Failure", "CryptographicFailure", V1_0, V3_0;
        IllegalOperation = 0x0000000B, "Illegal Operation", "IllegalOperation", V1_0, V1_4;
        PermissionDenied = 0x0000000C, "Permission Denied", "PermissionDenied", V1_0, V3_0;
        ObjectArchived = 0x0000000D, "Object Archived", "ObjectArchived", V1_0, V3_0 also ["Object archived", "ObjectArchived", V1_0, V1_4];
        IndexOutOfBounds = 0x0000000E, "Index Out of Bounds", "IndexOutOfBounds", V1_0, V1_4;
        ApplicationNamespaceNotSupported = 0x0000000F, "Application Namespace Not Supported", "ApplicationNamespaceNotSupported", V1_0, V3_0;
        KeyFormatTypeNotSupported = 0x00000010, "Key Format Type Not Supported", "KeyFormatTypeNotSupported", V1_0, V3_0;
        KeyCompressionTypeNotSupported = 0x00000011, "Key Compression Type Not Supported", "KeyCompressionTypeNotSupported", V1_0, V3_0;
        EncodingOptionError = 0x00000012, "Encoding Option Error", "EncodingOptionError", V1_1, V3_0;
        KeyValueNotPresent = 0x00000013, "Key Value Not Present", "KeyValueNotPresent", V1_2, V3_0;
        AttestationRequired = 0x00000014, "Attestation Required", "AttestationRequired", V1_2, V3_0;
        AttestationFailed = 0x00000015, "Attestation Failed", "AttestationFailed", V1_2, V3_0;
        Sensitive = 0x00000016, "Sensitive", "Sensitive", V1_4, V3_0;
        NotExtractable = 0x00000017, "Not Extractable", "NotExtractable", V1_4, V3_0;
        ObjectAlreadyExists = 0x00000018, "Object Already Exists", "ObjectAlreadyExists", V1_4, V3_0;
        InvalidTicket = 0x00000019, "Invalid Ticket", "InvalidTicket", V2_0, V3_0;
        UsageLimitExceeded = 0x0000001A, "Usage Limit Exceeded", "UsageLimitExceeded", V2_0, V3_0;
        NumericRange = 0x0000001B, "Numeric Range", "NumericRange", V2_0, V3_0;
        InvalidDataType = 0x0000001C, "Invalid Data Type", "InvalidDataType", V2_0, V3_0;
        ReadOnlyAttribute = 0x0000001D, "Read Only Attribute", "ReadOnlyAttribute", V2_0, V3_0;
        MultiValuedAttribute = 0x0000001E, "Multi Valued Attribute", "MultiValuedAttribute", V2_0, V3_0;
        UnsupportedAttribute = 0x0000001F, "Unsupported Attribute", "UnsupportedAttribute", V2_0, V3_0;
        AttributeInstanceNotFound = 0x00000020, "Attribute Instance Not Found", "AttributeInstanceNotFound", V2_0, V3_0;
        AttributeNotFound = 0x00000021, "Attribute Not Found", "AttributeNotFound", V2_0, V3_0;
        AttributeReadOnly = 0x00000022, "Attribute Read Only", "AttributeReadOnly", V2_0, V3_0;
        AttributeSingleValued = 0x00000023, "Attribute Single Valued", "AttributeSingleValued", V2_0, V3_0;
        BadCryptographicParameters = 0x00000024, "Bad Cryptographic Parameters", "BadCryptographicParameters", V2_0, V3_0;
        BadPassword = 0x00000025, "Bad Password", "BadPassword", V2_0, V3_0;
        CodecError = 0x00000026, "Codec Error", "CodecError", V2_0, V3_0;
        IllegalObjectType = 0x00000028, "Illegal Object Type", "IllegalObjectType", V2_0, V3_0;
        IncompatibleCryptographicUsageMask = 0x00000029, "Incompatible Cryptographic Usage Mask", "IncompatibleCryptographicUsageMask", V2_0, V3_0;
        InternalServerError = 0x0000002A, "Internal Server Error", "InternalServerError", V2_0, V3_0;
        InvalidAsynchronousCorrelationValue = 0x0000002B, "Invalid Asynchronous Correlation Value", "InvalidAsynchronousCorrelationValue", V2_0, V3_0;
        InvalidAttribute = 0x0000002C, "Invalid Attribute", "InvalidAttribute", V2_0, V3_0;
        InvalidAttributeValue = 0x0000002D, "Invalid Attribute Value", "InvalidAttributeValue", V2_0, V3_0;
        InvalidCorrelationValue = 0x0000002E, "Invalid Correlation Value", "InvalidCorrelationValue", V2_0, V3_0;
        InvalidCSR = 0x0000002F, "Invalid CSR", "InvalidCSR", V2_0, V3_0;
        InvalidObjectType = 0x00000030, "Invalid Object Type", "InvalidObjectType", V2_0, V3_0;
        KeyWrapTypeNotSupported = 0x00000032, "Key Wrap Type Not Supported", "KeyWrapTypeNotSupported", V2_0, V3_0;
        MissingInitializationVector = 0x00000034, "Missing Initialization Vector", "MissingInitializationVector", V2_0, V3_0;
        NonUniqueNameAttribute = 0x00000035, "Non Unique Name Attribute", "NonUniqueNameAttribute", V2_0, V3_0;
        ObjectDestroyed = 0x00000036, "Object Destroyed", "ObjectDestroyed", V2_0, V3_0;
        ObjectNotFound = 0x00000037, "Object Not Found", "ObjectNotFound", V2_0, V3_0;
        NotAuthorised = 0x00000039, "Not Authorised", "NotAuthorised", V2_0, V3_0;
        ServerLimitExceeded = 0x0000003A, "Server Limit Exceeded", "ServerLimitExceeded", V2_0, V3_0;
        UnknownEnumeration = 0x0000003B, "Unknown Enumeration", "UnknownEnumeration", V2_0, V3_0;
        UnknownMessageExtension = 0x0000003C, "Unknown Message Extension", "UnknownMessageExtension", V2_0, V3_0;
        UnknownTag = 0x0000003D, "Unknown Tag", "UnknownTag", V2_0, V3_0;
        UnsupportedCryptographicParameters = 0x0000003E, "Unsupported Cryptographic Parameters", "UnsupportedCryptographicParameters", V2_0, V3_0;
        UnsupportedProtocolVersion = 0x0000003F, "Unsupported Protocol Version", "UnsupportedProtocolVersion", V2_0, V3_0;
        WrappingObjectArchived = 0x00000040, "Wrapping Object Archived", "WrappingObjectArchived", V2_0, V3_0;
        WrappingObjectDestroyed = 0x00000041, "Wrapping Object Destroyed", "WrappingObjectDestroyed", V2_0, V3_0;
        WrappingObjectNotFound = 0x00000042, "Wrapping Object Not Found", "WrappingObjectNotFound", V2_0, V3_0;
        WrongKeyLifecycleState = 0x00000043, "Wrong Key Lifecycle State", "WrongKeyLifecycleState", V2_0, V3_0;
        ProtectionStorageUnavailable = 0x00000044, "Protection Storage Unavailable", "ProtectionStorageUnavailable", V2_0, V3_0;
        PKCS_11CodecError = 0x00000045, "PKCS#11 Codec Error", "PKCS_11CodecError", V2_0, V3_0;
        PKCS_11InvalidFunction = 0x00000046, "PKCS#11 Invalid Function", "PKCS_11InvalidFunction", V2_0, V3_0;
        PKCS_11InvalidInterface = 0x00000047, "PKCS#11 Invalid Interface", "PKCS_11InvalidInterface", V2_0, V3_0;
        PrivateProtectionStorageUnavailable = 0x00000048, "Private Protection Storage Unavailable", "PrivateProtectionStorageUnavailable", V2_0, V3_0;
        PublicProtectionStorageUnavailable = 0x00000049, "Public Protection Storage Unavailable", "PublicProtectionStorageUnavailable", V2_0, V3_0;
        UnknownObjectGroup = 0x0000004A, "Unknown Object Group", "UnknownObjectGroup", V2_1, V2_1;
        ConstraintViolation = 0x0000004B, "Constraint Violation", "ConstraintViolation", V2_1, V3_0;
        DuplicateProcessRequest = 0x0000004C, "Duplicate Process Request", "DuplicateProcessRequest", V2_1, V3_0;
        CircularLinkError = 0x0000004D, "Circular Link Error", "CircularLinkError", V3_0, V3_0;
        GeneralFailure = 0x00000100, "General Failure", "GeneralFailure", V1_0, V3_0;
    }
    /// Result Status.
    ResultStatus "Result Status" {
        Success = 0x00000000, "Success", "Success", V1_0, V3_0;
        OperationFailed = 0x00000001, "Operation Failed", "OperationFailed", V1_0, V3_0;
        OperationPending = 0x00000002, "Operation Pending", "OperationPending", V1_0, V3_0;
        OperationUndone = 0x00000003, "Operation Undone", "OperationUndone", V1_0, V3_0;
    }
    /// Revocation Reason Code.
    RevocationReasonCode "Revocation Reason Code" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_0, V3_0;
        KeyCompromise = 0x00000002, "Key Compromise", "KeyCompromise", V1_0, V3_0;
        CACompromise = 0x00000003, "CA Compromise", "CACompromise", V1_0, V3_0;
        AffiliationChanged = 0x00000004, "Affiliation Changed", "AffiliationChanged", V1_0, V3_0;
        Superseded = 0x00000005, "Superseded", "Superseded", V1_0, V3_0;
        CessationOfOperation = 0x00000006, "Cessation of Operation", "CessationOfOperation", V1_0, V3_0;
        PrivilegeWithdrawn = 0x00000007, "Privilege Withdrawn", "PrivilegeWithdrawn", V1_0, V3_0;
    }
    /// RNG Algorithm.
    RNGAlgorithm "RNG Algorithm" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        FIPS186_2 = 0x00000002, "FIPS 186-2", "FIPS186_2", V1_3, V3_0;
        DRBG = 0x00000003, "DRBG", "DRBG", V1_3, V3_0;
        NRBG = 0x00000004, "NRBG", "NRBG", V1_3, V3_0;
        ANSIX9_31 = 0x00000005, "ANSI X9.31", "ANSIX9_31", V1_3, V3_0;
        ANSIX9_62 = 0x00000006, "ANSI X9.62", "ANSIX9_62", V1_3, V3_0;
    }
    /// RNG Mode.
    RNGMode "RNG Mode" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        SharedInstantiation = 0x00000002, "Shared Instantiation", "SharedInstantiation", V1_3, V3_0;
        NonSharedInstantiation = 0x00000003, "Non-Shared Instantiation", "NonSharedInstantiation", V1_3, V3_0;
    }
    /// Rotate Name Type.
    RotateNameType "Rotate Name Type" {
        UninterpretedTextString = 0x00000001, "Uninterpreted Text String", "UninterpretedTextString", V2_1, V2_1;
        URI = 0x00000002, "URI", "URI", V2_1, V2_1;
    }
    /// Secret Data Type.
    SecretDataType "Secret Data Type" {
        Password = 0x00000001, "Password", "Password", V1_0, V3_0;
        Seed = 0x00000002, "Seed", "Seed", V1_0, V3_0;
    }
    /// Shredding Algorithm.
    ShreddingAlgorithm "Shredding Algorithm" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        Cryptographic = 0x00000002, "Cryptographic", "Cryptographic", V1_3, V3_0;
        Unsupported = 0x00000003, "Unsupported", "Unsupported", V1_3, V3_0;
    }
    /// Split Key Method.
    SplitKeyMethod "Split Key Method" {
        XOR = 0x00000001, "XOR", "XOR", V1_0, V3_0;
        PolynomialSharingGF2_16 = 0x00000002, "Polynomial Sharing GF (2^16)", "PolynomialSharingGF2_16", V1_0, V3_0 also ["Polynomial Sharing GF(2^16)", "PolynomialSharingGF2_16", V1_0, V1_1];
        PolynomialSharingPrimeField = 0x00000003, "Polynomial Sharing Prime Field", "PolynomialSharingPrimeField", V1_0, V3_0;
        PolynomialSharingGF2_8 = 0x00000004, "Polynomial Sharing GF (2^8)", "PolynomialSharingGF2_8", V1_2, V3_0;
    }
    /// Split Key Polynomial.
    SplitKeyPolynomial "Split Key Polynomial" {
        Polynomial_283 = 0x00000001, "Polynomial-283", "Polynomial_283", V3_0, V3_0;
        Polynomial_285 = 0x00000002, "Polynomial-285", "Polynomial_285", V3_0, V3_0;
    }
    /// State.
    State "State" {
        PreActive = 0x00000001, "Pre-Active", "PreActive", V1_0, V3_0;
        Active = 0x00000002, "Active", "Active", V1_0, V3_0;
        Deactivated = 0x00000003, "Deactivated", "Deactivated", V1_0, V3_0;
        Compromised = 0x00000004, "Compromised", "Compromised", V1_0, V3_0;
        Destroyed = 0x00000005, "Destroyed", "Destroyed", V1_0, V3_0;
        DestroyedCompromised = 0x00000006, "Destroyed Compromised", "DestroyedCompromised", V1_0, V3_0;
    }
    /// Ticket Type.
    TicketType "Ticket Type" {
        Login = 0x00000001, "Login", "Login", V2_0, V3_0;
    }
    /// Unique Identifier.
    UniqueIdentifierEnumeration "Unique Identifier" {
        IDPlaceholder = 0x00000001, "ID Placeholder", "IDPlaceholder", V2_0, V3_0;
        Certify = 0x00000002, "Certify", "Certify", V2_0, V3_0;
        Create = 0x00000003, "Create", "Create", V2_0, V3_0;
        CreateKeyPair = 0x00000004, "Create Key Pair", "CreateKeyPair", V2_0, V3_0;
        CreateKeyPairPrivateKey = 0x00000005, "Create Key Pair Private Key", "CreateKeyPairPrivateKey", V2_0, V3_0;
        CreateKeyPairPublicKey = 0x00000006, "Create Key Pair Public Key", "CreateKeyPairPublicKey", V2_0, V3_0;
        CreateSplitKey = 0x00000007, "Create Split Key", "CreateSplitKey", V2_0, V3_0;
        DeriveKey = 0x00000008, "Derive Key", "DeriveKey", V2_0, V3_0;
        Import = 0x00000009, "Import", "Import", V2_0, V3_0;
        JoinSplitKey = 0x0000000A, "Join Split Key", "JoinSplitKey", V2_0, V3_0;
        Locate = 0x0000000B, "Locate", "Locate", V2_0, V3_0;
        Register = 0x0000000C, "Register", "Register", V2_0, V3_0;
        ReKey = 0x0000000D, "Re-key", "ReKey", V2_0, V3_0;
        ReCertify = 0x0000000E, "Re-certify", "ReCertify", V2_0, V3_0;
        ReKeyKeyPair = 0x0000000F, "Re-key Key Pair", "ReKeyKeyPair", V2_0, V3_0;
        ReKeyKeyPairPrivateKey = 0x00000010, "Re-key Key Pair Private Key", "ReKeyKeyPairPrivateKey", V2_0, V3_0;
        ReKeyKeyPairPublicKey = 0x00000011, "Re-key Key Pair Public Key", "ReKeyKeyPairPublicKey", V2_0, V3_0;
        ReProvision = 0x00000012, "Re-Provision", "ReProvision", V3_0, V3_0;
        CreateUser = 0x00000013, "Create User", "CreateUser", V3_0, V3_0;
        CreateGroup = 0x00000014, "Create Group", "CreateGroup", V3_0, V3_0;
        CreateCredential = 0x00000015, "Create Credential", "CreateCredential", V3_0, V3_0;
    }
    /// Unwrap Mode.
    UnwrapMode "Unwrap Mode" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        Processed = 0x00000002, "Processed", "Processed", V1_3, V3_0;
        NotProcessed = 0x00000003, "Not Processed", "NotProcessed", V1_3, V3_0;
    }
    /// Usage Limits Unit.
    UsageLimitsUnit "Usage Limits Unit" {
        Byte = 0x00000001, "Byte", "Byte", V1_0, V3_0;
        Object = 0x00000002, "Object", "Object", V1_0, V3_0;
    }
    /// Validation Authority Type.
    ValidationAuthorityType "Validation Authority Type" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        NISTCMVP = 0x00000002, "NIST CMVP", "NISTCMVP", V1_3, V3_0;
        CommonCriteria = 0x00000003, "Common Criteria", "CommonCriteria", V1_3, V3_0;
    }
    /// Validation Type.
    ValidationType "Validation Type" {
        Unspecified = 0x00000001, "Unspecified", "Unspecified", V1_3, V3_0;
        Hardware = 0x00000002, "Hardware", "Hardware", V1_3, V3_0;
        Software = 0x00000003, "Software", "Software", V1_3, V3_0;
        Firmware = 0x00000004, "Firmware", "Firmware", V1_3, V3_0;
        Hybrid = 0x00000005, "Hybrid", "Hybrid", V1_3, V3_0;
    }
    /// Validity Indicator.
    ValidityIndicator "Validity Indicator" {
        Valid = 0x00000001, "Valid", "Valid", V1_0, V3_0;
        Invalid = 0x00000002, "Invalid", "Invalid", V1_0, V3_0;
        Unknown = 0x00000003, "Unknown", "Unknown", V1_0, V3_0;
    }
    /// Wrapping Method.
    WrappingMethod "Wrapping Method" {
        Encrypt = 0x00000001, "Encrypt", "Encrypt", V1_0, V3_0;
        MACSign = 0x00000002, "MAC/sign", "MACSign", V1_0, V3_0;
        EncryptThenMACSign = 0x00000003, "Encrypt then MAC/sign", "EncryptThenMACSign", V1_0, V3_0;
        MACSignThenEncrypt = 0x00000004, "MAC/sign then encrypt", "MACSignThenEncrypt", V1_0, V3_0;
        TR_31 = 0x00000005, "TR-31", "TR_31", V1_0, V3_0;
    }
}
