//! Enumerations whose values another standard gives (PKCS#11 2.40), or that have extension values only.

use super::enum_table::wire_enums;

wire_enums! {
    /// Opaque Data Type: no value but extensions (KMIP 2.1 §11.38).
    OpaqueDataType "Opaque Data Type" {
    }
    /// PKCS#11 Function: the 1-based position in the PKCS#11 function list.
    Pkcs11Function "PKCS#11 Function" {
        C_Initialize = 1, "C_Initialize", "C_Initialize", V2_0, V3_0;
        C_Finalize = 2, "C_Finalize", "C_Finalize", V2_0, V3_0;
        C_GetInfo = 3, "C_GetInfo", "C_GetInfo", V2_0, V3_0;
        C_GetFunctionList = 4, "C_GetFunctionList", "C_GetFunctionList", V2_0, V3_0;
        C_GetSlotList = 5, "C_GetSlotList", "C_GetSlotList", V2_0, V3_0;
        C_GetSlotInfo = 6, "C_GetSlotInfo", "C_GetSlotInfo", V2_0, V3_0;
        C_GetTokenInfo = 7, "C_GetTokenInfo", "C_GetTokenInfo", V2_0, V3_0;
        C_GetMechanismList = 8, "C_GetMechanismList", "C_GetMechanismList", V2_0, V3_0;
        C_GetMechanismInfo = 9, "C_GetMechanismInfo", "C_GetMechanismInfo", V2_0, V3_0;
        C_InitToken = 10, "C_InitToken", "C_InitToken", V2_0, V3_0;
        C_InitPIN = 11, "C_InitPIN", "C_InitPIN", V2_0, V3_0;
        C_SetPIN = 12, "C_SetPIN", "C_SetPIN", V2_0, V3_0;
        C_OpenSession = 13, "C_OpenSession", "C_OpenSession", V2_0, V3_0;
        C_CloseSession = 14, "C_CloseSession", "C_CloseSession", V2_0, V3_0;
        C_CloseAllSessions = 15, "C_CloseAllSessions", "C_CloseAllSessions", V2_0, V3_0;
        C_GetSessionInfo = 16, "C_GetSessionInfo", "C_GetSessionInfo", V2_0, V3_0;
        C_GetOperationState = 17, "C_GetOperationState", "C_GetOperationState", V2_0, V3_0;
        C_SetOperationState = 18, "C_SetOperationState", "C_SetOperationState", V2_0, V3_0;
        C_Login = 19, "C_Login", "C_Login", V2_0, V3_0;
        C_Logout = 20, "C_Logout", "C_Logout", V2_0, V3_0;
        C_CreateObject = 21, "C_CreateObject", "C_CreateObject", V2_0, V3_0;
        C_CopyObject = 22, "C_CopyObject", "C_CopyObject", V2_0, V3_0;
        C_DestroyObject = 23, "C_DestroyObject", "C_DestroyObject", V2_0, V3_0;
        C_GetObjectSize = 24, "C_GetObjectSize", "C_GetObjectSize", V2_0, V3_0;
        C_GetAttributeValue = 25, "C_GetAttributeValue", "C_GetAttributeValue", V2_0, V3_0;
        C_SetAttributeValue = 26, "C_SetAttributeValue", "C_SetAttributeValue", V2_0, V3_0;
        C_FindObjectsInit = 27, "C_FindObjectsInit", "C_FindObjectsInit", V2_0, V3_0;
        C_FindObjects = 28, "C_FindObjects", "C_FindObjects", V2_0, V3_0;
        C_FindObjectsFinal = 29, "C_FindObjectsFinal", "C_FindObjectsFinal", V2_0, V3_0;
        C_EncryptInit = 30, "C_EncryptInit", "C_EncryptInit", V2_0, V3_0;
        C_Encrypt = 31, "C_Encrypt", "C_Encrypt", V2_0, V3_0;
        C_EncryptUpdate = 32, "C_EncryptUpdate", "C_EncryptUpdate", V2_0, V3_0;
        C_EncryptFinal = 33, "C_EncryptFinal", "C_EncryptFinal", V2_0, V3_0;
        C_DecryptInit = 34, "C_DecryptInit", "C_DecryptInit", V2_0, V3_0;
        C_Decrypt = 35, "C_Decrypt", "C_Decrypt", V2_0, V3_0;
        C_DecryptUpdate = 36, "C_DecryptUpdate", "C_DecryptUpdate", V2_0, V3_0;
        C_DecryptFinal = 37, "C_DecryptFinal", "C_DecryptFinal", V2_0, V3_0;
        C_DigestInit = 38, "C_DigestInit", "C_DigestInit", V2_0, V3_0;
        C_Digest = 39, "C_Digest", "C_Digest", V2_0, V3_0;
        C_DigestUpdate = 40, "C_DigestUpdate", "C_DigestUpdate", V2_0, V3_0;
        C_DigestKey = 41, "C_DigestKey", "C_DigestKey", V2_0, V3_0;
        C_DigestFinal = 42, "C_DigestFinal", "C_DigestFinal", V2_0, V3_0;
        C_SignInit = 43, "C_SignInit", "C_SignInit", V2_0, V3_0;
        C_Sign = 44, "C_Sign", "C_Sign", V2_0, V3_0;
        C_SignUpdate = 45, "C_SignUpdate", "C_SignUpdate", V2_0, V3_0;
        C_SignFinal = 46, "C_SignFinal", "C_SignFinal", V2_0, V3_0;
        C_SignRecoverInit = 47, "C_SignRecoverInit", "C_SignRecoverInit", V2_0, V3_0;
        C_SignRecover = 48, "C_SignRecover", "C_SignRecover", V2_0, V3_0;
        C_VerifyInit = 49, "C_VerifyInit", "C_VerifyInit", V2_0, V3_0;
        C_Verify = 50, "C_Verify", "C_Verify", V2_0, V3_0;
        C_VerifyUpdate = 51, "C_VerifyUpdate", "C_VerifyUpdate", V2_0, V3_0;
        C_VerifyFinal = 52, "C_VerifyFinal", "C_VerifyFinal", V2_0, V3_0;
        C_VerifyRecoverInit = 53, "C_VerifyRecoverInit", "C_VerifyRecoverInit", V2_0, V3_0;
        C_VerifyRecover = 54, "C_VerifyRecover", "C_VerifyRecover", V2_0, V3_0;
        C_DigestEncryptUpdate = 55, "C_DigestEncryptUpdate", "C_DigestEncryptUpdate", V2_0, V3_0;
        C_DecryptDigestUpdate = 56, "C_DecryptDigestUpdate", "C_DecryptDigestUpdate", V2_0, V3_0;
        C_SignEncryptUpdate = 57, "C_SignEncryptUpdate", "C_SignEncryptUpdate", V2_0, V3_0;
        C_DecryptVerifyUpdate = 58, "C_DecryptVerifyUpdate", "C_DecryptVerifyUpdate", V2_0, V3_0;
        C_GenerateKey = 59, "C_GenerateKey", "C_GenerateKey", V2_0, V3_0;
        C_GenerateKeyPair = 60, "C_GenerateKeyPair", "C_GenerateKeyPair", V2_0, V3_0;
        C_WrapKey = 61, "C_WrapKey", "C_WrapKey", V2_0, V3_0;
        C_UnwrapKey = 62, "C_UnwrapKey", "C_UnwrapKey", V2_0, V3_0;
        C_DeriveKey = 63, "C_DeriveKey", "C_DeriveKey", V2_0, V3_0;
        C_SeedRandom = 64, "C_SeedRandom", "C_SeedRandom", V2_0, V3_0;
        C_GenerateRandom = 65, "C_GenerateRandom", "C_GenerateRandom", V2_0, V3_0;
        C_GetFunctionStatus = 66, "C_GetFunctionStatus", "C_GetFunctionStatus", V2_0, V3_0;
        C_CancelFunction = 67, "C_CancelFunction", "C_CancelFunction", V2_0, V3_0;
        C_WaitForSlotEvent = 68, "C_WaitForSlotEvent", "C_WaitForSlotEvent", V2_0, V3_0;
    }
    /// PKCS#11 Return Code: the CK_RV value.
    Pkcs11ReturnCode "PKCS#11 Return Code" {
        OK = 0, "OK", "OK", V2_0, V3_0;
        CANCEL = 1, "CANCEL", "CANCEL", V2_0, V3_0;
        HOST_MEMORY = 2, "HOST_MEMORY", "HOST_MEMORY", V2_0, V3_0;
        SLOT_ID_INVALID = 3, "SLOT_ID_INVALID", "SLOT_ID_INVALID", V2_0, V3_0;
        GENERAL_ERROR = 5, "GENERAL_ERROR", "GENERAL_ERROR", V2_0, V3_0;
        FUNCTION_FAILED = 6, "FUNCTION_FAILED", "FUNCTION_FAILED", V2_0, V3_0;
        ARGUMENTS_BAD = 7, "ARGUMENTS_BAD", "ARGUMENTS_BAD", V2_0, V3_0;
        NO_EVENT = 8, "NO_EVENT", "NO_EVENT", V2_0, V3_0;
        ATTRIBUTE_READ_ONLY = 16, "ATTRIBUTE_READ_ONLY", "ATTRIBUTE_READ_ONLY", V2_0, V3_0;
        ATTRIBUTE_SENSITIVE = 17, "ATTRIBUTE_SENSITIVE", "ATTRIBUTE_SENSITIVE", V2_0, V3_0;
        ATTRIBUTE_TYPE_INVALID = 18, "ATTRIBUTE_TYPE_INVALID", "ATTRIBUTE_TYPE_INVALID", V2_0, V3_0;
        ATTRIBUTE_VALUE_INVALID = 19, "ATTRIBUTE_VALUE_INVALID", "ATTRIBUTE_VALUE_INVALID", V2_0, V3_0;
        ACTION_PROHIBITED = 27, "ACTION_PROHIBITED", "ACTION_PROHIBITED", V2_0, V3_0;
        DATA_INVALID = 32, "DATA_INVALID", "DATA_INVALID", V2_0, V3_0;
        DATA_LEN_RANGE = 33, "DATA_LEN_RANGE", "DATA_LEN_RANGE", V2_0, V3_0;
        DEVICE_ERROR = 48, "DEVICE_ERROR", "DEVICE_ERROR", V2_0, V3_0;
        DEVICE_MEMORY = 49, "DEVICE_MEMORY", "DEVICE_MEMORY", V2_0, V3_0;
        DEVICE_REMOVED = 50, "DEVICE_REMOVED", "DEVICE_REMOVED", V2_0, V3_0;
        ENCRYPTED_DATA_INVALID = 64, "ENCRYPTED_DATA_INVALID", "ENCRYPTED_DATA_INVALID", V2_0, V3_0;
        ENCRYPTED_DATA_LEN_RANGE = 65, "ENCRYPTED_DATA_LEN_RANGE", "ENCRYPTED_DATA_LEN_RANGE", V2_0, V3_0;
        FUNCTION_CANCELED = 80, "FUNCTION_CANCELED", "FUNCTION_CANCELED", V2_0, V3_0;
        FUNCTION_NOT_PARALLEL = 81, "FUNCTION_NOT_PARALLEL", "FUNCTION_NOT_PARALLEL", V2_0, V3_0;
        FUNCTION_NOT_SUPPORTED = 84, "FUNCTION_NOT_SUPPORTED", "FUNCTION_NOT_SUPPORTED", V2_0, V3_0;
        KEY_HANDLE_INVALID = 96, "KEY_HANDLE_INVALID", "KEY_HANDLE_INVALID", V2_0, V3_0;
        KEY_SIZE_RANGE = 98, "KEY_SIZE_RANGE", "KEY_SIZE_RANGE", V2_0, V3_0;
        KEY_TYPE_INCONSISTENT = 99, "KEY_TYPE_INCONSISTENT", "KEY_TYPE_INCONSISTENT", V2_0, V3_0;
        KEY_INDIGESTIBLE = 103, "KEY_INDIGESTIBLE", "KEY_INDIGESTIBLE", V2_0, V3_0;
        KEY_FUNCTION_NOT_PERMITTED = 104, "KEY_FUNCTION_NOT_PERMITTED", "KEY_FUNCTION_NOT_PERMITTED", V2_0, V3_0;
        KEY_NOT_WRAPPABLE = 105, "KEY_NOT_WRAPPABLE", "KEY_NOT_WRAPPABLE", V2_0, V3_0;
        KEY_UNEXTRACTABLE = 106, "KEY_UNEXTRACTABLE", "KEY_UNEXTRACTABLE", V2_0, V3_0;
        MECHANISM_INVALID = 112, "MECHANISM_INVALID", "MECHANISM_INVALID", V2_0, V3_0;
        MECHANISM_PARAM_INVALID = 113, "MECHANISM_PARAM_INVALID", "MECHANISM_PARAM_INVALID", V2_0, V3_0;
        OBJECT_HANDLE_INVALID = 130, "OBJECT_HANDLE_INVALID", "OBJECT_HANDLE_INVALID", V2_0, V3_0;
        OPERATION_ACTIVE = 144, "OPERATION_ACTIVE", "OPERATION_ACTIVE", V2_0, V3_0;
        OPERATION_NOT_INITIALIZED = 145, "OPERATION_NOT_INITIALIZED", "OPERATION_NOT_INITIALIZED", V2_0, V3_0;
        PIN_INCORRECT = 160, "PIN_INCORRECT", "PIN_INCORRECT", V2_0, V3_0;
        SESSION_COUNT = 177, "SESSION_COUNT", "SESSION_COUNT", V2_0, V3_0;
        SESSION_HANDLE_INVALID = 179, "SESSION_HANDLE_INVALID", "SESSION_HANDLE_INVALID", V2_0, V3_0;
        SESSION_PARALLEL_NOT_SUPPORTED = 180, "SESSION_PARALLEL_NOT_SUPPORTED", "SESSION_PARALLEL_NOT_SUPPORTED", V2_0, V3_0;
        SESSION_READ_ONLY = 181, "SESSION_READ_ONLY", "SESSION_READ_ONLY", V2_0, V3_0;
        SIGNATURE_INVALID = 192, "SIGNATURE_INVALID", "SIGNATURE_INVALID", V2_0, V3_0;
        SIGNATURE_LEN_RANGE = 193, "SIGNATURE_LEN_RANGE", "SIGNATURE_LEN_RANGE", V2_0, V3_0;
        TEMPLATE_INCOMPLETE = 208, "TEMPLATE_INCOMPLETE", "TEMPLATE_INCOMPLETE", V2_0, V3_0;
        TEMPLATE_INCONSISTENT = 209, "TEMPLATE_INCONSISTENT", "TEMPLATE_INCONSISTENT", V2_0, V3_0;
        TOKEN_NOT_PRESENT = 224, "TOKEN_NOT_PRESENT", "TOKEN_NOT_PRESENT", V2_0, V3_0;
        UNWRAPPING_KEY_HANDLE_INVALID = 240, "UNWRAPPING_KEY_HANDLE_INVALID", "UNWRAPPING_KEY_HANDLE_INVALID", V2_0, V3_0;
        USER_ALREADY_LOGGED_IN = 256, "USER_ALREADY_LOGGED_IN", "USER_ALREADY_LOGGED_IN", V2_0, V3_0;
        USER_NOT_LOGGED_IN = 257, "USER_NOT_LOGGED_IN", "USER_NOT_LOGGED_IN", V2_0, V3_0;
        USER_TYPE_INVALID = 259, "USER_TYPE_INVALID", "USER_TYPE_INVALID", V2_0, V3_0;
        WRAPPED_KEY_INVALID = 272, "WRAPPED_KEY_INVALID", "WRAPPED_KEY_INVALID", V2_0, V3_0;
        WRAPPING_KEY_HANDLE_INVALID = 275, "WRAPPING_KEY_HANDLE_INVALID", "WRAPPING_KEY_HANDLE_INVALID", V2_0, V3_0;
        BUFFER_TOO_SMALL = 336, "BUFFER_TOO_SMALL", "BUFFER_TOO_SMALL", V2_0, V3_0;
        CRYPTOKI_NOT_INITIALIZED = 400, "CRYPTOKI_NOT_INITIALIZED", "CRYPTOKI_NOT_INITIALIZED", V2_0, V3_0;
        CRYPTOKI_ALREADY_INITIALIZED = 401, "CRYPTOKI_ALREADY_INITIALIZED", "CRYPTOKI_ALREADY_INITIALIZED", V2_0, V3_0;
    }
}
